"""laws whose information is known -> what fastmi says of their samples, and whether it holds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.called import PROG
from benchmarks.report import check_target
from benchmarks.simulation.lines import (
    ALTERNATIVE,
    EIGHT,
    INDEPENDENT,
    LINES,
    POWER_SIZES,
    WIDTH_SIZES,
)
from benchmarks.simulation.page import Found, Width, page
from benchmarks.simulation.rejecting import null, power
from benchmarks.simulation.sampling import bracket, coverage, sampled
from fastmi.files import replacing

__all__ = ["find", "main"]

PAGE = Path("docs/simulation.md")
SAMPLES, NULL_SAMPLES, WIDTH_SAMPLES = 2000, 5000, 100


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks simulation [--samples N] [--null-samples N] [--out FILE]`."""
    parser = argparse.ArgumentParser(prog=f"{PROG} simulation", description=__doc__)
    for name, default in (("--samples", SAMPLES), ("--null-samples", NULL_SAMPLES)):
        parser.add_argument(name, type=int, default=default, help="of each line; %(default)s")
    parser.add_argument("--out", type=Path, default=PAGE, help=f"where the page goes; {PAGE}")
    options = parser.parse_args(arguments)
    if min(options.samples, options.null_samples) < 2:
        raise ValueError("--samples must be at least 2, and --null-samples: a mean has its error")
    check_target(options.out)
    found = find(options.samples, options.null_samples)
    with replacing(options.out) as beside:
        beside.write_text(page(found), encoding="utf-8")
    print(f"written to {options.out}")
    return 0


def find(n_samples: int, n_null: int) -> Found:
    """Simulates every line."""
    laws, nulls = [], []
    for line in LINES:
        for n in line.sizes:
            print(f"{line.name}, n = {n:,}", flush=True)
            samples = sampled(line.law, line.name, n, n_samples, known=line.known)
            laws.append((line, n, bracket(samples, line.law.information), coverage(samples)))
    for line in INDEPENDENT:
        for n in line.sizes:
            print(f"independent: {line.name}, n = {n:,}", flush=True)
            samples = sampled(line.law, f"{line.name}, null", n, n_null, intervals=False)
            nulls.append((line, n, null(samples, n)))
    powers = [(n, power(ALTERNATIVE, "the alternative", n, n_samples)) for n in POWER_SIZES]
    widths = [_width(n) for n in WIDTH_SIZES]
    return Found(n_samples, n_null, WIDTH_SAMPLES, laws, nulls, powers, widths)


def _width(n: int) -> Width:
    samples = sampled(EIGHT, "width", n, WIDTH_SAMPLES, intervals=False)
    below = np.mean(samples.plugin - samples.lower)
    return Width(n, float((samples.upper - samples.lower).max()), float(below))
