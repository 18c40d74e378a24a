"""Probes: scikit-learn on the same halves, channels whose information is known, what is refused."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import fastmi
from fastmi import PlaneEstimator
from fastmi.gathering import Gathering
from fastmi.measures import Counted, Probe, probe
from fastmi.measures.base import Fittable
from fastmi.measures.probe import PENALTIES, halves

H_2 = Probe(penalty=0.1)


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return x.astype(np.float32), y


def plane(y, measure=H_2, **options):
    return PlaneEstimator(np.arange(len(y)), y, measure, **options)


def each(y, layer, measure=H_2, **options):
    """The points of one network, without its axes."""
    points = plane(y, measure, **options).readings(layer)["each"]
    return points.map(lambda column: column[0, 0])


# --- the halves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 50, 51])
def test_halves_part_the_samples_and_each_label(rng, n):
    y = rng.integers(0, 4, n)
    fit, scored = halves(y, 0, 1000)
    assert sorted([*fit, *scored]) == list(range(n))
    assert len(fit) == n - n // 2
    shares = [np.bincount(y[part], minlength=4) for part in (fit, scored)]
    assert np.abs(shares[0] - shares[1]).max() <= 2  # one of each, and the odd one


def test_names_of_labels_leave_no_trace_and_the_seed_decides(rng):
    y = rng.integers(0, 4, 60)
    first, renamed, other = halves(y, 0, 1000), halves(9 - y, 0, 1000), halves(y, 1, 1000)
    assert all(np.array_equal(a, b) for a, b in zip(first, renamed, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_each_sample_is_scored_as_often_as_not():
    y = np.array([0, 0, 0, 1, 2])
    scored = [i for seed in range(2000) for i in halves(y, seed, 1000)[1]]
    # 2 of 5 are scored
    assert np.bincount(scored) / 2000 == pytest.approx([0.4] * 5, abs=0.04)


def test_of_many_samples_some_are_used(rng):
    fit, scored = halves(rng.integers(0, 3, 100), 0, 10)
    assert (len(fit), len(scored)) == (10, 10)
    assert not set(fit) & set(scored)


# --- the number -----------------------------------------------------------------------------------


def by_sklearn(layer, y, penalty):
    fit, scored = halves(np.unique(y, return_inverse=True)[1], 0, 5_000)
    centre, spread = layer[fit].mean(0), layer[fit].std(0)
    within = np.clip(layer, layer[fit].min(0), layer[fit].max(0))
    standard = (within - centre) / np.where(spread > 0, spread, 1)
    model = LogisticRegression(C=1 / (penalty * len(fit)), max_iter=1000)
    log2_p = model.fit(standard[fit], y[fit]).predict_log_proba(standard[scored]) / math.log(2)
    shares = np.bincount(y[scored]) / len(scored)
    bits = log2_p[np.arange(len(scored)), y[scored]] - np.log2(shares[y[scored]])
    return bits.mean(), bits.std(ddof=1) / math.sqrt(len(bits))


@pytest.mark.parametrize("penalty", [0.1, 0.001])
def test_it_is_what_scikit_learn_says_on_the_same_halves(digits, penalty):
    x, y = digits[0][:600], digits[1][:600]
    points = each(y, x, Probe(penalty=penalty))
    bits, error = by_sklearn(x, y, penalty)
    assert points.i_ty == pytest.approx(bits, abs=0.01)
    assert points.i_ty_se == pytest.approx(error, abs=0.005)
    assert points.n_scored == 300
    assert np.isnan(points.i_xt)


def test_of_several_penalties_the_best_is_taken_and_paid_for(digits):
    x, y = digits[0][:300], digits[1][:300]
    points = each(y, x, Probe())
    alone = [each(y, x, Probe(penalty=penalty)) for penalty in PENALTIES]
    best = max(alone, key=lambda one: one.i_ty)
    assert points.i_ty == pytest.approx(best.i_ty, abs=1e-3)
    assert points.i_ty_se == pytest.approx(best.i_ty_se, abs=1e-3)
    assert points.charge == pytest.approx(math.log2(7) / 150)
    assert points.mean_lower == points.i_ty - points.charge
    assert best.mean_lower == best.i_ty
    assert best.charge is None


@pytest.mark.parametrize("error", [0.05, 0.2, 0.4])
def test_through_a_channel_it_stays_below_what_there_is(digits, error):
    """I(image; class through a binary symmetric channel) = h(p * e) - h(e)."""
    x, y = digits
    x, y = x[y < 2], y[y < 2]

    def h(p):
        return -p * math.log2(p) - (1 - p) * math.log2(1 - p)

    p = y.mean()
    truth = h(p * (1 - error) + (1 - p) * error) - h(error)
    lower = []
    for seed in range(8):
        noise = np.random.default_rng(seed).random(len(y)) < error
        lower.append(each(y ^ noise, x, Probe(seed=seed, tolerance=1e-4)).mean_lower)
    assert np.mean(lower) <= truth + 2 * np.std(lower, ddof=1) / math.sqrt(8)
    assert np.mean(lower) >= truth - 0.25


def test_it_is_not_clipped(rng):
    layer, y = rng.normal(size=(60, 40)).astype(np.float32), rng.integers(0, 2, 60)
    points = each(y, layer, Probe(penalty=1e-5))
    assert points.i_ty < -1
    assert fastmi.belief.VERDICTS[points.verdict] == "unresolved"


def test_a_linear_probe_misses_an_exclusive_or(rng):
    layer = rng.integers(0, 2, (300, 2)) + rng.normal(scale=0.05, size=(300, 2))
    y = layer.round().sum(1).astype(int) % 2
    assert abs(each(y, layer, Probe()).i_ty) < 0.05
    found = each(y, layer, Probe(hidden=4), sample="held-out")
    assert found.i_ty > 0.9
    assert fastmi.belief.VERDICTS[found.verdict] == "bounded"


def test_a_unit_that_was_nearly_still_is_not_blown_up(rng):
    y = rng.integers(0, 2, 60)
    layer = (y[:, None] + rng.normal(scale=0.1, size=(60, 2))).astype(np.float32)
    quiet = each(y, layer).i_ty
    fit, scored = halves(y, 0, 60)
    layer = np.concatenate([layer, np.zeros((60, 1), np.float32)], axis=1)
    layer[fit[0], 2], layer[scored[0], 2] = 1e-6, 3
    assert each(y, layer).i_ty == pytest.approx(quiet, abs=0.1)


def test_one_class_says_nothing(rng):
    points = each(np.zeros(20, int), rng.normal(size=(20, 3)))
    assert (points.i_ty, points.i_ty_se) == (0, 0)
    assert fastmi.belief.VERDICTS[points.verdict] == "unresolved"


def test_one_scored_sample_has_no_error():
    points = each(np.array([0, 1]), np.array([[0.0], [1.0]]))
    assert points.n_scored == 1
    assert np.isnan(points.i_ty_se)


def test_a_label_that_was_not_fitted_has_a_share():
    """Of 2 fitted rows: 1/3 for what was not seen, 2/3 for the rest."""
    fitted = H_2.fit(np.zeros((2, 1)), np.array(["a", "b"]))
    assert each(np.array(["b", "a"]), np.zeros((2, 1)), fitted).i_ty == pytest.approx(0)
    apart = each(np.array(["b", "c"]), np.zeros((2, 1)), fitted)
    assert apart.i_ty == pytest.approx(1 + (math.log2(1 / 2 * 2 / 3) + math.log2(1 / 3)) / 2)
    known = each(np.array(["b", "c"]), np.zeros((2, 1)), fitted, n_classes=4)
    assert known.i_ty == pytest.approx(1 + (math.log2(1 / 2 * 2 / 3) + math.log2(1 / 6)) / 2)


def test_a_population_is_fitted_and_scored_as_a_whole():
    layer, y = np.array([[-2.0], [-2.0], [3.0], [3.0]]), np.array([0, 0, 1, 1])
    points = each(
        y, layer, Probe(penalty=1 / (2 * math.log(3)), tolerance=1e-16), sample="population"
    )
    assert points.i_ty == pytest.approx(1 + math.log2(0.75))
    assert points.n_scored == 4
    assert points.verdict is points.mean_lower is points.i_ty_se is None


# --- many at once, and batch by batch -------------------------------------------------------------


def test_chunks_leave_no_trace(rng, monkeypatch):
    layer, y = rng.normal(size=(3, 50, 4)).astype(np.float32), rng.integers(0, 2, 50)
    whole = plane(y).readings([layer, layer[..., :2]])["each"]
    monkeypatch.setattr(probe, "CHUNK_BYTES", 1)
    apart = plane(y).readings([layer, layer[..., :2]])["each"]
    assert apart.i_ty == pytest.approx(whole.i_ty, abs=1e-6)


@pytest.mark.parametrize("max_fit", [5_000, 20])
@pytest.mark.parametrize("shape", [(90, 4), (3, 90, 4)], ids=["rows", "positions"])
def test_batches_are_read_as_if_they_came_at_once(rng, twin, shape, max_fit):
    layer, y = rng.normal(size=shape).astype(np.float32), rng.integers(0, 2, 90)
    layer[..., 0] += y
    for measure in (Probe(max_fit=max_fit), Probe().fit(rng.normal(size=(40, 4)), y[:40])):
        estimator = plane(y, measure)
        gathering = Gathering([estimator])
        for first in range(0, 90, 32):
            gathering.add("t", twin.put(layer[..., first : first + 32, :]))
        (found,) = gathering.points()
        reading = "each" if len(shape) == 2 else "mixture"
        whole = estimator.readings({"t": twin.put(layer)})[reading]
        expected = whole.map(lambda column: column[..., 0, :] if column.ndim == 2 else column)
        assert found.present.keys() == expected.present.keys()
        for name, column in found.present.items():
            wanted = getattr(expected, name)
            assert column == pytest.approx(wanted, abs=1e-9, nan_ok=True), name


def test_only_rows_that_are_used_are_kept(rng):
    y = rng.integers(0, 2, 90)
    reader = Probe(max_fit=5).reader(plane(y).variables)
    layers = fastmi.measures.Layers(["t"], ["t"], [rng.normal(size=(4, 90, 3)).astype(np.float32)])
    (kept,) = reader.accumulate(None, layers, 0)
    assert kept.shape == (1, 10, 3)


def test_networks_fitted_before_are_read_each_and_sampled(rng):
    y, layer = rng.integers(0, 2, 60), rng.normal(size=(2, 3, 60, 4)).astype(np.float32)
    fitted = H_2.fit(layer[0, 0], y)
    readings = plane(y, fitted).readings([layer], rng.integers(0, 3, (2, 60)))
    assert readings["each"].i_ty.shape == (2, 3, 1)
    assert readings["mixture"].i_ty.shape == readings["sampled"].i_ty.shape == (2, 1)
    assert readings["each"].i_ty[1, 2, 0] == pytest.approx(each(y, layer[1, 2], fitted).i_ty)
    assert readings["mixture"].i_ty == pytest.approx(readings["each"].i_ty.mean(1))


# --- in a table, in a recorder --------------------------------------------------------------------


def test_a_table_takes_what_says_nothing_of_x(rng, tmp_path):
    y, layer = rng.integers(0, 2, 80), rng.normal(size=(2, 80, 3)).astype(np.float32)
    layer[..., 0] += 3 * y
    estimator = plane(y, {"seen": Counted(fastmi.Edges([0.0])), "probed": H_2}, sample="held-out")
    points = estimator.readings({"seen": layer[:, None], "probed": layer[:, None]})["each"]
    table = fastmi.InformationPlane.collect(
        estimator, [points], epochs=[0, 1], layers=["seen", "probed"]
    )
    assert np.isnan(table.i_xt[..., 1]).all()
    assert np.isfinite(table.i_xt[..., 0]).all()
    assert [row["i_xt_bits"] for row in table.rows() if row["layer"] == "probed"] == ["", ""]
    table.save(tmp_path / "t.npz")
    again = fastmi.InformationPlane.load(tmp_path / "t.npz")
    assert np.array_equal(again.i_xt, table.i_xt, equal_nan=True)
    table.to_csv(tmp_path / "t.csv")
    assert "linear probe, penalty 0.1" in (tmp_path / "t.csv").read_text()
    reason = table.reasons()["probed"]
    assert reason.startswith("bounded from below: ")
    assert reason.endswith("in 40 scored samples; it has no upper end")
    assert not table.reasons()["seen"].endswith("upper end")


def test_watching_fits_to_training_and_scores_the_others(rng):
    x = torch.from_numpy(rng.normal(size=(120, 3))).float()
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    samples = {"training": (x[:80], y[:80]), "held-out": (x[80:], y[80:])}
    with fastmi.watch(model, samples, H_2, layers=torch.nn.ReLU, batch_size=32) as recorder:
        numbers = recorder.update(0)
    relu = model[1](model[0](x)).detach()
    assert numbers["training/n_scored/1"] == 40
    assert numbers["training/i_ty/1"] == pytest.approx(each(y[:80], relu[:80]).i_ty, abs=1e-6)
    assert numbers["held-out/n_scored/1"] == 40
    fitted = H_2.fit(relu[:80], y[:80])
    assert numbers["held-out/i_ty/1"] == pytest.approx(each(y[80:], relu[80:], fitted).i_ty)
    assert "training/i_xt/1" not in numbers
    assert recorder.verdicts.keys() == {"training/verdict/1", "held-out/verdict/1"}
    assert np.isnan(recorder.plane("held-out").i_xt).all()


def test_it_stands_beside_counting_in_a_recorder(rng, tmp_path):
    x = torch.from_numpy(rng.normal(size=(60, 3))).float()
    sample = {"held-out": (x, {"sign": (x[:, 0] > 0).long(), "other": (x[:, 1] > 0).long()})}
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())

    def made():
        return fastmi.watch(model, sample, [fastmi.Edges([0.0]), H_2], layers=torch.nn.ReLU)

    recorder = made()
    recorder.update(0)
    recorder.update(1)
    axes = recorder.plot().axes  # of two sets of labels, and both measures over the steps
    assert [one.get_xlabel() for one in axes] == ["step"] * 4
    recorder.save(tmp_path / "r.npz")
    again = made().load(tmp_path / "r.npz")
    for labels in ("sign", "other"):
        ours, theirs = (one.plane(measure="probe", labels=labels) for one in (recorder, again))
        assert np.array_equal(ours.i_ty, theirs.i_ty)
        assert np.isnan(theirs.i_xt).all()
        assert "in 30 scored samples" in again.reasons(measure="probe", labels=labels)["1"]


def test_it_is_one_that_is_fitted_with_labels():
    assert isinstance(Probe(), Fittable)
    assert Probe().needs_fit
    assert Probe().needs_labels
    fitted = Probe().fit(np.zeros((3, 2)), [0, 1, 0])
    assert not isinstance(fitted, Fittable)
    assert str(fitted).startswith("linear probe, the best of 7 penalties, 8..3e-05")
    assert "2 classes, 3 rows" in repr(fitted)
    assert str(Probe(hidden=3, penalty=1.0)).startswith("probe with 3 hidden units, penalty 1, ")


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"hidden": -1}, "hidden must be at least 1, not -1"),
        ({"hidden": 2.5}, "hidden must be an integer"),
        ({"penalty": 0}, "penalty is 0: without one the weights grow without end"),
        ({"penalty": -1}, "penalty must be finite and at least 0"),
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"tolerance": -1}, "tolerance must be finite and at least 0"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"max_fit": 0}, "max_fit must be at least 1"),
    ],
)
def test_numbers_that_are_none_are_refused(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        Probe(**arguments)


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="n = 1: a probe is fitted to one half of the samples"):
        plane(np.array([0]))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nan_and_infinities_are_refused(wrong):
    layer = np.array([[0.0], [1.0], [wrong], [0.0]])
    with pytest.raises(ValueError, match=r"layers\[0\] holds NaN or infinities, to which no probe"):
        plane(np.array([0, 1, 0, 1])).estimate(layer)
    with pytest.raises(ValueError, match="layer holds NaN or infinities, to which no probe"):
        H_2.fit(layer, [0, 1, 0, 1])


def test_a_fit_needs_labels_and_a_reading_the_same_units():
    with pytest.raises(TypeError, match="y is None: a probe is fitted to the labels of a layer"):
        H_2.fit(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"layer has shape \(2, 3, 2\): a probe is fitted to one"):
        H_2.fit(np.zeros((2, 3, 2)), [0, 1, 0])
    fitted = H_2.fit(np.zeros((3, 2)), [0, 1, 0])
    with pytest.raises(ValueError, match="a layer has 3 units, and the probe was fitted to one of"):
        plane(np.array([0, 1]), fitted).estimate(np.zeros((2, 3)))
