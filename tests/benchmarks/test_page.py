"""The page on speed is written from the files, and holds no number that does not stand in them."""

from __future__ import annotations

import copy
import json
import re

import pytest

from benchmarks import command, curves, drawing, page, targets
from benchmarks.cases import CASES
from benchmarks.report import curve_rows, duration, not_run, notes, rows, write_json

NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e[+-]?\d+)?")


def candidate(name, seconds, ratio, difference=0.0):
    """As a record holds it; the numbers do not fit each other, so that each must come from its own
    place.
    """
    ends = dict(zip(("low", "median", "high"), ratio, strict=True))
    timing = {"seconds": seconds, "median": seconds[0], "minimum": seconds[-1], "spread": 0.3719}
    return {"name": name, **timing, "ratio": ends, "difference": difference}


def case(name, *candidates, absent=None, read=None, **more):
    said = {
        "name": name,
        "what": f"what {name} is",
        "about": "",
        "unit": "run",
        "scale": "bits",
        "largest_difference": 6.413e-15,
    }
    return said | {"candidates": list(candidates), "absent": absent or {}, "read": read} | more


@pytest.fixture
def record():
    """Of one run; every number occurs once."""
    fastmi = candidate("fastmi", [0.0018231, 0.0014743], (1, 1, 1))
    pandas = candidate("pandas", [0.0713, 0.0647], (31.7, 39.2, 44.9), 1.87e-15)
    polars = candidate("polars", [0.0001197, 0.0001143], (0.0589, 0.0657, 0.0737), 2.93e-15)
    read = {"bytes": 491_520, "bytes_per_second": 2.696e8, "share": 0.02174}
    first = case(
        "tall",
        fastmi,
        pandas,
        polars,
        absent={"pyitlib": "too slow: about 57 s expected"},
        read=read,
        about="777 rows",
    )
    second = case(
        "runs",
        candidate("train", [0.0033], (1, 1, 1)),
        candidate("and read", [0.0021], (0.61, 0.63, 0.65), None),
    )
    slow = {"NumPy": "more than 63 activations"}
    points = [
        {
            "at": 1000 * k,
            **case("", candidate("fastmi", [k * 0.0123], (1, 1, 1)), absent=slow, read=read),
        }
        for k in (3, 7)
    ]
    machine = {
        "processor": "Some processor",
        "cores": 19,
        "threads": 1,
        "load": 0.27,
        "unrest": 0.0834,
        "busy": False,
    }
    return {
        "device": "cpu",
        "quick": False,
        "machine": machine | {"versions": {"numpy": "2.4.6"}, "date": "2026-11-23 17:10 UTC"},
        "not_here": {"cuDF": "cudf is not installed"},
        "limits": {"n_bytes": 268_435_456, "read": 1.2399e10, "copied": 1.1499e10},
        "cold": {"imported": 0.5212, "compiling": 13.67, "cached": 0.8423, "again": 0.0002871},
        "cases": [first, second],
        "curves": [{"name": "samples", "what": "one layer", "axis": "samples", "points": points}],
    }


def leaves(value):
    """All that a record holds, keys left out."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
        if isinstance(value, list):
            yield len(value)  # of rounds
    elif value is not None:
        yield value


def spellings(number):
    """Every way in which a page may write it."""
    scaled = [number * scale for scale in (1, 100, 1e3, 1e6, 1e-9, 1 / (1 << 20))] + (
        [1 / number] if number else []
    )
    return {
        format(value, form) for value in scaled for form in (",.0f", ",.1f", ".2f", ".1g", ".2g")
    }


def foreign_numbers(text, record):
    """The numbers of a page that stand nowhere in its record."""
    known = set()
    for leaf in leaves(record):
        known |= set(NUMBER.findall(leaf)) if isinstance(leaf, str) else spellings(leaf)
    # words, not numbers
    known |= {number for name in ["float32", "2-D"] for number in NUMBER.findall(name)}
    return [
        number
        for number in NUMBER.findall(text.removeprefix(page.OPENING))
        if number.rstrip(".,") not in known
    ]


def test_every_number_stands_in_the_file(record, tmp_path):
    text = page.page([record], {}, tmp_path)
    assert len(NUMBER.findall(text)) > 60
    assert foreign_numbers(text, record) == []
    assert NUMBER.findall(page.OPENING) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["cases"][0]["candidates"][1].update(median=0.0987),
        lambda record: record["cases"][0]["candidates"][1].update(minimum=0.0986),
        lambda record: record["cases"][0]["candidates"][1].update(spread=0.48),
        lambda record: record["cases"][0]["candidates"][1]["ratio"].update(median=85.3),
        lambda record: record["cases"][0]["read"].update(share=0.0943),
        lambda record: record["cases"][1].update(largest_difference=8.7e-13),
        lambda record: record["curves"][0]["points"][1]["candidates"][0].update(median=0.0946),
        lambda record: record["limits"].update(read=9.46e10),
        lambda record: record["cold"].update(compiling=94.6),
        lambda record: record["machine"].update(load=0.94),
    ],
)
def test_a_number_that_changes_in_the_file_changes_on_the_page(record, tmp_path, change):
    changed = copy.deepcopy(record)
    change(changed)
    text = page.page([changed], {}, tmp_path)
    assert foreign_numbers(text, changed) == []
    assert foreign_numbers(text, record) != []


def test_the_table_of_a_case_by_hand(record):
    head, fastmi, pandas, polars = rows(record["cases"][0])
    assert head == (
        "candidate",
        "median per run",
        "minimum",
        "spread",
        "rounds",
        "fastmi is",
        "differs by",
    )
    assert fastmi == ("fastmi", "1.82 ms", "1.47 ms", "37%", "2", "", "")
    assert pandas == (
        "pandas",
        "71.3 ms",
        "64.7 ms",
        "37%",
        "2",
        "39 times faster (32 .. 45)",
        "2e-15",
    )
    assert polars == (
        "polars",
        "120 us",
        "114 us",
        "37%",
        "2",
        "15 times slower (14 .. 17)",
        "3e-15",
    )
    assert notes(record["cases"][0])[0].startswith(
        "fastmi reads 0.27 GB of activations a second, 2.2% of"
    )
    on_device = record["cases"][0] | {
        "bound": "launches",
        "launching": 2e-4,
        "peak_bytes": 3e6,
        "input_bytes": 1e6,
    }
    assert notes(on_device)[1:] == [
        "bound by launches: launching alone takes 200 us",
        "memory on the device: 3 MB at most, 1 MB of them before",
    ]
    assert not_run(record["cases"][0], {}) == "pyitlib (too slow: about 57 s expected)"
    assert not_run(record["cases"][0], {"pyitlib": "is not installed"}) == ""


def test_the_rows_of_a_curve_by_hand(record):
    assert curve_rows(record["curves"][0]) == [
        ("samples", "fastmi", "read, of what memory allows", "differ by"),
        ("3,000", "36.9 ms", "2.2%", ""),
        ("7,000", "86.1 ms", "2.2%", ""),
    ]


def test_who_is_faster_is_listed_with_the_case(record, tmp_path):
    text = page.page([record], {}, tmp_path)
    listed = text.partition("### Faster than fastmi anywhere\n")[2].partition("###")[0].strip()
    assert listed == "- polars, on tall: fastmi is 15 times slower (14 .. 17)"
    record["cases"][0]["candidates"].pop()
    assert "### Faster than fastmi anywhere\n\nNobody.\n" in page.page([record], {}, tmp_path)
    record["curves"][0]["points"][1]["candidates"].append(
        candidate("NumPy", [0.001], (0.5, 0.5, 0.5))
    )
    assert "- NumPy, on the curve over samples, at 7,000: fastmi is 2.0 times slower" in page.page(
        [record], {}, tmp_path
    )


def test_the_page_says_what_a_reader_must_know(record, tmp_path):
    text = page.page([record], {}, tmp_path)
    assert "--quick" not in text
    assert "every candidate held to 1 thread" in text
    assert "- not here: cuDF: cudf is not installed" in text
    assert "Not run: pyitlib (too slow: about 57 s expected)." in text
    assert "What tall is (777 rows)." in text
    assert "Not run: NumPy (more than 63 activations)." in text
    assert "| tall | 1.82 ms | polars | 120 us | 15 times slower (14 .. 17) |" in text
    record["quick"] = True
    record["machine"]["busy"] = True
    text = page.page([record], {}, tmp_path)
    assert "**Measured with --quick: a look, not a measurement.**" in text
    assert "BUSY" in text


def test_the_command_writes_page_and_figures_from_the_folder(record, tmp_path, capsys):
    results, out = tmp_path / "results", tmp_path / "docs" / "performance.md"
    gpu = record | {"device": "Some GPU", "curves": [], "cold": None, "cases": []}
    write_json(results / "cpu.json", record)
    write_json(results / "Another.json", gpu)
    assert command.main(["report", "--results", str(results), "--out", str(out)]) == 0
    text = out.read_text()
    assert text.index("## cpu") < text.index("## Some GPU")
    assert "![Median seconds over samples](../results/curve-samples.svg)" in text
    drawn = (results / "curve-samples.svg").read_bytes()
    assert drawn.startswith(b"<?xml")
    assert command.main(["report", "--results", str(results), "--out", str(out)]) == 0
    assert (results / "curve-samples.svg").read_bytes() == drawn
    assert str(tmp_path) not in text + drawn.decode()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no file in"),
        ({"cpu.json": {"quick": False, "cases": []}}, "was written by an older version"),
    ],
)
def test_without_a_file_of_today_there_is_no_page(tmp_path, capsys, files, words):
    for name, content in files.items():
        write_json(tmp_path / name, content)
    assert (
        command.main(["report", "--results", str(tmp_path), "--out", str(tmp_path / "page.md")])
        == 2
    )
    assert words in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


def test_a_curve_is_drawn_with_logarithms_a_mark_for_each_and_the_memory(record):
    curve, read = record["curves"][0], record["limits"]["read"]
    axes = draw_axes(curve, read)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [line.get_label() for line in axes.get_lines()] == [
        "fastmi",
        "memory read once, one thread",
    ]
    fastmi, memory = axes.get_lines()
    assert fastmi.get_xydata().tolist() == [[3000, 0.0369], [7000, pytest.approx(0.0861)]]
    assert memory.get_ydata()[0] == pytest.approx(491_520 / 1.2399e10)


def draw_axes(curve, read):
    (axes,) = drawing.draw(curve, read).axes
    return axes


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "out.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(7.774, "7.77 s"), (0.0304, "30.4 ms"), (198e-6, "198 us"), (2e-7, "0.20 us")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


# --- what was aimed at ----------------------------------------------------------------------------


def test_every_target_names_a_case_and_a_candidate_of_it():
    who = {case.name: set(case.who) for case in CASES} | {
        "threads": {"fastmi, one thread"},
        "threads-busy": {"fastmi, one thread"},
    }
    assert {"threads", "threads-busy"} <= {curve.name for curve in curves.CURVES}
    for target in targets.TARGETS:
        assert target.against is None or target.against in who[target.case], target


def test_a_target_that_is_missed_says_why(record, tmp_path, monkeypatch):
    quick, slow, unknown = (
        targets.Target("wide", "pandas", 39.0),
        targets.Target("wide", None, 0.5, why="the table is cold"),
        targets.Target("nowhere", "pandas", 1.0),
    )
    record["cases"][0]["name"] = "wide"
    record["cases"][0]["read"]["share"] = 0.25
    record["cases"][0]["candidates"][1]["ratio"]["median"] = 39.2
    monkeypatch.setattr(targets, "TARGETS", (quick, slow, unknown))
    assert list(targets.found(record)) == [(quick, 39.2), (slow, 0.25)]
    text = page.page([record], {}, tmp_path)
    assert "| wide | pandas | 39 times | 39 times | reached |" in text
    assert "| wide | what memory read once allows | 50% | 25% | missed: the table is cold |" in text
    assert "nowhere" not in text


def test_a_target_on_a_curve(record):
    """Beside what the record holds, two threads that are 1.7 times faster than one."""
    one = {"name": "fastmi, one thread", "ratio": {"median": 1.7}}
    points = [
        {"at": 1, "candidates": [], "read": None},
        {"at": 2, "candidates": [one], "read": None},
    ]
    record = record | {"curves": [{"name": "threads", "points": points}]}
    assert [
        (target.at, ratio) for target, ratio in targets.found(record) if target.case == "threads"
    ] == [(2, 1.7)]
