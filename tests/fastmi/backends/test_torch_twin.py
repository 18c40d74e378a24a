"""The torch twin: what it receives, chunks that leave no trace, CUDA tensors where they are."""

import types

import numpy as np
import pytest
import torch

import fastmi
from fastmi import Edges, checks
from fastmi.backends import Cut, numba_twin, torch_twin
from tests.fastmi.backends.seam import EDGES, ENDS, WEIGHTS
from tests.fastmi.edge_sets import python_codes

# --- dispatch -------------------------------------------------------------------------------------


@pytest.mark.gpu
def test_cuda_beside_cpu_is_refused(cuda):
    here, there = np.zeros((3, 2), np.float32), torch.zeros(3, 2, device=cuda)
    plane = fastmi.PlaneEstimator(np.arange(3), np.arange(3), fastmi.Edges([0, 1]))
    with pytest.raises(
        ValueError, match=rf"layers\[0\] on 'cpu', layers\[1\] on '{cuda}'; move them to one"
    ):
        plane.estimate([here, there])
    with pytest.raises(ValueError, match=rf"x on '{cuda}', y on 'cpu'; move them to one"):
        fastmi.mutual_information(there[:, 0], np.arange(3))


@pytest.mark.gpu
def test_cuda_tensors_are_worked_on_where_they_are(cuda):
    layer = checks.activations("t", torch.zeros(3, 2, device=cuda, dtype=torch.float16))
    codes, *_ = torch_twin.encode_layers([layer], [Cut(EDGES, ENDS)], [WEIGHTS])
    assert layer.device == codes.device == cuda


@pytest.mark.gpu
def test_the_guards_of_cuda_tensors_fire(cuda):
    with pytest.raises(TypeError, match=r"t has dtype torch.complex64"):
        checks.activations("t", torch.zeros(3, 2, device=cuda, dtype=torch.complex64))
    with pytest.raises(TypeError, match=r"x has dtype torch.complex64"):
        fastmi.entropy(torch.zeros(3, device=cuda, dtype=torch.complex64))
    with pytest.raises(ValueError, match=r"x holds 0.5, not a whole number"):
        fastmi.entropy(torch.tensor([1, 0.5], device=cuda))


# --- the contract ---------------------------------------------------------------------------------


def test_the_torch_twin_receives_what_torch_cannot_look_at():
    reversed_, read_only = np.arange(6)[::-1], np.arange(6)
    read_only.flags.writeable = False
    assert torch_twin.receive(reversed_).tolist() == [5, 4, 3, 2, 1, 0]
    assert torch_twin.receive(read_only).tolist() == [0, 1, 2, 3, 4, 5]


# --- the code of a row ----------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 64, 1000])
def test_the_torch_twin_codes_the_same_in_chunks_of_rows(twin, rng, monkeypatch, chunk):
    rows = rng.uniform(-1.3, 1.3, (30, 17)).astype(np.float32)
    monkeypatch.setattr(torch_twin, "CELLS", chunk)
    edges = np.linspace(-1, 1, 30)
    assert fastmi.encode(twin.put(rows), Edges(edges)).tolist() == python_codes(
        rows.tolist(), edges.tolist()
    )


def test_a_gpu_counts_at_a_time_what_a_quarter_of_it_holds(monkeypatch):
    card = types.SimpleNamespace(total_memory=80 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    assert torch_twin._room(torch.device("cuda:1")) == (20 << 30) // 60
    assert torch_twin._room(torch.device("cpu")) == torch_twin.ROWS


# --- counts, in parts -----------------------------------------------------------------------------

CODES = {
    "packed": (lambda rng, shape: rng.integers(0, 2**10, shape), 10),
    "few": (lambda rng, shape: rng.integers(0, 3, shape), 2),
    "hashed": (lambda rng, shape: rng.choice(rng.integers(-(2**63), 2**63 - 1, 40), shape), 64),
}


@pytest.mark.parametrize("n_labels", [(), (2,), (2, 50)])
@pytest.mark.parametrize("kind", list(CODES))
# all at once; some segments at a time; each by itself, whole or in parts
@pytest.mark.parametrize(("long", "rows"), [(999, 999), (999, 110), (1, 999), (1, 20), (1, 1)])
def test_segments_are_counted_alike_however_much_room_there_is(
    twin, rng, monkeypatch, kind, long, rows, n_labels
):
    draw, code_bits = CODES[kind]
    codes = draw(rng, (5, 50))
    labels = np.stack([rng.integers(0, size, 50) for size in n_labels] or [np.zeros(50)])
    labels = labels[: len(n_labels)].astype(np.int64)
    monkeypatch.setattr(torch_twin, "LONG", long)
    monkeypatch.setattr(torch_twin, "ROWS", rows)
    found = torch_twin.tally(twin.put(codes), labels, n_labels, code_bits)
    expected = numba_twin.tally(codes, labels, n_labels)
    for name, one, other in zip(found._fields, found, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
