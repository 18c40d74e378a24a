"""Writes the page that teaches to read an information plane, from networks trained for it."""

from __future__ import annotations

import argparse

from .. import lesson
from ..lesson.material import STEPS, Material

__all__ = ["teach"]

MOST_STEPS = 100_000  # more are no lesson


def teach(arguments: argparse.Namespace) -> int:
    """Writes the page and its figures -> 0.

    Raises:
        ValueError: the page cannot be written, or there are too many steps.
    """
    if arguments.steps > MOST_STEPS:
        raise ValueError(f"steps is {arguments.steps}: pass --steps of at most {MOST_STEPS:,}")
    command = f"{arguments.prog} reading-a-plane"
    if arguments.steps != STEPS:
        command += f" --steps {arguments.steps}"
    lesson.write(arguments.out, Material(arguments.steps), command)
    print(f"written: {arguments.out}")
    return 0
