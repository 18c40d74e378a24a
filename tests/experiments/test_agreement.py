"""Published beside found: worked out by hand, and from the planes of short runs."""

import statistics

import numpy as np
import pytest

from experiments import agreement
from experiments.agreement import Number, compared, nearest, overview
from experiments.read_offs import READ_OFFS, ReadOff
from experiments.results import read
from tests import runs
from tests.runs import trained


def number(published, *found):
    return Number("output", "end", "i_xt", published, np.array(found))


@pytest.mark.parametrize(
    ("published", "found", "agrees"),
    [
        (4.2, [4.3], True),  # read off to 0.1 bits
        (4.2, [4.1], True),
        (4.2, [4.31], False),
        (4.2, [5.0, 4.4], True),  # mean 4.7, standard deviation 0.424
        (4.2, [5.0, 4.8], False),
        (4.2, [4.29, 4.29, 4.29], True),
        ((9.4, 9.95), [9.5], True),
        ((9.4, 9.95), [9.31], True),
        ((9.4, 9.95), [10.06], False),
    ],
)
def test_what_agrees(published, found, agrees):
    assert number(published, *found).agrees == agrees


def test_distances_are_those_to_the_nearer_end():
    assert number((9.4, 9.9), 9.0, 9.5, 10.0).distances == pytest.approx([0.4, 0, 0.1])
    assert number(1.0, 0.5, 2.0).distances == pytest.approx([0.5, 1])


def test_numbers_are_found_at_their_places(short_runs):
    finished = read(short_runs["seeds"])
    planes = [plane for plane in finished.planes if plane.sample == "training"]
    read_offs = (
        ReadOff("output", "start", 1.0, 2.0),
        ReadOff("layer 1", "peak", i_ty=3.0),
        ReadOff("output", 2, 4.0),
        ReadOff("output", "end", (5.0, 6.0)),
    )
    found = compared(finished, read_offs)
    expected = [
        ("output", "start", "i_xt", 1.0, [plane.i_xt[0, 0, 1] for plane in planes]),
        ("output", "start", "i_ty", 2.0, [plane.i_ty[0, 0, 1] for plane in planes]),
        ("layer 1", "peak", "i_ty", 3.0, [plane.i_ty[:, 0, 0].max() for plane in planes]),
        ("output", 2, "i_xt", 4.0, [plane.i_xt[2, 0, 1] for plane in planes]),
        ("output", "end", "i_xt", (5.0, 6.0), [plane.i_xt[-1, 0, 1] for plane in planes]),
    ]
    assert [(*one[:4], one.found.tolist()) for one in found] == expected


def test_of_several_copies_the_sampled_reading_is_compared(short_runs):
    finished = read(short_runs["stopping"])
    (plane,) = (
        plane
        for plane in finished.planes
        if (plane.sample, plane.reading) == ("training", "sampled")
    )
    (one,) = compared(finished, [ReadOff("output", "end", 1.0)])
    assert one.found.tolist() == [plane.i_xt[-1, 0, -1]]


def row_of(lines, name):
    (line,) = (line for line in lines if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_the_overview_says_what_agrees_and_what_is_resolved(short_runs, monkeypatch):
    finished = read(short_runs["seeds"])
    planes = [plane for plane in finished.planes if plane.sample == "training"]
    start, end = (
        [[float(column[at, 0, 1]) for plane in planes for column in [getattr(plane, name)]]
         for name in ("i_xt", "i_ty")]
        for at in (0, -1)
    )  # fmt: skip
    x, y = (statistics.mean(values) for values in start)
    read_offs = (ReadOff("output", "start", x, y + 5), ReadOff("output", "end", 99.0))
    monkeypatch.setitem(READ_OFFS, "warm-up", read_offs)
    words = [
        f"{statistics.mean(values):{form}} ± {statistics.stdev(values):{form}}"
        for values, form in zip([*start, end[0]], (".2f", ".3f", ".2f"), strict=True)
    ]
    lines = overview([finished])
    assert len(lines) == 3
    verdicts = {
        table["sample"]: table["layers"][1].get("verdict")
        for table in finished.manifest["readings"]
    }
    assert row_of(lines, "`warm-up`, output") == [
        f"({x:g}, {y + 5:g}) at the start, I(X;T) 99 at the end",
        f"({words[0]}, {words[1]}) at the start, I(X;T) {words[2]} at the end",
        "1 of 3, not I(T;Y) at the start, I(X;T) at the end",
        next(iter(verdicts.values()))
        if len(set(verdicts.values())) == 1
        else ", ".join(f"{verdict} ({sample})" for sample, verdict in verdicts.items()),
    ]


def test_verdicts_that_differ_are_those_of_their_samples(short_runs):
    finished = read(short_runs["seeds"])
    for table, word in zip(finished.manifest["readings"], ("bounded", "unresolved"), strict=True):
        table["layers"][1]["verdict"] = word
    row = row_of(overview([finished]), "`warm-up`, output")
    assert row[-1] == "bounded (training), unresolved (held-out)"


def test_a_quantity_that_is_the_only_one_is_named_once(short_runs):
    published, found, *_ = row_of(overview([read(short_runs["original"])]), "`original`, output")
    assert published.startswith("I(X;T) 1.39 at epoch 0, 0.93 at epoch 10, ")
    assert found.count("I(X;T)") == 1
    assert "±" not in found  # one seed


def test_a_run_of_which_nothing_was_published_shows_its_output_at_the_end(short_runs):
    published, found, agrees, _ = row_of(
        overview([read(short_runs["stopping"])]), "`stopping`, output"
    )
    assert (published, agrees) == ("", "")
    assert found.endswith(") at the end")


def test_before_there_were_verdicts_there_is_none():
    for folder in trained(runs.FORMAT_1):
        if folder.name.startswith("warm-up"):
            finished = read(folder)
            assert row_of(overview([finished]), "`warm-up`, layer 1")[-1] == ""


def test_the_nearest_seed_is_that_whose_farthest_number_is_nearest(short_runs, monkeypatch):
    finished = read(short_runs["other seeds"])
    planes = [plane for plane in finished.planes if plane.sample == "training"]
    x, y = planes[1].i_xt[-1, 0, 1], planes[1].i_ty[-1, 0, 1]
    monkeypatch.setitem(READ_OFFS, "warm-up", (ReadOff("output", "end", x, y + 0.03),))
    far = max(
        max(abs(plane.i_xt[-1, 0, 1] - x), abs(plane.i_ty[-1, 0, 1] - y - 0.03)) for plane in planes
    )
    (line, _) = nearest(finished)
    assert line == (
        "Beside the read-offs: the mean of all seeds agrees with 2 of 2 numbers; the nearest seed, "
        f"6, is within 0.03 bits of each, the farthest within {far:.2f}."
    )
    monkeypatch.setitem(agreement.BESIDE, "warm-up", "original")
    monkeypatch.setitem(READ_OFFS, "original", (ReadOff("output", "end", 99.0),))
    (line, _) = nearest(finished)
    assert line.startswith("Beside the read-offs of `original`: ")
    assert "agrees with 0 of 1 numbers" in line
    assert nearest(read(short_runs["warm-up"])) == []  # one seed
    assert nearest(read(short_runs["stopping"])) == []  # nothing to compare
