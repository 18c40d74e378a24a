"""Unfinished work is gone on with, finished work kept, and what no run leaves never touched."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from experiments import old_formats, work
from tests.runs import FORMAT_1, TINY, estimate, names, reading_of, rows_of, run, trained, tree

posix = pytest.mark.skipif(os.name != "posix", reason="links, signals and locks of POSIX")


pytestmark = pytest.mark.usefixtures("undrawn")


def strange(part, kind, outside):
    """Make the folder one that no run leaves; `outside` must stay as it is."""
    if kind == "a link":
        moved = part.rename(part.with_name("moved"))
        part.symlink_to(moved)
        return moved
    if kind == "snapshots are a link":
        (part / "snapshots").rename(outside / "snapshots")
        (part / "snapshots").symlink_to(outside / "snapshots")
    elif kind == "a link within":
        (part / "plane.csv").symlink_to(outside / "precious")
    elif kind == "a link among the snapshots":
        (part / "snapshots" / "snapshots-00000003.npz").symlink_to(outside / "precious")
    elif kind == "the state is a link":
        (part / "snapshots" / "state.npz").rename(outside / "state.npz")
        (part / "snapshots" / "state.npz").symlink_to(outside / "state.npz")
    elif kind == "a foreign file":
        (part / "thesis.tex").write_text("precious")
    elif kind == "a foreign file among the snapshots":
        (part / "snapshots" / "best.npz").write_text("precious")
    elif kind == "a foreign folder":
        (part / "snapshots" / "old").mkdir()
    elif kind == "a foreign folder of our name":
        (part / "plane.csv").mkdir()
    elif kind == "a pipe":
        os.mkfifo(part / "scores.csv")
    elif kind == "a foreign file in a reading":
        (part / "counted-0123456789").mkdir()
        (part / "counted-0123456789" / "notes.txt").touch()
    elif kind == "a reading that is a link":
        (part / "counted-0123456789").symlink_to(outside)
    return outside


KINDS = (
    *(
        "a link",
        "snapshots are a link",
        "a link within",
        "a link among the snapshots",
        "the state is a link",
    ),
    *(
        "a foreign file",
        "a foreign file among the snapshots",
        "a foreign folder",
        "a foreign folder of our name",
        "a pipe",
    ),
    *("a foreign file in a reading", "a reading that is a link"),
)


@posix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [["--resume"], [], ["--force"]])
@pytest.mark.parametrize("started", [True, False])
def test_what_no_run_leaves_is_refused_and_nothing_is_deleted(
    tmp_path, part, idle, capsys, kind, words, started
):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    strange(part, kind, outside)
    if not started and kind != "the state is a link":
        (part / "snapshots" / "state.npz").unlink()
    before = tree(tmp_path)
    assert run("warm-up", "--epochs", "4", *words, out=tmp_path) == 2
    assert re.search(
        r"is a link, or nothing that a run leaves, and nothing is touched: move it away",
        capsys.readouterr().err,
    )
    assert tree(tmp_path) == before


@posix
def test_a_folder_of_its_name_that_is_another_s_is_not_removed(tmp_path, idle, capsys):
    (tmp_path / f"{TINY.id}.part").mkdir()
    (tmp_path / f"{TINY.id}.part" / "holiday.jpg").touch()
    (tmp_path / "link").mkdir()
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 2
    assert "holiday.jpg' is a link, or nothing that a run leaves" in capsys.readouterr().err
    assert (tmp_path / f"{TINY.id}.part" / "holiday.jpg").exists()


@pytest.mark.parametrize("words", [[], ["--resume"], ["--force"]])
def test_a_result_s_name_that_something_else_has_is_said_before_any_work(
    tmp_path, idle, capsys, words
):
    (tmp_path / TINY.id).mkdir()
    (tmp_path / TINY.id / "holiday.jpg").touch()
    assert run("warm-up", "--epochs", "4", *words, out=tmp_path) == 2
    assert (
        f"'{tmp_path / TINY.id}' is there, and is no result of a run: move it away"
        in capsys.readouterr().err
    )
    assert (tmp_path / TINY.id / "holiday.jpg").exists()


def test_a_finished_run_is_replaced_by_force_alone(tmp_path, finished, capsys, monkeypatch):
    words, before = ["warm-up", "--epochs", "4", "--copies", "2"], tree(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(work, "execute", lambda *words, **options: pytest.fail("work was done"))
        assert run("tishby", *words, out=tmp_path) == 2
        said = capsys.readouterr().err
        assert re.search(
            rf"'{finished}' holds this run, written 20\d\d-\d\d-\d\d \d\d:\d\d: keep it \(--resume "
            r"passes over it\), or "
            r"replace it \(--force\)",
            said,
        )
        assert run(*words, "--resume", out=tmp_path) == 0
        assert f"was finished before: {finished}/" in capsys.readouterr().out
    assert tree(tmp_path) == before
    (finished / "stray").touch()
    assert run(*words, "--force", out=tmp_path) == 0
    assert not (finished / "stray").exists()
    # goes on with what is unfinished, and runs again what is not
    assert run(*words, "--resume", "--force", out=tmp_path) == 0
    assert [row["status"] for row in rows_of(tmp_path)] == ["done", "done"]


def test_what_was_read_again_is_replaced_by_force_alone(tmp_path, finished, capsys):
    # other bins, and the run's own
    for words in (["--edges", "-1", "1", "9"], ["--edges", "-1", "1", "50"]):
        assert estimate(finished, *words) == (0 if words[-1] == "9" else 2)
        before = tree(finished)
        capsys.readouterr()
        assert estimate(finished, *words) == 2
        said = (
            r"counted-.*' holds this reading, written 20.*: pass other --edges, or replace it "
            r"\(--force\)\n"
        )
        assert re.search(said, capsys.readouterr().err)
        assert tree(finished) == before
        assert estimate(finished, *words, "--force") == 0
        assert [one[0] for one in tree(finished)] == [one[0] for one in before]
    capsys.readouterr()
    assert run("warm-up", "--epochs", "4", "--copies", "2", out=tmp_path) == 2
    assert ", with 2 readings: keep it (--resume passes over it)" in capsys.readouterr().err


def test_a_reading_that_a_finished_run_lacks_is_read_from_its_snapshots(
    tmp_path, finished, monkeypatch
):
    before = {path.name: path.read_bytes() for path in reading_of(finished).glob("plane*")}
    shutil.rmtree(reading_of(finished))
    words = ["warm-up", "--epochs", "4", "--copies", "2"]
    assert run(*words, out=tmp_path) == 2  # it holds the run
    monkeypatch.setattr(work, "execute", lambda *words, **options: pytest.fail("it was trained"))
    assert run(*words, "--resume", out=tmp_path) == 0
    assert {path.name: path.read_bytes() for path in reading_of(finished).glob("plane*")} == before
    assert [row["status"] for row in rows_of(tmp_path)] == ["done"]


# --- of an earlier version ------------------------------------------------------------------------

EARLIER = old_formats.id_of(TINY)


def test_a_run_that_an_earlier_version_finished_is_finished(tmp_path, idle, capsys):
    name = "warm-up-1966dd320c"
    old = Path(shutil.copytree(FORMAT_1 / name, tmp_path / name))
    words = ["warm-up", "--epochs", "4", "--copies", "2", "--record", "3"]
    assert run(*words, out=tmp_path) == 2
    assert f"'{old}' holds this run, written " in capsys.readouterr().err
    assert run(*words, "--resume", out=tmp_path) == 0
    assert f"was finished before: {old}/" in capsys.readouterr().out
    assert names(tmp_path) == [name]


def test_a_run_that_an_earlier_version_finished_is_kept_beside_a_forced_one(tmp_path):
    name = "warm-up-1966dd320c"
    before = tree(shutil.copytree(FORMAT_1 / name, tmp_path / name))
    words = ["warm-up", "--epochs", "4", "--copies", "2", "--record", "3"]
    assert run(*words, "--force", out=tmp_path) == 0
    assert tree(tmp_path / name) == before
    assert len(trained(tmp_path)) == 2


def test_a_run_that_an_earlier_version_began_goes_on_under_today_s_name(tmp_path, part, capsys):
    part.rename(tmp_path / f"{EARLIER}.part")
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 2
    assert (
        f"an unfinished run lies in '{tmp_path / EARLIER}.part': go on with it (--resume)"
        in capsys.readouterr().err
    )
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert names(tmp_path) == ["attempts", TINY.id]
    assert json.loads((tmp_path / TINY.id / "manifest.json").read_text())["resumed"] is True


@posix
def test_what_no_earlier_version_left_is_left_alone(tmp_path, part, capsys, idle):
    old = part.rename(tmp_path / f"{EARLIER}.part")
    (old / "precious").touch()
    before = tree(tmp_path)
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 2
    assert "precious' is a link, or nothing that a run leaves" in capsys.readouterr().err
    assert tree(tmp_path) == before
