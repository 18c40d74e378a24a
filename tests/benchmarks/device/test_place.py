"""Where tensors go, and how time is taken there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import fastmi
from benchmarks.device import place as room
from benchmarks.device.place import Place, judge
from benchmarks.limits import Limits
from fastmi.backends import torch_twin, twin_for

CPU = torch.device("cpu")


@pytest.fixture
def ticking(monkeypatch):
    """Every run takes as long as the next number says."""
    seconds = iter([0.5, 0.25, 1.0, 0.125])
    monkeypatch.setattr(room, "stopwatch", lambda device: lambda: lambda: next(seconds))


def test_a_time_is_the_median_of_what_fits_the_patience(ticking):
    runs = []
    assert Place(CPU).seconds(lambda: runs.append(1), longest=1.5) == 0.5
    assert len(runs) == 1 + 3  # one to warm up


def test_a_rehearsal_times_once(ticking, place):
    assert place.seconds(lambda: None) == 0.5


def test_what_is_timed_is_a_share_of_a_copy(ticking, place):
    vars(place)["memory"] = Limits(1, 9e9, 4e9)
    assert place.timed(lambda: None, rows=100, n_bytes=10**9) == {
        "ms": 500.0,
        "rows_per_s": 200.0,
        "GB_per_s": 2.0,
        "share_of_copy": 0.5,
    }


def test_a_place_moves_arrays_as_they_are(place):
    array = np.arange(6).reshape(2, 3).T
    array.flags.writeable = False
    moved = place.put(array)
    assert (moved.numpy() == array).all()
    assert moved.is_contiguous()


def test_a_rehearsal_is_small_and_by_the_torch_twin(place):
    assert (place.size(10, 2), Place(CPU).size(10, 2)) == (2, 10)
    with place.twin():
        assert twin_for(np.zeros(1)) is torch_twin
    assert not place.on_gpu  # and so there is nothing to wait for
    place.wait()
    assert place.memory.n_bytes == room.REHEARSED_BYTES


def test_the_kernels_are_rehearsed_where_their_interpreter_is_asked_for(place, monkeypatch):
    asked = []
    monkeypatch.setattr(fastmi, "use_backend", asked.append)
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    place.twin()
    place.twin("torch")
    monkeypatch.delenv("TRITON_INTERPRET")
    place.twin()
    assert asked == ["triton", "torch", "torch"]


def test_on_a_gpu_the_container_chooses_unless_a_twin_is_named():
    gpu = Place(torch.device("cuda"))
    with gpu.twin():
        assert twin_for(np.zeros(1)).__name__ == "fastmi.backends.numba_twin"
    with gpu.twin("torch"):
        assert twin_for(np.zeros(1)) is torch_twin


def test_the_judge_is_numba_and_torch_where_it_does_not_import(monkeypatch):
    assert judge() == "numba"
    monkeypatch.delattr(fastmi.backends, "numba_twin", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "fastmi.backends.numba_twin", None)
    assert judge() == "torch"
