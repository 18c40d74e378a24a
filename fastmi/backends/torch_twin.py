"""The device twin in torch's own calls: bucketize, multiply, sort, unique.

The same lines run on CPU tensors. Every segment is counted in one launch, or, where segments are
long, one after the other. Sorting is chosen over `torch.unique(dim=0)` (the slowest way there is)
and over `bincount` of codes (which needs a place for each possible one). Integers only, so what it
returns equals the Numba twin's to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fastmi.backends import ANY_CODE, Census, Coded, Columns, Cut, IntArray, Occurrences

__all__ = [
    "beside",
    "census_of",
    "count_units",
    "distinct",
    "encode_layer",
    "encode_layers",
    "extent",
    "identify",
    "in_parts",
    "permutation_sums",
    "placed",
    "receive",
    "tally",
    "tally_pairs",
]

CELLS = 1 << 24  # symbols held at a time while coding: a third of a gigabyte
ROWS = 1 << 26  # counted at a time, where it is not known how much memory a device has
BYTES_A_ROW = 60  # held beside the codes while they are counted
LONG = 1 << 18  # rows of a segment from which it is counted by itself
MIXER = -7046029254386353131  # 2^64 / the golden ratio, odd: spreads codes over parts


def receive(array: Any, device: torch.device | None = None) -> Tensor:
    """Makes a tensor over the same memory.

    It is copied only where torch cannot look at it (read-only, negative strides), or where it has
    to go to another device: the host does not wait for that.
    """
    if isinstance(array, np.ndarray):
        shares = array.flags.writeable and all(stride >= 0 for stride in array.strides)
        array = torch.from_numpy(array if shares else array.copy())
    return array if device is None else array.to(device, non_blocking=device.type != "cpu")


def beside(labels: Any, codes: Any) -> Tensor:
    """Lays labels where the codes are: on another device as int32, half as much to move."""
    device = receive(codes).device
    if isinstance(labels, np.ndarray) and device.type != "cpu":
        labels = labels.astype(np.int32)
    return receive(labels, device)


def placed(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Makes a tensor on a device of a small array, which is kept there for the next call."""
    return _kept(array.tobytes(), array.dtype.str, device)


@lru_cache(maxsize=128)  # edges and weights: of the widest layer 128 KiB
def _kept(content: bytes, kind: str, device: torch.device) -> Tensor:
    return receive(np.frombuffer(content, kind), device)


# --- codes ----------------------------------------------------------------------------------------


def encode_layers(
    layers: list[Any], cuts: list[Cut], weights: list[IntArray], by_row: bool = False
) -> Coded:
    """Codes layers, each (m, d) float32 -> codes (l, m) int64, and of each layer its census.

    The census counts what was NaN and what fell outside, which is counted by row if it is asked
    for.
    """
    tensors = [receive(layer) for layer in layers]
    codes = tensors[0].new_empty((len(tensors), len(tensors[0])), dtype=torch.int64)
    outside = torch.empty_like(codes, dtype=torch.int32) if by_row else None
    rows = [None] * len(tensors) if outside is None else outside
    numbers = [
        encode_layer(*each) for each in zip(tensors, cuts, weights, codes, rows, strict=True)
    ]
    return Coded(codes, census_of(torch.stack(numbers)), outside)


def encode_layer(
    layer: Tensor, cut: Cut, weights: IntArray, codes: Tensor, outside: Tensor | None = None
) -> Tensor:
    """Codes one layer into `codes`, some rows at a time; how many are NaN, outside: (2,).

    How many of each row lie outside goes into `outside`.
    """
    device, n_edges = layer.device, cut.edges.size
    bounds, weight, table = placed(cut.edges, device), placed(weights, device), _table(cut, device)
    step = max(1, CELLS // layer.shape[1])
    census = []
    for first in range(0, len(layer), step):
        part = slice(first, first + step)
        rows = layer[part].contiguous()
        # the number of edges <= x, which is np.digitize
        places = torch.bucketize(rows, bounds, right=True, out_int32=True)
        beyond = places % n_edges == 0  # below all edges, or above
        if outside is not None:
            torch.sum(beyond, -1, dtype=torch.int32, out=outside[part])
        census += [rows.isnan().sum(), beyond.sum()]
        torch.sum(table[places].mul_(weight), -1, out=codes[part])
    return torch.stack(census).reshape(-1, 2).sum(0) if len(census) > 2 else torch.stack(census)


def count_units(layer: Any, cut: Cut, labels: Any, n_labels: int) -> tuple[IntArray, Census]:
    """Counts every unit's symbols beside each label, (n_labels, d, n_edges + 1), and a census."""
    layer = receive(layer)
    labels = beside(labels, layer)
    device, n_symbols, d = layer.device, cut.edges.size + 1, layer.shape[1]
    bounds, table = placed(cut.edges, device), _table(cut, device)
    units = torch.arange(d, device=device)
    cells = torch.zeros(n_labels * d * n_symbols, dtype=torch.int64, device=device)
    census, step = [], max(1, CELLS // d)
    for first in range(0, len(layer), step):
        rows = layer[first : first + step].contiguous()
        places = torch.bucketize(rows, bounds, right=True, out_int32=True)
        census.append(torch.stack([rows.isnan().sum(), (places % cut.edges.size == 0).sum()]))
        at = labels[first : first + step, None].long() * d + units
        at = at.mul_(n_symbols).add_(table[places])
        cells += torch.bincount(at.flatten(), minlength=len(cells))
    (counted,) = census_of(torch.stack(census).sum(0, keepdim=True))
    return cells.cpu().numpy().reshape(n_labels, d, n_symbols), counted


def _table(cut: Cut, device: torch.device) -> Tensor:
    """Lays beside the layer what each number of edges <= x stands for."""
    symbols = np.arange(cut.edges.size + 1)
    symbols[0], symbols[-1] = cut.ends
    return placed(symbols, device)


def census_of(numbers: Tensor) -> list[Census]:
    """Reads how many values of each layer were NaN, outside, (l, 2): this waits for the device."""
    return [Census(*row) for row in numbers.tolist()]


# --- counts ---------------------------------------------------------------------------------------


def extent(codes: Any) -> tuple[int, int]:
    """Finds the lowest and the highest of codes, in one transfer."""
    lowest, highest = torch.stack(torch.aminmax(receive(codes))).tolist()
    return lowest, highest


def identify(codes: Any) -> tuple[Tensor, int]:
    """Numbers codes (n,) -> ids (n,) in 0..n_symbols - 1, and n_symbols."""
    symbols, ids = torch.unique(receive(codes), return_inverse=True)
    return ids, symbols.numel()


def distinct(
    codes: Any,
    labels: Any,
    n_labels: int,
    code_bits: int = ANY_CODE,
    counts: IntArray | None = None,
) -> tuple[IntArray, IntArray, IntArray]:
    """Finds the pairs of codes (n,) and labels (n,) that occur, and adds their counts (1 each).

    Each pair once, on the host: (codes, labels, counts).
    """
    codes = receive(codes)
    labels = beside(labels, codes)
    symbols = None
    if _fits((n_labels,), code_bits):
        keys, base = (codes << _bits(n_labels)).bitwise_or_(labels), 1 << _bits(n_labels)
    else:
        symbols, ids = torch.unique(codes, return_inverse=True)
        keys, base = ids.mul_(n_labels).add_(labels), n_labels
    if counts is None:
        pairs, sums = torch.unique(keys, return_counts=True)
    else:
        pairs, place = torch.unique(keys, return_inverse=True)
        sums = torch.zeros_like(pairs).index_add_(0, place, receive(counts, codes.device))
    numbers = pairs // base
    found = numbers if symbols is None else symbols[numbers], pairs % base, sums
    codes, labels, sums = torch.stack(found).cpu().numpy()  # one transfer
    return codes, labels, sums


def tally(
    codes: Any, labels: Any, n_labels: tuple[int, ...], code_bits: int = ANY_CODE
) -> Occurrences:
    """Counts codes (s, n), and their pairs with labels (l, n) in 0..n_labels[l] - 1.

    The occurrences of the codes come first, then those of each pair (code, label). Where
    code << bits | label fits an integer, one sort of these keys serves codes and pairs.
    """
    codes = receive(codes)
    labels = beside(labels, codes) if n_labels else codes[:0]
    if codes.shape[1] >= LONG:
        return in_parts(
            lambda part: _count_long(codes[part.start], labels, n_labels, code_bits),
            codes,
            n_together=1,
        )
    return in_parts(
        lambda part: _count_side_by_side(codes[part], labels, n_labels, code_bits), codes
    )


def permutation_sums(
    codes: Any, labels: IntArray, n_labels: int, terms: IntArray, seed: int, n_resamples: int
) -> IntArray:
    """Sums terms over the pairs of every segment, under permuted labels, (1 + n_resamples, s)."""
    from fastmi.backends import torch_permutations

    return torch_permutations.permutation_sums(
        receive(codes), labels, n_labels, terms, seed, n_resamples
    )


def tally_pairs(xs: Columns, ys: Columns, pairs: IntArray, apart: bool) -> Occurrences:
    """Counts pairs (p, 2) of columns -> occurrences of cells, and `apart` of both margins."""
    from fastmi.backends import torch_pairs

    return torch_pairs.tally_pairs(xs, ys, pairs, apart)


def in_parts(
    count: Callable[[slice], Occurrences], codes: Tensor, n_together: int | None = None
) -> Occurrences:
    """Counts `n_together` segments of codes (s, n) at a time, or as many as there is room for.

    Of a part `count` finds the occurrences in its segments, then of each kind of pair in them.
    """
    n_segments, n = codes.shape
    step = n_together or max(1, _room(codes.device) // n)
    if step >= n_segments:
        return count(slice(0, n_segments))
    found = []
    for first in range(0, n_segments, step):
        size = min(step, n_segments - first)
        part = count(slice(first, first + size))
        kind, segment = np.divmod(part.segment, size)
        found.append(part._replace(segment=kind * n_segments + first + segment))
    columns = [np.concatenate(rows) for rows in zip(*found, strict=True)]
    order = np.argsort(columns[0], kind="stable")  # within a segment they are in order
    return Occurrences(*(column[order] for column in columns))


def _room(device: torch.device) -> int:
    """Says how many rows are counted at a time: on a GPU what a quarter of its memory holds."""
    if device.type != "cuda":
        return ROWS
    return torch.cuda.get_device_properties(device).total_memory // (4 * BYTES_A_ROW)


def _fits(n_labels: tuple[int, ...], code_bits: int) -> bool:
    """Judges whether code << bits | label is an integer, whatever the label."""
    return bool(n_labels) and code_bits + max(map(_bits, n_labels)) <= 63


def _bits(size: int) -> int:
    return (size - 1).bit_length()


def _count_side_by_side(
    codes: Tensor, labels: Tensor, n_labels: tuple[int, ...], code_bits: int
) -> Occurrences:
    """Counts segments (s, n) at once, by where runs start in sorted rows."""
    n = codes.shape[1]
    starts = _starts(codes, labels, n_labels, code_bits).flatten()
    keys = starts.nonzero().squeeze(1)
    times = _gaps(keys, len(starts))
    # segment and times as one number
    keys.floor_divide_(n).mul_(n + 1).add_(times)
    del starts, times
    found = torch.stack(torch.unique(keys, return_counts=True))
    keys, symbols = found.cpu().numpy()  # one transfer
    return Occurrences(*np.divmod(keys, n + 1), symbols)


def _starts(codes: Tensor, labels: Tensor, n_labels: tuple[int, ...], code_bits: int) -> Tensor:
    """Marks where runs start in sorted codes, then in the sorted pairs with each row of labels."""
    starts = codes.new_ones((1 + len(n_labels), *codes.shape), dtype=torch.bool)
    if _fits(n_labels, code_bits):
        for k, (row, size) in enumerate(zip(labels, n_labels, strict=True), start=1):
            keys = (codes << _bits(size)).bitwise_or_(row).sort(dim=-1).values
            _mark(keys, starts[k])
            if k == 1:
                _mark(keys >> _bits(size), starts[0])
        return starts
    ordered, order = codes.sort(dim=-1)
    _mark(ordered, starts[0])
    del ordered
    ids = starts[0].cumsum(-1) if n_labels else codes
    for k, (row, size) in enumerate(zip(labels, n_labels, strict=True), start=1):
        pairs = ids.mul_(size) if k == len(n_labels) else ids * size
        _mark(pairs.add_(row[order]).sort(dim=-1).values, starts[k])
    return starts


def _mark(ordered: Tensor, starts: Tensor) -> None:
    """Marks where a value differs from the one before it."""
    torch.ne(ordered[..., 1:], ordered[..., :-1], out=starts[..., 1:])


def _gaps(first: Tensor, end: int) -> Tensor:
    """Measures how far it is from each of ascending places to the next, the last to the end."""
    gaps = torch.empty_like(first)
    torch.sub(first[1:], first[:-1], out=gaps[:-1])
    torch.sub(end, first[-1:], out=gaps[-1:])
    return gaps


def _count_long(
    codes: Tensor, labels: Tensor, n_labels: tuple[int, ...], code_bits: int
) -> Occurrences:
    """Counts a segment (n,), some of its codes at a time where there is no room for all."""
    n_parts = -(-len(codes) // _room(codes.device))
    found = []
    for part in range(n_parts):
        if n_parts == 1:
            rows = codes, labels
        else:
            # no code is in two parts
            mine = ((codes * MIXER) >> 32).remainder_(n_parts) == part
            rows = codes[mine], labels[:, mine]
        if len(rows[0]):
            found.append([_times_of(times) for times in _counts(*rows, n_labels, code_bits)])
    kinds = [_summed(pieces) for pieces in zip(*found, strict=True)]
    segment = np.repeat(np.arange(len(kinds)), [len(times) for times, _ in kinds])
    return Occurrences(segment, *(np.concatenate(rows) for rows in zip(*kinds, strict=True)))


def _counts(
    codes: Tensor, labels: Tensor, n_labels: tuple[int, ...], code_bits: int
) -> Iterator[Tensor]:
    """Counts how often each code occurs, then how often each pair with each row of labels."""
    if _fits(n_labels, code_bits):
        for k, (row, size) in enumerate(zip(labels, n_labels, strict=True)):
            pairs, counts = torch.unique(
                (codes << _bits(size)).bitwise_or_(row), return_counts=True
            )
            if k == 0:  # a code's pairs lie side by side
                pairs >>= _bits(size)
                starts = torch.ones_like(pairs, dtype=torch.bool)
                _mark(pairs, starts)
                before = counts.cumsum(0).sub_(counts)
                yield _gaps(before[starts], len(codes))
            yield counts
        return
    _, ids, counts = torch.unique(codes, return_inverse=True, return_counts=True)
    yield counts
    for row, size in zip(labels, n_labels, strict=True):
        yield torch.unique(ids * size + row, return_counts=True)[1]


def _times_of(counts: Tensor) -> tuple[IntArray, IntArray]:
    """Counts how many symbols occur once, twice, ...: (times, symbols).

    Those that occur once are mostly the most, and need no sorting.
    """
    more = counts[counts > 1]
    times, symbols = torch.stack(torch.unique(more, return_counts=True)).cpu().numpy()
    alone = len(counts) - len(more)
    return (np.r_[1, times], np.r_[alone, symbols]) if alone else (times, symbols)


def _summed(pieces: Sequence[tuple[IntArray, IntArray]]) -> tuple[IntArray, IntArray]:
    """Adds the counts of counts of parts that have no symbol in common."""
    if len(pieces) == 1:
        return pieces[0]
    times, where = np.unique(np.concatenate([each for each, _ in pieces]), return_inverse=True)
    symbols = np.concatenate([each for _, each in pieces])
    return times, np.bincount(where, weights=symbols).astype(np.int64)
