"""catalogue -> docs/gallery.md: every run, its figure where there is one, and what makes it.

It loads no torch.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any

from fastmi.files import replacing

from .analyses import ANALYSES
from .catalog import CATALOG, Run

__all__ = ["page", "write"]

COLUMNS_WIDE = 100
AT_SPACES: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
COMMAND = "python -m experiments gallery"
HEAD = (
    "Every run of the catalogue (`python -m experiments list`), with its figure where one is kept "
    "here. Each command trains its networks, reads them, and leaves the figure, tables and a "
    "manifest in `results/`; `--seeds 10` trains ten of them and draws a band, as most figures "
    "here show. Numbers, verdicts and what was published stand in [the reproduction]"
    "(reproduction.md); how to read a figure, in [reading a plane](reading-a-plane.md)."
)
MNIST = " --mnist FOLDER"


def page(docs: Path) -> str:
    """Makes the page, with the figures and pages that lie in `docs`."""
    parts = ["# Gallery", f"Written by `{COMMAND}`; not edited by hand.", _filled(HEAD)]
    numbers = docs / "reproduction.md"
    told = numbers.read_text(encoding="utf-8") if numbers.is_file() else ""
    for run in CATALOG.values():
        parts += _run(run, docs, f"\n## `{run.name}`\n" in told)
    for name, row in ANALYSES.items():
        if (docs / f"{name}.md").is_file():
            parts += _analysis(name, row.about, docs)
    return "\n\n".join(parts) + "\n"


def write(out: Path) -> None:
    """Writes the page, whole or not at all.

    Raises:
        ValueError: it cannot be written, with the system's reason.
    """
    try:
        with replacing(out) as unfinished:
            unfinished.write_text(page(out.parent), encoding="utf-8")
    except OSError as error:
        raise ValueError(
            f"out is '{out}': {error.strerror or error}: pass the name of a file in a folder that "
            "is there"
        ) from None


def _run(run: Run, docs: Path, has_numbers: bool) -> list[str]:
    figure = Path("reproduction") / f"{run.name}.png"
    picture = (
        f"![The information plane of {run.name}]({figure.as_posix()})"
        if (docs / figure).is_file()
        else "No figure of it is kept here."
    )
    needs = MNIST if run.training.data.startswith("mnist") else ""
    return [
        f"## `{run.name}`",
        _filled(f"{run.about[:1].upper()}{run.about[1:]}; {run.training.length}."),
        picture,
        _filled(run.shows),
        f"```sh\npython -m experiments run {run.name}{needs}\n```",
        *([f"[Its numbers](reproduction.md#{run.name})."] if has_numbers else []),
    ]


def _analysis(name: str, about: str, docs: Path) -> list[str]:
    figure = f"{name}.png"
    return [
        f"## {name.capitalize()}",
        _filled(f"{about[:1].upper()}{about[1:]}: [the page]({name}.md)."),
        *([f"![{name.capitalize()}]({figure})"] if (docs / figure).is_file() else []),
        f"```sh\npython -m experiments {name}\n```",
    ]


def _filled(text: str) -> str:
    return fill(text, COLUMNS_WIDE, **AT_SPACES)
