"""VectorQuantized: codes that are fitted to a layer without labels, and counted as any others."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Activations, Bits, IntArray
from fastmi.inputs import on_host, shown
from fastmi.measures.base import Layers, Reader, Variables, some_rows, through
from fastmi.measures.codebooks import KINDS, Codebook, codebook, stacked, tamed
from fastmi.measures.codes import CodesReader
from fastmi.points import Points

__all__ = ["VectorQuantized"]

MOST_CODES = 2**31
# that k="auto" chooses among
CANDIDATES = {
    "kmeans": (2, 4, 8, 16, 32, 64, 128, 256),
    "pca": (3, 9, 27, 81, 243, 729),
    "product": (4, 16, 64, 256, 1024),
}
WORDS = {"kmeans": "k-means", "pca": "PCA grid", "product": "product quantiser"}


@dataclass(frozen=True, repr=False)
class VectorQuantized:
    """Measures I(X;q(T)) and I(q(T);Y) of the codes q(T) of a layer T, in bits, at any width.

        I(T;Y) >= I(q(T);Y) = H(q(T)) - H(q(T)|Y)

    by data processing. q is fitted to the layer without labels, so it may be fitted to the very
    samples that are counted: mean_lower bounds I(T;Y) from below in mean still. Codes then are
    counted as those of bins are: chance, bracket, growth, coverage and verdict stand beside them.

    Assumes: nothing of the layer; a small k is enough for what Y asks of it. Unit: bits. Bias: the
    plug-in's, about (k - 1)(Ky - 1) / (2 n ln 2) upwards (`chance` has it); `mean_lower` pays for
    it. mean_upper bounds I(q(T);Y) alone, not I(T;Y). I(X;q(T)) is H(q(T)) where every x is
    distinct, at most log2 k: it says how evenly the codes are used, and nothing of I(X;T) beyond.
    Cost: one matrix product (n, d) x (d, k), and the fit. Fails: where Y lies in directions of
    little variance, which k-means and PCA pass over; units of very different scales decide by
    their scale. k = 1 gives 0, a k at which every row has its own code the plug-in of T.

    Source: Lloyd 1982, doi:10.1109/TIT.1982.1056489; the bracket: `fastmi.belief`.

    Args:
        k: the most codes; or "auto", chosen of 2, 4, ..., 256 (pca 3, 9, ..., 729; product 4, 16,
            ..., 1024) as the one with the largest mean_lower, for each network and reading by
            itself, charged log2(m)/n bits for m of them (`charge`). Where none is above 0 that may
            be the finest, and the verdict is "unresolved". It needs a sample of which mean_lower
            is said: it has no mixture, and none of a population.
        by: "kmeans": the nearest of k centres. "pca": a grid of log_3 k principal components, 3
            quantile bins each. "product": log_4 k groups of neighbouring units, 4 centres each.
        max_fit: the most rows that codes are fitted to, spread evenly over those read. seed: of the
            fit, which is otherwise fixed: the same rows in any order give the same codes.
        codebooks: what was fitted, by `fit`; () is fitted anew to each layer, network and reading.
            Several networks that are read as a mixture share one.

    Raises:
        TypeError, ValueError: a k below 1 or above 2^31, another `by`, max_fit below 1, a seed
            that is none. Reading: NaN; a layer of another width than the fitted one's.

    Example:
        >>> import fastmi, numpy as np
        >>> rng = np.random.default_rng(0)
        >>> y = rng.integers(0, 2, 1000)
        >>> layer = y[:, None] + 0.1 * rng.normal(size=(1000, 512))
        >>> measure = fastmi.measures.VectorQuantized(4)
        >>> plane = fastmi.PlaneEstimator(np.arange(1000), y, measure, sample="held-out")
        >>> plane.readings(layer)["each"].mean_lower.round(2)
        array([[0.98]])
    """

    k: int | str = 32
    by: str = "kmeans"
    max_fit: int = 2048
    seed: int = 0
    codebooks: tuple[Codebook, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.k, str):
            if self.k != "auto":
                raise ValueError(f"k is {self.k!r}: pass a number of codes, or 'auto'")
        elif checks.positive_integer("k", self.k) > MOST_CODES:
            raise ValueError(f"k is {self.k}: pass at most 2^31 codes")
        checks.one_of("by", self.by, KINDS)
        checks.positive_integer("max_fit", self.max_fit)
        seed = checks.seed(self.seed)
        if seed >= 2**32:
            raise ValueError(f"seed is {seed}: pass a whole number below 2^32")
        given = self.codebooks
        if not isinstance(given, tuple) or not all(isinstance(one, Codebook) for one in given):
            raise TypeError(f"codebooks is {shown(given)}: leave it out, `fit` fills it")

    @property
    def method(self) -> str:
        """Tells how entropies of codes are estimated."""
        return "plugin"

    placed = False

    @property
    def needs_fit(self) -> bool:
        """Tells whether it is still to be fitted."""
        return not self.codebooks

    @property
    def needs_labels(self) -> bool:
        """Tells that it is fitted without labels."""
        return False

    def fit(self, layer: Activations, y: npt.NDArray[Any] | None = None) -> VectorQuantized:
        """Fits codes to a layer, which then read it on any sample.

        Args:
            layer: (n, d) activations of one layer of one network; at most max_fit of its rows are
                used. y: is not looked at.

        Raises:
            TypeError, ValueError: no such activations; NaN.
        """
        array = checks.activations("layer", layer)
        if array.ndim != 2:
            raise ValueError(
                f"layer has shape {tuple(array.shape)}: codes are fitted to one layer (n, d) of one"
                " network"
            )
        return dataclasses.replace(self, codebooks=self.fitted_to(array, "layer"))

    def fitted_to(self, layer: Activations, place: str) -> tuple[Codebook, ...]:
        """Fits a codebook for each k that may be chosen to a checked layer (n, d)."""
        rows = tamed(on_host(some_rows(layer, self.max_fit)), place)
        return tuple(
            codebook(rows, k, self.by, self.seed)
            for k in ([self.k] if isinstance(self.k, int) else self._candidates(len(rows)))
        )

    def reader(self, variables: Variables) -> Reader[Any]:
        """Fixes X and Y.

        Raises:
            ValueError: k="auto" over a population.
        """
        if self.k == "auto" and variables.statements.sample == "population":
            raise ValueError(
                "k is 'auto' over a population, where mean_lower, by which k is chosen, is not "
                "stated for nothing is estimated: pass a number of codes"
            )
        return _Unfitted(self, variables) if self.needs_fit else _Fitted(self, variables)

    def _candidates(self, n_rows: int) -> Sequence[int]:
        """Lists what k="auto" chooses among: fewer codes than rows."""
        some = CANDIDATES[self.by]
        return [k for k in some if k < n_rows] or some[:1]

    def __str__(self) -> str:
        codes = f"k={self.k}" if self.k != "auto" else "k chosen by mean_lower"
        return f"{WORDS[self.by]}, {codes}, fitted to at most {self.max_fit} rows"

    def __repr__(self) -> str:
        fitted = f", fitted to {len(self.codebooks[0].weights)} units" if self.codebooks else ""
        return (
            f"VectorQuantized(k={self.k!r}, by={self.by!r}, max_fit={self.max_fit}, "
            f"seed={self.seed}{fitted})"
        )


class Quantised(NamedTuple):
    """Codes (n_layers m, ..., n) of m codebooks a layer, below 2^code_bits; names as many."""

    codes: Any
    code_bits: int
    names: Sequence[str]
    n_books: int
    outside: None = None

    def __repr__(self) -> str:
        return f"Quantised: codes {tuple(self.codes.shape)}"


class _Codes(CodesReader[Quantised]):
    """Counts codes; of several codebooks a layer it takes the best, which pays for the choice."""

    def __init__(self, measure: VectorQuantized, variables: Variables) -> None:
        super().__init__(variables)
        self._auto = measure.k == "auto"
        self.mixes = not self._auto

    def n_candidates(self, prepared: Quantised) -> list[int]:
        return [prepared.n_books] * len(prepared.names)

    def bits(self, prepared: Quantised) -> Bits:
        return self.points(prepared).bits if self._auto else super().bits(prepared)

    def points(self, prepared: Quantised) -> Points:
        points = super().points(prepared)
        return _best(points, prepared.n_books) if self._auto else points


class _Fitted(_Codes):
    """Counts codes of what was fitted before."""

    def __init__(self, measure: VectorQuantized, variables: Variables) -> None:
        super().__init__(measure, variables)
        self._books = measure.codebooks

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> Quantised:
        width = len(self._books[0].weights)
        for place, array in zip(layers.places, layers.arrays, strict=True):
            if array.shape[-1] != width:
                raise ValueError(
                    f"{place} has {array.shape[-1]} units, and the codes were fitted to a layer of "
                    f"{width}: fit each layer's own (a mapping name -> measure)"
                )
        codes = [
            book.encode(array, place)
            for place, array in zip(layers.places, layers.arrays, strict=True)
            for book in self._books
        ]
        return _quantised(codes, layers, [self._books])

    def mixture(self, prepared: Quantised) -> Quantised:
        _check_mixes(self.mixes)
        return super().mixture(prepared)


class _Unfitted:
    """Fits codes anew to each network and reading: what is prepared is the layers themselves."""

    def __init__(self, measure: VectorQuantized, variables: Variables) -> None:
        self._measure, self._codes = measure, _Codes(measure, variables)
        self.mixes = self._codes.mixes

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> Layers:
        return layers

    def sampled(self, prepared: Layers, assignment: IntArray) -> Layers:
        return prepared._replace(arrays=[through(one, assignment) for one in prepared.arrays])

    def mixture(self, prepared: Layers) -> Layers:
        """Lays copies end to end, which share a codebook: T is a point of one space."""
        _check_mixes(self.mixes)
        arrays = []
        for array in prepared.arrays:
            *leading, n_copies, n, d = array.shape
            arrays.append(array.reshape(*leading, n_copies * n, d))
        return prepared._replace(arrays=arrays)

    def bits(self, prepared: Layers) -> Bits:
        return self._codes.bits(self._quantised(prepared))

    def points(self, prepared: Layers) -> Points:
        return self._codes.points(self._quantised(prepared))

    def _quantised(self, layers: Layers) -> Quantised:
        codes, books = [], []
        for place, array in zip(layers.places, layers.arrays, strict=True):
            *leading, n, d = array.shape
            networks = list(array.reshape(-1, n, d))
            of_networks = [self._measure.fitted_to(one, place) for one in networks]
            for of_book in zip(*of_networks, strict=True):
                pairs = zip(of_book, networks, strict=True)
                rows = [book.encode(network, place) for book, network in pairs]
                codes.append(stacked(rows).reshape(*leading, n))
            books += of_networks
        return _quantised(codes, layers, books)


def _quantised(
    codes: Sequence[Any], layers: Layers, books: Sequence[Sequence[Codebook]]
) -> Quantised:
    n_codes = max(book.n_codes for some in books for book in some)
    m = len(books[0])
    names = [place for place in layers.places for _ in range(m)]
    return Quantised(stacked(codes), max(1, (n_codes - 1).bit_length()), names, m)


def _check_mixes(mixes: bool) -> None:
    if not mixes:
        raise ValueError(
            "VectorQuantized(k='auto') has no mixture: k is chosen by mean_lower, of which nothing "
            "is said where rows of one sample hang together; pass a number of codes"
        )


def _best(points: Points, m: int) -> Points:
    """Takes, of m points of each layer, the one with the largest mean_lower, and of these the
    first.
    """
    lower = np.asarray(points.mean_lower)
    of_layer = (*lower.shape[:-1], lower.shape[-1] // m, m)
    at = lower.reshape(of_layer).argmax(axis=-1)[..., None]
    return points.map(
        lambda column: np.take_along_axis(column.reshape(of_layer), at, axis=-1)[..., 0]
    )
