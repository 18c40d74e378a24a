"""A walk of containers and dtypes: each gives the plain list's answer, or is refused with advice.

The advice works when typed.

Every advice that stands in a message is carried out, as a reader would: one that fails, or gives
another answer, is a poor refusal, and so is a message without any.
"""

from __future__ import annotations

import array
import collections
import importlib.util
import re
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import torch

import fastmi

from .judge import Case, Either, Refused, SkipCase, same

# what a message may say, and what its reader types; the longer first, each is taken out of the
# message once it is read
ADVICE: tuple[tuple[str, str], ...] = (
    ("[str(value) for value in x]", "[str(value) for value in x]"),
    ("np.asarray(list(", "np.asarray(list(x))"),
    (".collect().to_numpy()", "x.collect().to_numpy()"),
    (".to_pandas().to_numpy()", "x.to_pandas().to_numpy()"),
    (".to_numpy(zero_copy_only=False)", "x.to_numpy(zero_copy_only=False)"),
    (".dropna().to_numpy()", "x.dropna().to_numpy()"),
    (".dropna().tolist()", "x.dropna().tolist()"),
    ("list(x.values())", "list(x.values())"),
    ("list(layers.values())", "list(x.values())"),
    (".values()", "list(x.values())"),
    (".cat.codes", "x.cat.codes.to_numpy()"),
    (".codes", "x.codes"),
    ("torch.nested.to_padded_tensor(", "torch.nested.to_padded_tensor(x, 0.0)"),
    ("to_padded_tensor(", "x.to_padded_tensor(0.0)"),
    (".unbind()", "torch.stack(x.unbind())"),
    ("torch.stack(", "torch.stack(tuple(x))"),
    ("np.stack(", "np.stack([np.asarray(one) for one in x])"),
    ("np.array(x.tolist()", "np.array(x.tolist())"),
    ("np.frombuffer(", "np.frombuffer(x, np.uint8)"),
    ("torch.from_dlpack(", "torch.from_dlpack(x)"),
    ("np.from_dlpack(", "np.from_dlpack(x)"),
    ("np.asarray(", "np.asarray(x)"),
    (".to_numpy()", "x.to_numpy()"),
    (".tolist()", "x.tolist()"),
    (".to_list()", "x.to_list()"),
    (".compressed()", "x.compressed()"),
    (".toarray()", "x.toarray()"),
    (".to_dense()", "x.to_dense()"),
    (".dequantize()", "x.dequantize()"),
    (".dropna()", "x.dropna()"),
    (".detach()", "x.detach()"),
    (".float()", "x.float()"),
    (".real", "x.real"),
    (".cpu()", "x.cpu()"),
    (".numpy()", "x.numpy()"),
    (".astype(str)", "x.astype(str)"),
    (".astype(np.int64)", "x.astype(np.int64)"),
    (".astype(int)", "x.astype(int)"),
    (".astype(np.float32)", "x.astype(np.float32)"),
    (".astype(float)", "x.astype(float)"),
    (".view(np.int64)", "x.view(np.int64)"),
    (".decode(", "[one.decode() for one in x]"),
    ("list(", "list(x)"),
    ("sorted(", "sorted(x)"),
    ("tuple(", "tuple(x)"),
)

EDGES = fastmi.Edges([-1, 0, 1])
USES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "labels": ("x", fastmi.entropy),
    "activations": ("activations", lambda x: fastmi.encode(x, EDGES).tolist()),
    "layers": (
        "layers",
        lambda x: fastmi.PlaneEstimator(np.arange(4), [0, 1, 0, 1], EDGES).estimate(x).tolist(),
    ),
}


class PoorAdvice(ValueError):
    """A message whose advice does not work, or that has none."""

    ours = False


def container(
    name: str,
    make: Callable[[], Any],
    plain: Any,
    use: str = "labels",
    *,
    refused: bool = False,
    words: Sequence[Any] = (),
    advice: bool = True,
) -> Case:
    """Uses what `make` gives as `use`.

    Args:
        plain: the answer to the plain list.
        refused: no answer is right (something is missing).
        words: of the message, beside the argument's name. advice: False where nothing can be typed
            that helps.
    """
    argument, function = USES[use]

    def call() -> Any:
        try:
            return function(make())
        except (TypeError, ValueError) as error:
            if advice:
                follow(str(error), make, function, plain)
            raise

    refusal = Refused(argument, *words)
    return Case(f"{use}: {name}", call, refusal if refused else Either(plain, refusal))


def follow(
    message: str,
    make: Callable[[], Any],
    function: Callable[..., Any],
    plain: Any,
    steps: int = 3,
) -> None:
    """Types every advice that the message gives.

    What an advice makes may be refused in its turn (a Series is an array with gaps): its advice is
    followed, a few steps far.

    Raises:
        PoorAdvice: an advice does not lead to the answer, or there is none.
    """
    if 'missing="drop"' in message:
        answer = function(make(), missing="drop")
        if not same(answer, plain):
            raise PoorAdvice(f"missing=drop gives {answer!r:.40}, not {plain!r:.40}")
        return
    left, typed = message, list[str]()
    for said, code in ADVICE:
        if said in left:
            left = left.replace(said, " ")
            typed.append(code)
    dropping = DROPPING.search(message)
    typed = [dropping.group(1)] if dropping else typed
    if not typed:
        raise PoorAdvice(f"no advice in: {message}")
    for code in typed:
        try:
            made = eval(code, {"x": make(), "np": np, "torch": torch, "pd": pd, "pandas": pd})
            answer = function(made)
        except (TypeError, ValueError) as error:
            if not steps:
                raise PoorAdvice(
                    f"{code} ends in {type(error).__name__}: {error}; said: {message}"
                ) from None
            follow(str(error), lambda made=made: made, function, plain, steps - 1)
            continue
        except Exception as error:
            raise PoorAdvice(
                f"{code} ends in {type(error).__name__}: {error}; said: {message}"
            ) from None
        if not same(answer, plain):
            raise PoorAdvice(f"{code} gives {answer!r:.40}, not {plain!r:.40}; said: {message}")


DROPPING = re.compile(r"drop those samples \((.*?), and the same")


class ByDLPack:
    """Nothing but a DLPack capsule."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __dlpack__(self, **options: Any) -> Any:
        return self.held.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.held.__dlpack_device__()


class ByArray:
    """Nothing but __array__."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.held


def installed(name: str) -> Any:
    if importlib.util.find_spec(name) is None:
        raise SkipCase(f"{name} is not installed")
    return importlib.import_module(name)


def polars() -> Any:
    return installed("polars")


def arrow() -> Any:
    return installed("pyarrow")


def memory_map(values: Any) -> Any:
    made = np.memmap("map", np.asarray(values).dtype, "w+", shape=np.shape(values))
    made[:] = values
    return made


def objects(values: Sequence[Any]) -> Any:
    made = np.empty(len(values), object)
    made[:] = values
    return made


WORDS, NUMBERS, FLAGS = ["a", "b", "a", "c"], [0, 1, 0, 2], [True, False, True, True]
H, H_FLAGS = 1.5, 0.8112781244591328
MISSING = (('missing="drop"',), ('missing="symbol"',))
ROWS = [[0, 1], [1, 0], [0, 1], [2, 2]]
H918 = 0.9182958340544896
ROW_CODES = [2, 3, 2, 3]  # of 0, 1, 0, 1

PANDAS = [
    container("pandas Series of integers", lambda: pd.Series(NUMBERS), H),
    container("pandas Series of objects", lambda: pd.Series(WORDS, dtype=object), H),
    container("pandas Series of text", lambda: pd.Series(WORDS, dtype="str"), H),
    container("pandas Series of the string extension", lambda: pd.Series(WORDS, dtype="string"), H),
    container("pandas Series of categories", lambda: pd.Series(WORDS, dtype="category"), H),
    container("pandas Categorical", lambda: pd.Categorical(WORDS), H),
    container("pandas Series of Int64", lambda: pd.Series(NUMBERS, dtype="Int64"), H),
    container(
        "pandas Series of Int64 with NA",
        lambda: pd.Series([0, 1, 0, None], dtype="Int64"),
        H918,
        refused=True,
        words=MISSING,
    ),
    container("pandas Series of boolean", lambda: pd.Series(FLAGS, dtype="boolean"), H_FLAGS),
    container(
        "pandas Series of boolean with NA",
        lambda: pd.Series([True, None, True, False], dtype="boolean"),
        H918,
        refused=True,
        words=MISSING,
    ),
    container("pandas Series of bool", lambda: pd.Series(FLAGS), H_FLAGS),
    container(
        "pandas Series of dates",
        lambda: pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"] * 2)),
        1.0,
    ),
    container(
        "pandas Series of dates with NaT",
        lambda: pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-02"])),
        1.0,
        refused=True,
        words=MISSING,
    ),
    container("pandas Series of whole floats", lambda: pd.Series([0.0, 1.0, 0.0, 2.0]), H),
    container(
        "pandas Series of floats with NaN",
        lambda: pd.Series([0.0, 1.0, 0.0, np.nan]),
        H918,
        refused=True,
        words=MISSING,
    ),
    container(
        "pandas Series of text with None",
        lambda: pd.Series(["a", "b", "a", None]),
        H918,
        refused=True,
        words=MISSING,
    ),
    container("pandas Series of tuples", lambda: pd.Series([(0, 1), (1, 0), (0, 1), (2, 2)]), H),
    container("pandas Index", lambda: pd.Index(WORDS), H),
    container(
        "pandas MultiIndex", lambda: pd.MultiIndex.from_tuples([(0, 1), (1, 0), (0, 1), (2, 2)]), H
    ),
    container("pandas DataFrame of integers", lambda: pd.DataFrame(ROWS), H),
    container("pandas DataFrame of text", lambda: pd.DataFrame({"a": WORDS, "b": WORDS}), H),
    container(
        "pandas DataFrame of text and integers", lambda: pd.DataFrame({"a": WORDS, "b": NUMBERS}), H
    ),
    container(
        "pandas DataFrame with a gap",
        lambda: pd.DataFrame({"a": [0.0, 1.0, 0.0, np.nan]}),
        H918,
        refused=True,
        words=MISSING,
    ),
    container(
        "pandas DataFrame of activations",
        lambda: pd.DataFrame([[0.5], [-0.5]]),
        [2, 1],
        "activations",
    ),
    container(
        "pandas DataFrame of activations and text",
        lambda: pd.DataFrame({"a": [0.5, 1.0], "b": ["x", "y"]}),
        None,
        "activations",
        refused=True,
        advice=False,
    ),
    container(
        "pandas DataFrame with NaN",
        lambda: pd.DataFrame([[0.5], [np.nan]]),
        [2],
        "activations",
        refused=True,
        advice=False,
    ),
    container(
        "pandas DataFrame of Float64",
        lambda: pd.DataFrame([[0.5], [-0.5]], dtype="Float64"),
        [2, 1],
        "activations",
    ),
    container(
        "layers in DataFrames",
        lambda: [pd.DataFrame([[0.5], [-0.5]] * 2)],
        [[1.0, 1.0]],
        "layers",
        advice=False,
    ),
]

POLARS = [
    container("polars Series of integers", lambda: polars().Series(NUMBERS), H),
    container("polars Series of text", lambda: polars().Series(WORDS), H),
    container(
        "polars Series of categories", lambda: polars().Series(WORDS, dtype=polars().Categorical), H
    ),
    container(
        "polars Series with null",
        lambda: polars().Series([0, 1, 0, None]),
        H918,
        refused=True,
        words=(("null", "missing", "drop"),),
        advice=False,
    ),
    container("polars LazyFrame", lambda: polars().LazyFrame({"a": NUMBERS}), H),
    container("polars DataFrame", lambda: polars().DataFrame({"a": WORDS, "b": NUMBERS}), H),
    container(
        "polars DataFrame of activations",
        lambda: polars().DataFrame({"a": [0.5, -0.5]}),
        [2, 1],
        "activations",
    ),
]

ARROW = [
    container("pyarrow Array of integers", lambda: arrow().array(NUMBERS), H),
    container("pyarrow Array of text", lambda: arrow().array(WORDS), H),
    container("pyarrow ChunkedArray", lambda: arrow().chunked_array([NUMBERS]), H),
    container("pyarrow Table", lambda: arrow().table({"a": WORDS, "b": NUMBERS}), H),
    container(
        "pyarrow Array with null",
        lambda: arrow().array([0, 1, 0, None]),
        H918,
        refused=True,
        words=(("null", "missing", "drop"),),
        advice=False,
    ),
    container("xarray DataArray", lambda: installed("xarray").DataArray(NUMBERS), H),
    container(
        "xarray DataArray of activations",
        lambda: installed("xarray").DataArray([[0.5], [-0.5]]),
        [2, 1],
        "activations",
    ),
]

SPARSE = [
    *(
        container(
            f"SciPy {kind}",
            lambda kind=kind: getattr(scipy.sparse, kind)(np.array(ROWS)),
            H,
            words=("sparse",),
        )
        for kind in ("csr_array", "csc_array", "coo_array", "csr_matrix", "dok_array", "lil_array")
    ),
    container(
        "SciPy csr_array of activations",
        lambda: scipy.sparse.csr_array([[0.5], [-0.5]]),
        [2, 1],
        "activations",
        words=("sparse",),
    ),
    container(
        "SciPy csc_matrix of activations",
        lambda: scipy.sparse.csc_matrix([[0.5], [-0.5]]),
        [2, 1],
        "activations",
        words=("sparse",),
    ),
]

NUMPY = [
    container("masked, without a mask", lambda: np.ma.array(NUMBERS), H),
    container(
        "masked",
        lambda: np.ma.array([0, 1, 0, 7], mask=[0, 0, 0, 1]),
        H918,
        words=(("mask", "missing"),),
    ),
    container(
        "masked text",
        lambda: np.ma.array(["a", "b", "a", "z"], mask=[0, 0, 0, 1]),
        H918,
        words=(("mask", "missing"),),
    ),
    container(
        "masked activations, without a mask",
        lambda: np.ma.array([[0.5], [-0.5]]),
        [2, 1],
        "activations",
    ),
    container(
        "masked activations",
        lambda: np.ma.array([[0.5], [9.0]], mask=[[0], [1]]),
        None,
        "activations",
        refused=True,
        words=("mask",),
        advice=False,
    ),
    container("np.matrix", lambda: np.asmatrix([[0], [1], [0], [2]]), H),
    container(
        "np.matrix of activations", lambda: np.asmatrix([[0.5], [-0.5]]), [2, 1], "activations"
    ),
    container("np.memmap", lambda: memory_map(NUMBERS), H),
    container(
        "np.memmap of activations", lambda: memory_map([[0.5], [-0.5]]), [2, 1], "activations"
    ),
    container(
        "np.recarray's field",
        lambda: np.rec.array([(0,), (1,), (0,), (2,)], dtype=[("a", int)]).a,
        H,
    ),
    *(
        container(f"integers {dtype}", lambda dtype=dtype: np.array(NUMBERS, dtype), H)
        for dtype in ("i1", "u1", ">i2", "<u4", ">i8", ">u8", "?")
        if dtype != "?"
    ),
    *(
        container(f"whole floats {dtype}", lambda dtype=dtype: np.array(NUMBERS, dtype), H)
        for dtype in ("f2", "f4", ">f4", "f8", ">f8", "g")
    ),
    *(
        container(
            f"activations {dtype}",
            lambda dtype=dtype: np.array([[0.5], [-0.5]], dtype),
            [2, 1],
            "activations",
        )
        for dtype in ("f2", ">f2", "f4", ">f4", "f8", ">f8", "g")
    ),
    container("text", lambda: np.array(WORDS), H),
    container("text, big-endian", lambda: np.array(WORDS, ">U3"), H),
    container("bytes", lambda: np.array(WORDS, "S"), H),
    container("StringDType", lambda: np.array(WORDS, np.dtypes.StringDType()), H),
    container(
        "StringDType with None",
        lambda: np.array(["a", "b", "a", None], np.dtypes.StringDType(na_object=None)),
        H918,
        refused=True,
        words=MISSING,
        advice=False,
    ),
    container("objects: text", lambda: objects(WORDS), H),
    container("objects: integers", lambda: objects(NUMBERS), H),
    container(
        "objects: large integers", lambda: objects([10**30, 10**30 + 1, 10**30, 0]), H, advice=False
    ),
    container("objects: text and integers", lambda: objects(["1", 1, "1", 2]), H, advice=False),
    container(
        "objects: None",
        lambda: objects(["a", "b", "a", None]),
        H918,
        refused=True,
        words=MISSING,
        advice=False,
    ),
    container("objects: tuples", lambda: objects([(0, 1), (1, 0), (0, 1), (2, 2)]), H),
    container("objects: arrays", lambda: objects([np.array(row) for row in ROWS]), H),
    container(
        "objects: activations", lambda: np.array([[0.5], [-0.5]], object), [2, 1], "activations"
    ),
    container("datetime64", lambda: np.array(["2020-01-01", "2020-01-02"] * 2, "M8[D]"), 1.0),
    container("timedelta64", lambda: np.array([1, 2, 1, 2], "m8[s]"), 1.0),
    container("complex", lambda: np.array(NUMBERS, complex), H, words=("complex",), advice=False),
    container(
        "complex activations",
        lambda: np.array([[0.5], [-0.5]], complex),
        [2, 1],
        "activations",
        words=("complex",),
        advice=False,
    ),
    container(
        "records",
        lambda: np.array([(0, 1), (1, 0)], [("a", int), ("b", int)]),
        None,
        refused=True,
        advice=False,
    ),
]

PYTHON = [
    container("tuple", lambda: tuple(WORDS), H),
    container("list of tuples", lambda: [tuple(row) for row in ROWS], H),
    container("list of arrays", lambda: [np.array(row) for row in ROWS], H),
    container(
        "list of NumPy integers", lambda: [np.int8(0), np.int64(1), np.uint8(0), np.int16(2)], H
    ),
    container("array.array", lambda: array.array("i", NUMBERS), H),
    container("memoryview", lambda: memoryview(array.array("i", NUMBERS)), H),
    container("bytes of Python", lambda: bytes(NUMBERS), H),
    container("bytearray", lambda: bytearray(NUMBERS), H),
    container("range", lambda: range(4), 2.0),
    container("deque", lambda: collections.deque(WORDS), H),
    container("UserList", lambda: collections.UserList(WORDS), H),
    container("set", lambda: {0, 1, 2, 5}, 2.0),
    container("frozenset", lambda: frozenset("abcd"), 2.0),
    container("dict", lambda: dict(zip("wxyz", NUMBERS, strict=True)), H),
    container("dict values", lambda: dict(zip("wxyz", NUMBERS, strict=True)).values(), H),
    container("dict keys", lambda: dict.fromkeys("wxyz").keys(), 2.0),
    container("Counter", lambda: collections.Counter("abac"), None, refused=True, advice=False),
    container("generator", lambda: (label for label in WORDS), H),
    container("iterator", lambda: iter(WORDS), H),
    container("map", lambda: map(str, NUMBERS), H),
    container("a string", lambda: "abac", H, refused=True),
    container(
        "SimpleNamespace",
        lambda: types.SimpleNamespace(labels=WORDS),
        None,
        refused=True,
        advice=False,
    ),
    container("by __array__ alone", lambda: ByArray(np.array(NUMBERS)), H),
    container("by DLPack alone", lambda: ByDLPack(np.array(NUMBERS)), H),
    container(
        "activations by __array__ alone",
        lambda: ByArray(np.array([[0.5], [-0.5]])),
        [2, 1],
        "activations",
    ),
    container(
        "activations by DLPack alone",
        lambda: ByDLPack(np.array([[0.5], [-0.5]])),
        [2, 1],
        "activations",
    ),
    container("activations in lists", lambda: [[0.5], [-0.5]], [2, 1], "activations"),
    container("activations in tuples", lambda: ((0.5,), (-0.5,)), [2, 1], "activations"),
    container(
        "activations in a memoryview",
        lambda: memoryview(np.array([[0.5], [-0.5]])),
        [2, 1],
        "activations",
    ),
    container(
        "layers in a tuple", lambda: (np.array([[0.5], [-0.5]] * 2),), [[1.0, 1.0]], "layers"
    ),
    container(
        "layers in a dict", lambda: {"a": np.array([[0.5], [-0.5]] * 2)}, [[1.0, 1.0]], "layers"
    ),
    container(
        "layers in dict values",
        lambda: {"a": np.array([[0.5], [-0.5]] * 2)}.values(),
        [[1.0, 1.0]],
        "layers",
    ),
    container(
        "layers in a generator",
        lambda: (t for t in [np.array([[0.5], [-0.5]] * 2)]),
        [[1.0, 1.0]],
        "layers",
    ),
    container(
        "layers in a deque",
        lambda: collections.deque([np.array([[0.5], [-0.5]] * 2)]),
        [[1.0, 1.0]],
        "layers",
    ),
    container(
        "layers of lists", lambda: [[[0.5], [-0.5]] * 2], [[1.0, 1.0]], "layers", advice=False
    ),
]

DTYPES = sorted(
    {value for value in vars(torch).values() if isinstance(value, torch.dtype)}, key=str
)


def tensor(dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    """Makes 0, 1, 0, 1 of this dtype, where torch can make and read back such a tensor."""
    whole = torch.tensor([0, 1, 0, 1]).reshape(shape)
    try:
        quantised = str(dtype).startswith("torch.q")
        made = (
            torch.quantize_per_tensor(whole.float(), 1.0, 0, dtype)
            if quantised
            else whole.to(dtype)
        )
        read = made.dequantize() if quantised else made.to(torch.complex128).real
    except (RuntimeError, NotImplementedError, TypeError) as error:
        raise SkipCase(
            f"torch has no tensor of {dtype} here: {str(error).splitlines()[0][:80]}"
        ) from None
    if not torch.equal(read.double(), whole.double()):
        raise SkipCase(f"{dtype} cannot hold 0 and 1")
    return made


def nested() -> torch.Tensor:
    return torch.nested.nested_tensor([torch.tensor([0.5]), torch.tensor([-0.5])])


TORCH = [
    *(
        container(
            f"{dtype}", lambda dtype=dtype: tensor(dtype, (4,)), 1.0, advice=not dtype.is_complex
        )
        for dtype in DTYPES
    ),
    *(
        container(
            f"{dtype}",
            lambda dtype=dtype: tensor(dtype, (4, 1)),
            ROW_CODES,
            "activations",
            advice=not dtype.is_complex,
        )
        for dtype in DTYPES
    ),
    container("with a gradient", lambda: torch.tensor([0.0, 1.0, 0.0, 2.0], requires_grad=True), H),
    container(
        "an nn.Parameter of activations",
        lambda: torch.nn.Parameter(torch.tensor([[0.5], [-0.5]])),
        [2, 1],
        "activations",
    ),
    container(
        "the result of a step with a gradient",
        lambda: torch.tensor([[0.5], [-0.5]], requires_grad=True) * 1.0,
        [2, 1],
        "activations",
    ),
    container("sparse COO", lambda: torch.tensor(ROWS).to_sparse(), H, words=("sparse",)),
    container("sparse CSR", lambda: torch.tensor(ROWS).to_sparse_csr(), H, words=("sparse",)),
    container(
        "sparse activations",
        lambda: torch.tensor([[0.5], [-0.5]]).to_sparse(),
        [2, 1],
        "activations",
        words=("sparse",),
    ),
    container("nested activations", nested, [2, 1], "activations", words=("nested",)),
    container(
        "on the meta device",
        lambda: torch.zeros(4, device="meta"),
        None,
        refused=True,
        words=("meta",),
        advice=False,
    ),
    container(
        "activations on the meta device",
        lambda: torch.zeros(4, 1, device="meta"),
        None,
        "activations",
        refused=True,
        words=("meta",),
        advice=False,
    ),
    container(
        "conjugate, its imaginary part",
        lambda: torch.conj(torch.tensor([[0.5j], [-0.5j]])).imag,
        [1, 2],
        "activations",
    ),
    container("strided", lambda: torch.tensor([[0, 9], [1, 9], [0, 9], [2, 9]])[:, 0], H),
    container("expanded", lambda: torch.tensor([[0.5]]).expand(3, 1), [2, 2, 2], "activations"),
    container("a list of numbers in tensors", lambda: [torch.tensor(i) for i in NUMBERS], H),
    container("a list of rows in tensors", lambda: [torch.tensor(row) for row in ROWS], H),
    container(
        "a list of numbers with gradients",
        lambda: [torch.tensor(float(i), requires_grad=True) for i in NUMBERS],
        H,
    ),
    container(
        "a list of rows of activations with gradients",
        lambda: [torch.tensor([t], requires_grad=True) for t in (0.5, -0.5)],
        [2, 1],
        "activations",
    ),
    container(
        "layers with gradients",
        lambda: [torch.tensor([[0.5], [-0.5]] * 2, requires_grad=True)],
        [[1.0, 1.0]],
        "layers",
    ),
    container(
        "layers, quantised",
        lambda: [torch.quantize_per_tensor(torch.tensor([[0.5], [-0.5]] * 2), 0.5, 0, torch.qint8)],
        [[1.0, 1.0]],
        "layers",
        advice=False,
    ),
    container(
        "layers, sparse",
        lambda: [torch.tensor([[0.5], [-0.5]] * 2).to_sparse()],
        [[1.0, 1.0]],
        "layers",
        words=("to_dense",),
        advice=False,
    ),
]


def cases(seed: int = 0, long: bool = False) -> list[Case]:
    return [*PANDAS, *POLARS, *ARROW, *SPARSE, *NUMPY, *PYTHON, *TORCH]
