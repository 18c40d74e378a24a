"""The repr of every public record: one line, and short whatever the record holds; but for pages."""

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

import fastmi
from fastmi import belief, coding, counting, measures

LONGEST = 300  # letters
MANY = {f"a layer of a long name\n{i}": fastmi.Edges(np.linspace(-1, 1, 1000)) for i in range(200)}
X, Y = np.arange(1000)[:, None], np.arange(1000) % 2
LAYERS = np.random.default_rng(0).normal(size=(3, 2, 1000, 4)).astype(np.float32)
BINS = fastmi.UniformBins(4, range=(-2, 2))


def estimator(binning=BINS):
    return fastmi.PlaneEstimator(X, Y, binning)


def readings():
    return estimator().readings(LAYERS, np.zeros((3, 1000), int))


def table(**names):
    points = [readings()["each"]]
    plane = fastmi.InformationPlane.collect(estimator(), points, epochs=[0, 1, 2], layers=["T"])
    return replace(plane, **names)


def stream():
    counts = fastmi.Stream(BINS)
    counts.update(LAYERS[0, 0], Y)
    return counts


def stopped_late():
    rule = fastmi.InformationStopping()
    for bits in range(1000):
        rule.update(bits, bits)
    return rule


LAYER = LAYERS[0, 0]
# whose repr is what one asks them for; tests/fastmi/test_reports.py and test_features.py read it
PAGES = {"FeatureInformation", "Report"}
RECORDS = {
    "Edges": (
        lambda: fastmi.Edges(np.linspace(-1, 1, 1000)),
        "Edges(999 bins on [-1, 1), outside: separate)",
    ),
    "Edges of a threshold": (lambda: fastmi.Edges([0]), "Edges(a threshold at 0)"),
    "UniformBins": (
        lambda: fastmi.UniformBins(1000, range=(-1, 1)),
        "UniformBins(n_bins=1000, range=(-1.0, 1.0), out_of_range='separate')",
    ),
    "UniformBins, chosen": (
        lambda: fastmi.UniformBins(4, range=(-2, 2), n_candidates=5),
        "UniformBins(n_bins=4, range=(-2.0, 2.0), out_of_range='separate', n_candidates=5)",
    ),
    "Edges, chosen": (
        lambda: fastmi.Edges([0, 1], n_candidates=5),
        "Edges(1 bins on [0, 1), outside: separate, chosen from 5)",
    ),
    "Candidate": (
        lambda: fastmi.choose_binning(LAYER, Y, [BINS, BINS]).candidates[0],
        None,
    ),
    "WidthBins": (
        lambda: fastmi.WidthBins(1e-3).fit(np.float32([[-0.5], [0.5]])),
        "WidthBins(width=0.001, out_of_range='separate', seen=(-0.5, 0.5))",
    ),
    "QuantileBins": (
        lambda: fastmi.QuantileBins(1000).fit(np.arange(4000.0)[:, None]),
        "QuantileBins(1000 bins of equal mass, edges from 4 to 3996)",
    ),
    "Stream": (
        stream,
        "Stream of 1000 samples: 4 bins on [-2, 2), outside: separate",
    ),
    "PairwiseInformation": (
        lambda: fastmi.pairwise_mutual_information(np.stack([Y, 1 - Y], axis=1)),
        "PairwiseInformation 2 x 2 columns, n = 1,000, at most 1 bits",
    ),
    "Points": (
        lambda: readings()["each"],
        "Points (3, 2, 1): i_xt, i_ty, n_symbols, coverage, n_samples, coding, pair_coverage, "
        "chance, mean...",
    ),
    "Readings": (readings, "Readings: each (3, 2, 1), sampled (3, 1), mixture (3, 1)"),
    "PermutationTest": (
        lambda: fastmi.permutation_test(Y, Y, rng=0),
        "PermutationTest: I = 1 bits, p = 0.001 of 999 resamples",
    ),
    "PermutationTest of a plane": (
        lambda: estimator().permutation_test(LAYERS, n_resamples=9, rng=0),
        None,
    ),
    "PlaneEstimator": (
        estimator,
        "PlaneEstimator of 1000 samples, 1000 x, 2 y: 4 bins on [-2, 2), outside: separate",
    ),
    "PlaneEstimator of many layers": (lambda: estimator(MANY), None),
    "InformationPlane": (
        table,
        "InformationPlane of 3 epochs, 2 paths, 1 layers: unnamed (training), each, "
        "4 bins on [-2, 2), outside: separate",
    ),
    "InformationPlane of long names": (
        lambda: table(data="a\nb" * 99, sample="c\nd" * 99, binning="e\nf" * 999),
        None,
    ),
    "InformationStopping": (
        stopped_late,
        "InformationStopping(beta=1.0, tolerance=0.1, patience=3, floor=0.0, stopped=True)",
    ),
    "Ensemble": (
        lambda: fastmi.Ensemble(nn.Sequential(nn.Linear(4, 2), nn.Tanh()), 3),
        "Ensemble of 3 x Sequential on cpu, watching 0, 1",
    ),
    "Ensemble of many layers": (
        lambda: fastmi.Ensemble(
            nn.Sequential(*(nn.Tanh() for _ in range(300)), nn.Linear(1, 1)), 2
        ),
        None,
    ),
    "Recorder": (
        lambda: fastmi.watch(
            nn.Sequential(nn.Linear(1, 2), nn.Tanh()),
            {"a long\nname" * 99: (LAYERS[0, 0, :, :1], Y)},
        ),
        None,
    ),
    "Counted": (
        lambda: measures.Counted(BINS),
        "Counted(4 bins on [-2, 2), outside: separate, method='plugin')",
    ),
    "Counted of many layers": (lambda: measures.Counted(MANY), None),
    "KDEBounds": (
        lambda: measures.KDEBounds(0.1),
        "KDEBounds(noise_variance=0.1, pair='upper', precision='float32')",
    ),
    "PerUnit": (
        lambda: measures.PerUnit(BINS),
        "PerUnit(4 bins on [-2, 2), outside: separate)",
    ),
    "PerUnit of many layers": (lambda: measures.PerUnit(MANY), None),
    "SoftCodes": (
        lambda: measures.SoftCodes(100),
        "SoftCodes(n_anchors=100, n_seeds=8, eps=None, seed=0, corrected=True, "
        "precision='float32')",
    ),
    "UnitInformation": (
        lambda: fastmi.unit_information(LAYER, Y, BINS),
        None,
    ),
    "UnitInformation of a long label": (
        lambda: fastmi.unit_information(LAYER, ["a long\nname" * 99] * len(Y), BINS),
        None,
    ),
    "UnitMap": (
        lambda: fastmi.figures.UnitMap(
            [0], ["a"], np.ones((1, 1)), np.ones(1), None, None, 1.0, "none"
        ),
        "UnitMap of 1 units and 1 classes",
    ),
    "SoftmaxChannel": (measures.SoftmaxChannel, "SoftmaxChannel()"),
    "Probe": (
        measures.Probe,
        "Probe(hidden=0, penalty=None, n_steps=200, tolerance=1e-05, seed=0, max_fit=5000)",
    ),
    "VectorQuantized": (
        lambda: measures.VectorQuantized(4).fit(np.arange(9.0)[:, None]),
        "VectorQuantized(k=4, by='kmeans', max_fit=2048, seed=0, fitted to 1 units)",
    ),
    "Layers": (
        lambda: measures.Layers(["T"], ["layers['T']"], [LAYER]),
        "Layers: T",
    ),
    "Layers, many": (
        lambda: measures.Layers(list(MANY), list(MANY), [LAYER] * len(MANY)),
        None,
    ),
    "Variables": (
        lambda: measures.base.variables(X, Y),
        "Variables of 1000 samples, 1000 x, 2 y",
    ),
    "Tally": (lambda: counting.tally(X.T), "Tally of 1 segments of 1000 samples"),
    "Interval": (
        lambda: belief.interval(
            [400, 100, 100, 400], [0, 0, 1, 1], [0, 1, 0, 1], sample="held-out"
        ),
        "Interval: 0.2276 to 0.3271 bits at 95 %",
    ),
    "Interval, none": (lambda: belief.interval([1], [0], [0]), None),
    "Scheme": (lambda: coding.scheme(900, 50), "Scheme of 900 units, hashed"),
    "Encoded": (
        lambda: coding.encode_layers([LAYER], [BINS], ["T"]),
        "Encoded: codes (1, 1000) of 1 layers",
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_repr_is_one_short_line(name):
    make, expected = RECORDS[name]
    text = repr(make())
    assert len(text.splitlines()) == 1
    assert len(text) <= LONGEST
    assert expected in (None, text)


def test_every_public_record_has_its_row():
    records = {
        name
        for room in (fastmi, measures)
        for name in room.__all__
        if isinstance(member := getattr(room, name), type)
        and not issubclass(member, Warning)
        and not getattr(member, "_is_protocol", False)
    }
    assert records == {name for name in RECORDS if name in records} | PAGES
