"""Workers of this machine, and an executor that somebody hands in."""

from concurrent.futures import ThreadPoolExecutor

from experiments.sweeps import executors
from experiments.sweeps.working import Terms, versions


def test_processes_are_begun_when_they_are_needed_and_made_anew():
    with executors.processes(2) as workers:
        assert (workers.at_once, workers.threads) == (2, 1)
        again = workers.renewed()
        assert again.executor is not workers.executor
        assert list(again.faults(Terms(None, b"", {}))) == []


def test_a_single_process_has_all_threads():
    with executors.processes(1) as workers:
        assert workers.threads is None


def test_of_an_executor_that_is_handed_in_one_worker_is_asked(tmp_path):
    sign = tmp_path / "sweep.lock"
    sign.write_bytes(b"1")
    with ThreadPoolExecutor(1) as executor:
        workers = executors.given(executor)
        assert workers.renewed is None
        assert list(workers.faults(Terms(sign, b"1", versions()))) == []
        (fault,) = workers.faults(Terms(sign, b"2", versions()))
        assert "does not see" in fault
        assert executor.submit(int, "1").result() == 1  # it stays open


def test_an_executor_that_is_broken_is_said(tmp_path):
    from concurrent.futures import BrokenExecutor

    class Broken:
        def submit(self, *words):
            raise BrokenExecutor("it died")

    assert executors.given(Broken()).faults(Terms(tmp_path, b"", {})) == [
        "the executor is broken (it died): pass another"
    ]
