"""What callbacks have in common, without their frameworks."""

import pytest
from torch import nn

from fastmi.callbacks.watching import Watching
from tests.fastmi.recorders.models import mlp, samples


def watching(every_n_steps=None, merge_ranks=False):
    return Watching(samples(30), None, every_n_steps, merge_ranks, {"layers": nn.ReLU})


def test_the_recorder_is_made_when_a_training_begins():
    callback = watching()
    assert callback.recorder is None
    assert callback.read(0) == {}
    callback.begin(mlp(), True)
    assert callback.read(2).keys() >= {"counted/i_ty/3", "vector-quantized/chance/3"}
    assert callback.read(2) == {}  # an epoch that is over was read
    first = callback.recorder
    callback.begin(mlp(), True)
    assert (first.steps, callback.recorder.steps) == ([2], [])


def test_other_ranks_read_where_they_merge():
    for merges in (False, True):
        callback = watching(merge_ranks=merges)
        callback.begin(mlp(), False)
        assert (callback.recorder is not None) == merges
        assert (callback.read(0) == {}) != merges


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "5"])
def test_steps_between_readings_are_a_number(wrong):
    with pytest.raises((TypeError, ValueError), match="every_n_steps"):
        watching(wrong)
