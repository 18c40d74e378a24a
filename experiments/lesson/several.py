"""material -> the sections on what is compared: two samples, several copies, other bins."""

from __future__ import annotations

import numpy as np

from experiments.analyses.analysis import markdown
from experiments.lesson.markdown import bits, end, ends, joined, listed
from experiments.lesson.material import CHOSEN_FOR, RELU_LAYER, SIZES, WIDTHS, N, Material

__all__ = ["bins", "copies", "held_out", "relu", "wide"]

READINGS = {
    "mean": "one network at a time, and the mean of their numbers",
    "sampled": "every sample through one copy, drawn for it",
    "mixture": "every sample through every copy",
}


def held_out(material: Material) -> str:
    """Compares the sample that the network was trained on with one that it has not seen."""
    training, other = material.training, material.plane
    gap = training.gap(other)
    ours, theirs = end(training, "i_ty"), end(other, "i_ty")
    chance = end(other, "chance")
    rows = [
        [layer, bits(ours[layer]), bits(theirs[layer]), bits(chance[layer]), f"{of:+.3f}", means]
        for layer, of, means in zip(gap.layers, gap.bits[-1], gap.words, strict=True)
    ]
    learned = [layer for layer, means in zip(gap.layers, gap.words, strict=True)
               if means == "overfitting"]  # fmt: skip
    return joined(
        "## 5. Training and held-out samples",
        "![The first copy on the sample that it was trained on, and on a held-out one]"
        "(FIGURES/samples.png)",
        f"Left the {N:,} samples that the network was trained on, right as many that it has not "
        "seen. Both show the bias of counting, which hangs on n: compare samples of one size. The "
        "training sample shows, besides, the labels that the layers learned by heart:",
        markdown(
            ["layer", "training", "held-out", "chance", "gap", "what the gap means"],
            rows,
        ),
        "The gap means *overfitting* where the lower end of the training sample lies above the upper "
        "end of the held-out one; *within the brackets* it need not mean anything; and where a "
        "sample is *unresolved* it says nothing, however small it is.",
        f"*Say:* {listed(learned)} know the training labels better than those to come.",
        "*Do not say:* I(T;Y) of the training sample is what a layer knows about y. The bracket and "
        "the verdict of a training sample describe that sample alone.",
    )


def copies(material: Material) -> str:
    """Compares the three readings of several copies."""
    planes = material.copies
    of = {
        (name, column): end(plane, column)
        for name, plane in planes.items()
        for column in ("i_xt", "i_ty")
    }
    rows = [
        [
            layer,
            *(
                f"{bits(of[name, 'i_xt'][layer], '.2f')}, {bits(of[name, 'i_ty'][layer])}"
                for name in planes
            ),
        ]
        for layer in material.plane.layers
    ]
    n_copies = material.network.training.copies
    return joined(
        "## 6. Several copies",
        "![The copies in three readings](FIGURES/copies.png)",
        f"{n_copies} copies start alike and see other batches. Their planes can be read in three "
        "ways, and each panel is another quantity:",
        [f"- *{name}*: {READINGS[name]}." for name in planes],
        markdown(["layer", *(f"{name}: I(X;T), I(T;Y)" for name in planes)], rows),
        "A code that two copies use for different inputs mixes their labels, which is why the "
        "mixture shows less. In a mixture T is no function of x: H(T|X), up to "
        f"log2 {n_copies} = {np.log2(n_copies):.2f} bits, is taken from I(X;T). Its rows hang "
        f"together, {n_copies} of each sample, and so chance, bracket and verdict, which are for "
        "independent samples, are not given there.",
        "*Say:* which reading it is, and of how many copies.",
        "*Do not say:* this paper's layer knows more than that one's, if one shows single networks "
        "and the other a mixture.",
    )


def bins(material: Material) -> str:
    """Compares bins of one layer, and the choice of the best of them."""
    tried = material.candidates
    best = tried.best
    entropies = material.under_bins
    rows = [
        [
            f"{name}{' (chosen)' if one is best else ''}",
            f"{one.n_symbols:,}",
            bits(entropies[name], ".2f"),
            bits(one.information),
            bits(one.mean_lower),
            one.verdict,
        ]
        for name, one in zip(entropies, tried, strict=True)
    ]
    values = [one.information for one in tried]
    return joined(
        "## 7. Bins",
        f"{CHOSEN_FOR.capitalize()} of the first copy after the last step, on the same {N:,} "
        "held-out samples:",
        markdown(["bins on [-1, 1)", "codes", "I(X;T)", "I(T;Y)", "mean_lower", "verdict"], rows),
        "Nothing changes but the bins. Few of them hide what the layer knows, many show more than "
        f"there is: I(T;Y) goes from {min(values):.3f} to {max(values):.3f} bits. The lower end rises "
        "and falls again, and so it can choose: `fastmi.choose_binning` takes the bins with the "
        f"highest one and charges the choice, log2 {len(tried)} / n = {best.charge:.4f} bits, to "
        "mean_lower and the verdict. Looking at the plane and taking the bins that one likes best "
        "has the same price, and nobody pays it.",
        "*Say:* the bins, with every number, and from how many they were chosen.",
        "*Do not say:* I(T;Y) of the layer. It is that of the layer under these bins.",
    )


def relu(material: Material) -> str:
    """Shows one function in several planes."""
    planes = material.relu
    rows = [
        [
            words,
            row,
            bits(end(plane, "outside")[row], ".0%"),
            bits(end(plane, "i_xt")[row], ".2f"),
            *(bits(end(plane, name)[row]) for name in ("i_ty", "mean_lower", "mean_upper")),
            end(plane, "verdict")[row],
        ]
        for words, plane in planes.items()
        for row in plane.layers
    ]
    fixed = [row for row in rows if row[0] == next(iter(planes))]
    return joined(
        "## 8. ReLU: no range to cut",
        f"{RELU_LAYER.capitalize()} of the same network with ReLU in place of tanh, on "
        f"{SIZES[-1]:,} held-out samples. Multiply its activations by 4 and divide the weights behind "
        "it by 4, and the network computes the same function. The plane does not:",
        markdown(
            ["bins", "activations", "outside", "I(X;T)", "I(T;Y)", "mean_lower", "mean_upper",
             "verdict"],
            rows,
        ),
        f"Under fixed bins I(X;T) is {listed([row[3] for row in fixed])} bits for one and the same "
        f"function, and the verdicts are {listed(sorted({row[-1] for row in fixed}))}: a verdict is "
        "of the codes, and a resolved number of bad bins is a precise answer to another question. "
        "*outside* is the share of activations beyond the bins; where it is large the bins cut the "
        "wrong place. ReLU activations grow in training, so under fixed bins a path may show their "
        "growth and nothing else. Bins of equal mass, fitted to the layer without its labels, do not "
        "change with its scale (their two open ends are counted as outside).",
        "*Say:* how much lies outside, and how the bins were fitted.",
        "*Do not say:* ReLU layers compress, or do not, before the bins follow their range.",
    )  # fmt: skip


def wide(material: Material) -> str:
    """Shows layers of ever more units."""
    blocks = []
    for n, plane in material.wide.items():
        shown = ("n_symbols", "i_xt", "growth", "i_ty", "chance", "mean_lower", "verdict")
        blocks += [f"n = {n:,}:", ends(plane, shown, "units")]
    most = {n: end(plane, "i_ty")[f"{WIDTHS[-1]}"] for n, plane in material.wide.items()}
    shown = " and ".join(f"{value:.3f} (n = {n:,})" for n, value in most.items())
    return joined(
        "## 9. Wide layers",
        "Untrained tanh layers with random weights, 30 bins a unit, and ever more units:",
        *blocks,
        f"Each unit multiplies the codes. {WIDTHS[-1]} units show {shown} bits, all there is of H(Y), "
        f"where x has {material.truth[1]:.3f}; chance says the same, and labels drawn by lot would. "
        "More samples do not help: the next section says how many it would take. So stand most "
        "layers of large networks, convolutional ones above all.",
        "*Say:* nothing of these layers. Read a narrower one, or fewer units; take fewer bins; or "
        "measure something else and say what, as `fastmi.measures.KDEBounds` does of a layer to "
        "which noise of a stated size is added.",
        "*Do not say:* all layers keep all information about y.",
    )
