"""Interrupted wherever it may be, a reading leaves the model, and what is recorded, as it was."""

import sys
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import fastmi

BINS = fastmi.UniformBins(4, range=(-2, 2))
X = torch.linspace(-1, 1, 24).reshape(12, 2)
Y = torch.arange(12) % 2


def made():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU())
    return model, fastmi.watch(model, {"held-out": (X, Y)}, [BINS, fastmi.Edges([0.0])])


def state(model):
    generators = torch.get_rng_state().tolist(), np.random.get_state()[1].tolist()  # noqa: NPY002
    modules = list(model.modules())
    return (
        [sorted(vars(module)) for module in modules],
        [module.training for module in modules],
        [len(module._forward_hooks) for module in modules],
        {name: value.tolist() for name, value in model.state_dict().items()},
        generators,
    )


def interrupted(work, functions, at):
    """Raises KeyboardInterrupt at the at-th line of these functions of fastmi.recorders.

    -> whether there was such a line.
    """
    n = 0

    def lines(frame, event, value):
        nonlocal n
        n += event == "line"
        if n == at:
            sys.settrace(None)
            raise KeyboardInterrupt
        return lines

    def calls(frame, event, value):
        code = frame.f_code
        inside = "recorders" in code.co_filename and code.co_name in functions
        return lines if inside else None

    before = sys.gettrace()
    sys.settrace(calls)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_amid_the_putting_back_the_model_is_put_back():
    model, recorder = made()
    before, at = state(model), 1
    putting_back = ("restore", "_restore", "remove")
    while interrupted(partial(recorder.update, 0), putting_back, at):
        assert state(model) == before
        assert recorder.steps == []
        at += 1
    assert at > 20


def test_amid_the_putting_back_of_weights_they_are_put_back(tmp_path):
    model, recorder = made()
    other, _ = made()
    saved = tmp_path / "1.pt"
    with torch.no_grad():
        other[0].weight.mul_(2)
    torch.save(other.state_dict(), saved)
    before, at = state(model), 1
    while interrupted(partial(recorder.read_checkpoints, [saved]), ("restore",), at):
        assert state(model) == before
        at, recorder = at + 1, fastmi.watch(model, (X, Y), BINS)
    assert at > 10
    assert state(model) == before


def test_amid_an_update_no_half_row_stays():
    _, recorder = made()
    recorder.update(0)
    at = 1
    while interrupted(partial(recorder.update, at), ("update", "_record"), at):
        rows = {len(plane.epochs) for plane in recorder.planes}
        assert rows == {len(recorder.steps)}
        at += 1
    assert at > 20


def test_what_is_no_warning_but_an_error_is_not_recorded():
    model, recorder = made()
    with torch.no_grad():
        model[0].weight[:] = float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="NaN in the layers"):
            recorder.update(0)
    assert recorder.steps == []
    assert recorder.marked == {}


def test_a_step_is_one_that_a_file_can_hold(tmp_path):
    _, recorder = made()
    with pytest.raises(ValueError, match=r"step is 9223372036854775808: pass .* below 2\^63"):
        recorder.update(2**63)
    recorder.update(2**63 - 1)
    recorder.save(tmp_path / "r.npz")
    assert made()[1].load(tmp_path / "r.npz").steps == [2**63 - 1]
