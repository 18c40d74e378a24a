"""Every peer that is there gives the definition's numbers; the others are named with a reason."""

from __future__ import annotations

import math
import pkgutil
import sys
from dataclasses import replace

import numpy as np
import pytest

import benchmarks.peers as room
import fastmi
from benchmarks import estimating, labels
from benchmarks.device import racing
from benchmarks.estimating import PlaneCase
from benchmarks.labels import LabelCase
from benchmarks.peers import cudf, peers, who_runs
from benchmarks.reference import EDGES
from tests import naive

BY_NAME = {peer.name: peer for peer in peers()}
TINY = PlaneCase("tiny", 64, (5, 2), gains=(1, 4), n_copies=2, n_inputs=6)


def available(job):
    """Those that have this job; where a library is missing the test says so."""
    out = []
    for peer in peers(room.OF_BOUNDS if job == "bounds" else room.NAMES):
        if getattr(peer, job) is not None:
            reason = peer.unavailable()
            out.append(
                pytest.param(
                    peer, id=peer.name, marks=[pytest.mark.skip(reason=reason)] if reason else []
                )
            )
    return out


# --- right answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", available("plane"))
@pytest.mark.parametrize("distinct", [True, False])
def test_a_peers_plane_is_that_of_the_definition(peer, distinct):
    rng = np.random.default_rng(1)
    x = np.arange(60)[:, None] if distinct else rng.integers(3, size=(60, 2))
    y = rng.integers(4, size=60)
    # 12 units are hashed; values beyond both ends
    prototypes = rng.normal(0, 0.7, (2, 9, 12)).astype(np.float32)
    wide = prototypes[:, rng.integers(9, size=60)]
    layers = [np.ascontiguousarray(wide), np.ascontiguousarray(wide[..., :2])]
    points = np.asarray(peer.plane(x, y, EDGES)(layers))
    rows = list(map(tuple, x))
    expected = [
        [naive.each(rows, list(y), layer[i], EDGES, "wrap") for layer in layers] for i in range(2)
    ]
    assert points.shape == (2, 2, 2)
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("peer", available("information"))
@pytest.mark.parametrize("n_units", [0, 1, 12])
def test_a_peers_information_is_that_of_the_definition(peer, n_units):
    rng = np.random.default_rng(2)
    rows = rng.integers(4, size=(90, n_units)) if n_units else rng.integers(7, size=90)
    rows, y = rows[rng.integers(20, size=90)], rng.integers(3, size=90)
    expected = naive.mutual_information(list(map(tuple, rows.reshape(90, -1))), list(y)) * math.log(
        2
    )
    assert peer.information(rows, y) == pytest.approx(expected, rel=0, abs=peer.agree)


@pytest.mark.parametrize(
    "peer", [param for param in available("information") if param.values[0].strings]
)
def test_strings_are_labels_too(peer):
    a, b = LabelCase("few", 200, strings=True).data()
    expected = naive.mutual_information(list(a), list(b)) * math.log(2)
    assert peer.information(a, b) == pytest.approx(expected, rel=0, abs=1e-12)


def test_cudf_is_used_as_pandas_is(monkeypatch):
    """No GPU here: pandas, whose interface it has, stands in for it."""
    monkeypatch.setitem(sys.modules, "cudf", pytest.importorskip("pandas"))
    assert cudf.PEER.unavailable() == ""
    x, y, layers = TINY.data()
    plane = fastmi.PlaneEstimator(x, y, estimating.BINNING)
    np.testing.assert_allclose(
        cudf.PEER.plane(x, y, EDGES)(layers), plane.estimate(layers), rtol=0, atol=1e-12
    )


def test_only_float32_may_be_further_away():
    assert {peer.name: peer.agree for peer in peers() if peer.agree > 1e-12} == {
        "torchmetrics": 1e-5
    }


@pytest.mark.parametrize("peer", available("bounds"))
def test_a_peers_bounds_are_those_of_the_definition(peer):
    rng = np.random.default_rng(3)
    layer, y = np.tanh(rng.normal(size=(40, 3))).astype(np.float32), rng.integers(3, size=40)

    def h(rows, variance):
        kernels = [[math.exp(-(math.dist(a, b) ** 2) / (2 * variance)) for b in rows] for a in rows]
        return -sum(math.log2(sum(row) / len(rows)) for row in kernels) / len(rows)

    def within(variance):
        groups = [layer[y == label].tolist() for label in range(3)]
        return sum(len(group) / 40 * h(group, variance) for group in groups)

    lower, upper = h(layer.tolist(), 4 * 0.1), h(layer.tolist(), 0.1)
    expected = [lower, upper, lower - within(0.1), upper - within(4 * 0.1)]
    bounds = np.asarray(peer.bounds(y, 0.1)(layer))
    assert bounds.shape == (4,)
    np.testing.assert_allclose(bounds, expected, rtol=0, atol=1e-5)  # float32


# --- who is asked ---------------------------------------------------------------------------------


def test_every_module_that_holds_a_peer_is_listed():
    helpers = {"counting", "distances", "frames"}
    assert sorted(
        {module.name for module in pkgutil.iter_modules(room.__path__)} - helpers
    ) == sorted({*room.NAMES, *room.OF_BOUNDS})
    assert len(BY_NAME) == len(room.NAMES)
    assert next(iter(BY_NAME)) == "fastmi"


@pytest.mark.parametrize(
    ("name", "module"),
    [("polars", "polars"), ("cuDF", "cudf"), ("torchmetrics", "torchmetrics.functional")],
)
def test_a_library_that_is_missing_is_a_reason(monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    peer = replace(BY_NAME[name], needs=module)
    monkeypatch.setattr(room, "peers", lambda names: (peer,))
    assert who_runs(lambda peer: "", lambda peer: 0.0, 1.0) == (
        [],
        {name: f"{module} is not installed"},
    )


def test_the_one_under_agpl_is_left_to_whom_it_suits(monkeypatch):
    monkeypatch.setitem(sys.modules, "infomeasure", None)
    assert "AGPL" in BY_NAME["infomeasure"].unavailable()


def test_a_library_that_is_broken_is_a_reason(monkeypatch):
    monkeypatch.setattr(room, "library", lambda name: 1 / 0)
    assert BY_NAME["pandas, groupby"].unavailable() == "pandas cannot be imported: division by zero"


def test_the_slow_are_named_with_what_was_expected(monkeypatch):
    two = BY_NAME["fastmi"], BY_NAME["published recipe"]
    monkeypatch.setattr(room, "peers", lambda names: two)
    race = PlaneCase("one", 200, (3,), longest=0.01).race(quick=False)
    assert list(race.candidates) == ["fastmi"]
    assert race.absent == {"published recipe": "too slow: about 1 s expected"}


def test_nobody_is_dropped_without_a_word():
    plane, score, rows, strings = (
        TINY.race(quick=True),
        LabelCase("few", 50).race(quick=True),
        LabelCase("rows", 50, n_units=3).race(quick=True),
        LabelCase("strings", 50, strings=True).race(quick=True),
    )
    for race in (plane, score, rows, strings):
        assert set(BY_NAME) <= {*race.candidates, *race.absent}
        assert not set(race.candidates) & set(race.absent)
    assert (
        plane.absent["pyitlib"] == "gives I(T;Y) alone: see joint-rows"
        or "installed" in plane.absent["pyitlib"]
    )
    assert rows.absent["published recipe"] == "has no way of its own to do this"
    assert strings.absent["dictionary count"] == "takes integers"
    assert rows.absent[labels.COMPAT] == "takes no rows"
    assert race_of_a_gpu().absent["pandas, groupby"] in ("uses no GPU", "pandas is not installed")


def race_of_a_gpu():
    import torch

    return racing.race_on(TINY, torch.device("cpu"))
