"""A sweep on processes of its own, killed at all ends: nothing is lost, nothing stray is left."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from experiments import attempts, sweeps, work
from tests import ROOT
from tests.experiments.sweeps.compared import KILLED, left, plan
from tests.runs import names

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
WORDS = ["warm-up", "--axis", "seed=0..2", "--epochs", "3"]
MOST_SECONDS = 120


def until(true, process=None):
    """Waits until it is true, which it is soon or never."""
    last = time.monotonic() + MOST_SECONDS
    while not true():
        assert time.monotonic() < last, "it never came true"
        assert process is None or process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def workers_of(client, out):
    """The workers that hold runs, as locks say: the client itself looks at each for a moment."""
    found = set()
    for path in out.glob("warm-up-*.lock"):
        try:
            found.add(json.loads(path.read_text())["pid"])
        except (OSError, ValueError):  # it goes, or it comes
            continue
    return {pid for pid in found - {client.pid} if is_alive(pid)}


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="processes are looked up in /proc")
def test_workers_and_client_are_killed_and_the_sweep_goes_on(tmp_path, undrawn, thread):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "experiments", "sweep", *WORDS, "--workers", "2"]
    with subprocess.Popen(
        [*command, "--out", str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        until(lambda: workers_of(client, out), client)
        os.kill(next(iter(workers_of(client, out))), signal.SIGKILL)
        until(lambda: list(out.glob("*/manifest.json")), client)  # by workers that came after
        workers = workers_of(client, out)
        client.kill()
        client.communicate()
    until(lambda: not any(map(is_alive, workers)))  # they leave with their client
    done = {path.parent.name for path in out.glob("*/manifest.json")}
    before = {name: (out / name / "manifest.json").read_bytes() for name in done}
    assert done

    runs = [run.varied(n_samples=1000) for run in plan(3).runs]
    planned = sweeps.make(runs[0], {"seed": range(3)})
    assert planned.runs == runs
    assert sweeps.sweep(planned, out, executor=thread) == {}
    assert {name: (out / name / "manifest.json").read_bytes() for name in done} == before
    assert names(out) == sorted(["attempts", "sweep.json", *(run.id for run in runs)])
    assert [path for path in out.rglob("*") if ".part" in path.name] == []
    assert {row["status"] for row in attempts.read(out)} <= {"done", "interrupted"}

    serial = tmp_path / "serial"
    serial.mkdir()
    for run in runs:
        assert work.attempt(run, "cpu", serial, resume=False, force=False).result
    ours = left(out, KILLED)
    for place, content in left(serial, KILLED).items():
        if not place.endswith((".png", ".svg")):  # which are not drawn here
            assert ours[place] == content, place
