"""The first call, in fresh processes."""

from __future__ import annotations

import json

from benchmarks import cold


def test_the_second_process_finds_what_the_first_compiled(monkeypatch):
    program = """
import json, os, pathlib
folder = pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
found = len(list(folder.iterdir()))
(folder / "kernel").touch()
print(json.dumps([10 + found, found, 20 + found]))
"""
    monkeypatch.setattr(cold, "PROGRAM", program)
    assert cold.cold() == cold.Cold(imported=11, compiling=0, cached=1, again=21)


def test_the_program_that_is_timed_in_a_fresh_process_runs(capsys):
    exec(cold.PROGRAM, {})
    assert len(json.loads(capsys.readouterr().out)) == 3
