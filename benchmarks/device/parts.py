"""parts -> one file: each in a process and a time limit of its own, six minutes for all."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import torch

from benchmarks.device import suite
from benchmarks.device.findings import failures, keep, read, write_all
from benchmarks.device.place import Place
from benchmarks.report import check_target, write_json
from benchmarks.timing import clock

__all__ = ["LIMIT_SECONDS", "PARTS", "TESTS", "Part", "alone", "check"]

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 360.0  # for all parts
LEAST_SECONDS = 10.0  # that have to be left for a part to begin
GRACE_SECONDS = 5.0  # between asking a process to end and ending it
LAST_LINES = 5  # of the log of a part that died


class Part(NamedTuple):
    """How many seconds a part may take, and what it finds."""

    seconds: float
    about: str


TESTS = "tests"
PARTS = {
    "facts": Part(60, "what the device is, its bandwidth, what launches and transfers cost"),
    "exact": Part(60, "every integer the same as the Numba twin's"),
    "times": Part(100, "coding, counting and estimates of 30 segments to 1e8 rows, a profile"),
    "kernels": Part(120, "the twin's kernels against torch's lines, and torch's single operations"),
    "runs": Part(70, "exp 2 with 50 and 1000 copies, on the device and on one CPU thread"),
    TESTS: Part(150, "the tests that are marked gpu"),
}


def check(
    names: Sequence[str],
    out: Path,
    header: dict[str, Any],
    *,
    rehearsed: bool = False,
    limit: float = LIMIT_SECONDS,
) -> int:
    """Runs the parts, in their order, and says what was not as it must be.

    What each case gave is in the file before the next one begins; tracebacks are in a log beside
    it, the tests in another.

    Args:
        names: of `PARTS`; none are all.
        out: the file; what was there before is gone.
        header: what else is in it.
        rehearsed: small, and on the CPU.
        limit: seconds for all.

    Returns:
        0, or 1 where answers differed, a case or a part ended in an error, or time was over.

    Raises:
        OSError: the file cannot be written there; nothing has been run.
    """
    check_target(out)
    out = out.resolve()
    write_json(out, header | {"parts": {}})
    elapsed = clock()
    for name in [name for name in PARTS if name in names or not names]:
        left = limit - elapsed()
        if left < LEAST_SECONDS:
            keep(out, name, {"stopped": "no time was left"})
        else:
            _run(name, out, min(left, PARTS[name].seconds), rehearsed)
        print(f"== {name}: {_ended(read(out)['parts'][name])}", flush=True)
    faults = failures(read(out))
    print("".join(f"FAILED: {fault}\n" for fault in faults), end="")
    print(f"{elapsed():.0f} s; {len(faults)} failed; written to {out}", flush=True)
    return 1 if faults else 0


def _ended(record: dict[str, Any]) -> str:
    took = f"{record['seconds']:.0f} s" if "seconds" in record else "not begun"
    return f"{took}, {record['stopped']}" if "stopped" in record else took


def _run(name: str, out: Path, seconds: float, rehearsed: bool) -> None:
    """Runs one part, and keeps how it ended."""
    elapsed = clock()
    log = out.with_suffix(".tests.log" if name == TESTS else ".log")
    first = name == TESTS or len(read(out)["parts"]) == 0
    with log.open("wb" if first else "ab") as file:
        begin = file.tell()
        code = _finished(_started(name, out, rehearsed, file), seconds)
    said = log.read_bytes()[begin:].decode(errors="replace")
    if name == TESTS:
        keep(out, name, suite.summary(said))
    record = read(out)["parts"].get(name, {})
    keep(out, name, {"seconds": round(elapsed(), 1)})
    if code is None:
        keep(out, name, {"stopped": f"its {seconds:.0f} s were over"})
    elif code != 0 and not (code == 1 and record.get("WRONG", []) + record.get("ERROR", [])):
        last = said.strip().splitlines()[-LAST_LINES:]
        keep(out, name, {"stopped": f"ended with exit code {code}", "said": last})
        print("\n".join(last))


def _started(name: str, out: Path, rehearsed: bool, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts a part's process: pytest itself, or this module's `alone`."""
    if name == TESTS:
        command = suite.command(rehearsed)
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    command = [sys.executable, "-m", "benchmarks.device", name, os.fspath(out)]
    command += ["--rehearse"] * rehearsed
    return subprocess.Popen(command, cwd=ROOT, stderr=log)


def _finished(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Waits for the exit code; None where the process had to be ended."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:  # its time is over, or the command was interrupted
            process.terminate()
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def alone(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks.device PART FILE [--rehearse]`: one part, in this process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device", description=__doc__)
    parser.add_argument("part", choices=[name for name in PARTS if name != TESTS])
    parser.add_argument("file", type=Path, help="that check has begun")
    parser.add_argument("--rehearse", action="store_true", help="small, and on the CPU")
    options = parser.parse_args(arguments)
    device = torch.device("cpu" if options.rehearse else "cuda")
    cases = importlib.import_module(f"benchmarks.device.{options.part}").cases
    went_well = write_all(cases(Place(device, options.rehearse)), options.file, options.part)
    return 0 if went_well else 1
