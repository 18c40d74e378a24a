"""The stand-in for a GPU: it refuses and counts as it says; and what fastmi makes a GPU do."""

import ast
import functools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fastmi
from benchmarks.estimating import BINNING, SEGMENTS_30
from experiments import networks
from fastmi import Edges, UniformBins, inputs
from fastmi.backends import numba_twin, torch_twin, triton_twin
from tests import standin

if standin.missing():
    pytest.skip(standin.missing(), allow_module_level=True)

from tests.standin import device

interpreted = pytest.mark.skipif(not triton_twin.interpreted(), reason="Triton is not installed")
FAKE = device.DEVICE
TESTS = Path(__file__).parent


@pytest.fixture
def on_device(monkeypatch):
    monkeypatch.setattr(inputs, "DEVICES", (*inputs.DEVICES, FAKE.type))
    with device.installed():
        yield


# --- what it refuses, and counts ------------------------------------------------------------------


def test_tensors_of_two_devices_do_not_meet(on_device):
    there, here = torch.ones(3).to(FAKE), torch.ones(3)
    for meet in (lambda: there + here, lambda: torch.cat([here, there]), lambda: here[there > 0]):
        with pytest.raises(RuntimeError, match="same device"):
            meet()
    assert (there + 1).tolist() == [2, 2, 2]  # a number is of no device


def test_it_refuses_what_cuda_refuses(on_device):
    there = torch.ones(2, 2, dtype=torch.int64).to(FAKE)
    with pytest.raises(RuntimeError, match="not implemented for integers"):
        there @ there
    with pytest.raises((TypeError, RuntimeError)):
        there.numpy()


@pytest.mark.parametrize(
    ("work", "launches", "waits", "uploads"),
    [
        (lambda there: there + 1, 1, 0, 0),
        (lambda there: there.add_(1), 1, 0, 0),
        (lambda there: there[1:].reshape(-1, 1), 0, 0, 0),  # looks at what is there
        (lambda there: torch.empty_like(there), 0, 0, 0),
        (lambda there: there.sum().item(), 1, 1, 0),
        (lambda there: bool(there[0] > 0), 1, 1, 0),
        (lambda there: there.tolist(), 0, 1, 0),
        (lambda there: there.cpu(), 0, 1, 0),
        (lambda there: torch.zeros(3).to(FAKE), 0, 1, 1),
        (lambda there: torch.zeros(3).to(FAKE, non_blocking=True), 0, 0, 1),
        (lambda there: torch.unique(there), 1, 1, 0),
        (lambda there: there.nonzero(), 1, 1, 0),
        (lambda there: there[there > 0], 2, 1, 0),
        (lambda there: there[np.array([0, 1])], 1, 1, 1),
    ],
)
def test_launches_waits_and_uploads_are_counted(on_device, work, launches, waits, uploads):
    there = torch.ones(4).to(FAKE)
    with device.counted() as counts:
        work(there)
    found = counts.launches, counts.waits, counts.uploads
    assert [sum(each.values()) for each in found] == [launches, waits, uploads], counts


def test_bytes_that_are_moved_and_held_are_counted(on_device):
    there = torch.ones(100).to(FAKE)
    with device.counted() as counts:
        more = there + 1
        more += 1
        del more
        kept = there * 2
    assert counts.moved == 3 * 800
    assert counts.peak == 400
    assert len(kept) == 100
    with device.counted() as counts:
        held = [there + 1 for _ in range(3)]
    assert counts.peak == 1200
    assert len(held) == 3


@interpreted
def test_the_fast_interpreter_says_what_the_slow_one_says(monkeypatch, rng):
    """The slow one looks out for integers of 32 bits that overflow, too."""
    from triton import language
    from triton.runtime import interpreter as slow_one

    from tests.standin import interpreter

    widest = [-(2**63), 2**63 - 1, 0, -1]
    counted = [
        (3, rng.integers(0, 7, (1, 40))),
        (40, rng.integers(0, 2**40, (1, 64))),
        (64, rng.choice(widest, (1, 60))),
    ]
    labels = rng.integers(0, 3, (1, 64))
    cuts = [UniformBins(30, (-1, 1)).cut, Edges([-0.5, 0, 0.3], "clip").cut]
    layers = [rng.normal(size=(40, width)).astype(np.float32) for width in (5, 70)]
    layers[0][0, 0] = np.nan
    weights = [rng.integers(0, 2**40, width) for width in (5, 70)]

    def said(twin, by_row):
        coded = twin.encode_layers(layers, cuts, weights, by_row)
        rows = [coded.codes[1], coded.codes[0][1:], *(coded.outside if by_row else [])]  # NaN: any
        tallies = [
            twin.tally(codes, labels[:, : codes.shape[1]], (3,), code_bits)
            for code_bits, codes in counted
        ]
        return [row.tolist() for tally in (rows, *tallies) for row in tally], coded.census

    def held():
        places = language, language.core, language.tensor, language.math, language.block_type
        places += slow_one, slow_one.ScanOps, slow_one.interpreter_builder
        return [dict(vars(place)) for place in places]

    expected = said(numba_twin, True)
    with monkeypatch.context() as patched:
        watchful = slow_one.InterpreterOptions(debug=True)
        patched.setattr(slow_one.interpreter_builder, "options", watchful)
        assert said(triton_twin, True) == expected
    before = held()
    with interpreter.fast():
        assert said(triton_twin, True) == expected
        assert said(triton_twin, False)[1] == expected[1]
        assert held() != before
    assert held() == before


def test_every_test_of_a_device_runs_on_the_stand_in_or_says_why_not():
    """It asks for the fixture that is one or the other, and nothing else keeps it from running."""
    texts = [(path.name, path.read_text()) for path in sorted(TESTS.rglob("test_*.py"))]
    marks = [
        (name, node, ast.unparse(mark))
        for name, text in texts
        if "mark.gpu" in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if "mark.gpu" in ast.unparse(mark)
    ]
    assert len(marks) >= 10
    for name, node, mark in marks:
        assert "cuda" in [argument.arg for argument in node.args.args], (name, node.name)
        assert mark == "pytest.mark.gpu" or re.fullmatch(r"pytest.mark.gpu\(alone='.+'\)", mark)
        assert not any("skip" in ast.unparse(each) for each in node.decorator_list), node.name


# --- what fastmi makes a device do ----------------------------------------------------------------
# A table for a change to be seen in: a launch is 4 microseconds of a GPU's time, a wait 15, and
# what is moved goes at 3 TB/s.


CASE = replace(SEGMENTS_30, n_samples=1024)  # of 4096 the interpreter would take minutes


class Measured:
    """Thirty segments on the device: 5 copies of 6 layers, 1024 rows."""

    def __init__(self):
        self.x, self.y, self.here = CASE.numbered()
        self.plane = fastmi.PlaneEstimator(self.x, self.y, BINNING)
        self.layers = [torch.from_numpy(layer).to(FAKE) for layer in self.here]
        self.labels = [torch.from_numpy(np.asarray(each)).to(FAKE) for each in (self.x, self.y)]
        self.copy_of = np.random.default_rng(0).integers(5, size=CASE.n_samples)
        self.n_rows = CASE.n_segments * CASE.n_samples


WORK = {
    "estimate": lambda given: given.plane.estimate(given.layers),
    "sampled": lambda given: given.plane.sampled(given.layers, given.copy_of),
    "mixture": lambda given: given.plane.mixture(given.layers),
    "readings": lambda given: given.plane.readings(given.layers, given.copy_of),
    "stream": lambda given: fastmi.Stream(BINNING).update(given.layers[0][0], given.labels[1]),
    "mutual_information": lambda given: fastmi.mutual_information(*given.labels),
}
# launches, waits, uploads, bytes moved for each of activations, bytes held a row of codes
BY_TORCH = {
    "estimate": (76, 4, 0, 29.3, 34.0),
    "sampled": (83, 4, 1, 7.6, 11.1),
    "mixture": (84, 4, 0, 40.7, 52.3),
    "readings": (126, 12, 1, 57.8, 56.3),
    "stream": (28, 7, 0, 1.6, 4.6),
    "mutual_information": (31, 8, 0, 0.7, 1.4),
}
BY_TRITON = {
    "estimate": (13, 3, 0, 3.9, 20.6),
    "sampled": (20, 3, 1, 2.4, 8.4),
    "mixture": (31, 4, 0, 25.7, 52.3),  # 5120 rows of a segment: more than are sorted twice
    "readings": (47, 10, 1, 29.7, 56.3),
    "stream": (20, 7, 0, 0.6, 2.7),
    "mutual_information": (22, 7, 0, 0.2, 0.8),
}


@pytest.mark.parametrize("name", list(BY_TORCH))
def test_what_torch_is_made_to_do(on_device, monkeypatch, name):
    monkeypatch.setattr(triton_twin, "_missing", lambda device: "not today")
    assert costs(name) == BY_TORCH[name]


@interpreted
@pytest.mark.parametrize("name", list(BY_TRITON))
def test_what_kernels_are_made_to_do(on_device, name):
    from tests.standin import interpreter

    with interpreter.fast(), interpreter.on_the_standin():
        assert costs(name) == BY_TRITON[name]


def called(counts):
    print(counts)  # seen where a number has changed: which calls
    return tuple(sum(each.values()) for each in (counts.launches, counts.waits, counts.uploads))


def costs(name):
    """What the second call costs: the first brings edges, weights and labels to the device."""
    given = Measured()
    WORK[name](given)
    with device.counted() as counts:
        WORK[name](given)
    n_bytes = sum(layer.nbytes for layer in given.here)
    return *called(counts), round(counts.moved / n_bytes, 1), round(counts.peak / given.n_rows, 1)


# the six-layer network of exp 2: its forward pass, its gradient, and SGD leaf by leaf
STEP = (77, 0, 0)
EIGHT_DRAWS = (0, 1, 1)


@pytest.mark.parametrize("n_copies", [5, 50])
def test_a_step_of_all_copies_is_as_many_launches_as_of_one(on_device, n_copies):
    """Replayed they are fewer, and one where the device has graphs (`networks.graphs`)."""
    ensemble = fastmi.Ensemble(networks.tanh((12, 10, 7, 5, 4, 3, 1)).to(FAKE), n_copies)
    x, y = torch.zeros(4096, 12).to(FAKE), torch.zeros(4096, 1).to(FAKE)
    draw = functools.partial(ensemble.draw, len(x), 101)
    rows = [draw() for _ in range(8)][-1]
    batch = x[rows], y[rows]
    ensemble.step(*batch)
    with device.counted() as counts:
        ensemble.step(*batch)
    assert called(counts) == STEP
    with device.counted() as counts:
        for _ in range(8):
            draw()
    assert called(counts) == EIGHT_DRAWS


# --- the room that counting takes -----------------------------------------------------------------


@pytest.mark.parametrize("code_bits", [40, 64])
def test_many_segments_are_counted_in_the_room_of_some(on_device, monkeypatch, rng, code_bits):
    monkeypatch.setattr(torch_twin, "ROWS", 2000)
    for n_segments in (10, 40):
        codes = rng.integers(0, 2**40, (n_segments, 500))
        assert room_to_count(codes, code_bits) <= 60 * 2000


@pytest.mark.parametrize("code_bits", [40, 64])
def test_a_long_segment_is_counted_in_the_room_of_a_part(on_device, monkeypatch, rng, code_bits):
    monkeypatch.setattr(torch_twin, "LONG", 1)
    monkeypatch.setattr(torch_twin, "ROWS", 2000)
    for n in (2000, 10_000, 40_000):
        codes = rng.integers(0, 2**40, (1, n))
        beside = 18 * n if n > 2000 else 0  # which part each code belongs to
        assert room_to_count(codes, code_bits) <= beside + 60 * 2200


def room_to_count(codes, code_bits):
    labels = np.zeros((1, codes.shape[1]), np.int32)
    there = torch.from_numpy(codes).to(FAKE)
    beside = torch.from_numpy(labels).to(FAKE)
    with device.counted() as counts:
        torch_twin.tally(there, beside, (2,), code_bits)
    return counts.peak
