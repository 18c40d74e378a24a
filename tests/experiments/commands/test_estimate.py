"""`estimate`: other bins on the same snapshots are the run with those bins."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments import results, run_tables
from experiments.catalog import CATALOG
from experiments.drawing import by_reading, overlaid, picture
from experiments.execution import execute
from experiments.measures import KDE, PerUnit, Probe, SoftCodes, VectorQuantized
from fastmi import Ensemble, tables
from tests.experiments.shortened import TINY, contents
from tests.runs import estimate, reading_of, rows_of, run
from tests.runs import trained as trained_in


@pytest.fixture
def trained(tmp_path, undrawn):
    """The folder of a run of two seeds of two copies, trained with its own edges."""
    assert (
        run("warm-up", "--epochs", "2", "--copies", "2", "--seeds", "2", out=tmp_path / "trained")
        == 0
    )
    (folder,) = trained_in(tmp_path / "trained")
    return folder


def test_other_bins_on_the_same_snapshots_are_the_run_with_those_bins(
    trained, tmp_path, monkeypatch, capsys
):
    before = contents(trained)
    run_again = results.read(trained).run.varied(edges=(-0.5, 0.75, 9), out_of_range="separate")
    by_training = execute(run_again)
    monkeypatch.setattr(Ensemble, "step", lambda *words: pytest.fail("it trained"))
    assert estimate(trained, "--edges", "-0.5", "0.75", "9", "--out-of-range", "separate") == 0
    folder = trained / run_again.reads[0].id
    tables.write_csv(tmp_path / "plane.csv", by_training.planes)
    assert (folder / "plane.csv").read_bytes() == (tmp_path / "plane.csv").read_bytes()
    # beside the first, nothing is copied or changed
    assert before.items() <= contents(trained).items()
    assert {path.parts[0] for path in contents(trained).keys() - before.keys()} == {folder.name}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["id"] == f"{trained.name}/{folder.name}" == run_again.ids[0]
    assert manifest["binning"].startswith("8 bins on [-0.5, 0.75)")
    assert str(folder) in capsys.readouterr().out
    assert results.read(folder).run == run_again
    _, row = rows_of(trained.parent)
    assert (row["status"], row["id"], row["folder"]) == (
        "estimated",
        run_again.ids[0],
        run_again.ids[0],
    )


def test_several_bins_at_once_are_each_a_result(trained, monkeypatch):
    whole = contents(trained)
    first, *_ = results.read(trained).run.reads
    n_forwarded, forward = [], Ensemble.activations
    monkeypatch.setattr(
        Ensemble, "activations", lambda *words: n_forwarded.append(0) or forward(*words)
    )
    assert estimate(trained, "--edges", "-1", "1", "9") == 0
    once = len(n_forwarded)
    assert estimate(trained, "--edges", "-1", "1", "21", "--edges", "0", "1", "7") == 0
    assert len(n_forwarded) == 2 * once  # what is forwarded once is read by all
    alone = (
        replace(first, edges=(-1.0, 1.0, 9)),
        replace(first, edges=(-1.0, 1.0, 21)),
        replace(first, edges=(0.0, 1.0, 7)),
    )
    for reading in alone:
        by_training = execute(results.read(trained).run.varied(reads=(reading,)))
        result = results.read(trained / reading.id)
        assert [plane.i_xt.tolist() for plane in result.planes] == [
            plane.i_xt.tolist() for plane in by_training.planes
        ]
    # one of them is there
    assert estimate(trained, "--edges", "-1", "1", "33", "--edges", "0", "1", "7") == 2
    assert len(contents(trained)) == len(whole) + 3 * 5
    assert estimate(trained, "--edges", "0", "1", "7", "--edges", "0", "1", "7") == 2


def test_a_run_that_reads_by_several_measures_leaves_a_result_of_each(
    tmp_path, undrawn, monkeypatch, capsys
):
    first = TINY.reads[0]
    several = CATALOG["warm-up"].varied(
        reads=(first, replace(first, edges=(-1.0, 1.0, 9), out_of_range="clip"))
    )
    monkeypatch.setitem(CATALOG, "warm-up", several)
    words = ("warm-up", "--epochs", "3", "--copies", "2")
    assert run(*words, "--live", out=tmp_path) == 0
    (folder,) = trained_in(tmp_path)
    assert {path.name for path in folder.glob("counted-*")} == {
        reading.id for reading in several.reads
    }
    assert capsys.readouterr().out.count("Right answers") == 2
    for reading in several.reads:
        by_itself = execute(several.varied(reads=(reading,), epochs=3, copies=2))
        result = results.read(folder / reading.id)
        assert result.run.reads == (reading,)
        assert [plane.i_ty.tolist() for plane in result.planes] == [
            plane.i_ty.tolist() for plane in by_itself.planes
        ]
    assert results.read(folder).run.reads == (first,)


def test_elsewhere_what_was_trained_lies_too_and_from_there_it_is_read_again(trained, tmp_path):
    before, out = contents(trained), tmp_path / "again"
    assert estimate(trained, "--edges", "-1", "1", "9", out=out) == 0
    (folder,) = trained_in(out)
    assert folder.name == trained.name
    assert contents(trained) == before
    readings = Path(reading_of(trained).name)
    assert {path for path in before if path.parts[0] != readings.name} <= contents(folder).keys()
    assert (folder / "snapshots" / "state.npz").stat().st_nlink == 2  # linked, not copied
    assert estimate(folder, "--edges", "-1", "1", "50") == 0  # and from there back
    assert (folder / readings / "plane.csv").read_bytes() == before[readings / "plane.csv"]
    assert estimate(trained, "--edges", "-1", "1", "21", out=out) == 0  # beside what is there
    assert len(list(folder.glob("counted-*"))) == 3
    assert [row["status"] for row in rows_of(out)] == ["estimated"] * 3


@pytest.mark.parametrize(
    "edges",
    [
        ("1", "-1", "5"),
        ("0", "0", "5"),
        ("0", "1", "1"),
        ("0", "inf", "5"),
        ("nan", "1", "5"),
        ("0", "1", "2.5"),
    ],
)
def test_edges_that_are_none_are_refused(trained, tmp_path, capsys, edges):
    assert estimate(trained, "--edges", *edges, out=tmp_path / "again") == 2
    assert f"--edges is {' '.join(edges)}: pass LOW below HIGH, and N" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_the_run_s_own_edges_are_refused_where_they_would_replace_it(trained, capsys):
    before = contents(trained)
    for out in (None, trained.parent):
        assert estimate(trained, "--edges", "-1", "1", "50", out=out) == 2
        assert "holds this reading, written" in capsys.readouterr().err
    assert contents(trained) == before


def test_a_result_without_its_snapshots_cannot_be_estimated(trained, tmp_path, capsys):
    (trained / "snapshots" / "state.npz").unlink()
    before = contents(trained)
    assert estimate(trained, "--edges", "0", "1", "9", out=tmp_path / "again") == 2
    assert "there are no snapshots to read: train the run first" in capsys.readouterr().err
    assert trained_in(tmp_path / "again") == []
    assert estimate(trained, "--edges", "0", "1", "9") == 2
    assert contents(trained) == before  # not one snapshot was removed
    assert estimate(tmp_path, "--edges", "0", "1", "9", out=tmp_path / "again") == 2
    assert "which is no folder that `run` left" in capsys.readouterr().err


def test_other_measures_read_the_same_snapshots_and_are_results_as_others(trained, capsys):
    named = ["--measure", "vector-quantized", "--measure", "per-unit"]
    assert estimate(trained, *named) == 0
    run_again = replace(
        results.read(trained).run, reads=(VectorQuantized(), PerUnit((-1.0, 1.0, 50)))
    )
    for measure, words in zip(run_again.reads, ("k=32", "unit by unit"), strict=True):
        folder = trained / measure.id
        assert {"plane.csv", "plane.png", "manifest.json"} <= {
            path.name for path in folder.iterdir()
        }
        assert words in json.loads((folder / "manifest.json").read_text())["binning"]
        found = results.read(folder)
        assert found.run.reads == (measure,)
        by_training = execute(found.run)
        for read, made in zip(found.planes, by_training.planes, strict=True):
            assert read.i_ty.tolist() == made.i_ty.tolist()
    assert "per-unit" in capsys.readouterr().out


def test_what_says_nothing_of_x_is_drawn_over_the_steps_and_lacks_only_that(trained, capsys):
    assert estimate(trained, "--measure", "probe", "--measure", "soft-codes") == 0
    said = capsys.readouterr().out
    assert "This measure says nothing of I(X;T)." in said
    probe, soft = (results.read(trained / kind().id) for kind in (Probe, SoftCodes))
    assert np.isnan(probe.planes[0].i_xt).all()
    assert picture(probe.run, probe.planes).axes[-1].get_xlabel() == "step"
    assert picture(soft.run, soft.planes).axes[-1].get_xlabel() == "I(X;T)  [bits]"
    for finished, has_x in ((probe, False), (soft, True)):
        for layer in finished.manifest["readings"][0]["layers"]:
            assert ("i_xt_end" in layer) == has_x
            assert "coverage_end" not in layer
            at = finished.planes[0].layers.index(layer["layer"])
            first = next(iter(by_reading(finished.planes).values()))
            ends = [plane.mean().i_ty[-1, 0, at] for plane in first]
            assert layer["i_ty_end"] == pytest.approx(np.mean(ends))
        run_tables.values(finished.run, finished.manifest)
    by_training = execute(probe.run)
    for read, made in zip(probe.planes, by_training.planes, strict=True):
        assert read.i_ty.tolist() == made.i_ty.tolist()
    drawn = [(one.run, one.planes) for one in (probe, soft)]
    assert overlaid(drawn, reading="each").axes[-1].get_xlabel() == "step"
    assert overlaid(drawn[1:], reading="each").axes[-1].get_xlabel() == "I(X;T)  [bits]"
    in_steps = overlaid(drawn[1:], reading="each", over="steps")
    assert in_steps.axes[-1].get_xlabel() == "step"


def test_bounds_through_noise_are_a_result_without_a_mixture(trained, capsys):
    assert estimate(trained, "--measure", "kde") == 0
    assert "I(X;T) is of the layer behind a channel of the measure's own" in capsys.readouterr().out
    found = results.read(trained / KDE().id)
    assert {plane.reading for plane in found.planes} == {"each", "mean", "sampled"}
    by_training = execute(found.run)
    for read, made in zip(found.planes, by_training.planes, strict=True):
        assert read.i_ty.tolist() == made.i_ty.tolist()
    for plane in found.planes:
        assert (plane.i_xt_lower <= plane.i_xt_upper).all()
        assert (plane.i_ty_lower <= plane.i_ty).all()
        assert (plane.i_ty <= plane.i_ty_upper).all()
        np.testing.assert_array_equal(plane.i_xt, plane.i_xt_upper)
    run_tables.values(found.run, found.manifest)


def test_a_reading_needs_edges_or_a_measure(trained, capsys):
    whole = contents(trained)
    assert estimate(trained) == 2
    assert (
        "pass --edges LOW HIGH N, or --measure of counted, per-unit, vector-quantized, probe"
        in (capsys.readouterr().err)
    )
    assert contents(trained) == whole
