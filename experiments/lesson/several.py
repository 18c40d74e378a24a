"""material -> the sections on what is compared: two samples, several copies."""

from __future__ import annotations

import numpy as np

from ..analyses.analysis import markdown
from .markdown import bits, end, listed, text
from .material import Material

__all__ = ["copies", "held_out"]

HELD_OUT = """## 5. Training and held-out samples

![The first copy on its training sample, and on a held-out one](FIGURES/samples.png)

Left the {n:,} samples that the network was trained on, right as many that it has not seen. Both
show the bias of counting, which depends on n: compare samples of one size. The training sample
shows, besides, the labels that were learned by heart:

{table}

The gap is *above the bracket* where the lower end of the training sample lies above the upper end
of the held-out one: overfitting shows so. In one pair of samples their own scatter may look the
same, the more so where brackets are narrow; several seeds, each with data of its own, tell the two
apart. *Within the brackets* it need not mean anything; and where a sample is *unresolved* it says
nothing. H(Y) itself is {training:.3f} bits in the one sample and
{held_out:.3f} in the other.

*Say:* above the bracket in {learned}: more is seen of the training labels than of others, as
overfitting would show.

*Do not say:* I(T;Y) of the training sample is what a layer knows about y. Bracket and verdict of
a training sample describe that sample alone.
"""

COPIES = """## 6. Several copies

![The copies in three readings](FIGURES/copies.png)

{n_copies} copies start alike and see other batches. Their planes can be
[read](glossary.md#reading) in three ways, and
each panel is another quantity:

- *mean*: one network at a time, and the mean of their numbers.
- *sampled*: every sample through one copy, drawn for it.
- *mixture*: every sample through every copy.

{table}

*sampled* counts the draw of the copy among the codes: up to log2 {n_copies} = {draw:.2f} bits of
I(X;T) that no network has. In a *mixture* T is no function of x, and up to as many bits, H(T|X),
are taken from I(X;T). A code that several copies use pools their labels, and there are
{n_copies} times as many rows; for both reasons I(T;Y) is lower. These rows hang together, and
chance, bracket and verdict are for independent samples, so none is given there.

*Say:* which reading it is, and of how many copies.

*Do not say:* this paper's layer knows more than that one's, if one shows single networks and the
other a mixture.
"""


def held_out(material: Material) -> str:
    """Compares the sample that the network was trained on with one that it has not seen."""
    training, other = material.training, material.plane
    gap = training.gap(other)
    ours, theirs, chance = end(training, "i_ty"), end(other, "i_ty"), end(other, "chance")
    meant = dict(zip(gap.layers, gap.words, strict=True))
    rows = [
        [layer, *(bits(of[layer]) for of in (ours, theirs, chance)), f"{value:+.3f}", meant[layer]]
        for layer, value in zip(gap.layers, gap.bits[-1], strict=True)
    ]
    return text(
        HELD_OUT,
        n=other.n_samples,
        table=markdown(
            ["layer", "training", "held-out", "chance, held-out", "gap", "what the gap means"], rows
        ),
        training=training.entropy_y,
        held_out=other.entropy_y,
        learned=listed([layer for layer, word in meant.items() if word == "above the bracket"]),
    )


def copies(material: Material) -> str:
    """Compares the three readings of several copies."""
    planes = material.copies
    found = [(end(plane, "i_xt"), end(plane, "i_ty")) for plane in planes.values()]
    n_copies = material.network.training.copies
    return text(
        COPIES,
        n_copies=n_copies,
        draw=np.log2(n_copies),
        table=markdown(
            ["layer", *(f"{name}: I(X;T), I(T;Y)" for name in planes)],
            [
                [layer, *(f"{bits(x[layer], '.2f')}, {bits(y[layer])}" for x, y in found)]
                for layer in material.plane.layers
            ],
        ),
    )
