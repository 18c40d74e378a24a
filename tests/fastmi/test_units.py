"""What each unit knows: the numbers of its labels alone, one table for all."""

import math

import numpy as np
import pytest

import fastmi
from fastmi import UniformBins, unit_information
from fastmi.belief import VERDICTS
from fastmi.measures import PerUnit
from tests import naive

N = 300
BINS = UniformBins(5, range=(-1, 1))
FIELDS = ("unit", "i_ty", "chance", "excess", "mean_lower", "pvalue_bound", "verdict")


@pytest.fixture
def y(rng):
    return rng.integers(0, 4, N)


@pytest.fixture
def layer(rng, y):
    """(n, 7): unit d knows of class d % 4, the later ones less of it; unit 6 is dead."""
    of_class = (y[:, None] == np.arange(7) % 4) * np.linspace(0.9, 0.3, 7)
    layer = np.tanh(rng.normal(-0.4, 0.3, (N, 7)) + of_class).astype(np.float32)
    layer[:, 6] = 0
    return layer


def symbols_of(layer, bins=BINS):
    return np.digitize(layer, bins.edges).T


# --- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", [None, "held-out", "training"])
def test_every_unit_is_the_pair_of_its_symbols_and_the_labels(layer, y, twin, sample):
    units = unit_information(twin.put(layer), y, BINS, n_classes=5, sample=sample)
    for d, symbols in enumerate(symbols_of(layer)):
        report = fastmi.mutual_information_report(symbols, y, n_classes=5, sample=sample)
        assert units.i_ty[d] == fastmi.mutual_information(symbols, y) == report.value
        assert units.h_t[d] == fastmi.entropy(symbols)
        assert units.n_symbols[d] == report.symbols.x
        assert units.pair_coverage[d] == report.pair_coverage
        assert (units.chance[d], units.excess[d]) == (report.chance, report.excess)
        assert units.mean_lower[d] == report.mean_lower - units.charge
        assert units.mean_upper[d] == report.mean_upper
        for k in range(4):
            one = fastmi.mutual_information_report(symbols, y == k)
            assert units.of_classes[d, k] == fastmi.mutual_information(symbols, y == k)
            assert units.chance_of_classes[d, k] == one.chance
            assert units.excess_of_classes[d, k] == one.excess
    assert units.charge == math.log2(7) / N
    assert units.h_y == fastmi.entropy(y)


def test_the_numbers_are_those_of_the_definition(layer, y):
    units = unit_information(layer, y, BINS)
    for d in range(7):
        symbols = naive.digitise(layer[:, [d]].tolist(), BINS.edges.tolist())
        assert units.i_ty[d] == pytest.approx(naive.mutual_information(symbols, y.tolist()))
        of_first = naive.mutual_information(symbols, (y == 0).tolist())
        assert units.of_classes[d, 0] == pytest.approx(of_first, abs=1e-12)


def test_no_class_is_known_better_than_all_of_them(layer, y):
    units = unit_information(layer, y, BINS)
    ceilings = [fastmi.entropy(y == k) for k in range(4)]
    assert (units.of_classes <= units.i_ty[:, None] + 1e-12).all()
    assert (units.of_classes <= np.array(ceilings) + 1e-12).all()
    assert units.excess_of_classes[:6].argmax(axis=1).tolist() == [0, 1, 2, 3, 0, 1]
    assert not units.of_classes[6].any()


def test_the_measure_reads_the_best_of_them(layer, y):
    units = unit_information(layer, y, BINS)
    points = fastmi.PlaneEstimator(np.arange(N), y, PerUnit(BINS)).readings([layer])["each"]
    (best,) = units.best(1)
    assert best.mean_lower == points.mean_lower[0, 0] == units.mean_lower.max()
    assert (best.i_ty, best.chance) == (points.i_ty[0, 0], points.chance[0, 0])
    assert best.verdict == VERDICTS[points.verdict[0, 0]]
    assert points.units_i_ty[0, 0] == units.i_ty.mean()


def test_shuffled_labels_give_chance_for_every_unit_and_class(rng, layer, y):
    over, over_classes, lowest = [], [], []
    for _ in range(100):
        units = unit_information(layer, rng.permutation(y), BINS)
        over.append(units.excess)
        over_classes.append(units.excess_of_classes)
        lowest.append(units.pvalue_bound.min())
    for each in (np.array(over), np.array(over_classes)):
        error = each.std(0) / 10
        assert (np.abs(each.mean(0)) <= 4 * error).all()
    assert np.mean(np.array(lowest) <= 0.1) <= 0.1


def test_xor_is_known_to_no_unit():
    signs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 50)
    units = unit_information((signs - 0.5).astype(np.float32), signs.sum(1) % 2, BINS)
    assert units.i_ty.tolist() == [0, 0]
    assert units.of_classes.tolist() == [[0, 0]] * 2
    assert (units.excess < 0).all()


def test_over_a_population_nothing_is_estimated(layer, y):
    units = unit_information(layer, y, BINS, sample="population")
    assert units.chance is units.mean_lower is units.chance_of_classes is None
    assert units.pvalue_bound is units.mean_upper is units.pair_coverage is None
    np.testing.assert_array_equal(units.excess, units.i_ty)
    np.testing.assert_array_equal(units.excess_of_classes, units.of_classes)
    assert units.best(1)[0].unit == units.i_ty.argmax()
    assert "exact" in repr(units.best(2))
    assert len(units.plot().axes) == 3


def test_of_a_training_sample_no_p_value_is_stated(layer, y):
    assert unit_information(layer, y, BINS, sample="training").pvalue_bound is None


def test_chosen_bins_pay_too(layer, y):
    chosen = UniformBins(5, range=(-1, 1), n_candidates=4)
    assert unit_information(layer, y, chosen).charge == math.log2(4 * 7) / N


# --- labels ---------------------------------------------------------------------------------------


def test_classes_are_sorted_and_called_as_they_are(layer, y):
    names = np.array(["pear", "fig", "kiwi", "lime"])
    units = unit_information(layer, names[y], BINS)
    assert units.classes.tolist() == sorted(names)
    by_number = unit_information(layer, y, BINS)
    order = np.argsort(names)
    np.testing.assert_array_equal(units.of_classes, by_number.of_classes[:, order])
    assert units.best(1)[0].best_class == names[by_number.best(1)[0].best_class]


def test_rows_of_labels_are_classes(layer, y):
    units = unit_information(layer, np.stack([y // 2, y % 2], axis=1), BINS)
    assert units.classes.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    np.testing.assert_array_equal(units.i_ty, unit_information(layer, y, BINS).i_ty)
    assert "0, 1" in [text.get_text() for text in units.plot().axes[1].get_yticklabels()]


def test_one_class_is_no_information(layer):
    units = unit_information(layer, [3] * N, BINS)
    assert not units.i_ty.any()
    assert not units.excess_of_classes.any()
    assert len(units.plot().axes) == 3


# --- the table and the picture --------------------------------------------------------------------


@pytest.mark.parametrize(("most", "error"), [(0, ValueError), (2.5, TypeError), ("all", TypeError)])
def test_a_map_has_room_for_a_unit_at_least(layer, y, most, error):
    units = fastmi.unit_information(layer, y, BINS)
    with pytest.raises(error, match=f"most must be .*, not {most!r}"):
        units.map(most)


def test_the_best_units_come_first(layer, y):
    units = unit_information(layer, y, BINS)
    best = units.best(3)
    assert len(best) == 3
    assert [unit.mean_lower for unit in best] == sorted(units.mean_lower, reverse=True)[:3]
    assert len(units.best(100)) == 7
    header, *rows = repr(best).splitlines()
    assert header.split()[: len(FIELDS)] == list(FIELDS)
    assert [int(row.split()[0]) for row in rows] == [unit.unit for unit in best]
    assert best[0].pvalue_bound == units.pvalue_bound.min()


def test_pandas_gets_all_of_it(layer, y):
    pytest.importorskip("pandas")
    units = unit_information(layer, y, BINS)
    frame = units.to_pandas()
    assert frame["unit"].tolist() == list(range(7))
    assert frame["i_ty"].tolist() == units.i_ty.tolist()
    assert list(frame.columns[-4:]) == ["class 0", "class 1", "class 2", "class 3"]
    assert frame["class 2"].tolist() == units.excess_of_classes[:, 2].tolist()


def test_the_picture_shows_the_units_by_their_class(layer, y):
    units = unit_information(layer, y, BINS, sample="held-out")
    figure = units.plot()
    above, below, bar = figure.axes
    order = [int(text.get_text()) for text in below.get_xticklabels()]
    assert order == [0, 4, 1, 5, 2, 3, 6]
    image = below.get_images()[0]
    np.testing.assert_array_equal(image.get_array(), units.excess_of_classes[order].T)
    assert image.get_clim() == (0, units.excess_of_classes.max())
    steps = {patch.get_label(): patch.get_data().values for patch in above.patches}
    np.testing.assert_array_equal(steps["I(t;Y)"], units.i_ty[order])
    np.testing.assert_array_equal(steps["chance"], units.chance[order])
    np.testing.assert_array_equal(
        steps["at least, in mean"], np.maximum(units.mean_lower[order], 0)
    )
    assert bar.get_ylabel() == "bits above chance"
    assert "300, held-out sample" in figure.get_supxlabel()


def test_wide_layers_and_many_classes_are_drawn(rng):
    layer, y = rng.normal(size=(400, 300)).astype(np.float32), np.arange(400) % 60
    above, below, _ = unit_information(layer, y, BINS).plot().axes
    assert not below.get_xticklabels()
    assert below.get_xlabel().startswith("300 units, sorted by the class")
    assert len(below.get_yticklabels()) == 12
    assert above.get_xlim() == (0, 300)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"layer": np.zeros((2, N, 3))}, r"layer has shape \(2, 300, 3\): units are those of one"),
        ({"layer": np.zeros((N - 1, 3))}, "layer has 299, y has 300"),
        ({"layer": np.full((N, 2), np.nan)}, "layer holds 600 NaN"),
        ({"binning": PerUnit(BINS)}, "binning is"),
        ({"binning": fastmi.QuantileBins(3)}, "edges depend on data: fit it"),
        ({"binning": UniformBins(2**23, range=(0, 1))}, "layer has 7 units, of which a table of"),
        ({"n_classes": 2}, "n_classes"),
        ({"sample": "test"}, "sample must be one of"),
    ],
)
def test_what_has_no_units_is_refused(layer, y, given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        unit_information(**{"layer": layer, "y": y, "binning": BINS, **given})
