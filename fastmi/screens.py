"""figures -> where they can be looked at: a notebook's cell, a window, a file.

They are shown once, or as they grow.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.figures import mpl, save

# isort: split
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.registry import BackendFilter, backend_registry
from matplotlib.figure import Figure

__all__ = ["Live", "Pace", "place", "show"]

MOST_REDRAWINGS = 50  # of a live figure
MOST_SHARE = 0.2  # of the time so far, which redrawings may take


def place() -> str:
    """Finds where a figure can be looked at.

    That is the "notebook" that runs this, a "window" of matplotlib's backend, or a "file".

    Warns:
        UserWarning: matplotlib was told to open windows, but there is no display, or what it needs
            is not installed.
    """
    ipython = sys.modules.get("IPython")
    if ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None:
        return "notebook"
    backend = mpl.get_backend()
    if not _interactive(backend):
        return "file"
    from matplotlib import pyplot  # it may put another backend in the place of one that cannot run

    try:
        pyplot.switch_backend(mpl.get_backend())
    except Exception as error:
        return _no_window(backend, error)
    other = mpl.get_backend()
    return (
        "window"
        if _interactive(other)
        else _no_window(backend, f"without a display there is only {other}")
    )


def _interactive(backend: str) -> bool:
    """Tells whether a backend of matplotlib opens windows."""
    return backend.lower() in backend_registry.list_builtin(BackendFilter.INTERACTIVE)


def _no_window(backend: str, reason: object, path: object = "a file") -> str:
    """Says aloud that no window opens, and where the figure goes instead."""
    line, *_ = str(reason).strip().splitlines() or [type(reason).__name__]
    warnings.warn(
        f"matplotlib's backend {backend} opens no window here ({line:.120}): the figure is written "
        f"to {path}; MPLBACKEND=agg asks for that in the first place",
        stacklevel=checks.depth_of_caller(),
    )
    return "file"


def show(figure: Figure, where: str, path: str | os.PathLike[str]) -> None:
    """Shows a figure at a `place`, instead of what was shown there before; `path` is for a file.

    Raises:
        ValueError: another place.
        OSError: the file cannot be written.

    Warns:
        UserWarning: no window can be opened; the file is written instead.
    """
    checks.one_of("where", where, ("notebook", "window", "file"))
    if where == "notebook":
        display, png = importlib.import_module("IPython.display"), io.BytesIO()
        figure.savefig(png, format="png")
        display.clear_output(wait=True)
        display.display(
            display.Image(data=png.getvalue(), format="png", width=int(100 * figure.get_figwidth()))
        )
    elif where == "window":
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        backend = mpl.get_backend()
        try:
            _window(np.asarray(canvas.buffer_rgba()), figure)
        except Exception as error:  # each library of windows has errors of its own
            _no_window(backend, error, os.fspath(path))
            save(figure, path)
    else:
        save(figure, path)


def _window(picture: npt.NDArray[np.uint8], figure: Figure) -> None:
    """Shows a picture in the window of matplotlib's backend, or raises what that raises."""
    from matplotlib import pyplot

    if not _interactive(mpl.get_backend()):
        raise ImportError(f"there is only {mpl.get_backend()}")
    window = pyplot.figure("fastmi", figsize=tuple(figure.get_size_inches()), clear=True)
    axes = window.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(picture)
    pyplot.show(block=False)
    window.canvas.draw_idle()
    window.canvas.flush_events()


class Pace:
    """Redraws what moves while something goes on, at a bounded cost."""

    def __init__(self) -> None:
        self._n_drawn, self._spent, self._start = 0, 0.0, time.perf_counter()

    def redraw(self, draw: Callable[[], object], done: float = 1.0) -> None:
        """Calls `draw`, if it has not cost too much.

        `done` is the share of the work behind it, over which redrawings spread.

        What cannot be written passes in silence: who draws the last one will see it.
        """
        begin = time.perf_counter()
        if self._n_drawn >= done * (MOST_REDRAWINGS - 1) or self._spent > MOST_SHARE * (
            begin - self._start
        ):
            return
        with suppress(OSError):
            draw()
        self._n_drawn += 1
        self._spent += time.perf_counter() - begin


class Live:
    """A figure that moves while something goes on, at a bounded cost.

    It is in a window or a notebook's cell, else in a file.

    Args:
        path: the file, where there is no screen.
        rewrite: whether the file is replaced as it goes, or only written at the end.
    """

    def __init__(self, path: str | os.PathLike[str], *, rewrite: bool = True) -> None:
        self.where = place()
        self._path, self._moves = path, rewrite or self.where != "file"
        self._pace = Pace()

    def redraw(self, make_figure: Callable[[], Figure], done: float = 1.0) -> None:
        """Draws the figure anew, if it moves and has not cost too much.

        `done` is the share of the work behind it, over which redrawings spread.

        What cannot be written passes in silence: `finish` will say so.
        """
        if self._moves:
            self._pace.redraw(lambda: show(make_figure(), self.where, self._path), done)

    def finish(self, make_figure: Callable[[], Figure]) -> None:
        """Draws the last one, always.

        Raises:
            OSError: the file cannot be written.
        """
        show(make_figure(), self.where, self._path)
