"""One thread for every candidate."""

from __future__ import annotations

import os

from benchmarks import threads
from tests import ROOT


def test_every_pool_is_asked_for_one_thread_before_it_is_made(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "8"})
    threads.hold()
    assert os.environ == dict.fromkeys(
        [f"{pool}_NUM_THREADS" for pool in threads.POOLS] + ["POLARS_MAX_THREADS"], "1"
    )
    source = (ROOT / "benchmarks/__main__.py").read_text()
    assert source.index("hold()") < source.index("from benchmarks.command import")
