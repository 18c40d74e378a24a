"""the same tensors by the twin's kernels and by torch's lines alone -> equal first, then timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

import fastmi
from benchmarks.device.findings import Case
from benchmarks.device.inputs import activations
from benchmarks.device.place import WAYS, Place
from benchmarks.device.seam import coded, counted, no_kernels, told
from benchmarks.estimating import BINNING
from benchmarks.timing import clock
from fastmi.binning import Binning
from fastmi.coding import scheme

__all__ = ["cases"]

UNEVEN = fastmi.Edges(np.tanh(np.linspace(-2, 2, 50)), "wrap")  # no line: these are searched
# rows and units, then of a rehearsal
ENCODED = (
    ((3000 * 4096, 10), (1000, 10)),
    ((1_000_000, 32), (1000, 32)),
    ((10_000_000, 10), (2000, 10)),
    ((100_000, 784), (50, 784)),
    ((30 * 4096, 10), (300, 10)),
)
# segments, samples and units, then of a rehearsal; 32 units are hashed, 3 make few codes
COUNTED = (
    ((3000, 4096, 10), (4, 128, 10)),
    ((30, 4096, 10), (2, 128, 10)),
    ((3000, 4096, 3), (4, 128, 3)),
    ((3000, 4096, 32), (4, 128, 32)),
    ((500, 16_384, 10), (2, 256, 10)),
    ((1, 10_000_000, 10), (1, 2000, 10)),
)
PIECES = ((3000, 4096), (3, 256))  # segments and samples of what single operations are timed on
BRIEF_SECONDS = 0.2  # that an operation or a size of block may take


def cases(place: Place) -> Iterator[Case]:
    """Yields both halves of the seam in both ways, then what single operations of torch cost."""
    yield "account", lambda: _account(place)
    for full, small in ENCODED:
        rows, d = place.size(full, small)
        for name, binning in {"even edges": BINNING, "uneven edges": UNEVEN}.items():
            yield f"encode, {rows} x {d}, {name}", partial(_encode, place, binning, rows, d)
    for full, small in COUNTED:
        s, n, d = place.size(full, small)
        yield f"tally, {s} x {n} of {d} units", partial(_tally, place, s, n, d)
    yield "single operations, ms", lambda: _pieces(place)
    if place.on_gpu and not no_kernels(place):
        yield "sizes of blocks, ms", lambda: _blocks(place)
    if place.on_gpu:  # a compiler that a rehearsal would wait for
        yield "torch.compile of torch's lines", lambda: _compiled(place)


def _account(place: Place) -> dict[str, Any]:
    """Says whether the twin has kernels here, and why not."""
    reason = no_kernels(place)
    return {"kernels": not reason, "reason": reason}


def _both(place: Place, run: Callable[[], Any], rows: int, n_bytes: int) -> dict[str, Any]:
    """Compares what both ways give, array by array, and times them only where it is the same."""
    record: dict[str, Any] = {}
    answers = []
    for way, forced in WAYS.items():
        with place.twin(forced), told() as sentences:
            elapsed = clock()
            answers.append(run())
            place.wait()
            record[way] = {"first_call_s": elapsed(), "told": sentences}
    record["equal"] = all(map(_same, *answers))
    if record["equal"]:
        for way, forced in WAYS.items():
            with place.twin(forced):
                record[way] |= place.timed(run, rows, n_bytes)
    return record


def _same(given: Any, expected: Any) -> bool:
    if isinstance(given, Tensor):
        return torch.equal(given, expected)
    return np.array_equal(given, expected)


def _encode(place: Place, binning: Binning, rows: int, d: int) -> dict[str, Any]:
    layer = activations(place, rows, d)
    return _both(place, lambda: coded([layer], binning), rows, layer.nbytes + 8 * rows)


def _tally(place: Place, s: int, n: int, d: int) -> dict[str, Any]:
    y = place.put(np.random.default_rng(0).integers(0, 2, (1, n)))
    with place.twin():
        codes = coded([activations(place, n, d, s)], BINNING)
    return _both(place, lambda: counted(codes, y, (2,)), s * n, 8 * s * n)


def _blocks(place: Place) -> dict[str, Any]:
    """Times the kernels with blocks of other sizes, milliseconds; the twin's own is among them."""
    from fastmi.backends import triton_twin as twin

    s, n, d = COUNTED[0][0]
    layer, y = activations(place, n, d, s), place.put(np.arange(n)[None] % 2)
    codes = coded([layer], BINNING)
    runs: dict[str, Callable[[], Any]] = {
        "BLOCK_NUMBERS": lambda: coded([layer], BINNING),
        "ROWS_A_WARP": lambda: counted(codes, y, (2,)),
    }
    record: dict[str, Any] = {}
    for name, run in runs.items():
        chosen = getattr(twin, name)
        try:
            for size in (chosen // 4, chosen // 2, chosen, 2 * chosen, 4 * chosen):
                setattr(twin, name, size)
                record[f"{name} = {size}"] = place.seconds(run, BRIEF_SECONDS) * 1e3
        finally:
            setattr(twin, name, chosen)
    return record


def _pieces(place: Place) -> dict[str, float]:
    """Times what a twin could be made of, each operation alone."""
    s, n = place.size(*PIECES)
    t = activations(place, n, 10, s)
    with place.twin():
        codes = coded([t], BINNING).codes
    keys, edges = codes.flatten(), place.put(BINNING.edges)
    runs: dict[str, Callable[[], Any]] = {
        "sort of segments, with indices": lambda: codes.sort(dim=-1),
        "sort of segments, stable": lambda: codes.sort(dim=-1, stable=True),
        "sort of segments, int32": lambda: codes.to(torch.int32).sort(dim=-1),
        "sort of all": lambda: keys.sort(),
        "unique": lambda: torch.unique(keys),
        "unique with counts": lambda: torch.unique(keys, return_counts=True),
        "unique with inverse": lambda: torch.unique(keys, return_inverse=True),
        "bucketize": lambda: torch.bucketize(t, edges, right=True),
        "bucketize, int32": lambda: torch.bucketize(t, edges, right=True, out_int32=True),
        "sum of 10 units, int64": lambda: codes[..., None].expand(s, n, 10).sum(-1),
        "bincount of 4096 codes": lambda: torch.bincount(keys & 0xFFF, minlength=4096),
        "bincount of 2 codes": lambda: torch.bincount(keys & 1, minlength=2),
        "nonzero of half": lambda: (keys & 1).nonzero(),
        "cumsum of bools": lambda: (keys > 0).cumsum(0),
    }
    return {name: place.seconds(run, BRIEF_SECONDS) * 1e3 for name, run in runs.items()}


def _compiled(place: Place) -> dict[str, Any]:
    """Times what torch.compile makes of digitising and coding: no kernel of our own to keep."""
    n, d, n_edges = 3000 * 4096, 10, BINNING.n_edges
    layer = activations(place, n, d)[0]
    edges = place.put(BINNING.edges)
    weights = place.put(scheme(d, n_edges).weights)

    def lines(t: Tensor) -> tuple[Tensor, Tensor]:
        symbols = torch.bucketize(t, edges, right=True)
        outside = (symbols == 0) | (symbols == n_edges)
        census = torch.stack([t.isnan().sum(), outside.sum()])
        return (torch.where(outside, n_edges, symbols) * weights).sum(-1), census

    made = torch.compile(lines, dynamic=False)
    elapsed = clock()
    codes, _ = made(layer)
    place.wait()
    record = {"first_call_s": elapsed()}
    expected = coded([layer], BINNING).codes[0]
    return (
        record
        | {"equal": torch.equal(codes, expected)}
        | place.timed(lambda: made(layer), n, layer.nbytes + 8 * n)
    )
