"""rows of a layer, without labels -> a codebook, which gives every row of it one of k codes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi.arrays import Activations
from fastmi.inputs import is_tensor

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["KINDS", "Codebook", "codebook", "stacked", "tamed"]

KINDS = ("kmeans", "pca", "product")
EACH = {"pca": 3, "product": 4}  # codes of a part: quantile bins of a component, centres of units
FURTHEST = 1e15  # in float32, whose squares stay finite
SCORES = 2**22  # that are computed at a time: 16 MiB
ROUNDS = 50  # of Lloyd's algorithm
CENTRES = 32  # fewer are begun with several times, as often as this allows, and the best is kept

Rows = npt.NDArray[np.float32]  # (n, d)


@dataclass(frozen=True, eq=False, repr=False)
class Codebook:
    """A quantiser q of rows (n, d): in each of its parts the symbol with the largest linear score.

    score = t @ weights + bias, and the code is sum_j symbol_j prod_{i<j} k_i. The nearest centre
    scores t.c - |c|^2 / 2; bin s of a direction w cut at e_1 <= e_2 <= ... scores s t.w - e_1 - ...
    - e_s. So every quantiser is one matrix product.

    Attributes:
        weights: (d, k_1 + ... + k_p) float32. bias: as many. sizes: k_1, ..., k_p.
    """

    weights: Rows
    bias: Rows
    sizes: tuple[int, ...]

    @property
    def n_codes(self) -> int:
        """Counts the codes that there may be."""
        return int(np.prod(self.sizes, dtype=object))

    def encode(self, layer: Activations, place: str = "layer") -> Any:
        """Codes each row of float32 (..., n, d), (..., n) int64 where the layer is.

        Values beyond 1e15 count as 1e15.

        Raises:
            ValueError: NaN.
        """
        rows = layer.reshape(-1, layer.shape[-1])
        step = max(1, SCORES // len(self.bias))
        codes = [
            self._codes(rows[first : first + step], place) for first in range(0, len(rows), step)
        ]
        return end_to_end(codes).reshape(tuple(layer.shape[:-1]))

    def _codes(self, rows: Any, place: str) -> Any:
        scores = self._scores(rows)
        if not bool((abs(scores) < np.inf).all()):
            scores = self._scores(tamed(rows, place))
        codes, first, weight = None, 0, 1
        for size in self.sizes:
            symbols = scores[:, first : first + size].argmax(-1) * weight
            codes = symbols if codes is None else codes + symbols
            first, weight = first + size, weight * size
        return codes

    def _scores(self, rows: Any) -> Any:
        if is_tensor(rows):
            import torch

            weights, bias = (
                torch.from_numpy(array).to(rows.device) for array in (self.weights, self.bias)
            )
            with torch.no_grad():  # autocast leaves alone what is written into
                return torch.addmm(bias, rows, weights, out=rows.new_empty(len(rows), len(bias)))
        with np.errstate(all="ignore"):  # infinities are looked for afterwards
            return rows @ self.weights + self.bias

    def __repr__(self) -> str:
        return f"Codebook of {' x '.join(map(str, self.sizes))} codes, {len(self.weights)} units"


def codebook(rows: Rows, k: int, by: str, seed: int) -> Codebook:
    """Fits at most k codes to tamed rows (n, d), whatever their order.

    kmeans: the nearest of k centres (Lloyd 1982, by scikit-learn); each distinct row its own where
    there are no more than k. pca: the first components, as many as k allows, of 3 quantile bins
    each. product: neighbouring units in as many parts as k allows, of 4 centres each (Jegou, Douze
    and Schmid 2011, doi:10.1109/TPAMI.2010.57). Where k is less than one part has, there is one
    part of k.

    """
    rows = rows[np.argsort(_as_bytes(rows), kind="stable")]
    if by == "kmeans":
        return _joined([_nearest(_centres(rows, k, seed))])
    each = min(EACH[by], k)
    n_parts, units = 1, rows.shape[1]
    while n_parts < units and each > 1 and each ** (n_parts + 1) <= k:
        n_parts += 1
    if by == "pca":
        return _joined(_components(rows, n_parts, each, seed))
    parts = []
    for own in np.array_split(np.arange(units), n_parts):
        weights, bias = _nearest(_centres(rows[:, own], each, seed))
        wide = np.zeros((units, len(bias)))
        wide[own] = weights
        parts.append((wide, bias))
    return _joined(parts)


def tamed(rows: Any, place: str) -> Any:
    """Brings what lies beyond 1e15 to it, and -0 to 0.

    Raises:
        ValueError: NaN.
    """
    n_nan = int((rows != rows).sum())
    if n_nan:
        raise ValueError(
            f"{place} holds {n_nan} NaN, which is near no code: did the training diverge? drop "
            "those samples, or stop before them"
        )
    return rows.clip(-FURTHEST, FURTHEST) + 0.0


def _joined(parts: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]) -> Codebook:
    return Codebook(
        np.concatenate([weights for weights, _ in parts], axis=1).astype(np.float32),
        np.concatenate([bias for _, bias in parts]).astype(np.float32),
        tuple(len(bias) for _, bias in parts),
    )


def _nearest(centres: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Makes scores of centres (k, d) that are largest at the nearest; they lose what all share."""
    centres = centres.astype(np.float64)
    middle = centres.mean(axis=0)
    apart = centres - middle
    return apart.T, -(apart**2).sum(axis=1) / 2 - apart @ middle


def _centres(rows: Rows, k: int, seed: int) -> npt.NDArray[Any]:
    """Finds at most k centres of sorted rows, distinct ones."""
    rows = np.ascontiguousarray(rows)
    _, first, counts = np.unique(_as_bytes(rows), return_index=True, return_counts=True)
    distinct = rows[first]
    if len(distinct) <= k:
        return distinct
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with _threads().limit(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(
            k,
            n_init=max(1, CENTRES // k),
            max_iter=ROUNDS,
            tol=1e-3,
            random_state=seed,
        ).fit(distinct, sample_weight=counts.astype(np.float32))
    return np.unique(fitted.cluster_centers_, axis=0)


def _components(
    rows: Rows, n_parts: int, each: int, seed: int
) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Cuts principal components at their quantiles."""
    wide = rows.astype(np.float64)
    if (wide == wide[0]).all():
        return [(np.zeros((rows.shape[1], 1)), np.zeros(1))]
    from sklearn.decomposition import PCA

    n_parts = min(n_parts, len(rows))
    with _threads().limit(limits=1):
        directions = np.asarray(PCA(n_parts, random_state=seed).fit(wide).components_)
    parts = []
    for direction in directions:
        edges = np.quantile(wide @ direction, np.arange(1, each) / each)
        bias = -np.concatenate([[0.0], np.cumsum(edges)])
        parts.append((direction[:, None] * np.arange(each), bias))
    return parts


@functools.cache
def _threads() -> ThreadpoolController:
    """Holds the threads of what scikit-learn has loaded, several of which add up in any order.

    To look for them costs a quarter of fitting a small layer.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _as_bytes(rows: Rows) -> npt.NDArray[np.void]:
    """Views rows as bytes, which can be sorted, in some order."""
    rows = np.ascontiguousarray(rows)
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).reshape(-1)


def end_to_end(codes: Sequence[Any]) -> Any:
    """Joins codes (n_b,) of one container."""
    if not is_tensor(codes[0]):
        return np.concatenate(codes)
    import torch

    return torch.cat(list(codes))


def stacked(codes: Sequence[Any]) -> Any:
    """Stacks codes of one container and shape."""
    return end_to_end([one[None] for one in codes])
