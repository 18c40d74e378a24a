"""labels -> entropy and mutual information: the face of the engine for symbols one already has."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastmi import backends, checks, entropies
from fastmi.arrays import CountsLike, FloatArray, LabelsLike
from fastmi.backends import ANY_CODE, Columns
from fastmi.coding import identify_rows, number_rows
from fastmi.contingency import read_counts, read_table
from fastmi.counting import (
    FEWEST_SAMPLES,
    LOWEST_COVERAGE,
    CoverageWarning,
    Tally,
    most_cells,
    tally,
)
from fastmi.inputs import is_tensor, shown
from fastmi.labels import together

__all__ = [
    "code_bits",
    "conditional_mutual_information",
    "entropy",
    "instead",
    "joined",
    "mutual_information",
    "numbered",
]

LONG_SAMPLES = 2**14  # of a batch from which its samples are counted one after the other
LEAST_TABLED = 2**13  # samples in all from which tables are faster, of which each may have so many
LEAST_CELLS = 2**8  # cells however few samples it has


class Numbers(NamedTuple):
    """A variable's symbols as numbers below `size`, (..., n), and how many columns its rows had."""

    codes: Any
    size: int
    n_columns: int


def entropy(
    x: LabelsLike | None = None,
    *,
    base: float | None = 2,
    method: str = "plugin",
    n_symbols: int | None = None,
    missing: str = "raise",
    counts: CountsLike | None = None,
) -> float | FloatArray:
    """Estimates the entropy of labels, one for each sample, or of rows, each row ONE joint symbol.

    H(X) = -sum_x p(x) log p(x); p are the shares in the sample. A table of counts is no labels:
    entropy(counts=table).

    Args:
        x: (n,) labels (integers, bools, strings, whole floats); (n, d) rows, each row one joint
            symbol; (..., n, d) a batch of those. A (b, n) array is n-dimensional rows, never a
            batch: b labelings of n samples are x[..., None], (b, n, 1). NumPy array, torch tensor,
            a list of labels, a column of pandas, polars or pyarrow (categories by their codes),
            their tables (rows), whatever has `__array__` or DLPack.
        base: of the logarithm; 2 is bits, None is nats.
        method: how entropies are estimated, one of `fastmi.entropies.METHODS`: "plugin", the shares
            in the sample, or corrected for its bias: then it may exceed log2 n. When each fails,
            its function in `fastmi.entropies` says.
        n_symbols: how many symbols X has, known beforehand, seen or not, for method "james-stein";
            None takes those seen. A difference of entropies has no place for it: one number cannot
            be that of X, of Y and of their pairs.
        missing: what becomes of missing values (None, NaN, NaT, NA, null, what is masked): "raise"
            refuses them, "symbol" makes them one label of their own, "drop" leaves out the samples
            that lack a value.
        counts: in place of x, how often each symbol was seen, (k,) whole numbers, or a mapping as
            collections.Counter(x).

    Returns:
        a float, or for a batch a NumPy array with the leading shape.

    Raises:
        TypeError: an unknown container or dtype; strings beside numbers or bytes in one column,
            which have no common equality.
        ValueError: no samples, missing values unless `missing` says what becomes of them, floats
            that are not whole ("bin them first"), an impossible base, an unknown method, n_symbols
            below those seen, or beside another method; counts that are negative, not whole, all 0.

    Example:
        >>> import fastmi
        >>> fastmi.entropy(["a", "b", "a", "b"])
        1.0
    """
    estimate = entropies.method(method, n_symbols)
    if counts is not None:
        instead("counts", x=x)
        return _result(estimate(Tally.of_counts(_flat(read_counts("counts", counts))))[0], base)
    variables, _ = numbered({"x": x}, missing)
    return _result(_for_each(variables, lambda some: _joint([[0]], some, estimate)[0]), base)


def mutual_information(
    x: LabelsLike | None = None,
    y: LabelsLike | None = None,
    *,
    base: float | None = 2,
    method: str = "plugin",
    missing: str = "raise",
    contingency: CountsLike | None = None,
) -> float | FloatArray:
    """Estimates the mutual information of two labels, or of rows, each row ONE joint symbol.

    I(X;Y) = H(X) + H(Y) - H(X,Y). So mutual_information(X, y) of a table with many columns is not a
    number for each column but that of all together, and where nearly all rows differ it is H(Y)
    whatever they hold: a `CoverageWarning` says so. One column at a time:
    [mutual_information(column, y) for column in X.T].

    Never negative, never above min(H(X), H(Y)), symmetric to the last bit. On few samples it is
    biased upward: `mutual_information_report` gives its exact mean under independence, and says
    what the sample supports. It is log n whatever the truth where all rows of both are distinct.

    Args:
        x, y: as in `entropy`, the same number of samples. The leading axes of batches broadcast: a
            y of (n,) goes with each x of (b, n, 1).
        base: of the logarithm; 2 is bits, None is nats.
        method: how entropies are estimated, one of `fastmi.entropies.METHODS`: "plugin", the shares
            in the sample, or corrected for its bias. Differences of corrected entropies are not
            clipped: they may be negative, or exceed both.
        missing: as in `entropy`; "drop" leaves out the samples that lack a value of x or y.
        contingency: in place of x and y, the table of their counts, (k_x, k_y) whole numbers,
            dense (pandas.crosstab's too, without margins) or sparse of SciPy. A row or column of
            zeros is a symbol that was not seen.

    Returns:
        a float, or for a batch a NumPy array with the leading shape.

    Raises:
        TypeError, ValueError: as `entropy`; different lengths, batches or devices.

    Warns:
        CoverageWarning: of rows with several columns at most one sample in twenty shares its row
            with another.

    Example:
        >>> import fastmi
        >>> fastmi.mutual_information([0, 0, 1, 1], ["a", "a", "b", "c"])
        1.0
    """
    estimate = entropies.method(method)
    if contingency is not None:
        instead("contingency", x=x, y=y)
        tallies = read_table("contingency", contingency).tallies
        return _result(entropies.information(*map(estimate, tallies))[0], base)
    (a, b), _ = numbered({"x": x, "y": y}, missing)
    bits = _for_each([a, b], lambda some: _information(some, estimate))
    _warn_of_rows(x=a, y=b)
    return _result(bits, base)


def conditional_mutual_information(
    x: LabelsLike | None = None,
    y: LabelsLike | None = None,
    z: LabelsLike | None = None,
    *,
    base: float | None = 2,
    method: str = "plugin",
    missing: str = "raise",
    contingency: CountsLike | None = None,
) -> float | FloatArray:
    """Estimates I(X;Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z).

    Args:
        x, y, z: as in `entropy`, the same number of samples; leading axes of batches broadcast.
        base: of the logarithm; 2 is bits, None is nats.
        method: how entropies are estimated, one of `fastmi.entropies.METHODS`: "plugin", the shares
            in the sample, or corrected for its bias. Differences of corrected entropies are not
            clipped: they may be negative, or exceed both.
        missing: as in `entropy`; "drop" leaves out the samples that lack a value of x, y or z.
        contingency: in place of x, y and z, the table of their counts, (k_x, k_y, k_z).

    Returns:
        a float, or for a batch a NumPy array with the leading shape.

    Raises:
        TypeError, ValueError: as `mutual_information`.

    Warns:
        CoverageWarning: as `mutual_information`.

    Example:
        >>> import fastmi
        >>> x, y = [0, 0, 1, 1], [0, 1, 0, 1]
        >>> fastmi.conditional_mutual_information(x, y, [0, 1, 1, 0])  # z = x XOR y
        1.0
    """
    estimate = entropies.method(method)
    if contingency is not None:
        instead("contingency", x=x, y=y, z=z)
        table = read_table("contingency", contingency, n_axes=(3,))
        sums = (table.sum(1), table.sum(0), table, table.sum((0, 1)))
        h_xz, h_yz, h_xyz, h_z = (estimate(Tally.of_counts(one.reshape(-1))) for one in sums)
        cmi = entropies.settle(entropies.information(h_xz, h_yz, h_xyz) - h_z)
        return _result(cmi[0], base)
    (a, b, c), _ = numbered({"x": x, "y": y, "z": z}, missing)
    bits = _for_each([a, b, c], lambda some: _conditional(some, estimate))
    _warn_of_rows(x=a, y=b, z=c)
    return _result(bits, base)


def numbered(variables: dict[str, Any], missing: str = "raise") -> tuple[list[Numbers], int]:
    """Numbers the symbols of variables that belong together, and refuses those that do not.

    Gives as well how many samples were left out, where `missing` is "drop".
    """
    arrays, n_dropped = together(missing, variables)
    _same_batch(**arrays)
    numbers = [
        Numbers(*number_rows(array), array.shape[-1] if array.ndim > 1 else 1)
        for array in arrays.values()
    ]
    return numbers, n_dropped


def instead(name: str, **variables: Any) -> None:
    """Refuses labels beside the counts that stand in their place."""
    given = [variable for variable, value in variables.items() if value is not None]
    if given:
        raise ValueError(
            f"{', '.join(given)} beside {name}: {name} has counted the samples already; pass "
            f"{', '.join(variables)}, or {name} alone"
        )


def _flat(counts: Any) -> Any:
    if counts.ndim > 1:
        raise ValueError(
            f"counts has shape {counts.shape}: pass one for each symbol, (k,); the joint entropy of"
            " a table is that of all its cells (counts.ravel()), and its information "
            "mutual_information(contingency=...)"
        )
    return counts


def _warn_of_rows(**variables: Numbers) -> None:
    """Warns of rows of several columns that are nearly all different.

    They are the joint symbol of a table, taken for its columns.
    """
    for name, (codes, size, n_columns) in variables.items():
        n = codes.shape[-1]
        # of more columns than samples, which may be a batch, already few samples are a sign
        enough = n >= FEWEST_SAMPLES or n_columns >= max(n, FEWEST_SAMPLES)
        if n_columns > 1 and enough and size > n / 2:
            coverage = float(tally(codes.reshape(-1, n)).coverage.min())
            if coverage <= LOWEST_COVERAGE:
                warnings.warn(
                    f"{name} is {n} rows of {n_columns} columns, each row one joint symbol, and "
                    f"{1 - coverage:.0%} of them are alone with theirs: the number would be nearly "
                    f"the same for any other rows; pass one column at a time ({name}[:, j]), fewer "
                    f"columns or more samples; a batch of {n} labelings of {n_columns} samples is "
                    f"{name}[..., None]",
                    CoverageWarning,
                    stacklevel=checks.depth_of_caller(),
                )


def _for_each(
    variables: list[Numbers], measured: Callable[[list[Numbers]], FloatArray]
) -> FloatArray:
    """Measures a batch as a whole, or, where its samples are many, one after the other.

    What is counted is then in the cache. A variable of fewer axes is that of all.
    """
    leading = np.broadcast_shapes(*(tuple(each.codes.shape[:-1]) for each in variables))
    if not leading:
        return measured(variables)
    n = variables[0].codes.shape[-1]
    whole = [each._replace(codes=_broadcast(each.codes, (*leading, n))) for each in variables]
    if n < LONG_SAMPLES or is_tensor(variables[0].codes):
        return measured(whole)
    bits = [
        measured([each._replace(codes=each.codes[at]) for each in whole])
        for at in np.ndindex(leading)
    ]
    return np.array(bits).reshape(leading)


def _broadcast(codes: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(codes, shape) if isinstance(codes, np.ndarray) else codes.expand(shape)


def _information(variables: list[Numbers], estimate: entropies.Entropy) -> FloatArray:
    """Estimates I(A;B) of one sample or of a batch."""
    a, b = variables
    if _have_tables(a.codes, a.size * b.size):
        ((h_ab,), (h_a,), (h_b,)) = _in_tables(a, [b], estimate)
    elif a.codes.ndim == 1:
        h_a, h_b, h_ab = _together(a, b, estimate)
    else:
        h_a, h_b, h_ab = _joint([[0], [1], [0, 1]], [a, b], estimate)
    return entropies.information(h_a, h_b, h_ab)


def _conditional(variables: list[Numbers], estimate: entropies.Entropy) -> FloatArray:
    """Estimates I(A;B|C) of one sample or of a batch."""
    a, b, c = variables
    if _have_tables(a.codes, a.size * b.size * c.size):
        both = Numbers(*joined(b.codes, b.size, c.codes, c.size), 2)
        ((h_ac, h_abc), _, (h_c, h_bc)) = _in_tables(a, [c, both], estimate)
    else:
        h_ac, h_bc, h_abc, h_c = _joint([[0, 2], [1, 2], [0, 1, 2], [2]], variables, estimate)
    return entropies.settle(entropies.information(h_ac, h_bc, h_abc) - h_c)


def _have_tables(codes: Any, cells: int) -> bool:
    """Tells whether tables of all cells are small, and worth the calls that they take."""
    n_codes = math.prod(codes.shape)
    return n_codes >= LEAST_TABLED and cells <= most_cells(int(codes.shape[-1]), LEAST_CELLS)


def _in_tables(
    a: Numbers, others: list[Numbers], estimate: entropies.Entropy
) -> list[list[FloatArray]]:
    """Estimates H(A,B), H(A), H(B) of each B of the others, in tables: [kind][other], (...)."""
    shape = tuple(a.codes.shape[:-1])
    codes, *beside = (each.codes.reshape(-1, each.codes.shape[-1]) for each in (a, *others))
    n_segments, n = codes.shape
    sizes = np.full(n_segments, a.size)
    kinds: list[list[FloatArray]] = [[], [], []]
    pairs = np.repeat(np.arange(n_segments), 2).reshape(-1, 2)
    for other, with_it in zip(others, beside, strict=True):
        of_other = np.full(n_segments, other.size)
        counted = backends.twin_for(codes).tally_pairs(
            Columns(codes, sizes, sizes), Columns(with_it, of_other, of_other), pairs, True
        )
        bits = estimate(Tally(3 * n_segments, n, counted)).reshape(3, *shape)
        for kind, of_kind in zip(kinds, bits, strict=True):
            kind.append(of_kind)
    return kinds


def _together(
    a: Numbers, b: Numbers, estimate: entropies.Entropy
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Estimates H(A), H(B), H(A,B) of one sample.

    The wider of the two is counted, and in the same pass its pairs with the narrower.
    """
    (codes, size, _), (ids, n_ids, _) = sorted((a, b), key=lambda numbers: -numbers.size)
    if n_ids > len(ids):
        ids, n_ids = identify_rows(ids)
    h_codes, h_pairs = estimate(tally(codes[None], ids[None], (n_ids,), code_bits(size)))
    (h_ids,) = estimate(tally(ids[None], code_bits=code_bits(n_ids)))
    return (h_codes, h_ids, h_pairs) if codes is a.codes else (h_ids, h_codes, h_pairs)


def _joint(
    groups: list[list[int]], numbered: list[Numbers], estimate: entropies.Entropy
) -> list[FloatArray]:
    """Estimates the entropy of each group of variables taken jointly, (...) as the batch leads."""
    bits = []
    for group in groups:
        codes, size, _ = numbered[group[0]]
        for other in group[1:]:
            codes, size = joined(codes, size, numbered[other].codes, numbered[other].size)
        segments = codes.reshape(-1, codes.shape[-1])
        counts = tally(segments, code_bits=code_bits(size))
        bits.append(estimate(counts).reshape(tuple(codes.shape[:-1])))
    return bits


def code_bits(size: int) -> int:
    """Bounds numbers below `size`, which are any integers where it is beyond theirs."""
    return (size - 1).bit_length() if size <= 1 << 63 else ANY_CODE


def joined(a: Any, n_a: int, b: Any, n_b: int) -> tuple[Any, int]:
    """Numbers the pairs of numbers below n_a and below n_b.

    Where the product of the two is too large, those that occur.
    """
    if n_a * n_b >= 2**63:
        (a, n_a), (b, n_b) = _identified(a), _identified(b)
    return a * n_b + b, n_a * n_b


def _identified(codes: Any) -> tuple[Any, int]:
    ids, n_symbols = identify_rows(codes.reshape(-1))
    return ids.reshape(codes.shape), n_symbols


def _result(bits: FloatArray, base: float | None) -> float | FloatArray:
    value = np.asarray(entropies.in_base(bits, _checked_base(base)))
    return float(value) if value.ndim == 0 else value


def _checked_base(value: float | None) -> float | None:
    if value is not None and not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"base must be a number above 1, or None for nats, not {shown(value)}")
    if value is not None and not (1 < value <= sys.float_info.max):
        raise ValueError(f"base must be a number above 1, or None for nats, not {shown(value)}")
    return value


def _same_batch(**arrays: Any) -> None:
    """Refuses batches (..., n, d) whose leading axes do not go together."""
    try:
        np.broadcast_shapes(*(tuple(array.shape[:-2]) for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} is {tuple(array.shape)}" for name, array in arrays.items())
        raise ValueError(
            f"different batches: {shapes}; their leading axes, before the last two, must be the "
            "same, 1, or left out"
        ) from None
