"""labels -> entropy and mutual information: the face of the engine for symbols one already has."""

from __future__ import annotations

import sys
import warnings
from typing import Any, NamedTuple

import numpy as np

from fastmi import checks, entropies
from fastmi.arrays import CountsLike, FloatArray, LabelsLike
from fastmi.backends import ANY_CODE
from fastmi.coding import identify_rows, number_rows
from fastmi.contingency import read_counts, read_table
from fastmi.counting import FEWEST_SAMPLES, LOWEST_COVERAGE, CoverageWarning, Tally, tally
from fastmi.inputs import shown
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
            batch. NumPy array, torch tensor, a list of labels, a column of pandas, polars or
            pyarrow (categories by their codes), their tables (rows), whatever has `__array__` or
            DLPack.
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
    (h,) = _joint([[0]], numbered({"x": x}, missing)[0], estimate)
    return _result(h, base)


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
        x, y: as in `entropy`, the same number of samples; batches need the same leading shape.
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
    if a.codes.ndim == 1:
        h_x, h_y, h_xy = _together(a, b, estimate)
    else:
        h_x, h_y, h_xy = _joint([[0], [1], [0, 1]], [a, b], estimate)
    _warn_of_rows(x=a, y=b)
    return _result(entropies.information(h_x, h_y, h_xy), base)


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
        x, y, z: as in `entropy`, the same number of samples; batches need the same leading shape.
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
    h_xz, h_yz, h_xyz, h_z = _joint([[0, 2], [1, 2], [0, 1, 2], [2]], [a, b, c], estimate)
    _warn_of_rows(x=a, y=b, z=c)
    return _result(entropies.settle(entropies.information(h_xz, h_yz, h_xyz) - h_z), base)


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
        if n_columns > 1 and n >= FEWEST_SAMPLES and size > n / 2:
            coverage = float(tally(codes.reshape(-1, n)).coverage.min())
            if coverage <= LOWEST_COVERAGE:
                warnings.warn(
                    f"{name} is {n} rows of {n_columns} columns, each row one joint symbol, and "
                    f"{1 - coverage:.0%} of them are alone with theirs: the number would be nearly "
                    f"the same for any other rows; pass one column at a time ({name}[:, j]), fewer "
                    "columns or more samples",
                    CoverageWarning,
                    stacklevel=checks.depth_of_caller(),
                )


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
    """Refuses batches (..., n, d) whose leading axes are not the same."""
    leading = {name: tuple(array.shape[:-2]) for name, array in arrays.items() if array.ndim > 2}
    if len(leading) and (len(leading) < len(arrays) or len(set(leading.values())) > 1):
        shapes = ", ".join(f"{name} is {tuple(array.shape)}" for name, array in arrays.items())
        raise ValueError(
            f"different batches: {shapes}; give all of them the same leading axes (np.broadcast_to)"
        )
