"""Makes of finished results one page to look around in: their planes, scores, story and doubts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastmi import InformationPlane, UnitInformation, screens
from fastmi.pages import Curve, check_plotly
from fastmi.tables import write_html

from . import scores
from .execution import Result
from .layout import SCORES
from .records import Run
from .results import Finished
from .summary import gap_lines, shared_lines

__all__ = ["Live", "check_drawable", "curves", "same_run", "story", "write"]

REFRESH_SECONDS = 5  # after which a browser reads a page again that goes on being written


def write(
    path: Path,
    finished: Sequence[Finished],
    *,
    units: Mapping[str, UnitInformation] | None = None,
    units_note: str = "",
    warnings: Sequence[str] = (),
) -> None:
    """Writes the page of results of one run: its measures and seeds are chosen there.

    Args:
        path: of the page. finished: the results. units: layer -> what its units know of each class.
        units_note: of which step and sample they are. warnings: what else is to stand first.

    Raises:
        ValueError: results of different runs, one that is given twice, or scores that are none.
        ImportError: Plotly is not installed. OSError: it cannot be written.
    """
    run = same_run(finished)
    trained = {one.trained.resolve(): one for one in finished}
    manifest = finished[0].manifest
    planes = [plane for one in finished for plane in one.planes]
    notes = {
        "shows": run.shows,
        "device": manifest["device"],
        "run again": manifest.get("repeats", ""),
        "written": manifest["written"],
        "versions": ", ".join(f"{name} {of}" for name, of in manifest["versions"].items()),
    }
    for one in finished:
        lines = gap_lines(one.planes)
        notes |= {f"at the end, {one.run.reads[0]}": " ".join(lines)} if lines else {}
    notes["single units"] = units_note
    shared = [
        line
        for one in trained.values()
        for line in shared_lines(one.manifest.get("shared_rows", {}))
    ]
    write_html(
        path,
        planes,
        title=_title(run),
        curves=[
            curve
            for folder, one in trained.items()
            for curve in curves(scores.read(folder / SCORES, one.run.training))
        ],
        card=story(run),
        notes={name: words for name, words in notes.items() if words},
        units=units,
        warnings=[*dict.fromkeys(shared), *warnings],
    )


class Live:
    """The page of a run that goes on, in a file that a browser reads again every few seconds."""

    def __init__(self, path: Path, run: Run) -> None:
        self._path, self._run, self._pace = path, run, screens.Pace()

    def redraw(self, planes: Callable[[], list[InformationPlane]], done: float) -> None:
        """Writes the planes so far, if that has not cost too much."""
        self._pace.redraw(lambda: self._write(planes(), refresh=REFRESH_SECONDS), done)

    def finish(self, result: Result) -> None:
        """Writes the last one, with the scores, which is not read again.

        Raises:
            OSError: it cannot be written.
        """
        self._write(result.planes, curves=curves(result.scores))

    def _write(self, planes: list[InformationPlane], **options: Any) -> None:
        write_html(self._path, planes, title=_title(self._run), card=story(self._run), **options)


def check_drawable() -> None:
    """Raises ValueError where Plotly is not installed, before any work."""
    try:
        check_plotly()
    except ImportError as error:
        raise ValueError(str(error)) from None


def same_run(finished: Sequence[Finished]) -> Run:
    """Gives the run of which all are, but for seeds and measures: a page is of one."""
    first = finished[0].run
    seen: dict[tuple[str, int], None] = {}
    for one in finished:
        training = first.training
        alike = one.run.varied(seed=training.seed, seeds=training.seeds, reads=first.reads)
        if alike != first:
            raise ValueError(
                f"RESULT is {one.run.ids[0]}, of another run than {first.ids[0]}: a page shows one "
                "run, by several measures and of several seeds; write a page of each"
            )
        for alone in one.run.training.alone:
            place = one.run.reads[0].id, alone.seed
            if place in seen:
                raise ValueError(
                    f"RESULT is given twice: {one.run.ids[0]}, seed {alone.seed}; a result is "
                    "shown once"
                )
            seen[place] = None
    return first


def _title(run: Run) -> str:
    return f"{run.name}: {run.about}" if run.about else run.name


def story(run: Run) -> dict[str, str]:
    """Says what was trained."""
    training = run.training
    return {
        "network": f"{'-'.join(map(str, training.widths))} {training.network}",
        "trained": f"{training.length}{training.label_note}, {training.optimizer}, {training.loss}",
    }


def curves(of_outputs: Sequence[scores.Score]) -> list[Curve]:
    """Makes the curves of accuracy and loss, averaged over the copies."""
    return [
        Curve(name, score.epochs, np.mean(getattr(score, name), axis=1), score.sample, score.seed)
        for name in ("accuracy", "loss")
        for score in of_outputs
    ]
