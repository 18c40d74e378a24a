"""What a worker does with a task, and when it does not."""

import os
import pickle
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from experiments import signals, work
from experiments.execution import execute
from experiments.locks import held
from experiments.sweeps import working
from experiments.sweeps.working import Ending, Task, Terms, versions
from tests.experiments.shortened import every_epoch
from tests.experiments.sweeps.compared import BASE, left
from tests.runs import names, rows_of

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def task(tmp_path):
    sign = tmp_path / "sweep.lock"
    sign.write_bytes(b"the sweep")
    return Task(BASE, tmp_path, "cpu", None, 1, Terms(sign, b"the sweep", versions()))


def test_it_makes_the_run_and_then_has_nothing_to_do(task, monkeypatch):
    assert working.work(task) == Ending("done")
    assert names(task.out) == ["attempts", "sweep.lock", BASE.id]
    monkeypatch.setattr(work, "execute", lambda *words, **options: pytest.fail("work was done"))
    assert working.work(task) == Ending("done")
    assert [row["status"] for row in rows_of(task.out)] == ["done"]


def test_threads_do_not_change_a_byte(task, tmp_path_factory):
    assert working.work(task) == Ending("done")
    out = tmp_path_factory.mktemp("serial")
    assert work.attempt(BASE, "cpu", out, resume=False, force=False).result
    (task.terms.sign).unlink()
    assert left(task.out) == left(out)


def test_a_failed_run_is_recorded_with_its_reason(task, monkeypatch):
    def broken(*words, **options):
        raise RuntimeError("the power went out")

    monkeypatch.setattr(work, "execute", broken)
    status, reason = working.work(task)
    assert status == "failed"
    assert "the power went out" in reason
    assert [(row["status"], row["reason"]) for row in rows_of(task.out)] == [("failed", reason)]


def test_so_is_one_that_could_not_be_begun(task):
    (task.out / BASE.id).mkdir()
    status, reason = working.work(task)
    assert status == "failed"
    assert "is no result of a run: move it away" in reason
    assert [(row["status"], row["reason"]) for row in rows_of(task.out)] == [("failed", reason)]


def test_what_another_process_holds_is_left_alone(task):
    with held(task.out / BASE.id):
        status, reason = working.work(task)
    assert status == "busy"
    assert f"is being worked on by process {os.getpid()} on" in reason
    assert rows_of(task.out) == []


@pytest.mark.parametrize("name", ["fastmi", "python", "numpy", "torch", "numba"])
def test_a_worker_of_another_version_is_unfit(task, name):
    terms = task.terms._replace(versions=versions() | {name: "0.0"})
    status, reason = working.work(task._replace(terms=terms))
    assert status == "unfit"
    assert f"has {name} {versions()[name]}, and this process 0.0: the numbers hang on it" in reason
    assert names(task.out) == ["sweep.lock"]


def test_a_worker_that_does_not_see_the_folder_is_unfit(task, tmp_path):
    for terms in (task.terms._replace(sign=tmp_path / "other"), task.terms._replace(content=b"")):
        status, reason = working.work(task._replace(terms=terms))
        assert status == "unfit"
        assert "as this process does: pass --out a folder that all of them share" in reason
    assert working.unfit(task.terms) == ""


def test_a_run_ends_well_where_its_sweep_is_no_more(task, monkeypatch):
    def watched(*words, on_epoch, **options):
        def gone(epoch):
            if epoch == 2:
                task.terms.sign.unlink()
            on_epoch(epoch)

        return execute(*words, on_epoch=gone, **options)

    every_epoch(monkeypatch)
    monkeypatch.setattr(working, "LOOK_SECONDS", 0)
    monkeypatch.setattr(work, "execute", watched)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(working.work, task).result() == Ending("interrupted")
    assert names(task.out) == ["attempts", f"{BASE.id}.part"]
    assert [row["status"] for row in rows_of(task.out)] == ["interrupted"]


def test_it_looks_once_a_second(task, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    check = working._checking(task.terms)
    task.terms.sign.unlink()
    clock[0] = 0.9
    check()
    clock[0] = 1.0
    with pytest.raises(signals.Stopped):
        check()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_worker_that_is_told_to_end_ends_well(task, monkeypatch):
    def stopped(*words, **options):
        os.kill(os.getpid(), signal.SIGTERM)

    class Left(BaseException):
        """In place of the end of the process."""

    def leave(code):
        assert code == 143
        raise Left

    monkeypatch.setattr(work, "execute", stopped)
    with pytest.raises(signals.Stopped):
        working.work(task)
    monkeypatch.setattr(working, "_leaves", True)
    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(Left):
        working.work(task)
    assert [row["status"] for row in rows_of(task.out)] == ["interrupted"] * 2
    signals.check()  # nothing is left to be heard
    assert names(task.out) == ["attempts", "sweep.lock"]


def test_a_signal_goes_from_process_to_process():
    stopped = pickle.loads(pickle.dumps(signals.Stopped(signal.SIGTERM)))
    assert (str(stopped), stopped.code) == (str(signals.Stopped(15)), 143)


def test_tasks_go_from_process_to_process(task):
    assert pickle.loads(pickle.dumps(task)) == task
