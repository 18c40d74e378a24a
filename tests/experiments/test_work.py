"""One run, attempted: what it leaves, and that it is recorded however it ends."""

import signal

import pytest

from experiments import signals, work
from tests.experiments.shortened import Killed, every_epoch
from tests.runs import TINY, names, rows_of, trained

pytestmark = pytest.mark.usefixtures("undrawn")
NEW = {"resume": True, "force": False}


def test_a_run_leaves_its_folder_and_one_attempt(tmp_path):
    assert work.judge(TINY, "cpu", tmp_path, **NEW)
    attempted = work.attempt(TINY, "cpu", tmp_path, **NEW)
    assert attempted.result.run == TINY
    assert attempted.reason == ""
    assert trained(tmp_path) == [work.folder_of(TINY, "cpu", tmp_path)]
    (row,) = rows_of(tmp_path)
    assert (row["status"], row["id"], row["folder"]) == ("done", TINY.id, TINY.id)
    assert not work.judge(TINY, "cpu", tmp_path, **NEW)


def test_what_was_finished_is_only_read_where_a_reading_lacks(tmp_path, monkeypatch):
    assert work.attempt(TINY, "cpu", tmp_path, **NEW).result
    (folder,) = trained(tmp_path)
    before = (folder / "manifest.json").read_bytes()
    more = TINY.varied(reads=(*TINY.reads, TINY.varied(edges=(-1.0, 1.0, 9)).reads[0]))
    assert work.judge(more, "cpu", tmp_path, **NEW)
    monkeypatch.setattr(work, "execute", lambda *words, **options: pytest.fail("it was trained"))
    assert work.attempt(more, "cpu", tmp_path, **NEW).result.run.reads == more.reads[1:]
    assert {measure.id for measure in more.reads} <= set(names(folder))
    assert (folder / "manifest.json").read_bytes() == before
    assert not work.judge(more, "cpu", tmp_path, **NEW)


def test_what_is_asked_amid_the_work_ends_it(tmp_path, monkeypatch):
    asked = []

    def check():
        asked.append(None)
        if len(asked) == 3:
            raise KeyboardInterrupt

    every_epoch(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        work.attempt(TINY, "cpu", tmp_path, **NEW, check=check)
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]
    assert names(tmp_path) == ["attempts", f"{TINY.id}.part"]  # it has a checkpoint
    assert work.attempt(TINY, "cpu", tmp_path, **NEW).result
    assert trained(tmp_path) == [tmp_path / TINY.id]


def test_a_failure_is_a_reason(tmp_path, monkeypatch):
    def broken(*words, **options):
        raise RuntimeError("the power\nwent out")

    monkeypatch.setattr(work, "execute", broken)
    result, reason, _ = work.attempt(TINY, "cpu", tmp_path, **NEW)
    assert result is None
    assert "the power went out" in reason
    work.record_failure(TINY, "cpu", tmp_path, "its process is gone")
    assert [(row["status"], row["reason"]) for row in rows_of(tmp_path)] == [
        ("failed", reason),
        ("failed", "its process is gone"),
    ]
    assert trained(tmp_path) == []


def test_what_a_library_makes_of_a_signal_is_no_failure_of_the_run(tmp_path, monkeypatch):
    def drawn(*words, **options):
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise ValueError("Invalid affine transformation matrix") from None

    monkeypatch.setattr(work, "execute", drawn)
    with signals.heard() as listener:
        listener.loaded()
        with pytest.raises(signals.Stopped, match="SIGTERM"):
            work.attempt(TINY, "cpu", tmp_path, **NEW)
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]


def test_no_attempt_is_recorded_of_what_was_killed(tmp_path, monkeypatch):
    def killed(*words, **options):
        raise Killed

    monkeypatch.setattr(work, "execute", killed)
    with pytest.raises(Killed):
        work.attempt(TINY, "cpu", tmp_path, **NEW)
    assert rows_of(tmp_path) == []
