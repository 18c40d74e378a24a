"""Probe: what a classifier of a layer, fitted to some samples, says of the labels of others.

Sources: Xu et al. 2020, arXiv:2002.10689 (V-information); Ethayarajh et al. 2022, arXiv:2110.08420
(of each sample).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Activations, Bits, FloatArray, IntArray
from fastmi.belief import lower_verdicts
from fastmi.inputs import is_tensor, on_host
from fastmi.labels import as_values
from fastmi.measures.base import Layers, Measure, Variables, spread, through, variables
from fastmi.measures.logistic import Probes, Training, trained
from fastmi.points import Points

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FittedProbe", "Probe", "halves"]

PENALTIES = tuple(8.0**-k for k in range(-1, 6))  # 8, 1, ..., 1/32768, of which one is chosen
CHUNK_BYTES = 2**28  # of what is trained, or scored, at a time
ROWS = 2048  # of a layer, scored at a time
FLOATS_OF_STEPS = 24  # of each weight, that the training keeps


@dataclass(frozen=True)
class Probe:
    """Measures what a classifier of T, fitted to other samples, says of Y: V-information, in bits.

        i_ty = mean_i log2 p(y_i | t_i) + H(Y)
        i_ty_se = sd_i log2 (p(y_i | t_i) / P(y_i)) / sqrt(m)

    over m scored samples, p fitted to others; P are the shares of the m labels and H(Y) their
    entropy. It is not clipped: below 0 a probe is worse than the shares.

    In mean over samples that the layer was not trained on it is at most I(T;Y), whatever p is: of
    given labels the t_i are draws of p(t | y), and I is concave in P. So a training that ends early
    costs bits and nothing else. (Published V-information has the fitted shares in place of P: it is
    never less, and no lower bound in mean.)

    p is a softmax, linear or over a hidden layer of tanh, of units that are standardised, and kept
    within what was fitted (one that was nearly still would be blown up); it minimises

        mean_i -ln p(y_i | t_i) + penalty / 2 |W|^2

    Biases are free. (scikit-learn's LogisticRegression has C = 1 / (penalty m_fit), of two classes
    twice that.) With `penalty=None` seven are trained, 8, 1, 1/8, ..., 1/32768, and i_ty is that of
    the one which scores best; mean_lower pays log2(7) / m for the choice (`charge`), and is then
    what bounds I(T;Y).

    Of one sample half is fitted and half scored, by the seed: labels are sorted and every other
    sample is taken, so that each has its share on both sides. What was fitted to one sample (`fit`)
    scores all of another: `fastmi.watch` so scores all samples but "training" (or the first), which
    is read by halves. A label that was not fitted has 1 / (m_fit + 1), shared with all such labels
    that `n_classes` or the scored samples know. Over a population p is fitted to all and scored on
    all, and the number itself is at most I(T;Y).

    It says nothing of I(X;T), which is NaN, and a linear probe nothing of an exclusive or. The
    verdict is "bounded" where m mean_lower >= log2 100, which independence shows at most once in a
    hundred samples, else "unresolved": there is no upper end. In a mixture every sample goes
    through all of its copies, or through some by the seed where these are more rows than `max_fit`;
    nothing is said there but i_ty and its error.

    Args:
        hidden: the width of a hidden layer; 0 is none, a linear probe. penalty: above 0, or None.
        n_steps: of the training, at most. tolerance: in nats; it ends where about so much is left
            to gain.
        seed: of the halves, and of the weights at the start of a hidden layer.
        max_fit: the most rows that are fitted; of one sample as many more are scored.

    Raises:
        TypeError, ValueError: another number.

    Attributes:
        needs_fit, needs_labels: it is fitted to layers, with their labels.
    """

    hidden: int = 0
    penalty: float | None = None
    n_steps: int = 200
    tolerance: float = 1e-5
    seed: int = 0
    max_fit: int = 5_000

    def __post_init__(self) -> None:
        given = vars(self)
        plain = {
            name: checks.positive_integer(name, given[name]) for name in ("n_steps", "max_fit")
        }
        linear = type(self.hidden) is int and self.hidden == 0
        plain["hidden"] = 0 if linear else checks.positive_integer("hidden", self.hidden)
        plain["seed"] = checks.seed(self.seed)
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "tolerance", checks.not_negative("tolerance", self.tolerance))
        if self.penalty is not None:
            object.__setattr__(self, "penalty", checks.not_negative("penalty", self.penalty))
        if self.penalty == 0:
            raise ValueError(
                "penalty is 0: without one the weights grow without end where classes can be "
                "parted; pass a small one (1e-6), or None, and one is chosen"
            )

    placed = False
    needs_fit = True
    needs_labels = True

    @property
    def penalties(self) -> tuple[float, ...]:
        """Lists the penalties of which one is chosen."""
        return PENALTIES if self.penalty is None else (self.penalty,)

    def fit(self, layer: Activations, y: npt.NDArray[Any] | None = None) -> Measure:
        """Fits the probe to at most `max_fit` rows, evenly spread.

        Args:
            layer: (n, d). y: (n,) or (n, k) labels.

        Returns:
            a measure that scores other samples; its numbers of these very samples are too high.

        Raises:
            TypeError, ValueError: no labels, or no activations of their number; NaN or infinities.
        """
        if y is None:
            raise TypeError("y is None: a probe is fitted to the labels of a layer, fit(layer, y)")
        labels = as_values("y", y)
        array = checks.activations("layer", layer, len(labels))
        if array.ndim != 2:
            raise ValueError(
                f"layer has shape {tuple(array.shape)}: a probe is fitted to one network, (n, d)"
            )
        fixed = variables(np.arange(len(labels)), labels)
        rows = spread(len(fixed.ids_y), self.max_fit)
        known, numbers = np.unique(fixed.ids_y[rows], return_inverse=True)
        _check_finite("layer", array)
        probes = self._trained(_picked(array, rows)[None], numbers, len(known))
        return FittedProbe(self, fixed.classes[known], len(rows), probes)

    def reader(self, variables: Variables) -> _Halves:
        """Fixes Y, and the halves."""
        return _Halves(self, variables)

    def _trained(self, rows: Tensor, labels: IntArray, n_classes: int) -> Probes:
        """Trains the probes of networks (b, m, d) with these labels (m,)."""
        import torch

        how = Training(
            n_classes, self.hidden, self.penalties, self.seed, self.n_steps, self.tolerance
        )
        with torch.no_grad():
            return trained(rows, torch.from_numpy(labels).to(rows.device), how)

    def __str__(self) -> str:
        kind = f"probe with {self.hidden} hidden units" if self.hidden else "linear probe"
        of = (
            f"the best of {len(PENALTIES)} penalties, {PENALTIES[0]:g}..{PENALTIES[-1]:.1g}"
            if self.penalty is None
            else f"penalty {self.penalty:g}"
        )
        return (
            f"{kind}, {of}, standardised units, at most {self.n_steps} steps to {self.tolerance:g} "
            f"nats, seed {self.seed}, fitted to at most {self.max_fit} rows"
        )


class _Target(NamedTuple):
    """What probes are scored on: of each of m samples its label, and what belongs to that.

    Attributes:
        numbers: (m,) among the classes that were fitted; -1 is none of them. log2_shares: (m,) of
            the label, among those scored. log2_known: to be added to log2 p of a label that was
            fitted. log2_unknown: of one that was not.
    """

    numbers: IntArray
    log2_shares: FloatArray
    log2_known: float
    log2_unknown: float

    @classmethod
    def of(
        cls, numbers: IntArray, ids: IntArray, n_fit: int, n_known: int, n_classes: int | None
    ) -> _Target:
        """Makes it of numbers among the n_known classes, and ids of all labels, each (m,)."""
        shares = np.bincount(ids) / len(ids)
        n_unknown = len(np.unique(ids[numbers < 0]))
        n_unknown = max(n_classes or 0, n_known + n_unknown) - n_known
        return cls(
            numbers,
            np.log2(shares[ids]),
            math.log2(n_fit / (n_fit + 1)) if n_unknown else 0.0,
            -math.log2((n_fit + 1) * max(n_unknown, 1)),
        )

    def some(self, at: slice) -> _Target:
        """Takes those of some samples."""
        return self._replace(numbers=self.numbers[at], log2_shares=self.log2_shares[at])

    def bits(self, log2_p: Tensor, n_repeats: int) -> FloatArray:
        """Scores log2 p (b, l, n_repeats m, k), averaged over the repeats: (b, l, m)."""
        import torch

        numbers = torch.from_numpy(np.tile(self.numbers, n_repeats)).to(log2_p.device)
        taken = log2_p.gather(3, numbers.clamp_min(0)[:, None].expand(*log2_p.shape[:3], 1))[..., 0]
        bits = on_host(taken.where(numbers >= 0, self.log2_unknown - self.log2_known))
        bits = bits.reshape(*bits.shape[:2], n_repeats, len(self.numbers)).mean(axis=2)
        return bits + self.log2_known - self.log2_shares


class _Score(NamedTuple):
    """Sums of the bits of m samples and of their squares, each (..., l), for each penalty."""

    sums: FloatArray
    squares: FloatArray
    m: int

    @classmethod
    def of(cls, bits: FloatArray) -> _Score:
        """Sums bits (..., l, m)."""
        return cls(bits.sum(axis=-1), np.square(bits).sum(axis=-1), bits.shape[-1])

    def plus(self, other: _Score) -> _Score:
        """Adds the score of other samples."""
        return _Score(self.sums + other.sums, self.squares + other.squares, self.m + other.m)

    def best(self) -> tuple[FloatArray, FloatArray]:
        """Finds the mean of the penalty that scores best, and its standard error, (...)."""
        means = self.sums / self.m
        at = means.argmax(axis=-1)[..., None]
        means, squares = (
            np.take_along_axis(each, at, axis=-1)[..., 0] for each in (means, self.squares)
        )
        if self.m == 1:
            return means, np.full_like(means, np.nan)
        variance = np.maximum(squares / self.m - means**2, 0) * self.m / (self.m - 1)
        return means, np.sqrt(variance / self.m)


class _Reader:
    """What the readers of both have in common; what is prepared is the layers, (..., n, d)."""

    mixes = True

    def __init__(self, probe: Probe, variables: Variables) -> None:
        self._probe, self._variables = probe, variables

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> list[Any]:
        for place, array in zip(layers.places, layers.arrays, strict=True):
            _check_finite(place, array)
        return layers.arrays

    def sampled(self, prepared: list[Any], assignment: IntArray) -> list[Any]:
        return [through(layer, assignment) for layer in prepared]

    def _points(self, score: _Score, n_repeats: int) -> Points:
        """Makes points of scores (..., n_layers)."""
        fixed, n_penalties = self._variables, len(self._probe.penalties)
        i_ty, error = score.best()
        points = Points(
            np.full(i_ty.shape, np.nan),
            i_ty,
            n_samples=np.full(i_ty.shape, fixed.n_samples),
            i_ty_se=error,
            n_scored=np.full(i_ty.shape, score.m),
        )
        if fixed.statements.sample == "population":
            return Points(points.i_xt, i_ty, n_samples=points.n_samples, n_scored=points.n_scored)
        if n_repeats > 1:
            return points
        charge = np.full(i_ty.shape, math.log2(n_penalties) / score.m)
        lower = i_ty - charge
        columns = {
            **points.present,
            "mean_lower": lower,
            "verdict": lower_verdicts(lower, score.m),
        }
        return Points(**columns, charge=charge if n_penalties > 1 else None)


class _Halves(_Reader):
    """Fits to one half and scores the other, all networks of one width at once."""

    def __init__(self, probe: Probe, variables: Variables) -> None:
        super().__init__(probe, variables)
        ids, statements = variables.ids_y, variables.statements
        whole = statements.sample == "population"
        self._fit, self._scored = halves(ids, probe.seed, probe.max_fit, whole)
        known, self._labels = np.unique(ids[self._fit], return_inverse=True)
        self._n_known = len(known)
        number_of = np.full(variables.n_y, -1)
        number_of[known] = np.arange(len(known))
        scored = ids[self._scored]
        self._target = _Target.of(
            number_of[scored], scored, len(self._fit), len(known), statements.n_classes
        )
        self._used = np.union1d(self._fit, self._scored)

    def mixture(self, prepared: list[Any]) -> list[Any]:
        chosen = [self._some_copies(layer, 0) for layer in prepared]
        return [layer.reshape(*layer.shape[:-3], -1, layer.shape[-1]) for layer in chosen]

    def bits(self, prepared: list[Any]) -> Bits:
        return self.points(prepared).bits

    def points(self, prepared: list[Any]) -> Points:
        return self._read(prepared, self._fit, self._scored, self._variables.n_samples)

    def accumulate(self, state: list[Any] | None, layers: Layers, first: int) -> list[Any]:
        """Keeps the rows that are fitted or scored, and no others."""
        self.prepare(layers)
        (layer,) = layers.arrays
        if layer.ndim == 3:
            layer = self._some_copies(layer, first)
        low, high = np.searchsorted(self._used, [first, first + layer.shape[-2]])
        rows = _picked(layer, self._used[low:high] - first)
        return [*(state or []), rows]

    def accumulated(self, state: list[Any]) -> Points:
        """Reads the layer by the rows that were kept."""
        import torch

        kept = torch.cat(state, dim=-2)
        fit, scored = (np.searchsorted(self._used, part) for part in (self._fit, self._scored))
        return self._read([kept.reshape(-1, kept.shape[-1])], fit, scored, len(self._used))

    def _some_copies(self, layer: Any, first: int) -> Any:
        """Takes, of copies (..., c, n, d) of the samples from `first` on, (..., r, n, d).

        They are all, or so many that the fitted rows are at most `max_fit`, others for each sample.
        """
        n_copies, n, _ = layer.shape[-3:]
        n_kept = max(1, min(n_copies, self._probe.max_fit // len(self._fit)))
        rng = np.random.default_rng(self._probe.seed)
        offset = rng.integers(n_copies, size=self._variables.n_samples)[first : first + n]
        copy_of = (offset + np.arange(n_kept)[:, None] * n_copies // n_kept) % n_copies
        rows = np.arange(n)
        if is_tensor(layer):
            import torch

            copy_of, rows = (torch.from_numpy(each).to(layer.device) for each in (copy_of, rows))
        return layer[..., copy_of, rows, :]

    def _read(self, layers: list[Any], fit: IntArray, scored: IntArray, n: int) -> Points:
        """Reads layers (..., n_repeats n, d), of which these samples are fitted, those scored."""
        n_repeats = layers[0].shape[-2] // n
        fit, scored = (
            (np.arange(n_repeats)[:, None] * n + part).reshape(-1) for part in (fit, scored)
        )
        labels = np.tile(self._labels, n_repeats)
        leading = tuple(layers[0].shape[:-2])
        bits = np.empty(
            (len(layers), math.prod(leading), len(self._probe.penalties), len(self._target.numbers))
        )
        for networks, places in self._chunks(layers, len(fit)):
            probes = self._probe._trained(
                _stacked([_picked(network, fit) for network in networks]), labels, self._n_known
            )
            rows = _stacked([_picked(network, scored) for network in networks])
            log2_p = probes.log2_probabilities(rows)
            bits[tuple(np.transpose(places))] = self._target.bits(log2_p, n_repeats)
        score = _Score.of(np.moveaxis(bits.reshape(len(layers), *leading, *bits.shape[2:]), 0, -3))
        return self._points(score, n_repeats)

    def _chunks(
        self, layers: Sequence[Any], n_fit: int
    ) -> Iterator[tuple[list[Any], list[tuple[int, int]]]]:
        """Gives networks (rows, d) of one width, as many as are trained at once, with their places.

        A place is the number of a layer, and that of a network among those of its leading axes.
        """
        of_width: dict[int, list[tuple[Any, tuple[int, int]]]] = {}
        for i, layer in enumerate(layers):
            for j, network in enumerate(layer.reshape(-1, *layer.shape[-2:])):
                of_width.setdefault(layer.shape[-1], []).append((network, (i, j)))
        for d, networks in of_width.items():
            width = self._probe.hidden + self._n_known
            floats = n_fit * (4 * d + 5 * width * len(self._probe.penalties))
            floats += FLOATS_OF_STEPS * min(d, n_fit) * width * len(self._probe.penalties)
            step = max(1, CHUNK_BYTES // (8 * floats))
            for first in range(0, len(networks), step):
                chunk = networks[first : first + step]
                yield [network for network, _ in chunk], [place for _, place in chunk]


@dataclass(frozen=True, eq=False, repr=False)
class FittedProbe:
    """A probe that was fitted to a layer, and scores this layer of other samples.

    Attributes:
        probe: how. classes: the labels that it knows, (k,) or (k, columns). n_fit: the rows that it
            was fitted to. probes: for each penalty.
    """

    probe: Probe
    classes: npt.NDArray[Any]
    n_fit: int
    probes: Probes

    def reader(self, variables: Variables) -> _Scoring:
        """Fixes Y."""
        return _Scoring(self, variables)

    def __str__(self) -> str:
        return f"{self.probe}; fitted to {self.n_fit} other rows"

    def __repr__(self) -> str:
        return f"FittedProbe({self.probe!r}, {len(self.classes)} classes, {self.n_fit} rows)"


class _Scoring(_Reader):
    """Scores all samples by probes that were fitted to others."""

    def __init__(self, fitted: FittedProbe, variables: Variables) -> None:
        super().__init__(fitted.probe, variables)
        self._fitted = fitted
        self._target = _Target.of(
            variables.numbers_among(fitted.classes),
            variables.ids_y,
            fitted.n_fit,
            len(fitted.classes),
            variables.statements.n_classes,
        )

    def mixture(self, prepared: list[Any]) -> list[Any]:
        return [layer.reshape(*layer.shape[:-3], -1, layer.shape[-1]) for layer in prepared]

    def bits(self, prepared: list[Any]) -> Bits:
        return self.points(prepared).bits

    def points(self, prepared: list[Any]) -> Points:
        n = self._variables.n_samples
        n_repeats = prepared[0].shape[-2] // n
        scores = [
            self._score(layer.reshape(-1, n_repeats, n, layer.shape[-1])) for layer in prepared
        ]
        shape = (*prepared[0].shape[:-2], len(prepared), -1)
        sums, squares = (
            np.stack(each, axis=1).reshape(shape)
            for each in ([one.sums for one in scores], [one.squares for one in scores])
        )
        return self._points(_Score(sums, squares, n), n_repeats)

    def accumulate(
        self, state: tuple[_Score, int] | None, layers: Layers, first: int
    ) -> tuple[_Score, int]:
        """Scores a batch, and forgets it."""
        (layer,) = self.prepare(layers)
        n_repeats = len(layer) if layer.ndim == 3 else 1
        score = self._score(layer.reshape(1, n_repeats, *layer.shape[-2:]), first)
        return (score if state is None else state[0].plus(score)), n_repeats

    def accumulated(self, state: tuple[_Score, int]) -> Points:
        """Reads the layer of which all batches were scored."""
        return self._points(*state)

    def _score(self, networks: Any, first: int = 0) -> _Score:
        """Scores networks (b, n_repeats, n, d), whose first sample is that of this number."""
        import torch

        n_repeats, n, d = networks.shape[1:]
        if d != self._fitted.probes.centre.shape[-1]:
            raise ValueError(
                f"a layer has {d} units, and the probe was fitted to one of "
                f"{self._fitted.probes.centre.shape[-1]}: fit one to each layer"
            )
        step = max(1, ROWS // n_repeats)
        scores: list[_Score] = []
        with torch.no_grad():
            for network in networks:
                bits = [
                    self._target.some(slice(first + at, first + min(at + step, n))).bits(
                        self._fitted.probes.log2_probabilities(
                            _tensor(network[:, at : at + step]).reshape(1, -1, d)
                        ),
                        n_repeats,
                    )[0]
                    for at in range(0, n, step)
                ]
                scores.append(_Score.of(np.concatenate(bits, axis=-1)))
        return _Score(
            np.stack([one.sums for one in scores]), np.stack([one.squares for one in scores]), n
        )


def halves(ids_y: IntArray, seed: int, most: int, whole: bool = False) -> tuple[IntArray, IntArray]:
    """Parts samples into those that are fitted and those that are scored, each ascending.

    They are put in an order by the seed; of more than twice the `most` so many are used. The first
    of an odd number is fitted. The others are sorted by their labels, and from the first or the
    second on, by a coin, every other one is scored: each label has its share on both sides, within
    one sample, and each sample is scored as often as not. Their names leave no trace.

    Args:
        ids_y: (n,). whole: of a population all is scored, and as much as is allowed fitted.

    Raises:
        ValueError: less than two samples.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(ids_y))
    if whole:
        return np.sort(order[:most]), np.arange(len(ids_y))
    if len(order) < 2:
        raise ValueError(
            f"n = {len(order)}: a probe is fitted to one half of the samples and scored on the "
            "other; take more"
        )
    order = order[: 2 * most]
    odd = len(order) % 2
    rest = order[odd:]
    _, first, label = np.unique(ids_y[rest], return_index=True, return_inverse=True)
    rest = rest[np.argsort(first[label], kind="stable")]
    coin = int(rng.integers(2))
    return np.sort(np.concatenate([order[:odd], rest[1 - coin :: 2]])), np.sort(rest[coin::2])


def _check_finite(place: str, array: Any) -> None:
    if not bool((abs(array) < np.inf).all()):
        raise ValueError(
            f"{place} holds NaN or infinities, to which no probe is fitted: did the training "
            "diverge? drop those samples"
        )


def _picked(network: Any, rows: IntArray) -> Tensor:
    """Takes rows of (..., n, d), as a tensor where the layer lies."""
    import torch

    if is_tensor(network):
        return network[..., torch.from_numpy(rows).to(network.device), :]
    return torch.from_numpy(network[..., rows, :])


def _stacked(rows: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.stack(list(rows))


def _tensor(array: Any) -> Tensor:
    import torch

    return array if is_tensor(array) else torch.from_numpy(np.array(array))
