"""A row for each point, sample, reading and layer, of what the runs' own files say."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from experiments import sweeps
from experiments.results import read
from experiments.sweeps import table
from tests.experiments.sweeps.compared import EDGES, plan


def test_rows_are_those_of_the_manifests(swept):
    planned, out = swept
    rows = table.rows(planned, out, "cpu")
    at = iter(rows)
    for point in planned.points:
        (measure,) = point.reads
        folder = out / point.run.id / measure.id
        manifest = json.loads((folder / "manifest.json").read_text())
        ends = json.loads((folder.parent / "manifest.json").read_text())["scores_end"]
        outputs = {end["sample"]: end for end in ends}
        for of_sample in manifest["readings"]:
            for layer in of_sample["layers"]:
                row, sample = next(at), of_sample["sample"]
                assert (row["run"], row["measure_id"]) == (point.run.id, measure.id)
                assert row["seed"] == str(point.values["seed"])
                assert row["edges"] == f"-1:1:{measure.edges[2]}"
                assert (row["sample"], row["reading"]) == (sample, of_sample["reading"])
                for name in ("layer", "i_xt_end", "i_ty_end", "chance", "verdict", "verdict_xt"):
                    assert row[name] == layer[name]
                assert row["accuracy_end"] == outputs[sample]["accuracy"]
                assert row["loss_end"] == outputs[sample]["loss"]
    assert next(at, None) is None
    assert {name for row in rows for name in row} <= set(table.columns(planned))


def test_compression_is_the_share_that_is_lost_of_the_highest(swept):
    planned, out = swept
    point = planned.points[0]
    plane = read(out / point.run.id / point.reads[0].id).planes[0]
    rows = table.rows(planned, out, "cpu")[: len(plane.layers)]
    for i, row in enumerate(rows):
        path = plane.i_xt[:, 0, i]  # of four epochs: the last tenth is the last
        assert row["compression"] == pytest.approx((path.max() - path[-1]) / path.max(), abs=1e-15)


def test_runs_that_are_not_finished_have_no_rows(swept):
    _, out = swept
    rows = table.rows(plan(5, edges=EDGES), out, "cpu")
    assert {row["seed"] for row in rows} == {"0", "1", "2"}


def test_copies_and_seeds_in_one_run_are_averaged(tmp_path, undrawn):
    planned = plan(1, copies=[2], seeds=[2])
    with ThreadPoolExecutor(1) as executor:
        assert sweeps.sweep(planned, tmp_path, executor=executor) == {}
    rows = table.rows(planned, tmp_path, "cpu")
    planes = read(tmp_path / planned.runs[0].id).planes
    each = [p for p in planes if (p.sample, p.reading) == ("training", "each")]
    first = next(row for row in rows if (row["sample"], row["reading"]) == ("training", "each"))
    assert len(each) == 2
    assert first["i_xt_end"] == pytest.approx(np.mean([p.i_xt[-1, :, 0] for p in each]))
    assert {row["reading"] for row in rows} == {"mean", "each", "sampled", "mixture"}
