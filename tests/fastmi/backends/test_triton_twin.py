"""The Triton twin: where it runs, what it leaves to the torch twin and why, and that it says so."""

import logging

import numpy as np
import pytest
import torch

import fastmi
from fastmi import Edges, backends, coding
from fastmi.backends import Cut, failures, numba_twin, torch_twin, triton_twin
from tests import standin

if standin.missing():
    pytest.skip(standin.missing(), allow_module_level=True)

from tests.standin import device

interpreted = pytest.mark.skipif(not triton_twin.interpreted(), reason="needs the interpreter")
FAKE = device.DEVICE


@pytest.fixture
def unknown():
    """What is known of devices is forgotten before and after."""
    triton_twin._missing.cache_clear()
    triton_twin._faults.clear()
    yield
    triton_twin._missing.cache_clear()
    triton_twin._faults.clear()


@pytest.fixture
def quick():
    from tests.standin import interpreter

    with interpreter.fast():
        yield


# --- whether there are kernels --------------------------------------------------------------------


def test_arrays_and_cpu_tensors_have_no_kernels():
    assert triton_twin.missing(np.zeros(1)) == "it is no tensor"
    assert triton_twin.missing(torch.zeros(1)) == "it lies in CPU memory"


def test_without_triton_there_are_none(monkeypatch, unknown):
    monkeypatch.setattr(triton_twin.importlib.util, "find_spec", lambda name: None)
    assert triton_twin._missing(FAKE) == "Triton is not installed"
    way_out = r"do not run here \(it is no tensor\): leave the context"
    with fastmi.use_backend("triton"), pytest.raises(ValueError, match=way_out):
        fastmi.entropy([0, 1])


@interpreted
def test_kernels_that_give_the_known_answers_are_there(unknown, quick):
    from tests.standin import interpreter

    with device.installed(), interpreter.on_the_standin():
        assert triton_twin._missing(FAKE) == ""
        tensor = torch.zeros(1).to(FAKE)
        assert backends.twin_for(tensor) is triton_twin
        with fastmi.use_backend("torch"):
            assert backends.twin_for(tensor) is torch_twin


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("Failed to find C compiler"), "RuntimeError: Failed to find C compiler"),
        (None, "ArithmeticError: they made"),
    ],
)
def test_kernels_that_fail_are_said_aloud_once(monkeypatch, unknown, error, said):
    def launch(*arguments, **options):
        if error:
            raise error

    monkeypatch.setattr(triton_twin, "launch", launch)
    with device.installed():
        with pytest.warns(triton_twin.KernelWarning, match=f"do not run on fake:0 \\({said}"):
            assert triton_twin._missing(FAKE).startswith(said)
        assert triton_twin._missing(FAKE).startswith(said)  # a second warning would be an error
        assert backends.twin_for(torch.zeros(1).to(FAKE)) is torch_twin


@pytest.mark.parametrize("error", failures.TYPES)
def test_a_device_that_fails_is_not_blamed_on_the_kernels(monkeypatch, unknown, error):
    def launch(*arguments, **options):
        raise error("out of memory")

    monkeypatch.setattr(triton_twin, "launch", launch)
    with device.installed(), pytest.raises(error, match="out of memory"):
        triton_twin._missing(FAKE)


# --- what is left to the torch twin ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "n_labels", "code_bits", "reason"),
    [
        (4096, (2,), 64, ""),
        (4097, (2,), 64, "4097 rows are more than 4096"),
        (8192, (2,), 61, ""),
        (8193, (2,), 61, "8193 rows are more than 8192"),
        (5000, (2, 4), 61, "5000 rows are more than 4096"),  # of the second there is no one key
        (5, (), 10, "there are no labels"),
    ],
)
def test_what_is_not_counted_by_the_kernel_has_a_reason(n, n_labels, code_bits, reason):
    assert triton_twin.against_counting(n, n_labels, code_bits) == reason


def test_too_many_edges_to_search_have_a_reason():
    many = np.arange(triton_twin.MOST_EDGES + 1, dtype=np.float32)
    assert triton_twin.against_coding(Cut(many[:-1], (0, 1))) == ""
    assert triton_twin.against_coding(Cut(many, (0, 1))) == "1048577 edges are more than 1048576"


@interpreted
def test_what_does_not_fit_gives_the_same_integers_and_the_log_says_so(log, monkeypatch, quick):
    monkeypatch.setattr(triton_twin, "MOST_EDGES", 2)
    rows = np.float32([[-1, 0.5], [0.3, 9], [-1, 0.5]])
    cuts = [Edges([0, 0.4]).cut, Edges([0, 0.4, 1]).cut]
    weights = [coding.scheme(2, cut.edges.size).weights for cut in cuts]
    with log.at(logging.DEBUG):
        codes, census, _ = triton_twin.encode_layers([rows, rows], cuts, weights)
        found = triton_twin.tally(codes, np.array([[0, 1, 1]]), (2,), 6)
        triton_twin.tally(codes, np.zeros((0, 3)), ())
    expected, expected_census, _ = numba_twin.encode_layers([rows, rows], cuts, weights)
    np.testing.assert_array_equal(codes.numpy(), expected)
    assert census == expected_census
    known = numba_twin.tally(expected, np.array([[0, 1, 1]]), (2,))
    assert [column.tolist() for column in found] == [column.tolist() for column in known]
    assert [record.getMessage() for record in log.records] == [
        "a layer of 2 edges and 2 units on cpu: Triton",
        "a layer of 3 edges and 2 units on cpu: 3 edges are more than 2",
        "segments of 3 rows with labels below (2,) on cpu: Triton",
        "segments of 3 rows with labels below () on cpu: there are no labels",
    ]


@interpreted
def test_a_shape_that_cannot_be_built_is_left_to_torch_and_tried_once(monkeypatch, quick, unknown):
    launch, tried = triton_twin.launch, []

    def launch_small(kernel, n_programs, *arguments, N=0, **options):
        tried.append(N)
        if N > 64:
            raise RuntimeError("out of resource: shared memory")
        launch(kernel, n_programs, *arguments, **options, **({"N": N} if N else {}))

    monkeypatch.setattr(triton_twin, "launch", launch_small)
    codes, labels = np.arange(100)[None] % 7, np.arange(100)[None] % 2
    expected = numba_twin.tally(codes, labels, (2,))
    with pytest.warns(triton_twin.KernelWarning, match=r"for segments of 100 .*out of resource"):
        found = triton_twin.tally(codes, labels, (2,), 3)
    again = triton_twin.tally(codes, labels, (2,), 3)
    for one, other, known in zip(found, again, expected, strict=True):
        assert one.tolist() == other.tolist() == known.tolist()
    triton_twin.tally(codes[:, :50], labels[:, :50], (2,), 3)
    assert tried == [128, 64]


@interpreted
def test_segments_are_counted_in_parts_where_there_is_no_room_for_all(monkeypatch, quick, rng):
    codes, labels = rng.integers(0, 9, (5, 20)), rng.integers(0, 3, (2, 20))
    expected = numba_twin.tally(codes, labels, (3, 3))
    monkeypatch.setattr(torch_twin, "ROWS", 40)
    found = triton_twin.tally(codes, labels, (3, 3), 4)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


# --- even edges -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 30, 1000, 2**19])
@pytest.mark.parametrize("lowest", [-1.0, 0.0, 5.0])
def test_even_edges_have_a_line(n, lowest):
    edges = np.linspace(lowest, lowest + 2, n).astype(np.float32)
    first, inverse = triton_twin._line(edges.tobytes())
    assert (first, inverse) == (lowest, pytest.approx((n - 1) / 2, rel=1e-6))


@pytest.mark.parametrize(
    "edges",
    [
        [0.5],
        [0, 1, 3],
        [0, 1, 2, 3.6],
        1e9 + 64 * np.arange(5) + np.array([0, 64, 0, 0, 0]),  # float32 is that coarse there
        np.float32([-3e38, 0, 3e38]),
        np.float32(1e-44) * np.arange(1, 4),
    ],
)
def test_other_edges_have_none(edges):
    assert triton_twin._line(np.float32(edges).tobytes()) is None


@pytest.mark.parametrize("seed", range(40))
def test_the_edge_nearest_on_the_line_is_beside_every_number(seed):
    """In float32, fused or not, the place on the line is off by less than one."""
    rng = np.random.default_rng(seed)
    n = int(2 ** rng.uniform(1, 19))
    low, width = rng.normal() * 10 ** rng.uniform(-3, 3), 10 ** rng.uniform(-3, 3)
    edges = np.linspace(low, low + width, n).astype(np.float32)
    line = triton_twin._line(edges.tobytes()) if (np.diff(edges) > 0).all() else None
    if line is None:
        return
    beside = [np.nextafter(edges, np.float32(way)) for way in (-np.inf, np.inf)]
    x = np.concatenate([edges, *beside, rng.uniform(low, low + width, 1000)]).astype(np.float32)
    first, inverse = np.float32(line[0]), np.float32(line[1])
    apart = (x - first) * inverse + np.float32(0.5)
    fused = ((x - first).astype(np.float64) * np.float64(inverse) + 0.5).astype(np.float32)
    for place in (apart, fused):
        nearest = np.clip(place, 0, n - 1).astype(np.int64)
        symbol = nearest + (x >= edges[nearest])
        np.testing.assert_array_equal(symbol, np.digitize(x, edges))
