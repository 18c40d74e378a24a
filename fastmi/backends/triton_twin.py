"""The device twin by its kernels: what fits them is coded and counted in Triton.

What does not fit goes to the torch twin and gives the same integers. `missing` tells why a device
has no kernels, `against_coding` and `against_counting` why a layer or a tally does not fit; the log
"fastmi.backends" says at level DEBUG which of the two ran.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import warnings
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from fastmi.backends import ANY_CODE, Coded, Cut, IntArray, Occurrences, torch_twin
from fastmi.backends.failures import of_the_device
from fastmi.backends.torch_twin import (
    beside,
    census_of,
    count_units,
    distinct,
    extent,
    identify,
    in_parts,
    permutation_sums,
    placed,
    receive,
    tally_pairs,
)

__all__ = [
    "KernelWarning",
    "against_coding",
    "against_counting",
    "beside",
    "count_units",
    "distinct",
    "encode_layers",
    "extent",
    "identify",
    "insist",
    "interpreted",
    "missing",
    "permutation_sums",
    "receive",
    "tally",
    "tally_pairs",
]

T = TypeVar("T")
LOG = logging.getLogger("fastmi.backends")

# a program codes so many numbers at a time, of so many units
BLOCK_NUMBERS = 2048
BLOCK_UNITS = 64
MOST_EDGES = 2**20
# blocks take turns among so many places to add what they counted: one would be a queue
SLOTS = 64
# of a segment that one program sorts. Of codes that share no key with a label, whose two sorts hold
# twice as much in registers, half as many
MOST_ROWS, MOST_ROWS_TWICE = 8192, 4096
LEAST_BLOCK = 64
ROWS_A_WARP = 256
KEY_BITS, NARROW_KEY_BITS = 62, 30


class KernelWarning(RuntimeWarning):
    """Triton is there, and its kernels do not run: torch's calls give the same numbers, slower."""


# --- whether there are kernels --------------------------------------------------------------------


def missing(array: Any) -> str:
    """Tells why there are no kernels where an array lies; "" if there are."""
    return _missing(array.device) if isinstance(array, Tensor) else "it is no tensor"


def insist(array: Any) -> None:
    """Refuses arrays on which no kernel runs.

    Raises:
        ValueError: with the reason.
    """
    # the interpreter takes what the torch twin takes
    if not interpreted() and (reason := missing(array)):
        raise ValueError(
            f"use_backend('triton') is in force, but its kernels do not run here ({reason}): leave "
            "the context, or pass CUDA tensors where Triton is installed"
        )


@functools.cache
def _missing(device: torch.device) -> str:
    """Tries both kernels on a few rows, once for each device.

    Warns:
        KernelWarning: Triton is there and they fail.
    """
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed"
    if device.type == "cpu":
        return "it lies in CPU memory"
    _, fault = _attempted(f"on {device}", functools.partial(_try, device))
    return fault


def interpreted() -> bool:
    """Tells whether Triton is there and runs kernels in Python, on the CPU, as tests do."""
    if importlib.util.find_spec("triton") is None:
        return False
    from fastmi.backends import triton_kernels

    # as it was decided where they were defined
    return hasattr(triton_kernels.encode_rows, "rewriter")


def _try(device: torch.device) -> None:
    """Compares what the kernels make of a few rows with what is known of them.

    Raises:
        ArithmeticError: it is something else.
    """
    layer = torch.tensor([[-1, 0.5], [0.25, 0], [-1, 0.5]]).to(device)
    codes = torch.empty(1, 3, dtype=torch.int64, device=device)
    census = codes.new_zeros((1, SLOTS, 2))
    cut = Cut(np.array([0, 0.25], np.float32), (0, 2))
    outside = torch.empty_like(codes, dtype=torch.int32)
    _code(layer, cut, np.array([1, 4]), codes[0], outside[0], census[0])
    labels = torch.tensor([[0, 1, 1]], dtype=torch.int32).to(device)
    numbers = [codes, outside, census.sum(1), *_count(codes, labels, (2,), 4)]
    known = [[[8, 6, 8]], [[2, 1, 2]], [[0, 5]], [0, 0, 1], [1, 2, 1], [1, 1, 3]]
    if [each.tolist() for each in numbers] != known:
        raise ArithmeticError(f"they made {[each.tolist() for each in numbers]} of {known}")


def _attempted(where: str, attempt: Callable[[], T]) -> tuple[T | None, str]:
    """Makes an attempt by a kernel: what it gives, or None and why it failed.

    No compiler, a card that Triton does not know, a block that is too large for it: for these there
    is the torch twin.

    Warns:
        KernelWarning: it failed.
    """
    try:
        return attempt(), ""
    except Exception as error:
        if of_the_device(error):
            raise
        fault = f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
        warnings.warn(
            f"Triton's kernels do not run {where} ({fault}): torch's own calls give the same "
            "numbers, slower",
            KernelWarning,
            stacklevel=3,
        )
        return None, fault


_faults: dict[Hashable, str] = {}  # of shapes that a device could not build or hold


def _unless_failed(shape: Hashable, attempt: Callable[[], T]) -> T | None:
    """Makes an attempt with a shape of a kernel; None where one with it fails, or has failed."""
    if shape in _faults:
        return None
    result, fault = _attempted(f"for {shape}", attempt)
    if fault:
        _faults[shape] = fault
    return result


def launch(kernel: Any, n_programs: int, *arguments: Any, n_warps: int, **constants: Any) -> None:
    """Starts the programs of a kernel on the device of its first argument."""
    with torch.cuda.device_of(arguments[0]):
        kernel[(n_programs,)](*arguments, **constants, num_warps=n_warps)


# --- codes ----------------------------------------------------------------------------------------


def against_coding(cut: Cut) -> str:
    """Tells why a layer that is cut so is not coded by the kernel; "" if it is."""
    n_edges = cut.edges.size
    return f"{n_edges} edges are more than {MOST_EDGES}" if n_edges > MOST_EDGES else ""


def encode_layers(
    layers: list[Any], cuts: list[Cut], weights: list[IntArray], by_row: bool = False
) -> Coded:
    """Codes layers, each (m, d) float32 -> codes (l, m) int64, and of each layer its census."""
    tensors = [receive(layer) for layer in layers]
    codes = tensors[0].new_empty((len(tensors), len(tensors[0])), dtype=torch.int64)
    census = codes.new_zeros((len(tensors), SLOTS, 2))
    outside = torch.empty_like(codes, dtype=torch.int32) if by_row else None
    rows = [None] * len(tensors) if outside is None else outside
    told = zip(tensors, cuts, weights, codes, rows, strict=True)
    for (layer, cut, weight, out, beyond), counts in zip(told, census, strict=True):
        reason = against_coding(cut)
        shape = f"{cut.edges.size} edges and {weight.size} units on {layer.device}"
        coded = functools.partial(_code, layer, cut, weight, out, beyond, counts)
        if reason or _unless_failed(shape, coded) is None:
            counts[0] = torch_twin.encode_layer(layer, cut, weight, out, beyond)
        LOG.debug("a layer of %s: %s", shape, reason or _faults.get(shape, "Triton"))
    return Coded(codes, census_of(census.sum(1)), outside)


def _code(
    layer: Tensor,
    cut: Cut,
    weights: IntArray,
    codes: Tensor,
    outside: Tensor | None,
    census: Tensor,
) -> Tensor:
    """Codes a layer (m, d) into codes (m,) and outside (m,); its census (SLOTS, 2), added to."""
    from fastmi.backends import triton_kernels

    n_rows, n_units = layer.shape
    n_edges = cut.edges.size
    line = _line(cut.edges.tobytes())
    units = min(1 << (n_units - 1).bit_length(), BLOCK_UNITS)
    rows = BLOCK_NUMBERS // units
    launch(
        triton_kernels.encode_rows,
        -(-n_rows // rows),
        layer.contiguous(),
        placed(cut.edges, layer.device),
        placed(weights, layer.device),
        codes,
        census if outside is None else outside,  # not written to where it was not asked for
        census,
        n_rows,
        n_units,
        n_edges,
        *map(int, cut.ends),
        *(line or (0.0, 0.0)),
        n_warps=4,
        EVEN=line is not None,
        BY_ROW=outside is not None,
        STEPS=1 if line else n_edges.bit_length(),
        TILES=-(-n_units // units),
        ROWS=rows,
        UNITS=units,
        SLOTS=SLOTS,
    )
    return census


@functools.lru_cache(maxsize=256)
def _line(edge_bytes: bytes) -> tuple[float, float] | None:
    """Finds the line of evenly spaced edges, (first edge, 1 / spacing); None if they are uneven.

    In float32 (x - first) / spacing is off by at most four roundings, n_edges 2^-22 spacings,
    whether or not a multiplication and an addition are fused, and an edge lies off the line by what
    is measured here. While both are below a half the edge nearest to x on the line is one of the
    two beside x, and one exact comparison makes the symbol right.
    """
    edges = np.frombuffer(edge_bytes, np.float32).astype(np.float64)
    spacing = (edges[-1] - edges[0]) / max(1, len(edges) - 1)
    if not 2.0**-100 < spacing < 2.0**100:  # a single edge; what float32 cannot divide by
        return None
    off = np.abs((edges - edges[0]) / spacing - np.arange(len(edges))).max()
    return (float(edges[0]), float(1 / spacing)) if off + len(edges) * 2.0**-22 < 1 / 4 else None


# --- counts ---------------------------------------------------------------------------------------


def against_counting(n: int, n_labels: tuple[int, ...], code_bits: int) -> str:
    """Tells why segments of n rows are not counted by the kernel; "" if they are."""
    if not n_labels:
        return "there are no labels"
    one_key = code_bits + _bits(max(n_labels)) <= KEY_BITS
    most = MOST_ROWS if one_key else MOST_ROWS_TWICE
    return f"{n} rows are more than {most}" if n > most else ""


def tally(
    codes: Any, labels: Any, n_labels: tuple[int, ...], code_bits: int = ANY_CODE
) -> Occurrences:
    """Counts codes (s, n), and their pairs with labels (l, n) in 0..n_labels[l] - 1."""
    codes = receive(codes)
    labels = beside(labels, codes) if n_labels else codes[:0]
    n = codes.shape[1]
    reason = against_counting(n, n_labels, code_bits)
    shape = f"segments of {n} rows with labels below {n_labels} on {codes.device}"

    def count() -> Occurrences:
        numbers = labels.to(torch.int32).contiguous()  # a column of rows, say
        return in_parts(lambda part: _count(codes[part], numbers, n_labels, code_bits), codes)

    found = None if reason else _unless_failed(shape, count)
    LOG.debug("%s: %s", shape, reason or _faults.get(shape, "Triton"))
    return torch_twin.tally(codes, labels, n_labels, code_bits) if found is None else found


def _bits(size: int) -> int:
    return max(1, (size - 1).bit_length())


def _count(codes: Tensor, labels: Tensor, n_labels: tuple[int, ...], code_bits: int) -> Occurrences:
    """Counts segments (s, n), one program each: what it sorts never leaves the block."""
    from fastmi.backends import triton_kernels

    codes = codes.contiguous()
    n_segments, n = codes.shape
    block = max(LEAST_BLOCK, 1 << (n - 1).bit_length())
    # of the codes, then of each pair: how many in a segment occur c times, at [segment, c]
    counts = torch.zeros(
        (1 + len(n_labels), n_segments, block + 1), dtype=torch.int32, device=codes.device
    )
    symbols = counts[0]
    for row, size, pairs in zip(labels, n_labels, counts[1:], strict=True):
        bits = _bits(size)
        launch(
            triton_kernels.count_segment,
            n_segments,
            codes,
            row,
            symbols,
            pairs,
            n,
            bits,
            size,
            n_warps=max(4, block // ROWS_A_WARP),
            PACKED=code_bits + bits <= KEY_BITS,
            NARROW=code_bits + bits <= NARROW_KEY_BITS,
            STEPS=block.bit_length() - 1,
            N=block,
        )
        symbols = torch.empty_like(symbols)  # the codes are counted: nobody reads them again
    counts = counts.flatten()
    place = counts.nonzero().squeeze(1)
    found, symbols_found = torch.stack((place, counts[place])).cpu().numpy()  # one transfer
    return Occurrences(*np.divmod(found, block + 1), symbols_found)
