"""python -m experiments: every option with what it is not, and folders that are no results.

Runs that are there already, too.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import places
from .judge import ROOT, Case, CommandRefused, Either, Holds, Refused, Surfaced
from .places import SHORT, command, finished, said


def _refused(
    name: str, arguments: Callable[[], Any] | tuple[str, ...], about: str, *words: Any
) -> Case:
    """Expects status 2 and a line, and nothing new in the working directory."""

    def call() -> str:
        given = arguments() if callable(arguments) else arguments
        before = places.contents(".")
        try:
            return command(*given)
        except CommandRefused:
            after = places.contents(".")
            if after != before:
                raise Surfaced(f"left behind: {sorted(set(after) ^ set(before))}") from None
            raise

    return Case(name, call, Refused(*words, kind=CommandRefused), about, seconds=60)


def _run(option: str, *values: str) -> list[Case]:
    return [
        _refused(
            f"run {option} {value!r}",
            ("run", "warm-up", "--epochs", "2", f"{option}={value}"),
            f"run({option})",
            option,
            value[:20],
        )
        for value in values
    ]


NUMBERS = ("0", "-1", "1.5", "ten", "", "1e3", "²", "0x10", "nan")
HUGE = "1000000000"

RUN = [
    _refused("run of no such name", ("run", "tischby"), "run(NAME)", "'tischby'", "tishby", "list"),
    _refused(
        "run of one that is and one that is not", ("run", "warm-up", "nope"), "run(NAME)", "'nope'"
    ),
    _refused("run of nothing", ("run",), "run(NAME)", "NAME"),
    _refused("run of all and another", ("run", "all", "warm-up"), "run(NAME)", "'all'"),
    _refused("run of a path", ("run", "../warm-up"), "run(NAME)", "'../warm-up'"),
    _refused("run of an empty name", ("run", ""), "run(NAME)", "''"),
    *_run("--epochs", *NUMBERS),
    *_run("--copies", *NUMBERS),
    *_run("--seeds", *NUMBERS),
    *_run("--record", *NUMBERS),
    *_run("--seed", "-1", "1.5", "ten", "", "nan"),
    *_run("--init", "equal", "", "SHARED"),
    *(
        _refused(
            f"run {option} {HUGE}",
            ("run", "warm-up", option, HUGE),
            f"run({option})",
            option.lstrip("-"),
            HUGE,
        )
        for option in ("--copies", "--seeds", "--record", "--epochs")
    ),
    _refused(
        "run --copies of 400 digits",
        ("run", "warm-up", "--copies", "9" * 400),
        "run(--copies)",
        "copies",
    ),
    _refused(
        "run --epochs of 5000 digits",
        ("run", "warm-up", "--epochs", "9" * 5000),
        "run(--epochs)",
        "epochs",
    ),
    _refused(
        "run --seed of 5000 digits",
        ("run", "warm-up", "--epochs", "2", "--seed", "9" * 5000),
        "run(--seed)",
        "seed",
    ),
    *_run("--device", "gpu", "meta", "", "cpu:x", "tpu"),
    _refused(
        "run --device cuda, without one",
        ("run", "warm-up", "--epochs", "2", "--device", "cuda:7"),
        "run(--device)",
        "device",
        "cuda:7",
    ),
    _refused(
        "run --out of nothing",
        ("run", "warm-up", "--epochs", "2", "--out", ""),
        "run(--out)",
        "out",
    ),
    _refused(
        "run --out of a file",
        lambda: ("run", "warm-up", "--epochs", "2", "--out", _file()),
        "run(--out)",
        "out",
        "file",
    ),
    _refused(
        "run --out below a file",
        lambda: ("run", "warm-up", "--epochs", "2", "--out", _file() + "/x"),
        "run(--out)",
        "out",
        "file",
    ),
    _refused(
        "run --out with a name that is too long",
        ("run", "warm-up", "--epochs", "2", "--out", "x" * 300),
        "run(--out)",
        "out",
    ),
    _refused(
        "run --out with a NUL",
        ("run", "warm-up", "--epochs", "2", "--out", "a\0b"),
        "run(--out)",
        "out",
    ),
    *(
        _refused(
            f"run --mnist {value!r}", ("run", "mnist", "--mnist", value), "run(--mnist)", "mnist"
        )
        for value in ("nowhere", "", "/dev/null", ".")
    ),
    _refused(
        "run --shuffle-labels with a value",
        ("run", "warm-up", "--shuffle-labels=yes"),
        "run(--shuffle-labels)",
        "--shuffle-labels",
    ),
    _refused("run --live with a value", ("run", "warm-up", "--live=yes"), "run(--live)", "--live"),
    _refused(
        "an option that there is not",
        ("run", "warm-up", "--epoch-length", "3"),
        "run(NAME)",
        "--epoch-length",
    ),
    _refused("no command", (), "", "COMMAND"),
    _refused("no such command", ("runs",), "", "'runs'", "run"),
    _refused("list with a name", ("list", "warm-up"), "", "warm-up"),
]


def _file() -> str:
    Path("file").write_text("precious")
    return "file"


def _without_mnist() -> list[Any]:
    """Runs without MNIST.

    Returns the status, whether the line names all ways to supply it, and whether a traceback was
    shown.
    """
    os.environ.pop("FASTMI_MNIST", None)
    os.environ["SCIKIT_LEARN_DATA"] = os.path.abspath("cache")
    status, _, err = said("run", "mnist")
    return [
        status,
        all(way in err for way in ("--mnist", "FASTMI_MNIST", "--download", "'digits'")),
        "Traceback" in err,
    ]


def _again() -> tuple[str, ...]:
    finished()
    return SHORT


def _unfinished() -> tuple[str, ...]:
    """Leaves a run that has come to a checkpoint, and no further."""
    folder = finished()
    unfinished = folder.with_name(folder.name + ".part")
    shutil.copytree(folder / "snapshots", unfinished / "snapshots")
    shutil.rmtree(folder)
    return SHORT


AGAIN = [
    _refused("run of a finished id", _again, "run(NAME)", "results", "--force", "--resume"),
    _refused("run of an unfinished id", _unfinished, "run(NAME)", ".part", "--resume"),
    _refused(
        "run with attempts that are a file",
        lambda: _attempts(None),
        "run(--out) file(ledger)",
        "attempts",
        "written",
        "--out",
    ),
    Case(
        "run with a damaged attempt",
        lambda: _status(*_attempts("{")),
        (0, False),
        "run(--out) file(ledger)",
        seconds=60,
    ),
    *(
        Case(
            f"run with a ledger {name}",
            lambda content=content: _status(*_ledger(content)),
            (0, False),
            "file(ledger)",
            seconds=60,
        )
        for name, content in (
            ("that is none", "a,b\n1,2\n"),
            ("of bytes", bytes(range(256))),
            ("that is a folder", None),
        )
    ),
    Case(
        "run with an empty ledger",
        lambda: _status(*_ledger("")),
        (0, False),
        "run(--out) file(ledger)",
        seconds=60,
    ),
]


def _ledger(content: str | bytes | None) -> tuple[str, ...]:
    Path("results").mkdir()
    path = Path("results/runs.csv")
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return SHORT


def _attempts(content: str | None) -> tuple[str, ...]:
    """Writes a file where the attempts would lie, or among them."""
    path = Path(
        "results/attempts/20260101T000000.000000Z-x-00.json"
        if content is not None
        else "results/attempts"
    )
    path.parent.mkdir(parents=True)
    path.write_text(content or "")
    return SHORT


def _with_result(*arguments: str) -> Callable[[], tuple[str, ...]]:
    """Puts the folder of a finished run in place of RESULT."""
    return lambda: tuple(
        str(folder) if word == "RESULT" else word for folder in [finished()] for word in arguments
    )


ESTIMATE = [
    *(
        _refused(
            f"estimate --edges {' '.join(edges)}",
            _with_result("estimate", "RESULT", "--edges", *edges),
            "estimate(--edges)",
            "edges",
        )
        for edges in (
            ("1", "-1", "9"),
            ("0", "0", "9"),
            ("0", "1", "1"),
            ("0", "1", "0"),
            ("0", "1", "2.5"),
            ("a", "1", "9"),
            ("nan", "1", "9"),
            ("0", "inf", "9"),
            ("0", "1e300", "9"),
            ("0", "1", "10000000000"),
            ("0", "1", "70000000"),
            ("0", "1", "9" * 5000),
            ("1", "1.0000001", "9"),
            ("0", "1"),
        )
    ),
    _refused(
        "estimate without --edges",
        _with_result("estimate", "RESULT"),
        "estimate(--edges)",
        "--edges",
    ),
    _refused(
        "estimate of nothing", ("estimate", "--edges", "-1", "1", "9"), "estimate(RESULT)", "RESULT"
    ),
    _refused(
        "estimate of no folder",
        ("estimate", "nowhere", "--edges", "-1", "1", "9"),
        "estimate(RESULT)",
        "RESULT",
        "nowhere",
    ),
    _refused(
        "estimate of a file",
        lambda: ("estimate", _file(), "--edges", "-1", "1", "9"),
        "estimate(RESULT)",
        "RESULT",
        "file",
    ),
    _refused(
        "estimate of this folder",
        ("estimate", ".", "--edges", "-1", "1", "9"),
        "estimate(RESULT)",
        "RESULT",
    ),
    _refused(
        "draw --over",
        _with_result("draw", "RESULT", "--over", "epochs"),
        "draw(--over)",
        "epochs",
    ),
    _refused(
        "estimate --measure",
        _with_result("estimate", "RESULT", "--measure", "probing"),
        "estimate(--measure)",
        "probing",
    ),
    _refused(
        "estimate --out-of-range",
        _with_result("estimate", "RESULT", "--edges", "-1", "1", "9", "--out-of-range", "fold"),
        "estimate(--out-of-range)",
        "fold",
    ),
    _refused(
        "estimate --device",
        _with_result("estimate", "RESULT", "--edges", "-1", "1", "9", "--device", "meta"),
        "estimate(--device)",
        "device",
        "meta",
    ),
    _refused(
        "estimate --mnist",
        _with_result("estimate", "RESULT", "--edges", "-1", "1", "9", "--mnist", "nowhere"),
        "estimate(--mnist)",
        "nowhere",
        "mnist",
    ),
    _refused(
        "estimate --out of nothing",
        _with_result("estimate", "RESULT", "--edges", "-1", "1", "9", "--out", ""),
        "estimate(--out)",
        "out",
    ),
    _refused(
        "estimate --out of a file",
        lambda: (
            *_with_result("estimate", "RESULT", "--edges", "-1", "1", "9", "--out")(),
            _file(),
        ),
        "estimate(--out)",
        "out",
        "file",
    ),
    _refused(
        "estimate with the run's own edges",
        _with_result("estimate", "RESULT", "--edges", "-1", "1", "50"),
        "estimate(--edges)",
        "--edges",
    ),
    _refused(
        "estimate under a rule that finds outsiders",
        _with_result(
            "estimate", "RESULT", "--edges", "-0.1", "0.1", "9", "--out-of-range", "raise"
        ),
        "estimate(--out-of-range)",
        "outside",
    ),
]

REPORT = [
    _refused("report of nothing", ("report",), "report(RESULT)", "RESULT"),
    _refused("report of no folder", ("report", "nowhere"), "report(RESULT)", "RESULT", "nowhere"),
    _refused("report of a file", lambda: ("report", _file()), "report(RESULT)", "RESULT", "file"),
    _refused(
        "report of other runs",
        lambda: ("report", str(finished()), str(finished("copies"))),
        "report(RESULT)",
        "RESULT",
        "another run",
    ),
    _refused(
        "report of a result twice",
        lambda: ("report", *[str(finished())] * 2),
        "report(RESULT)",
        "RESULT",
        "twice",
    ),
    _refused(
        "report --out of another ending",
        _with_result("report", "RESULT", "--out", "plane.csv"),
        "report(--out)",
        "out",
        ".html",
    ),
    _refused(
        "report --out of a folder",
        lambda: (*_with_result("report", "RESULT", "--out")(), _folder("page.html")),
        "report(--out)",
        "out",
        "folder",
    ),
    _refused(
        "report --out below a file",
        lambda: (*_with_result("report", "RESULT", "--out")(), _file() + "/page.html"),
        "report(--out)",
        "out",
        "file",
    ),
    _refused(
        "report --out into no folder",
        _with_result("report", "RESULT", "--out", "nowhere/page.html"),
        "report(--out)",
        "out",
        "nowhere",
    ),
    _refused(
        "report --out of nothing",
        _with_result("report", "RESULT", "--out", ""),
        "report(--out)",
        "out",
    ),
]

DRAW = [
    _refused("draw of nothing", ("draw",), "draw(RESULT)", "RESULT"),
    _refused("draw of no folder", ("draw", "nowhere"), "draw(RESULT)", "RESULT", "nowhere"),
    _refused("draw of a file", lambda: ("draw", _file()), "draw(RESULT)", "RESULT", "file"),
    _refused(
        "draw --reading that is none",
        _with_result("draw", "RESULT", "--reading", "total"),
        "draw(--reading)",
        "total",
    ),
    _refused(
        "draw --reading that it lacks",
        _with_result("draw", "RESULT", "--reading", "mixture"),
        "draw(--reading)",
        "mixture",
        "each",
    ),
    _refused(
        "draw --layers",
        _with_result("draw", "RESULT", "--layers", "layer 9"),
        "draw(--layers)",
        "layer 9",
        "layer 1",
    ),
    _refused(
        "draw --layers of nothing",
        _with_result("draw", "RESULT", "--layers"),
        "draw(--layers)",
        "--layers",
    ),
    _refused(
        "draw --color", _with_result("draw", "RESULT", "--color", "red"), "draw(--color)", "red"
    ),
    _refused(
        "draw --out without an ending",
        _with_result("draw", "RESULT", "--out", "plane"),
        "draw(--out)",
        "out",
        ".png",
    ),
    _refused(
        "draw --out of another ending",
        _with_result("draw", "RESULT", "--out", "plane.csv"),
        "draw(--out)",
        "out",
        ".png",
    ),
    _refused(
        "draw --out of a folder",
        lambda: (*_with_result("draw", "RESULT", "--out")(), _folder("plane.png")),
        "draw(--out)",
        "out",
        "folder",
    ),
    _refused(
        "draw --out below a file",
        lambda: (*_with_result("draw", "RESULT", "--out")(), _file() + "/plane.png"),
        "draw(--out)",
        "out",
        "file",
    ),
    _refused(
        "draw --out of nothing", _with_result("draw", "RESULT", "--out", ""), "draw(--out)", "out"
    ),
    _refused(
        "draw --overlay of other samples",
        lambda: ("draw", str(finished()), str(finished("copies")), "--overlay"),
        "draw(RESULT)",
        "overlaid",
    ),
    Case(
        "draw of other layers",
        lambda: _status("draw", str(finished()), str(finished("copies"))),
        (0, False),
        "draw(RESULT)",
        seconds=60,
    ),
    *(
        _refused(
            f"draw of one result twice {more}",
            _with_result("draw", "RESULT", "RESULT", *more),
            "draw(RESULT)",
            "twice",
        )
        for more in ([], ["--overlay"])
    ),
]


def _folder(name: str) -> str:
    Path(name).mkdir()
    return name


def _brief(name: str) -> tuple[str, ...]:
    return (name, "--seeds", "1", "--epochs", "2", "--out")


OTHERS = [
    *(
        _refused(
            f"{name} {option} {value!r}",
            (name, f"{option}={value}"),
            f"{name}({option})",
            option,
            value[:20],
        )
        for name in ("compression", "stopping")
        for option in ("--seeds", "--epochs")
        for value in ("0", "-1", "ten", "1.5", "")
    ),
    *(
        _refused(
            f"{name} {option} {HUGE}",
            (name, option, HUGE),
            f"{name}({option})",
            option.lstrip("-"),
            HUGE,
        )
        for name in ("compression", "stopping")
        for option in ("--seeds", "--epochs")
    ),
    *(
        case
        for name in ("compression", "stopping")
        for case in (
            _refused(
                f"{name} --device",
                (name, "--device", "meta"),
                f"{name}(--device)",
                "device",
                "meta",
            ),
            _refused(
                f"{name} of no folder", (name, "nowhere"), f"{name}(RESULT)", "RESULT", "nowhere"
            ),
            _refused(
                f"{name} --out of a folder",
                lambda name=name: (*_brief(name), _folder("page")),
                f"{name}(--out)",
                "out",
                "folder",
            ),
            _refused(f"{name} --out of nothing", (*_brief(name), ""), f"{name}(--out)", "out"),
            _refused(
                f"{name} --out in a file",
                lambda name=name: (*_brief(name), _file() + "/x.md"),
                f"{name}(--out)",
                "out",
            ),
        )
    ),
    _refused(
        "compression of one result twice",
        _with_result("compression", "RESULT", "RESULT"),
        "compression(RESULT)",
        "once",
    ),
    _refused(
        "stopping of another run", _with_result("stopping", "RESULT"), "stopping(RESULT)", "fresh"
    ),
    _refused(
        "attempts of no folder",
        ("attempts", "--out", "nowhere"),
        "attempts(--out)",
        "out",
        "nowhere",
    ),
    _refused(
        "reproduction --results that are not there",
        ("reproduction", "--results", "nowhere", "--out", "page.md"),
        "reproduction(--results)",
        "results",
        "nowhere",
    ),
    _refused(
        "reproduction --results of nothing",
        ("reproduction", "--results", "", "--out", "page.md"),
        "reproduction(--results)",
        "results",
    ),
    _refused(
        "reproduction --times that are not there",
        lambda: _reproduction("nowhere.json"),
        "reproduction(--times) file(times)",
        "times",
        "nowhere",
    ),
    *(
        _refused(
            f"reproduction --times of {fault}",
            lambda content=content: _reproduction(_named("times.json", content)),
            "reproduction(--times) file(times)",
            "times",
        )
        for fault, content in (
            ("text", "no json"),
            ("a list", "[]"),
            ("no cases", "{}"),
            ("cases that are words", '{"cases": ["a"]}'),
            (
                "medians that are words",
                (
                    '{"cases": [{"name": "exp-1", "candidates": [{"name": "published loop",'
                    ' "median": "fast"}]}]}'
                ),
            ),
            (
                "medians below 0",
                (
                    '{"cases": [{"name": "exp-1", "candidates": [{"name": "published loop",'
                    ' "median": -1}]}]}'
                ),
            ),
            ("deep JSON", "[" * 100_000),
            ("bytes", bytes(range(256))),
            ("nothing", ""),
        )
    ),
    _refused(
        "reproduction --times of a folder",
        lambda: _reproduction(_folder("times.json")),
        "reproduction(--times)",
        "times",
    ),
    _refused(
        "reproduction --out of a folder",
        lambda: (*_reproduction(None), "--out", _folder("page")),
        "reproduction(--out)",
        "out",
        "folder",
    ),
    _refused(
        "reproduction --out of nothing",
        lambda: (*_reproduction(None), "--out", ""),
        "reproduction(--out)",
        "out",
    ),
    *(
        _refused(
            f"reading-a-plane --steps {value!r}",
            ("reading-a-plane", f"--steps={value}", "--out", "page.md"),
            "reading-a-plane(--steps)",
            "steps",
            value[:20],
        )
        for value in (*NUMBERS, HUGE)
    ),
    _refused(
        "reading-a-plane --out of a folder",
        lambda: ("reading-a-plane", "--steps", "1", "--out", _folder("page")),
        "reading-a-plane(--out)",
        "out",
        "folder",
    ),
    _refused(
        "reading-a-plane --out without an ending",
        ("reading-a-plane", "--steps", "1", "--out", "page"),
        "reading-a-plane(--out)",
        "out",
        "'page'",
        "page.md",
    ),
    _refused(
        "reading-a-plane --out beside a file of its figures' name",
        lambda: ("reading-a-plane", "--steps", "1", "--out", f"{_named('page', 'x')}.md"),
        "reading-a-plane(--out)",
        "out",
        "page",
    ),
    _refused(
        "reading-a-plane --out of nothing",
        ("reading-a-plane", "--steps", "1", "--out", ""),
        "reading-a-plane(--out)",
        "out",
    ),
    _refused(
        "compression --out of the name of its figure",
        ("compression", "--seeds", "1", "--epochs", "2", "--out", "page.png"),
        "compression(--out)",
        "out",
        "page.png",
        ".md",
    ),
    _refused(
        "gallery --out of a folder",
        lambda: ("gallery", "--out", _folder("page")),
        "gallery(--out)",
        "out",
        "page",
    ),
    _refused(
        "gallery --out in a folder that is not there",
        ("gallery", "--out", "nowhere/page.md"),
        "gallery(--out)",
        "out",
        "nowhere",
    ),
    _refused("gallery --out of nothing", ("gallery", "--out", ""), "gallery(--out)", "out"),
]


def _named(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def _reproduction(times: str | None) -> tuple[str, ...]:
    """Asks for the page of a run as the catalogue has it, as its manifest says."""
    folder = finished()
    places.manifest(lambda data: data["run"]["training"].update(epochs=300))(folder)
    times = times or _named("good.json", '{"cases": []}')
    return ("reproduction", "--results", "results", "--times", times, "--out", "page.md")


def _status(*arguments: str) -> tuple[int, bool]:
    """Runs a process of its own -> its status, and whether a traceback was shown."""
    process = subprocess.run(
        [sys.executable, "-m", "experiments", *arguments],
        capture_output=True,
        text=True,
        timeout=230,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return process.returncode, "Traceback" in process.stderr


def _home() -> list[Any]:
    """Writes to ~: it is the user's folder, wherever the shell left it."""
    os.environ["HOME"] = os.path.abspath("home")
    Path("home").mkdir()
    Path("work").mkdir()
    os.chdir("work")
    said(*SHORT, "--out=~/results")
    return [sorted(os.listdir(".")), sorted(os.listdir("../home"))]


def _forced() -> bool:
    folder = finished()
    (places.reading(folder) / "plane.csv").write_text("old")
    command(*SHORT, "--force")
    return (places.reading(folder) / "plane.csv").read_bytes() == places.plane_csv()


def _skipped() -> str:
    finished()
    return command(*SHORT, "--resume")


def _other_bins() -> list[str]:
    out = command("estimate", str(finished()), "--edges", "-1", "1", "9", "--out", "elsewhere")
    return sorted(os.listdir("elsewhere")) if "log2 n" in out else [out]


def _ledger_row() -> list[str]:
    command(*SHORT)
    *_, row = csv.DictReader(io.StringIO(command("attempts")))
    return [row["run"], row["status"]]


def _failing() -> Any:
    """Fails a run: it is a row with its reason, and the run after it goes on."""
    from experiments import datasets

    datasets.load, kept = _fails_once(datasets.load), datasets.load
    try:
        status, _, err = said("run", "warm-up", "tishby", "--epochs", "2")
    finally:
        datasets.load = kept
    rows = list(csv.DictReader(io.StringIO(command("attempts"))))
    return [
        status,
        [row["status"] for row in rows],
        "no data today" in rows[0]["reason"],
        "Traceback" in err,
    ]


def _fails_once(load: Callable[..., Any]) -> Callable[..., Any]:
    left = [ValueError("no data today,\nnor tomorrow")]

    def fails(*arguments: Any) -> Any:
        if left:
            raise left.pop()
        return load(*arguments)

    return fails


RIGHT = [
    Case(
        "run of mnist without it",
        _without_mnist,
        Either([1, True, False], [2, True, False]),
        seconds=60,
    ),
    Case("list", lambda: command("list").count("\n") >= 14, True),
    Case("a run", lambda: _ledger_row(), ["warm-up", "done"], seconds=60),
    Case("a run in a process of its own", lambda: _status(*SHORT), [0, False], seconds=240),
    Case(
        "a refusal in a process of its own", lambda: _status("run", "nope"), [2, False], seconds=240
    ),
    Case(
        "--resume of a finished run",
        _skipped,
        Holds("a line that it was finished", lambda out: "finished" in out),
        seconds=60,
    ),
    Case("--force of a finished run", _forced, True, seconds=60),
    Case("--out=~/results", _home, [[], ["results"]], seconds=60),
    Case(
        "estimate",
        _other_bins,
        Holds("a folder and a ledger", lambda names: len(names) == 2),
        seconds=60,
    ),
    Case(
        "draw",
        lambda: [command("draw", str(finished())), Path("drawn.png").stat().st_size > 5000][1],
        True,
        seconds=60,
    ),
    Case(
        "draw by epoch, one layer, as a PDF",
        lambda: [
            command(
                "draw", str(finished()), "--color", "epoch", "--layers", "output", "--out", "a.pdf"
            ),
            os.listdir("."),
        ][1],
        ["a.pdf", "results"],
        seconds=60,
    ),
    Case(
        "one run fails, the next goes on",
        _failing,
        [1, ["failed", "done"], True, False],
        seconds=60,
    ),
    *(
        Case(
            f"--live, {name}",
            lambda backend=backend: _live(backend),
            Holds("live.png", lambda names: "live.png" in names),
            seconds=60,
        )
        for name, backend in (("without a screen", "TkAgg"), ("in a file", "Agg"))
    ),
    Case("the same run twice, byte for byte", lambda: _twice(), True, seconds=60),
    Case(
        "the same plane as the kept one",
        lambda: [command(*SHORT), _plane_of("results") == places.plane_csv()][1],
        True,
        seconds=60,
    ),
    Case(
        "copies",
        lambda: [
            command(*places.COPIES, "--seeds", "2", "--init", "independent"),
            np.unique(_column("results", "reading")).size,
        ][1],
        4,
        seconds=60,
    ),
    Case(
        "a seed of many digits",
        lambda: command(*SHORT, "--seed", "9" * 30),
        Either(Holds("a run", lambda out: "log2 n" in out), Refused("seed", kind=CommandRefused)),
        "run(--seed)",
        seconds=60,
    ),
]


def _sweep(name: str, words: tuple[str, ...], *said: str) -> Case:
    return _refused(f"sweep {name}", ("sweep", "warm-up", *words), "sweep(--axis)", *said)


SWEEP = [
    _refused(
        "sweep of no such name",
        ("sweep", "tischby", "--axis", "seed=0"),
        "sweep(NAME)",
        "'tischby'",
    ),
    _refused("sweep without an axis", ("sweep", "warm-up"), "sweep(--axis)", "--axis"),
    _sweep("of a field that is none", ("--axis", "lerning_rate=.1"), "learning_rate"),
    _sweep("of no values", ("--axis", "seed="), "axis seed has ''"),
    _sweep("without a sign", ("--axis", "seed"), "NAME=VALUE"),
    _sweep("of an axis twice", ("--axis", "seed=0", "--axis", "seed=1"), "twice"),
    _sweep("of a value twice", ("--axis", "seed=0,0"), "twice"),
    _sweep("down a range", ("--axis", "seed=9..0"), "'9..0'"),
    _sweep("of no number", ("--axis", "learning_rate=fast"), "'fast'"),
    _sweep("of nan", ("--axis", "learning_rate=nan"), "'nan'"),
    _sweep("below zero", ("--axis", "learning_rate=-1"), "learning_rate is -1"),
    _sweep("of too many", ("--axis", "seed=0..99999", "--axis", "copies=1,2"), "200,000"),
    _sweep("of an axis and its option", ("--axis", "seed=0", "--seed", "0"), "--seed"),
    *(
        _refused(
            f"sweep --workers {value!r}",
            ("sweep", "warm-up", "--axis", "seed=0", f"--workers={value}"),
            "sweep(--workers)",
            "--workers",
        )
        for value in ("0", "-1", "two")
    ),
    *(
        _refused(
            f"sweep {option} {value!r}",
            ("sweep", "warm-up", "--axis", "learning_rate=.1", f"{option}={value}"),
            f"sweep({option})",
            option.strip("-"),
            value[:20],
        )
        for option, value in {
            "--epochs": "0",
            "--copies": "ten",
            "--init": "equal",
            "--seed": "-1",
            "--seeds": "1.5",
            "--record": "x",
            "--device": "tpu9",
            "--mnist": "nowhere",
            "--out": "",
            "--scheduler": "nonsense",
        }.items()
    ),
    _refused(
        "sweep with workers and a scheduler",
        ("sweep", "warm-up", "--axis", "seed=0", "--workers", "2", "--scheduler", "tcp://x:1"),
        "sweep(--scheduler)",
        "--scheduler",
    ),
]


def _plane_of(out: str) -> bytes:
    (path,) = Path(out).glob("*/*/plane.csv")
    return path.read_bytes()


def _column(out: str, name: str) -> list[str]:
    head, *rows = _plane_of(out).decode().splitlines()
    at = head.split(",").index(name)
    return [row.split(",")[at] for row in rows]


def _twice() -> bool:
    for out in ("one", "two"):
        command(*SHORT, "--out", out)
    return _plane_of("one") == _plane_of("two")


def _live(backend: str) -> list[str]:
    """Runs --live with no display to open a window on."""
    import matplotlib as mpl

    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
    mpl.rcParams["backend"] = backend
    command(*SHORT, "--live")
    return os.listdir("results")


def cases(seed: int, long: bool) -> list[Case]:
    return [*RUN, *SWEEP, *AGAIN, *ESTIMATE, *DRAW, *REPORT, *OTHERS, *RIGHT]
