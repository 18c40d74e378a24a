"""samples of known laws -> errors of every estimator of H and I: docs/estimators.md.

Bits throughout; drawn from seeds, so the page comes out the same again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.called import PROG
from benchmarks.laws import LAWS, Law
from benchmarks.page import table
from benchmarks.report import check_target
from fastmi.arrays import FloatArray, IntArray
from fastmi.backends import Occurrences
from fastmi.belief import mean_lower, mean_upper
from fastmi.counting import Tally, counts_of_counts
from fastmi.entropies import METHODS, information
from fastmi.entropies.james_stein import james_stein
from fastmi.files import replacing

__all__ = ["KNOWN", "Errors", "errors", "main", "page"]

PAGE, SIZES, SEEDS = Path("docs/estimators.md"), (10, 100, 1000, 10_000, 100_000), 300
KNOWN, LOWER, UPPER = "james-stein, K stated", "mean_lower", "mean_upper"
SAME_BITS = 1e-9  # differences within it are rounding
STANDARD_ERRORS = 3  # within which a mean is where it has to be

OPENING = """# How far each estimator is off

Written by `python -m benchmarks estimators`, which draws the samples anew from their seeds; not by
hand.

Every law is a joint law of T and Y whose information is known in closed form. From each, samples of
n independent pairs are drawn, and every `method=` estimates the same ones: H of the pairs,
H(T,Y), and I(T;Y) = H(T) + H(Y) - H(T,Y), nothing clipped. Shown is the bias, the mean of estimate
less truth, and behind it the standard deviation over the samples, in bits; the RMSE joins the two.
Beside I stand the two ends of the bracket, `mean_lower` and `mean_upper` of `fastmi.belief`, with
the number of classes known beforehand. They are bounds in mean, and no estimates: what is asked of
them is the sign of their bias. James-Stein takes as K the symbols seen; where it is stated, it is
how many pairs can occur. A difference of entropies has no one K to state.

A mean over laws as different as these says where to look first, not which method is best: law by
law they change places. When each fails, and why, stands in its docstring (`fastmi.entropies`).
"""


class Errors(NamedTuple):
    """Of each estimator, estimate less truth in every sample, (n_seeds,)."""

    entropy: Mapping[str, FloatArray]
    information: Mapping[str, FloatArray]


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks estimators [--out FILE] [--seeds N] [--sizes N ...]`."""
    parser = argparse.ArgumentParser(prog=f"{PROG} estimators", description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGE, help=f"where the page goes; {PAGE}")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="samples of each; %(default)s")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="n; %(default)s")
    options = parser.parse_args(arguments)
    if options.seeds < 2 or min(options.sizes) < 1:
        parser.error("--seeds is at least 2, and each of --sizes at least 1")
    check_target(options.out)
    found = {
        (law.name, n): errors(law, n, options.seeds) for law in LAWS for n in sorted(options.sizes)
    }
    with replacing(options.out) as beside:
        beside.write_text(page(found), encoding="utf-8")
    print(f"written to {options.out}")
    return 0


def errors(law: Law, n: int, n_seeds: int) -> Errors:
    """Draws samples of n pairs and estimates H(T,Y) and I(T;Y) of each by every method."""
    at = np.flatnonzero(law.joint)
    counts = np.zeros((n_seeds, law.joint.size), np.int64)
    rng = np.random.default_rng([n, *law.name.encode()])
    counts[:, at] = rng.multinomial(n, law.joint.reshape(-1)[at], size=n_seeds)
    counts = counts.reshape(n_seeds, *law.joint.shape)
    of_t, of_y, pairs = counts.sum(2), counts.sum(1), counts.reshape(n_seeds, -1)
    t, y, ty = map(_tally, (of_t, of_y, pairs))
    bits = {name: (estimate(t), estimate(y), estimate(ty)) for name, estimate in METHODS.items()}
    of_h = {name: h_ty for name, (_, _, h_ty) in bits.items()}
    of_h[KNOWN] = partial(james_stein, n_symbols=law.n_pairs)(ty)
    of_i = {name: information(*three) for name, three in bits.items()}
    of_i[LOWER], of_i[UPPER] = _bracket(t, of_y, bits["plugin"])
    return Errors(
        {name: value - law.entropy for name, value in of_h.items()},
        {name: value - law.information for name, value in of_i.items()},
    )


def _tally(counts: IntArray) -> Tally:
    """Tallies samples that are counted already: (s, k), of each symbol in each of s segments."""
    of_segments = [counts_of_counts(row) for row in counts]
    segment = np.repeat(np.arange(len(counts)), [len(times) for times, _ in of_segments])
    times, symbols = map(np.concatenate, zip(*of_segments, strict=True))
    return Tally(len(counts), int(counts[0].sum()), Occurrences(segment, times, symbols))


def _bracket(
    t: Tally, of_y: IntArray, plugin: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Brackets I(T;Y) of each segment, whose labels are its own."""
    (h_t, _, h_ty), value, n_classes = plugin, information(*plugin), of_y.shape[1]
    ends = [
        (
            mean_lower(value[i : i + 1], t.between(i, i + 1), labels, n_classes)[0],
            mean_upper(h_t[i : i + 1], h_ty[i : i + 1], labels, n_classes)[0],
        )
        for i, labels in enumerate(of_y)
    ]
    lower, upper = np.array(ends, np.float64).T
    return lower, upper


def page(found: Mapping[tuple[str, int], Errors]) -> str:
    """Writes the whole page from the errors of each law and n."""
    laws = [law for law in LAWS if any(name == law.name for name, _ in found)]
    n_seeds = len(next(iter(next(iter(found.values())).entropy.values())))
    said = f"Samples of each law and n: {n_seeds}.\n\n## At a glance\n"
    lines = [OPENING, said, *_glance(found), "## Law by law\n"]
    for law in laws:
        lines += _of_law(
            law, {n: errors for (name, n), errors in found.items() if name == law.name}
        )
    return "\n".join(lines)


def _glance(found: Mapping[tuple[str, int], Errors]) -> Iterator[str]:
    sizes = sorted({n for _, n in found})
    for kind, what in (("entropy", "H(T,Y)"), ("information", "I(T;Y)")):
        of = {place: getattr(errors, kind) for place, errors in found.items()}
        names = [name for name in next(iter(of.values())) if name not in (LOWER, UPPER)]
        mean = {
            name: [
                float(np.mean([_rmse(of[place][name]) for place in of if place[1] == n]))
                for n in sizes
            ]
            for name in names
        }
        yield f"RMSE of {what} in bits, mean over the laws:\n"
        yield table([_head(sizes), *((name, *map(_bits, row)) for name, row in mean.items())])
        yield f"\n{_least(mean, sizes)}\n"
    yield f"{_signs(found)}\n"


def _least(mean: Mapping[str, Sequence[float]], sizes: Sequence[int]) -> str:
    best = [min(mean, key=lambda name: mean[name][i]) for i in range(len(sizes))]
    named = "; ".join(f"n = {n:,}: {name}" for n, name in zip(sizes, best, strict=True))
    return f"The least of each column: {named}."


def _signs(found: Mapping[tuple[str, int], Errors]) -> str:
    """Says in how many places the bracket is, in mean, where it has to be."""
    kept = [
        (_at_most_zero(of.information[LOWER]), _at_most_zero(-of.information[UPPER]))
        for of in found.values()
    ]
    low, high = map(sum, zip(*kept, strict=True))
    return (
        f"The bracket, within {STANDARD_ERRORS} standard errors of a mean: `{LOWER}` is at most I "
        f"in {low} of {len(kept)} places (a law and an n), `{UPPER}` at least I in {high}."
    )


def _at_most_zero(values: FloatArray) -> bool:
    margin = STANDARD_ERRORS * values.std(ddof=1) / np.sqrt(len(values))
    return bool(values.mean() <= margin + SAME_BITS)


def _of_law(law: Law, of_sizes: Mapping[int, Errors]) -> Iterator[str]:
    k_t, k_y = law.joint.shape
    yield f"### {law.name[:1].upper()}{law.name[1:]}\n"
    yield (
        f"{law.about[:1].upper()}{law.about[1:]}. I(T;Y) = {law.formula} = {law.information:.6f} "
        f"and H(T,Y) = {law.entropy:.6f} bits; {k_t} x {k_y} symbols, of whose pairs {law.n_pairs} "
        "can occur.\n"
    )
    for kind, what in (("entropy", "H(T,Y)"), ("information", "I(T;Y)")):
        of = {n: getattr(errors, kind) for n, errors in of_sizes.items()}
        names = next(iter(of.values()))
        yield f"{what}, bias and standard deviation:\n"
        yield table(
            [_head(list(of)), *((name, *(_cell(of[n][name]) for n in of)) for name in names)]
        )
        yield ""


def _head(sizes: Sequence[int]) -> tuple[str, ...]:
    return ("method", *(f"n = {n:,}" for n in sizes))


def _rmse(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _cell(values: FloatArray) -> str:
    return f"{_bits(values.mean(), '+')}, {_bits(values.std(ddof=1))}"


def _bits(value: float, sign: str = "") -> str:
    """Writes four decimals, and zero without a sign."""
    return f"{value:{sign}.4f}" if abs(value) >= 5e-5 else "0"
