"""The backend seam: activations -> integer codes -> integer tallies, by one of its twins.

Nothing else crosses it. Each twin is a module with the same ten functions:

    receive(array)
        -> the same numbers in the twin's own container, without a copy
    beside(labels, codes)
        -> the labels where the codes are
    encode_layers([activations (m, d)], [Cut], [weights (d,)], by_row)
        -> Coded: codes (l, m), [Census], how many of each row lie outside; any widths d
    count_units(activations (m, d), Cut, labels (m,), n_labels)
        -> how often each unit has each symbol beside each label, (n_labels, d, n_symbols) on the
        host, and a Census
    extent(codes (m, d))
        -> the lowest and the highest
    identify(codes (n,))
        -> dense ids (n,), number of symbols
    tally(codes (s, n), labels (l, n), n_labels, code_bits)
        -> Occurrences in (1 + l) s segments: the codes, then each (code, label)
    distinct(codes (n,), labels (n,), n_labels, code_bits, counts)
        -> each pair that occurs and the sum of its counts (of 1 each), on the host
    permutation_sums(codes (s, n), labels (n,), n_labels, terms, seed, n_resamples)
        -> sums (1 + n_resamples, s) of terms[count] over the pairs (code, label): of the labels as
        they are, then under each permutation that the seed gives; the labels are on the host
    tally_pairs(Columns, Columns, pairs (p, 2), apart)
        -> Occurrences in p segments, the cells of a column of the first and one of the second; if
        they are wanted `apart`, in 3 p: then of the first's symbols where both count, then of the
        second's

Codes are in 0..2^code_bits - 1, or any integers where that is ANY_CODE.

NumPy arrays (and CPU tensors, as NumPy views) go to the Numba twin; CUDA tensors to the Triton
twin, whose kernels do what fits them, and where Triton does not run to the torch twin, which is
what the kernels are held to. `threads` beside them says how many threads the Numba twin may use.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from fastmi.backends.settings import Held, Setting, one_line

__all__ = [
    "ANY_CODE",
    "Census",
    "Coded",
    "Columns",
    "Cut",
    "IntArray",
    "Occurrences",
    "Twin",
    "twin_for",
    "use_backend",
]

IntArray = npt.NDArray[np.int64]

ANY_CODE = 64  # bits of a code that may be any integer
NAMES = ("numba", "torch", "triton")
BY_CONTAINER = Held(None)
_forced: ContextVar[Held] = ContextVar("fastmi_backend", default=BY_CONTAINER)


class Cut(NamedTuple):
    """How a layer's values become symbols: np.digitize(t, edges), with its ends replaced.

    `ends` are the symbols in place of 0 and n_edges. `line` is (first edge, spacing) of evenly
    spaced edges before they were rounded to float32: a guess, which a twin may use once it has
    proved it.
    """

    edges: npt.NDArray[np.float32]
    ends: tuple[int, int]
    line: tuple[float, float] | None = None


class Census(NamedTuple):
    """How many values were NaN, and how many lay outside.

    Outside is below the first edge, or at or above the last one.
    """

    nan: int
    outside: int


class Coded(NamedTuple):
    """Codes (l, m), the census of each layer, and how many of each row lie outside, (l, m).

    The latter in int32, where it was asked for; else None.
    """

    codes: Any
    census: list[Census]
    outside: Any


class Occurrences(NamedTuple):
    """In segment `segment[k]`, `symbols[k]` symbols occur exactly `times[k]` times each.

    Sorted by (segment, times), each pair once, none of the numbers zero: one form for one answer,
    whatever the order of the samples.
    """

    segment: IntArray
    times: IntArray
    symbols: IntArray


class Columns(NamedTuple):
    """Columns of few symbols each: codes (d, n) of any integers, column c's in 0..sizes[c] - 1.

    Of these the first kept[c] count, (d,): others are no symbols, and their rows are left out.
    """

    codes: Any
    sizes: IntArray
    kept: IntArray


class Twin(Protocol):
    """What a backend is; containers are the twin's own (NumPy arrays, or tensors on one device)."""

    def receive(self, array: Any) -> Any: ...

    def beside(self, labels: Any, codes: Any) -> Any: ...

    def encode_layers(
        self, layers: list[Any], cuts: list[Cut], weights: list[IntArray], by_row: bool = False
    ) -> Coded: ...

    def count_units(
        self, layer: Any, cut: Cut, labels: Any, n_labels: int
    ) -> tuple[IntArray, Census]: ...

    def extent(self, codes: Any) -> tuple[int, int]: ...

    def identify(self, codes: Any) -> tuple[Any, int]: ...

    def tally(
        self, codes: Any, labels: Any, n_labels: tuple[int, ...], code_bits: int = ANY_CODE
    ) -> Occurrences: ...

    def distinct(
        self,
        codes: Any,
        labels: Any,
        n_labels: int,
        code_bits: int = ANY_CODE,
        counts: IntArray | None = None,
    ) -> tuple[IntArray, IntArray, IntArray]: ...

    def permutation_sums(
        self,
        codes: Any,
        labels: IntArray,
        n_labels: int,
        terms: IntArray,
        seed: int,
        n_resamples: int,
    ) -> IntArray: ...

    def tally_pairs(
        self, xs: Columns, ys: Columns, pairs: IntArray, apart: bool
    ) -> Occurrences: ...


def twin_for(array: object) -> Twin:
    """Finds the twin that works on an array: by its container, unless `use_backend` forces one."""
    forced = _forced.get().value
    on_device = not isinstance(array, np.ndarray)
    if on_device and forced == "numba":
        raise ValueError(
            "use_backend('numba') is in force, and the Numba twin works on CPU memory, but an array"
            " is a CUDA tensor: leave the context, or pass tensor.cpu()"
        )
    if forced == "triton":
        from fastmi.backends import triton_twin

        triton_twin.insist(array)
        return triton_twin
    if forced == "torch" or on_device:
        from fastmi.backends import torch_twin, triton_twin

        return torch_twin if forced == "torch" or triton_twin.missing(array) else triton_twin
    from fastmi.backends import numba_twin

    return numba_twin


def use_backend(name: str) -> Setting:
    """Forces one twin: for tests and comparisons, never needed otherwise.

    In force from the call on, in this thread or task; as a `with` block until its end, which goes
    back to what was before the call; as a decorator while the function runs.

    Args:
        name: "numba", "torch" or "triton". "torch" also takes NumPy arrays and CPU tensors, on the
            CPU; "numba" refuses CUDA tensors; "triton" is what CUDA tensors get unasked where
            Triton runs, and refuses all else.

    Raises:
        ValueError: the name is none of them.
        TypeError: as a decorator of a generator or a coroutine, whose work is done later.

    Example:
        >>> import fastmi
        >>> with fastmi.use_backend("torch"):
        ...     fastmi.entropy([0, 0, 1, 1])
        1.0
    """
    if not isinstance(name, str) or name not in NAMES:
        raise ValueError(
            f"name must be one of {', '.join(map(repr, NAMES))}, not {one_line(name)}: to work on a"
            " GPU force none, and pass tensors that are on it (tensor.cuda())"
        )
    return Setting(_forced, name)
