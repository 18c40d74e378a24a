"""figures.information_plane and figures.save: panels that are none or do not go together.

And text that is no formula, and endings.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fastmi import figures

from .judge import Case, Either, Refused
from .tables import collected, folder, full_device

FILE = (TypeError, ValueError, OSError)


def panel(**given: Any) -> Any:
    return dataclasses.replace(collected().panel(), **given)


def _drawn(name: str, about: str, call: Callable[[], Any], *words: Any) -> Case:
    return Case(name, call, Refused(*words or (about,)), f"figures.information_plane({about})")


def _saved(name: str, path: Callable[[], Any], *words: Any) -> Case:
    def call() -> Any:
        figures.save(figures.information_plane([panel()]), path())
        return sorted(os.listdir("."))

    return Case(f"save: {name}", call, Refused(*words, kind=FILE), "figures.save(path)")


REFUSED = [
    *(
        _drawn(
            f"panels {value!r:.20}", "panels", lambda value=value: figures.information_plane(value)
        )
        for value in ([], None, 3, "ab", [3], [None], [[]], [[], []], {}, [[3]], ["a"])
    ),
    _drawn(
        "one panel without a list",
        "panels",
        lambda: figures.information_plane(panel()),
        "panels",
        "list",
    ),
    _drawn(
        "a table, no panel",
        "panels",
        lambda: figures.information_plane([collected()]),
        "panels",
        "panel",
    ),
    _drawn(
        "rows of other lengths",
        "panels",
        lambda: figures.information_plane([[panel()], [panel()] * 2], rows=["a", "b"]),
        "panels",
        "rows",
    ),
    _drawn(
        "rows without names",
        "rows",
        lambda: figures.information_plane([[panel()], [panel()]]),
        "rows",
    ),
    _drawn(
        "a name too many",
        "rows",
        lambda: figures.information_plane([[panel()]], rows=["a", "b"]),
        "rows",
        "2",
    ),
    *(
        _drawn(
            f"rows {rows!r}",
            "rows",
            lambda rows=rows: figures.information_plane([[panel()], [panel()]], rows=rows),
        )
        for rows in (3, "ab", None)
    ),
    *(
        _drawn(
            f"color {color!r}",
            "color",
            lambda color=color: figures.information_plane([panel()], color=color),
            "color",
            "'layer'",
            "'epoch'",
        )
        for color in ("red", "", None, 3, ["layer"])
    ),
    *(
        _drawn(
            f"title {title!r}",
            "title",
            lambda title=title: figures.information_plane([panel()], title=title),
        )
        for title in (3, ["a"], b"a")
    ),
    _drawn(
        "a panel with NaN",
        "panels",
        lambda: figures.information_plane([panel(i_xt=np.full((2, 1), np.nan))]),
        ("i_xt", "panels"),
        ("nan", "finite"),
    ),
    _drawn(
        "a panel of another shape",
        "panels",
        lambda: figures.information_plane([panel(i_xt=np.zeros((3, 1)))]),
        ("i_xt", "panels"),
        "(3, 1)",
    ),
    _drawn(
        "a panel of more layers than columns",
        "panels",
        lambda: figures.information_plane([panel(layers=("a", "b"))]),
        ("layers", "i_xt", "panels"),
    ),
    _drawn(
        "a spread of one coordinate",
        "panels",
        lambda: panel(spread_xt=np.zeros((2, 1))),
        "spread_xt",
        "spread_ty",
        "both",
    ),
    _drawn(
        "a negative spread",
        "panels",
        lambda: panel(spread_xt=np.full((2, 1), -1.0), spread_ty=np.zeros((2, 1))),
        "spread_xt",
        "negative",
    ),
    *(
        Case(
            f"save: a figure that is {value!r:.20}",
            lambda value=value: figures.save(value, "plane.png"),
            Refused("figure", kind=TypeError),
            "figures.save(figure)",
        )
        for value in (None, 3, "figure", Figure)
    ),
    _saved("None", lambda: None, "path"),
    _saved("a number", lambda: 3, "path"),
    _saved("a list", lambda: ["a"], "path"),
    _saved("no name", lambda: ""),
    _saved("an unknown ending", lambda: "plane.xyz", "xyz", ("png", "svg", "pdf")),
    _saved("an ending that is no figure's", lambda: "plane.csv", "csv", ("png", "svg", "pdf")),
    _saved("no such folder", lambda: "nowhere/plane.png", "nowhere", ("folder", "directory")),
    _saved("a folder", lambda: os.rename(folder(), "plane.png") or "plane.png", "plane.png"),
    _saved("below a file", lambda: Path("file").write_text("x") and "file/plane.png", "file"),
    _saved("a name that is too long", lambda: "x" * 300 + ".png", "cannot be written"),
]


def _same_bytes(ending: str) -> bool:
    for name in ("one", "two"):
        figures.save(figures.information_plane([panel()], title="a title"), f"{name}.{ending}")
    return (
        Path(f"one.{ending}").read_bytes() == Path(f"two.{ending}").read_bytes()
        and len(os.listdir(".")) == 2
    )


def _long() -> list[int]:
    figures.save(figures.information_plane([panel()]), "x" * 245 + ".png")
    return [len(name) for name in os.listdir(".")]


def _through_a_link() -> list[Any]:
    Path("real.png").write_bytes(b"old")
    os.symlink("real.png", "link.png")
    figures.save(figures.information_plane([panel()]), "link.png")
    return [os.path.islink("link.png"), Path("real.png").stat().st_size > 5000]


RIGHT = [
    Case(
        "other layers",
        lambda: len(figures.information_plane([panel(), panel(layers=("b",))]).axes),
        2,
    ),
    *(
        Case(f"the same bytes twice: {ending}", lambda ending=ending: _same_bytes(ending), True)
        for ending in ("png", "svg", "pdf")
    ),
    Case(
        "without an ending",
        lambda: [figures.save(figures.information_plane([panel()]), "plane"), os.listdir(".")][1],
        ["plane.png"],
    ),
    Case("a name of 249 letters", _long, [249]),
    Case("a link is followed", _through_a_link, [True, True]),
    *(
        Case(f"{where} {text!r:.20}", lambda where=where, text=text: _with_text(where, text), None)
        for where in ("title", "caption", "row", "layer", "heading")
        for text in ("$", "$x", "a_{b", "$\\frac$", "\\", "%", "é\n$")
    ),
    Case(
        "no bits at all",
        lambda: figures.save(
            figures.information_plane(
                [panel(i_xt=np.zeros((2, 1)), i_ty=np.zeros((2, 1)), ceiling_x=0.0, ceiling_y=0.0)]
            ),
            "p.png",
        ),
        None,
    ),
    Case(
        "huge epochs",
        lambda: figures.save(
            figures.information_plane([panel(epochs=np.array([0, 2**62]))], color="epoch"), "p.png"
        ),
        None,
    ),
    Case(
        "epoch 0 alone",
        lambda: figures.save(
            figures.information_plane([panel(epochs=np.array([0, 0]))], color="epoch"), "p.png"
        ),
        None,
    ),
    Case(
        "the device that is full",
        lambda: figures.save(figures.information_plane([panel()]), full_device("full.png")),
        Either(None, Refused(kind=OSError)),
    ),
]


def _with_text(where: str, text: str) -> None:
    made = panel(
        **(
            {"caption": text}
            if where == "caption"
            else (
                {"layers": (text,)}
                if where == "layer"
                else {"title": text}
                if where == "heading"
                else {}
            )
        )
    )
    rows = {"rows": [text, text + "2"]} if where == "row" else {}
    grid = [[made], [made]] if where == "row" else [made]
    figures.save(
        figures.information_plane(grid, title=text if where == "title" else "", **rows), "plane.png"
    )


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *RIGHT]
