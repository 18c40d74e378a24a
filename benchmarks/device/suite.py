"""the tests that are marked gpu -> how many passed, and which did not, from the log of pytest."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from typing import Any

__all__ = ["command", "summary"]

REHEARSED = "tests/benchmarks/device/test_suite.py"  # no test of fastmi, and done in no time
WORKERS = 6  # of pytest-xdist, where it is there
LONGEST_SECONDS = 60  # of one test, where pytest-timeout is there
# "tests/a.py::b[c] PASSED [ 5%]", or of a worker "[gw0] [ 5%] PASSED tests/a.py::b[c]"
OUTCOMES = "PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS"
ALONE = re.compile(rf"^(\S+::.*?) ({OUTCOMES})\b")
OF_WORKER = re.compile(rf"^\[gw\d+\] \[ *\d+%\] ({OUTCOMES}) (\S+::.*?)\s*$")
LAST_LETTERS = 200  # of the last line


def command(rehearsed: bool) -> list[str]:
    """Writes the command of the tests: other versions than the project's warn, and may do so."""
    only = ["--noconftest", REHEARSED] if rehearsed else ["-m", "gpu", "tests"]
    more = []
    if not rehearsed and importlib.util.find_spec("xdist"):
        more += ["-n", str(WORKERS)]
    if importlib.util.find_spec("pytest_timeout"):
        more += ["--timeout", str(LONGEST_SECONDS)]
    quiet = ["-W", "default", "--tb=short", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", "-vv", *quiet, *more, *only]


def summary(log: str) -> dict[str, Any]:
    """Counts the outcomes line by line: of a run that was killed, those that it came to."""
    outcomes: dict[str, str] = {}
    for line in log.splitlines():
        if told := OF_WORKER.match(line):
            outcomes[told[2]] = told[1]
        elif told := ALONE.match(line):
            outcomes[told[1]] = told[2]
    lines = [line for line in log.splitlines() if line.strip()] or [""]
    return {
        "WRONG": [name for name, outcome in outcomes.items() if outcome in ("FAILED", "ERROR")],
        "outcomes": dict(Counter(outcomes.values())),
        "last_line": lines[-1].strip("= ")[:LAST_LETTERS],
    }
