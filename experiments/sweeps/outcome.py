"""What lies in the folder of a sweep -> its table, its figure, and the analyses over its runs.

They are made of whatever is finished, so they are the same however the sweep came to its end.
"""

from __future__ import annotations

from pathlib import Path

from fastmi import figures

from .. import saving
from . import correlations, table
from .figure import picture
from .plan import Plan
from .table import Rows

__all__ = ["write"]


def write(plan: Plan, out: Path, device: str = "cpu") -> Rows:
    """Writes sweep.csv, correlations.csv, sweep.png and sweep.svg -> the correlations.

    Without a finished run there is no figure.

    Raises:
        ValueError: a folder is not what `run` left.
    """
    rows = table.rows(plan, out, device)
    found = correlations.correlations(rows)
    saving.write_rows(out / "sweep.csv", table.columns(plan), rows)
    saving.write_rows(out / "correlations.csv", correlations.COLUMNS, found)
    if rows:
        drawn = picture(plan, rows)
        for ending in ("png", "svg"):
            figures.save(drawn, out / f"sweep.{ending}")
    return found
