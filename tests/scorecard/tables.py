"""InformationPlane and the files that it writes: columns that fit no epoch.

And numbers that are no bits, places for no file.
"""

from __future__ import annotations

import dataclasses
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fastmi
from fastmi import tables

from .judge import Case, Either, Holds, Refused, SkipCase, Surfaced
from .planes import COPIES, WHO, plane

FILE = (TypeError, ValueError, OSError)


def points(n_epochs: int = 2) -> Any:
    return plane().readings(np.stack([COPIES] * n_epochs))["each"]


def collected(**given: Any) -> Any:
    estimator, batches = given.pop("estimator", None) or plane(), given.pop("points", None)
    known = {"epochs": [0, 1], "layers": ["first"]}
    return fastmi.InformationPlane.collect(
        estimator, [points()] if batches is None else batches, **known | given
    )


def direct(**given: Any) -> Any:
    """Calls the constructor itself, some fields changed."""
    table = collected()
    columns = {name: given.pop(name) for name in list(given) if name in table.points.present}
    return dataclasses.replace(table, points=dataclasses.replace(table.points, **columns), **given)


def _column(value: Any) -> Any:
    column = collected().i_xt.copy()
    column[0, 0, 0] = value
    return column


def _collect(
    name: str, about: str, *words: Any, kind: Any = (TypeError, ValueError), **given: Any
) -> Case:
    return Case(
        name,
        lambda: collected(**given),
        Refused(*words or (about,), kind=kind),
        f"InformationPlane.collect({about})",
    )


def _text(
    name: str, about: str, call: Callable[[], Any], method: str = "InformationPlane.collect"
) -> Case:
    """Expects that what is no text becomes one, or is refused.

    Either way what is drawn and saved later is text.
    """
    expected = Either(Holds("text", lambda made: _is_text(getattr(made, about))), Refused(about))
    return Case(name, call, expected, f"{method}({about})")


def _is_text(value: Any) -> bool:
    return (
        all(isinstance(line, str) for line in value)
        if isinstance(value, tuple)
        else isinstance(value, str)
    )


def _direct(name: str, about: str, make: Callable[[], Any], *words: Any) -> Case:
    return Case(
        name,
        lambda: direct(**{about: make()}),
        Refused(about, *words),
        f"InformationPlane({about})",
    )


class Estimator:
    """Looks like an estimator of another n."""

    n_samples, entropy_x, entropy_y, binning = 7, 1.0, 1.0, "bins"


COLLECTED = [
    *(
        _collect(f"estimator {value!r:.20}", "estimator", "estimator", estimator=value)
        for value in (3, "plane", fastmi.PlaneEstimator)
    ),
    *(
        _collect(f"points {value!r:.20}", "points", points=value)
        for value in ([], 3, "points", [3], [None], {}, [np.zeros((2, 1))])
    ),
    _collect("points without a list", "points", "points", "list", points=points()),
    _collect(
        "points of other layers",
        "points",
        points=[points(), plane().readings([COPIES[None], COPIES[None]])["each"]],
    ),
    Case(
        "points of another n",
        lambda: collected(
            estimator=fastmi.PlaneEstimator(np.arange(7), np.arange(7) % 2, plane().binning)
        ),
        Either(Refused("points", ("n_samples", "samples", "estimator"))),
        "InformationPlane.collect(estimator points)",
    ),
    *(
        _collect(f"epochs {epochs!r:.30}", "epochs", epochs=epochs)
        for epochs in (
            [0],
            [0, 1, 2],
            [0.5, 1],
            [0.0, 1.0],
            ["0", "1"],
            -1,
            [-1, 0],
            [0, 0],
            [1, 0],
            None,
            "01",
            [[0, 1]],
            [0, np.nan],
            [True, False],
            3,
            [0, 10**20],
        )
    ),
    *(
        _collect(f"layers {layers!r:.30}", "layers", layers=layers)
        for layers in ("a", [], ["a", "b"], None, 3, {"a": 1, "b": 2})
    ),
    *(
        _text(f"layers {layers!r}", "layers", lambda layers=layers: collected(layers=layers))
        for layers in ([None], [3], [b"a"])
    ),
    *(
        _collect(f"reading {reading!r}", "reading", "reading", "'each'", reading=reading)
        for reading in ("total", "", None, 3, ["each"])
    ),
    *(
        _collect(f"n_copies {n!r}", "n_copies", "n_copies", repr(n), n_copies=n)
        for n in (-5, 0, 1.5, "3", True, float("nan"))
    ),
    *(
        _text(f"data {value!r}", "data", lambda value=value: collected(data=value))
        for value in (3, None, ["a"], b"a")
    ),
    *(
        _text(f"sample {value!r}", "sample", lambda value=value: collected(sample=value))
        for value in (3, None, ["a"], b"a")
    ),
    *(
        _collect(f"seed {value!r}", "seed", seed=value)
        for value in (1.5, "0", None, -1, True, [0], float("nan"))
    ),
]

CONSTRUCTED = [
    *(
        _direct(f"{name} {kind}", name, make, *words)
        for name in ("i_xt", "i_ty")
        for kind, make, words in (
            ("NaN", lambda: _column(np.nan), ("nan",)),
            ("infinite", lambda: _column(np.inf), ("inf",)),
            ("negative", lambda: _column(-0.5), ("-0.5",)),
            ("of another shape", lambda: np.zeros((1, 3, 1)), ("(1, 3, 1)",)),
            ("words", lambda: np.full((2, 3, 1), "a"), ()),
            ("objects", lambda: np.full((2, 3, 1), None), ()),
            ("complex", lambda: np.full((2, 3, 1), 1j), ()),
            ("a list", lambda: [[[0.0]] * 3] * 2, ()),
            ("None", lambda: None, ()),
        )
    ),
    *(
        _direct(f"{name} {kind}", name, make)
        for name in ("n_symbols", "coverage", "chance", "outside", "verdict")
        for kind, make in (
            ("NaN", lambda: _column(np.nan)),
            ("negative", lambda: _column(-1.0)),
            ("words", lambda: np.full((2, 3, 1), "a")),
            ("of another shape", lambda: np.zeros((2, 1, 1))),
        )
    ),
    _direct("coverage above 1", "coverage", lambda: _column(1.5), "1.5"),
    *(
        _direct(f"epochs {kind}", "epochs", make)
        for kind, make in (
            ("of fractions", lambda: np.array([0.5, 1.0])),
            ("of words", lambda: np.array(["0", "1"])),
            ("negative", lambda: np.array([-1, 0])),
            ("twice", lambda: np.array([1, 1])),
            ("too few", lambda: np.array([0])),
            ("None", lambda: None),
        )
    ),
    *(
        _direct(f"layers {layers!r}", "layers", lambda layers=layers: layers)
        for layers in ("a", ("a", "b"), None, 3)
    ),
    *(
        _direct(f"n_samples {n!r}", "n_samples", lambda n=n: n)
        for n in (0, -1, 1.5, "6", None, float("nan"))
    ),
    *(
        _direct(f"{name} {h!r}", name, lambda h=h: h)
        for name in ("entropy_x", "entropy_y")
        for h in (-1.0, float("nan"), "1", None, float("inf"))
    ),
    *(_direct(f"n_copies {n!r}", "n_copies", lambda n=n: n) for n in (0, -1, 1.5, "3", None)),
    *(_direct(f"reading {r!r}", "reading", lambda r=r: r) for r in ("total", None, 3)),
    *(
        _text(f"{name} {v!r}", name, lambda name=name, v=v: direct(**{name: v}), "InformationPlane")
        for name in ("data", "binning", "sample")
        for v in (3, None)
    ),
    *(_direct(f"seed {v!r}", "seed", lambda v=v: v) for v in (1.5, "0", None, -1)),
]


def _write(
    name: str,
    method: str,
    call: Callable[[Any], Any],
    path: Callable[[], Any],
    *words: Any,
    kind: Any = FILE,
    left: bool = True,
) -> Case:
    """Expects the error, once it was seen that nothing new lies in the folder."""

    def tried() -> Any:
        made = path()
        before = sorted(os.listdir("."))
        try:
            call(made)
        except Exception:
            if left and sorted(os.listdir(".")) != before:
                raise Surfaced(f"left behind: {set(os.listdir('.')) - set(before)}") from None
            raise
        return "written"

    return Case(f"{method}: {name}", tried, Refused(*words, kind=kind), f"{method}(path)")


WRITERS: dict[str, Callable[[Any], Any]] = {
    "InformationPlane.to_csv": lambda path: collected().to_csv(path),
    "InformationPlane.save": lambda path: collected().save(path),
    "tables.save_planes": lambda path: tables.save_planes(path, [collected()]),
    "tables.write_csv": lambda path: tables.write_csv(path, [collected()]),
}


def folder() -> str:
    os.mkdir("folder")
    return "folder"


def device(name: str, number: int) -> str:
    """Makes a device in the case's folder: what fails here must not replace the machine's."""
    try:
        os.mknod(name, stat.S_IFCHR | 0o666, os.makedev(1, number))
    except (AttributeError, OSError) as error:
        raise SkipCase(f"no device can be made here: {error}") from None
    return name


def full_device(name: str = "full") -> str:
    return device(name, 7)


def loop() -> str:
    os.symlink("loop", "loop")
    return "loop"


def below_a_file() -> str:
    Path("file").write_text("x")
    return "file/plane"


WRITTEN = [
    *(
        _write(name, method, call, path, *words)
        for method, call in WRITERS.items()
        for name, path, words in (
            ("no such folder", lambda: "nowhere/plane", ("nowhere", ("folder", "directory"))),
            ("a folder", folder, ("folder",)),
            ("below a file", below_a_file, ("file",)),
            ("a link to itself", loop, ("loop",)),
            ("a full disk", full_device, ("full", "cannot be written")),
            ("None", lambda: None, ("path",)),
            ("a number", lambda: 3.5, ("path",)),
            ("a list", lambda: ["plane"], ("path",)),
            ("no name", lambda: "", ()),
            ("a NUL in the name", lambda: "pla\0ne", ()),
            ("a name that is too long", lambda: "x" * 300, ("cannot be written",)),
        )
    ),
    *(
        Case(
            f"{name}: {planes!r:.20}",
            lambda call=call, planes=planes: call(planes),
            Refused("planes"),
            f"{name}(planes)",
        )
        for name, call in (
            ("tables.save_planes", lambda planes: tables.save_planes("plane.npz", planes)),
            ("tables.write_csv", lambda planes: tables.write_csv("plane.csv", planes)),
            ("tables.panel", lambda planes: tables.panel(planes)),
        )
        for planes in ([], [None], None, 3, "ab", ["plane"], {1: 2})
    ),
    Case(
        "tables.save_planes: one without a list",
        lambda: tables.save_planes("p.npz", collected()),
        Refused("planes", "list"),
        "tables.save_planes(planes)",
    ),
    Case(
        "tables.write_csv: one without a list",
        lambda: tables.write_csv("p.csv", collected()),
        Refused("planes", "list"),
        "tables.write_csv(planes)",
    ),
    Case(
        "tables.panel: one without a list",
        lambda: tables.panel(collected()),
        Refused("planes", "list"),
        "tables.panel(planes)",
    ),
    *(
        Case(
            f"tables.panel: another {name}",
            lambda change=change: tables.panel(
                [collected(), dataclasses.replace(collected(), **change)]
            ),
            Refused("planes", word),
            "tables.panel(planes)",
        )
        for name, change, word in (
            ("epochs", {"epochs": np.array([0, 2]), "seed": 1}, "epochs"),
            ("data", {"data": "other", "seed": 1}, "data"),
            ("binning", {"binning": "other", "seed": 1}, "binning"),
            ("reading", {"reading": "mean", "seed": 1}, "reading"),
            ("seed that is the same", {}, "seed 0"),
        )
    ),
    *(
        Case(
            f"plot: color {color!r}",
            lambda color=color: collected().plot(color=color),
            Refused("color", "'layer'", "'epoch'"),
            "InformationPlane.plot(color)",
        )
        for color in ("red", "", None, 3, ["layer"])
    ),
    *(
        Case(
            f"{method}: over {over!r}",
            lambda method=method, over=over: getattr(collected(), method)(over=over),
            Refused("over", "'plane'", "'epoch'"),
            f"InformationPlane.{method}(over)",
        )
        for method in ("plot", "panel")
        for over in ("epochs", None, 3)
    ),
]


def _rows(path: str) -> int:
    return len(Path(path).read_text(encoding="utf-8").splitlines())


def _linked() -> Any:
    Path("real.csv").write_text("old")
    os.symlink("real.csv", "link.csv")
    collected().to_csv("link.csv")
    return os.path.islink("link.csv"), _rows("real.csv")


def _mode() -> int:
    Path("plane.csv").write_text("old")
    os.chmod("plane.csv", 0o600)
    collected().to_csv("plane.csv")
    return stat.S_IMODE(os.stat("plane.csv").st_mode)


def _piped() -> Any:
    os.mkfifo("pipe")
    heard = []
    reader = threading.Thread(
        target=lambda: heard.append(len(Path("pipe").read_text().splitlines())), daemon=True
    )
    reader.start()
    collected().to_csv("pipe")
    reader.join(5)
    return heard, stat.S_ISFIFO(os.stat("pipe").st_mode)


def _cut_off() -> Any:
    """Limits the file system to a few bytes: what was there is untouched."""
    import resource
    import signal

    Path("plane.csv").write_text("old")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try:
        collected().to_csv("plane.csv")
    except OSError:
        if Path("plane.csv").read_text() != "old" or os.listdir(".") != ["plane.csv"]:
            raise Surfaced(f"left behind: {os.listdir('.')}") from None
        raise
    return "written"


def _saved(**given: Any) -> Any:
    made = direct(**given)
    made.save("plane.npz")
    again = fastmi.InformationPlane.load("plane.npz")
    names = [field.name for field in dataclasses.fields(made) if field.name != "points"]
    same = made.points.present.keys() == again.points.present.keys()
    return same and all(
        np.array_equal(getattr(made, name), getattr(again, name))
        for name in [*names, *made.points.present]
    )


def _long_name(write: Callable[[Any], Any], ending: str) -> list[int]:
    name = "x" * (249 - len(ending)) + ending
    write(name)
    return [len(entry) for entry in os.listdir(".")]


RIGHT = [
    *(
        Case(
            f"a measure without {name}",
            lambda name=name: [row[name] for row in direct(**{name: None}).rows()],
            [""] * 6,
        )
        for name in ("n_symbols", "coverage")
    ),
    Case("a link is followed", _linked, [True, 7]),
    Case("a mode is kept", _mode, 0o600),
    Case("a pipe is written through", _piped, [[7], True], seconds=10),
    Case(
        "no space for all of it",
        _cut_off,
        Refused("plane.csv", "cannot be written", kind=OSError),
        "InformationPlane.to_csv(path)",
    ),
    *(
        Case(
            f"a name of 249 letters: {method}",
            lambda call=call, ending=ending: _long_name(call, ending),
            [249],
        )
        for (method, call), ending in zip(
            WRITERS.items(), (".csv", ".npz", ".npz", ".csv"), strict=True
        )
    ),
    Case("saved and loaded", _saved, True),
    Case("saved with a NumPy seed", lambda: _saved(seed=np.int64(3)), True),
    Case("saved with a NumPy number of samples", lambda: _saved(n_samples=np.int64(6)), True),
    Case(
        "saved with NumPy entropies",
        lambda: _saved(entropy_x=np.float64(1), entropy_y=np.float32(1)),
        True,
    ),
    Case(
        "saved with letters of every kind",
        lambda: _saved(
            layers=("$x_1$ é \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),),
            data="a\n,b\"'\t\0",
        ),
        True,
    ),
    Case(
        "collected with a NumPy seed and saved",
        lambda: collected(seed=np.int64(3)).save("p.npz"),
        None,
    ),
    *(
        Case(
            f"a layer called {name!r:.30} is drawn",
            lambda name=name: collected(layers=[name]).plot().savefig("plane.png"),
            None,
        )
        for name in (
            "$",
            "$x",
            "$\\frac{$",
            "a$b$c",
            "_hidden",
            "\\alpha",
            "é\n",
            "",
            "x" * 500,
            "<b>&",
            "^_{}",
        )
    ),
    Case(
        "data called $x_$ is drawn",
        lambda: collected(data="$x_$").plot().savefig("plane.png"),
        None,
    ),
    Case(
        "one epoch is drawn",
        lambda: collected(epochs=[0], points=[points(1)]).plot(color="epoch").savefig("plane.png"),
        None,
    ),
    Case("its mean", lambda: collected().mean().i_xt.shape, [2, 1, 1]),
    Case("rows", lambda: len(list(collected().rows())), 6),
    Case("one layer has no funnel", lambda: collected().funnel_violations().size, 0),
    Case("to_pandas", lambda: list(collected().to_pandas().columns), list(tables.COLUMNS)),
    Case(
        "sampled points have one path",
        lambda: (
            fastmi.InformationPlane.collect(
                plane(),
                [plane().readings(np.stack([COPIES] * 2), np.stack([WHO] * 2))["sampled"]],
                epochs=[0, 1],
                layers=["a"],
                reading="sampled",
                n_copies=3,
            ).i_xt.shape
        ),
        [2, 1, 1],
    ),
    Case("a large epoch", lambda: collected(epochs=[0, 2**62]).epochs.tolist(), [0, 2**62]),
    Case("a range of epochs", lambda: collected(epochs=range(2)).epochs.tolist(), [0, 1]),
    Case(
        "the text of a CSV",
        lambda: [collected().to_csv("p.csv"), _rows("p.csv")][1],
        Holds("7 lines", lambda n: n == 7),
    ),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*COLLECTED, *CONSTRUCTED, *WRITTEN, *RIGHT]
