"""a page -> its HTML: text that is escaped, data and Plotly packed, a script that draws them."""

from __future__ import annotations

import base64
import gzip
import html as markup
import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastmi import files
from fastmi.pages.records import Page, Renewal, View, numbers

if TYPE_CHECKING:
    from fastmi.figures import UnitMap

__all__ = ["check_plotly", "html", "write"]

HERE = Path(__file__).parent
LONG = 90  # letters, of words that take a line for themselves
MARK = re.compile("<!--([a-z]+)-->")  # in page.html: what stands in its place
# of matplotlib's marks: Plotly's symbol, and a letter for the names of layers
SYMBOLS = {
    "o": ("circle", "●"),
    "s": ("square", "■"),
    "^": ("triangle-up", "▲"),
    "D": ("diamond", "◆"),
    "v": ("triangle-down", "▼"),
    "P": ("cross", "✚"),
    "X": ("x", "✖"),
}


def write(path: str | os.PathLike[str], text: str) -> None:
    """Writes the text of a page, whole or not at all.

    Raises:
        TypeError, ValueError: path names no file.
        FileNotFoundError, OSError: it cannot be written.
    """
    with files.replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def html(page: Page, renewal: Renewal | None = None) -> str:
    """Makes the text of the file: the same page gives the same bytes.

    Args:
        page: what it shows. renewal: how a browser reads the file again, while it is still
            written; None is never.

    Raises:
        ImportError: Plotly is not installed.
    """
    plotly, version = _plotly()
    parts = {
        "title": markup.escape(page.title),
        "renewal": "" if renewal is None else _renewal(renewal),
        "style": (HERE / "page.css").read_text(encoding="utf-8"),
        "warnings": _warnings(page.warnings),
        "card": _listed(page.card),
        "notes": f"<h2>Notes</h2>{_listed(page.notes)}" if page.notes else "",
        "version": markup.escape(version),
        "plotly": plotly,
        "data": _packed(json.dumps(_data(page), ensure_ascii=False, separators=(",", ":"))),
        "script": (HERE / "page.js").read_text(encoding="utf-8"),
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    return MARK.sub(lambda mark: parts[mark[1]], template)


@cache
def _plotly() -> tuple[str, str]:
    """Packs Plotly's JavaScript, once for a process, and gives its version."""
    try:
        from plotly.offline import get_plotlyjs, get_plotlyjs_version
    except ImportError as error:
        raise ImportError(
            "Plotly is not installed, whose JavaScript draws the page: install fastmi with its "
            "extra, fastmi[report], or pip install 'plotly>=6'"
        ) from error
    return _packed(get_plotlyjs()), get_plotlyjs_version()


def check_plotly() -> None:
    """Raises ImportError, naming the extra, where Plotly is not installed."""
    _plotly()


def _packed(text: str) -> str:
    """Packs text in letters that no HTML ends at; without a date, so that it repeats itself."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _renewal(renewal: Renewal) -> str:
    told = " ".join(f'data-{name}="{number}"' for name, number in renewal._asdict().items())
    return f'<meta name="renewal" {told}>'


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    lines = "".join(f"<li>{markup.escape(line)}</li>" for line in warnings)
    return (
        '<section class="warnings" aria-labelledby="first"><h2 id="first">Before you look</h2>'
        f"<ul>{lines}</ul></section>"
    )


def _listed(card: Mapping[str, str]) -> str:
    lines = "".join(
        f"<div{' class=long' if len(words) > LONG else ''}><dt>{markup.escape(name)}</dt>"
        f"<dd>{markup.escape(words)}</dd></div>"
        for name, words in card.items()
    )
    return f'<dl class="card">{lines}</dl>' if lines else ""


def _data(page: Page) -> dict[str, Any]:
    """Gives all that the script draws, as plain values; layers before steps, as it draws them."""
    from fastmi import figures

    looks = [figures.look(i) for i in range(len(page.layers))]
    return {
        "switches": [{"name": name, "values": of} for name, of in page.switches.items()],
        "layers": [
            {"name": name, "color": shade, "symbol": SYMBOLS[mark][0], "glyph": SYMBOLS[mark][1]}
            for name, (shade, mark) in zip(page.layers, looks, strict=True)
        ],
        "columns": [column._asdict() for column in page.columns],
        "views": [_view(view, page.layers, list(page.switches)) for view in page.views],
        "curves": [
            {
                "seed": seed,
                "name": curve.name,
                "sample": curve.sample,
                "steps": numbers(curve.steps),
                "values": numbers(curve.values),
            }
            for seed, curve in page.curves
        ],
        "units": [{"layer": name, **_units(drawn)} for name, drawn in page.units.items()],
    }


def _view(view: View, layers: Sequence[str], switches: Sequence[str]) -> dict[str, Any]:
    return {
        "choice": [view.choice[name] for name in switches],
        "steps": numbers(view.steps),
        "layers": [layers.index(name) for name in view.layers],
        "columns": {name: numbers(column.T) for name, column in view.columns.items()},
        "spread": {name: numbers(column.T) for name, column in view.spread.items()},
        "reasons": [list(lines) for lines in zip(*view.reasons, strict=True)],
        "ceilings": numbers(view.ceilings),
        "caption": view.caption,
        "absent": view.absent,
    }


def _units(drawn: UnitMap) -> dict[str, Any]:
    return {
        "units": numbers(drawn.units),
        "classes": list(drawn.classes),
        "of_classes": numbers(drawn.of_classes.T),
        "i_ty": numbers(drawn.i_ty),
        "chance": None if drawn.chance is None else numbers(drawn.chance),
        "lower": None if drawn.lower is None else numbers(drawn.lower),
        "ceiling": drawn.ceiling,
        "caption": drawn.caption,
    }
