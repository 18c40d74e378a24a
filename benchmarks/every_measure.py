"""MNIST's ten digits, a layer of 512 units, three readings -> docs/every-measure.md and its figure.

Every measure of layers reads the same layer, before, early in and after the training.
"""

from __future__ import annotations

import argparse
import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.called import PROG
from benchmarks.page import table
from benchmarks.report import check_target
from experiments import mnist
from fastmi import Edges, PlaneEstimator, UniformBins, entropy, unit_information
from fastmi.counting import CoverageWarning
from fastmi.figures import COLORS, GUIDE, MARKS
from fastmi.files import replacing
from fastmi.measures import KDEBounds, Probe, SoftCodes, VectorQuantized
from fastmi.networks import one_thread

__all__ = ["EXPECTED", "draw", "find", "main", "page"]

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Bits = npt.NDArray[np.float64]

PAGE = Path("docs/every-measure.md")
WIDTHS = (784, 512, 512, 64, 10)
STEPS = (0, 30, 940)
BATCH, N_TRAIN, N, NETWORKS = 128, 60_000, 5000, 5
STILL = 0.02  # bits


class Found(NamedTuple):
    """What all networks gave.

    Attributes:
        bits: what is read -> (networks, readings). right: (networks,) shares of right answers at
            the end. h_y: H(Y) of the images read.
    """

    bits: Mapping[str, Bits]
    right: Bits
    h_y: float


def _still(*bits: float) -> bool:
    return max(bits) - min(bits) < STILL


def _falling(*bits: float) -> bool:
    return _rising(*reversed(bits))


def _rising(*bits: float) -> bool:
    return all(a < b for a, b in itertools.pairwise(bits))


def _dips(start: float, early: float, end: float) -> bool:
    return early < start and early < end


# what is read, and what a layer that learns should show
EXPECTED: dict[str, tuple[str, Callable[..., bool]]] = {
    "rows of 30 bins, I(X;T)": ("stands still", _still),
    "rows of 30 bins, I(T;Y)": ("stands still", _still),
    "rows of 30 bins, chance": ("stands still", _still),
    "rows of signs, I(X;T)": ("stands still", _still),
    "rows of signs, I(T;Y)": ("stands still", _still),
    "KDE, I(X;T) from": ("falls, then rises", _dips),
    "KDE, I(X;T) to": ("falls, then rises", _dips),
    "a linear probe, I(T;Y)": ("rises", _rising),
    "64 codes by k-means, I(T;Y)": ("rises", _rising),
    "64 codes by k-means, at least": ("rises", _rising),
    "729 cells of six components, I(T;Y)": ("rises", _rising),
    "729 cells of six components, chance": ("falls", _falling),
    "100 soft codes, I(X;W)": ("falls, then rises", _dips),
    "100 soft codes, I(W;Y)": ("rises", _rising),
    "the units' mean, I(t;Y)": ("rises", _rising),
    "the best unit, I(t;Y)": ("rises", _rising),
}
# those of I(T;Y), from the most down, at every reading
ORDER = (
    "rows of 30 bins, I(T;Y)",
    "a linear probe, I(T;Y)",
    "64 codes by k-means, at least",
    "the best unit, I(t;Y)",
)
# one colour and mark for each way, in both pictures; the rows of signs lie upon those of bins
DRAWN = {
    "rows of 30 bins, I(T;Y)": (COLORS[0], MARKS[0]),
    "a linear probe, I(T;Y)": (COLORS[2], MARKS[2]),
    "64 codes by k-means, I(T;Y)": (COLORS[3], MARKS[3]),
    "729 cells of six components, I(T;Y)": (COLORS[4], MARKS[4]),
    "the best unit, I(t;Y)": (COLORS[5], MARKS[5]),
    "the units' mean, I(t;Y)": (COLORS[6], MARKS[6]),
    "100 soft codes, I(W;Y)": (COLORS[1], MARKS[1]),
    "rows of 30 bins, I(X;T)": (COLORS[0], MARKS[0]),
    "KDE, I(X;T) to": (GUIDE, "v"),
    "KDE, I(X;T) from": (GUIDE, "^"),
    "100 soft codes, I(X;W)": (COLORS[1], MARKS[1]),
}


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks every-measure [--networks N] [--mnist PATH] [--out FILE]`."""
    parser = argparse.ArgumentParser(prog=f"{PROG} every-measure", description=__doc__)
    parser.add_argument(
        "--networks", type=int, default=NETWORKS, help="of a seed each; %(default)s"
    )
    parser.add_argument("--mnist", type=Path, help="as `python -m experiments run` takes it")
    parser.add_argument("--out", type=Path, default=PAGE, help=f"where the page goes; {PAGE}")
    options = parser.parse_args(arguments)
    if options.networks < 1:
        raise ValueError("--networks must be at least 1")
    figure = options.out.with_suffix(".png")
    check_target(options.out)
    images = mnist.find(options.mnist)
    pixels = (images.pixels.reshape(len(images.pixels), -1) / 255).astype(np.float32)
    with one_thread():
        found = find(pixels, images.labels.astype(np.int64), options.networks)
    with replacing(figure) as beside:
        draw(found).savefig(beside, format="png", dpi=120)
    with replacing(options.out) as beside:
        beside.write_text(page(found, figure.name), encoding="utf-8")
    print(f"written to {options.out} and {figure}")
    return 0


def find(pixels: Floats, classes: Integers, n_networks: int) -> Found:
    """Trains networks on the first images, and reads the second layer of each for others."""
    read = slice(N_TRAIN, None, (len(pixels) - N_TRAIN) // N)
    rows: dict[str, list[list[float]]] = {name: [] for name in EXPECTED}
    right: list[float] = []
    for seed in range(n_networks):
        readings: list[dict[str, float]] = []
        shares: list[float] = []
        for step, layer, share in _trained(pixels, classes, read, seed):
            print(f"network {seed}, step {step}: {share:.1%} right", flush=True)
            readings.append(dict(_read(layer, classes[read])))
            shares.append(share)
        right.append(shares[-1])
        for name, row in rows.items():
            row.append([reading[name] for reading in readings])
    bits = {name: np.array(row) for name, row in rows.items()}
    return Found(bits, np.array(right), float(entropy(classes[read])))


def _trained(
    pixels: Floats, classes: Integers, read: slice, seed: int
) -> Iterator[tuple[int, Floats, float]]:
    """Trains a network: (step, its second hidden layer for the images read, share right)."""
    import torch
    from torch import nn

    x, y = torch.from_numpy(pixels[:N_TRAIN]), torch.from_numpy(classes[:N_TRAIN])
    held_out, labels = torch.from_numpy(pixels[read]), torch.from_numpy(classes[read])
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        first, second, third, fourth = (nn.Linear(*widths) for widths in itertools.pairwise(WIDTHS))
        hidden = nn.Sequential(first, nn.ReLU(), second, nn.ReLU())
        head = nn.Sequential(third, nn.ReLU(), fourth)
        optimizer = torch.optim.Adam([*hidden.parameters(), *head.parameters()])
        for step in range(STEPS[-1] + 1):
            if step in STEPS:
                with torch.no_grad():
                    layer = hidden(held_out)
                    share = (head(layer).argmax(1) == labels).double().mean().item()
                yield step, layer.numpy(), share
            batch = torch.randint(len(x), (BATCH,))
            loss = nn.functional.cross_entropy(head(hidden(x[batch])), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _read(layer: Floats, y: Integers) -> Iterator[tuple[str, float]]:
    """Reads a layer (n, d) in every way."""
    bins = UniformBins(30, range=(0, float(layer.max())))
    ways: dict[str, tuple[Any, dict[str, str]]] = {
        "rows of 30 bins": (bins, {"I(X;T)": "i_xt", "I(T;Y)": "i_ty", "chance": "chance"}),
        "rows of signs": (
            Edges([0.0, np.nextafter(np.float32(0), np.float32(1)), float(layer.max())]),
            {"I(X;T)": "i_xt", "I(T;Y)": "i_ty"},
        ),
        "KDE": (
            KDEBounds(float(layer.var(axis=0, dtype=np.float64).mean())),
            {"I(X;T) from": "i_xt_lower", "I(X;T) to": "i_xt_upper"},
        ),
        "a linear probe": (Probe(max_fit=N), {"I(T;Y)": "i_ty"}),
        "64 codes by k-means": (
            VectorQuantized(64),
            {"I(T;Y)": "i_ty", "at least": "mean_lower"},
        ),
        "729 cells of six components": (
            VectorQuantized(729, by="pca"),
            {"I(T;Y)": "i_ty", "chance": "chance"},
        ),
        "100 soft codes": (SoftCodes(100), {"I(X;W)": "i_xt", "I(W;Y)": "i_ty"}),
    }
    n = len(layer)
    for way, (measure, columns) in ways.items():
        estimator = PlaneEstimator(np.arange(n), y, measure, sample="held-out")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CoverageWarning)  # the page says so
            present = estimator.readings(layer)["each"].present
        for what, column in columns.items():
            yield f"{way}, {what}", present[column].item()
    units = unit_information(layer, y, bins).i_ty
    yield "the units' mean, I(t;Y)", float(units.mean())
    yield "the best unit, I(t;Y)", float(units.max())


# --- the page -------------------------------------------------------------------------------------

OPENING = """# One wide layer, by every measure

Written by `python -m benchmarks every-measure`, not by hand. {networks} networks
784-512-512-64-10 (ReLU, Adam, batches of {batch}) are trained on MNIST, and their second layer of
512 units is read on {n:,} images that they were not trained on: before the training, after
{early} steps and after {end}, when {right} are right. H(Y) is {h_y:.2f} bits, log2 n {ceiling:.2f}.
Numbers are means over the networks, in bits, with the least and the most in brackets.

Rows are counted in two ways, by 30 bins a unit and by whether a unit is above 0: both stand still,
at their ceilings, where shuffled labels would stand. What does not ask for equal rows moves. The
KDE bounds take noise of the layer's mean unit variance, anew at each reading, so they are blind to
its scale; no noise is part of these networks. Codes are fitted without labels to the rows that they
code; the probe is fitted to half of the images and scored on the others. Soft codes are a channel
of their own, whose numbers compare with each other.

![I(T;Y) and I(X;T) of the layer at the three readings, by each measure]({figure})

"""


def page(found: Found, figure: str) -> str:
    """Writes it whole; beside the numbers whether each network shows what is expected."""
    opening = OPENING.format(
        networks=len(found.right),
        batch=BATCH,
        n=N,
        early=STEPS[1],
        end=STEPS[2],
        right=" to ".join(f"{100 * end:.1f} %" for end in (found.right.min(), found.right.max())),
        h_y=found.h_y,
        ceiling=math.log2(N),
        figure=figure,
    )
    order = np.array([found.bits[name] for name in ORDER])  # (measures, networks, readings)
    kept = [bool((one[:-1] > one[1:]).all()) for one in order.swapaxes(0, 1)]
    closing = (
        f"\nOf I(T;Y) the order is, from the most down: {'; '.join(ORDER)}. At every reading it "
        f"holds in {_of_all(kept)}.\n"
    )
    return opening + table(list(_rows(found))) + "\n" + closing


def _rows(found: Found) -> Iterator[Sequence[str]]:
    yield "", "before", f"{STEPS[1]} steps", f"{STEPS[2]} steps", "expected", "holds in"
    for name, (words, holds) in EXPECTED.items():
        bits = found.bits[name]
        yield (
            name,
            *(f"{some.mean():.2f} ({some.min():.2f} to {some.max():.2f})" for some in bits.T),
            words,
            _of_all([holds(*network) for network in bits]),
        )


def _of_all(which: Sequence[bool]) -> str:
    return f"{sum(which)} of {len(which)}"


def draw(found: Found) -> Figure:
    """Draws I(T;Y) and I(X;T) at the readings, each measure with its spread over the networks."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    known, seen = figure.subplots(1, 2)
    at = np.arange(len(STEPS))
    for name, (color, mark) in DRAWN.items():
        bits = found.bits[name]
        axes = seen if "(X;" in name else known
        axes.plot(at, bits.mean(0), color=color, marker=mark, label=name)
        axes.fill_between(at, bits.min(0), bits.max(0), color=color, alpha=0.2, linewidth=0)
    for axes, title, ceiling, bits in (
        (known, "what the layer knows of the labels", "H(Y)", found.h_y),
        (seen, "what it knows of the image", "log2 n", math.log2(N)),
    ):
        axes.axhline(bits, color=GUIDE, linestyle="--", linewidth=0.8, label=ceiling)
        axes.set(title=title, ylabel="bits", ylim=(0, None))
        axes.set_xticks(at, ["before", *(f"{step} steps" for step in STEPS[1:])])
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
