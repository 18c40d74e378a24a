"""What is made of finished results: a table of analyses, each a file of this package.

Another analysis is one file, with a record derived from `analyses.analysis.Analysis`
under the name `ANALYSIS`, and one row here: `python -m experiments NAME` writes its page, and a run
of the catalogue that names it in `analyses` has it made as its results are written. A file is
loaded when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .analysis import Analysis

__all__ = ["ANALYSES", "Row", "load"]


class Row(NamedTuple):
    """What can be said of an analysis before it is loaded.

    `run` is the catalogue's that it is made of by default.
    """

    run: str
    about: str


ANALYSES: dict[str, Row] = {
    "compression": Row("tishby", "peak minus final I(X;T) of the output layer over seeds"),
    "stopping": Row(
        "stopping",
        "when rules for stopping would have stopped each network, and how well it answers then",
    ),
}


def load(name: str) -> Analysis:
    """Loads the analysis of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in ANALYSES:
        raise ValueError(f"analyses names {name!r:.60}: the analyses are {', '.join(ANALYSES)}")
    return importlib.import_module(f"{__name__}.{name}").ANALYSIS
