"""Tests on several processes (pytest-xdist): the law that none of them can judge alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fastmi
from tests import fired


def tell(config: Any, whole: bool) -> None:
    """Tells, in a worker, which errors were made in it, and whether all tests are run."""
    config.workeroutput |= {"whole": whole, "fired": sorted(fired.so_far())}


class Workers:
    """What workers tell of the law that no process alone can judge."""

    def __init__(self) -> None:
        self.whole = False
        self.fired = set[fired.Place]()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        told = getattr(node, "workeroutput", {})
        self.whole |= told.get("whole", False)
        self.fired |= {tuple(place) for place in told.get("fired", ())}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.whole:
            return
        if silent := fired.silent(Path(fastmi.__file__).parent, self.fired):
            print(f"\nerrors that no test makes: {silent}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
