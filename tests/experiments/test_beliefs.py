"""What can be believed of a run: beside each layer, between its samples, and in one warning."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from experiments.beliefs import _of_all, believed, gaps, unresolved, warn_of_unresolved
from experiments.catalog import CATALOG
from experiments.execution import execute
from experiments.manifests import of_readings
from experiments.summary import summary, tell
from fastmi import CoverageWarning
from fastmi.belief import VERDICTS

BELIEF = (
    "verdict",
    "verdict_xt",
    "chance",
    "mean_lower",
    "mean_upper",
    "growth",
    "pair_coverage",
    "outside",
    "charge",
)


def bare(plane, **given):
    """A table without what is believed, as they were before."""
    return replace(plane, points=replace(plane.points, **(dict.fromkeys(BELIEF) | given)))


def test_the_weakest_verdict_and_the_means_stand_beside_each_layer(result):
    plane = result.plane("each")
    rows = believed([plane])
    assert len(rows) == len(plane.layers)
    for i, (row, layer) in enumerate(zip(rows, plane.layers, strict=True)):
        assert row["verdict"] == VERDICTS[plane.verdict[-1, :, i].min()]
        for name in ("chance", "mean_lower", "mean_upper", "growth", "pair_coverage", "outside"):
            assert row[name] == pytest.approx(getattr(plane, name)[-1, :, i].mean())
        assert row["reason"] == plane.reasons()[layer]
    text = summary(result)
    assert "coverage  chance  verdict" in text
    assert all(row["verdict"] in text for row in rows)
    names = [
        name for name, row in zip(plane.layers, rows, strict=True) if row["verdict"] == "unresolved"
    ]
    assert names
    assert f"I(T;Y) of {', '.join(names)} is unresolved: n = {plane.n_samples} " in text
    assert unresolved(result.planes)["training"] == names


def test_of_seeds_the_weakest_gives_the_word_and_the_reason(seeded):
    planes = [seeded.plane("each", "training", seed) for seed in (4, 5, 6)]
    rows = believed(planes)
    for i, row in enumerate(rows):
        verdicts = [plane.verdict[-1, :, i].min() for plane in planes]
        assert row["verdict"] == VERDICTS[min(verdicts)]
        assert row["reason"] == planes[int(np.argmin(verdicts))].reasons()[planes[0].layers[i]]
        assert row["chance"] == pytest.approx(
            np.mean([plane.chance[-1, :, i].mean() for plane in planes])
        )


def test_of_tables_without_verdicts_nothing_is_said(result):
    planes = [bare(plane) for plane in result.planes]
    each = [plane for plane in planes if plane.reading == "each"][:1]
    assert believed(each) == [{}] * len(each[0].layers)
    assert gaps(planes) == []
    assert unresolved(planes) == {}
    text = summary(replace(result, planes=planes))
    assert "unresolved" not in text
    assert "In layer 1" in text
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unresolved(planes)


def test_of_a_population_the_verdict_alone_is_said(result):
    planes = [
        bare(replace(plane, sample_kind="population"), verdict=np.full(plane.i_xt.shape, 4))
        if plane.reading != "mixture"
        else plane
        for plane in result.planes
    ]
    rows = believed([plane for plane in planes if plane.reading == "each"][:1])
    reason = "exact: the whole population was counted"
    assert rows == [{"verdict": "exact", "reason": rows[0]["reason"]}] * len(rows)
    assert rows[0]["reason"].startswith(reason)
    assert "cannot size" not in summary(replace(result, planes=planes))


def test_the_gap_is_the_mean_over_seeds_and_means_what_all_agree_on(seeded):
    rows = gaps(seeded.planes)
    found = [
        seeded.plane("mean", "training", seed).gap(seeded.plane("mean", "held-out", seed))
        for seed in (4, 5, 6)
    ]
    assert [row["layer"] for row in rows] == list(found[0].layers)
    for i, row in enumerate(rows):
        assert (row["training"], row["held_out"]) == ("training", "held-out")
        assert row["gap"] == pytest.approx(np.mean([gap.bits[-1, i] for gap in found]))
        words = {gap.words[i] for gap in found}
        weakest = [word for word in ("unresolved", "within the brackets") if word in words]
        assert row["means"] in (weakest[:1] or ["above the bracket", "overfitting"])
    assert f"I(T;Y), training minus held-out: layer 1 {rows[0]['gap']:+.3f} (" in summary(seeded)


def test_a_manifest_carries_all_of_it(result):
    manifest = of_readings(result)
    table = next(one for one in manifest["readings"] if one["reading"] == "each")
    for row, belief in zip(table["layers"], believed([result.plane("each")]), strict=True):
        assert row | belief == row
    assert manifest["gaps"] == gaps(result.planes)


def test_a_run_warns_once_and_names_the_layers_of_each_sample():
    result = execute(CATALOG["warm-up"].varied(epochs=4))
    with pytest.warns(CoverageWarning, match="unresolved: training: layer 1") as caught:
        tell(result, 1.0, "there")
    (message,) = [str(one.message) for one in caught]
    lost = unresolved(result.planes)
    for sample, names in lost.items():
        assert f"{sample}: {', '.join(names)}" in message
    assert set(lost) == {"training", "held-out"}


def test_a_held_out_sample_that_was_trained_on_is_said_to_be(result):
    assert result.shared == {}
    told = replace(result, shared={"held-out": 3})
    assert "held-out: 3 of its rows were trained on, too" in summary(told)
    assert of_readings(told)["shared_rows"] == {"held-out": 3}


def test_overfitting_takes_three_seeds_with_data_of_their_own_and_more_than_their_scatter():
    above = {"above the bracket"}
    wide, narrow = np.array([0.1, 0.5, -0.2]), np.array([0.1, 0.12, 0.11])
    assert _of_all(above, narrow, apart=True) == "overfitting"
    assert _of_all(above, narrow, apart=False) == "above the bracket"
    assert _of_all(above, wide, apart=True) == "above the bracket"
    assert _of_all(above, narrow[:2], apart=True) == "above the bracket"
    assert _of_all(above | {"within the brackets"}, narrow, apart=True) == "within the brackets"
    assert _of_all(above | {"unresolved"}, narrow, apart=True) == "unresolved"


def test_samples_of_other_labels_are_not_compared():
    null = execute(CATALOG["warm-up"].varied(epochs=3, labels="shuffled"))
    assert gaps(null.planes) == []
