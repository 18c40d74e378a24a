"""Pages to look around in: tables, curves and words that are none, and places that are none."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

import fastmi
from fastmi.pages import Curve

from .judge import Case, Holds, Refused, Surfaced
from .tables import below_a_file, collected, folder, full_device

FILE = (TypeError, ValueError, OSError)
EVIL = "</script><img src=x onerror=alert(1)>"


def _refused(
    name: str, about: str, call: Callable[[], Any], *words: Any, kind: Any = (TypeError, ValueError)
) -> Case:
    def tried() -> Any:
        before: list[str] = []
        try:
            before = sorted(os.listdir("."))
            return call()
        except Exception:
            left = set(os.listdir(".")) - set(before) - {"folder", "file", "full"}
            if left:
                raise Surfaced(f"left behind: {left}") from None
            raise

    return Case(name, tried, Refused(*words, kind=kind), about)


def _written(**options: Any) -> Any:
    fastmi.write_html("page.html", collected(), **options)
    with open("page.html", encoding="utf-8") as file:
        return file.read()


def _curve(**given: Any) -> Curve:
    return Curve(**{"name": "loss", "steps": [0, 1], "values": [1.0, 0.5]} | given)


WRITERS: dict[str, Callable[[Any], Any]] = {
    "write_html": lambda path: fastmi.write_html(path, collected()),
    "InformationPlane.to_html": lambda path: collected().to_html(path),
}
REFUSED = [
    *(
        _refused(
            f"{method} to {name}",
            f"{method}(path)",
            lambda call=call, path=path: call(path()),
            *words,
            kind=FILE,
        )
        for method, call in WRITERS.items()
        for name, path, words in (
            ("no such folder", lambda: "nowhere/page.html", ("nowhere", "folder")),
            ("a folder", folder, ("folder",)),
            ("below a file", below_a_file, ("file",)),
            ("a full disk", full_device, ("full", "cannot be written")),
            ("None", lambda: None, ("path",)),
            ("a number", lambda: 3, ("path",)),
            ("no name", lambda: "", ("path",)),
        )
    ),
    *(
        _refused(
            f"write_html of {given!r:.20}",
            "write_html(tables)",
            lambda given=given: fastmi.write_html("page.html", given),
            "tables",
        )
        for given in (None, [], [3], "plane", {1: 2})
    ),
    _refused(
        "one table twice",
        "write_html(tables)",
        lambda: fastmi.write_html("page.html", [collected(), collected()]),
        "seed 0",
        "once",
    ),
    *(
        _refused(
            f"write_html {name}={given!r:.20}",
            f"write_html({name})",
            lambda name=name, given=given: _written(**{name: given}),
            name,
        )
        for name, values in {
            "title": (3, b"page"),
            "curves": (3, [3], "loss", [[0, 1]]),
            "units": (3, {"layer": 3}, {3: None}, [1]),
            "card": (3, {"a": 3}, ["a"], {3: "a"}),
            "notes": (3, {"a": None}, "ab"),
            "warnings": (3, "ab", [3]),
            "refresh": (0, -1, 1.5, "5", True),
        }.items()
        for given in values
    ),
    _refused(
        "to_html title",
        "InformationPlane.to_html(title)",
        lambda: collected().to_html("page.html", title=3),  # type: ignore[arg-type]
        "title",
    ),
    *(
        _refused(
            f"Curve {name} {given!r:.20}",
            f"pages.Curve({name})",
            lambda name=name, given=given: _curve(**{name: given}),
            name,
        )
        for name, values in {
            "name": (3, None),
            "sample": (3, None),
            "seed": (-1, "0", 1.5),
            "steps": ([1, 0], [0.5, 1], [-1, 0], [], 3, "ab", [[0, 1]], [0, 0]),
            "values": ([1], [1, np.inf], ["a", "b"], None, 3),
        }.items()
        for given in values
    ),
]
RIGHT = [
    Case(
        f"a page with {name} that is HTML",
        lambda options=options: _written(**options),
        Holds("no tag of it", lambda text: "<img" not in text and "onerror" in text),
        f"write_html({name})",
    )
    for name, options in {
        "title": {"title": EVIL},
        "card": {"card": {EVIL: EVIL}},
        "notes": {"notes": {EVIL: EVIL}},
        "warnings": {"warnings": [EVIL]},
    }.items()
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *RIGHT]
