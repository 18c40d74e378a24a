"""material -> the sections on one network and one plane: point, ceilings, chance, bracket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastmi import InformationPlane

from ..analyses.analysis import markdown
from .markdown import bits, end, ends, listed, text, words
from .material import SIZES, USUAL, Material

__all__ = ["bracket", "ceilings", "chance", "cited", "point"]

POINT = """## 1. What a point is

![The first copy on held-out samples, by their labels and by shuffled ones](FIGURES/point.png)

Left is the first copy, read on {n:,} held-out samples as it is trained. A small mark is where a
layer starts, a large one where it ends, the line between them its path. Dashed are the ceilings
(section 2), dotted in a layer's colour is its chance (section 3, with the right half); the
square bracket below an end, and how far the mark is filled, are section 4. At the ends stand:

{table}

*Say:* {cited}.

*Do not say:* {above} hold {bits} bits about y. There are no more than {information:.3f}. What
they show is partly counting, and the next sections say how to tell.
"""

CEILINGS = """## 2. Two ceilings, and growth

![The same network read on few, more and many held-out samples](FIGURES/sizes.png)

n samples have at most n codes, so I(X;T) ends at log2 n. Nothing says more about y than y
itself, so I(T;Y) ends at H(Y). A layer in which every sample has a code of its own stands at
both, in the corner, whatever it computes: a code that is met once has one label. The three
panels show one network, and only n differs:

{table}

I(X;T) of layer 1 is {first} where log2 n is {tops}: it measures the sample. I(T;Y) falls as n
grows in {falling}: a small sample shows too much. [growth](glossary.md#growth) tells of I(X;T)
from one sample: the
bits that it gained, in mean, in the last doubling of n. At 1 every new sample was a new code;
above .9 the verdict on I(X;T) is *at the ceiling*.

*Say:* {ceiling}: I(X;T) is at the ceiling, n = {n:,} cannot size it.

*Do not say:* it has converged, where growth is small: rare codes may be to come. Nor that a
layer forgets x, where I(X;T) falls. T is computed from x, so I(X;T) is the entropy of the codes,
H(T): the activations moved into fewer bins.
"""

CHANCE = """## 3. Chance

The right half of the first figure is the left one with its labels shuffled. Now there is nothing
to know, and yet:

{table}

[chance](glossary.md#chance) is the exact mean of I(T;Y) over all shuffles, computed from the
counts without one.
This shuffle lies within {apart:.3f} bits of it. In the figure it is the dotted path; a point
near its own dots shows what any labels would show.

*Say:* the number and its chance, always together. If all layers of a published plane stand at
H(Y) (3.32 bits of ten classes), ask where chance stands.

*Do not say:* the difference of the two is the information. It is no corrected estimate, and
where chance is near H(Y) nothing can be seen at all. Nor that I(T;Y) above chance is enough: on
a training sample it is, because the network learned these very labels.
"""

BRACKET = """## 4. The bracket and the verdict

In mean over held-out samples of this size, [mean_lower](glossary.md#mean_lower) is at most
I(T;Y), and *mean_upper* at
least. That is proven for any law and any n, where samples are independent and the number of
classes is known (`n_classes=`). It is a statement about means, and not a confidence interval. A
lower end below 0 says nothing: in the figure its stem leaves the axis. The
[verdict](glossary.md#verdict) is a word for
it:

{verdicts}

The same layers with more samples:

{table}

{held} Every verdict has its reason (`plane.reasons()`):

{reasons}

*Say:* of a bounded layer, "at least" its mean_lower.

*Do not say:* I(T;Y) lies in the bracket with so much confidence; or that the layer is bounded,
so its I(T;Y) is about right. {wrong}
"""

VERDICTS = (
    (
        *("resolved", "full"),
        "nearly all pairs of code and label were met more than once, and the lower end is near",
        "the number",
    ),
    (
        *("bounded", "half full"),
        "the lower end is too high for labels that do not depend on T",
        "that there is information, and mean_lower",
    ),
    ("unresolved", "hollow", "neither", "that n cannot size this layer under these bins"),
    ("exact", "full", "the sample is all there is", "the number"),
)


def point(material: Material) -> str:
    """Says what a point is, and what the marks of the figure are."""
    plane, (_, information) = material.plane, material.truth
    found = end(plane, "i_ty")
    above = [layer for layer, value in found.items() if value > information]
    shown = ("n_symbols", "i_xt", "growth", "i_ty", "chance", "mean_lower", "mean_upper", "verdict")
    return text(
        POINT,
        n=plane.n_samples,
        table=ends(plane, shown),
        cited=cited(plane, "output"),
        above=listed(above),
        bits=_from_to([found[layer] for layer in above]),
        information=information,
    )


def cited(plane: InformationPlane, layer: str) -> str:
    """Cites I(T;Y) of a layer, with all that belongs to it."""
    names = ("i_ty", "chance", "mean_lower", "verdict")
    value, chance, lower, verdict = (end(plane, name)[layer] for name in names)
    rest = f": at least {lower:.3f} in mean" if verdict == "bounded" else ""
    return (
        f"{layer}: I(T;Y) = {value:.3f} bits (chance {chance:.3f}, n = {plane.n_samples:,}, "
        f"{plane.sample_kind}, {plane.binning}, {verdict}{rest})"
    )


def _from_to(values: Sequence[float]) -> str:
    if not values:
        return "no"
    low, high = f"{min(values):.3f}", f"{max(values):.3f}"
    return low if low == high else f"{low} to {high}"


def ceilings(material: Material) -> str:
    """Shows the same network on ever more samples."""
    columns = [
        (f"{name}, n = {n:,}", end(material.sizes[n], column), form)
        for name, column, form in (("I(X;T)", "i_xt", ".2f"), ("I(T;Y)", "i_ty", ".3f"))
        for n in SIZES
    ]
    columns.append((f"growth, n = {USUAL:,}", end(material.plane, "growth"), ".2f"))
    few, many = columns[len(SIZES)][1], columns[-2][1]
    at_ceiling = [
        layer
        for layer, word in end(material.plane, "verdict_xt").items()
        if word == "at the ceiling"
    ]
    return text(
        CEILINGS,
        table=markdown(
            ["layer", *(head for head, _, _ in columns)],
            [[layer, *(bits(of[layer], form) for _, of, form in columns)] for layer in few],
        ),
        first=", ".join(bits(of["layer 1"], ".2f") for _, of, _ in columns[: len(SIZES)]),
        tops=", ".join(bits(np.log2(n), ".2f") for n in SIZES),
        falling=listed([layer for layer in few if many[layer] < few[layer]]),
        ceiling=listed(at_ceiling),
        n=USUAL,
    )


def chance(material: Material) -> str:
    """Shows labels that are shuffled, and what was computed without a shuffle."""
    true, computed = (end(material.plane, name) for name in ("i_ty", "chance"))
    shuffled = end(material.shuffled, "i_ty")
    return text(
        CHANCE,
        table=markdown(
            ["layer", "I(T;Y)", "chance", "I(T;Y), labels shuffled once"],
            [[layer, *(bits(of[layer]) for of in (true, computed, shuffled))] for layer in true],
        ),
        apart=max(abs(shuffled[layer] - computed[layer]) for layer in true),
    )


def bracket(material: Material) -> str:
    """Shows what the bracket and the verdict promise, and what more samples made of it."""
    few, many = material.plane, material.sizes[SIZES[-1]]
    heads = [
        f"{name}, n = {plane.n_samples:,}"
        for plane in (few, many)
        for name in ("I(T;Y)", "bracket", "verdict")
    ]
    rows = [
        [layer, *(cell for plane in (few, many) for cell in _bracketed(plane, layer))]
        for layer in few.layers
    ]
    return text(
        BRACKET,
        verdicts=markdown(["verdict", "mark", "when", "what to say"], VERDICTS),
        table=markdown(["layer", *heads], rows),
        held=_held(few, many),
        reasons=[
            f"- {layer}, n = {plane.n_samples:,}: {plane.reasons()[layer].partition(';')[0]}."
            for plane, layer in ((many, "output"), (few, "layer 4"), (few, "layer 1"))
        ],
        wrong=_wrong(many, material.truth[1]),
    )


def _bracketed(plane: InformationPlane, layer: str) -> tuple[str, str, str]:
    low, high = (bits(end(plane, name)[layer]) for name in ("mean_lower", "mean_upper"))
    return bits(end(plane, "i_ty")[layer]), f"{low} to {high}", end(plane, "verdict")[layer]


def _held(few: InformationPlane, many: InformationPlane) -> str:
    """Says how often the bracket of few samples held what many showed, where these can."""
    lower, upper, value = end(few, "mean_lower"), end(few, "mean_upper"), end(many, "i_ty")
    sure = words(many, "resolved")
    held = [layer for layer in sure if lower[layer] <= value[layer] <= upper[layer]]
    return (
        f"{len(sure)} of {len(many.layers)} layers are resolved in the end, and in {len(held)} of "
        f"{len(sure)} the bracket of n = {few.n_samples:,} held the value of n = "
        f"{many.n_samples:,}."
    )


def _wrong(plane: InformationPlane, information: float) -> str:
    """Says which bounded layers show more than there is."""
    found = end(plane, "i_ty")
    wrong = [layer for layer in words(plane, "bounded") if found[layer] > information]
    return (
        f"Even on {plane.n_samples:,} samples {listed(wrong)}, bounded, {_show(wrong)} more than "
        f"the {information:.3f} bits that there are."
        if wrong
        else ""
    )


def _show(names: Sequence[str]) -> str:
    return "shows" if len(names) == 1 else "show"
