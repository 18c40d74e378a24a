"""Maps of units: of the last snapshot, by the bins of the result, or why there are none."""

import shutil

import numpy as np
import pytest

from experiments import results, unit_maps
from experiments.measures import PerUnit
from tests.experiments.shortened import contents
from tests.runs import estimate, run, trained, undraw

EDGES = (-1.0, 1.0, 9)


@pytest.fixture(scope="module")
def by_units(tmp_path_factory):
    """The folder of a run of two seeds of two copies, read unit by unit."""
    out = tmp_path_factory.mktemp("units")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        assert run("warm-up", "--epochs", "4", "--copies", "2", "--seeds", "2", out=out) == 0
        (folder,) = trained(out)
        low, high, n = map(str, EDGES)
        assert estimate(folder, "--edges", low, high, n, "--measure", "per-unit") == 0
    return folder


@pytest.fixture
def folder(by_units, tmp_path):
    """A copy of what was trained, and the folder of what was read unit by unit in it."""
    return shutil.copytree(by_units, tmp_path / by_units.name) / PerUnit(EDGES).id


def test_its_best_unit_is_the_point_of_the_plane(by_units):
    finished = results.read(by_units / PerUnit(EDGES).id)
    before = contents(by_units)
    maps = unit_maps.of(results.read_all(by_units))  # the counted reading is passed by
    assert contents(by_units) == before
    assert maps.fault == ""
    assert maps.note == "after step 4, the last, seed 0, copy 1 of 2; held-out sample"
    (plane,) = [
        one
        for one in finished.planes
        if (one.sample, one.seed, one.reading) == ("held-out", 0, "each")
    ]
    assert tuple(maps.layers) == plane.layers
    assert [found.n_units for found in maps.layers.values()] == [*finished.run.training.widths[1:]]
    for i, found in enumerate(maps.layers.values()):
        (best,) = found.best(1)
        numbers = [column[-1, 0, i] for column in (plane.i_ty, plane.chance, plane.mean_lower)]
        assert numbers == pytest.approx([best.i_ty, best.chance, best.mean_lower], abs=1e-12)
        assert found.binning == finished.run.reads[0].binning
        assert found.of_classes.shape == (found.n_units, 2)
        # of two classes each is known by what tells it from the other
        np.testing.assert_allclose(found.of_classes, np.stack([found.i_ty] * 2, 1), atol=1e-12)


def test_labels_may_be_shuffled_and_an_epoch_a_pass(tmp_path, undrawn):
    assert run("original", "--epochs", "2", "--shuffle-labels", out=tmp_path) == 0
    (folder,) = trained(tmp_path)
    assert estimate(folder, "--measure", "per-unit") == 0
    (finished,) = [one for one in results.read_all(folder) if "per-unit" in one.folder.name]
    maps = unit_maps.of([finished])
    assert maps.note == "after epoch 2, the last; held-out sample"
    (plane,) = [one for one in finished.planes if one.sample == "held-out"]
    best = [found.best(1)[0].i_ty for found in maps.layers.values()]
    assert best == pytest.approx(plane.i_ty[-1, 0].tolist(), abs=1e-12)


def test_what_was_read_otherwise_has_none(short_runs):
    assert unit_maps.of([results.read(short_runs["warm-up"])]) == unit_maps.UnitMaps()


def without_state(snapshots):
    (snapshots / "state.npz").unlink()


def linked(snapshots):
    (snapshots / "snapshots-00000009.npz").symlink_to(snapshots / "state.npz")


def broken(snapshots):
    next(snapshots.glob("snapshots-*.npz")).write_bytes(b"broken")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without_state, "there are no snapshots to read"),
        (shutil.rmtree, "there are no snapshots to read"),
        (linked, "is no file, or a link to one"),
        (broken, "cannot be read"),
    ],
)
def test_without_its_snapshots_the_reason_is_said(folder, spoil, reason):
    spoil(folder.parent / "snapshots")
    maps = unit_maps.of([results.read(folder)])
    assert (maps.layers, maps.note) == ({}, "")
    assert maps.fault.startswith("What each unit knows of each class is not shown: the last")
    assert reason in maps.fault


def test_what_no_memory_holds_is_not_forwarded(folder, monkeypatch):
    monkeypatch.setattr("experiments.resources.memory", lambda: 1)
    monkeypatch.setattr(unit_maps, "data_of", lambda *words: pytest.fail("data was made"))
    assert "of memory, most of it for" in unit_maps.of([results.read(folder)]).fault
