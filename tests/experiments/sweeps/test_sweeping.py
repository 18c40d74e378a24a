"""Every run of a sweep comes to its end, whatever becomes of workers; faults are said first."""

import os
import re
import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from experiments import signals, sweeps, work
from experiments.execution import execute
from experiments.locks import held
from experiments.sweeps import sweeping, working
from experiments.sweeps.executors import Workers
from experiments.sweeps.working import Ending
from tests.experiments.sweeps.compared import BASE, EDGES, left, plan
from tests.runs import names, rows_of

pytestmark = pytest.mark.usefixtures("undrawn")


class Serial:
    """An executor that does it at once, or what a test makes of it."""

    def __init__(self, do=working.work):
        self.do = do

    def submit(self, work, *words):
        future = Future()
        try:
            future.set_result(self.do(*words) if work is working.work else work(*words))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def workers(monkeypatch):
    """Makes the processes of this machine such ones."""

    def use(do, at_once=2):
        def begun():
            made.append(Workers(Serial(do), at_once, 1, begun, lambda terms: ()))
            return made[-1]

        made = []
        monkeypatch.setattr(sweeping, "processes", lambda n: sweeping.nullcontext(begun()))
        return made

    return use


def test_a_device_has_to_be_where_the_workers_are(tmp_path):
    """A client of a cluster of GPUs may have none itself."""
    with pytest.raises(ValueError, match="device is 'cuda:99', which cannot be used here"):
        sweeps.sweep(plan(), tmp_path, device="cuda:99")
    assert not (tmp_path / sweeps.record.NAME).exists()
    failed = sweeps.sweep(plan(), tmp_path, executor=Serial(), device="cuda:99")
    assert len(failed) == len(plan().runs)
    assert all("'cuda:99', which cannot be used here" in reason for reason in failed.values())


# --- what it leaves -------------------------------------------------------------------------------


def test_a_sweep_leaves_what_its_runs_leave_one_after_the_other(swept, tmp_path):
    planned, out = swept
    for run in planned.runs:
        assert work.attempt(run, "cpu", tmp_path, resume=False, force=False).result
    ours = {
        place: content
        for place, content in left(out).items()
        if not place.startswith(("sweep", "c"))
    }
    assert ours == left(tmp_path)
    assert [row["status"] for row in rows_of(out)] == ["done"] * 3
    assert not list(out.rglob("*.lock"))


def test_what_is_finished_is_skipped_and_an_axis_may_grow(tmp_path, thread, monkeypatch):
    assert sweeps.sweep(plan(2), tmp_path, executor=thread) == {}
    before = left(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(work, "execute", lambda *words, **options: pytest.fail("work was done"))
        assert sweeps.sweep(plan(2), tmp_path, executor=thread) == {}
    assert left(tmp_path) == before
    assert sweeps.sweep(plan(3), tmp_path, executor=thread) == {}
    grown = left(tmp_path)
    assert {place: grown[place] for place in before if place != "sweep.json"} == {
        place: content for place, content in before.items() if place != "sweep.json"
    }
    assert [row["status"] for row in rows_of(tmp_path)] == ["done"] * 3


def test_further_readings_train_nothing(tmp_path, thread, monkeypatch):
    assert sweeps.sweep(plan(1, edges=EDGES[:1]), tmp_path, executor=thread) == {}
    monkeypatch.setattr(work, "execute", lambda *words, **options: pytest.fail("it was trained"))
    grown = plan(1, edges=EDGES)
    assert sweeps.sweep(grown, tmp_path, executor=thread) == {}
    for measure in grown.runs[0].reads:
        assert (tmp_path / grown.runs[0].id / measure.id / "manifest.json").exists()


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_run_that_fails_is_recorded_and_the_others_go_on(tmp_path, thread, monkeypatch):
    planned = plan(3)

    def broken(run, *words, **options):
        if run.training.seed == 1:
            raise RuntimeError("the power went out")
        return execute(run, *words, **options)

    monkeypatch.setattr(work, "execute", broken)
    failed = sweeps.sweep(planned, tmp_path, executor=thread)
    assert list(failed) == [planned.runs[1].id]
    assert "the power went out" in failed[planned.runs[1].id]
    assert [row["status"] for row in rows_of(tmp_path)] == ["done", "failed", "done"]


def dying(deaths, alone=None):
    """Does tasks whose worker dies so many times, by the seed; `alone` takes note of the others."""

    def do(task):
        seed = task.run.training.seed
        if deaths.get(seed, 0):
            deaths[seed] -= 1
            raise BrokenProcessPool("it died")
        return working.work(task)

    return do


def test_where_a_worker_dies_the_unfinished_go_on_with_new_ones(tmp_path, workers):
    made = workers(dying({0: 1, 2: 2}))
    assert sweeps.sweep(plan(3), tmp_path) == {}
    assert len(made) > 1
    assert [row["status"] for row in rows_of(tmp_path)] == ["done"] * 3


def test_a_run_that_takes_down_its_worker_three_times_has_failed(tmp_path, workers):
    workers(dying({1: 99}))
    planned = plan(4)
    reason = "its worker died 3 times, the last time alone"
    assert sweeps.sweep(planned, tmp_path) == {planned.runs[1].id: reason}
    rows = rows_of(tmp_path)
    assert sorted(row["status"] for row in rows) == ["done"] * 3 + ["failed"]
    assert [row["reason"] for row in rows if row["status"] == "failed"] == [reason]


def test_before_it_is_given_up_a_run_works_alone(tmp_path, workers, monkeypatch):
    """All that were at work when a pool broke may have broken it; the last time tells which."""
    beside = []

    class Pool(Serial):
        """Tasks stay at work until there are two or no more come; one of seed 0 kills them all."""

        def __init__(self):
            self.tasks = []

        def submit(self, work, task):
            future = Future()
            self.tasks.append((task, future))
            alone = sweep_of[0]._suspect(task)
            if len(self.tasks) == 2 or alone or not len(sweep_of[0]._waiting) > 1:
                self.end()
            return future

        def end(self):
            seeds = [task.run.training.seed for task, _ in self.tasks]
            beside.append(seeds)
            for task, future in self.tasks:
                if 0 in seeds:
                    future.set_exception(BrokenProcessPool("it died"))
                else:
                    future.set_result(working.work(task))
            self.tasks = []

    sweep_of = []
    made = sweeping._Sweep.__init__

    def init(self, *words):
        made(self, *words)
        sweep_of.append(self)

    monkeypatch.setattr(sweeping._Sweep, "__init__", init)

    def begun():
        return Workers(Pool(), 2, 1, begun, lambda terms: ())

    monkeypatch.setattr(sweeping, "processes", lambda n: sweeping.nullcontext(begun()))
    planned = plan(3)
    assert list(sweeps.sweep(planned, tmp_path)) == [planned.runs[0].id]
    assert [0] in beside
    assert sorted(row["status"] for row in rows_of(tmp_path)) == ["done", "done", "failed"]


def test_an_executor_that_breaks_is_said_where_nobody_can_make_another(tmp_path):
    with pytest.raises(
        ValueError, match="the executor broke, as a worker of it died: what was fin"
    ):
        sweeps.sweep(plan(2), tmp_path, executor=Serial(dying({1: 1})))
    assert [row["status"] for row in rows_of(tmp_path)] == ["done"]
    assert not list(tmp_path.glob("*.lock"))
    assert sweeps.sweep(plan(2), tmp_path, executor=Serial()) == {}


def test_what_an_executor_gives_up_has_failed_with_its_reason(tmp_path):
    def do(task):
        if task.run.training.seed == 0:
            raise RuntimeError("four workers died of it")
        return working.work(task)

    planned = plan(2)
    failed = sweeps.sweep(planned, tmp_path, executor=Serial(do))
    assert list(failed) == [planned.runs[0].id]
    reasons = {row["status"]: row["reason"] for row in rows_of(tmp_path)}
    assert set(reasons) == {"failed", "done"}
    assert "four workers died of it" in reasons["failed"]


def test_an_executor_that_drops_runs_is_gone(tmp_path):
    class Dropping(Serial):
        def submit(self, work, *words):
            if work is not working.work:
                return super().submit(work, *words)
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(ValueError, match="the executor dropped a run, as if it were gone"):
        sweeps.sweep(plan(1), tmp_path, executor=Dropping())


def test_what_others_hold_is_waited_for(tmp_path, monkeypatch):
    planned = plan(2)
    other = held(tmp_path / planned.runs[0].id)  # a worker of a client that was killed
    other.__enter__()
    seen = []

    def do(task):
        ending = working.work(task)
        seen.append((task.run.training.seed, ending.status))
        if ending.status == "busy":
            other.__exit__(None, None, None)
        return ending

    monkeypatch.setattr(sweeping, "LOOK_SECONDS", 0.01)
    assert sweeps.sweep(planned, tmp_path, executor=Serial(do)) == {}
    assert seen == [(0, "busy"), (1, "done"), (0, "done")]


def test_what_was_interrupted_is_made_again(tmp_path):
    endings = [Ending("interrupted")]

    def do(task):
        return endings.pop() if endings else working.work(task)

    assert sweeps.sweep(plan(1), tmp_path, executor=Serial(do)) == {}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_sweep_that_is_told_to_end_ends_well_and_so_do_its_workers(tmp_path, thread, monkeypatch):
    told = []

    def watched(run, *words, on_epoch, **options):
        def watch(epoch):
            if not told and run.training.seed == 1:
                told.append(os.kill(os.getpid(), signal.SIGTERM))
            on_epoch(epoch)

        return execute(run.varied(epochs=100_000), *words, on_epoch=watch, **options)

    monkeypatch.setattr(working, "LOOK_SECONDS", 0)
    with monkeypatch.context() as patch:
        patch.setattr(
            work,
            "execute",
            lambda run, *words, **options: (watched if run.training.seed else execute)(
                run, *words, **options
            ),
        )
        with signals.heard() as listener:
            listener.loaded()
            with pytest.raises(signals.Stopped):
                sweeps.sweep(plan(3), tmp_path, executor=thread)
    assert [row["status"] for row in rows_of(tmp_path)] == ["done", "interrupted"]
    assert not list(tmp_path.glob("*.lock"))
    assert not list(tmp_path.glob("*.part"))  # it had no checkpoint
    assert sweeps.sweep(plan(3), tmp_path, executor=thread) == {}


# --- what is said before any work -----------------------------------------------------------------


def refused(tmp_path, said, *words, planned=None, **options):
    with pytest.raises(ValueError, match=said) as caught:
        sweeps.sweep(planned or plan(2), tmp_path, *words, **options)
    assert "\n" not in str(caught.value)


def test_workers_of_another_version_are_refused_before_any_work(tmp_path, thread, monkeypatch):
    ours = working.versions()
    monkeypatch.setattr(sweeping, "versions", lambda: ours | {"torch": "1.0"})
    said = re.escape(f"has torch {ours['torch']}, and this process 1.0")
    refused(tmp_path, said, executor=thread)
    assert names(tmp_path) == []


def test_a_worker_that_comes_later_is_refused_too(tmp_path, monkeypatch):
    late = []

    def do(task):
        if late:
            return Ending("unfit", "the worker late has torch 1.0")
        late.append(None)
        return working.work(task)

    refused(tmp_path, "the worker late has torch 1.0", executor=Serial(do))
    assert [row["status"] for row in rows_of(tmp_path)] == ["done"]


def test_two_sweeps_in_one_folder_are_refused(tmp_path, thread):
    with held(tmp_path, tmp_path / sweeping.LOCK):
        refused(tmp_path, f"'{tmp_path}' is being worked on by process", executor=thread)
    assert names(tmp_path) == []


def test_another_sweep_is_refused(tmp_path, thread):
    assert sweeps.sweep(plan(1), tmp_path, executor=thread) == {}
    before = left(tmp_path)
    refused(tmp_path, "copies was no axis", planned=plan(1, copies=[1, 2]), executor=thread)
    assert left(tmp_path) == before


def test_an_executor_and_workers_are_refused(tmp_path, thread):
    refused(tmp_path, "executor and scheduler are given", executor=thread, scheduler="tcp://x:1")
    refused(tmp_path, "n_workers is 2, and executor or scheduler has", executor=thread, n_workers=2)
    refused(tmp_path, "device is 'tpu9'", device="tpu9")
    assert names(tmp_path) == []


def test_what_this_machine_cannot_hold_is_refused(tmp_path, thread):
    planned = sweeps.make(BASE, {"copies": [10**9]})
    refused(tmp_path, "would need about", planned=planned, executor=thread)


def test_what_lies_in_the_way_is_said_before_any_work(tmp_path, thread):
    planned = plan(2)
    (tmp_path / planned.runs[1].id).mkdir()
    refused(tmp_path, "is there, and is no result of a run: move it away", executor=thread)
    assert rows_of(tmp_path) == []


def test_cores_are_those_of_this_process():
    assert 1 <= sweeping._cores() <= (os.cpu_count() or 1)
