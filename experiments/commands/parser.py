"""arguments of `python -m experiments` or `fastmi` -> the command they ask for, what it returns.

    list | run NAME [NAME...] | sweep NAME --axis FIELD=VALUES | estimate RESULT
    | draw RESULT [...] | report RESULT [...] | an analysis | ...

The parser loads no torch: that and the rest are loaded by the command's own file, once it is known
which that is.
"""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fastmi import __version__
from fastmi.inputs import shown

from ..analyses import ANALYSES
from ..catalog import CATALOG
from ..measures import MEASURES

__all__ = ["main"]

RESULT = "a folder that `run` left, or one of the readings in it"


def main(
    argv: Sequence[str] | None,
    prog: str,
    also: Mapping[str, str],
    loaded: Callable[[], object],
) -> int:
    """Does what is asked -> 0 where all succeeded, 1 where a run failed.

    Args:
        argv: the arguments; None takes those of the process.
        prog: what was typed before them.
        also: commands that `prog` has besides, which do not come here, with what they do.
        loaded: called once all that the work needs is imported.

    Raises:
        ValueError, OSError: the request was wrong. KeyboardInterrupt: it was interrupted.
    """
    arguments = _parser(prog, also).parse_args(argv)
    module, name = arguments.work.split(":")
    work = getattr(importlib.import_module(f"{__package__}.{module}"), name)
    loaded()
    return work(arguments)


def _parser(prog: str, also: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog, description="The published information-plane runs, and what is made of them."
    )
    parser.add_argument("--version", action="version", version=f"fastmi {__version__}")
    parser.set_defaults(prog=prog)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the runs, a line each")
    listing.set_defaults(work="listing:print_runs")
    _add_run(commands.add_parser("run", help="run one or more of them"))
    _add_sweep(
        commands.add_parser("sweep", help="run a grid of one of them, on workers here or elsewhere")
    )
    _add_estimate(
        commands.add_parser(
            "estimate", help="read a finished run again, from its snapshots, without training"
        )
    )
    _add_draw(
        commands.add_parser("draw", help="draw finished runs again, side by side or overlaid")
    )
    _add_report(
        commands.add_parser("report", help="one HTML page of a finished run to look around in")
    )
    for name, row in ANALYSES.items():
        _add_analysis(commands.add_parser(name, help=f"{row.about}, as a Markdown page"), name)
    tries = commands.add_parser(
        "attempts", help="every attempt at a run so far, as CSV, failed ones with their reason"
    )
    tries.add_argument(
        "--out",
        type=_path,
        default=Path("results"),
        help="the folder of the runs (default: results)",
    )
    tries.set_defaults(work="listing:print_attempts")
    page = commands.add_parser(
        "reproduction",
        help="what was published beside what finished runs found, as a Markdown page",
    )
    page.add_argument(
        "--results",
        type=_path,
        default=Path("results"),
        help="the folder of the runs (default: results)",
    )
    page.add_argument(
        "--times",
        type=_path,
        help=(
            "what `python -m benchmarks --json` wrote, of the published loop's times (default: "
            "benchmarks/results/cpu.json, where that is)"
        ),
    )
    page.add_argument(
        "--out",
        type=_path,
        default=Path("docs/reproduction.md"),
        help="the file to write (default: docs/reproduction.md)",
    )
    page.set_defaults(work="reproduce:reproduce")
    shown = commands.add_parser(
        "gallery", help="every run, its figure and the command that makes it, as a Markdown page"
    )
    shown.add_argument(
        "--out",
        type=_path,
        default=Path("docs/gallery.md"),
        help="the file to write, beside the figures (default: docs/gallery.md)",
    )
    shown.set_defaults(work="listing:write_gallery")
    _add_lesson(
        commands.add_parser(
            "reading-a-plane",
            help="what a point means and when not to believe it, as a Markdown page with figures",
        )
    )
    for name, about in also.items():
        commands.add_parser(name, help=about)
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("names", nargs="+", metavar="NAME", help="a name that `list` shows, or all")
    _add_numbers(run)
    _add_device(run)
    run.add_argument(
        "--out",
        type=_path,
        default=Path("results"),
        help="folder for the results (default: results)",
    )
    run.add_argument(
        "--resume",
        action="store_true",
        help="skip what is finished there, go on with what was interrupted",
    )
    run.add_argument(
        "--force", action="store_true", help="run again what is finished there, and replace it"
    )
    run.add_argument(
        "--live",
        action="store_true",
        help="redraw the plane as it grows: window, notebook, or OUT/live.png",
    )
    run.add_argument(
        "--live-report",
        action="store_true",
        help="write OUT/live.html as it grows, a page to look around in that renews itself",
    )
    _add_mnist(run)
    run.add_argument(
        "--download", action="store_true", help="fetch MNIST from OpenML if it is nowhere here"
    )
    run.set_defaults(work="run:run")


def _add_numbers(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--epochs",
        type=_positive,
        help="steps, or passes where the run says so, in place of its own number",
    )
    run.add_argument(
        "--copies", type=_positive, help="network copies, in place of the run's own number"
    )
    run.add_argument(
        "--init",
        choices=("shared", "independent"),
        help="whether all copies start alike, in place of the run's own",
    )
    run.add_argument("--seed", type=_seed, help="of data, initialisation and batches (default 0)")
    run.add_argument(
        "--seeds",
        type=_positive,
        help="so many seeds from --seed on, trained side by side: means with a band",
    )
    run.add_argument(
        "--record",
        type=_positive,
        metavar="N",
        help=(
            "read after N of its epochs, evenly spaced in the logarithm, in place of the run's own"
        ),
    )
    run.add_argument(
        "--shuffle-labels",
        action="store_true",
        help=(
            "train on permuted labels, by which the training sample is read and scored; all others "
            "keep the true ones: a null that shows what is memorised"
        ),
    )


def _add_sweep(sweep: argparse.ArgumentParser) -> None:
    sweep.add_argument("name", metavar="NAME", help="a name that `list` shows")
    sweep.add_argument(
        "--axis",
        action="append",
        required=True,
        metavar="FIELD=VALUES",
        help=(
            "values of a field of the run, of its training or of its reading: learning_rate=.05,.1 "
            "seed=0..9 widths=12-10-2,12-5-2 edges=-1:1:30,-1:1:50; given once for each axis"
        ),
    )
    sweep.add_argument(
        "--workers", type=_positive, metavar="N", help="processes (default: one for each core)"
    )
    sweep.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster, whose workers make the runs: tcp://HOST:8786",
    )
    _add_numbers(sweep)
    _add_device(sweep)
    sweep.add_argument(
        "--out",
        type=_path,
        help="folder of the sweep, which all workers see (default: results/sweep-NAME)",
    )
    _add_mnist(sweep)
    sweep.set_defaults(work="sweep:sweep")


def _add_estimate(again: argparse.ArgumentParser) -> None:
    again.add_argument("folder", type=_path, metavar="RESULT", help=RESULT)
    again.add_argument(
        "--edges",
        nargs=3,
        action="append",
        metavar=("LOW", "HIGH", "N"),
        help="N evenly spaced edges; given several times, so many results at once",
    )
    again.add_argument(
        "--measure",
        choices=tuple(MEASURES),
        action="append",
        help="how layers are measured, counted without it; given several times, so many results",
    )
    again.add_argument(
        "--out-of-range",
        choices=("wrap", "separate", "clip", "raise"),
        help="in place of the run's own rule",
    )
    _add_device(again)
    _add_mnist(again)
    again.add_argument(
        "--out", type=_path, help="folder for the result, if not beside what was read of it before"
    )
    again.add_argument(
        "--force", action="store_true", help="replace what was read with these edges before"
    )
    again.set_defaults(work="estimate:estimate")


def _add_draw(draw: argparse.ArgumentParser) -> None:
    draw.add_argument("folders", nargs="+", type=_path, metavar="RESULT", help=RESULT)
    draw.add_argument(
        "--reading",
        choices=("mean", "each", "sampled", "mixture"),
        help="only this one; without it all of them",
    )
    draw.add_argument("--overlay", action="store_true", help="in the same panels")
    draw.add_argument("--layers", nargs="+", default=[], metavar="LAYER", help="only these")
    draw.add_argument(
        "--color", choices=("layer", "epoch"), default="layer", help="layer (default) or epoch"
    )
    draw.add_argument(
        "--over",
        choices=("plane", "steps"),
        help="I(T;Y) over I(X;T), or over the steps; without it the plane, where all have a place",
    )
    draw.add_argument(
        "--out",
        type=_path,
        default=Path("drawn.png"),
        help="a .png, .svg or .pdf (default: drawn.png)",
    )
    draw.set_defaults(work="draw:draw")


def _add_report(page: argparse.ArgumentParser) -> None:
    page.add_argument(
        "folders",
        nargs="+",
        type=_path,
        metavar="RESULT",
        help=f"{RESULT}; several of one run, of other seeds or measures, are chosen in the page",
    )
    page.add_argument(
        "--out",
        type=_path,
        default=Path("report.html"),
        help="the file to write (default: report.html)",
    )
    _add_mnist(page)
    page.set_defaults(work="report:report")


def _add_analysis(page: argparse.ArgumentParser, name: str) -> None:
    run, out = CATALOG[ANALYSES[name].run], Path(f"docs/{name}.md")
    page.add_argument(
        "folders",
        nargs="*",
        type=_path,
        metavar="RESULT",
        help=f"{RESULT}; without one {run.name} is trained",
    )
    page.add_argument(
        "--seeds", type=_positive, default=10, help="how many are trained (default 10)"
    )
    page.add_argument(
        "--epochs", type=_positive, default=run.training.epochs, help=f"{run.training.unit} of each"
    )
    _add_device(page)
    page.add_argument("--out", type=_path, default=out, help=f"the file to write (default: {out})")
    page.set_defaults(work="analyse:analyse", analysis=name)


def _add_lesson(lesson: argparse.ArgumentParser) -> None:
    steps, out = CATALOG["tishby"].training.epochs, Path("docs/reading-a-plane.md")
    lesson.add_argument(
        "--steps",
        type=_positive,
        default=steps,
        help=f"how long its networks are trained (default {steps})",
    )
    lesson.add_argument(
        "--out", type=_path, default=out, help=f"the file to write (default: {out})"
    )
    lesson.set_defaults(work="teach:teach")


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device",
        default="cpu",
        help="cpu (default) or cuda, where torch is held to deterministic operators without TF32",
    )


def _add_mnist(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--mnist", type=_path, help="where MNIST lies, for the runs on it (or set FASTMI_MNIST)"
    )


def _path(text: str) -> Path:
    """Puts the home folder in place of a leading ~, which a shell leaves in --out=~/x."""
    if not text:
        raise argparse.ArgumentTypeError(
            "'' is no path: pass the name of a file or folder, or . for this one"
        )
    if "\0" in text:
        raise argparse.ArgumentTypeError(
            f"{shown(text)} holds a NUL, which no name can: pass another"
        )
    return Path(os.path.expanduser(text))


def _positive(text: str) -> int:
    return _at_least(1, text)


def _seed(text: str) -> int:
    return _at_least(0, text)


def _at_least(lowest: int, text: str) -> int:
    if not text.removeprefix("-").isdecimal() or len(text) > 30 or int(text) < lowest:
        raise argparse.ArgumentTypeError(
            f"{shown(text)} is not a whole number of at least {lowest}, of 30 digits at most"
        )
    return int(text)
