"""Every guard fires, and says which argument, what came, and the way out."""

import warnings

import numpy as np
import pytest
import torch

import fastmi
from fastmi import Edges, PlaneEstimator, UniformBins, checks, labels
from fastmi.labels import as_labels

TOO_MANY = checks.MAX_SAMPLES + 1
EDGES = Edges([-1, 0, 1])
T = np.zeros((4, 2), np.float32)
COPIES = np.zeros((3, 4, 2), np.float32)


class Series:
    """Like a pandas Series: iterable, sized, with a dtype, and no array."""

    dtype, shape, ndim = np.dtype(float), (4,), 1

    def __len__(self):
        return 4

    def __iter__(self):
        return iter(range(4))

    def __array__(self, dtype=None, copy=None):
        return np.arange(4)


def jagged():
    with warnings.catch_warnings():
        # torch calls nested tensors a prototype, and quantised ones deprecated
        warnings.simplefilter("ignore")
        return torch.nested.nested_tensor([torch.ones(2, 1), torch.ones(3, 1)])


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.ones(3, 2), 0.1, 0, torch.qint8)


def plane(x=None, y=None):
    return PlaneEstimator(np.arange(4) if x is None else x, np.arange(4) if y is None else y, EDGES)


def encode(activations, binning=EDGES):
    return fastmi.encode(activations, binning)


def wide(dtype):
    """More samples than are counted at once, in a few bytes: every one is the same zero."""
    return np.broadcast_to(np.zeros((), dtype), (TOO_MANY, 1))


def whole(*labels):
    return fastmi.entropy(np.array(labels))


# (what is called, the error, what its message must hold: the argument, the value, the way out)
GUARDS = {
    # containers
    "a Series": (
        lambda: encode(Series()),
        TypeError,
        "activations is a tests.fastmi.test_checks.Series: pass a NumPy array",
        "np.asarray(activations)",
    ),
    "layers in lists": (
        lambda: plane().estimate([[[0.0]] * 4]),
        TypeError,
        "layers[0] is a builtins.list",
        "np.asarray(layers[0])",
    ),
    "x in a list": (
        lambda: plane(x=[0, 1, 2, 3]),
        TypeError,
        "x is a builtins.list",
        "np.asarray(x)",
    ),
    "None": (
        lambda: encode(None),
        TypeError,
        "activations is a builtins.NoneType",
        "pass a NumPy array",
    ),
    "a set": (
        lambda: fastmi.entropy({0, 1}),
        TypeError,
        "x is a builtins.set",
        "pass a NumPy array",
    ),
    "a string": (
        lambda: fastmi.entropy("abab"),
        TypeError,
        "x is a builtins.str",
        "pass a NumPy array",
    ),
    "sparse": (
        lambda: encode(torch.eye(3).to_sparse()),
        TypeError,
        "activations is a torch.sparse_coo",
        "activations.to_dense()",
    ),
    "meta": (
        lambda: encode(torch.zeros(3, 2, device="meta")),
        TypeError,
        "activations is a",
        "'meta'",
        "holds no values",
    ),
    "nested": (
        lambda: encode(jagged()),
        TypeError,
        "activations is a nested tensor",
        "to_padded_tensor(activations, 0.0)",
    ),
    "quantised": (
        lambda: encode(quantised()),
        TypeError,
        "activations is a quantised tensor (torch.qint8)",
        ".dequantize()",
    ),
    "four bits": (
        lambda: fastmi.entropy(torch.empty(3, dtype=torch.int4)),
        TypeError,
        "x is a tensor of torch.int4",
        "int64",
    ),
    # devices
    "layers apart": (
        lambda: plane().estimate([T, torch.zeros(4, 2, device="meta")]),
        ValueError,
        "arrays on different devices: layers[0] on 'cpu', layers[1] on 'meta'",
        "move them to one (tensor.cpu(), tensor.to(...))",
    ),
    # activations
    "objects": (
        lambda: encode(T.astype(object)),
        TypeError,
        "activations has dtype object",
        "activations.astype(np.float32)",
    ),
    "complex": (
        lambda: encode(T.astype(complex)),
        TypeError,
        "activations has dtype complex128",
        "real numbers",
    ),
    "complex tensor": (
        lambda: encode(torch.zeros(3, 2) * 1j),
        TypeError,
        "activations has dtype complex64",
        "real numbers",
    ),
    "strings": (
        lambda: encode(np.array([["a"]])),
        TypeError,
        "activations has dtype <U1",
        "real numbers",
    ),
    "dates": (
        lambda: encode(T.astype("M8[s]")),
        TypeError,
        "activations has dtype datetime64[s]",
        "real numbers",
    ),
    "a vector": (
        lambda: encode(T[0]),
        ValueError,
        "activations has shape (2,)",
        "(..., n_samples, n_units)",
    ),
    "other n": (
        lambda: plane().estimate([T, np.zeros((5, 2))]),
        ValueError,
        "layers[1] has 5 samples (shape (5, 2)), but x and y have 4",
        "the axis before the last is the samples",
    ),
    "no samples": (
        lambda: encode(T[:0]),
        ValueError,
        "activations has no samples (n = 0)",
        "nothing to count",
    ),
    "no units": (
        lambda: encode(T[:, :0]),
        ValueError,
        "activations has shape (4, 0)",
        "nothing to encode",
    ),
    "no copies": (
        lambda: encode(COPIES[:0]),
        ValueError,
        "activations has shape (0, 4, 2)",
        "nothing to encode",
    ),
    "too many samples": (
        lambda: encode(wide(np.float32)),
        ValueError,
        f"activations has {TOO_MANY} samples: at most",
    ),
    # labels
    "a number": (
        lambda: fastmi.entropy(np.array(3)),
        ValueError,
        "x is a single value",
        "labels are (n,), rows (n, d)",
    ),
    "no labels": (
        lambda: fastmi.entropy([]),
        ValueError,
        "x has shape (0,)",
        "nothing to count (n = 0)",
    ),
    "no rows": (
        lambda: fastmi.entropy(np.zeros((0, 3), int)),
        ValueError,
        "x has shape (0, 3)",
        "(n = 0)",
    ),
    "ragged": (
        lambda: fastmi.mutual_information([0, 1], [[0], [0, 1]]),
        ValueError,
        "y is a ragged list",
        "one length (n, d)",
    ),
    "object labels": (
        lambda: fastmi.entropy([0, 1j]),
        TypeError,
        "x holds 1j, a complex",
        "dtype is object",
        "integers, bools",
    ),
    "a missing label": (
        lambda: fastmi.entropy([0, None]),
        ValueError,
        "x holds 1 missing value (None, the first at 1)",
        "drop",
    ),
    "a missing label in rows": (
        lambda: fastmi.entropy([(0, 1), (0, None)]),
        ValueError,
        "(None, the first at (1, 1))",
        'missing="drop"',
    ),
    "a missing date": (
        lambda: fastmi.entropy(np.array(["NaT"], "M8[s]")),
        ValueError,
        "x holds 1 missing value (NaT",
        'missing="symbol"',
    ),
    "fields": (
        lambda: fastmi.entropy(np.zeros(2, "i4,i4")),
        TypeError,
        "x has dtype [('f0'",
        "x.tolist()",
    ),
    "a list of dates": (
        lambda: fastmi.entropy([np.zeros(2, "M8[s]")]),
        TypeError,
        "x has dtype datetime64[s]",
        "astype",
    ),
    "complex labels": (
        lambda: fastmi.entropy(np.array([1j])),
        TypeError,
        "x has dtype complex128",
        "integers, bools, strings",
    ),
    "mixed list": (
        lambda: fastmi.entropy([1, "1"]),
        TypeError,
        "x mixes strings with other labels",
        "make them all numbers, or all strings",
    ),
    "fractions": (
        lambda: whole(1.0, 0.25),
        ValueError,
        "x holds 0.25, not a whole number",
        "bin them first: fastmi.encode",
    ),
    "NaN label": (
        lambda: whole(1.0, np.nan),
        ValueError,
        "x holds 1 missing value (NaN, the first at 1)",
        'missing="drop"',
    ),
    "infinite label": (
        lambda: whole(-np.inf),
        ValueError,
        "x holds -inf, not a whole number",
        "pass whole numbers within int64, or strings",
    ),
    "beyond int64": (
        lambda: whole(2.0**63),
        ValueError,
        "x holds 9.223372036854776e+18, not a whole number",
    ),
    "fractions in z": (
        lambda: fastmi.conditional_mutual_information([0], [0], np.array([0.5], np.float16)),
        ValueError,
        "z holds 0.5, not a whole number",
        "fastmi.encode",
    ),
    "fractional y": (
        lambda: plane(y=np.array([0, 1, 1, 0.5])),
        ValueError,
        "y holds 0.5, not a whole number",
        "fastmi.encode",
    ),
    "too many labels": (
        lambda: fastmi.entropy(wide(np.int64)[:, 0]),
        ValueError,
        f"x has {TOO_MANY} samples: at most",
    ),
    "too many rows": (
        lambda: fastmi.entropy(wide(np.int64)),
        ValueError,
        f"x has {TOO_MANY} samples: at most",
    ),
    # the same lines that CUDA tensors pass
    "device complex": (
        lambda: labels._on_device("x", torch.ones(2) * 1j, "x"),
        TypeError,
        "x has dtype torch.complex64",
        "labels",
    ),
    "device fraction": (
        lambda: labels._on_device("x", torch.tensor([1, 0.5]).half(), labels.Handle("x")),
        ValueError,
        "x holds 0.5, not a whole number",
        "fastmi.encode",
    ),
    "device beyond int64": (
        lambda: labels._on_device("x", torch.tensor([2**63 + 5], dtype=torch.uint64), "x"),
        ValueError,
        "x holds 9223372036854775813, beyond int64",
        "pass x.cpu()",
    ),
    # several variables
    "lengths": (
        lambda: fastmi.mutual_information([0, 1], [0, 1, 2]),
        ValueError,
        "different numbers of samples: x has 2, y has 3",
    ),
    "three lengths": (
        lambda: fastmi.conditional_mutual_information([0], [0], [[0, 1], [2, 3]]),
        ValueError,
        "different numbers of samples: x has 1, y has 1, z has 2",
    ),
    "x and y": (
        lambda: plane(y=np.arange(5)),
        ValueError,
        "different numbers of samples: x has 4, y has 5",
    ),
    "batches": (
        lambda: fastmi.mutual_information(np.zeros((2, 4, 1), int), np.zeros((3, 4, 1), int)),
        ValueError,
        "different batches: x is (2, 4, 1), y is (3, 4, 1)",
        "their leading axes, before the last two, must be the same, 1, or left out",
    ),
    "y of three axes": (
        lambda: plane(y=np.zeros((2, 4, 1), int)),
        ValueError,
        "y has shape (2, 4, 1)",
        "drop the other axes",
    ),
    # x
    "x of objects": (
        lambda: plane(x=np.array([None] * 4)),
        TypeError,
        "x has dtype object",
        "one row a sample",
    ),
    "x of strings": (
        lambda: plane(x=np.array(list("abcd"))),
        TypeError,
        "x has dtype <U1",
        "pass real numbers",
    ),
    "empty x": (
        lambda: plane(x=np.zeros((0, 2)), y=[0]),
        ValueError,
        "x has shape (0, 2)",
        "nothing to count (n = 0)",
    ),
    "one x": (
        lambda: plane(x=np.array(1.0), y=[0]),
        ValueError,
        "x has shape ()",
        "nothing to count",
    ),
    "NaN in x": (
        lambda: plane(x=np.float32([0, 1, np.nan, 2])),
        ValueError,
        "x holds NaN in row 2",
        "drop or fill those rows",
    ),
    "too many x": (
        lambda: plane(x=wide(float)),
        ValueError,
        f"x has {TOO_MANY} samples: at most {checks.MAX_SAMPLES}",
    ),
    # layers
    "no layers": (
        lambda: plane().estimate([]),
        TypeError,
        "layers is []",
        "a non-empty sequence of them",
    ),
    "a generator": (
        lambda: plane().estimate(t for t in [T]),
        TypeError,
        "layers is <generator",
        "pass one array (..., n, d)",
    ),
    "mixed axes": (
        lambda: plane().estimate([COPIES, T]),
        ValueError,
        "layers[1] has leading axes (), layers[0] has (3,)",
        "every layer needs the same copies and epochs",
    ),
    "NaN in a layer": (
        lambda: plane().estimate([T, np.full((4, 1), np.nan)]),
        ValueError,
        "layers[1] holds 4 NaN, and a NaN has no bin",
        "drop those samples, or stop before them",
    ),
    "outside": (
        lambda: PlaneEstimator(np.arange(4), np.arange(4), Edges([-1, 1], "raise")).estimate(
            [T, T + 1]
        ),
        ValueError,
        "layers[1] holds 8 activations outside 1 bins on [-1, 1)",
        'give outsiders symbols with out_of_range="separate"',
    ),
    # copies and assignments
    "one network, mixture": (
        lambda: plane().mixture(T),
        ValueError,
        "layers[0] has shape (4, 2)",
        "n_copies, n_samples, n_units",
    ),
    "one network, sampled": (
        lambda: plane().sampled(T, [0] * 4),
        ValueError,
        "layers[0] has shape (4, 2)",
        "n_copies",
    ),
    "short assignment": (
        lambda: plane().sampled(COPIES, [0, 1, 2]),
        ValueError,
        "assignment has dtype int64 and shape (3,)",
        "one copy index per sample, integers (4,)",
    ),
    "ragged assignment": (
        lambda: plane().sampled(COPIES, [[0], [1, 2]]),
        ValueError,
        "assignment is a ragged list",
        "one copy index per sample",
    ),
    "float assignment": (
        lambda: plane().sampled(COPIES, np.zeros(4)),
        ValueError,
        "assignment has dtype float64",
        "integers (4,)",
    ),
    "copy too high": (
        lambda: plane().sampled(COPIES, [0, 3, 1, 2]),
        ValueError,
        "assignment holds 3, but the copies are 0..2",
    ),
    "copy below 0": (
        lambda: plane().sampled(COPIES, [0, -1, 1, 2]),
        ValueError,
        "assignment holds -1, but the copies are 0..2",
    ),
    # the binning
    "no binning": (
        lambda: encode(T, [0, 1]),
        TypeError,
        "binning is [0, 1]",
        "pass fastmi.Edges(...), fastmi.UniformBins(...), another binning",
    ),
    "plane, no binning": (
        lambda: PlaneEstimator(T, T[:, 0], 30),
        TypeError,
        "binning is 30",
        "fastmi.Edges(...)",
    ),
    "2-D edges": (
        lambda: Edges([[0, 1]]),
        TypeError,
        "edges has dtype int64 and shape (1, 2)",
        "pass a 1-D sequence of numbers",
    ),
    "ragged edges": (
        lambda: Edges([[0, 1], [2]]),
        TypeError,
        "edges is a ragged list",
        "pass a 1-D sequence of numbers",
    ),
    "no edge": (lambda: Edges([]), ValueError, "edges holds 0 values", "at least one edge"),
    "a threshold that clips": (
        lambda: Edges([0], "clip"),
        ValueError,
        "out_of_range is 'clip'",
        "a single edge is a threshold",
    ),
    "infinite edge": (
        lambda: Edges([0, np.inf]),
        ValueError,
        "edges holds inf",
        "edges are finite float32",
    ),
    "falling edges": (
        lambda: Edges([0, 2, 1.5]),
        ValueError,
        "edges[1] = 2.0 is followed by 1.5",
        "sort them and drop repeats",
    ),
    "no range": (
        lambda: UniformBins(3),
        TypeError,
        "range must be a pair (low, high), not None",
        "UniformBins(3, range=(-1, 1))",
    ),
    "a set of ends": (
        lambda: UniformBins(3, {1, 5}),
        TypeError,
        "range must be a pair (low, high), not {1, 5}",
    ),
    "a range of NaN": (
        lambda: UniformBins(3, (np.nan, 1)),
        ValueError,
        "not (nan, 1.0)",
        "np.nanmin",
    ),
    "bins narrower than float32": (
        lambda: UniformBins(2, (1, 1 + 1e-9)),
        ValueError,
        "n_bins is 2 on range (1.0, 1.000000001)",
        "a wider range",
    ),
    "too many bins": (
        lambda: UniformBins(2**24, (0, 1)),
        ValueError,
        "n_bins is 16777216: at most 16777215",
    ),
    "endless range": (
        lambda: UniformBins(3, (0, 10**400)),
        TypeError,
        "range must be a pair (low, high), not (0, 1000",
    ),
    "empty range": (
        lambda: UniformBins(3, (1, 1)),
        ValueError,
        "range must be finite with low < high, not (1.0, 1.0)",
    ),
    "n_bins": (lambda: UniformBins("3", (0, 1)), TypeError, "n_bins must be an integer, not '3'"),
    "no bins": (lambda: UniformBins(0, (0, 1)), ValueError, "n_bins must be at least 1, not 0"),
    "out_of_range": (
        lambda: Edges([0, 1], "fold"),
        ValueError,
        "out_of_range must be one of 'separate', 'clip'",
        "not 'fold'",
    ),
    # the base
    "base 1": (
        lambda: fastmi.entropy([0, 1], base=1),
        ValueError,
        "base must be a number above 1",
        "not 1",
    ),
    "base 0": (
        lambda: fastmi.entropy([0, 1], base=0),
        ValueError,
        "base must be a number above 1",
        "not 0",
    ),
    "negative base": (
        lambda: fastmi.mutual_information([0], [1], base=-2),
        ValueError,
        "None for nats, not -2",
    ),
    "infinite base": (
        lambda: fastmi.entropy([0, 1], base=np.inf),
        ValueError,
        "base must be a number above 1",
        "not inf",
    ),
    "NaN base": (
        lambda: fastmi.conditional_mutual_information([0], [1], [0], base=np.nan),
        ValueError,
        "base must be a number above 1",
        "not nan",
    ),
    "base 'e'": (
        lambda: fastmi.entropy([0, 1], base="e"),
        TypeError,
        "base must be a number above 1",
        "None for nats, not 'e'",
    ),
}


def fire(name):
    call, error, *holds = GUARDS[name]
    with pytest.raises(error) as caught:
        call()
    assert caught.type is error
    assert [part for part in holds if part not in str(caught.value)] == [], str(caught.value)


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_names_the_argument_the_value_and_the_way_out(name):
    fire(name)


@pytest.mark.parametrize(
    "name", [name for name in GUARDS if "meta" not in name and "apart" not in name]
)
def test_a_guard_does_not_depend_on_the_backend(name):
    with fastmi.use_backend("torch"):
        fire(name)


# --- what a guard lets pass -----------------------------------------------------------------------


def test_cpu_arrays_pass_without_a_copy():
    assert np.shares_memory(checks.activations("t", T), T)
    tensor = torch.zeros(4, 2)
    assert checks.activations("t", tensor).ctypes.data == tensor.data_ptr()
    counted = np.arange(4)
    assert np.shares_memory(as_labels("x", counted), counted)
    assert np.shares_memory(as_labels("x", counted.view(np.uint64)), counted)
    assert np.shares_memory(checks.numbers("x", counted), counted)


def test_a_negative_zero_is_a_zero():
    assert PlaneEstimator(np.array([[0.0], [-0.0]]), [0, 1], EDGES).n_x == 1
    assert fastmi.entropy(np.array([0.0, -0.0])) == 0.0


def test_conjugate_and_negative_views_are_resolved():
    imaginary = torch.conj(torch.tensor([[1 + 2j]])).imag  # a view that is negated when read
    assert imaginary.is_neg()
    assert fastmi.encode(imaginary, Edges([-3, -1.5, 0])).tolist() == [1]


def test_arrays_beside_cpu_tensors_are_on_one_device():
    checks.same_device(x=np.zeros(1), y=torch.zeros(1))


def test_infinite_x_are_rows_like_any():
    assert PlaneEstimator(np.array([np.inf, -np.inf, np.inf]), [0, 1, 1], EDGES).n_x == 2
