"""python -m experiments list | run NAME [NAME...] | draw RESULT [RESULT...] | compression"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from experiments import mnist, outputs
from experiments.catalog import CATALOG, Run
from experiments.runner import check_device, execute
from experiments.summary import compression_row, compression_table, summary


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: 0 where all succeeded, 1 where a run failed, 2 where the request was wrong, 130 if interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: what was finished before is whole", file=sys.stderr)
        return 130


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
    run.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    run.add_argument("--out", type=Path, default=Path("results"), help="folder for the results (default: results)")
    run.add_argument("--mnist", type=Path, help="where MNIST lies, for the runs on it (or set FASTMI_MNIST)")
    run.add_argument("--download", action="store_true", help="fetch MNIST from OpenML if it is nowhere here")
    run.set_defaults(command=_run)
    draw = commands.add_parser("draw", help="draw finished runs again, side by side")
    draw.add_argument("folders", nargs="+", type=Path, metavar="RESULT", help="a folder that `run` left")
    draw.add_argument("--reading", choices=("mean", "each", "sampled", "mixture"), help="only this one; without it all of them")
    draw.add_argument("--color", choices=("layer", "epoch"), default="layer", help="layer (default) or epoch")
    draw.add_argument("--out", type=Path, default=Path("drawn.png"), help="a .png, .svg or .pdf (default: drawn.png)")
    draw.set_defaults(command=_draw)
    table = commands.add_parser(
        "compression", help="peak minus final I(X;T) of exp 2's output layer over seeds, as a Markdown table"
    )
    table.add_argument("--seeds", type=_positive, default=10, help="how many (default 10)")
    table.add_argument("--epochs", type=_positive, default=CATALOG["tishby"].epochs)
    table.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    table.add_argument(
        "--out", type=Path, default=Path("docs/compression.md"), help="the file to write (default: docs/compression.md)"
    )
    table.set_defaults(command=_compression)
    return parser


def _positive(text: str) -> int:
    return _at_least(1, text)


def _seed(text: str) -> int:
    return _at_least(0, text)


def _at_least(lowest: int, text: str) -> int:
    if not text.lstrip("-").isdigit() or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {lowest}")
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
    if arguments.mnist is not None:
        os.environ[mnist.VARIABLE] = str(arguments.mnist)
    if arguments.mnist is not None or arguments.download:
        mnist.find(download=arguments.download)  # what is wrong with it is said before the first run starts
    out = outputs.prepare(arguments.out)
    outputs.read_ledger(out)  # one that cannot be added to is said now
    failed = [run.name for run in runs if not _attempt(run, arguments.device, out)]
    if failed:
        print(f"failed: {', '.join(failed)}; the reasons are in {out / outputs.LEDGER}", file=sys.stderr)
    return 1 if failed else 0


def _chosen(name: str, arguments: argparse.Namespace) -> Run:
    if name not in CATALOG:
        raise ValueError(f"NAME is {name!r}: the runs are {', '.join(CATALOG)} (python -m experiments list)")
    changes = {key: value for key in ("epochs", "copies", "seed", "init") if (value := getattr(arguments, key)) is not None}
    return replace(CATALOG[name], **changes)


def _attempt(run: Run, device: str, out: Path) -> bool:
    """One run, its files and its row; a failure is a row with its reason, and the runs after it go on."""
    start = time.perf_counter()
    row = {"run": run.name, "id": run.id, "data": run.data, "device": device}
    try:
        with tqdm(total=run.epochs, desc=run.name, unit=" epochs", disable=None) as bar:
            result = execute(run, device, on_epoch=lambda epoch: bar.update(epoch - bar.n))
        folder = outputs.save(result, out)
    except (Exception, KeyboardInterrupt) as error:
        stopped = isinstance(error, KeyboardInterrupt)
        status, reason = ("interrupted", "") if stopped else ("failed", f"{type(error).__name__}: {error}")
        outputs.record(out, **row, status=status, reason=reason, seconds=f"{time.perf_counter() - start:.1f}")
        if stopped:
            raise
        print(f"{run.name} failed: {reason}", file=sys.stderr)
        return False
    seconds = time.perf_counter() - start
    outputs.record(out, **row, status="done", seconds=f"{seconds:.1f}", folder=folder.name)
    stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in result.seconds.items())
    print(f"\n{summary(result)}\n\n{seconds:.1f} s ({stages}); figure, table and manifest in {folder}{'/'}\n")
    return True


def _draw(arguments: argparse.Namespace) -> int:
    outputs.draw(arguments.folders, arguments.out, arguments.reading, arguments.color)
    print(f"drawn: {arguments.out}")
    return 0


def _compression(arguments: argparse.Namespace) -> int:
    check_device(arguments.device)
    outputs.check_file("out", arguments.out)
    rows = []
    for seed in tqdm(range(arguments.seeds), desc="seeds", disable=None):
        run = replace(CATALOG["tishby"], seed=seed, epochs=arguments.epochs)
        rows.append(compression_row(seed, execute(run, arguments.device).planes["each"]))
    command = f"python -m experiments compression --seeds {arguments.seeds} --epochs {arguments.epochs}"
    outputs.write_text(arguments.out, compression_table("tishby", rows, command))
    print(f"written: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
