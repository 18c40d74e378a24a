"""Stands in for the authors' information_process.py: one layer -> (I(X;T), I(T;Y)).

The names, arguments and values are those of the report's file (it, in turn, follows Shwartz-Ziv and
Tishby's IDNNs, arXiv:1703.00810); the code is fastmi's. There H(T|X) is a loop over the distinct
inputs; here everything is counted at once, and what depends on X, Y and the bins alone is kept from
call to call. No random numbers are drawn.

Differences: NaN is an error (the original counts it with what lies at or above the last edge), -0
equals 0 (there the bytes are compared), integers come back as int64, and `calc_DKL=True`, which
cannot run there, is refused.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Activations, Array, FloatArray, IntArray
from fastmi.binning import Edges
from fastmi.inputs import is_tensor, shown
from fastmi.planes import PlaneEstimator

__all__ = [
    "calc_information_for_layer_with_other",
    "calc_information_sampling",
    "extract_probs",
    "narrowed",
]

Values: TypeAlias = npt.NDArray[Any]


def extract_probs(
    label: Array, x: Array
) -> tuple[Values, Values, Values, Values, Values, Values, Values, Values, Values]:
    """Counts p(x), p(y) and p(y|x), and which symbol each sample is; a symbol is a distinct row.

    Args:
        label: (n, k) rows of numbers, one-hot or (n, 1); (n,) is taken as (n, 1).
        x: (n, d) rows of numbers; further axes are flattened.

    Returns:
        (pys, pys1, p_y_given_x, b1, b, unique_a, unique_inverse_x, unique_inverse_y, pxs); of m
        distinct rows of x, l of label: pys (k,) the mean label row; pys1 (l,) the share of each
        distinct label row; p_y_given_x (k, m) for each distinct x the mean label row, as a column;
        b1 (m, 1) and b (n, 1) the rows of unique_a and of x as opaque bytes; unique_a (m, d) the
        distinct rows of x, in the order of their bytes; unique_inverse_x, unique_inverse_y (n,) the
        number of each sample's row, one-dimensional whatever the version of NumPy; pxs (m,) the
        share of each distinct x.

    Raises:
        TypeError: an unknown container or dtype.
        ValueError: no samples, different numbers of them, NaN.

    Example:
        >>> import numpy as np
        >>> labels, x = np.array([[0.0], [1.0], [1.0], [1.0]]), np.array([[7], [7], [8], [8]])
        >>> probs = extract_probs(labels, x)
        >>> probs[2], probs[6]
        (array([[0.5, 1. ]]), array([0, 0, 1, 1]))
    """
    label, x = checks.numbers("label", label), checks.numbers("x", x)
    n = checks.same_length(label=label, x=x)
    b = _opaque(x)
    _, first, inverse_x, counts_x = np.unique(
        b, return_index=True, return_inverse=True, return_counts=True
    )
    _, inverse_y, counts_y = np.unique(_opaque(label), return_inverse=True, return_counts=True)
    inverse_x, inverse_y = inverse_x.reshape(-1), inverse_y.reshape(-1)  # NumPy 2 gives (n, 1)
    unique_a = x[first]
    p_y_given_x = (
        np.stack([np.bincount(inverse_x, weights=column) for column in label.T]) / counts_x
    )
    return (
        label.sum(axis=0) / n,
        counts_y / n,
        p_y_given_x,
        _opaque(unique_a),
        b,
        unique_a,
        inverse_x,
        inverse_y,
        counts_x / n,
    )


def calc_information_for_layer_with_other(
    data: Activations,
    bins: npt.ArrayLike,
    unique_inverse_x: npt.ArrayLike,
    unique_inverse_y: npt.ArrayLike,
    label: object,
    b: object,
    b1: object,
    len_unique_a: int,
    pxs: npt.ArrayLike,
    p_YgX: object,
    pys1: npt.ArrayLike,
    percent_of_sampling: float = 50,
) -> dict[str, float]:
    """Estimates {"local_IXT": I(X;T), "local_ITY": I(T;Y)} of one layer in bits.

    It is `calc_information_sampling` under other names.

    Args, Raises: as there; `percent_of_sampling` is not used (nor is it in the original).
    """
    i_xt, i_ty = calc_information_sampling(
        data, bins, pys1, pxs, label, b, b1, len_unique_a, p_YgX, unique_inverse_x, unique_inverse_y
    )
    return {"local_IXT": i_xt, "local_ITY": i_ty}


def calc_information_sampling(
    data: Activations,
    bins: npt.ArrayLike,
    pys1: npt.ArrayLike,
    pxs: npt.ArrayLike,
    label: object,
    b: object,
    b1: object,
    len_unique_a: int,
    p_YgX: object,
    unique_inverse_x: npt.ArrayLike,
    unique_inverse_y: npt.ArrayLike,
    calc_DKL: bool = False,
) -> tuple[float, float]:
    """Estimates I(X;T) = H(T) - H(T|X) and I(T;Y) = H(T) - H(T|Y) of one binned layer, in bits.

    Both are plug-in.

    Args:
        data: (n, d) activations, or (n, ...), flattened; NumPy array or tensor.
        bins: increasing edges, rounded to float32; a value below the first joins the symbol at and
            above the last.
        unique_inverse_x, unique_inverse_y: (n,) or (n, 1), the symbol of each sample, numbered as
            by `extract_probs`.
        pxs, pys1: the shares of those symbols.
        label, b, b1, len_unique_a, p_YgX: not used; they belong to the original's signature.
        calc_DKL: False. The original fails under True: a function and a module it names were left
            out.

    Raises:
        TypeError, ValueError: activations that are not real numbers of these n samples, NaN, edges
            that do not increase, symbols that are not numbered 0, 1, ..., shares that are not
            theirs, calc_DKL.

    Source: arXiv:1703.00810; github.com/vadim0x60/IDNN-Replication-Study.
    """
    if calc_DKL:
        raise ValueError(
            "calc_DKL is True, which the original cannot run either (calc_probs and KL are "
            "missing): leave it False"
        )
    x = _numbered("unique_inverse_x", unique_inverse_x)
    y = _numbered("unique_inverse_y", unique_inverse_y)
    shares = [_shares(name, given).tobytes() for name, given in (("pxs", pxs), ("pys1", pys1))]
    plane = _estimator(x.tobytes(), y.tobytes(), *shares, Edges(bins, out_of_range="wrap"))
    ((i_xt, i_ty),) = plane.estimate(narrowed(data))
    return float(i_xt), float(i_ty)


def _shares(name: str, given: Any) -> FloatArray:
    """Makes shares float64."""
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} is {shown(given)}: pass the shares of the symbols, as extract_probs returned "
            "them"
        ) from None


def narrowed(data: Activations) -> Activations:
    """Makes activations (n, ...) rows (n, d), in which float64 are rounded down to float32.

    That is to the largest float32 at or below each.

    The reference compares float64 activations with float32 edges. An edge is at or below t exactly
    when it is at or below the largest float32 that is; so both give the same symbol, where the
    nearest float32 may reach an edge that t does not.
    """
    values: Any = data
    if is_tensor(values):
        import torch

        values = values.detach()
        if values.dtype != torch.float64:
            return values.reshape(len(values), -1) if values.ndim else values
        values = values.cpu().numpy()
    values = np.asarray(values)
    values = values.reshape(len(values), -1) if values.ndim and values.size else values
    if values.dtype != np.float64:
        return values
    # infinities have their symbols, and 0 has a float below it
    with np.errstate(over="ignore", under="ignore"):
        nearest = values.astype(np.float32)
        return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest)


@lru_cache(maxsize=4)
def _estimator(x: bytes, y: bytes, pxs: bytes, pys1: bytes, binning: Edges) -> PlaneEstimator:
    """Keeps the estimator of the same X, Y and bins, layer after layer.

    They are known by their content, so that no array is held or trusted to stay as it is.
    """
    x_numbers, y_numbers = np.frombuffer(x, np.int64).copy(), np.frombuffer(y, np.int64).copy()
    _shares_of_symbols("pxs", np.frombuffer(pxs), "unique_inverse_x", x_numbers)
    _shares_of_symbols("pys1", np.frombuffer(pys1), "unique_inverse_y", y_numbers)
    return PlaneEstimator(x_numbers, y_numbers, binning)


def _opaque(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Makes rows (n, d) opaque: (n, 1), every row one element of bytes."""
    rows = np.ascontiguousarray(rows)
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))


def _numbered(name: str, ids: Any) -> IntArray:
    """Checks numbers of symbols: int64 (n,), from (n,) or the (n, 1) of some versions of NumPy."""
    ids = np.asarray(ids)
    if (
        ids.dtype.kind not in "iu"
        or ids.ndim == 0
        or ids.size == 0
        or ids.size != ids.shape[0]
        or ids.min() < 0
    ):
        raise ValueError(
            f"{name} has dtype {ids.dtype} and shape {ids.shape}: pass the number of each sample's "
            "symbol, integers (n,) from 0 on (np.unique(..., return_inverse=True))"
        )
    return ids.reshape(-1).astype(np.int64, copy=False)


def _shares_of_symbols(name: str, given: FloatArray, numbers_name: str, ids: IntArray) -> None:
    """Refuses shares that are not those of the symbols."""
    shares = np.bincount(ids) / len(ids)
    if (
        given.shape != shares.shape
        or not np.allclose(given, shares, rtol=0, atol=1e-9)
        or not shares.all()
    ):
        raise ValueError(
            f"{name} holds {given.size} shares that are not those of the {shares.size} symbols in "
            f"{numbers_name}: pass what extract_probs returned for the same samples"
        )
