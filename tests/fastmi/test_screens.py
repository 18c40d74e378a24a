"""Figures while work goes on: in a window, in a notebook, or in a file where neither opens."""

import importlib
import os
import subprocess
import sys
from importlib.util import find_spec

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from fastmi import screens
from fastmi.figures import information_plane
from tests import ROOT
from tests.fastmi.panels import panels

# --- live -----------------------------------------------------------------------------------------


def small(width=1):
    """A figure; where it goes is the same for each, and a plane takes long to draw."""
    return Figure(figsize=(width, 1))


class Clock:
    """Seconds that pass only when they are said to."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(screens, "time", clock)
    return clock


@pytest.fixture
def shown(monkeypatch):
    """What is shown, instead of showing it: [(figure, where, path)]."""
    calls = []
    monkeypatch.setattr(screens, "show", lambda *call: calls.append(call))
    return calls


def drawings(clock, live, steps, training, drawing, total=None):
    """When it was drawn while `steps` of work passed, and how often at the end."""
    begun = []

    def make():
        begun.append(clock.now)
        clock.now += drawing

    for step in range(steps):
        clock.now += training
        live.redraw(make, **({} if total is None else {"done": (step + 1) / total}))
    return begun


def test_redrawing_stops_while_it_has_cost_more_than_its_share(clock, shown):
    begun = drawings(clock, screens.Live("plane.png"), steps=200, training=1.0, drawing=10.0)
    assert begun == [1, 50, 100, 150, 200, 250]


def test_a_bound_on_the_number_holds_however_long_it_takes(clock, shown):
    live = screens.Live("plane.png")
    assert len(drawings(clock, live, steps=1000, training=1.0, drawing=0.0)) == 49
    live.finish(lambda: "whole")
    assert [figure for figure, _, _ in shown] == [None] * 49 + ["whole"]


def test_redrawings_spread_over_the_work(clock, shown):
    begun = drawings(
        clock, screens.Live("plane.png"), steps=4900, training=1.0, drawing=0.0, total=4900
    )
    assert begun == [1 + 100 * k for k in range(49)]


def test_the_last_one_is_drawn_whatever_it_cost(clock, shown):
    live = screens.Live("plane.png")
    drawings(clock, live, steps=3, training=0.001, drawing=100.0)
    live.finish(lambda: "whole")
    assert [figure for figure, _, _ in shown] == [None, "whole"]


@pytest.mark.parametrize("where", ["window", "notebook", "file"])
@pytest.mark.parametrize("rewrite", [True, False])
def test_a_file_is_rewritten_as_it_goes_only_if_asked_for(
    where, rewrite, clock, shown, monkeypatch
):
    monkeypatch.setattr(screens, "place", lambda: where)
    live = screens.Live("plane.png", rewrite=rewrite)
    live.redraw(lambda: "growing")
    live.finish(lambda: "whole")
    moving = [("growing", where, "plane.png")] if rewrite or where != "file" else []
    assert shown == [*moving, ("whole", where, "plane.png")]


def test_what_cannot_be_written_stops_nothing_before_the_end(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(screens, "place", lambda: "file")
    live = screens.Live(tmp_path / "nowhere" / "plane.png")
    live.redraw(small)
    with pytest.raises(FileNotFoundError, match="cannot be written"):
        live.finish(small)


def test_a_file_moves(tmp_path, monkeypatch):
    monkeypatch.setattr(screens, "place", lambda: "file")
    monkeypatch.setattr(screens, "MOST_SHARE", np.inf)
    live, seen = screens.Live(tmp_path / "plane.png"), []
    for width in (1, 2):
        live.redraw(lambda width=width: small(width))
        seen.append((tmp_path / "plane.png").read_bytes())
    assert seen[0] != seen[1]
    assert [path.name for path in tmp_path.iterdir()] == ["plane.png"]


# --- nothing is taken unchecked -------------------------------------------------------------------


@pytest.mark.parametrize("where", ["screen", "", None])
def test_a_figure_is_shown_at_a_place(tmp_path, where):
    with pytest.raises(ValueError, match="where must be one of 'notebook', 'window', 'file', not"):
        screens.show(small(), where, tmp_path / "plane.png")


# --- windows that do not open ---------------------------------------------------------------------


LIVE = """
import warnings
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    from fastmi import screens
    from matplotlib.figure import Figure
    live = screens.Live("live.png")
    live.redraw(lambda: Figure(figsize=(1, 1)))
    live.finish(lambda: Figure(figsize=(1, 1)))
    screens.show(Figure(figsize=(1, 1)), live.where, "shown.png")
lines = [str(warning.message) for warning in said]
print(live.where, *[line for line in lines if "PLBACKEND" in line], sep="\\n")
"""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
@pytest.mark.parametrize(
    "backend",
    [
        "TkAgg",
        "QtAgg",
        # where tornado is installed it serves its windows to a browser, and needs no display
        pytest.param(
            "WebAgg", marks=pytest.mark.skipif(bool(find_spec("tornado")), reason="tornado is here")
        ),
        "tkaggg",
        "agg",
    ],
)
def test_without_a_display_the_file_is_written_and_it_is_said(tmp_path, backend):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    done = subprocess.run(
        [sys.executable, "-c", LIVE],
        env={
            **environment,
            "MPLBACKEND": backend,
            "PYTHONPATH": str(ROOT),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    where, *said = done.stdout.splitlines()
    assert where == "file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.png", "shown.png"]
    if backend == "agg":
        assert said == []
        return
    (message,) = said
    if backend in ("nonsense", "tkaggg"):
        assert message.startswith(
            f"MPLBACKEND is {backend!r}, a backend that matplotlib does not have: figures are "
            "written to files"
        )
    else:
        assert message.lower().startswith(
            f"matplotlib's backend {backend.lower()} opens no window here ("
        )
        assert message.endswith(
            "the figure is written to a file; MPLBACKEND=agg asks for that in the first place"
        )


@pytest.fixture
def no_windows(monkeypatch):
    """matplotlib is told to open windows, and they fail."""
    pyplot = importlib.import_module("matplotlib.pyplot")
    before = pyplot.get_backend()

    def fails(*arguments, **options):
        raise RuntimeError("no display name and no $DISPLAY environment variable\nat line 3")

    monkeypatch.setattr(mpl, "get_backend", lambda: "TkAgg")
    monkeypatch.setattr(pyplot, "switch_backend", fails)
    monkeypatch.setattr(pyplot, "figure", fails)
    yield
    monkeypatch.undo()
    assert pyplot.get_backend() == before


def test_a_window_that_fails_is_a_file(tmp_path, no_windows):
    with pytest.warns(
        UserWarning,
        match=r"backend TkAgg opens no window here \(no display name.*variable\): the figure is",
    ) as said:
        assert screens.place() == "file"
    assert "\n" not in str(said[0].message)
    assert said[0].filename == __file__
    with pytest.warns(
        UserWarning, match=r"opens no window here .*: the figure is written to .*plane\.png"
    ):
        screens.show(small(), "window", tmp_path / "plane.png")
    assert (tmp_path / "plane.png").read_bytes().startswith(b"\x89PNG")


def test_a_window_that_is_lost_on_the_way_is_a_file(tmp_path, no_windows, monkeypatch):
    monkeypatch.setattr(screens, "place", lambda: "window")
    live = screens.Live(tmp_path / "plane.png", rewrite=False)
    with pytest.warns(UserWarning, match="opens no window here"):
        live.finish(small)
    assert (tmp_path / "plane.png").read_bytes().startswith(b"\x89PNG")


def test_a_backend_without_windows_gives_a_file(tmp_path):
    """matplotlib may have put it in the place of another since a window was seen."""
    assert mpl.get_backend().lower() == "agg"
    with pytest.warns(
        UserWarning,
        match=r"opens no window here \(there is only [aA]gg\): the figure is written to",
    ):
        screens.show(small(), "window", tmp_path / "plane.png")
    assert (tmp_path / "plane.png").read_bytes().startswith(b"\x89PNG")


def test_a_window_that_opens_is_used(monkeypatch, tmp_path):
    pyplot = importlib.import_module("matplotlib.pyplot")
    monkeypatch.setattr(mpl, "get_backend", lambda: "TkAgg")
    monkeypatch.setattr(pyplot, "switch_backend", lambda name: None)
    monkeypatch.setattr(pyplot, "show", lambda block: None)
    assert screens.place() == "window"
    screens.show(information_plane(panels(1)), "window", tmp_path / "plane.png")
    window = pyplot.figure("fastmi")
    assert len(window.axes[0].images) == 1
    pyplot.close(window)
    assert list(tmp_path.iterdir()) == []
