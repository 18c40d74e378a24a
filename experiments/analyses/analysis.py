"""What every analysis can do: a finished result -> rows; rows -> a table, a page, marks.

The marks stand in the result's figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from matplotlib.figure import Figure

from fastmi import InformationPlane

from ..drawing import Mark
from ..execution import Result
from ..records import Run

__all__ = ["Analysis", "Rows", "markdown"]

Rows = Sequence[dict[str, Any]]


class Analysis:
    """A frozen record of what it depends on, with these verbs.

    A third one needs `columns`, `rows` and `table`.
    """

    columns: ClassVar[tuple[str, ...]]

    def rows(self, result: Result) -> list[dict[str, Any]]:
        """Makes rows of one result, read by one measure: plain values under the names of `columns`.

        They are a file beside its plane.

        Raises:
            ValueError: the result has not what the analysis is made of.
        """
        raise NotImplementedError

    def table(self, run: Run, rows: Rows) -> list[str]:
        """Makes lines of Markdown of the rows, of one result or of several."""
        raise NotImplementedError

    def lines(self, run: Run, rows: Rows) -> list[str]:
        """Makes lines for a terminal of the rows."""
        return self.table(run, rows)

    def page(self, run: Run, rows: Rows, command: str) -> str:
        """Makes a Markdown page of the rows, which `command` writes."""
        head = [f"# `{run.name}`", "", f"Written by `{command}`; not edited by hand.", ""]
        return "\n".join([*head, *self.table(run, rows), ""])

    def figure(self, run: Run, planes: Sequence[InformationPlane]) -> tuple[Figure, str] | None:
        """Draws what stands below the head of the page, and says what it shows, if it has one."""
        return None

    def marks(self, planes: Sequence[InformationPlane], rows: Rows) -> list[Mark]:
        """Makes points to be marked in the figure of the result's planes."""
        return []


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Makes a table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
