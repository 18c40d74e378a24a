"""material -> the sections on one network and one plane: point, ceilings, chance, bracket."""

from __future__ import annotations

import numpy as np

from experiments.analyses.analysis import markdown
from experiments.lesson.markdown import bits, end, ends, joined, listed, words
from experiments.lesson.material import SIZES, N, Material
from fastmi import InformationPlane

__all__ = ["bracket", "ceilings", "chance", "cited", "point"]


def point(material: Material) -> str:
    """Says what a point is, and what the marks of the figure are."""
    plane, (_, information) = material.plane, material.truth
    found = end(plane, "i_ty")
    above = [layer for layer, value in found.items() if value > information]
    shown = ("n_symbols", "i_xt", "growth", "i_ty", "chance", "mean_lower", "mean_upper", "verdict")
    return joined(
        "## 1. What a point is",
        "![The first copy on 1,000 held-out samples, by their labels and by shuffled ones](FIGURES/"
        "point.png)",
        "Left is the first copy, read on 1,000 held-out samples as it is trained. A small mark is "
        "where a layer starts, a large one where it ends, the line between them its path. Dashed "
        "are the ceilings (section 2), dotted in the colour of a layer is its chance (section 3); "
        "the square bracket below an end, and how far its mark is filled, are section 4. The right "
        "half belongs to section 3. At the ends stand:",
        ends(plane, shown),
        f"*Say:* {cited(plane, 'output')}.",
        f"*Do not say:* {listed(above)} know more than the output, or all there is to know, about "
        f"y. They show {_from_to([found[layer] for layer in above])} bits, and there are no more "
        f"than {information:.3f}. These points do not even say that the layers know anything.",
    )


def cited(plane: InformationPlane, layer: str) -> str:
    """Cites I(T;Y) of a layer, with all that belongs to it."""
    value, chance, verdict = (end(plane, name)[layer] for name in ("i_ty", "chance", "verdict"))
    lower = end(plane, "mean_lower")[layer]
    rest = f"at least {lower:.3f} in mean, {verdict}" if verdict == "bounded" else verdict
    return (
        f"{layer}: I(T;Y) = {value:.3f} bits (chance {chance:.3f}, n = {plane.n_samples:,}, "
        f"{plane.sample_kind}, {plane.binning}, {rest})"
    )


def _from_to(values: list[float]) -> str:
    if not values:
        return "no"
    low, high = f"{min(values):.3f}", f"{max(values):.3f}"
    return low if low == high else f"{low} to {high}"


def ceilings(material: Material) -> str:
    """Shows the same network on ever more samples."""
    planes = material.sizes
    heads = [f"{what}, n = {n:,}" for what in ("I(X;T)", "I(T;Y)") for n in SIZES]
    of = [end(planes[n], name) for name in ("i_xt", "i_ty") for n in SIZES]
    grown = end(material.plane, "growth")
    forms = [".2f"] * len(SIZES) + [".3f"] * len(SIZES)
    rows = [
        [
            layer,
            *(bits(column[layer], form) for column, form in zip(of, forms, strict=True)),
            bits(grown[layer], ".2f"),
        ]
        for layer in material.plane.layers
    ]
    first = [bits(column["layer 1"], ".2f") for column in of[: len(SIZES)]]
    tops = [bits(np.log2(n), ".2f") for n in SIZES]
    return joined(
        "## 2. Two ceilings, and growth",
        "![The same network read on 250, 1,000 and 20,000 held-out samples](FIGURES/sizes.png)",
        "n samples have at most n codes, so I(X;T) ends at log2 n; and nothing says more about y "
        "than y itself, so I(T;Y) ends at H(Y). A layer in which every sample has a code of its own "
        "stands at both, in the corner, whatever it computes: a code that is met once has one label.",
        "The three panels show one network, and only n differs:",
        markdown(["layer", *heads, f"growth, n = {N:,}"], rows),
        f"I(X;T) of layer 1 is {', '.join(first)} where log2 n is {', '.join(tops)}: it measures "
        "the sample. I(T;Y) of the later layers falls as n grows: what a small sample shows too "
        "much. *growth* tells of both from one sample: the bits that I(X;T) gained when the sample "
        "was last doubled. At 1 every new sample was a new code; above .9 the verdict on I(X;T) is "
        "*at the ceiling*.",
        "*Say:* I(X;T) of layer 1 is at the ceiling, n cannot size it.",
        "*Do not say:* it has converged, where growth is small: rare codes may be to come. Nor that "
        "a layer forgets x, where I(X;T) falls. Every x is distinct here and T is computed from x, "
        "so I(X;T) is the entropy of the codes: the activations moved into fewer bins.",
    )


def chance(material: Material) -> str:
    """Shows labels that are shuffled, and what was computed without a shuffle."""
    true, computed = (end(material.plane, name) for name in ("i_ty", "chance"))
    shuffled = end(material.shuffled, "i_ty")
    rows = [
        [layer, *(bits(column[layer]) for column in (true, computed, shuffled))] for layer in true
    ]
    apart = max(abs(shuffled[layer] - computed[layer]) for layer in true)
    return joined(
        "## 3. Chance",
        "The right half of the first figure is the left one with its labels shuffled. Now there is "
        "nothing to know, and yet:",
        markdown(["layer", "I(T;Y)", "chance", "I(T;Y), labels shuffled once"], rows),
        "*chance* is the exact mean of I(T;Y) over all shuffles, computed from the counts without "
        f"one. This shuffle lies within {apart:.3f} bits of it. In the figure it is the dotted path; "
        "a point near its own dots shows what any labels would show.",
        "*Say:* the number and its chance, always together. If all layers of a published plane "
        "stand at H(Y) (3.32 bits of ten classes), ask where chance stands.",
        "*Do not say:* the difference of the two is the information. It is no corrected estimate: "
        "where chance is near H(Y) there is nothing left to correct. Nor that I(T;Y) above chance is "
        "enough: on a training sample it is above chance because the network learned these labels.",
    )


def bracket(material: Material) -> str:
    """Shows what the bracket and the verdict promise, and what more samples made of it."""
    few, many = material.plane, material.sizes[SIZES[-1]]
    sure = words(many, "resolved")
    lower, upper, value = end(few, "mean_lower"), end(few, "mean_upper"), end(many, "i_ty")
    held = [layer for layer in sure if lower[layer] <= value[layer] <= upper[layer]]
    rows = [
        [
            layer,
            *(cell for plane in (few, many) for cell in _bracketed(plane, layer)),
        ]
        for layer in few.layers
    ]
    heads = [
        f"{what}, n = {plane.n_samples:,}"
        for plane in (few, many)
        for what in ("I(T;Y)", "bracket", "verdict")
    ]
    reasons = [
        f"- {layer}, n = {plane.n_samples:,}: {plane.reasons()[layer].partition(';')[0]}."
        for plane, layer in ((many, "output"), (few, "layer 4"), (few, "layer 1"))
    ]
    return joined(
        "## 4. The bracket and the verdict",
        "Between *mean_lower* and *mean_upper* lies I(T;Y), *in mean* over held-out samples of this "
        "size. That is proven for any law and any n; it is a statement about means, and not a "
        "confidence interval. A lower end below 0 says nothing at all. The verdict is a word for it:",
        markdown(
            ["verdict", "mark", "when", "what to say"],
            [
                ["resolved", "full", "nearly all pairs of code and label were met more than once, "
                 "and the lower end is near", "the number"],
                ["bounded", "half full", "the lower end is too high for labels that are "
                 "independent of T", "that there is information, and mean_lower"],
                ["unresolved", "hollow", "neither", "that n cannot size this layer under these bins"],
                ["exact", "full", "the sample is all there is", "the number"],
            ],
        ),
        "The same layers with twenty times as many samples:",
        markdown(["layer", *heads], rows),
        f"Of the layers that are resolved in the end ({listed(sure, 'none')}), the bracket of "
        f"n = {few.n_samples:,} held what came out in {len(held)} of {len(sure)}. Every verdict has "
        "its reason (`plane.reasons()`):",
        reasons,
        "*Say:* of a bounded layer, \"at least\" its mean_lower.",
        "*Do not say:* I(T;Y) lies in the bracket with so much confidence; or that a layer is "
        "bounded, so its I(T;Y) is about right. "
        f"{_bounded_above(many, material.truth[1])}",
    )  # fmt: skip


def _bracketed(plane: InformationPlane, layer: str) -> tuple[str, str, str]:
    low, high = (bits(end(plane, name)[layer]) for name in ("mean_lower", "mean_upper"))
    return bits(end(plane, "i_ty")[layer]), f"{low} to {high}", end(plane, "verdict")[layer]


def _bounded_above(plane: InformationPlane, information: float) -> str:
    """Says which bounded layers show more than there is."""
    found = end(plane, "i_ty")
    wrong = [layer for layer in words(plane, "bounded") if found[layer] > information]
    return (
        f"Even of {plane.n_samples:,} samples {listed(wrong)} show more than the "
        f"{information:.3f} bits that there are."
        if wrong
        else ""
    )
