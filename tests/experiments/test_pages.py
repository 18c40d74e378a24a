"""The page of finished results: planes, scores, story and doubts of one run."""

import csv

import numpy as np
import pytest

from experiments import pages, results
from tests.unpacked import unpacked, view_of


def shown(tmp_path, *folders):
    pages.write(tmp_path / "page.html", [results.read(folder) for folder in folders])
    return unpacked((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_the_scores_are_those_of_the_csv(short_runs, tmp_path):
    data = shown(tmp_path, short_runs["copies"])
    with (short_runs["copies"].parent / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {curve["name"] for curve in data["curves"]} == {"accuracy", "loss"}
    for curve in data["curves"]:
        for step, value in zip(curve["steps"], curve["values"], strict=True):
            of_copies = [
                float(row[curve["name"]])
                for row in rows
                if row["sample"] == curve["sample"] and int(row["epoch"]) == step
            ]
            assert len(of_copies) == 2
            assert value == pytest.approx(np.mean(of_copies), rel=1e-5)


def test_results_of_other_seeds_are_one_page(short_runs, tmp_path):
    data = shown(tmp_path, short_runs["seeds"], short_runs["other seeds"])
    (seeds,) = [one["values"] for one in data["switches"] if one["name"] == "seed"]
    assert seeds == ["mean of 6", "0", "1", "2", "5", "6", "7"]
    mean = [curve for curve in data["curves"] if curve["seed"] == "mean of 6"]
    assert {curve["name"] for curve in mean} == {"accuracy", "loss"}
    finished = results.read(short_runs["other seeds"])
    (plane,) = [one for one in finished.planes if (one.sample, one.seed) == ("held-out", 6)]
    np.testing.assert_allclose(
        view_of(data, "held-out", "6")["columns"]["i_xt"], plane.i_xt[:, 0].T, rtol=1e-5
    )


def test_its_story_is_told(short_runs, tmp_path):
    shown(tmp_path, short_runs["copies"])
    text = (tmp_path / "page.html").read_text()
    for words in ("12-5-1 tanh", "3 steps of 101", "run again", "training minus held-out"):
        assert words in text


def test_rows_that_were_trained_on_stand_first(short_runs, tmp_path):
    finished = results.read(short_runs["warm-up"])
    told = finished._replace(manifest={**finished.manifest, "shared_rows": {"held-out": 7}})
    pages.write(tmp_path / "page.html", [told])
    assert "held-out: 7 of its rows were trained on" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("other", ["ten", "copies", "original"])
def test_results_of_other_runs_are_refused(short_runs, other):
    finished = [results.read(short_runs[name]) for name in ("warm-up", other)]
    with pytest.raises(ValueError, match=r"of another run than warm-up-.*write a page of each"):
        pages.same_run(finished)


def test_a_result_that_is_given_twice_is_refused(short_runs):
    finished = [results.read(short_runs[name]) for name in ("warm-up", "seeds")]
    with pytest.raises(ValueError, match=r"RESULT is given twice: warm-up-.*, seed 0"):
        pages.same_run(finished)


def test_an_old_result_is_shown_as_far_as_it_goes(old_result, tmp_path):
    data = shown(tmp_path, old_result)
    assert "chance" not in data["views"][0]["columns"]
    assert data["views"][0]["absent"].startswith("Chance and bracket are not stated")


def test_scores_that_are_none_are_refused_and_nothing_is_written(today, tmp_path):
    (today / "scores.csv").write_text("broken")
    with pytest.raises(ValueError, match=r"scores\.csv' is not what `run` wrote"):
        pages.write(tmp_path / "page.html", results.read_all(today))
    assert not (tmp_path / "page.html").exists()


def test_what_a_manifest_says_is_text(short_runs, tmp_path):
    finished = results.read(short_runs["warm-up"])
    evil = finished._replace(manifest={**finished.manifest, "device": "<script>alert(1)</script>"})
    pages.write(tmp_path / "page.html", [evil])
    text = (tmp_path / "page.html").read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
