"""Every measure, one table: its oracle from the definition, and a truth that is known."""

import math
import statistics
from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

import numpy as np
import pytest

from fastmi import PlaneEstimator, UniformBins, measures
from fastmi.measures import (
    Counted,
    KDEBounds,
    Measure,
    PerUnit,
    Probe,
    Reader,
    SoftCodes,
    SoftmaxChannel,
    VectorQuantized,
    soft,
)
from fastmi.measures.probe import halves as fitted_and_scored
from tests import naive
from tests.fastmi.belief import definitions

Rows = list[list[float]]
Pair = tuple[float, float]  # I(X;T) and I(T;Y), bits
BINS = UniformBins(5, range=(-1, 1))


# --- the oracles: lists of Python numbers, one network --------------------------------------------


def counted(x: list, y: list, rows: Rows) -> Pair:
    return naive.each(x, y, rows, BINS.edges.tolist())


def counted_mixture(x: list, y: list, copies: list[Rows]) -> Pair:
    return naive.mixture(x, y, copies, BINS.edges.tolist())


def best_unit(x: list, y: list, rows: Rows) -> Pair:
    """The unit with the largest mean_lower, counted alone."""

    def lower(unit: tuple[float, ...]) -> float:
        symbols = naive.digitise([[value] for value in unit], BINS.edges.tolist())
        return definitions.mean_lower(symbols, y, len(set(y)))

    best = max(zip(*rows, strict=True), key=lower)
    return counted(x, y, [[value] for value in best])


def best_unit_mixture(x: list, y: list, copies: list[Rows]) -> Pair:
    """The unit with the largest I(T;Y): nothing else is said of rows that hang together."""
    units = zip(*(zip(*rows, strict=True) for rows in copies), strict=True)
    pairs = [
        counted_mixture(x, y, [[[value] for value in copy] for copy in unit]) for unit in units
    ]
    return max(pairs, key=lambda pair: pair[1])


def given(labels: list, rows: Rows, entropy: Callable[[Rows], float]) -> float:
    """The mean entropy of the rows of each label."""
    groups = [
        [row for row, other in zip(rows, labels, strict=True) if other == label]
        for label in set(labels)
    ]
    return sum(len(group) / len(rows) * entropy(group) for group in groups)


def kernels(variance: float) -> Callable[[list, list, Rows], Pair]:
    """I(X;T) = h and I(T;Y) = h - sum_y P(y) h_y, both of the published pair.

    h(rows) = -mean_i log2 mean_j exp(-|t_i - t_j|^2 / (2 variance)), h_y over the rows of a class.
    """

    def h(rows: Rows) -> float:
        near = [
            [math.exp(-(math.dist(one, other) ** 2) / (2 * variance)) for other in rows]
            for one in rows
        ]
        return -sum(math.log2(sum(row) / len(rows)) for row in near) / len(rows)

    return lambda x, y, rows: (h(rows), h(rows) - given(y, rows, h))


def mean(rows: Rows) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def normalised(rows: Rows) -> Rows:
    return [[p / sum(row) for p in row] for row in rows]


def of_symbols(x: list, y: list, symbols: list) -> Pair:
    return naive.mutual_information(x, symbols), naive.mutual_information(symbols, y)


def one_code_a_row(x: list, y: list, rows: Rows) -> Pair:
    return of_symbols(x, y, [tuple(row) for row in rows])


def dot(one: Iterable[float], other: Iterable[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def halves(x: list, y: list, rows: Rows) -> Pair:
    """Rows are cut at the median of their first principal component, found by power iteration."""
    centre = mean(rows)
    apart = [[t - c for t, c in zip(row, centre, strict=True)] for row in rows]
    axis = [1.0 + i for i in range(len(centre))]
    for _ in range(2000):
        lengths = [dot(row, axis) for row in apart]
        axis = [dot(column, lengths) for column in zip(*apart, strict=True)]
        norm = math.hypot(*axis) or 1.0
        axis = [value / norm for value in axis]
    along = [dot(row, axis) for row in apart]
    return of_symbols(x, y, [value > statistics.median(along) for value in along])


def over_copies(oracle: Callable) -> Callable[[list, list, list[Rows]], Pair]:
    """Of a mixture: the rows of all copies together, each beside its x and y."""

    def together(x: list, y: list, copies: list[Rows]) -> Pair:
        return oracle(x * len(copies), y * len(copies), list(chain(*copies)))

    return together


def softmax(x: list, y: list, rows: Rows) -> Pair:
    """I(X;C) = H(C) - H(C|X) and I(C;Y) = H(C) - H(C|Y) of the class C that is drawn from a row."""

    def of_mean(rows: Rows) -> float:
        return -sum(p * math.log2(p) for p in mean(rows) if p > 0)

    p = normalised(rows)
    return of_mean(p) - given(x, p, of_mean), of_mean(p) - given(y, p, of_mean)


def softmax_mixture(x: list, y: list, copies: list[Rows]) -> Pair:
    through_all = zip(*map(normalised, copies), strict=True)
    return softmax(x, y, [mean(list(rows)) for rows in through_all])


def probe(x: list, y: list, rows: Rows) -> Pair:
    """The halves are a choice that is recorded, and tested by itself; what follows is defined."""
    labels = np.unique(y, return_inverse=True)[1]
    fit, scored = fitted_and_scored(labels, seed=0, most=100)
    return math.nan, naive.probe(y, rows, fit.tolist(), scored.tolist(), PENALTY)


def probe_mixture(x: list, y: list, copies: list[Rows]) -> Pair:
    """Every copy of what is fitted is fitted, every copy of what is scored is scored."""
    n, labels = len(y), np.unique(y, return_inverse=True)[1]
    fit, scored = (
        [c * n + i for c in range(len(copies)) for i in part.tolist()]
        for part in fitted_and_scored(labels, seed=0, most=100)
    )
    rows = [row for copy in copies for row in copy]
    return math.nan, naive.probe(y * len(copies), rows, fit, scored, PENALTY)


def near_anchors(rows: Rows, anchors: Rows, eps: float) -> Rows:
    """The softmax over the anchors of the cosine over eps; 0 has no direction."""

    def near(row: list[float]) -> list[float]:
        norm = math.hypot(*row)
        cosines = [
            sum(t * w for t, w in zip(row, anchor, strict=True)) / norm if norm else 0.0
            for anchor in anchors
        ]
        return [math.exp((cosine - max(cosines)) / eps) for cosine in cosines]

    return normalised([near(row) for row in rows])


def soft_codes(measure: SoftCodes) -> Callable[[list, list, Rows], Pair]:
    return lambda x, y, rows: soft_codes_mixture(measure)(x, y, [rows])


def soft_codes_mixture(measure: SoftCodes) -> Callable[[list, list, list[Rows]], Pair]:
    """The mean over the draws of anchors: each is a softmax channel, mixed over the copies."""

    def bits(x: list, y: list, copies: list[Rows]) -> Pair:
        d = len(copies[0][0])
        eps = measure.eps or 1 / math.sqrt(2 * d * math.log(measure.n_anchors))
        draws = soft.drawn_anchors(measure.n_seeds, measure.n_anchors, d, measure.seed).tolist()
        pairs = [
            softmax_mixture(x, y, [near_anchors(rows, anchors, eps) for rows in copies])
            for anchors in draws
        ]
        i_xt, i_ty = mean([list(pair) for pair in pairs])
        return i_xt, i_ty

    return bits


# --- the table ------------------------------------------------------------------------------------


class Row(NamedTuple):
    """What is known of a measure.

    Attributes:
        oracle: (x, y, rows) -> bits of one network. mixture: (x, y, rows of each copy) -> bits, or
            the words that refuse it.
        truths: layer, y, and the bits that are known without either; every x is another.
        tolerance_bits: how far floats may be from the oracle.
        made: normal numbers (..., d) -> a layer that the measure takes.
        alone_bits: how far a network by itself may be from the same among others.
        by_place: whether a sample's place decides what is done with it.
    """

    measure: Measure
    oracle: Callable[[list, list, Rows], Pair]
    mixture: Callable[[list, list, list[Rows]], Pair] | str
    truths: list[tuple[Rows, list[int], Pair]]
    tolerance_bits: float = 1e-12
    made: Callable[[np.ndarray], np.ndarray] = np.tanh
    alone_bits: float = 1e-12  # NumPy adds many networks in another order than one
    by_place: bool = False


def probabilities(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def overlap(share: float) -> float:
    """Bits of two samples whose kernels reach each other by this share: -log2((1 + share) / 2)."""
    return 1 - math.log2(1 + share)


NO_MIXTURE = "KDEBounds has no mixture: .* over copies it is not"
FAR = [[-1e6], [0], [1e6], [2e6]]
KERNEL_TRUTHS = [
    (FAR, [0, 0, 1, 1], (2.0, 1.0)),  # no two samples meet: log2 n, and H(Y)
    ([[0.5]] * 4, [0, 1, 0, 1], (0.0, 0.0)),
]
PENALTY = 1 / (2 * math.log(3))
SOFT = SoftCodes(5, n_seeds=3, seed=7, corrected=False, precision="float64")
SHARP = SoftCodes(2, n_seeds=2, eps=1e-4, corrected=False, precision="float64")
MEASURES = {
    "counted": Row(
        Counted(BINS),
        counted,
        counted_mixture,
        [
            ([[-0.9], [-0.8], [0.8], [0.9]], [0, 0, 1, 1], (1.0, 1.0)),
            ([[-0.9], [-0.8], [0.8], [0.9]], [0, 1, 0, 1], (1.0, 0.0)),
            ([[0.1, 0.1]] * 4, [0, 1, 2, 3], (0.0, 0.0)),
            ([[-1, 1], [-1, 0], [0, 0], [0, 1]], [0, 1, 2, 3], (2.0, 2.0)),
        ],
    ),
    "per unit": Row(
        PerUnit(BINS),
        best_unit,
        best_unit_mixture,
        [
            ([[0.5, -0.9], [0.5, -0.8], [0.5, 0.8], [0.5, 0.9]], [0, 0, 1, 1], (1.0, 1.0)),
            # XOR: each unit knows nothing, and the first stands for both
            ([[-0.9, -0.9], [-0.9, 0.9], [0.9, -0.9], [0.9, 0.9]], [0, 1, 1, 0], (1.0, 0.0)),
            ([[0.1, 0.1]] * 4, [0, 1, 2, 3], (0.0, 0.0)),
            ([[-0.9, 0.9], [0.0, 0.9], [0.9, 0.9]], [0, 1, 2], (math.log2(3),) * 2),
        ],
    ),
    "kernels, upper": Row(
        KDEBounds(0.5, precision="float64"),
        kernels(0.5),
        NO_MIXTURE,
        # |t - t'|^2 is 4, twice the variance 1
        [*KERNEL_TRUTHS, ([[-1], [1]], [0, 1], (overlap(math.exp(-4)),) * 2)],
        1e-9,
    ),
    "kernels, lower": Row(
        KDEBounds(0.5, pair="lower"),
        kernels(4 * 0.5),
        NO_MIXTURE,
        [*KERNEL_TRUTHS, ([[-1], [1]], [0, 1], (overlap(math.exp(-1)),) * 2)],
        1e-5,
    ),
    "k-means, a code a row": Row(
        VectorQuantized(10**6),
        one_code_a_row,
        over_copies(one_code_a_row),
        [
            (FAR, [0, 0, 1, 1], (2.0, 1.0)),
            ([[0.5, 0.1]] * 4, [0, 1, 0, 1], (0.0, 0.0)),
        ],
    ),
    "halves of a component": Row(
        VectorQuantized(2, by="pca"),
        halves,
        over_copies(halves),
        [
            (FAR, [0, 0, 1, 1], (1.0, 1.0)),
            ([[2.0, 1.0], [5.0, 1.0], [1.0, 1.0], [4.0, 1.0]], [0, 0, 1, 1], (1.0, 0.0)),
            ([[0.5, 0.1]] * 4, [0, 1, 0, 1], (0.0, 0.0)),
        ],
    ),
    "soft codes": Row(
        SOFT,
        soft_codes(SOFT),
        soft_codes_mixture(SOFT),
        [
            ([[1, 1], [2, 2], [3, 3]], [0, 1, 2], (0.0, 0.0)),  # one direction
            ([[0, 0]] * 4, [0, 1, 0, 1], (0.0, 0.0)),  # none
        ],
    ),
    "soft codes, sharp": Row(
        SHARP,
        soft_codes(SHARP),
        soft_codes_mixture(SHARP),
        # opposite rows are nearest to different ones of two anchors
        [
            ([[1, 0], [-1, 0]], [0, 1], (1.0, 1.0)),
            ([[1, 2], [3, 6], [-1, -2], [-2, -4]], [0, 1, 0, 1], (1.0, 0.0)),
        ],
        1e-9,
    ),
    "softmax": Row(
        SoftmaxChannel(),
        softmax,
        softmax_mixture,
        [
            ([[1, 0], [1, 0], [0, 1], [0, 1]], [0, 0, 1, 1], (1.0, 1.0)),
            ([[0.25] * 4] * 4, [0, 1, 2, 3], (0.0, 0.0)),
            # a binary symmetric channel that errs once in four times: 1 - H2(1/4)
            ([[0.75, 0.25], [0.25, 0.75]], [0, 1], (0.75 * math.log2(3) - 1,) * 2),
        ],
        made=probabilities,
    ),
    "probe": Row(
        Probe(penalty=PENALTY, tolerance=1e-20),
        probe,
        probe_mixture,
        [
            ([[0.5]] * 4, [0, 1, 0, 1], (math.nan, 0.0)),
            ([[0.5]] * 4, [1, 1, 1, 1], (math.nan, 0.0)),
            # 1 / (w (1 + e^2w)) is the penalty at which it says 3/4, and no more
            ([[-2], [-2], [3], [3]], [0, 0, 1, 1], (math.nan, 1 + math.log2(0.75))),
        ],
        1e-8,
        alone_bits=1e-8,
        by_place=True,
    ),
}
every_measure = pytest.mark.parametrize("row", MEASURES.values(), ids=MEASURES)


def rows_missing(offered: dict[str, object]) -> set[str]:
    """The measures among the names of a room that have no row in the table."""
    classes = {
        name
        for name, member in offered.items()
        if isinstance(member, type)
        and hasattr(member, "reader")
        and not getattr(member, "_is_protocol", False)
    }
    return classes - {type(row.measure).__name__ for row in MEASURES.values()}


def test_every_measure_has_a_row():
    offered = {name: getattr(measures, name) for name in measures.__all__}
    assert {"Counted", "KDEBounds", "SoftmaxChannel"} <= offered.keys()
    assert rows_missing(offered) == set()


def test_a_measure_without_a_row_is_caught():
    new = type("Guessed", (), {"reader": lambda self, variables: None})
    assert rows_missing({**vars(measures), "Guessed": new}) == {"Guessed"}


# --- what holds for every row ---------------------------------------------------------------------

N_EPOCHS, N_COPIES, N = 2, 3, 24
X = np.arange(N)


@pytest.fixture
def y(rng) -> np.ndarray:
    return rng.integers(0, 3, N)


def layer_for(row: Row, rng: np.random.Generator, d: int = 3) -> np.ndarray:
    """(epochs, copies, n, d)"""
    return row.made(rng.normal(size=(N_EPOCHS, N_COPIES, N, d))).astype(np.float32)


@every_measure
def test_the_truth_is_met(row):
    for layer, y, bits in row.truths:
        plane = PlaneEstimator(np.arange(len(y)), y, row.measure)
        assert plane.estimate(np.float32(layer))[0] == pytest.approx(
            bits, abs=row.tolerance_bits, nan_ok=True
        )
        assert row.oracle(list(range(len(y))), y, layer) == pytest.approx(
            bits, abs=1e-12, nan_ok=True
        )


@every_measure
def test_every_reading_is_that_of_the_oracle(row, twin, rng, y):
    layer, assignment = layer_for(row, rng), rng.integers(0, N_COPIES, (N_EPOCHS, N))
    readings = PlaneEstimator(X, y, row.measure).readings([twin.put(layer)], assignment)
    x, labels, network = X.tolist(), y.tolist(), layer.astype(float)

    def close(bits, expected):
        assert bits == pytest.approx(expected, abs=row.tolerance_bits, nan_ok=True)

    for epoch in range(N_EPOCHS):
        for copy in range(N_COPIES):
            rows = network[epoch, copy].tolist()
            close(readings["each"].bits[epoch, copy, 0], row.oracle(x, labels, rows))
        chosen = network[epoch, assignment[epoch], X].tolist()
        close(readings["sampled"].bits[epoch, 0], row.oracle(x, labels, chosen))
        if callable(row.mixture):
            copies = network[epoch].tolist()
            close(readings["mixture"].bits[epoch, 0], row.mixture(x, labels, copies))


@every_measure
def test_bits_are_those_of_the_points(row, rng, y):
    layers, assignment = [layer_for(row, rng)], rng.integers(0, N_COPIES, (N_EPOCHS, N))
    plane = PlaneEstimator(X, y, row.measure)
    readings = plane.readings(layers, assignment)
    bits = {
        "each": plane.estimate(layers),
        "sampled": plane.sampled(layers, assignment),
        **({"mixture": plane.mixture(layers)} if callable(row.mixture) else {}),
    }
    assert readings.keys() == bits.keys()
    for reading, points in readings.items():
        assert np.array_equal(points.bits, bits[reading], equal_nan=True), reading
        assert set(points.n_samples.ravel()) == {N}


@every_measure
def test_a_reading_that_there_is_not_is_refused_with_its_reason(row, rng, y):
    plane, layer = PlaneEstimator(X, y, row.measure), layer_for(row, rng)
    if callable(row.mixture):
        assert plane.mixture(layer).shape == (N_EPOCHS, 1, 2)
    else:
        with pytest.raises(ValueError, match=row.mixture):
            plane.mixture(layer)


@every_measure
def test_epochs_and_copies_are_measured_as_each_is_alone(row, rng, y):
    plane, layer = PlaneEstimator(X, y, row.measure), layer_for(row, rng)
    together = plane.estimate(layer)
    assert together.shape == (N_EPOCHS, N_COPIES, 1, 2)
    for place in np.ndindex(N_EPOCHS, N_COPIES):
        assert together[place] == pytest.approx(
            plane.estimate(layer[place]), abs=row.alone_bits, nan_ok=True
        )


@every_measure
def test_the_order_of_the_samples_is_irrelevant(row, rng, y):
    if row.by_place:  # so that it is not: the test of halves says what they are
        return
    layer, order = layer_for(row, rng), rng.permutation(N)
    bits = PlaneEstimator(X, y, row.measure).estimate(layer)
    shuffled = PlaneEstimator(X[order], y[order], row.measure).estimate(layer[..., order, :])
    assert shuffled == pytest.approx(bits, abs=row.tolerance_bits, nan_ok=True)


@every_measure
def test_names_of_x_and_y_are_irrelevant(row, rng, y):
    layer = layer_for(row, rng)
    named = PlaneEstimator(-7 * X[:, None], np.array(["b", "a", "c"])[y], row.measure)
    bits = PlaneEstimator(X, y, row.measure).estimate(layer)
    assert named.estimate(layer) == pytest.approx(bits, abs=row.tolerance_bits, nan_ok=True)


@every_measure
def test_float64_is_the_float32_that_it_rounds_to(row, rng, y):
    plane = PlaneEstimator(X, y, row.measure)
    wide = row.made(rng.normal(size=(N_COPIES, N, 3)))
    assert wide.dtype == np.float64
    narrow = plane.estimate(wide.astype(np.float32))
    assert np.array_equal(plane.estimate(wide), narrow, equal_nan=True)


@every_measure
def test_layers_of_several_widths_are_measured_as_each_is_alone(row, rng, y):
    plane = PlaneEstimator(X, y, row.measure)
    layers = [layer_for(row, rng, d) for d in (5, 2, 3)]
    together = plane.estimate(layers)
    for i, layer in enumerate(layers):
        alone = plane.estimate(layer)[..., 0, :]
        assert together[..., i, :] == pytest.approx(alone, abs=row.alone_bits, nan_ok=True)


def test_a_mapping_measures_each_layer_in_its_own_way(rng, y):
    layers = {name: layer_for(row, rng) for name, row in MEASURES.items()}
    mapping = {name: row.measure for name, row in MEASURES.items()}
    together = PlaneEstimator(X, y, mapping).estimate(layers)
    for i, (name, row) in enumerate(MEASURES.items()):
        alone = PlaneEstimator(X, y, row.measure).estimate(layers[name])[..., 0, :]
        assert together[..., i, :] == pytest.approx(alone, abs=row.alone_bits, nan_ok=True), name


@every_measure
def test_a_measure_has_the_verbs_of_the_seam(row, y):
    assert isinstance(row.measure, Measure)
    reader = PlaneEstimator(X, y, row.measure)._readers[0][0]
    verbs = [
        name
        for name, member in vars(Reader).items()
        if callable(member) and not name.startswith("_")
    ]
    assert verbs == ["prepare", "sampled", "mixture", "bits", "points"]
    assert all(callable(getattr(reader, verb)) for verb in verbs)
    assert reader.mixes == callable(row.mixture)


@every_measure
def test_a_measure_is_a_frozen_record_that_is_said_in_a_line(row):
    assert hash(row.measure) == hash(row.measure)
    assert "\n" not in str(row.measure) + repr(row.measure)
    with pytest.raises(AttributeError):
        row.measure.anything = 1
