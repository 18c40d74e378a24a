"""`python -m benchmarks [CASE ...] [--quick] [--json FILE] [--device cuda]`.

And `python -m benchmarks` with one of `COMMANDS`, which are alone: pages, and what a GPU is asked.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from benchmarks.timing import Disagreement
from fastmi import printing

__all__ = ["main"]

COMMANDS = (
    "gpu-check",
    "report",
    "estimators",
    "selection",
    "simulation",
    "wide-layers",
    "every-measure",
    "architectures",
    "watching",
    "sweeping",
)
MODULES = {"report": "page"}  # others are named as their command is


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the named cases, or all; 1 where answers disagree, 2 where something is missing.

    And 141 where nobody reads what is printed any more.
    """
    try:
        with printing.flushed():
            return _done(sys.argv[1:] if arguments is None else list(arguments))
    except Disagreement as error:
        print(f"answers disagree: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        if printing.unread(error):
            return printing.UNREAD
        print(f"error: {error}", file=sys.stderr)
        return 2


def _done(arguments: list[str]) -> int:
    """Loads what is asked for alone: all together takes seconds."""
    name = arguments[0] if arguments else ""
    if name in COMMANDS:
        module = importlib.import_module(f"benchmarks.{MODULES.get(name, name).replace('-', '_')}")
        return module.main(arguments[1:])
    from benchmarks import running

    return running.run(arguments, COMMANDS)
