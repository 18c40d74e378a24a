"""planes -> words: the table in the terminal, and the lines of the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastmi import InformationPlane

from . import analyses
from .beliefs import believed, gaps, unresolved, warn_of_unresolved
from .drawing import by_reading
from .execution import Result
from .records import Training
from .scores import Score

__all__ = [
    "KEYS",
    "findings",
    "funnel",
    "gap_lines",
    "scores_at_end",
    "shared_lines",
    "summary",
    "tell",
]

SPARSE_COVERAGE = 0.5  # below this coverage most samples are alone with their code


def findings(planes: Sequence[InformationPlane]) -> list[dict[str, Any]]:
    """Summarises each layer: I(X;T), I(T;Y) and the coverage at the epochs that matter.

    They are I(X;T) at the start, at its peak and at the end, I(T;Y) at start and end, and the
    coverage at the end. Of one plane, averaged over its paths; of the planes of several seeds each
    key is their mean, and "..._sd" their spread. What a measure does not say has no key.
    """
    seeds = [_findings(plane.mean()) for plane in planes]
    rows = []
    for layer in zip(*seeds, strict=True):
        row: dict[str, Any] = {"layer": layer[0]["layer"]}
        for key in KEYS:
            values = [seed[key] for seed in layer]
            if np.isnan(values).any():
                continue
            row[key] = float(np.mean(values))
            if len(values) > 1:
                row[f"{key}_sd"] = float(np.std(values, ddof=1))
        rows.append(row)
    return rows


KEYS = (
    "i_xt_start",
    "i_xt_peak",
    "peak_epoch",
    "i_xt_end",
    "i_ty_start",
    "i_ty_end",
    "coverage_end",
)


def _findings(mean: InformationPlane) -> list[dict[str, Any]]:
    rows = []
    for i, layer in enumerate(mean.layers):
        i_xt, i_ty = mean.i_xt[:, 0, i], mean.i_ty[:, 0, i]
        peak = int(i_xt.argmax())
        coverage = np.nan if mean.coverage is None else mean.coverage[-1, 0, i]
        values = (
            i_xt[0],
            i_xt[peak],
            np.nan if np.isnan(i_xt[peak]) else mean.epochs[peak],
            i_xt[-1],
            i_ty[0],
            i_ty[-1],
            coverage,
        )
        rows.append({"layer": layer} | dict(zip(KEYS, map(float, values), strict=True)))
    return rows


def funnel(planes: Sequence[InformationPlane]) -> dict[str, int]:
    """Counts how often a layer stood above the one before it, of how many pairs.

    See `InformationPlane.funnel_violations`.
    """
    broken = [plane.funnel_violations() for plane in planes]
    x, y = (int(sum(violations[..., side].sum() for violations in broken)) for side in (0, 1))
    return {"i_xt": x, "i_ty": y, "pairs": sum(violations[..., 0].size for violations in broken)}


def scores_at_end(scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    """Averages over copies and seeds: sample -> loss and accuracy after the last epoch."""
    samples = dict.fromkeys(score.sample for score in scores)
    return {
        name: {
            key: float(
                np.mean([getattr(score, key)[-1] for score in scores if score.sample == name])
            )
            for key in ("loss", "accuracy")
        }
        for name in samples
    }


def summary(result: Result) -> str:
    """Says what was found, a short table for each of the run's `reads`; every number in bits."""
    tables = ["\n".join(_table(by_measure)) for by_measure in result.apart()]
    return "\n\n".join([*tables, *([result.remark] if result.remark else [])])


def tell(result: Result, seconds: float, where: str) -> None:
    """Prints what was found, how long it took, and where it lies, and warns of what is unresolved.

    All is written by then: who makes warnings errors loses nothing.
    """
    stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in result.seconds.items())
    print(
        f"\n{summary(result)}\n\n{seconds:.1f} s ({stages}); figure, table and manifest in "
        f"{where}\nRun again: {result.repeats}.\n"
    )
    for by_measure in result.apart():
        warn_of_unresolved(by_measure.planes)


def _table(result: Result) -> list[str]:
    groups, training = by_reading(result.planes), result.run.training
    sample = result.planes[0].sample
    published = {reading: planes for (name, reading), planes in groups.items() if name == sample}
    single = published.get("mean") or published["each"]
    beside = {
        reading: findings(planes)
        for reading, planes in published.items()
        if reading in ("sampled", "mixture")
    }
    elsewhere = {
        name: planes
        for (name, reading), planes in groups.items()
        if name != sample and reading == single[0].reading
    }
    beside |= {name: findings(planes) for name, planes in elsewhere.items()}
    first, seeds = single[0], training.seeds
    entropy_y = np.mean([plane.entropy_y for plane in single])
    title = ("mean of single copies" if len(published) > 1 else "a single network") + (
        f", mean of {seeds} seeds" if seeds > 1 else ""
    )
    lines = [
        (
            f"{result.run.name}: {first.data} data, {sample} n = {first.n_samples}, "
            f"{_copies(first.n_copies)}, {training.length}"
        ),
        f"{first.binning}; log2 n = {np.log2(first.n_samples):.3f}, H(Y) = {entropy_y:.3f} bits",
        "",
        f"{'':9} {title + ', bits':51}"
        + "".join(f"  {reading + ', end':15}" for reading in beside),
        f"{'':9} {'I(X;T)':>6} start   peak {'(' + training.unit[:-1] + ')':>7}    end   I(T;Y) "
        "start    end" + f"{'I(X;T)  I(T;Y)':>17}" * len(beside) + "  coverage  chance  verdict",
    ]
    beliefs = believed(single)
    for i, row in enumerate(findings(single)):
        line = f"{row['layer']:9} {_cell(row, 'i_xt_start', 12, '.2f')} "
        line += f"{_cell(row, 'i_xt_peak', 6, '.2f')} "
        line += f"({row['peak_epoch']:5.0f})" if "peak_epoch" in row else " " * 7
        line += f" {_cell(row, 'i_xt_end', 6, '.2f')} {row['i_ty_start']:14.3f}"
        line += f" {row['i_ty_end']:6.3f}"
        line += "".join(
            f" {_cell(rows[i], 'i_xt_end', 8, '.2f')}  {rows[i]['i_ty_end']:6.3f}"
            for rows in beside.values()
        )
        line += f"  {_cell(row, 'coverage_end', 8, '.0%')}{_cell(beliefs[i], 'chance', 8, '.3f')}"
        line += f"  {beliefs[i].get('verdict', '')}"
        lines.append(line.rstrip())
    answers = [
        f"{name} {values['accuracy']:.1%}" for name, values in scores_at_end(result.scores).items()
    ]
    broken, placed = funnel(single), result.run.reads[0].placed
    lines += [
        *_supported({sample: single} | elsewhere),
        "",
        f"Right answers at the end: {', '.join(answers)}.",
        *_shuffled(training, elsewhere),
        *(
            [
                "A layer above the one before it (the binning's doing): I(X;T) in "
                f"{broken['i_xt']}, I(T;Y) in {broken['i_ty']} of {broken['pairs']} pairs."
            ]
            if placed
            else []
        ),
        *shared_lines(result.shared),
        *gap_lines(result.planes),
        *_cautions(single),
        *(line for name in result.run.analyses for line in ("", *_analysed(name, result))),
    ]
    return lines


def _supported(by_sample: Mapping[str, Sequence[InformationPlane]]) -> list[str]:
    """Lays out what each sample supports at the end; nothing where none states anything."""
    table = [("at the end", "sample", "chance", "I(T;Y) in mean", "pairs met", "growth", "outside")]
    words = [("I(X;T) is", "I(T;Y) is")]
    for sample, planes in by_sample.items():
        for layer, own in zip(planes[0].layers, believed(planes), strict=True):
            if "mean_lower" not in own:
                continue
            bracket = f"{own['mean_lower']:.3f} .. {_cell(own, 'mean_upper', 5, '.3f')}"
            met, outside = (_cell(own, name, 0, ".0%") for name in ("pair_coverage", "outside"))
            chance, growth = (_cell(own, name, 0, ".3f") for name in ("chance", "growth"))
            numbers = chance, bracket, met, growth, outside
            table.append((layer, sample, *numbers))
            words.append((own.get("verdict_xt", ""), own["verdict"]))
    if len(table) == 1:
        return []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "",
        *(
            f"{row[0]:{widths[0]}}"
            + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
            + f"  {of_x:17}  {of_y}"
            for row, (of_x, of_y) in zip(table, words, strict=True)
        ),
    ]


def _cell(row: Mapping[str, Any], name: str, width: int, form: str) -> str:
    """Writes a number, or room for it where the row has none."""
    return f"{row[name]:{width or ''}{form}}" if name in row else " " * width


def _shuffled(training: Training, elsewhere: Mapping[str, Sequence[InformationPlane]]) -> list[str]:
    """Says which labels each sample is read and scored by, where some were shuffled."""
    if training.labels == "true":
        return []
    lines = [
        f"The labels to train on were shuffled: {training.sample} is read and scored by them, "
        f"{' and '.join(elsewhere)} by the true ones.",
        "What a layer shows of the true ones above chance was not learned: it keeps some of x, "
        "which tells of them.",
    ]
    for name, planes in elsewhere.items():
        words = [
            f"{row['layer']} {row['i_ty_end']:.3f} ({belief['chance']:.3f})"
            for row, belief in zip(findings(planes), believed(planes), strict=True)
            if "chance" in belief
        ]
        lines += [f"I(T;Y) of {name} at the end (chance): {', '.join(words)}."] if words else []
    return lines


def shared_lines(shared: Mapping[str, int]) -> list[str]:
    """Says of how many rows a held-out sample is not."""
    return [
        f"{name}: {count} of its rows were trained on, too; what is said of it is said in spite of "
        "them."
        for name, count in shared.items()
    ]


def gap_lines(planes: Sequence[InformationPlane]) -> list[str]:
    """Says how much more of the labels the training sample shows, and what that means."""
    lines = []
    rows = gaps(planes)
    for training, held_out in dict.fromkeys((row["training"], row["held_out"]) for row in rows):
        words = [
            f"{row['layer']} {row['gap']:+.3f} ({row['means']})"
            for row in rows
            if (row["training"], row["held_out"]) == (training, held_out)
        ]
        lines.append(f"I(T;Y), {training} minus {held_out}: {', '.join(words)}.")
    return lines


def _analysed(name: str, result: Result) -> list[str]:
    analysis = analyses.load(name)
    return analysis.lines(result.run, analysis.rows(result))


def _cautions(planes: Sequence[InformationPlane]) -> list[str]:
    """Says what the sample cannot support, to stand beside the table."""
    plane = min(planes, key=lambda plane: plane.entropy_x)
    if np.isnan(plane.i_xt).all():
        lines = ["This measure says nothing of I(X;T)."]
    elif plane.n_symbols is None:
        lines = [
            "I(X;T) is of the layer behind a channel of the measure's own (noise, random codes), "
            "which decides it."
        ]
    elif plane.entropy_x < np.log2(plane.n_samples) - 1e-9:
        lines = [f"Rows of x repeat: H(X) = {plane.entropy_x:.3f} bits is the ceiling of I(X;T)."]
    else:
        lines = [
            "All x are distinct, so I(X;T) of a single network is H(T): how activations cluster, "
            "not information lost."
        ]
    for names in unresolved(planes).values():
        lines.append(
            f"I(T;Y) of {', '.join(names)} is unresolved: n = {plane.n_samples} cannot size "
            "them under these bins (chance: what shuffled labels give)."
        )
    words = [row.get("verdict") for row in believed(planes)]
    layers = zip(findings(planes), words, strict=True)
    sparse = [
        row["layer"]
        for row, word in layers
        if row.get("coverage_end", 1) < SPARSE_COVERAGE and word != "exact"
    ]
    if sparse:
        lines.append(
            f"In {', '.join(sparse)} more than half of the samples are alone with their code (see "
            f"coverage): n = {plane.n_samples} cannot size them."
        )
    return lines


def _copies(n: int) -> str:
    return "one copy" if n == 1 else f"{n} copies"
