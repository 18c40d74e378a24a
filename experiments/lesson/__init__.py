"""one small network, read in many ways -> docs/reading-a-plane.md: what a point means.

It teaches when a point is not to be believed. Every number on the page comes out of the code that
writes it.
"""

from __future__ import annotations

from pathlib import Path

from ..saving import check_file, prepare, write_text
from . import cuts, one_plane, several
from .drawing import drawn, save
from .markdown import end, text
from .material import Material
from .sizing import how_many

__all__ = ["write"]

HEAD = """# Reading an information plane

Written by `{command}`, which trains the networks and counts anew: no result in it was typed.

A point of an information plane is two numbers in bits, of one layer at one moment: I(X;T) to the
right, and I(T;Y) upwards. T is the [code](glossary.md#code) of the layer: every activation falls
into a bin, and a
row of bins is one code. Both numbers are counted from n samples. This page reads one small
network again and again, and asks each time whether to believe what is seen. It takes ten
minutes.

The network is the {widths} tanh network of the papers, in {copies} copies, trained on {n:,}
samples ({length}). x is twelve integers, and y is 1 where their mean and a little noise are
above 0.7. Of this law everything is known: H(Y) = {entropy:.3f} bits, of which x tells I(X;Y) =
{information:.3f}. **No layer can tell more of samples that it was not trained on.** Where a
plane shows more, it is wrong, and here we can see it; on real data nobody would tell us.
"""

CITING = """## How to cite a number

> {resolved}
>
> {bounded}
>
> layer 1: I(X;T) is {ceiling} (growth {growth:.2f}), I(T;Y) {verdict}, n = {n:,}

That is: the quantity, the value with its unit, its chance, n, which sample, the bins, and the
verdict; of several copies the reading and how many. What the words rest on is in the
page of [what the numbers mean](numbers.md).

## Before believing a point

1. Is it in the corner, at log2 n and H(Y)? Then it shows n, and no layer.
2. Where is chance? Near it, any labels would show the same.
3. What is the verdict? *unresolved*: say nothing. *bounded*: say mean_lower. *resolved*: say the
   number.
4. Held-out or training? On a training sample everything is a description.
5. Which bins, and who chose them? How much lies outside?
6. How many copies, and which reading?
7. Is n the same in all that is compared?
8. Does I(X;T) fall? Then activations moved into fewer bins. Do they under other bins?
"""


def write(out: Path, material: Material, command: str) -> None:
    """Writes the page, and its figures into the folder of its name beside it.

    Args:
        out: the page. material: what it shows. command: what writes it.

    Raises:
        ValueError: out cannot be written.
    """
    check_file("out", out)
    folder = out.with_suffix("")
    if folder == out:
        raise ValueError(
            f"out is '{out}', but its figures go into a folder of that name: pass '{out}.md'"
        )
    prepare(folder)
    page = _page(material, command).replace("FIGURES/", f"{folder.name}/")
    for name, figure in drawn(material).items():
        save(figure, folder / f"{name}.png")
    write_text(out, page)


def _page(material: Material, command: str) -> str:
    training, (entropy, information) = material.network.training, material.truth
    head = text(
        HEAD,
        command=command,
        widths="-".join(map(str, training.widths)),
        copies=training.copies,
        n=training.n_samples,
        length=training.length,
        entropy=entropy,
        information=information,
    )
    sections = [
        *(one_plane.point, one_plane.ceilings, one_plane.chance, one_plane.bracket),
        *(several.held_out, several.copies, cuts.bins, cuts.relu, cuts.wide),
    ]
    citing = text(
        CITING,
        resolved=one_plane.cited(material.sizes[max(material.sizes)], "output"),
        bounded=one_plane.cited(material.plane, "layer 5"),
        ceiling=end(material.plane, "verdict_xt")["layer 1"],
        growth=end(material.plane, "growth")["layer 1"],
        verdict=end(material.plane, "verdict")["layer 1"],
        n=material.plane.n_samples,
    )
    pages = [head, *(section(material) for section in sections), how_many(), citing]
    return "\n\n".join(pages) + "\n"
