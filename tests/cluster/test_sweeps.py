"""Sweeps on the workers of a Dask cluster: the same bytes, whoever is killed meanwhile."""

import os
import signal
import threading
import time

import pytest

from experiments import attempts, sweeps, work
from experiments.sweeps import clusters, working
from tests.cluster.local import cluster, need_dask
from tests.experiments.sweeps.compared import KILLED, left, plan
from tests.runs import names, undraw

need_dask()

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of workers that were killed


@pytest.fixture(scope="module")
def address():
    with cluster() as local:
        yield local.scheduler_address


def kill_one(out, killed):
    """Kills the first worker that holds a run."""
    while not killed:
        for lock in out.glob("warm-up-*.lock"):
            text = lock.read_text() if lock.exists() else ""
            pid = int(text.split('"pid": ')[1].split(",")[0]) if '"pid": ' in text else os.getpid()
            if pid != os.getpid():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return
        time.sleep(0.01)


def test_a_worker_is_killed_and_nothing_is_lost(address, tmp_path, monkeypatch):
    undraw(monkeypatch)
    planned, out, killed = plan(3), tmp_path / "out", []
    killer = threading.Thread(target=kill_one, args=(out, killed), daemon=True)
    killer.start()
    assert sweeps.sweep(planned, out, scheduler=address) == {}
    killer.join()
    assert len(killed) == 1
    assert names(out) == sorted(["attempts", "sweep.json", *(run.id for run in planned.runs)])
    assert [path for path in out.rglob("*") if ".part" in path.name] == []
    assert {row["status"] for row in attempts.read(out)} == {"done"}
    serial = tmp_path / "serial"
    serial.mkdir()
    for run in planned.runs:
        assert work.attempt(run, "cpu", serial, resume=False, force=False).result
    ours = left(out, KILLED)
    for place, content in left(serial, KILLED).items():
        if not place.endswith((".png", ".svg")):  # which are not drawn here
            assert ours[place] == content, place


def test_workers_of_another_version_are_refused(address, tmp_path, monkeypatch):
    ours = working.versions()
    monkeypatch.setattr("experiments.sweeps.sweeping.versions", lambda: ours | {"numpy": "1.0"})
    with pytest.raises(ValueError, match=f"has numpy {ours['numpy']}, and this process 1.0"):
        sweeps.sweep(plan(1), tmp_path, scheduler=address)
    assert names(tmp_path) == []


def test_a_scheduler_that_is_not_there_is_said_soon(tmp_path):
    with (
        pytest.raises(ValueError, match=r"scheduler is 'tcp://127.0.0.1:1', where none answers"),
        clusters.connected("tcp://127.0.0.1:1", timeout=0.2),
    ):
        pytest.fail("it was connected")


def test_an_address_that_is_none_is_said():
    with (
        pytest.raises(ValueError, match="scheduler is 'nonsense', which is no address: pass"),
        clusters.connected("nonsense"),
    ):
        pytest.fail("it was connected")


def test_a_scheduler_without_workers_is_said(address, monkeypatch):
    from distributed import Client

    def waited(client, n, timeout):
        raise TimeoutError

    monkeypatch.setattr(Client, "wait_for_workers", waited)
    with (
        pytest.raises(ValueError, match=r"has no workers: start some \(`dask worker tcp://"),
        clusters.connected(address),
    ):
        pytest.fail("it has workers")
