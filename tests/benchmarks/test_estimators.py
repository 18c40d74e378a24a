"""Errors of the estimators, in small; the page is what the command writes."""

import re
from pathlib import Path

import numpy as np
import pytest

import fastmi
from benchmarks import command, estimators
from benchmarks.estimators import KNOWN, LOWER, UPPER, errors
from benchmarks.laws import LAWS
from fastmi.entropies import METHODS

CHANNEL, FUNCTION = LAWS[0], LAWS[4]


def test_counted_samples_are_estimated_as_the_samples_themselves(monkeypatch):
    """Two samples of the channel, written out and given to the face."""
    counts = np.array([[[5, 1], [0, 4]], [[3, 2], [1, 4]]])
    monkeypatch.setattr(np.random, "default_rng", lambda seed: Fixed(counts.reshape(2, -1)))
    found = errors(CHANNEL, 10, 2)
    for i, table in enumerate(counts):
        t, y = np.repeat(np.argwhere(table >= 0), table.reshape(-1), axis=0).T
        for method in METHODS:
            of_pairs = fastmi.entropy(2 * t + y, method=method) - CHANNEL.entropy
            assert found.entropy[method][i] == pytest.approx(of_pairs, abs=1e-12)
            of_both = fastmi.mutual_information(t, y, method=method) - CHANNEL.information
            assert found.information[method][i] == pytest.approx(of_both, abs=1e-12)
        known = fastmi.entropy(2 * t + y, method="james-stein", n_symbols=4) - CHANNEL.entropy
        assert found.entropy[KNOWN][i] == pytest.approx(known, abs=1e-12)
        plane = fastmi.PlaneEstimator(
            np.arange(10), y, fastmi.Edges([0.5]), n_classes=2, sample="held-out"
        )
        points = plane.readings(t.astype(np.float32)[:, None])["each"]
        for name in (LOWER, UPPER):
            end = getattr(points, name)[0, 0] - CHANNEL.information
            assert found.information[name][i] == pytest.approx(end, abs=1e-12)


class Fixed:
    """Draws what it is given."""

    def __init__(self, counts):
        self.counts = counts

    def multinomial(self, n, shares, size):
        assert (self.counts.sum(1) == n).all()
        assert len(self.counts) == size
        return self.counts


def test_errors_fall_as_samples_grow_and_the_bracket_keeps_its_sides():
    few, many = (errors(FUNCTION, n, 20) for n in (100, 100_000))
    for name in METHODS:
        assert abs(many.information[name].mean()) < 0.01
    assert few.entropy["plugin"].mean() < few.entropy["chao-wang-jost"].mean() - 2
    assert few.information[LOWER].mean() < 0 < few.information[UPPER].mean()


def test_the_page_holds_every_method_law_and_size_and_comes_out_the_same(tmp_path, capsys):
    pages = []
    for name in ("one.md", "other.md"):
        small = ["--seeds", "3", "--sizes", "100", "10", "--out", str(tmp_path / name)]
        assert command.main(["estimators", *small]) == 0
        pages.append((tmp_path / name).read_text())
    assert f"written to {tmp_path / 'one.md'}" in capsys.readouterr().out
    assert pages[0] == pages[1]
    assert pages[0].startswith(estimators.OPENING)
    assert re.findall(r"^### (.*)$", pages[0], re.MULTILINE) == [
        law.name[:1].upper() + law.name[1:] for law in LAWS
    ]
    for method in METHODS:  # twice for each law, twice at a glance
        assert pages[0].count(f"\n| {method} |") == 2 * len(LAWS) + 2
    for end in (LOWER, UPPER):
        assert pages[0].count(f"\n| {end} |") == len(LAWS)
    assert pages[0].count("| method | n = 10 | n = 100 |") == 2 * len(LAWS) + 2
    assert "in 16 of 16 places" in pages[0]
    assert "nan" not in pages[0]


def test_the_page_in_docs_is_of_this_command():
    text = (Path(__file__).parents[2] / estimators.PAGE).read_text()
    assert text.startswith(estimators.OPENING)
    assert f"Samples of each law and n: {estimators.SEEDS}." in text
    assert {method for method in METHODS if f"| {method} |" not in text} == set()


@pytest.mark.parametrize(
    "wrong", [["--seeds", "1"], ["--sizes", "0"], ["--sizes"], ["--seeds", "a"]]
)
def test_what_cannot_be_drawn_is_refused(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["estimators", *wrong])
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_refused_before_any_work(tmp_path, capsys):
    assert command.main(["estimators", "--out", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
