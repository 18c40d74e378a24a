"""activations (..., n, d) -> codes (..., n), and labels -> codes: equal code <=> equal row."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import backends, checks
from fastmi.arrays import Activations, IntArray
from fastmi.backends import ANY_CODE, Census
from fastmi.binning import Binning, as_binning
from fastmi.inputs import on_host
from fastmi.labels import SHORT_LETTERS, numbered_values

__all__ = [
    "CollisionWarning",
    "Encoded",
    "Scheme",
    "encode",
    "encode_layers",
    "identify_rows",
    "judge_census",
    "number_rows",
    "scheme",
    "splitmix64",
    "warn_of_collisions",
]


# of the widest layer whose weights are kept for the next call: 256 such are 32 MiB
WIDEST_KEPT_UNITS = 2**14
MOST_COLLISIONS = 1e-3  # pairs of rows that may be expected to collide without a warning


class CollisionWarning(RuntimeWarning):
    """More than 1e-3 pairs of different rows are expected to meet in one hashed code."""


class Encoded(NamedTuple):
    """Codes (n_layers, ..., n); each layer's scheme, and the census of what its edges left out.

    What messages call the layers, and their bins. And how many of each row they left out, of the
    shape of codes, where it was asked for.
    """

    codes: Any
    schemes: list[Scheme]
    censuses: list[Census]
    names: Sequence[str]
    outside: Any = None
    binnings: Sequence[Binning] = ()

    @property
    def code_bits(self) -> int:
        """Bounds the codes of all layers, which are below 2^code_bits."""
        return max(scheme.code_bits for scheme in self.schemes)

    def __repr__(self) -> str:
        return f"Encoded: codes {tuple(self.codes.shape)} of {len(self.schemes)} layers"


class Scheme(NamedTuple):
    """How a row of symbols becomes one int64: sum_d symbol_d * weight_d modulo 2^64.

    packed: weight_d = 2^(bits d), bits = ceil(log2(n_edges + 1)), while d bits <= 63: equal codes
    are equal rows. hashed: weight_d = splitmix64(d): two given rows meet with probability at most
    2^-(64 - floor(log2(n_edges))).
    """

    packed: bool
    weights: IntArray
    pair_collision: float
    code_bits: int  # codes are below 2^code_bits; ANY_CODE where they are hashed

    def expected_collisions(self, n: int) -> float:
        """Expects so many pairs among n distinct rows whose codes meet."""
        return n * (n - 1) / 2 * self.pair_collision

    def __repr__(self) -> str:
        return f"Scheme of {len(self.weights)} units, {'packed' if self.packed else 'hashed'}"


def scheme(n_units: int, n_edges: int) -> Scheme:
    """Finds the coding of rows of n_units symbols in 0..n_edges."""
    return (_kept if n_units <= WIDEST_KEPT_UNITS else _made)(n_units, n_edges)


def _made(n_units: int, n_edges: int) -> Scheme:
    bits = n_edges.bit_length()  # ceil(log2(n_edges + 1))
    if n_units * bits <= 63:
        weights, collision = np.int64(1) << (bits * np.arange(n_units, dtype=np.int64)), 0.0
    else:
        weights = splitmix64(np.arange(n_units, dtype=np.uint64)).view(np.int64)
        collision = 2.0 ** (bits - 1 - 64)
    weights.flags.writeable = False  # the record is kept
    code_bits = ANY_CODE if collision else n_units * bits
    return Scheme(collision == 0, weights, collision, code_bits)


_kept = lru_cache(maxsize=256)(_made)


def splitmix64(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Draws the first output of the generator from each state.

    Source: Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195.
    """
    z = state + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def encode_layers(
    layers: Sequence[Activations],
    binnings: Sequence[Binning],
    names: Sequence[str],
    n_together: int | None = None,
    by_row: bool = False,
) -> Encoded:
    """Encodes checked float32 layers (..., n, d) as codes (n_layers, ..., n), where they are.

    Args:
        layers, binnings, names: as many of each; the names are for messages.
        n_together: rows that are to be counted in one segment (n unless said otherwise): so many
            can collide. by_row: whether it is counted how many of each row lie outside.
    """
    *leading, n, _ = layers[0].shape
    schemes = [
        scheme(layer.shape[-1], binning.n_edges)
        for layer, binning in zip(layers, binnings, strict=True)
    ]
    n_rows = n_together or n
    warn_of_collisions(max(each.expected_collisions(n_rows) for each in schemes), n_rows)
    flat = [layer.reshape(-1, layer.shape[-1]) for layer in layers]
    twin = backends.twin_for(flat[0])
    codes, censuses, outside = twin.encode_layers(
        flat, [binning.cut for binning in binnings], [each.weights for each in schemes], by_row
    )
    for name, census, binning in zip(names, censuses, binnings, strict=True):
        judge_census(name, census.nan, census.outside, binning)
    shape = (len(layers), *leading, n)
    return Encoded(
        codes.reshape(shape),
        schemes,
        censuses,
        names,
        None if outside is None else outside.reshape(shape),
        binnings,
    )


def warn_of_collisions(expected: float, n: int) -> None:
    """Warns where too many of the codes of n rows may meet."""
    if expected > MOST_COLLISIONS:
        message = (
            f"rows are hashed to 64 bits, and among {n} distinct ones {expected:.2g} colliding "
            "pairs are expected: use fewer bins or fewer samples for exact codes"
        )
        warnings.warn(message, CollisionWarning, stacklevel=checks.depth_of_caller())


def encode(activations: Activations, binning: Binning) -> IntArray:
    """Codes each row by one int64, equal if and only if the rows fall into the same bins.

    Digitising and coding are one pass:
    code = sum_d symbol_d 2^(bits d) with symbol = np.digitize(t, edges), bits = ceil(log2(n_edges +
    1)), exact while n_units * bits <= 63; beyond, a 64-bit multilinear hash (see
    `fastmi.coding.Scheme`). The same integers from every backend.

    Args:
        activations: (..., n_samples, n_units), real; rounded to float32 first. NumPy array or torch
            tensor.
        binning: `Edges` or `UniformBins`.

    Returns:
        codes (..., n_samples), a NumPy int64 array.

    Raises:
        TypeError: an unknown container, or a dtype that is not real.
        ValueError: fewer than two axes, nothing to encode, NaN, values out of range under
            out_of_range="raise".

    Warns:
        CollisionWarning: more than 1e-3 colliding pairs are expected of the hash.

    Example:
        >>> import fastmi, numpy as np
        >>> t = np.tanh(np.array([[0.1, -0.2], [0.1, -0.2], [3.0, 0.0]]))
        >>> fastmi.encode(t, fastmi.UniformBins(2, range=(-1, 1)))
        array([ 6,  6, 10])
    """
    (codes,), *_ = encode_layers(
        [checks.activations("activations", activations)], [as_binning(binning)], ["activations"]
    )
    return on_host(codes)


def number_rows(labels: Any) -> tuple[Any, int]:
    """Numbers labels (n,) or rows (..., n, d) below `size`, equal rows alike, and gives both.

    They are below `size`, but for a single column of nearly all of int64's range, which stays as it
    is. Not every number need occur: integers of a narrow range are packed side by side as they are,
    others identified.
    """
    rows, shape = _rows(labels)
    lowest, highest = backends.twin_for(rows).extent(rows)
    width, n_columns = (highest - lowest).bit_length(), rows.shape[1]
    if width * n_columns > 62:
        return (rows[:, 0].reshape(shape), 1 << 64) if n_columns == 1 else identify_rows(labels)
    size = highest - lowest + 1 if n_columns == 1 else 1 << (width * n_columns)
    return _side_by_side(rows, lowest, width).reshape(shape), size


def identify_rows(labels: Any) -> tuple[Any, int]:
    """Finds ids of labels (n,) or rows (..., n, d), one for each distinct row, and their number.

    Ids are (n,) or (..., n), the same in the whole batch.
    Exact for any width: columns are packed side by side while they fit 63 bits, numbered, and the
    number packed with the next.
    """
    rows, shape = _rows(labels)
    twin = backends.twin_for(rows)
    lowest, highest = twin.extent(rows)
    width = (highest - lowest).bit_length()
    if width > 31:
        values, n_values = twin.identify(rows.reshape(-1))
        rows, lowest, width = values.reshape(rows.shape), 0, (n_values - 1).bit_length()
    ids, n_symbols = rows[:, 0] * 0, 1
    column, n_columns = 0, rows.shape[1]
    # once all rows differ no further column matters
    while column < n_columns and n_symbols < len(rows):
        fit = (63 - (n_symbols - 1).bit_length()) // max(width, 1)
        columns = rows[:, column : column + fit]
        ids, n_symbols = twin.identify(
            (ids << (width * columns.shape[1])) | _side_by_side(columns, lowest, width)
        )
        column += fit
    return ids.reshape(shape), n_symbols


def _side_by_side(rows: Any, lowest: int, width: int) -> Any:
    """Packs rows as sum_d (row_d - lowest) 2^(width d), below 2^63 where it fits."""
    if rows.shape[1] == 1:
        return rows[:, 0] - lowest if lowest else rows[:, 0]
    if isinstance(rows, np.ndarray):
        weights = np.int64(1) << (width * np.arange(rows.shape[1], dtype=np.int64))
        # modulo 2^64 on the way: arrays do not warn of it
        return rows @ weights - (np.array([lowest]) * weights).sum()
    # integers have no matrix product on CUDA, and nothing has to go there
    shifts = rows.new_full((rows.shape[1],), width).cumsum(0).sub_(width)
    return ((rows - lowest) << shifts).sum(-1)


def _rows(labels: Any) -> tuple[Any, tuple[int, ...]]:
    """Makes of labels integers (m, d) in the twin's container; gives the shape of ids, too."""
    twin = backends.twin_for(labels)
    shape = labels.shape if labels.ndim == 1 else labels.shape[:-1]
    labels = _as_integers(labels) if isinstance(labels, np.ndarray) else labels
    return twin.receive(labels).reshape(math.prod(shape), -1), tuple(shape)


def _as_integers(labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Makes equal integers of equal labels.

    Of floats (no NaN, no -0) the bits, of short strings their letters, in columns.
    """
    kind, size = labels.dtype.kind, labels.dtype.itemsize
    if kind == "f" and size <= 8:
        return np.ascontiguousarray(labels).view(f"i{size}").astype(np.int64, copy=False)
    # padded with zeros, as their comparison is
    if kind in "US" and size <= SHORT_LETTERS * (4 if kind == "U" else 1):
        letters = np.ascontiguousarray(labels).view(np.uint32 if kind == "U" else np.uint8)
        return letters.astype(np.int64)
    if kind in "biu":
        if size == 8 and labels.flags.c_contiguous:
            return labels.view(np.int64)  # uint64 beyond it wraps, one to one
        return labels.astype(np.int64, copy=False)
    if kind in "USO":
        return numbered_values(labels)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def judge_census(name: str, nan: int, outside: int, binning: Binning) -> None:
    """Refuses NaN, and under out_of_range="raise" values beyond the edges: they have no symbol."""
    if nan:
        raise ValueError(
            f"{name} holds {nan} NaN, and a NaN has no bin: did the training diverge? drop those "
            "samples, or stop before them"
        )
    if outside and binning.out_of_range == "raise":
        raise ValueError(
            f"{name} holds {outside} activations outside {binning} (bins are closed on the left, "
            "open on the right): widen the edges, or give outsiders symbols with"
            ' out_of_range="separate"'
        )
