"""Soft codes against published numbers, their bias, and what the anchors alone move."""

import itertools
import math
import pickle

import numpy as np
import pytest

from fastmi import PlaneEstimator
from fastmi.measures import SoftCodes, soft

N = 240
X = np.arange(N)
RAW = SoftCodes(12, n_seeds=3, corrected=False, precision="float64")


@pytest.fixture
def y(rng):
    return rng.integers(0, 3, N)


@pytest.fixture
def layer(rng, y):
    return (rng.normal(size=(N, 5)) + y[:, None] * [1, 0, 0, 0, 0]).astype(np.float32)


def bits(measure, layer, y, x=X):
    return PlaneEstimator(x, y, measure).estimate([layer])[0]


# --- the definition -------------------------------------------------------------------------------


@pytest.fixture
def corners(monkeypatch):
    """(+-1, +-1, +-1) / sqrt 3 are the anchors."""
    anchors = np.array(list(itertools.product([-1, 1], repeat=3))) / math.sqrt(3)
    monkeypatch.setattr(soft, "drawn_anchors", lambda *_: anchors[None])


ROWS = [
    *((1, 0, 0), (1, 0.1, 0), (0, 1, 0), (0, 1, 0.2)),
    *((-1, 0, 0), (0.5, 0.5, 0.5), (0, 0, -1), (-0.3, 0.2, 0.9)),
]
CORNERS = SoftCodes(8, n_seeds=1, eps=0.25, corrected=False, precision="float64")


@pytest.mark.usefixtures("corners")
def test_the_reference_values():
    y = [0, 0, 1, 1, 0, 1, 0, 1]
    # float32 layers: 1e-8 of what is exactly representable
    found = PlaneEstimator(np.arange(8), y, CORNERS).readings([np.float32(ROWS)])["each"]
    assert found.bits[0, 0] == pytest.approx([0.927908440, 0.271104996], abs=1e-8)
    assert found.i_xt_sd is found.i_ty_sd is None
    assert bits(CORNERS, np.float32(ROWS), np.arange(8), np.arange(8)) == pytest.approx(
        [0.927908440] * 2, abs=1e-8
    )


@pytest.mark.usefixtures("corners")
def test_float32_is_right_to_about_1e_5_bits():
    narrow = SoftCodes(8, n_seeds=1, eps=0.25, corrected=False)
    y = [0, 0, 1, 1, 0, 1, 0, 1]
    assert bits(narrow, np.float32(ROWS), y, np.arange(8)) == pytest.approx(
        [0.927908440, 0.271104996], abs=1e-6
    )


def test_only_directions_count(layer, y):
    lengths = np.linspace(0.5, 1e30, N)[:, None].astype(np.float32)
    assert bits(RAW, layer * lengths, y) == pytest.approx(bits(RAW, layer, y), abs=1e-5)


def test_a_row_of_zeros_is_near_all_anchors_alike(layer):
    anchors = soft.drawn_anchors(2, 12, 5, 0) / 0.1
    layer[3] = 0
    p = soft.probabilities(layer[None], anchors)
    assert p[3] == pytest.approx(np.full((2, 12), 1 / 12))
    assert p.sum(-1) == pytest.approx(np.ones((N, 2)))


def test_x_is_what_x_says(layer, y):
    """Of samples that share an x the mean counts: they are one input to the channel."""
    x = X // 40
    plane = PlaneEstimator(x, x, RAW).estimate([layer])[0]
    assert plane[0] == pytest.approx(plane[1], abs=1e-12)
    assert bits(RAW, layer, y, x)[0] < bits(RAW, layer, y)[0]
    assert bits(RAW, layer, y, X * 0)[0] == pytest.approx(0, abs=1e-12)
    order = np.random.default_rng(0).permutation(N)
    assert bits(RAW, layer[order], y[order], x[order]) == pytest.approx(
        bits(RAW, layer, y, x), abs=1e-12
    )


@pytest.mark.parametrize("x", [X, X // 7], ids=["distinct", "repeated"])
def test_parts_leave_no_trace(layer, y, x, monkeypatch):
    layer = np.stack([layer, -layer])
    assignment = X % 2
    whole = PlaneEstimator(x, y, RAW).readings([layer], assignment)
    monkeypatch.setattr(soft, "PROBABILITIES", 1000)
    parts = PlaneEstimator(x, y, RAW).readings([layer], assignment)
    assert whole.keys() == {"each", "sampled", "mixture"}
    for reading, points in whole.items():
        assert parts[reading].bits == pytest.approx(points.bits, abs=1e-12)
        assert (points.i_ty <= points.i_xt).all()


# --- draws ----------------------------------------------------------------------------------------


def test_the_points_are_means_over_draws_with_their_sd(layer, y):
    points = PlaneEstimator(X, y, RAW).readings([layer])["each"]
    reader = PlaneEstimator(X, y, RAW)._readers[0][0]
    draws = soft.drawn_anchors(3, 12, 5, 0) * math.sqrt(2 * 5 * math.log(12))
    alone = []
    for i in range(3):
        reader._measure = SoftCodes(12, n_seeds=1, corrected=False, precision="float64")
        reader._drawn = {(5, None): draws[i : i + 1]}
        alone.append(reader._layer(layer, False).bits[0])
    assert points.bits[0, 0] == pytest.approx(np.mean(alone, axis=0), abs=1e-12)
    sd = np.std(alone, axis=0, ddof=1)
    assert [points.i_xt_sd[0, 0], points.i_ty_sd[0, 0]] == pytest.approx(sd, abs=1e-12)
    assert (sd > 0.001).all()


def test_draws_are_unit_directions_that_more_draws_do_not_change():
    drawn = soft.drawn_anchors(4, 9, 6, 3)
    assert np.linalg.norm(drawn, axis=-1) == pytest.approx(np.ones((4, 9)))
    np.testing.assert_array_equal(drawn[:2], soft.drawn_anchors(2, 9, 6, 3))
    assert not np.isclose(drawn[0], drawn[1]).any()
    assert not np.isclose(drawn[0], soft.drawn_anchors(1, 9, 6, 4)[0]).any()
    assert drawn[0, 0, :2] == pytest.approx([0.60327021, -0.75542267], abs=1e-8)  # for ever


def test_the_twins_agree(layer, y, twin):
    expected = bits(SoftCodes(12), layer, y)
    assert bits(SoftCodes(12), twin.put(layer), y) == pytest.approx(expected, abs=1e-6)
    tight = SoftCodes(12, precision="float64")
    assert bits(tight, twin.put(layer), y) == pytest.approx(bits(tight, layer, y), abs=1e-12)
    x = X // 3
    assert bits(tight, twin.put(layer), y, x) == pytest.approx(bits(tight, layer, y, x), abs=1e-12)


def test_a_reader_travels(layer, y):
    plane = PlaneEstimator(X, y, SoftCodes(12))
    expected = plane.estimate([layer])
    assert np.array_equal(pickle.loads(pickle.dumps(plane)).estimate([layer]), expected)


# --- the bias -------------------------------------------------------------------------------------


def corrected(p, y):
    """Lists of rows: I(X;W), I(W;Y), each H(mean p) with its own n and variances."""

    def entropy(rows):
        n, bits = len(rows), 0.0
        for column in zip(*rows, strict=True):
            mean = math.fsum(column) / n
            variance = math.fsum((q - mean) ** 2 for q in column) / (n - 1)
            bits += variance / mean / (2 * n * math.log(2)) - mean * math.log2(mean)
        return bits

    alone = [-math.fsum(q * math.log2(q) for q in row) for row in p]
    classes = [[row for row, other in zip(p, y, strict=True) if other == k] for k in set(y)]
    within = sum(len(rows) / len(p) * entropy(rows) for rows in classes)
    return entropy(p) - math.fsum(alone) / len(p), entropy(p) - within


def test_the_correction_is_its_definition(layer, y):
    measure = SoftCodes(12, n_seeds=1, precision="float64")
    anchors = soft.drawn_anchors(1, 12, 5, 0) * math.sqrt(2 * 5 * math.log(12))
    p = soft.probabilities(layer[None], anchors)[:, 0].tolist()
    assert bits(measure, layer, y) == pytest.approx(corrected(p, y.tolist()), abs=1e-12)


def test_random_labels_give_nearly_nothing(rng):
    layer, x = rng.normal(size=(1000, 20)).astype(np.float32), np.arange(1000)
    raw, mended = [], []
    for _ in range(10):
        y = rng.permutation(x % 10)
        raw.append(bits(SoftCodes(20, 2, corrected=False), layer, y, x)[1])
        mended.append(bits(SoftCodes(20, 2), layer, y, x)[1])
    assert np.mean(raw) > 0.02
    assert abs(np.mean(mended)) < 0.05 * np.mean(raw)


def test_over_a_population_nothing_is_added(layer, y):
    raw, mended = (
        PlaneEstimator(X, y, measure, sample="population").estimate([layer])
        for measure in (RAW, SoftCodes(12, n_seeds=3, precision="float64"))
    )
    assert np.array_equal(raw, mended)


def test_labels_of_too_few_samples_are_refused(y):
    y = np.append(y, [7] * 19)
    x = np.arange(len(y))
    with pytest.raises(ValueError, match=r"y has a label of 19 samples, .* or corrected=False"):
        PlaneEstimator(x, y, SoftCodes(12))
    PlaneEstimator(x, y, RAW)
    PlaneEstimator(x, y, SoftCodes(12), sample="population")


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_anchors": 1}, "n_anchors is 1"),
        ({"n_anchors": 2.5}, "n_anchors must be an integer"),
        ({"n_seeds": 0}, "n_seeds must be at least 1"),
        ({"eps": 0}, "eps is 0"),
        ({"eps": -1}, "eps must be finite"),
        ({"seed": -1}, "seed must be an integer"),
        ({"corrected": 1}, "corrected is 1: pass True or False"),
        ({"precision": "half"}, "precision must be one of"),
    ],
)
def test_impossible_numbers_are_refused(given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        SoftCodes(**{"n_anchors": 4, **given})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_has_no_direction_is_refused(layer, y, value):
    layer[2, 1] = value
    with pytest.raises(ValueError, match=r"layers\[0\] holds NaN or infinities, .* no direction"):
        bits(RAW, layer, y)


def test_it_is_said_in_a_line():
    assert str(SoftCodes(100)) == "soft codes of 100 anchors, 8 draws from seed 0"
    assert (
        str(SoftCodes(9, 1, 0.5, 3, corrected=False))
        == "soft codes of 9 anchors, eps 0.5, 1 draws from seed 3, not corrected"
    )
