"""Tables in words: the reason of each verdict, and the gap between two samples."""

from dataclasses import replace

import numpy as np
import pytest

import fastmi
from fastmi import InformationPlane, PlaneEstimator
from fastmi.belief import VERDICTS
from fastmi.measures import KDEBounds

N = 400
BINS = fastmi.UniformBins(6, range=(-1, 1))
Y = np.arange(N) % 2
KNOWN, GUESSED = (
    np.where(Y, 0.5, -0.5)[:, None],
    np.where(np.arange(N) % 5, Y - 0.5, 0.5 - Y)[:, None],
)


def table(layers, sample="held-out", reading="each", epochs=(0, 7), **given):
    estimator = PlaneEstimator(np.arange(N)[:, None], Y, BINS, sample=sample, **given)
    stacked = {name: np.stack([layer] * len(epochs)) for name, layer in layers.items()}
    n_copies = 2 if reading == "mixture" else 1
    readings = estimator.readings(
        {name: np.stack([layer] * n_copies, axis=1) for name, layer in stacked.items()}
    )
    return InformationPlane.collect(
        estimator, [readings[reading]], epochs=epochs, layers=layers, reading=reading
    )


def test_each_layer_has_its_reason(rng):
    wide = rng.uniform(-1, 1, (N, 30))
    reasons = table({"wide": wide, "known": KNOWN}).reasons()
    assert reasons["wide"].startswith("unresolved: n = 400 cannot size this layer under these bins")
    assert "; at the ceiling: H(T) grew 1 bits in the last doubling" in reasons["wide"]
    assert reasons["known"].startswith("resolved: pair coverage 1.000 of 0.995")
    described = table({"known": KNOWN}, sample="training").reasons()["known"]
    assert "(a description: the layer was trained on this sample)" in described


def test_a_population_has_one_reason_and_a_mixture_none():
    whole = table({"known": KNOWN}, sample="population")
    assert whole.reasons() == {"known": "exact: the whole population was counted"}
    assert table({"known": KNOWN}, reading="mixture").reasons() == {}


def test_the_weakest_path_gives_the_reason(rng):
    wide = rng.uniform(-1, 1, (N, 30))
    estimator = PlaneEstimator(np.arange(N)[:, None], Y, BINS, sample="held-out")
    both = np.stack([np.repeat(KNOWN, 30, axis=1), wide])[None]
    plane = InformationPlane.collect(
        estimator, [estimator.readings([both])["each"]], epochs=[0], layers=["T"]
    )
    assert plane.reasons()["T"].startswith("unresolved")
    # as a mean it has the weakest word, and numbers of which another would be said
    mean = plane.mean()
    assert mean.verdict.item() == VERDICTS.index("unresolved")
    assert mean.reasons()["T"].startswith(
        "unresolved, by the counts; the table's numbers say: bounded from below"
    )


def test_the_weakest_growth_is_said_beside_a_mean():
    wide = np.random.default_rng(0).uniform(-1, 1, (N, 30))
    estimator = PlaneEstimator(np.arange(N)[:, None], Y, BINS, sample="held-out")
    both = np.stack([np.repeat(KNOWN, 30, axis=1), wide])[None]
    plane = InformationPlane.collect(
        estimator, [estimator.readings([both])["each"]], epochs=[0], layers=["T"]
    ).mean()
    assert plane.growth.item() < 0.9
    assert (
        "; at the ceiling, by the counts; the table's numbers say: H(T) grew 0.5"
        in plane.reasons()["T"]
    )


def test_the_gap_is_the_difference_and_says_what_it_means(rng):
    wide = rng.uniform(-1, 1, (N, 30))
    training = table({"wide": wide, "learned": KNOWN, "same": GUESSED}, sample="training")
    held_out = table({"wide": wide, "learned": GUESSED, "same": GUESSED})
    found = training.gap(held_out)
    assert found.bits.tolist() == (training.i_ty - held_out.i_ty)[:, 0].tolist()
    assert found.words == ("unresolved", "above the bracket", "within the brackets")
    assert training.mean_lower[-1, 0, 1] > held_out.mean_upper[-1, 0, 1]
    assert repr(found) == (
        f"Gap: wide {found.bits[-1, 0]:+.3f} (unresolved), learned {found.bits[-1, 1]:+.3f} "
        "(above the bracket), same +0.000 (within the brackets)"
    )


def test_only_what_can_be_compared_is():
    plane = table({"known": KNOWN})
    with pytest.raises(TypeError, match="held_out is 3: pass the table of the held-out sample"):
        plane.gap(3)
    with pytest.raises(ValueError, match=r"held_out has layers \('other',\)"):
        plane.gap(table({"other": KNOWN}))
    with pytest.raises(ValueError, match="held_out was read at other epochs"):
        plane.gap(table({"known": KNOWN}, epochs=(0, 8)))
    mixture = table({"known": KNOWN}, reading="mixture")
    with pytest.raises(ValueError, match=r"the table of 'held-out' \(mixture\) has no mean_lower"):
        mixture.gap(mixture)
    with pytest.raises(ValueError, match="held_out has data 'other'"):
        plane.gap(replace(plane, data="other"))


def test_samples_that_are_swapped_are_refused():
    training, held_out = (table({"known": KNOWN}, sample=kind) for kind in ("training", "held-out"))
    with pytest.raises(ValueError, match="the table that is asked is of a held-out sample: ask"):
        held_out.gap(training)
    with pytest.raises(ValueError, match=r"held_out is of a training sample.*training\.gap\("):
        training.gap(training)
    unknown = table({"known": KNOWN}, sample=None)
    assert unknown.gap(held_out).words == unknown.gap(unknown).words == ("within the brackets",)


def test_a_layer_without_brackets_is_not_judged():
    tables = []
    for sample in ("training", "held-out"):
        estimator = PlaneEstimator(
            np.arange(N)[:, None], Y, {"counted": BINS, "smooth": KDEBounds(0.1)}, sample=sample
        )
        layers = {"counted": KNOWN[None, None], "smooth": KNOWN[None, None]}
        points = estimator.readings(layers)["each"]
        tables.append(InformationPlane.collect(estimator, [points], epochs=[0], layers=layers))
    assert tables[0].gap(tables[1]).words == ("within the brackets", "not judged")


def test_what_the_sample_is_said_to_be_is_kept(tmp_path):
    plane = table({"known": KNOWN})
    plane.save(tmp_path / "plane.npz")
    assert InformationPlane.load(tmp_path / "plane.npz").sample_kind == "held-out"
    assert table({"known": KNOWN}, sample=None).sample_kind == ""
    with pytest.raises(ValueError, match="sample_kind must be one of"):
        fastmi.tables.InformationPlane(
            plane.epochs, plane.layers, plane.points, N, 1, 1, "each", 1, "", "", sample_kind="x"
        )


def test_a_notebook_shows_chance_and_the_reasons():
    plane = table({"known": KNOWN})
    shown = plane._repr_html_()
    assert "<th>chance</th><th>verdict</th>" in shown
    assert f"<td>{plane.reasons()['known']}</td>" in shown
    assert f"<td>{plane.chance[-1, 0, 0]:.3f}</td>" in shown
    assert "verdict" not in table({"known": KNOWN}, reading="mixture")._repr_html_()


def test_a_caption_says_where_verdicts_are_a_description():
    words = "verdicts describe this sample alone"
    described = {
        kind: words in table({"known": KNOWN}, sample=kind).panel().caption
        for kind in ("training", "held-out", "population", None)
    }
    assert described == {"training": True, "held-out": False, "population": False, None: True}
    mixture = table({"known": KNOWN}, sample="training", reading="mixture")
    assert words in mixture.panel().caption


def test_of_corrected_numbers_the_word_alone_is_said():
    """Verdicts rest on the plug-in, which such a table does not hold."""
    corrected = table({"known": KNOWN, "guessed": GUESSED}, method="grassberger")
    assert corrected.reasons() == dict.fromkeys(corrected.layers, "resolved, by the plug-in")
    assert table({"known": KNOWN}, method="grassberger", reading="mixture").reasons() == {}
