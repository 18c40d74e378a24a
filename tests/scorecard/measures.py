"""Bins that are fitted, measures, methods of the entropy, tables in one figure.

What they cannot take, and what they give.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import fastmi
from fastmi import PlaneEstimator, QuantileBins, UniformBins, WidthBins
from fastmi.measures import (
    Counted,
    KDEBounds,
    PerUnit,
    Probe,
    SoftCodes,
    SoftmaxChannel,
    VectorQuantized,
)

from .judge import Case, Refused

BINS = UniformBins(4, range=(-1, 1))
T = np.array([[-0.9, 0.2], [0.4, 0.3], [0.4, 0.3], [0.9, -0.5]])
X, Y = np.arange(4), [0, 1, 1, 0]


def _bad(name: str, about: str, call: Callable[[], Any], *words: Any) -> Case:
    return Case(name, call, Refused(*words), about)


FITTED = [
    *(
        _bad(
            f"width {given!r:.20}",
            "WidthBins(width)",
            lambda given=given: WidthBins(given),
            "width",
        )
        for given in (0, -1, np.nan, np.inf, "1", None, True, [1], 10**400)
    ),
    *(
        _bad(
            f"n_bins {given!r:.20}",
            "QuantileBins(n_bins)",
            lambda given=given: QuantileBins(given),
            "n_bins",
        )
        for given in (0, 1, -1, 2.5, "3", None, True, 2**25)
    ),
    *(
        _bad(
            f"seen {given!r:.20}",
            "WidthBins(seen)",
            lambda given=given: WidthBins(1, seen=given),
            "seen",
        )
        for given in (3, (1,), (2, 1), (0, np.nan), "ab", (0, "1"), [0, 1])
    ),
    *(
        _bad(
            f"inner {given!r:.20}",
            "QuantileBins(inner)",
            lambda given=given: QuantileBins(3, given),
            words,
        )
        for given, words in (
            (3, "inner"),
            ("ab", "inner"),
            ((2, 1), "increase"),
            ((np.nan,), "finite"),
            (("a",), "edges"),
            ((1, 2, 3), "n_bins"),
        )
    ),
    *(
        _bad(
            f"out_of_range {given!r}",
            "WidthBins(out_of_range)",
            lambda given=given: WidthBins(1, given),
            "out_of_range",
        )
        for given in ("ignore", None, 3)
    ),
    *(
        _bad(
            f"{rule}: fit {name}",
            f"{type(rule).__name__}.fit(activations)",
            functools.partial(rule.fit, given),
            "activations",
        )
        for rule in (WidthBins(0.5), QuantileBins(3))
        for name, given in (
            ("NaN", T * np.nan),
            ("infinite", np.full((2, 2), np.inf)),
            ("a list", T.tolist()),
            ("nothing", T[:0]),
            ("one axis", T[:, 0]),
            ("text", T.astype(str)),
            ("None", None),
        )
    ),
    _bad(
        "far too narrow",
        "WidthBins(width)",
        lambda: WidthBins(1e-12).fit(T),
        "width",
        "1e-12",
        "larger",
    ),
    *(
        _bad(
            f"{rule}: not fitted in {name}",
            "PlaneEstimator(binning) encode(binning)",
            lambda call=call, rule=rule: call(rule),
            "fit",
        )
        for rule in (WidthBins(0.5), QuantileBins(3))
        for name, call in (
            ("encode", lambda rule: fastmi.encode(T, rule)),
            ("a plane", lambda rule: PlaneEstimator(X, Y, rule)),
            ("a stream", lambda rule: fastmi.Stream(rule)),
            ("a mapping", lambda rule: PlaneEstimator(X, Y, {"a": rule})),
        )
    ),
    Case(
        "width 0.5 is the floor",
        lambda: fastmi.encode(T[:, :1], WidthBins(0.5).fit(T[:, :1])).tolist(),
        [1, 3, 3, 4],
    ),
    Case(
        "three bins of equal mass",
        lambda: len(set(fastmi.encode(np.arange(9.0)[:, None], _thirds()).tolist())),
        3,
    ),
]


def _thirds() -> QuantileBins:
    return QuantileBins(3).fit(np.arange(9.0)[:, None])


MEASURES = [
    *(
        _bad(
            f"Counted of {given!r:.20}",
            "measures.Counted(binning)",
            lambda given=given: Counted(given),
            "binning",
        )
        for given in (None, 3, "bins", [0, 1], UniformBins, {"a": 3})
    ),
    *(
        _bad(
            f"PerUnit of {given!r:.20}",
            "measures.PerUnit(binning)",
            lambda given=given: PerUnit(given),
            "binning",
        )
        for given in (None, 3, "bins", [0, 1], UniformBins, {"a": 3})
    ),
    *(
        _bad(
            f"noise_variance {given!r:.20}",
            "measures.KDEBounds(noise_variance)",
            lambda given=given: KDEBounds(given),
            "noise_variance",
        )
        for given in (0, -1, np.nan, np.inf, "1", None, True)
    ),
    *(
        _bad(
            f"pair {given!r}",
            "measures.KDEBounds(pair)",
            lambda given=given: KDEBounds(1, given),
            "pair",
            "'upper'",
        )
        for given in ("both", None, 3)
    ),
    *(
        _bad(
            f"precision {given!r}",
            "measures.KDEBounds(precision)",
            lambda given=given: KDEBounds(1, precision=given),
            "precision",
        )
        for given in ("float16", None, np.float32)
    ),
    *(
        _bad(
            f"{name} {given!r:.20}",
            f"measures.SoftCodes({name})",
            lambda name=name, given=given: SoftCodes(**{"n_anchors": 4, name: given}),
            name,
        )
        for name, wrong in (
            ("n_anchors", (0, 1, 2.5, "4", None)),
            ("n_seeds", (0, 1.5, None)),
            ("eps", (0, -1, np.nan, np.inf, "1")),
            ("seed", (-1, 0.5, None)),
            ("corrected", (1, "yes", None)),
            ("precision", ("float16", None, np.float32)),
        )
        for given in wrong
    ),
    _bad(
        "soft codes of NaN",
        "PlaneEstimator.estimate(layers)",
        lambda: PlaneEstimator(X, Y, SoftCodes(4, corrected=False)).estimate(T * np.nan),
        "layers[0]",
        "NaN",
    ),
    _bad(
        "soft codes of labels of few samples",
        "PlaneEstimator(binning)",
        lambda: PlaneEstimator(np.arange(4), [0, 0, 1, 1], SoftCodes(4)),
        "y has a label of 2 samples",
        "corrected=False",
    ),
    *(
        _bad(
            f"unit_information: {name}",
            f"unit_information({about})",
            lambda given=given: fastmi.unit_information(
                **{"layer": T, "y": Y, "binning": BINS, **given}
            ),
            *words,
        )
        for name, about, given, words in (
            ("copies", "layer", {"layer": np.stack([T] * 2)}, ("layer", "(2, 4, 2)", "layer[0]")),
            ("a list", "layer", {"layer": [T]}, ("layer",)),
            ("NaN", "layer", {"layer": T * np.nan}, ("layer", "NaN")),
            ("a vector", "layer", {"layer": T[:, 0]}, ("layer", "[:, None]")),
            ("other samples", "y", {"y": Y[:3]}, ("layer has 4", "y has 3")),
            ("no whole labels", "y", {"y": [0.5, 1, 1, 0]}, ("0.5",)),
            ("a measure", "binning", {"binning": PerUnit(BINS)}, ("binning",)),
            ("bins to fit", "binning", {"binning": QuantileBins(3)}, ("binning", "fit")),
            ("fewer classes than seen", "n_classes", {"n_classes": 1}, ("n_classes",)),
            ("another sample", "sample", {"sample": "test"}, ("sample", "'held-out'")),
        )
    ),
    *(
        _bad(
            f"best {given!r}",
            "UnitInformation.best(n)",
            lambda given=given: fastmi.unit_information(T, Y, BINS).best(given),
            "n must be",
        )
        for given in (0, -1, 2.5, "3", None, True)
    ),
    _bad(
        "kernels of NaN",
        "PlaneEstimator.estimate(layers)",
        lambda: PlaneEstimator(X, Y, KDEBounds(1)).estimate(T * np.nan),
        "layers[0]",
        "NaN",
    ),
    _bad(
        "kernels of a mixture",
        "PlaneEstimator.mixture(layers)",
        lambda: PlaneEstimator(X, Y, KDEBounds(1)).mixture(T[None]),
        "mixture",
    ),
    *(
        _bad(
            f"codes with {name}={value!r:.20}",
            f"measures.VectorQuantized({name})",
            lambda name=name, value=value: VectorQuantized(**{name: value}),
            name,
        )
        for name, values in {
            "k": (0, -3, 1.5, "best", None, True, 2**40),
            "by": ("voronoi", None, 3),
            "max_fit": (0, 2.5, None, "all"),
            "seed": (-1, 2**32, 0.5, "a", None),
            "codebooks": (None, "fitted", [1]),
        }.items()
        for value in values
    ),
    *(
        _bad(
            f"codes fitted to {name}",
            "measures.VectorQuantized.fit(layer)",
            lambda layer=layer: VectorQuantized().fit(layer),
            "layer",
            word,
        )
        for name, layer, word in (
            ("NaN", T * np.nan, "NaN"),
            ("several copies", T[None], "shape"),
            ("a list", T.tolist(), "list"),
        )
    ),
    _bad(
        "codes fitted to another width",
        "PlaneEstimator.estimate(layers)",
        lambda: PlaneEstimator(X, Y, VectorQuantized().fit(T)).estimate(np.hstack([T, T])),
        "layers[0]",
        "units",
    ),
    *(
        _bad(
            f"measured by {given!r:.20}",
            "PlaneEstimator.measured_by(binning)",
            lambda given=given: PlaneEstimator(X, Y, BINS).measured_by(given),
            "binning",
        )
        for given in (None, 3, {}, VectorQuantized)
    ),
    _bad(
        "codes chosen for a mixture",
        "PlaneEstimator.mixture(layers)",
        lambda: PlaneEstimator(X, Y, VectorQuantized("auto")).mixture(T[None]),
        "mixture",
        "number of codes",
    ),
    _bad(
        "no layer of that name",
        "measures.Counted.binning_of(layer)",
        lambda: Counted({"a": BINS}).binning_of("b"),
        "'b'",
        "'a'",
    ),
    *(
        _bad(
            f"no softmax: {name}",
            "PlaneEstimator.estimate(layers)",
            lambda given=given: PlaneEstimator(X, Y, SoftmaxChannel()).estimate(given),
            "layers[0]",
            "softmax",
        )
        for name, given in (("NaN", T * np.nan), ("tanh", T), ("one unit", T[:, :1]))
    ),
    *(
        _bad(
            f"{name} {given!r}",
            f"measures.Probe({name})",
            lambda name=name, given=given: Probe(**{name: given}),
            name,
        )
        for name, wrong in (
            ("hidden", (-1, 2.5, "4", None, True)),
            ("penalty", (0, -1, np.nan, "1", True)),
            ("n_steps", (0, 1.5, None)),
            ("tolerance", (-1, np.nan, None)),
            ("seed", (-1, 1.5, None)),
            ("max_fit", (0, 1.5, None)),
        )
        for given in wrong
    ),
    *(
        _bad(
            f"a probe of {name}",
            "PlaneEstimator.estimate(layers)",
            lambda given=given: PlaneEstimator(X, Y, Probe()).estimate(given),
            "layers[0]",
            "NaN",
        )
        for name, given in (("NaN", T * np.nan), ("infinities", T * np.inf))
    ),
    _bad(
        "a probe of one sample",
        "PlaneEstimator(y)",
        lambda: PlaneEstimator(X[:1], Y[:1], Probe()),
        "n = 1",
    ),
    *(
        _bad(
            f"a probe fitted to {name}",
            "measures.Probe.fit(layer y)",
            lambda layer=layer, y=y: Probe().fit(layer, y),
            named,
        )
        for name, layer, y, named in (
            ("no labels", T, None, "y"),
            ("fewer labels", T, Y[:-1], "layer"),
            ("several networks", T[None], Y, "layer"),
            ("NaN", T * np.nan, Y, "layer"),
            ("a list", [[1]], Y, "layer"),
        )
    ),
    _bad(
        "an empty mapping",
        "PlaneEstimator(binning)",
        lambda: PlaneEstimator(X, Y, {}),
        "binning",
        "empty",
    ),
    _bad(
        "a layer without bins",
        "PlaneEstimator.estimate(layers)",
        lambda: PlaneEstimator(X, Y, {"a": BINS}).estimate({"b": T}),
        "'b'",
        "'a'",
    ),
    _bad(
        "bins by name, layers without",
        "PlaneEstimator.estimate(layers)",
        lambda: PlaneEstimator(X, Y, {"a": BINS}).estimate([T]),
        "'a'",
        "mapping",
    ),
    Case(
        "two points, noise of one", lambda: _two_points().round(6).tolist(), [[0.816882, 0.816882]]
    ),
    Case("bins of each layer", lambda: _each(), True),
]


def _two_points() -> Any:
    return PlaneEstimator(np.arange(2), [0, 1], KDEBounds(1, precision="float64")).estimate(
        np.float32([[-1], [1]])
    )


def _each() -> bool:
    bins = {"a": BINS, "b": UniformBins(2, range=(-1, 1))}
    together = PlaneEstimator(X, Y, bins).estimate({"a": T, "b": T})
    return all(
        np.array_equal(together[i], PlaneEstimator(X, Y, binning).estimate(T)[0])
        for i, binning in enumerate(bins.values())
    )


METHODS = (
    [
        _bad(
            f"{name}, method {given!r}",
            f"{name}(method)",
            lambda call=call, given=given: call(given),
            "method",
            "'plugin'",
        )
        for name, call in (
            ("entropy", lambda method: fastmi.entropy(Y, method=method)),
            ("mutual_information", lambda method: fastmi.mutual_information(Y, Y, method=method)),
            (
                "conditional_mutual_information",
                lambda method: fastmi.conditional_mutual_information(Y, Y, Y, method=method),
            ),
            ("PlaneEstimator", lambda method: PlaneEstimator(X, Y, BINS, method=method)),
            ("measures.Counted", lambda method: Counted(BINS, method)),
        )
        for given in ("mm", "PLUGIN", None, 3, ["plugin"])
    ]
    + [
        _bad(
            f"n_symbols {given!r:.20}",
            "entropy(n_symbols)",
            lambda given=given: fastmi.entropy(Y, method="james-stein", n_symbols=given),
            "n_symbols",
        )
        for given in (1, 0, -1, 2.0, "8", True, [8])
    ]
    + [
        _bad(
            "n_symbols beside a method that has no use for it",
            "entropy(n_symbols method)",
            lambda: fastmi.entropy(Y, n_symbols=8),
            "n_symbols",
            "'james-stein'",
        ),
        _bad(
            "a corrected method over a population",
            "PlaneEstimator(method sample)",
            lambda: PlaneEstimator(X, Y, BINS, method="jackknife", sample="population"),
            "'jackknife'",
            "'population'",
            "'plugin'",
        ),
    ]
)

SAID = [
    *(
        _bad(
            f"sample {given!r}",
            "PlaneEstimator(sample)",
            lambda given=given: PlaneEstimator(X, Y, BINS, sample=given),
            "sample",
            "'held-out'",
        )
        for given in ("test", "heldout", "Training", 3, ["training"], True)
    ),
    *(
        _bad(
            f"n_classes {given!r}",
            "PlaneEstimator(n_classes)",
            lambda given=given: PlaneEstimator(X, Y, BINS, n_classes=given),
            "n_classes",
        )
        for given in (0, -1, 1, 2.5, "two", True, float("nan"), [2])
    ),
    *(
        _bad(
            f"chance_sd {given!r}",
            "PlaneEstimator(chance_sd)",
            lambda given=given: PlaneEstimator(X, Y, BINS, chance_sd=given),
            "chance_sd",
            "True or False",
        )
        for given in (1, "yes", None)
    ),
]


def table(**changes: Any) -> fastmi.InformationPlane:
    plane = PlaneEstimator(X, Y, BINS)
    points = plane.readings(T)["each"]
    options: dict[str, Any] = {"epochs": [0], "layers": ["a"], **changes}
    return fastmi.InformationPlane.collect(
        plane, [points.map(lambda column: column[None])], **options
    )


FIGURES = [
    *(
        _bad(
            f"plot of {given!r:.20}",
            "plot(tables)",
            lambda given=given: fastmi.plot(given),
            "tables",
        )
        for given in ([], None, 3, "ab", [None], {1: 2})
    ),
    *(
        _bad(
            f"plot, rows {given!r}",
            "plot(rows)",
            lambda given=given: fastmi.plot(table(), rows=given),
            "rows",
            "'sample'",
        )
        for given in ("seed", None, 3)
    ),
    *(
        _bad(
            f"plot, color {given!r}",
            "plot(color)",
            lambda given=given: fastmi.plot(table(), color=given),
            "color",
        )
        for given in ("red", None)
    ),
    *(
        _bad(
            f"plot, over {given!r}",
            "plot(over)",
            lambda given=given: fastmi.plot(table(), over=given),
            "over",
            "'plane'",
        )
        for given in ("epochs", None, 3)
    ),
    *(
        _bad(
            f"plot, ax {given!r:.20}",
            "InformationPlane.plot(ax) figures.draw(ax)",
            lambda given=given: table().plot(ax=given),
            "ax",
        )
        for given in (3, "ax", [])
    ),
    *(
        _bad(
            f"draw panel {given!r:.20}",
            "figures.draw(panel)",
            lambda given=given: _drawn(given),
            "panel",
        )
        for given in (None, 3, "a")
    ),
    _bad(
        "draw, color", "figures.draw(color)", lambda: table().plot(ax=_axes(), color="red"), "color"
    ),
    *(
        _bad(
            f"write_csv to {given!r:.20}",
            "write_csv(path)",
            lambda given=given: fastmi.write_csv(given, [table()]),
            "path",
        )
        for given in (None, 3, "")
    ),
    *(
        _bad(
            f"write_csv of {given!r:.20}",
            "write_csv(planes)",
            lambda given=given: fastmi.write_csv("a.csv", given),
            "planes",
        )
        for given in (None, [], [3])
    ),
    *(
        _bad(
            f"points {given!r:.20}",
            "InformationPlane(points)",
            lambda given=given: _with(points=given),
            "points",
        )
        for given in (None, 3, np.ones((1, 1, 1)))
    ),
    *(
        _bad(
            f"method {given!r}",
            "InformationPlane(method)",
            lambda given=given: _with(method=given),
            "method",
        )
        for given in (None, 3)
    ),
    *(
        _bad(
            f"map {given!r}",
            "Points.map(function)",
            lambda given=given: table().points.map(given),
            "function",
        )
        for given in (None, 3)
    ),
    Case("a single network is one copy", lambda: table().i_xt.shape, (1, 1, 1)),
]


def _with(**changes: Any) -> Any:
    import dataclasses

    return dataclasses.replace(table(), **changes)


def _axes() -> Any:
    from matplotlib.figure import Figure

    return Figure().subplots()


def _drawn(panel: Any) -> Any:
    return fastmi.figures.draw(_axes(), panel)


def cases(seed: int, long: bool) -> list[Case]:
    return [*FITTED, *MEASURES, *METHODS, *SAID, *FIGURES]
