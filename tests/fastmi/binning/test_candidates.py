"""What a binning remembers of having been chosen, and the table of what was tried."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

import fastmi
from fastmi import Edges, QuantileBins, UniformBins, WidthBins
from fastmi.binning import Candidate, Candidates, chosen_from

LAYER = np.linspace(-1, 1, 60)[:, None].astype(np.float32)
BINS = [
    Edges([-1, 0, 1]),
    Edges([0.5]),
    UniformBins(4, range=(-1, 1)),
    WidthBins(0.25).fit(LAYER),
    QuantileBins(3).fit(LAYER),
]


@pytest.mark.parametrize("bins", BINS, ids=str)
def test_a_choice_is_part_of_what_a_binning_is_and_of_all_that_it_says(bins):
    chosen = chosen_from(bins, 5)
    assert type(chosen) is type(bins)
    assert (bins.n_candidates, chosen.n_candidates) == (1, 5)
    assert bins != chosen != chosen_from(bins, 4)
    assert chosen == chosen_from(bins, 5) == replace(bins, n_candidates=5)
    assert hash(chosen) == hash(chosen_from(bins, 5)) != hash(bins)
    assert str(chosen) == f"{bins}, chosen from 5"
    assert "5" in repr(chosen).removeprefix(repr(bins)[:-1])
    assert "chosen" not in str(bins)
    assert "candidates" not in repr(bins)
    assert not chosen.edges.flags.writeable
    assert np.array_equal(fastmi.encode(LAYER, chosen), fastmi.encode(LAYER, bins))


@pytest.mark.parametrize("bins", BINS, ids=str)
def test_every_road_keeps_the_choice_and_one_forgets_it(bins):
    table = Candidates([row("a", 0.5)])
    chosen = chosen_from(bins, 5, table)
    for road in (copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))):
        kept = road(chosen)
        assert (kept, kept.n_candidates, kept.candidates) == (chosen, 5, table)
        assert type(kept.candidates) is Candidates
    forgotten = replace(chosen, n_candidates=1)
    assert (forgotten, forgotten.candidates) == (bins, None)


@pytest.mark.parametrize("bins", BINS, ids=str)
def test_a_pickle_from_before_there_were_choices_has_none(bins):
    old = copy.copy(bins)
    del vars(old)["n_candidates"]
    assert pickle.loads(pickle.dumps(old)) == bins


def test_a_rule_keeps_its_choice_when_it_is_fitted():
    for rule in (WidthBins(0.25, n_candidates=3), QuantileBins(3, n_candidates=3)):
        assert rule.fit(LAYER).n_candidates == 3
        assert str(rule).endswith(", chosen from 3")


def test_choices_of_choices_multiply():
    assert chosen_from(chosen_from(BINS[0], 3), 5) == chosen_from(BINS[0], 15)
    assert chosen_from(BINS[0], 1) == BINS[0]


def test_a_repr_makes_the_same_bins_again():
    for bins in (chosen_from(BINS[2], 5), chosen_from(BINS[3], 5), BINS[2], BINS[3]):
        assert eval(repr(bins), {"UniformBins": UniformBins, "WidthBins": WidthBins}) == bins


@pytest.mark.parametrize(
    "make",
    [
        lambda n: Edges([0, 1], n_candidates=n),
        lambda n: UniformBins(2, range=(0, 1), n_candidates=n),
        lambda n: WidthBins(0.5, n_candidates=n),
        lambda n: QuantileBins(2, n_candidates=n),
    ],
)
def test_a_number_of_candidates_is_one_at_least(make):
    with pytest.raises(ValueError, match="n_candidates must be at least 1, not 0"):
        make(0)
    for wrong in (2.5, "5", True, None):
        with pytest.raises(TypeError, match="n_candidates must be an integer, not "):
            make(wrong)
    assert type(make(np.int64(5)).n_candidates) is int


# --- the table ------------------------------------------------------------------------------------


def row(name, lower):
    return Candidate(name, BINS[0], 1200, 0.9981, 0.75, lower + 0.01, 0.01, lower, "bounded", 0.125)


def test_the_best_is_the_first_of_the_largest():
    names = [*"abcd"]
    bits = [-0.5, 0.25, 0.25, 0.125]
    table = Candidates(map(row, names, bits))
    assert [one.name for one in table] == names
    assert table.best.name == "b"


def test_the_table_is_read_as_a_page():
    page = repr(Candidates([row("few bins", -0.5), row("a", 0.25)]))
    title, header, *lines = page.splitlines()
    assert title == "Candidates: 2, in bits a sample; * has the largest mean_lower"
    assert header.split() == [
        *("candidate", "n_symbols", "coverage", "information", "uncharged", "charge"),
        *("mean_lower", "verdict", "outside"),
    ]
    numbers = ["1,200", "0.998", "0.7500", "0.2600", "0.01", "0.2500", "bounded", "12.5%"]
    assert lines[1].split() == ["*", "a", *numbers]
    assert lines[0].split()[:2] == ["few", "bins"]
    assert len({line.index("bounded") for line in lines}) == 1
    assert max(map(len, page.splitlines())) < 120


def test_a_row_is_one_short_line():
    assert repr(row("a\nb" * 99, 0.25)).startswith("Candidate: 0.25 bits in mean at least, bounded")
    assert len(repr(row("a\nb" * 99, 0.25))) <= 120
