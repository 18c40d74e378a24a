"""`run`: judged before any work, an attempt however it ends, and gone on with."""

import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import execution, mnist, pages, results, work
from experiments.catalog import CATALOG, Run
from experiments.commands import run as run_command
from experiments.execution import execute
from fastmi import screens, tables
from fastmi.pages import document
from tests.experiments.shortened import Killed, assert_same_files, contents, every_epoch, killed_at
from tests.runs import estimate, names, reading_of, rows_of, run
from tests.runs import trained as trained_in
from tests.unpacked import unpacked

# --- an unfinished run on the command line --------------------------------------------------------


def unfinished(out, monkeypatch, epoch=3, epochs=4, name="warm-up"):
    """Leaves such a run, as a kill would."""

    def killed(*words, on_epoch, **options):
        return execute(*words, on_epoch=killed_at(epoch), **options)

    with monkeypatch.context() as patch:
        every_epoch(patch)
        patch.setattr(work, "execute", killed)
        with pytest.raises(Killed):
            run(name, "--epochs", str(epochs), "--force", out=out)
    (place,) = (path for path in trained_in(out) if path.name.endswith(".part"))
    return place


def test_an_unfinished_run_is_refused_before_any_work(tmp_path, monkeypatch, capsys):
    place = unfinished(tmp_path, monkeypatch)
    before = {path: path.read_bytes() for path in place.rglob("*.npz")}
    monkeypatch.setattr(work, "execute", lambda *words, **options: pytest.fail("work was done"))
    assert run("tishby", "warm-up", "--epochs", "4", out=tmp_path) == 2
    error = capsys.readouterr().err
    assert f"an unfinished run lies in '{place}'" in error
    assert "(--resume)" in error
    assert "remove that folder" in error
    assert {path: path.read_bytes() for path in place.rglob("*.npz")} == before
    assert rows_of(tmp_path) == []


def test_resume_goes_on_and_then_skips(tmp_path, monkeypatch, capsys, undrawn):
    place = unfinished(tmp_path, monkeypatch)
    (place / ".plane.csv.77.part").touch()  # of a process that was killed while it wrote results
    (place / "plane.csv").touch()
    assert run("warm-up", "tishby", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert run("warm-up", "--epochs", "4", out=tmp_path / "uninterrupted") == 0
    (one,) = tmp_path.glob("warm-up*")
    (other,) = trained_in(tmp_path / "uninterrupted")
    assert names(one) == names(other)
    assert names(reading_of(one)) == names(reading_of(other))
    assert_same_files(one, other)
    assert [results.read(folder).manifest["resumed"] for folder in (one, other)] == [True, False]
    assert [row["status"] for row in rows_of(tmp_path)] == ["done", "done"]
    monkeypatch.setattr(work, "execute", lambda *words, **options: pytest.fail("work was done"))
    capsys.readouterr()
    assert run("warm-up", "tishby", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert capsys.readouterr().out.count("was finished before") == 2


def test_resume_begins_what_was_never_begun(tmp_path, undrawn):
    assert run("warm-up", "--epochs", "1", "--resume", out=tmp_path) == 0
    assert [path.name for path in trained_in(tmp_path)] == [CATALOG["warm-up"].varied(epochs=1).id]


def test_a_finished_run_that_is_run_again_stays_until_the_new_one_is_finished(
    tmp_path, monkeypatch, undrawn
):
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 0
    (folder,) = trained_in(tmp_path)
    place = unfinished(tmp_path, monkeypatch)
    assert place.name == f"{folder.name}.part"
    assert (reading_of(folder) / "plane.csv").exists()
    (folder / "stray").touch()
    # the one that was begun last
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert trained_in(tmp_path) == [folder]
    assert not (folder / "stray").exists()


def test_a_damaged_checkpoint_is_a_failed_run_with_its_reason(tmp_path, monkeypatch, undrawn):
    place = unfinished(tmp_path, monkeypatch)
    (place / "snapshots" / "state.npz").write_bytes(b"garbage")
    assert run("warm-up", "tishby", "--epochs", "4", "--resume", out=tmp_path) == 1
    failed, done = rows_of(tmp_path)
    assert "state.npz' cannot be read" in failed["reason"]
    assert done["status"] == "done"
    (place / "snapshots" / "state.npz").unlink()  # as it was told
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 0


# --- the files of a result ------------------------------------------------------------------------


def test_a_run_that_fails_is_a_row_with_its_reason_and_the_others_go_on(
    tmp_path, monkeypatch, capsys, undrawn
):
    def broken(record: Run, *arguments, **options):
        if record.name == "warm-up":
            raise RuntimeError("the power went out")
        return execute(record, *arguments, **options)

    monkeypatch.setattr(work, "execute", broken)
    assert run("warm-up", "tishby", "--epochs", "1", out=tmp_path) == 1
    failed, done = rows_of(tmp_path)
    assert (failed["run"], failed["status"]) == ("warm-up", "failed")
    assert "the power went out" in failed["reason"]
    assert failed["data"] == "simple"
    assert (done["run"], done["status"]) == ("tishby", "done")
    assert (reading_of(tmp_path / done["folder"]) / "plane.csv").exists()
    assert "failed: warm-up" in capsys.readouterr().err
    assert len(trained_in(tmp_path)) == 1


# --- watching it ----------------------------------------------------------------------------------


def test_a_live_page_renews_itself_and_is_still_at_the_end(tmp_path, undrawn, monkeypatch):
    monkeypatch.setattr(execution, "NETWORKS_AT_ONCE", 1)
    written, write = [], pages.write_html

    def watching(path, planes, **options):
        write(path, planes, **options)
        written.append((len(planes[0].epochs), path.read_text(encoding="utf-8")))

    monkeypatch.setattr(pages, "write_html", watching)
    monkeypatch.setattr(screens, "MOST_SHARE", np.inf)
    assert run("warm-up", "--epochs", "5", "--live-report", out=tmp_path) == 0
    (*during, (n_last, last)), page = written, tmp_path / "live.html"
    assert during
    assert n_last == 6
    assert all('<meta name="renewal" data-every="5"' in text for _, text in during)
    assert '<meta name="renewal"' not in last
    assert page.read_text(encoding="utf-8") == last
    assert {curve["name"] for curve in unpacked(last)["curves"]} == {"accuracy", "loss"}


def test_a_live_page_that_cannot_be_drawn_is_said_before_any_work(
    tmp_path, idle, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    document._plotly.cache_clear()
    assert run("warm-up", "--live-report", out=tmp_path) == 2
    assert "error: Plotly is not installed" in capsys.readouterr().err


def test_a_live_page_that_cannot_be_written_loses_nothing(tmp_path, undrawn, capsys):
    (tmp_path / "live.html").mkdir()
    assert run("warm-up", "--epochs", "2", "--live-report", out=tmp_path) == 0
    assert "the live plane could not be drawn" in capsys.readouterr().err


def test_a_live_run_draws_as_it_goes_and_leaves_what_another_leaves(tmp_path, undrawn, monkeypatch):
    monkeypatch.setattr(execution, "NETWORKS_AT_ONCE", 1)
    monkeypatch.setattr(screens, "place", lambda: "file")
    shown, show = [], screens.show

    def watching(figure, where, path):
        parts = list((tmp_path / "live").glob("*.part"))
        shown.append((where, path, len(parts)))
        show(figure, where, path)

    monkeypatch.setattr(screens, "show", watching)
    assert run("warm-up", "--epochs", "2", "--live", out=tmp_path / "live") == 0
    assert len(shown) >= 2  # while it ran, and at the end
    assert {(where, path) for where, path, _ in shown} == {("file", tmp_path / "live" / "live.png")}
    # the last once the result is safe
    assert [n_parts for *_, n_parts in shown] == [1] * (len(shown) - 1) + [0]
    assert (tmp_path / "live" / "live.png").read_bytes().startswith(b"\x89PNG")
    assert run("warm-up", "--epochs", "2", out=tmp_path / "other") == 0
    (one,), (other,) = trained_in(tmp_path / "live"), trained_in(tmp_path / "other")
    assert one.name == other.name
    left = [
        {path: content for path, content in contents(folder).items() if path.suffix != ".json"}
        for folder in (one, other)
    ]
    assert left[0] == left[1]


# --- the command line -----------------------------------------------------------------------------


def test_all_is_every_run(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(
        run_command, "_attempt", lambda record, device, out: tried.append(record.name) or True
    )
    assert run("all", out=tmp_path) == 0
    assert tried == list(CATALOG)


def test_a_run_s_own_numbers_are_changed_by_what_is_given_alone(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(
        run_command, "_attempt", lambda record, device, out: tried.append(record) or True
    )
    assert run("tishby-extended", out=tmp_path) == 0
    words = [
        "--epochs",
        "7",
        "--copies",
        "2",
        "--seed",
        "3",
        "--seeds",
        "4",
        "--init",
        "independent",
        "--record",
        "5",
    ]
    assert run("tishby-extended", *words, out=tmp_path) == 0
    published = CATALOG["tishby-extended"]
    given = published.varied(epochs=7, copies=2, seed=3, seeds=4, init="independent", n_recorded=5)
    assert tried == [published, given]


def test_labels_are_shuffled_where_it_is_asked_for(tmp_path, monkeypatch, undrawn, capsys):
    words = ["warm-up", "--epochs", "4", "--shuffle-labels"]
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 0
    assert "shuffled to" not in capsys.readouterr().out
    assert run(*words, out=tmp_path) == 0
    assert "The labels to train on were shuffled: training (shuffled" in capsys.readouterr().out
    real, null = (
        tmp_path / CATALOG["warm-up"].varied(epochs=4, labels=labels).id
        for labels in ("true", "shuffled")
    )
    assert trained_in(tmp_path) == sorted([real, null])
    finished = results.read(null)
    assert finished.run.training.labels == "shuffled"
    assert finished.manifest["data"] == "simple (trained on shuffled labels)"
    assert [table["sample"] for table in finished.manifest["readings"]] == [
        "training (shuffled labels)",
        "held-out",
    ]
    assert [score.sample for score in finished.result().scores] == [
        "training (shuffled labels)",
        "held-out",
    ]
    csv = (reading_of(null) / "plane.csv").read_text()
    assert "simple (trained on shuffled labels),training (shuffled labels)," in csv
    assert "simple (trained on shuffled labels),held-out," in csv
    # once more, and only where it is asked for
    assert run(*words, out=tmp_path) == 2
    assert run(*words, "--resume", out=tmp_path) == 0
    assert "was finished before" in capsys.readouterr().out
    before = contents(null)
    assert run(*words, "--force", out=tmp_path) == 0
    assert (null / "scores.csv").read_bytes() == before[Path("scores.csv")]


def test_a_null_that_was_killed_goes_on_to_the_same_bytes_and_is_read_again(
    tmp_path, monkeypatch, undrawn
):
    words = ["warm-up", "--epochs", "4", "--seeds", "2", "--shuffle-labels"]
    assert run(*words, out=tmp_path / "whole") == 0

    def killed(*arguments, on_epoch, **options):
        return execute(*arguments, on_epoch=killed_at(3), **options)

    with monkeypatch.context() as patch:
        every_epoch(patch)
        patch.setattr(work, "execute", killed)
        with pytest.raises(Killed):
            run(*words, out=tmp_path / "parts")
    assert run(*words, "--resume", out=tmp_path / "parts") == 0
    (whole,), (parts,) = (trained_in(tmp_path / name) for name in ("whole", "parts"))
    assert results.read(parts).manifest["resumed"]
    assert_same_files(whole, parts)
    # its labels are shuffled again as they were
    assert estimate(whole, "--edges", "-1", "1", "9") == 0
    again = results.read(whole).run.varied(edges=(-1.0, 1.0, 9))
    tables.write_csv(tmp_path / "plane.csv", execute(again).planes)
    folder = whole / again.reads[0].id
    assert (folder / "plane.csv").read_bytes() == (tmp_path / "plane.csv").read_bytes()


def test_mnist_that_is_not_there_is_a_failed_row_with_the_ways_to_supply_it(
    tmp_path, monkeypatch, undrawn
):
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "none"))
    assert run("mnist", "warm-up", "--epochs", "1", out=tmp_path / "out") == 1
    failed, done = rows_of(tmp_path / "out")
    assert "pass --mnist PATH or set FASTMI_MNIST" in failed["reason"]
    assert done["status"] == "done"
    assert len(trained_in(tmp_path / "out")) == 1


def test_an_interrupted_run_is_a_row_and_ends_the_others(tmp_path, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "execute", interrupted)
    assert run("warm-up", "tishby", out=tmp_path) == 130
    (row,) = rows_of(tmp_path)
    assert (row["run"], row["status"]) == ("warm-up", "interrupted")
    assert "interrupted" in capsys.readouterr().err
    assert trained_in(tmp_path) == []  # it had nothing to go on from


def test_an_interrupted_run_keeps_what_it_can_go_on_from(
    tmp_path, monkeypatch, at_every_epoch, undrawn
):
    def interrupted(*words, on_epoch, **options):
        def stop(epoch):
            if epoch == 2:
                raise KeyboardInterrupt

        return execute(*words, on_epoch=stop, **options)

    with monkeypatch.context() as patch:
        patch.setattr(work, "execute", interrupted)
        assert run("warm-up", "--epochs", "3", out=tmp_path) == 130
    assert run("warm-up", "--epochs", "3", "--resume", out=tmp_path) == 0
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted", "done"]
