"""labels -> entropy and mutual information: the face of the engine for symbols one already has."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmi import checks, entropies
from fastmi.coding import identify_rows, number_rows
from fastmi.counting import tally
from fastmi.entropies import FloatArray

__all__ = ["conditional_mutual_information", "entropy", "mutual_information"]


def entropy(x: Any, *, base: float | None = 2) -> Any:
    """Plug-in entropy H(X) = -sum_x p(x) log p(x), p the shares in the sample.

    Args:
        x: (n,) labels (integers, bools, strings, whole floats); (n, d) rows, each row one joint symbol; (..., n, d) a batch
            of those. A (b, n) array is n-dimensional rows, never a batch. NumPy array, torch tensor, or a list of labels.
        base: of the logarithm; 2 is bits, None is nats.

    Returns:
        a float, or for a batch a NumPy array with the leading shape.

    Raises:
        TypeError: an unknown container or dtype (object, complex).
        ValueError: no samples, floats that are not whole ("bin them first: fastmi.encode"), an impossible base.

    Example:
        >>> import fastmi
        >>> fastmi.entropy(["a", "b", "a", "b"])
        1.0
    """
    (h,) = _joint_entropies([[0]], x=x)
    return _result(h, base)


def mutual_information(x: Any, y: Any, *, base: float | None = 2) -> Any:
    """Plug-in mutual information I(X;Y) = H(X) + H(Y) - H(X,Y).

    Never negative, never above min(H(X), H(Y)), symmetric to the last bit. On few samples it is biased upward by about
    (Kx - 1)(Ky - 1) / (2 n ln 2) bits for independent x and y, and is log n whatever the truth when all rows are distinct.

    Args:
        x, y: as in `entropy`, the same number of samples; batches need the same leading shape.
        base: of the logarithm; 2 is bits, None is nats.

    Returns:
        a float, or for a batch a NumPy array with the leading shape.

    Raises:
        TypeError, ValueError: as `entropy`; different lengths, batches or devices.

    Example:
        >>> import fastmi
        >>> fastmi.mutual_information([0, 0, 1, 1], ["a", "a", "b", "c"])
        1.0
    """
    h_x, h_y, h_xy = _joint_entropies([[0], [1], [0, 1]], x=x, y=y)
    return _result(entropies.information(h_x, h_y, h_xy), base)


def conditional_mutual_information(x: Any, y: Any, z: Any, *, base: float | None = 2) -> Any:
    """Plug-in I(X;Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z).

    Args:
        x, y, z: as in `entropy`, the same number of samples; batches need the same leading shape.
        base: of the logarithm; 2 is bits, None is nats.

    Returns:
        a float, or for a batch a NumPy array with the leading shape.

    Raises:
        TypeError, ValueError: as `mutual_information`.

    Example:
        >>> import fastmi
        >>> x, y = [0, 0, 1, 1], [0, 1, 0, 1]
        >>> fastmi.conditional_mutual_information(x, y, [0, 1, 1, 0])  # z = x XOR y
        1.0
    """
    h_xz, h_yz, h_xyz, h_z = _joint_entropies([[0, 2], [1, 2], [0, 1, 2], [2]], x=x, y=y, z=z)
    return _result(entropies.settle(entropies.information(h_xz, h_yz, h_xyz) - h_z), base)


def _joint_entropies(groups: list[list[int]], **variables: Any) -> list[FloatArray]:
    """The entropy of each group of variables taken jointly, each with the batch's leading shape."""
    arrays = {name: checks.labels(name, array) for name, array in variables.items()}
    checks.same_device(**arrays)
    checks.same_length(**arrays)
    checks.same_batch(**arrays)
    numbered = [number_rows(array) for array in arrays.values()]
    out = []
    for group in groups:
        codes, size = numbered[group[0]]
        for other in group[1:]:
            codes, size = _joined(codes, size, *numbered[other])
        found = tally(codes.reshape(-1, codes.shape[-1]))
        out.append(entropies.plugin(found).reshape(tuple(codes.shape[:-1])))
    return out


def _joined(a: Any, n_a: int, b: Any, n_b: int) -> tuple[Any, int]:
    """Numbers below n_a and below n_b -> one for each pair; where their product is too large, of those that occur."""
    if n_a * n_b >= 2**63:
        (a, n_a), (b, n_b) = _identified(a), _identified(b)
    return a * n_b + b, n_a * n_b


def _identified(codes: Any) -> tuple[Any, int]:
    ids, n_symbols = identify_rows(codes.reshape(-1))
    return ids.reshape(codes.shape), n_symbols


def _result(bits: FloatArray, base: float | None) -> Any:
    value = np.asarray(entropies.in_base(bits, checks.base(base)))
    return float(value) if value.ndim == 0 else value
