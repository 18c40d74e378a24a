"""material -> the sections on where the line is cut: bins, ReLU, wide layers."""

from __future__ import annotations

from ..analyses.analysis import markdown
from .markdown import bits, end, ends, listed, text
from .material import CHOSEN_FOR, RELU_LAYER, SIZES, USUAL, WIDTHS, Material

__all__ = ["bins", "relu", "wide"]

BINS = """## 7. Bins

{layer} of the first copy after the last step, on the same {n:,} held-out samples:

{table}

Nothing changes but the bins, and I(T;Y) goes from {low:.3f} to {high:.3f} bits, of the
{information:.3f} that there are. Few bins hide what the layer knows, many show counting. The
lower end pays for codes that are met too seldom, and so it can choose: `fastmi.choose_binning`
takes the bins with the highest one, and charges the choice, log2 {tried} / n = {charge:.4f}
bits, to mean_lower and the verdict. Trying several bins and showing the best plane costs the
same.

*Say:* the bins, with every number, and from how many they were chosen.

*Do not say:* I(T;Y) of the layer. It is that of the layer under these bins.
"""

RELU = """## 8. ReLU: no range to cut

{layer} of the same network with ReLU in place of tanh, on {n:,} held-out samples. Multiply its
activations by 4 and divide the weights behind it by 4, and the network computes the same
function. The plane does not show the same:

{table}

Under fixed bins I(X;T) is {values} bits for one and the same function, {verdicts}. A verdict is
of the codes: a resolved number under bad bins is a precise answer to another question.
[outside](glossary.md#outside)
is the share of activations beyond the bins; where it is large, the bins cut the wrong place.
Activations of ReLU grow in training, so under fixed bins a path may show their growth and
nothing else. Bins of equal mass, fitted to the layer without its labels, do not change with its
scale (their open ends are counted as outside).

*Say:* how much lies outside, and how the bins were fitted.

*Do not say:* ReLU layers compress, or do not, before the bins follow their range.
"""

WIDE = """## 9. Wide layers

Untrained tanh layers with random weights, 30 bins a unit, and ever more units. n = {few:,}:

{few_table}

n = {many:,}:

{many_table}

Each unit multiplies the codes. {widest} units show {shown} bits, about all of H(Y), where x has
{information:.3f}; chance says the same, and labels drawn by lot would. Twenty times as many
samples do not help: the next section says how many it would take. So stand most layers of large
networks, convolutional ones above all.

*Say:* nothing of I(T;Y) of these layers. Read a narrower one, or fewer units; take fewer bins;
or measure something else and say what, as `fastmi.measures.KDEBounds` does of a layer to which
noise of a stated size is added.

*Do not say:* all layers keep all information about y.
"""


def bins(material: Material) -> str:
    """Compares bins of one layer, and the choice of the best of them."""
    tried, entropies = material.candidates, material.under_bins
    best, values = tried.best, [one.information for one in tried]
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
    return text(
        BINS,
        layer=CHOSEN_FOR.capitalize(),
        n=USUAL,
        table=markdown(
            ["bins on [-1, 1)", "codes", "I(X;T)", "I(T;Y)", "mean_lower", "verdict"], rows
        ),
        low=min(values),
        high=max(values),
        information=material.truth[1],
        tried=len(tried),
        charge=best.charge,
    )


def relu(material: Material) -> str:
    """Shows one function in several planes."""
    planes = material.relu
    names, forms = ("outside", "i_xt", "i_ty", "mean_lower", "mean_upper"), (".0%", ".2f")
    forms += (".3f",) * (len(names) - len(forms))
    rows = [
        [
            *(binning, row),
            *(bits(end(plane, name)[row], form) for name, form in zip(names, forms, strict=True)),
            end(plane, "verdict")[row],
        ]
        for binning, plane in planes.items()
        for row in plane.layers
    ]
    fixed = next(iter(planes.values()))
    verdicts = sorted(set(end(fixed, "verdict").values()))
    head = ("bins", "activations", "outside", "I(X;T)", "I(T;Y)", "mean_lower", "mean_upper")
    return text(
        RELU,
        layer=RELU_LAYER.capitalize(),
        n=SIZES[-1],
        table=markdown([*head, "verdict"], rows),
        values=listed([bits(value, ".2f") for value in end(fixed, "i_xt").values()]),
        verdicts=f"always {verdicts[0]}" if len(verdicts) == 1 else listed(verdicts),
    )


def wide(material: Material) -> str:
    """Shows layers of ever more units."""
    shown = ("n_symbols", "i_xt", "growth", "i_ty", "chance", "mean_lower", "verdict")
    (few, few_plane), (many, many_plane) = material.wide.items()
    most = {n: end(plane, "i_ty")[f"{WIDTHS[-1]}"] for n, plane in material.wide.items()}
    return text(
        WIDE,
        few=few,
        few_table=ends(few_plane, shown, "units"),
        many=many,
        many_table=ends(many_plane, shown, "units"),
        widest=WIDTHS[-1],
        shown=" and ".join(f"{value:.3f} (n = {n:,})" for n, value in most.items()),
        information=material.truth[1],
    )
