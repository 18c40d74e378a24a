"""A recording computes what the function computes, anew, from what lies at its inputs."""

import numpy as np
import pytest
import torch

from fastmi.networks import recordings
from fastmi.networks.recordings import Recording


def test_a_recording_computes_anew_from_what_lies_at_its_inputs():
    x, y = torch.arange(6.0).reshape(2, 3), torch.ones(3)
    recording = Recording(lambda a, b: [(a * b).sum(1), a.t(), a], [x, y])
    for factor in (1.0, -2.0, 0.5):
        y.fill_(factor)
        sums, turned, same = recording.replay()
        assert sums.tolist() == [3 * factor, 12 * factor]
        assert turned.tolist() == x.t().tolist()
        assert same.tolist() == x.tolist()
        assert same.data_ptr() != x.data_ptr()


def test_a_recording_makes_views_and_constants_once():
    x = torch.arange(6.0)
    recording = Recording(lambda a: [a.reshape(3, 2)[1:] + torch.arange(2.0).exp()], [x])
    assert recording.n_calls == 1
    x += 1
    assert np.array_equal(
        recording.replay()[0].numpy(), (x.reshape(3, 2)[1:] + torch.arange(2.0).exp()).numpy()
    )


def test_a_recording_repeats_what_is_done_in_place():
    x = torch.arange(4.0)

    def function(a):
        made = torch.zeros(4)
        made += a
        made.mul_(2)
        return [made]

    recording = Recording(function, [x])
    for _ in range(3):
        assert recording.replay()[0].tolist() == (2 * x).tolist()
        x += 1


def test_a_recording_draws_anew():
    recording = Recording(lambda a: [torch.rand_like(a), a + 1], [torch.zeros(50)])
    assert recording.draws
    torch.manual_seed(3)
    first = recording.replay()[0].clone()
    second = recording.replay()[0].clone()
    torch.manual_seed(3)
    assert torch.equal(first, torch.rand(50))
    assert not torch.equal(first, second)


def test_a_recording_leaves_out_what_changes_nothing():
    x = torch.arange(4.0)
    spared = Recording(lambda a: [a * 1 + 1.0, (a * 2).mul(1.0)], [x])
    assert spared.n_calls == 2
    assert not spared.draws
    assert Recording(lambda a: [a.int() * 1.0 + 1.0], [x]).n_calls == 3  # another type
    # laid out anew
    assert Recording(lambda a: [(a.reshape(2, 2).t() * 1).exp()], [x]).n_calls == 3
    kept = Recording(lambda a: [(a * 1).add_(1.0)], [x])  # a place of its own
    assert kept.n_calls == 2
    x.fill_(7.0)
    for recording in (spared, kept, spared, kept):
        assert recording.replay()[0].tolist() == [8.0] * 4
    assert spared.outputs[1].tolist() == [14.0] * 4
    assert x.tolist() == [7.0] * 4


def test_what_is_written_into_an_output_is_not_found_by_the_next_replay():
    """Of an input, of a constant, of a tensor of somebody else's, of what is returned twice."""
    x, held = torch.arange(4.0), torch.full((4,), 5.0)

    def function(a):
        doubled = a * 2
        return [a, torch.ones(4) + 1, held * 1, doubled, doubled * 1]

    recording = Recording(function, [x])
    truth = [x.tolist(), [2.0] * 4, [5.0] * 4, (2 * x).tolist(), (2 * x).tolist()]
    for _ in range(3):
        outputs = recording.replay()
        assert [output.tolist() for output in outputs] == truth
        for i, output in enumerate(outputs):
            output.fill_(-1.0 - i)
        assert [output.tolist()[0] for output in outputs] == [-1.0, -2.0, -3.0, -4.0, -5.0]
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert held.tolist() == [5.0] * 4


@pytest.mark.parametrize(
    "function",
    [
        lambda a: [a * a.sum().item()],
        lambda a: [a[a > 1]],
        lambda a: [a + 1 if torch.equal(a, a) else a],
        lambda a: [torch.masked_select(a, a > 1)],
    ],
)
def test_what_hangs_on_the_data_is_not_recorded(function):
    with pytest.raises(RuntimeError, match="makes a number, or a shape, of what a tensor holds"):
        Recording(function, [torch.arange(4.0)])


def test_rows_that_are_named_are_recorded():
    x, rows = torch.arange(4.0), torch.tensor([2, 0])
    recording = Recording(lambda a: [a[rows]], [x])
    x += 1
    assert recording.replay()[0].tolist() == [3.0, 1.0]
    rows += 1
    assert recording.replay()[0].tolist() == [4.0, 2.0]


def test_a_gradient_stops_too_where_it_grows_too_large(monkeypatch):
    x = torch.zeros(100, requires_grad=True)

    def function(a):
        return torch.autograd.grad(a.sin().sum(), [a])

    n_bytes = Recording(function, [x]).n_bytes
    monkeypatch.setattr(recordings, "MOST_BYTES", n_bytes - 1)
    with pytest.raises(MemoryError, match="a recording would hold more than"):
        Recording(function, [x])


def test_a_recording_stops_where_it_grows_too_large(monkeypatch):
    monkeypatch.setattr(recordings, "MOST_BYTES", 1000)
    x = torch.zeros(100)  # 400 bytes: two results fit
    assert Recording(lambda a: [(a + 1).sin()], [x]).n_bytes == 800
    with pytest.raises(MemoryError, match="a recording would hold more than 0 MiB"):
        Recording(lambda a: [(a + 1).sin().cos()], [x])
