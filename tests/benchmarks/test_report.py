"""comparisons -> records -> rows, by hand."""

from __future__ import annotations

import json

import pytest

from benchmarks.report import curve_rows, duration, not_run, notes, rows, write_json


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
