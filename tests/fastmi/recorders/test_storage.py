"""A recorder that is killed and loaded goes on as if nothing had been."""

import json
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

import fastmi
from fastmi.measures import KDEBounds, VectorQuantized
from tests.fastmi.recorders.models import mlp, samples

X, Y = samples()
BOTH = {"class": Y, "other": Y.flip(0)}
RULES = {
    "default": None,
    "quantile": fastmi.QuantileBins(3),
    "width": fastmi.WidthBins(0.25),
    "fixed": fastmi.UniformBins(4, range=(-2, 2)),
    "edges": fastmi.Edges([-0.5, 0.1, 0.5], out_of_range="clip"),
    "each its own": {"1": fastmi.QuantileBins(3), "3": KDEBounds(0.1)},
    "several": [None, KDEBounds(0.1)],
    "codes": VectorQuantized(4, max_fit=20),
    "codes, and bins of a layer": {"1": VectorQuantized("auto"), "3": fastmi.QuantileBins(3)},
}


def recorder_of(model, rule=None, given=None, **options):
    given = {"training": (X, BOTH), "held-out": (X + 1, BOTH)} if given is None else given
    options.setdefault("layers", [nn.Tanh, nn.ReLU])
    return fastmi.watch(model, given, rule, **options)


def step(model):
    with torch.no_grad():
        for leaf in model.parameters():
            leaf.mul_(1.3)


def bad_step(model, recorder, at):
    kept = model[2].weight.detach().clone()
    with torch.no_grad():
        model[2].weight[0, 0] = torch.nan
    with pytest.warns(UserWarning, match="NaN"):
        recorder.update(at)
    with torch.no_grad():
        model[2].weight.copy_(kept)


@pytest.mark.parametrize("name", RULES)
def test_a_loaded_recorder_goes_on(name, tmp_path):
    model, rule = mlp(), RULES[name]
    whole = recorder_of(model, rule)
    for at in (0, 1):
        whole.update(at)
        step(model)
    bad_step(model, whole, 2)
    whole.save(tmp_path / "run.npz")
    late = recorder_of(model, rule).load(tmp_path / "run.npz")
    assert (late.steps, late.marked) == (whole.steps, whole.marked)
    for at in (3, 7):
        assert whole.update(at) == late.update(at)
        step(model)
    for mine, theirs in zip(whole.planes, late.planes, strict=True):
        assert mine.binning == theirs.binning
        assert mine.epochs.tolist() == theirs.epochs.tolist() == [0, 1, 2, 3, 7]
        assert mine.points.present.keys() == theirs.points.present.keys()
        for column, array in mine.points.present.items():
            np.testing.assert_array_equal(array, theirs.points.present[column])
    with pytest.raises(ValueError, match="step is 2, and step 7"):
        late.update(2)


def test_a_recorder_without_readings_can_be_saved(tmp_path):
    recorder_of(mlp()).save(tmp_path / "run.npz")
    late = recorder_of(mlp()).load(tmp_path / "run.npz")
    assert late.steps == []
    late.update(0)


def test_only_a_recorder_that_is_like_it_can_go_on(tmp_path):
    model, path = mlp(), tmp_path / "run.npz"
    recorder = recorder_of(model)
    recorder.update(0)
    recorder.save(path)
    others = {
        "other layers": {"layers": nn.Tanh},
        "other samples, sets of labels or measures": {"given": (X, Y)},
        "other poolings": {"pool": "mean"},
        "other rows or labels of a sample": {
            "given": {"training": (X, BOTH), "held-out": (X + 2, BOTH)}
        },
    }
    for said, options in others.items():
        with pytest.raises(ValueError, match=f"was saved with {said}"):
            recorder_of(model, **options).load(path)
    with pytest.raises(ValueError, match="this recorder has read at step 0 already"):
        recorder.load(path)


def changed(path, **members):
    """Writes the file anew with other members."""
    with np.load(path) as held:
        arrays = dict(held)
    np.savez(path, **{**arrays, **members})


def test_what_no_recorder_wrote_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(FileNotFoundError):
        recorder_of(mlp()).load(path)
    bad = [
        lambda: path.write_bytes(b"nothing"),
        lambda: changed(path, plain=np.array("{}")),
        lambda: changed(path, plain=np.array("[]")),
        lambda: changed(path, **{"0/nothing": np.ones(1)}),
        lambda: changed(path, **{"0/steps": np.ones(9, int)}),
        lambda: changed(path, plain=np.array(json.dumps({**plain(path), "bins": {"": {"1": 3}}}))),
    ]
    for spoil in bad:
        recorder = recorder_of(mlp())
        recorder.update(0)
        recorder.save(path)
        spoil()
        with pytest.raises(ValueError, match=r"is not what Recorder.save wrote"):
            recorder_of(mlp()).load(path)
    changed_format = {".format": np.array(99)}
    recorder.save(path)
    changed(path, **changed_format)
    with pytest.raises(ValueError, match="has format 99"):
        recorder_of(mlp()).load(path)
    assert zipfile.is_zipfile(path)


def test_a_table_and_a_recording_say_which_they_are(tmp_path):
    table, run = tmp_path / "plane.npz", tmp_path / "run.npz"
    recorder = recorder_of(mlp())
    recorder.save(run)  # nothing was read yet
    with pytest.raises(ValueError, match=IS_RUN):
        fastmi.InformationPlane.load(run)
    recorder.update(0)
    recorder.planes[0].save(table)
    recorder.save(run)
    for form in (0, 99):
        for path, load, said in (
            (table, recorder_of(mlp()).load, IS_TABLE),
            (run, fastmi.InformationPlane.load, IS_RUN),
            (run, fastmi.tables.load_planes, IS_RUN),
        ):
            with pytest.raises(ValueError, match=said):
                load(path)
            changed(path, **{".format": np.array(form)})
            with pytest.raises(ValueError, match=said):
                load(path)


IS_TABLE = r"plane\.npz' is a table that InformationPlane\.save wrote: read it with .*Plane\.load$"
IS_RUN = (
    r"run\.npz' is what Recorder\.save wrote: read it with recorder\.load, of a recorder that is "
    r"made as that one was$"
)


def plain(path):
    with np.load(path) as held:
        return json.loads(str(held["plain"]))
