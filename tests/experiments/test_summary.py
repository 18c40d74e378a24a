"""The words about a result say what its numbers say."""

import re
from dataclasses import replace

import numpy as np
import pytest

from experiments.catalog import CATALOG
from experiments.execution import execute
from experiments.summary import findings, summary
from fastmi.belief import GROWTH_VERDICTS, VERDICTS
from fastmi.points import Points

# --- the runner -----------------------------------------------------------------------------------


def test_a_finding_of_several_seeds_is_their_mean_and_spread(seeded):
    planes = [seeded.plane("mean", "training", seed) for seed in (4, 5, 6)]
    ends = [plane.i_xt[-1, 0, 4] for plane in planes]
    row = findings(planes)[4]
    assert row["i_xt_end"] == pytest.approx(np.mean(ends))
    assert row["i_xt_end_sd"] == pytest.approx(np.std(ends, ddof=1))
    assert "i_xt_end_sd" not in findings(planes[:1])[4]
    assert "mean of single copies, mean of 3 seeds" in summary(seeded)


# --- the words ------------------------------------------------------------------------------------


def test_findings_read_the_path(result):
    plane = result.plane("mean")
    for i, row in enumerate(findings([plane])):
        assert row["i_xt_start"] == plane.i_xt[0, 0, i]
        assert row["i_xt_peak"] == plane.i_xt[:, 0, i].max()
        assert plane.i_xt[int(row["peak_epoch"]), 0, i] == row["i_xt_peak"]
        assert row["i_ty_end"] == plane.i_ty[-1, 0, i]
        assert row["coverage_end"] == plane.coverage[-1, 0, i]


def test_the_summary_says_what_the_sample_cannot_support(result):
    text = summary(result)
    assert "In layer 1" in text
    assert "cannot size" in text
    assert "not information lost" in text
    right = result.scores[1].accuracy[-1].mean()
    assert f"held-out {right:.1%}" in text


def test_the_summary_lays_out_all_that_each_sample_supports(result):
    lines = summary(result).splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("at the end "))
    for i, sample in enumerate(("training", "held-out")):
        end = result.plane("mean", sample).mean()
        for j, layer in enumerate(end.layers):
            of_point = {name: getattr(end, name)[-1, 0, j] for name in end.points.present}
            lower, upper = of_point["mean_lower"], of_point["mean_upper"]
            words = (
                f"{layer}  {sample}  {of_point['chance']:.3f}  {lower:.3f} .. {upper:.3f}  "
                f"{of_point['pair_coverage']:.0%}  {of_point['growth']:.3f}  "
                f"{of_point['outside']:.0%}  {GROWTH_VERDICTS[int(of_point['verdict_xt'])]}  "
                f"{VERDICTS[int(of_point['verdict'])]}"
            )
            row = lines[head + 1 + i * len(end.layers) + j]
            assert row.split() == words.split()


def test_nothing_is_laid_out_of_tables_that_state_nothing(result):
    bare = [
        replace(plane, points=Points(plane.points.i_xt, plane.points.i_ty, coverage=plane.coverage))
        for plane in result.planes
    ]
    assert "at the end " not in summary(replace(result, planes=bare))


def test_the_summary_says_when_rows_of_x_repeat(result):
    planes = [replace(plane, entropy_x=2.0) for plane in result.planes]
    assert "Rows of x repeat: H(X) = 2.000" in summary(replace(result, planes=planes))


def test_the_summary_says_which_labels_were_shuffled_and_where_the_true_ones_stand(result):
    assert "to train on" not in summary(result)
    null = execute(CATALOG["stopping"].varied(epochs=3, copies=1, labels="shuffled"))
    text = summary(null)
    assert (
        "stopping: simple (trained on shuffled labels) data, training (shuffled labels) n" in text
    )
    assert (
        "The labels to train on were shuffled: training (shuffled labels) is read and scored by "
        "them, held-out and fresh by the true ones." in text
    )
    for sample in ("held-out", "fresh"):
        plane = null.plane("each", sample)
        end = f"{plane.i_ty[-1, 0, -1]:.3f} ({plane.chance[-1, 0, -1]:.3f})"
        assert re.search(rf"I\(T;Y\) of {sample} at the end \(chance\): layer 1 .*", text)
        assert f"output {end}." in text
    for score in null.scores:
        assert f"{score.sample} {score.accuracy[-1].mean():.1%}" in text


def test_of_a_population_there_is_no_chance_to_be_told():
    text = summary(execute(CATALOG["original"].varied(epochs=1, labels="shuffled")))
    assert "by them, all patterns and held-out by the true ones." in text
    assert "I(T;Y) of held-out at the end (chance): layer 1 " in text
    assert "I(T;Y) of all patterns at" not in text
