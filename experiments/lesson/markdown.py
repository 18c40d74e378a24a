"""tables of planes -> Markdown: a row for each layer after the last epoch."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from fastmi import InformationPlane
from fastmi.points import Points

from ..analyses.analysis import markdown

__all__ = ["bits", "end", "ends", "listed", "text", "words"]

# header of a column -> what stands above it here, and how its numbers are written
COLUMNS = {
    "n_symbols": ("codes", ",.0f"),
    "coverage": ("coverage", ".3f"),
    "pair_coverage": ("pair coverage", ".3f"),
    "outside": ("outside", ".0%"),
    "i_xt_bits": ("I(X;T)", ".2f"),
    "growth_bits": ("growth", ".2f"),
    "i_ty_bits": ("I(T;Y)", ".3f"),
    "chance_bits": ("chance", ".3f"),
    "mean_lower_bits": ("mean_lower", ".3f"),
    "mean_upper_bits": ("mean_upper", ".3f"),
    "verdict": ("verdict", ""),
    "verdict_xt": ("verdict of I(X;T)", ""),
}
COLUMNS_WIDE = 100
AT_SPACES: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
KEPT = ("#", "|", "!", ">", "- ", "1. ")  # begin what is no paragraph
HEADERS = {column.name: column.header for column in Points.columns()}


def end(plane: InformationPlane, column: str) -> dict[str, Any]:
    """Takes a column of each layer after the last epoch, of one path: numbers, or words."""
    last = list(plane.rows())[-len(plane.layers) :]
    return {row["layer"]: row[HEADERS[column]] for row in last}


def ends(plane: InformationPlane, columns: Sequence[str], first: str = "layer") -> list[str]:
    """Tabulates columns of each layer after the last epoch, of one path."""
    found = {HEADERS[name]: end(plane, name) for name in columns}
    head = [first, *(COLUMNS[header][0] for header in found)]
    return markdown(
        head,
        [
            [layer, *(bits(of[layer], COLUMNS[header][1]) for header, of in found.items())]
            for layer in plane.layers
        ],
    )


def bits(value: Any, form: str = ".3f") -> str:
    """Writes a number, or a word as it is."""
    if isinstance(value, str):
        return value
    text = f"{value:{form}}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def listed(names: Sequence[str], none: str = "no layer") -> str:
    """Lists names: "layer 1, layer 2 and layer 3"."""
    if not names:
        return none
    names = ["the output" if name == "output" else name for name in names]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def words(plane: InformationPlane, *verdicts: str) -> list[str]:
    """Lists the layers that have one of these verdicts after the last epoch."""
    return [layer for layer, word in end(plane, "verdict").items() if word in verdicts]


def text(template: str, **values: Any) -> str:
    """Fills in values, tables as their lines, and wraps the paragraphs."""
    filled = template.format(
        **{
            name: "\n".join(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
    )
    paragraphs = (paragraph.strip() for paragraph in filled.split("\n\n"))
    return "\n\n".join(
        paragraph if paragraph.startswith(KEPT) else fill(paragraph, COLUMNS_WIDE, **AT_SPACES)
        for paragraph in paragraphs
    )
