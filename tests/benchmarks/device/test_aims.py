"""The table of docs/gpu.md says what results say, and nothing before there are any."""

from __future__ import annotations

import copy

import pytest

from benchmarks.device import aims
from benchmarks.device.runs import ON_CPU, name_of
from benchmarks.device.times import HUNDRED_MILLION, LAYERS_30, ONE_LAYER_3000
from benchmarks.gpu_check import RESULTS
from benchmarks.report import write_json
from benchmarks.training import EXP_2_CROWD
from tests import ROOT


@pytest.fixture
def made_up():
    """No device gave these numbers."""
    times = {
        ONE_LAYER_3000.name: {"estimate": {"rows_per_s": 6.25e9}, "equal": True},
        LAYERS_30.name: {"estimate": {"ms": 0.5}, "equal": True},
        HUNDRED_MILLION.name: {"encode": {"ms": 4.0}, "tally": {"ms": 8.5}},
    }
    runs = {
        name_of(EXP_2_CROWD): {"training_ms": 2.0, "sampled_reading_ms": 1.0, "equal": True},
        name_of(EXP_2_CROWD, ON_CPU): {"training_ms": 30.0, "sampled_reading_ms": 6.0},
    }
    return {
        "device": "Made-up GPU",
        "rehearsal": False,
        "machine": {"date": "2030-01-02 03:04 UTC"},
        "parts": {"times": {"cases": times}, "runs": {"cases": runs}},
    }


def seen(records):
    rows = [line.strip("| ").split(" | ") for line in aims.table(records).splitlines()[2:]]
    return [row[2] if len(row) > 2 else "" for row in rows]


def test_what_was_seen_stands_beside_what_was_aimed_at(made_up):
    where = "(Made-up GPU, 2030-01-02)"
    assert seen([made_up]) == [
        f"6.25 G rows/s, reached {where}",
        f"0.5 ms, missed {where}",
        f"12.5 ms, reached {where}",
        f"12 times one core, reached {where}",
    ]
    assert len(seen([made_up, made_up])[0].split("; ")) == 2


def test_nothing_is_claimed_of_what_was_not_seen(made_up):
    assert seen([]) == [""] * 4
    assert seen([made_up | {"rehearsal": True}, {"device": "cpu", "cases": []}]) == [""] * 4
    del made_up["parts"]["runs"]["cases"][name_of(EXP_2_CROWD, ON_CPU)]
    made_up["parts"]["times"]["cases"][LAYERS_30.name] = {"error": "OutOfMemoryError"}
    assert [bool(cell) for cell in seen([made_up])] == [True, False, True, False]
    assert seen([made_up | {"parts": {}}]) == [""] * 4


def test_an_answer_that_differed_has_no_time(made_up):
    broken = copy.deepcopy(made_up)
    broken["parts"]["times"]["cases"][LAYERS_30.name]["equal"] = False
    assert seen([broken])[1] == "answers differed, so no time (Made-up GPU, 2030-01-02)"


def test_the_page_is_filled_between_its_lines_and_nowhere_else(made_up, tmp_path):
    page = tmp_path / "gpu.md"
    page.write_text(f"before\n{aims.BEGIN}old\n{aims.END}after\n")
    write_json(tmp_path / "results" / "Made-up-GPU.json", made_up)
    aims.fill(page, tmp_path / "results")
    expected = f"before\n{aims.BEGIN}{aims.table([made_up])}{aims.END}after\n"
    assert page.read_text() == expected
    aims.fill(page, tmp_path / "results")
    assert page.read_text() == expected


def test_a_page_without_the_lines_is_left_as_it_is(tmp_path):
    page = tmp_path / "gpu.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match="has no table of aims"):
        aims.fill(page, tmp_path)
    assert page.read_text() == "nothing"


def test_the_page_says_what_the_committed_results_say(tmp_path):
    text = (ROOT / aims.PAGE).read_text(encoding="utf-8")
    (tmp_path / "gpu.md").write_text(text, encoding="utf-8")
    aims.fill(tmp_path / "gpu.md", ROOT / RESULTS)
    assert (tmp_path / "gpu.md").read_text(encoding="utf-8") == text
