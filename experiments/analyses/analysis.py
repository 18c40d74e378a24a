"""What every analysis can do: a finished result -> rows; rows -> a table, a page, and marks in the
result's figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from experiments.drawing import Mark
from experiments.execution import Result
from experiments.records import Run
from fastmi import InformationPlane

__all__ = ["Analysis", "Rows", "markdown"]

Rows = Sequence[dict[str, Any]]


class Analysis:
    """A frozen record of what it depends on, with these verbs; a third one needs `columns`, `rows`
    and `table`.
    """

    columns: ClassVar[tuple[str, ...]]

    def rows(self, result: Result) -> list[dict[str, Any]]:
        """Of one result, read by one measure: plain values under the names of `columns`; they are a
        file beside its plane.

        Raises:
            ValueError: the result has not what the analysis is made of.
        """
        raise NotImplementedError

    def table(self, run: Run, rows: Rows) -> list[str]:
        """The rows, of one result or of several, as lines of Markdown."""
        raise NotImplementedError

    def lines(self, run: Run, rows: Rows) -> list[str]:
        """The rows as lines for a terminal."""
        return self.table(run, rows)

    def page(self, run: Run, rows: Rows, command: str) -> str:
        """The rows as a Markdown page that `command` writes."""
        head = [f"# `{run.name}`", "", f"Written by `{command}`; not edited by hand.", ""]
        return "\n".join([*head, *self.table(run, rows), ""])

    def marks(self, planes: Sequence[InformationPlane], rows: Rows) -> list[Mark]:
        """Points to be marked in the figure of the result's planes."""
        return []


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
