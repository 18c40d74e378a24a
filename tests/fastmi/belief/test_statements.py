"""The columns that say how far a number can be believed."""

import numpy as np
import pytest

import fastmi
from fastmi import belief
from fastmi.belief import Statements
from fastmi.counting import tally

BINS = fastmi.Edges(np.linspace(-1, 1, 50), "wrap")
SAID = ("pair_coverage", "chance", "mean_lower", "mean_upper", "growth")
# layer: chance, mean_lower, mean_upper, of the first copy of the published sample
GOLDEN = {
    1: (0.823697, -0.173410, 0.830543),
    2: (0.793404, -0.144882, 0.830543),
    3: (0.604475, 0.053876, 0.830543),
    4: (0.328663, 0.354427, 0.819156),
    5: (0.106153, 0.601683, 0.789995),
    6: (0.032689, 0.694170, 0.765884),
}


@pytest.fixture(scope="module")
def trained(blog):
    return [blog[f"L{i}/T_all_nets"] for i in range(6)], blog["X"], blog["Y"][:, 0]


@pytest.fixture
def drawn(rng):
    layers = [
        np.tanh(rng.normal(0, g, (3, 200, d))).astype(np.float32) for g, d in ((2, 4), (1, 1))
    ]
    return layers, rng.integers(0, 3, 200)


def test_the_published_layers_have_the_numbers_that_two_programs_found(twin, trained):
    layers, x, y = trained
    plane = fastmi.PlaneEstimator(x, y, BINS, sample="training", n_classes=2)
    each = plane.readings([twin.put(layer) for layer in layers])["each"]
    for i, expected in GOLDEN.items():
        found = [getattr(each, name)[0, i - 1] for name in ("chance", "mean_lower", "mean_upper")]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    words = [belief.VERDICTS[verdict] for verdict in each.verdict[0]]
    assert words == ["unresolved"] * 2 + ["bounded"] * 4
    ceiling = [belief.GROWTH_VERDICTS[verdict] for verdict in each.verdict_xt[0]]
    assert ceiling[:2] == ["at the ceiling"] * 2
    assert ceiling[5] == "below the ceiling"


def test_twins_say_the_same_to_the_last_bit(twin, drawn, rng):
    layers, y = drawn
    copy_of = rng.integers(0, 3, 200)
    plane = fastmi.PlaneEstimator(np.arange(200), y, BINS)
    with fastmi.use_backend("numba"):
        expected = plane.readings(layers, copy_of)
    found = plane.readings([twin.put(layer) for layer in layers], copy_of)
    for reading in ("each", "sampled"):
        for name in (*SAID, "outside", "verdict", "verdict_xt"):
            one, other = (getattr(points[reading], name) for points in (found, expected))
            assert one.tobytes() == other.tobytes(), (reading, name)


def test_columns_are_those_of_the_functions(drawn):
    layers, y = drawn
    plane = fastmi.PlaneEstimator(np.arange(200), y, BINS, n_classes=5, sample="held-out")
    each = plane.readings(layers)["each"]
    counts = np.bincount(y)
    for i, layer in enumerate(layers):
        codes = fastmi.encode(layer, BINS)
        of_codes = tally(codes)
        pairs = tally(codes * 3 + y)
        np.testing.assert_array_equal(each.chance[:, i], belief.chance(of_codes, counts))
        np.testing.assert_array_equal(each.growth[:, i], belief.growth(of_codes))
        np.testing.assert_array_equal(each.pair_coverage[:, i], pairs.coverage)
        lower = belief.mean_lower(each.i_ty[:, i], of_codes, counts, 5)
        np.testing.assert_array_equal(each.mean_lower[:, i], lower)
        outside = ((layer < -1) | (layer >= np.float32(1))).mean(axis=(1, 2))
        np.testing.assert_allclose(each.outside[:, i], outside, rtol=0, atol=1e-15)


def test_a_mixture_says_nothing_since_its_rows_hang_together(drawn):
    layers, y = drawn
    mixture = fastmi.PlaneEstimator(np.arange(200), y, BINS).readings(layers)["mixture"]
    assert not {*SAID, "outside", "verdict", "verdict_xt"} & set(mixture.present)


def test_over_a_population_there_is_the_verdict_alone(drawn):
    layers, y = drawn
    plane = fastmi.PlaneEstimator(np.arange(200), y, BINS, sample="population")
    each = plane.readings(layers)["each"]
    assert not set(SAID) & set(each.present)
    assert {belief.VERDICTS[verdict] for verdict in each.verdict.flat} == {"exact"}
    assert {belief.GROWTH_VERDICTS[verdict] for verdict in each.verdict_xt.flat} == {"exact"}
    assert each.outside is not None


def test_corrected_entropies_leave_what_is_said_of_the_counts(drawn):
    layers, y = drawn
    plain, corrected = (
        fastmi.PlaneEstimator(np.arange(200), y, BINS, method=method).readings(layers)["each"]
        for method in ("plugin", "miller-madow")
    )
    assert (plain.i_ty != corrected.i_ty).any()
    for name in SAID:
        np.testing.assert_array_equal(getattr(plain, name), getattr(corrected, name))


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"sample": "test"}, ValueError, "sample must be one of 'held-out', 'training'"),
        ({"n_classes": 2}, ValueError, "n_classes is 2"),
        ({"n_classes": 2.5}, TypeError, "n_classes must be an integer, not 2.5"),
        ({"chance_sd": 1}, TypeError, "chance_sd is 1: pass True or False"),
    ],
)
def test_what_cannot_be_is_refused(drawn, options, error, told):
    _, y = drawn
    with pytest.raises(error, match=told):
        fastmi.PlaneEstimator(np.arange(200), y, BINS, **options)


@pytest.mark.parametrize("beyond", [False, True])
def test_the_sd_of_chance_is_a_column_where_it_is_asked_for(rng, beyond, monkeypatch):
    layer, y = rng.integers(0, 6, (200, 1)).astype(np.float32), rng.integers(0, 3, 200)
    bins = fastmi.UniformBins(6, range=(0, 6))
    if beyond:  # of what can be summed
        monkeypatch.setattr("fastmi.belief.statements.chance_sd", lambda *_: np.full(1, np.nan))
    plane = fastmi.PlaneEstimator(np.arange(200), y, bins, chance_sd=True)
    (found,) = plane.readings(layer)["each"].chance_sd.ravel()
    expected = fastmi.mutual_information_report(layer[:, 0].astype(int), y).chance_sd
    assert found == pytest.approx(expected, rel=0.2 if beyond else 1e-12)
    assert (found == expected) != beyond
    plain = fastmi.PlaneEstimator(np.arange(200), y, bins).readings(layer)["each"]
    assert plain.chance_sd is None


def test_one_sample_says_what_one_sample_can():
    said = Statements(np.array([1])).of(tally(np.array([[7]])), tally(np.array([[7]])))
    assert said["chance"].tolist() == [0]
    assert np.isnan(said["growth"]).tolist() == [True]
    assert [belief.GROWTH_VERDICTS[verdict] for verdict in said["verdict_xt"]] == [""]


def test_the_csv_says_verdicts_by_their_words(drawn, tmp_path):
    layers, y = drawn
    plane = fastmi.PlaneEstimator(np.arange(200), y, BINS, sample="held-out")
    each = plane.readings(layers)["each"]
    table = fastmi.InformationPlane.collect(
        plane, [each.map(lambda column: column[None])], epochs=[0], layers=["wide", "narrow"]
    )
    assert table.sample == "held-out"  # as the estimator was told
    rows = list(table.rows())
    assert [row["verdict"] for row in rows[:2]] == [
        belief.VERDICTS[verdict] for verdict in each.verdict[0]
    ]
    table.save(tmp_path / "t.npz")
    again = fastmi.InformationPlane.load(tmp_path / "t.npz")
    assert list(again.rows()) == rows
    weakest = table.mean().verdict
    np.testing.assert_array_equal(weakest[0, 0], each.verdict.min(axis=0))
