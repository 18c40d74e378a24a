"""MNIST's zeros and ones, a layer of 512 units, noisy labels -> docs/wide-layers.md.

The truth is known: I(image;Y') = h(p * e) - h(e), where the class is a function of the image.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.called import PROG
from benchmarks.report import check_target
from experiments import mnist
from fastmi import PlaneEstimator, UniformBins
from fastmi.belief import VERDICTS
from fastmi.binning import Binning
from fastmi.counting import CoverageWarning
from fastmi.files import replacing
from fastmi.measures import Probe, VectorQuantized
from fastmi.networks import one_thread
from fastmi.recorders.rules import default_bins

__all__ = ["find", "main", "page", "truth"]

Floats = npt.NDArray[np.float32]
Joint = dict[str, dict[float, list[tuple[float, float, str]]]]

PAGE = Path("docs/wide-layers.md")
UNITS, SEEDS, NETWORKS = 512, 20, 4
N_TRAIN, N_FIT, N = 4000, 2500, 5000  # images, all others
STEPS, BATCH = 60, 100
ERRORS = (0.05, 0.1, 0.2, 0.3, 0.4)  # of the channel
# fitted to other images than those that are counted, with labels where they are needed
MEASURES: dict[str, Any] = {
    "VectorQuantized, k by mean_lower": VectorQuantized("auto", max_fit=N_FIT),
    "VectorQuantized, k = 4": VectorQuantized(4, max_fit=N_FIT),
    "Probe": Probe(max_fit=N_FIT),
}
MUST = {  # the share of the truth that is asked of a measure, for each error
    "VectorQuantized, k by mean_lower": (0.9, 0.9, 0.9, 0.9, 0.7),
    "Probe": (0.85, 0.85, 0.85, 0.85, 0.7),
}
JOINT: dict[str, Callable[[Floats], Binning]] = {
    "30 bins a unit": lambda layer: UniformBins(30, range=(0, float(layer.max()))),
    "two bins a unit and 0 apart": default_bins,
}


class Found(NamedTuple):
    """What all seeds gave.

    Attributes:
        lower: measure -> error -> the lower bound of each seed, bits. joint: bins -> error ->
            (plug-in, mean_lower, verdict) of each seed. p: the share of the second class.
    """

    lower: dict[str, dict[float, list[float]]]
    joint: Joint
    p: float


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks wide-layers [--seeds N] [--mnist PATH] [--out FILE]`."""
    parser = argparse.ArgumentParser(prog=f"{PROG} wide-layers", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of splits and noise; %(default)s")
    parser.add_argument("--mnist", type=Path, help="as `python -m experiments run` takes it")
    parser.add_argument("--out", type=Path, default=PAGE, help=f"where the page goes; {PAGE}")
    options = parser.parse_args(arguments)
    if options.seeds < 2:
        raise ValueError("--seeds must be at least 2: a mean has its error")
    check_target(options.out)
    images = mnist.find(options.mnist)
    two = images.labels < 2
    pixels = (images.pixels[two].reshape(two.sum(), -1) / 255).astype(np.float32)
    with one_thread():
        found = find(pixels, images.labels[two].astype(np.int64), options.seeds)
    with replacing(options.out) as beside:
        beside.write_text(page(found, options.seeds), encoding="utf-8")
    print(f"written to {options.out}")
    return 0


def truth(p: float, error: float) -> float:
    """Computes h(p * e) - h(e), the bits that the image tells of the label."""
    return _h(p * (1 - error) + (1 - p) * error) - _h(error)


def find(pixels: Floats, classes: npt.NDArray[np.int64], n_seeds: int) -> Found:
    """Trains networks, and reads the layer of each with several splits and noises."""
    lower: dict[str, dict[float, list[float]]] = {
        name: {error: [] for error in ERRORS} for name in MEASURES
    }
    joint: Joint = {name: {error: [] for error in ERRORS} for name in JOINT}
    n_networks = min(NETWORKS, n_seeds)
    for network in range(n_networks):
        order = np.random.default_rng([network, 0]).permutation(len(pixels))
        trained, rest = order[:N_TRAIN], order[N_TRAIN:]
        layer = _layer(pixels[trained], classes[trained], pixels[rest], network)
        for seed in range(network, n_seeds, n_networks):
            print(f"network {network}, seed {seed}", flush=True)
            rng = np.random.default_rng([seed, 1])
            own = rng.permutation(len(rest))
            fit, counted = own[:N_FIT], own[N_FIT : N_FIT + N]
            _read(layer, classes[rest], fit, counted, rng, lower, joint)
    return Found(lower, joint, float(classes.mean()))


def _read(
    layer: Floats,
    classes: npt.NDArray[np.int64],
    fit: npt.NDArray[np.int64],
    counted: npt.NDArray[np.int64],
    rng: np.random.Generator,
    lower: dict[str, dict[float, list[float]]],
    joint: Joint,
) -> None:
    blind = {
        name: measure.fit(layer[fit])
        for name, measure in MEASURES.items()
        if not measure.needs_labels
    }
    bins = {name: of(layer[fit]) for name, of in JOINT.items()}
    for error in ERRORS:
        y = classes ^ (rng.random(len(classes)) < error)
        estimator = PlaneEstimator(
            np.arange(len(counted)),
            y[counted],
            next(iter(bins.values())),
            n_classes=2,
            sample="held-out",
        )
        for name, its_bins in bins.items():
            points = _points(estimator.measured_by(its_bins), layer[counted])
            verdict = VERDICTS[int(points["verdict"])]
            joint[name][error].append((points["i_ty"], points["mean_lower"], verdict))
        for name, measure in MEASURES.items():
            fitted = blind.get(name) or measure.fit(layer[fit], y[fit])
            points = _points(estimator.measured_by(fitted), layer[counted])
            lower[name][error].append(points.get("mean_lower", points["i_ty"]))


def _points(estimator: PlaneEstimator, layer: Floats) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoverageWarning)  # the page says so
        points = estimator.readings(layer)["each"]
    return {name: column.item() for name, column in points.present.items()}


def _layer(pixels: Floats, classes: npt.NDArray[np.int64], others: Floats, seed: int) -> Floats:
    """Trains a network to tell the classes, and reads its second hidden layer for other images."""
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        hidden = nn.Sequential(
            nn.Linear(pixels.shape[1], UNITS), nn.ReLU(), nn.Linear(UNITS, UNITS), nn.ReLU()
        )
        model = nn.Sequential(hidden, nn.Linear(UNITS, 2))
        optimizer = torch.optim.Adam(model.parameters())
        x, y = torch.from_numpy(pixels), torch.from_numpy(classes)
        for _ in range(STEPS):
            batch = torch.randint(len(x), (BATCH,))
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            return hidden(torch.from_numpy(others)).numpy()


def _h(p: float) -> float:
    return sum(-q * math.log2(q) for q in (p, 1 - p) if q > 0)


# --- the page -------------------------------------------------------------------------------------

OPENING = """# Wide layers, where the truth is known

Written by `python -m benchmarks wide-layers`, not by hand. Images of MNIST's zeros and ones;
networks 784-512-512-2 (ReLU), each trained on {n_train:,} of them to tell the two; their second
layer of 512 units read on {n:,} others. The label is the class through a binary symmetric channel
that errs in a share e, so that no layer can know more of it than the image does: h(p * e) - h(e)
bits, with p = {p:.3f} the share of ones. Codes are fitted to {n_fit:,} further images, without
labels, and the probe to the same with theirs. {seeds} seeds of splits and noise over {networks}
networks; "±" is one standard error of the mean over seeds.

A lower bound has to stay below the truth in mean, within two standard errors, and is worth
something where it rises to it. The joint count of the 512 units has a code for nearly every image:
it says H(Y') whatever the labels are. With 30 bins a unit its verdict says that it says nothing;
with two a few images share a code, and where the labels are clean that may be "bounded", by some
thousandths of a bit.
"""


def page(found: Found, n_seeds: int) -> str:
    """Writes it whole."""
    opening = OPENING.format(
        n_train=N_TRAIN,
        n=N,
        n_fit=N_FIT,
        p=found.p,
        seeds=n_seeds,
        networks=min(NETWORKS, n_seeds),
    )
    sections = [f"## {name}\n\n{_table(*_bounds(found, name))}" for name in found.lower]
    joint = [
        f"## The joint count, {name}\n\n{_table(*_joint(found, name))}" for name in found.joint
    ]
    return "\n".join([opening, *sections, *joint])


def _bounds(found: Found, name: str) -> Iterator[Sequence[str]]:
    yield "e", "truth", "mean lower bound", "of the truth", "at least", "below", "reached"
    for error, least in zip(ERRORS, MUST.get(name, [None] * len(ERRORS)), strict=True):
        bits, known = np.array(found.lower[name][error]), truth(found.p, error)
        mean, se = bits.mean(), bits.std(ddof=1) / math.sqrt(len(bits))
        yield (
            f"{error:g}",
            f"{known:.4f}",
            f"{mean:.4f} ± {se:.4f}",
            f"{100 * mean / known:.0f} %",
            "" if least is None else f"{100 * least:.0f} %",
            _in_words(mean <= known + 2 * se),
            "" if least is None else _in_words(mean >= least * known),
        )


def _joint(found: Found, name: str) -> Iterator[Sequence[str]]:
    yield "e", "truth", "mean plug-in", "mean of mean_lower", "verdicts"
    for error, seeds in found.joint[name].items():
        plugin, lower, verdicts = zip(*seeds, strict=True)
        yield (
            f"{error:g}",
            f"{truth(found.p, error):.4f}",
            f"{np.mean(plugin):.4f}",
            f"{np.mean(lower):.4f}",
            ", ".join(f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts))),
        )


def _in_words(holds: Any) -> str:
    return "holds" if holds else "**does not hold**"


def _table(head: Sequence[str], *rows: Sequence[str]) -> str:
    lines = [head, ["---:"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
