"""python -m experiments list | run NAME [NAME...] | estimate RESULT | draw RESULT [RESULT...] | compression | reproduction"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from experiments import attempts, endings, mnist, outputs, reproduction, sizes
from experiments.attempts import finished
from experiments.catalog import CATALOG, Run
from experiments.checkpoints import Checkpoints
from experiments.drawing import picture
from experiments.mnist import NoMnist
from experiments.records import MOST
from experiments.results import Finished, read
from experiments.runner import Result, check_device, execute
from experiments.summary import compression_row, compression_table, summary
from fastmi import files, screens
from fastmi.containers import shown

__all__ = ["main"]

MOST_EDGES = MOST["edges"]


def main(argv: Sequence[str] | None = None) -> int:
    """0 where all succeeded, 1 where a run failed.

    Raises:
        ValueError, OSError: the request was wrong. KeyboardInterrupt: it was interrupted.
    """
    arguments = _parser().parse_args(argv)
    return arguments.command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments", description="The published information-plane runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the runs, a line each")
    listing.set_defaults(command=_list)
    run = commands.add_parser("run", help="run one or more of them")
    run.add_argument("names", nargs="+", metavar="NAME", help="a name that `list` shows, or all")
    run.add_argument("--epochs", type=_positive, help="in place of the run's own number")
    run.add_argument("--copies", type=_positive, help="network copies, in place of the run's own number")
    run.add_argument(
        "--init", choices=("shared", "independent"), help="whether all copies start alike, in place of the run's own"
    )
    run.add_argument("--seed", type=_seed, default=0, help="of data, initialisation and batches (default 0)")
    run.add_argument("--seeds", type=_positive, help="so many seeds from --seed on, trained side by side: means with a band")
    run.add_argument(
        "--record",
        type=_positive,
        metavar="N",
        help="estimate N epochs, evenly spaced in the logarithm, in place of the run's own",
    )
    run.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    run.add_argument("--out", type=_path, default=Path("results"), help="folder for the results (default: results)")
    run.add_argument("--resume", action="store_true", help="skip what is finished there, go on with what was interrupted")
    run.add_argument("--force", action="store_true", help="run again what is finished there, and replace it")
    run.add_argument("--live", action="store_true", help="redraw the plane as it grows: window, notebook, or OUT/live.png")
    run.add_argument("--mnist", type=_path, help="where MNIST lies, for the runs on it (or set FASTMI_MNIST)")
    run.add_argument("--download", action="store_true", help="fetch MNIST from OpenML if it is nowhere here")
    run.set_defaults(command=_run)
    again = commands.add_parser(
        "estimate", help="read a finished run again under other bins, from its snapshots, without training"
    )
    again.add_argument("folder", type=_path, metavar="RESULT", help="a folder that `run` left")
    again.add_argument("--edges", nargs=3, required=True, metavar=("LOW", "HIGH", "N"), help="N evenly spaced edges")
    again.add_argument("--out-of-range", choices=("wrap", "separate", "clip", "raise"), help="in place of the run's own rule")
    again.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    again.add_argument("--mnist", type=_path, help="where MNIST lies, for the runs on it (or set FASTMI_MNIST)")
    again.add_argument("--out", type=_path, default=Path("results"), help="folder for the result (default: results)")
    again.add_argument("--force", action="store_true", help="replace the result that was read again with these edges before")
    again.set_defaults(command=_estimate)
    draw = commands.add_parser("draw", help="draw finished runs again, side by side or overlaid")
    draw.add_argument("folders", nargs="+", type=_path, metavar="RESULT", help="a folder that `run` left")
    draw.add_argument("--reading", choices=("mean", "each", "sampled", "mixture"), help="only this one; without it all of them")
    draw.add_argument("--overlay", action="store_true", help="in the same panels")
    draw.add_argument("--layers", nargs="+", default=[], metavar="LAYER", help="only these")
    draw.add_argument("--color", choices=("layer", "epoch"), default="layer", help="layer (default) or epoch")
    draw.add_argument("--out", type=_path, default=Path("drawn.png"), help="a .png, .svg or .pdf (default: drawn.png)")
    draw.set_defaults(command=_draw)
    table = commands.add_parser(
        "compression", help="peak minus final I(X;T) of exp 2's output layer over seeds, as a Markdown table"
    )
    table.add_argument("--seeds", type=_positive, default=10, help="how many (default 10)")
    table.add_argument("--epochs", type=_positive, default=CATALOG["tishby"].epochs)
    table.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    table.add_argument(
        "--out", type=_path, default=Path("docs/compression.md"), help="the file to write (default: docs/compression.md)"
    )
    table.set_defaults(command=_compression)
    page = commands.add_parser("reproduction", help="what was published beside what finished runs found, as a Markdown page")
    page.add_argument("--results", type=_path, default=Path("results"), help="the folder of the runs (default: results)")
    page.add_argument(
        "--times", type=_path, default=Path("benchmarks/results/cpu.json"), help="what `python -m benchmarks --json` wrote"
    )
    page.add_argument(
        "--out", type=_path, default=Path("docs/reproduction.md"), help="the file to write (default: docs/reproduction.md)"
    )
    page.set_defaults(command=_reproduction)
    return parser


def _path(text: str) -> Path:
    """With the home folder in place of a leading ~, which a shell leaves in --out=~/x."""
    if not text:
        raise argparse.ArgumentTypeError("'' is no path: pass the name of a file or folder, or . for this one")
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"{shown(text)} holds a NUL, which no name can: pass another")
    return Path(os.path.expanduser(text))


def _positive(text: str) -> int:
    return _at_least(1, text)


def _seed(text: str) -> int:
    return _at_least(0, text)


def _at_least(lowest: int, text: str) -> int:
    if not text.removeprefix("-").isdecimal() or len(text) > 30 or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a whole number of at least {lowest}, of 30 digits at most")
    return int(text)


def _list(arguments: argparse.Namespace) -> int:
    width = max(map(len, CATALOG))
    for run in CATALOG.values():
        copies = "1 copy" if run.copies == 1 else f"{run.copies} copies"
        print(f"{run.name:{width}}  {run.about}; {copies}, {run.epochs} epochs")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    names = list(CATALOG) if arguments.names == ["all"] else list(dict.fromkeys(arguments.names))
    runs = [_chosen(name, arguments) for name in names]
    check_device(arguments.device)
    for run in runs:
        sizes.check(run, arguments.out)
    _find_mnist(arguments.mnist, arguments.download)
    out = outputs.prepare(arguments.out)
    attempts.read_ledger(out)  # one that cannot be added to is said now
    folders = [outputs.folder_of(run, arguments.device, out) for run in runs]
    with ExitStack() as locks:
        for folder in folders:
            locks.enter_context(attempts.held(folder))
        for folder in folders:  # what is unfinished, or would be replaced, is said now as well
            attempts.begin(folder, resume=arguments.resume, force=arguments.force)
        failed = [run.name for run in runs if not _attempt(run, arguments, out)]
    if failed:
        print(f"failed: {', '.join(failed)}; the reasons are in {out / attempts.LEDGER}", file=sys.stderr)
    return 1 if failed else 0


def _chosen(name: str, arguments: argparse.Namespace) -> Run:
    if name not in CATALOG:
        raise ValueError(f"NAME is {name!r}: the runs are {', '.join(CATALOG)} (python -m experiments list)")
    given = {key: getattr(arguments, key) for key in ("epochs", "copies", "seed", "seeds", "init")}
    given["n_recorded"] = arguments.record
    run = replace(CATALOG[name], **{key: value for key, value in given.items() if value is not None})
    run.check()
    return run


def _find_mnist(path: Path | None, download: bool = False) -> None:
    """What is wrong with it is said before the first run starts."""
    if path is not None:
        os.environ[mnist.VARIABLE] = str(path)
    if path is not None or download:
        mnist.find(download=download)


def _attempt(run: Run, arguments: argparse.Namespace, out: Path) -> bool:
    """One run, its files and its row; a failure is a row with its reason, and the runs after it go on."""
    folder = outputs.folder_of(run, arguments.device, out)
    part = attempts.begin(folder, resume=arguments.resume, force=arguments.force)
    if finished(folder) and not arguments.force and not part.exists():
        print(f"{run.name} was finished before: {folder}{'/'}")
        return True
    start = time.perf_counter()
    row = {"run": run.name, "id": run.id, "data": run.data, "device": arguments.device}
    screen = screens.Live(out / "live.png") if arguments.live else None
    resumed = part.exists()
    try:
        with tqdm(total=run.epochs, desc=run.name, unit=" epochs", disable=None) as bar:
            result = execute(
                run,
                arguments.device,
                on_epoch=lambda epoch: bar.update(epoch - bar.n),
                on_planes=lambda planes, done: screen and screen.redraw(lambda: picture(run, planes()), done),
                checkpoints=Checkpoints(part / attempts.SNAPSHOTS),
            )
        seconds = time.perf_counter() - start
        outputs.save(result, part, folder, {"wall_seconds": seconds, "resumed": resumed})
    except (Exception, KeyboardInterrupt) as error:
        stopped = isinstance(error, KeyboardInterrupt)
        status, reason = ("interrupted", "") if stopped else ("failed", files.reason(error))
        with endings.tidying():
            attempts.discard(part)
            attempts.record(out, **row, status=status, reason=reason, seconds=f"{time.perf_counter() - start:.1f}")
        if stopped:
            raise
        print(f"{run.name} failed: {reason}", file=sys.stderr)
        return False
    seconds = time.perf_counter() - start
    attempts.record(out, **row, status="done", seconds=f"{seconds:.1f}", folder=folder.name)
    _tell(result, seconds, folder)
    if screen is not None:
        try:
            screen.finish(lambda: picture(run, result.planes))
        except OSError as error:  # the run is done and written
            print(f"the live plane could not be drawn: {error}", file=sys.stderr)
    return True


def _tell(result: Result, seconds: float, folder: Path) -> None:
    stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in result.seconds.items())
    print(f"\n{summary(result)}\n\n{seconds:.1f} s ({stages}); figure, table and manifest in {folder}{'/'}\n")


def _estimate(arguments: argparse.Namespace) -> int:
    found = read(arguments.folder)
    run = replace(found.run, edges=_edges(*arguments.edges))
    run = replace(run, out_of_range=arguments.out_of_range) if arguments.out_of_range else run
    run.check()
    sizes.check(run, arguments.out)
    _find_mnist(arguments.mnist)
    folder = outputs.folder_of(run, arguments.device, outputs.prepare(arguments.out))
    with attempts.held(folder):
        start = time.perf_counter()
        result = _estimated(run, found, folder, arguments)
        seconds = time.perf_counter() - start
        row = {"run": run.name, "id": run.id, "data": run.data, "device": arguments.device}
        attempts.record(arguments.out, **row, status="estimated", seconds=f"{seconds:.1f}", folder=folder.name)
    _tell(result, seconds, folder)
    return 0


def _estimated(run: Run, found: Finished, folder: Path, arguments: argparse.Namespace) -> Result:
    """The snapshots read again, and the result in its folder."""
    if finished(folder) and "estimated_from" not in read(folder).manifest:
        raise ValueError(f"'{folder}' was trained and read with these edges: pass other --edges, or another --out")
    part = attempts.begin(folder, resume=False, force=arguments.force)
    try:
        try:
            outputs.copy_snapshots(found.folder, part)
            result = execute(run, arguments.device, checkpoints=Checkpoints(part / attempts.SNAPSHOTS), train=False)
        except NoMnist:
            raise
        except Exception as error:  # of snapshots that anybody may have written
            raise ValueError(f"RESULT is '{found.folder}', which cannot be read again ({files.reason(error)})") from error
        outputs.save(result, part, folder, {"estimated_from": found.folder.name, "remark": found.manifest["remark"]})
    finally:
        with endings.tidying():
            shutil.rmtree(part, ignore_errors=True)  # what it was copied from is whole
    return result


def _edges(low: str, high: str, n: str) -> tuple[float, float, int]:
    try:
        edges = float(low), float(high), int(n)
    except ValueError:
        edges = (0.0, 0.0, 0)
    if not (edges[0] < edges[1] and 2 <= edges[2] <= MOST_EDGES and math.isfinite(edges[1] - edges[0])):
        given = " ".join(text if len(text) <= 40 else f"{text[:37]}..." for text in (low, high, n))
        raise ValueError(f"--edges is {given}: pass LOW below HIGH, and N, a whole number from 2 to {MOST_EDGES:,}")
    return edges


def _draw(arguments: argparse.Namespace) -> int:
    choice = {"reading": arguments.reading, "layers": arguments.layers, "color": arguments.color}
    outputs.draw(arguments.folders, arguments.out, arguments.overlay, **choice)
    print(f"drawn: {arguments.out}")
    return 0


def _compression(arguments: argparse.Namespace) -> int:
    check_device(arguments.device)
    outputs.check_file("out", arguments.out)
    if arguments.seeds > MOST["compression"]:
        raise ValueError(f"seeds is {arguments.seeds}: at most {MOST['compression']:,} are trained one after the other")
    sizes.check(replace(CATALOG["tishby"], epochs=arguments.epochs), arguments.out.parent)
    rows = []
    for seed in tqdm(range(arguments.seeds), desc="seeds", disable=None):
        run = replace(CATALOG["tishby"], seed=seed, epochs=arguments.epochs)
        rows.append(compression_row(seed, execute(run, arguments.device).plane("each")))
    command = f"python -m experiments compression --seeds {arguments.seeds} --epochs {arguments.epochs}"
    outputs.write_text(arguments.out, compression_table("tishby", rows, command))
    print(f"written: {arguments.out}")
    return 0


def _reproduction(arguments: argparse.Namespace) -> int:
    missing = reproduction.write(arguments.results, arguments.out, arguments.times, "python -m experiments reproduction")
    print(f"written: {arguments.out}" + (f"; not run: {', '.join(missing)}" if missing else ""))
    return 0
