"""panels -> the information plane: what must be read off it is on it, and can be read."""

import functools
import importlib
import io
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.text import Text

from fastmi import figures
from fastmi.figures import COLORS, MARKS, information_plane
from tests.fastmi.panels import CAPTION, TITLES, panel, panels

COLORINGS = ("layer", "epoch")


def spread(drawn, sd_xt=0.4, sd_ty=0.03):
    """The same panel as a mean over seeds that differ more and more."""
    growing = np.linspace(0, 1, len(drawn.i_xt))[:, None] * np.ones(len(drawn.layers))
    return replace(drawn, spread_xt=sd_xt * growing, spread_ty=sd_ty * growing)


def grid(n, **options):
    """n columns of readings on a training sample, and below them those on a smaller one."""
    smaller = {
        "ceiling_x": np.log2(300),
        "ceiling_y": 0.6,
        "caption": CAPTION.replace("1,000", "300"),
    }
    return [panels(n, **options), [replace(each, **smaller) for each in panels(n, **options)]]


SAMPLES = ("training", "held-out")


def bands(ax):
    return [found for found in ax.get_children() if isinstance(found, PathPatch)]


def texts(figure):
    """The text artists that are drawn; ticks beyond the axes have labels too, which are not."""
    figure.draw_without_rendering()
    beyond = {
        id(label)
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    return [
        t
        for t in figure.findobj(Text)
        if t.get_visible() and t.get_text().strip() and id(t) not in beyond
    ]


def words(figure):
    """What is written; where it lies is not asked, so nothing is laid out."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


@functools.cache
def plain(n=1, color="layer"):
    """A figure that is only looked at."""
    return information_plane(panels(n), color=color)


def legend_names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def marked(ax):
    """The single points: the start and the end of each layer, in turn."""
    return [line for line in ax.lines if line.get_marker() not in ("None", "", None)]


INF = float("inf")


@pytest.mark.parametrize(
    ("limits_xt", "limits_ty", "ends"),
    [
        ((0, INF), (0, INF), [0, np.log2(1000), 0, 0.803]),
        ((4.5, 6), (0.3, 0.45), [4.5, 6, 0.3, 0.45]),
        ((4.5, INF), (-INF, 0.45), [4.5, np.log2(1000), 0.4 - 9, 0.45]),
        ((-INF, INF), (-INF, INF), [5 - 9, np.log2(1000), 0.4 - 9, 0.803]),
        # no farther than it can be, but as far as its path is
        ((6, INF), (0, 0.1), [5, np.log2(1000), 0, 0.4]),
        ((0, 4), (0.5, INF), [0, 5, 0.4, 0.803]),
    ],
)
def test_a_band_ends_at_the_limits_of_its_columns(limits_xt, limits_ty, ends):
    nine = np.full((20, 1), 9.0)
    drawn = panel(
        n_layers=1,
        i_xt=np.full((20, 1), 5.0),
        i_ty=np.full((20, 1), 0.4),
        spread_xt=nine,
        spread_ty=nine,
        limits_xt=limits_xt,
        limits_ty=limits_ty,
    )
    (band,) = bands(information_plane([drawn]).axes[0])
    (left, bottom), (right, top) = band.get_path().get_extents().get_points()
    np.testing.assert_allclose([left, right, bottom, top], ends, rtol=0, atol=1e-9)


def test_a_panel_is_shown_on_one_line():
    assert repr(panel()) == "Panel(title='a single network', 20 epochs, 6 layers)"


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "color", "head"),
    [("plane.png", "layer", b"\x89PNG\r\n\x1a\n"), ("plane.svg", "epoch", b"<?xml")],
)
def test_png_and_svg_are_written(tmp_path, name, color, head):
    information_plane(panels(1), color=color).savefig(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content.startswith(head)
    assert len(content) > 10_000


def test_no_state_is_left_in_matplotlib():
    before = dict(mpl.rcParams)
    information_plane(panels(1))
    assert dict(mpl.rcParams) == before


def test_pyplot_and_its_window_are_never_loaded():
    code = (
        "import sys, fastmi.figures; print([name for name in sys.modules if "
        "name.startswith('matplotlib.pyplot')])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


# --- what stands on the figure --------------------------------------------------------------------


@pytest.mark.parametrize("color", COLORINGS)
def test_the_axes_are_named_with_their_unit(color):
    assert {"I(X;T)  [bits]", "I(T;Y)  [bits]"} <= set(words(plain(color=color)))


@pytest.mark.parametrize("color", COLORINGS)
def test_the_ceilings_are_drawn_and_labelled(color):
    figure = plain(color=color)
    assert {"log₂ n = 9.97", "H(Y) = 0.803"} <= set(words(figure))
    upright, level = figure.axes[0].lines[:2]
    assert set(upright.get_xdata()) == {np.log2(1000)}
    assert set(level.get_ydata()) == {0.803}


@pytest.mark.parametrize("color", COLORINGS)
def test_every_layer_and_the_marks_of_start_and_end_stand_in_the_legend(color):
    figure = plain(color=color)
    assert legend_names(figure) == [*(f"layer {i}" for i in range(1, 7)), "start", "end"]


@pytest.mark.parametrize("n_panels", [1, 3])
def test_the_caption_says_what_the_points_rest_on(n_panels):
    written = plain(n_panels).legends[0].get_title().get_text()
    assert all(
        part in written
        for part in ("data: made up", "n = 1,000", "49 bins", "5 copies", "plug-in estimate")
    )


def test_the_lines_are_explained():
    (explained,) = [word for word in words(plain()) if "dots" in word]
    assert "dots: every recorded epoch; line: their means over windows" in explained


def test_a_long_caption_is_wrapped_and_nothing_of_it_is_lost():
    caption = "; ".join(["a name of data that goes on and on"] * 8)
    written = information_plane(panels(1, caption=caption)).legends[0].get_title().get_text()
    assert written.count("\n") > 2
    assert " ".join(written.split()).startswith(caption)


def test_a_caption_is_as_narrow_as_its_number_of_lines_allows():
    for caption in ("", "one", "a b  c", "x" * 120, "; ".join(["some words of a caption"] * 9)):
        lines = figures._fitted(caption, 300, 7.5, even=True)
        widths = [len(figures._wrapped(caption, n)) for n in range(1, 80)]
        narrowest = 1 + widths.index(len(lines))
        assert lines == figures._wrapped(caption, narrowest)


def test_titles_stand_above_the_panels_and_the_figure():
    figure = information_plane(panels(3), title="Experiment 2")
    assert [ax.get_title() for ax in figure.axes] == list(TITLES)
    assert figure.get_suptitle() == "Experiment 2"


def test_panels_share_axes_that_reach_beyond_every_ceiling():
    wide, high = panel(ceiling_x=12.0, ceiling_y=0.2), panel(ceiling_x=5.0, ceiling_y=3.0)
    for drawn in ([wide, high], [high, wide]):
        one, other = information_plane(drawn).axes
        assert (one.get_xlim(), one.get_ylim()) == (other.get_xlim(), other.get_ylim())
        assert one.get_xlim()[1] > 12 > one.get_xlim()[0]
        assert one.get_ylim()[1] > 3 > one.get_ylim()[0]


def test_the_colours_of_epochs_have_a_scale():
    figure = plain(color="epoch")
    assert [ax.get_ylabel() for ax in figure.axes] == ["I(T;Y)  [bits]", "epoch"]


# --- rows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", COLORINGS)
def test_rows_are_named_at_the_left_of_the_middle_of_their_panels(color):
    figure = information_plane(grid(1), rows=SAMPLES, color=color)
    written = {text.get_text(): text.get_window_extent() for text in texts(figure)}
    for name, first in zip(SAMPLES, figure.axes[:2], strict=True):
        assert written[name].x1 < first.yaxis.label.get_window_extent().x0
        assert (written[name].y0 + written[name].y1) / 2 == pytest.approx(
            (first.bbox.y0 + first.bbox.y1) / 2, abs=1
        )


def test_titles_and_names_of_axes_are_written_once():
    axes = information_plane(grid(3), rows=SAMPLES).axes
    assert [ax.get_title() for ax in axes] == [*TITLES, "", "", ""]
    assert [ax.get_xlabel() for ax in axes] == ["", "", "", *["I(X;T)  [bits]"] * 3]
    assert [ax.get_ylabel() for ax in axes] == ["I(T;Y)  [bits]", "", ""] * 2


def test_titles_that_differ_below_each_other_are_all_there():
    axes = information_plane(
        [panels(1, title="tanh"), panels(1, title="relu")], rows=("one", "other")
    ).axes
    assert [ax.get_title() for ax in axes] == ["tanh", "relu"]


def test_every_panel_has_its_own_ceilings_and_all_the_same_axes():
    axes = information_plane(grid(2), rows=SAMPLES).axes
    assert [set(ax.lines[0].get_xdata()) for ax in axes] == [{np.log2(1000)}] * 2 + [
        {np.log2(300)}
    ] * 2
    assert [set(ax.lines[1].get_ydata()) for ax in axes] == [{0.803}] * 2 + [{0.6}] * 2
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1


def test_a_row_alone_may_have_a_name():
    assert "held-out" in words(information_plane(panels(3), rows=["held-out"]))
    assert information_plane([panels(3)]).axes[2].get_title() == TITLES[2]


def test_captions_are_as_few_as_say_all():
    def written(drawn):
        return " ".join(
            information_plane(drawn, rows=SAMPLES).legends[0].get_title().get_text().split()
        )

    top, bottom = grid(2)
    assert written([top, top]).count("n = 1,000") == 1
    both = written([top, bottom])
    assert (both.count("training: data"), both.count("held-out: data"), both.count("n = ")) == (
        1,
        1,
        2,
    )
    each = written([top, [replace(bottom[0], caption="other"), bottom[1]]])
    assert each.count("n = 1,000") == 1
    assert f"held-out, {TITLES[0]}: other held-out, {TITLES[1]}: data" in each


def test_what_panels_of_a_row_share_is_said_once_and_the_rest_under_their_titles():
    captions = ("data: a; 5 copies; judged", "data: a; 5 copies; judged", "data: a; 5 copies")
    top = [
        replace(drawn, caption=caption) for drawn, caption in zip(panels(3), captions, strict=True)
    ]
    bottom = [replace(drawn, caption="data: b; 5 copies") for drawn in panels(3)]
    title = information_plane([top, bottom], rows=SAMPLES).legends[0].get_title().get_text()
    written = " ".join(title.split())
    expected = (
        "training: data: a; 5 copies",
        f"training, {TITLES[0]} and {TITLES[1]}: judged",
        "held-out: data: b; 5 copies",
    )
    assert written.startswith(" ".join(expected))
    alone = information_plane([top]).legends[0].get_title().get_text()
    assert " ".join(alone.split()).startswith(
        f"data: a; 5 copies {TITLES[0]} and {TITLES[1]}: judged"
    )


def test_more_rows_and_more_lines_make_the_figure_higher():
    def height(drawn, **rows):
        return information_plane(drawn, **rows).get_figheight()

    one = height(panels(3))
    assert height(grid(3), rows=SAMPLES) > one + 2.5
    assert height(panels(3, caption=CAPTION * 6)) > one + 0.3


# --- bands ----------------------------------------------------------------------------------------


def test_a_band_is_one_region_a_layer_in_its_colour():
    found = bands(information_plane([spread(panel(n_layers=7))]).axes[0])
    assert [to_hex(band.get_facecolor()) for band in found] == [color.lower() for color in COLORS]
    assert all(0.1 < band.get_alpha() < 0.3 for band in found)


def test_where_colours_are_epochs_bands_are_grey():
    found = bands(information_plane([spread(panel())], color="epoch").axes[0])
    assert [to_hex(band.get_facecolor()) for band in found] == [figures.GUIDE] * 6


@pytest.mark.parametrize("color", COLORINGS)
def test_there_are_dots_or_a_band(color):
    plain, banded = panel(title="one run"), spread(panel(title="ten seeds"))
    figure = information_plane([plain, banded], color=color)
    drawn = [
        (sum(isinstance(found, PathCollection) for found in ax.collections), len(bands(ax)))
        for ax in figure.axes[:2]
    ]
    assert drawn == [(6, 0), (0, 6)]


def test_what_dots_and_bands_are_is_written():
    plain, banded = panel(title="one run"), spread(panel(title="ten seeds"))

    def written(*drawn):
        return " ".join(information_plane(drawn).legends[0].get_title().get_text().split())

    band = "; band: one standard deviation over the seeds"
    assert band not in written(plain)
    alone, both = written(banded), written(plain, banded)
    assert alone.endswith("line: means over windows that widen with the epoch" + band)
    assert "dots" not in alone
    assert both.endswith("line: their means over windows that widen with the epoch" + band)
    assert "dots: every recorded epoch" in both


def hulls_of(outline):
    return [Outline(corners) for corners in outline.to_polygons()]


def test_a_band_reaches_one_standard_deviation_in_each_direction():
    flat = np.full((20, 1), 0.4)
    drawn = panel(n_layers=1, i_xt=np.linspace(8, 4, 20)[:, None], i_ty=flat)
    drawn = replace(drawn, spread_xt=np.full((20, 1), 0.5), spread_ty=np.full((20, 1), 0.1))
    (band,) = bands(information_plane([drawn]).axes[0])
    (left, bottom), (right, top) = band.get_path().get_extents().get_points()
    np.testing.assert_allclose([left, right, bottom, top], [3.5, 8.5, 0.3, 0.5], rtol=1e-3)


def test_a_band_is_the_hulls_of_neighbouring_ellipses():
    rng = np.random.default_rng(0)
    path, sd, reach = (
        rng.uniform([0, 0], [10, 0.8], (12, 2)),
        rng.uniform(0.02, 0.1, (12, 2)) * [10, 0.8],
        np.array([10, 0.8]),
    )
    hulls = hulls_of(figures._band(path, sd, reach))
    turns = np.linspace(0, 2 * np.pi, 50)
    rim = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    for i, hull in enumerate(hulls):
        ends = [i, min(i + 1, 11)]
        distances = [np.linalg.norm((hull.vertices - path[end]) / sd[end], axis=-1) for end in ends]
        # each corner on one of the two
        np.testing.assert_allclose(np.abs(np.array(distances) - 1).min(axis=0), 0, atol=1e-9)
        between = [(1 - t) * path[ends[0]] + t * path[ends[1]] for t in np.linspace(0, 1, 9)]
        radii = [(1 - t) * sd[ends[0]] + t * sd[ends[1]] for t in np.linspace(0, 1, 9)]
        for centre, radius in zip(between, radii, strict=True):
            assert hull.contains_points(centre + (radius - 0.002 * reach) * rim).all()
    assert len(hulls) == 12


def test_a_band_that_covers_itself_is_not_darker_there():
    there_and_back = np.concatenate([np.linspace(8, 2, 30), np.linspace(2, 8, 30)])[:, None]
    drawn = panel(n_layers=1, n_epochs=60, i_xt=there_and_back, i_ty=np.full((60, 1), 0.4))
    drawn = replace(drawn, spread_xt=np.full((60, 1), 0.8), spread_ty=np.full((60, 1), 0.2))
    figure = information_plane([drawn])
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3]
    (left, low), (right, high) = (
        figure.axes[0].transData.transform([(3, 0.45), (7, 0.55)]).astype(int)
    )
    (band,) = bands(figure.axes[0])
    expected = 255 * (1 - band.get_alpha() * (1 - np.array(to_rgb(COLORS[0]))))
    found = picture[low:high, left:right].reshape(-1, 3)
    assert len(found) > 1000
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("color", COLORINGS)
def test_seeds_that_agree_leave_a_band_as_thin_as_the_line(color):
    lengths = [spread(panel(n_epochs=n_epochs), 0, 0) for n_epochs in (1, 2, 20)]
    figure = information_plane(lengths, color=color)
    figure.canvas.draw()
    for drawn, ax in zip(lengths, figure.axes[:3], strict=True):
        sizes = [band.get_path().get_extents().height for band in bands(ax)]
        assert len(sizes) == 6
        moved = np.ptp(drawn.i_ty, axis=0)
        assert all(0 < size - way < 0.01 for size, way in zip(sizes, moved, strict=True))


# --- what is drawn --------------------------------------------------------------------------------


@pytest.mark.parametrize("color", COLORINGS)
def test_start_and_end_are_marked_at_the_first_and_last_points(color):
    drawn = panel()
    marks = marked(plain(color=color).axes[0])
    assert len(marks) == 2 * 6
    for layer, (start, end) in enumerate(zip(marks[::2], marks[1::2], strict=True)):
        assert start.get_xydata().tolist() == [[drawn.i_xt[0, layer], drawn.i_ty[0, layer]]]
        assert end.get_xydata().tolist() == [[drawn.i_xt[-1, layer], drawn.i_ty[-1, layer]]]
        assert start.get_markeredgecolor() == "white"
        assert end.get_fillstyle() == "full"


def judged(**given):
    """A panel of six layers with every verdict, chance and a lower end."""
    drawn = panel()
    verdicts = ["resolved", "bounded", "unresolved", "exact", "", "unresolved"]
    given = {"chance": drawn.i_ty / 2, "lower": drawn.i_ty[-1] - 0.1, "verdicts": verdicts} | given
    return replace(drawn, **given)


def looks_of(line):
    hollow = line.get_markerfacecolor() == "white"
    return "hollow" if hollow else line.get_fillstyle(), to_hex(line.get_markeredgecolor())


@pytest.mark.parametrize("color", COLORINGS)
def test_ends_are_filled_by_their_verdict(color):
    ax = information_plane([judged()], color=color).axes[0]
    looks = [looks_of(mark) for mark in marked(ax)[1::2]]
    fills = [fill for fill, _ in looks]
    assert fills == ["full", "bottom", "hollow", "full", "full", "hollow"]
    black = [edge == "#000000" for _, edge in looks]
    assert black[:4] == [True, True, False, True]
    if color == "layer":  # what is not judged has no rim of its own
        assert not black[4]


def is_dotted(line):
    return isinstance(line, Line2D) and line.get_alpha() == figures.GHOST["alpha"]


@pytest.mark.parametrize("color", COLORINGS)
def test_chance_is_a_ghost_of_each_path(color):
    drawn = judged()
    ax = information_plane([drawn], color=color).axes[0]
    dotted = [line for line in ax.get_children() if is_dotted(line)]
    assert len(dotted) == 6
    for layer, line in enumerate(dotted):
        assert line.get_ydata()[0] == pytest.approx(drawn.chance[0, layer])
        assert line.get_xdata()[0] == pytest.approx(drawn.i_xt[0, layer])


def brackets(ax):
    return [
        line
        for line in ax.get_children()
        if isinstance(line, Line2D) and len(line.get_xdata()) == 4 and line.get_linestyle() == "-"
    ]


def test_a_bracket_stands_at_the_lower_end():
    drawn = judged()
    found = brackets(information_plane([drawn]).axes[0])
    assert len(found) == 6
    for layer, line in enumerate(found):
        assert min(line.get_ydata()) == pytest.approx(drawn.lower[layer])
        assert np.mean(line.get_xdata()) == pytest.approx(drawn.i_xt[-1, layer])
    # below the axis there is none
    assert brackets(information_plane([judged(lower=np.full(6, -3.0))]).axes[0]) == []


def legend_of(figure):
    (legend,) = figure.legends
    return legend.get_title().get_text(), [text.get_text() for text in legend.get_texts()]


def test_the_legend_names_what_is_there_and_nothing_else():
    title, names = legend_of(information_plane([judged()]))
    assert names[6:] == [
        "start",
        "end, not judged",
        "end, exact",
        "end, resolved",
        "end, bounded",
        "end, unresolved",
        "chance",
    ]
    words = " ".join(title.split())
    assert "chance: I(T;Y) in mean if the labels are shuffled" in words
    assert "I(T;Y) is above it in mean (not a confidence interval)" in words
    assert "hollow: n cannot size the layer" in words
    plain, names = legend_of(information_plane([panel()]))
    assert names[6:] == ["start", "end"]
    assert not any(word in plain for word in ("chance", "bracket", "hollow", "half full"))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"verdicts": ["fine"] * 6}, ValueError, "verdicts must be one of"),
        ({"verdicts": ["exact"]}, ValueError, "verdicts has 1 words for 6 paths"),
        ({"verdicts": "exact"}, TypeError, "verdicts is 'exact': pass a list of strings"),
        ({"chance": np.zeros(6)}, ValueError, r"chance has dtype float64 and shape \(6,\)"),
        ({"lower": np.full(6, np.nan)}, ValueError, "lower has dtype float64"),
    ],
)
def test_what_is_believed_has_the_shape_of_the_paths(given, error, words):
    with pytest.raises(error, match=words):
        judged(**given)


@pytest.mark.parametrize("color", COLORINGS)
def test_every_epoch_is_a_dot(color):
    drawn = panel(n_epochs=500)
    dots = [
        found
        for found in information_plane([drawn], color=color).axes[0].collections
        if isinstance(found, PathCollection)
    ]
    for layer, found in enumerate(dots):
        np.testing.assert_array_equal(
            found.get_offsets(), np.stack([drawn.i_xt[:, layer], drawn.i_ty[:, layer]], axis=-1)
        )
    assert len(dots) == 6


@pytest.mark.parametrize("color", COLORINGS)
def test_few_epochs_are_joined_as_they_are(color):
    drawn = panel(n_epochs=3)
    lines = [
        found
        for found in information_plane([drawn], color=color).axes[0].collections
        if isinstance(found, LineCollection)
    ]
    for layer, found in enumerate(lines):
        points = np.stack([drawn.i_xt[:, layer], drawn.i_ty[:, layer]], axis=-1)
        np.testing.assert_allclose(
            found.get_segments(), np.stack([points[:-1], points[1:]], axis=1), rtol=0, atol=1e-12
        )
    assert len(lines) == 6


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 59, 60, 61, 1000, 6001])
def test_windows_begin_at_the_first_epoch_and_hold_each_epoch_once(n_epochs):
    windows = figures._windows(np.arange(n_epochs))
    assert windows[0] == 0
    assert (np.diff(windows) > 0).all()
    assert windows[-1] == n_epochs - 1
    assert len(windows) <= 61


def test_the_mean_of_a_window_is_over_its_epochs():
    assert figures._means(np.array([1, 2, 4, 6, 9]), np.array([0, 1, 4])).tolist() == [1, 4, 9]


def test_layers_have_colours_of_their_own_and_the_same_in_the_legend():
    figure = information_plane(panels(1, n_layers=7))
    lines = [found for found in figure.axes[0].collections if isinstance(found, LineCollection)]
    drawn = [to_hex(line.get_color()[0]) for line in lines]
    assert drawn == [color.lower() for color in COLORS]
    assert [to_hex(handle.get_color()) for handle in figure.legends[0].get_lines()][:7] == drawn


@pytest.mark.parametrize("n_panels", [1, 3])
def test_marks_are_the_same_in_every_panel_and_in_the_legend(n_panels):
    figure = plain(n_panels, "epoch")
    expected = [handle.get_marker() for handle in figure.legends[0].get_lines()][:6]
    for ax in figure.axes[:n_panels]:
        assert [mark.get_marker() for mark in marked(ax)][::2] == expected


def test_more_layers_than_colours_are_still_told_apart():
    figure = information_plane(panels(1, n_layers=20))
    looks = [(handle.get_color(), handle.get_marker()) for handle in figure.legends[0].get_lines()][
        :20
    ]
    assert len(COLORS) < 20
    assert len(MARKS) < 20
    assert len(set(looks)) == 20


@pytest.mark.parametrize("color", COLORINGS)
def test_labels_that_say_nothing_can_be_drawn(color):
    figure = information_plane([panel(ceiling_y=0.0, i_ty=np.zeros((20, 6)))], color=color)
    figure.draw_without_rendering()
    assert "H(Y) = 0.000" in words(figure)
    low, high = figure.axes[0].get_ylim()
    assert low < 0 < high


def test_a_single_sample_can_be_drawn():
    figure = information_plane([panel(ceiling_x=0.0, i_xt=np.zeros((20, 6)))])
    figure.draw_without_rendering()
    assert "log₂ n = 0.00" in words(figure)


@pytest.mark.parametrize("color", COLORINGS)
def test_points_that_never_move_can_be_drawn(color):
    information_plane(
        [panel(i_xt=np.full((20, 6), 9.0), i_ty=np.full((20, 6), 0.5))], color=color
    ).canvas.draw()


@pytest.mark.parametrize("color", COLORINGS)
def test_epochs_far_apart_can_be_drawn(color):
    information_plane(
        [panel(n_epochs=3, epochs=np.array([0, 1, 100_000]))], color=color
    ).canvas.draw()


def test_layers_may_have_names_of_hidden_modules():
    """matplotlib leaves labels that begin with an underscore out of legends it collects by
    itself.
    """
    assert legend_names(information_plane(panels(1, layers=["_body.0", "_head"])))[:2] == [
        "_body.0",
        "_head",
    ]


# --- can it be read -------------------------------------------------------------------------------


def boxes(figure):
    return [(text.get_text(), text.get_window_extent()) for text in texts(figure)]


def overlapping(written):
    """Pairs that share more than a pixel."""
    pairs = itertools.combinations([(word, *box.padded(-1).extents) for word, box in written], 2)
    return [
        (one, other)
        for (one, left, low, right, high), (other, x0, y0, x1, y1) in pairs
        if x0 <= right and left <= x1 and y0 <= high and low <= y1
    ]


def cut_off(written, figure):
    whole = figure.bbox.padded(1)
    return [
        word for word, box in written if not (whole.contains(*box.min) and whole.contains(*box.max))
    ]


CROWDS = {
    "six layers": {},
    "one layer": {"n_layers": 1},
    "more layers than colours": {"n_layers": 9},
    "twenty layers": {"n_layers": 20},
    "long names": {"layers": [f"encoder.block.{i}.attention.projection" for i in range(7)]},
    "one epoch": {"n_epochs": 1},
    "a long caption": {
        "caption": CAPTION.replace(
            "made up", "the complicated label as the report meant it, not as printed"
        )
    },
}


@pytest.mark.parametrize(
    ("crowd", "n_panels", "color"),
    [
        *itertools.product([crowd for crowd in CROWDS if crowd != "one epoch"], (1, 3), ("layer",)),
        *itertools.product(("six layers", "long names"), (1, 2, 3), ("epoch",)),
        ("one epoch", 1, "epoch"),  # no word is another, but those of the scale
    ],
)
def test_no_text_covers_another_or_is_cut_off(crowd, n_panels, color):
    figure = information_plane(
        panels(n_panels, **CROWDS[crowd]),
        color=color,
        title="Experiment 2: five copies, 1000 epochs",
    )
    written = boxes(figure)
    assert overlapping(written) == []
    assert cut_off(written, figure) == []


LONG = "; ".join(["a long caption of a sample that was held out"] * 4)


@pytest.mark.parametrize(
    ("n_columns", "color", "caption"),
    [
        (1, "layer", CAPTION),
        (1, "layer", LONG),
        (2, "epoch", LONG),
        (3, "layer", LONG),
        (3, "epoch", CAPTION),
        (3, "epoch", LONG),
    ],
    ids=lambda given: {CAPTION: "short", LONG: "long"}.get(given, given),
)
def test_no_text_covers_another_in_rows_with_bands(n_columns, color, caption):
    top, bottom = grid(n_columns, n_layers=7, epochs=np.arange(0, 200, 10))
    drawn = [list(map(spread, top)), [spread(replace(each, caption=caption)) for each in bottom]]
    figure = information_plane(
        drawn, rows=SAMPLES, color=color, title="Experiment 2: five copies, 1000 epochs, ten seeds"
    )
    written = boxes(figure)
    assert overlapping(written) == []
    assert cut_off(written, figure) == []
    assert {*SAMPLES, "log₂ n = 8.23", "H(Y) = 0.600"} <= {word for word, _ in written}
    heights = [
        ax.get_position().height * figure.get_figheight() for ax in figure.axes[: 2 * n_columns]
    ]
    assert min(heights) > 2.2  # inches, whatever stands below


def test_an_overlap_and_a_text_that_is_cut_off_would_be_seen():
    figure = information_plane(panels(1))
    figure.text(0.5, 0.5, "one")
    figure.text(0.5, 0.5, "other")
    figure.text(0.99, 0.5, "beyond the edge")
    written = boxes(figure)
    assert ("one", "other") in overlapping(written)
    assert cut_off(written, figure) == ["beyond the edge"]


@pytest.mark.parametrize("n_panels", [1, 3])
def test_the_panels_are_larger_than_what_is_written_around_them(n_panels):
    figure = plain(n_panels)
    figure.draw_without_rendering()
    assert all(ax.get_position().height > 0.5 for ax in figure.axes)


# --- refusals -------------------------------------------------------------------------------------


def test_an_unknown_color_is_refused():
    with pytest.raises(
        ValueError, match=re.escape("color must be one of 'layer', 'epoch', not 'rainbow'")
    ):
        information_plane(panels(1), color="rainbow")


@pytest.mark.parametrize("nothing", [[], (), [[]], [[], []]])
def test_no_panels_are_refused(nothing):
    with pytest.raises(ValueError, match="panels is empty: there is nothing to draw"):
        information_plane(nothing)


def test_a_layer_has_one_colour_in_panels_of_different_networks():
    figure = information_plane(
        [panel(layers=["layer 1", "layer 2"]), panel(layers=["layer 1", "output"])]
    )
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["layer 1", "layer 2", "output", "start", "end"]
    (first, second), (again, output) = (
        [line.get_color() for line in ax.lines[-4::2]] for ax in figure.axes
    )
    assert first == again
    assert len({first, second, output}) == 3


def test_runs_over_each_other_are_dashes_and_a_layer_keeps_its_colour():
    one = panel(layers=["a", "b", "a", "b"])
    figure = information_plane([replace(one, runs=["tanh", "tanh", "ReLU", "ReLU"])])
    axes = figure.axes[0]
    solid = [
        to_hex(line.get_color()[0])
        for line in axes.get_children()
        if isinstance(line, LineCollection)
    ]
    dashed = [line for line in axes.lines if line.is_dashed() and line.get_linewidth() == 1.6]
    assert [to_hex(line.get_color()) for line in dashed] == solid
    assert len(set(solid)) == 2
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["a", "b", "tanh", "ReLU", "start", "end"]
    information_plane(
        [replace(one, runs=["tanh", "tanh", "ReLU", "ReLU"])], color="epoch"
    ).draw_without_rendering()
    with pytest.raises(
        ValueError, match="runs has 1 names for 4 paths: pass one for each, or none"
    ):
        replace(one, runs=["tanh"])


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(
        ValueError, match="panels has rows of 3, 2 panels: pass as many in every row"
    ):
        information_plane([panels(3), panels(2)], rows=SAMPLES)


@pytest.mark.parametrize("rows", [(), ("training",), ("training", "held-out", "third")])
def test_rows_without_their_names_are_refused(rows):
    with pytest.raises(
        ValueError, match=f"rows has {len(rows)} names for 2 rows of panels: pass one for each"
    ):
        information_plane(grid(1), rows=rows)


def test_a_spread_without_the_other_is_refused():
    with pytest.raises(ValueError, match="spread_xt and spread_ty belong together"):
        panel(spread_xt=np.zeros((20, 6)))


@pytest.mark.parametrize(
    "wrong", [np.zeros((20, 5)), np.zeros(20), np.full((20, 6), np.nan), np.full((20, 6), -0.1)]
)
def test_a_spread_that_is_no_standard_deviations_is_refused(wrong):
    with pytest.raises(
        ValueError, match=r"spread_ty has shape .*: pass standard deviations, .* of shape \(20, 6\)"
    ):
        panel(spread_xt=np.zeros((20, 6)), spread_ty=wrong)


# --- points that are missing ----------------------------------------------------------------------


def with_gaps(drawn):
    """The second layer has no points at epochs 3..6 and 19, the third none at all."""
    lost = np.zeros(drawn.i_xt.shape, bool)
    lost[3:7, 1] = lost[-1, 1] = lost[:, 2] = True
    names = ("i_xt", "i_ty", "spread_xt", "spread_ty", "chance")
    columns = {name: getattr(drawn, name) for name in names}
    gaps = {k: np.where(lost, np.nan, v) for k, v in columns.items() if v is not None}
    lower = None if drawn.lower is None else np.where(lost.all(axis=0), np.nan, drawn.lower)
    return replace(drawn, **gaps, lower=lower)


@pytest.mark.parametrize("color", COLORINGS)
def test_a_path_has_a_gap_and_ends_at_its_last_point(color):
    drawn = with_gaps(judged())
    figure = information_plane([drawn], color=color)
    ax = figure.axes[0]
    start, end = marked(ax)[2:4]
    assert start.get_xydata().tolist() == [[drawn.i_xt[0, 1], drawn.i_ty[0, 1]]]
    assert end.get_xydata().tolist() == [[drawn.i_xt[18, 1], drawn.i_ty[18, 1]]]
    assert not np.isnan(brackets(ax)[1].get_xydata()).any()
    figure.canvas.draw()


def test_a_band_has_a_gap():
    drawn = with_gaps(spread(panel()))
    of_layers = bands(information_plane([drawn]).axes[0])
    assert len(of_layers) == 4 + 2  # one in two pieces, one without any
    assert all(np.isfinite(band.get_path().vertices).all() for band in of_layers)


def test_a_point_is_missing_in_both_coordinates_or_in_none():
    drawn = with_gaps(judged())
    with pytest.raises(ValueError, match=r"i_ty has dtype float64 and shape .*: pass finite"):
        replace(drawn, i_xt=panel().i_xt)
    with pytest.raises(ValueError, match=r"chance has dtype float64 and shape .*: pass finite"):
        replace(panel(), chance=drawn.chance)


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plane.svg", "plane.pdf", "plane.png"])
def test_the_same_figure_is_the_same_file(tmp_path, monkeypatch, name):
    """As matplotlib alone would write it, which draws it twice."""
    drawings = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        few = panel(n_layers=2, n_epochs=5)
        figure = information_plane([few, spread(few)], color="epoch")
        figure.canvas.mpl_connect("draw_event", drawings.append)
        figures.save(figure, tmp_path / folder / name)
        monkeypatch.setattr(figures._Plane, "savefig", Figure.savefig)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == [name]
    assert len(drawings) == 1 + 2


@pytest.mark.parametrize(
    "change", [Figure.clear, lambda figure: figure.set_visible(False)], ids=["cleared", "hidden"]
)
def test_where_there_is_nothing_to_lay_out_nothing_is(change):
    files = []
    for savefig in (figures._Plane.savefig, Figure.savefig):
        figure, file = information_plane([panel(n_layers=1, n_epochs=2)]), io.BytesIO()
        change(figure)
        savefig(figure, file, format="rgba", bbox_inches="tight")
        files.append(file.getvalue())
    assert files[0] == files[1]


def test_a_file_holds_the_old_figure_until_the_new_one_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "plane.png"
    path.write_bytes(b"old")

    def breaks_off(figure, name, **options):
        Path(name).write_bytes(b"half")
        assert path.read_bytes() == b"old"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", breaks_off)
    with pytest.raises(
        OSError, match=r"plane\.png cannot be written, and what it held is untouched: No space left"
    ):
        figures.save(plain(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.plane\.png cannot be written"):
        figures.save(plain(), tmp_path / "nowhere" / "plane.png")


def test_a_band_is_no_farther_than_information_can_be():
    top = panel(n_epochs=5)
    wide = replace(
        top, spread_xt=np.full_like(top.i_xt, 9.0), spread_ty=np.full_like(top.i_ty, 9.0)
    )
    ax = information_plane([wide]).axes[0]
    bands = [artist for artist in ax.get_children() if isinstance(artist, PathPatch)]
    assert len(bands) == len(top.layers)
    for band in bands:
        low, high = band.get_path().vertices.min(axis=0), band.get_path().vertices.max(axis=0)
        assert (low >= 0).all()
        assert (
            high <= [max(wide.ceiling_x, wide.i_xt.max()), max(wide.ceiling_y, wide.i_ty.max())]
        ).all()


def test_end_marks_that_meet_are_told_apart():
    one = panel(n_epochs=5, layers=("a", "b", "c"))
    x, y = one.i_xt.copy(), one.i_ty.copy()
    x[-1], y[-1] = x[-1, 0], y[-1, 0]
    sizes = [
        line.get_markersize()
        for line in information_plane([replace(one, i_xt=x, i_ty=y)]).axes[0].lines
    ][-6:]
    ends = sizes[1::2]
    assert ends == sorted(ends, reverse=True)
    assert len(set(ends)) == 3
    apart = x.copy()
    apart[-1] = [1, 3, 5]
    sizes = [
        line.get_markersize()
        for line in information_plane([replace(one, i_xt=apart, i_ty=y)]).axes[0].lines
    ][-6:]
    assert set(sizes[1::2]) == {7}


def test_epochs_are_plain_numbers():
    figure = information_plane([panel(n_epochs=2000)], color="epoch")
    figure.draw_without_rendering()
    labels = [text.get_text() for text in figure.axes[-1].get_yticklabels()]
    assert "1,000" in labels
    assert all(re.fullmatch(r"[\d,]*", label) for label in labels)


def test_captions_that_differ_are_all_there():
    drawn = [panel(title="coarse", caption="5 bins"), panel(title="fine", caption="50 bins")]
    written = information_plane(drawn).legends[0].get_title().get_text()
    assert "coarse: 5 bins" in written
    assert "fine: 50 bins" in written
    assert plain(3).legends[0].get_title().get_text().count("data:") == 1


# --- live -----------------------------------------------------------------------------------------


def test_a_long_title_stays_within_a_narrow_figure():
    title = "original-relu: 12-10-7-5-4-3-2 relu-softmax, 8000 epochs, 10 seeds"
    figure = information_plane([panel()], title=title)
    figure.canvas.draw()
    box = figure._suptitle.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
    assert figure._suptitle.get_text().replace("\n", " ") == title


# --- names are drawn as they are ------------------------------------------------------------------


FORMULAS = {
    "a dollar": "cost in $",
    "a formula": r"$\alpha_1$",
    "two formulas": r"$x$ and $\frac{1}{2}$",
    "a broken formula": r"$\frac{1}{",
    "an escaped dollar": r"\$5 of \$7",
    "markup": "a_b^c {d} #1 50% & ~",
    "a backslash": r"C:\data\new\x",
    "letters": "Größe ∞ αβγ ≤ ñ",
    "a hidden name": "_body.0",
    "a minus": "--x-- <!-- y --> <z/>",
}


UNSEEN = {
    "new\nline": "new line",
    "a\r\nb\tc": "a  b c",
    "bell\x07 and null\x00": r"bell\x07 and null\x00",
    "half of a pair \ud83d": r"half of a pair \ud83d",
    "no\u200bspace": r"no\u200bspace",
    "hard\u00a0space": "hard space",
}


def marked_up(name):
    """A panel in which everything that has a name has this one."""
    return panel(
        n_epochs=5, layers=[name, f"{name} (2)"], title=f"title {name}", caption=f"data {name}"
    )


@pytest.mark.parametrize(
    ("kind", "color"), [*zip(FORMULAS, itertools.cycle(COLORINGS), strict=False)]
)
def test_a_name_is_no_formula(kind, color):
    name = FORMULAS[kind]
    drawn = [[marked_up(name)], [marked_up(name)]]
    figure = information_plane(
        drawn, rows=[f"row {name}", "other"], color=color, title=f"all {name}"
    )
    named = (name, f"{name} (2)", f"title {name}", f"row {name}", f"all {name}", f"data {name}")
    written = figure.findobj(Text)
    for text in named:
        (found,) = [
            each
            for each in written
            if text in each.get_text().split("\n") or text == each.get_text().replace("\n", " ")
        ]
        assert found.get_parse_math() is False


def test_a_name_with_a_formula_takes_the_room_of_its_letters():
    """Mathematics would be drawn narrower, and its dollars not at all."""

    def width(name):
        figure = information_plane([panel(layers=[name, "other"])])
        figure.draw_without_rendering()
        return figure.legends[0].get_texts()[0].get_window_extent().width

    assert width(r"$\alpha$") > 2 * width("α")
    assert width("$x$") > width("x") + 2 * width("$") - 5


@pytest.mark.parametrize("name", UNSEEN)
def test_what_cannot_be_seen_is_drawn_as_its_code(name):
    figure = information_plane([panel(layers=[name, "other"], title=name)], title=name)
    assert legend_names(figure)[0] == UNSEEN[name]
    assert figure.axes[0].get_title() == figure.get_suptitle() == UNSEEN[name]


def test_every_name_can_be_written_everywhere(tmp_path):
    """Each format has its own way with letters, and each place with lines."""
    formulas, unseen = " ".join(FORMULAS.values()), " ".join(UNSEEN)
    drawn = panel(n_epochs=5, layers=[*FORMULAS.values(), *UNSEEN], title=unseen, caption=formulas)
    below = replace(drawn, title=formulas, caption=unseen)
    figure = information_plane([[drawn], [below]], rows=[formulas, unseen], title=formulas)
    for ending in ("png", "svg", "pdf"):
        figures.save(figure, tmp_path / f"plane.{ending}")
    ElementTree.parse(tmp_path / "plane.svg")


VERY_LONG = {
    "words": "a very long name " * 80,
    "one word": "x" * 5000,
    "wide letters": "W" * 400,
    "dots": "block." * 60,
    "dollars": "$_{" * 200,
}


@pytest.mark.parametrize(
    ("kind", "n_columns"), [*((kind, 1) for kind in VERY_LONG), ("words", 3), ("wide letters", 3)]
)
def test_very_long_names_are_drawn_with_both_ends_and_cover_nothing(kind, n_columns):
    name = VERY_LONG[kind]
    layers = [f"first {name} last", "short"]
    row = [
        panel(n_epochs=5, layers=layers, title=f"{name} {i}", caption=f"data: {name}; n = 1,000")
        for i in range(n_columns)
    ]
    figure = information_plane(
        [row, row],
        rows=[f"row {name}", "held-out"],
        color=COLORINGS[n_columns > 1],
        title=f"plane {name} end",
    )
    written = boxes(figure)
    assert overlapping(written) == []
    assert cut_off(written, figure) == []
    long = "".join(legend_names(figure)[0].split("\n"))
    assert long.startswith("first")
    assert long.endswith("last")
    assert len(long) < 260
    assert figure.get_suptitle().startswith("plane")
    assert figure.get_suptitle().endswith("end")
    assert "n = 1,000" in figure.legends[0].get_title().get_text()
    heights = [
        ax.get_position().height * figure.get_figheight() for ax in figure.axes[: 2 * n_columns]
    ]
    assert min(heights) > 1.7


def test_a_layer_may_have_no_name():
    figure = information_plane([panel(layers=["", " ", "last"], title="", caption="")])
    assert legend_names(figure)[2:] == ["last", "start", "end"]
    figure.canvas.draw()


# --- whatever the caller has set in matplotlib ----------------------------------------------------


def drawn_twice(color="epoch"):
    few = panel(n_layers=2, n_epochs=5)
    return information_plane(
        [[few, spread(few)]],
        rows=["$a$"],
        color=color,
        title="all of $x$",
    )


SETTINGS = [
    {"text.usetex": True, "text.parse_math": False, "axes.formatter.use_mathtext": True},
    {
        "figure.constrained_layout.use": False,
        "figure.autolayout": True,
        "axes.grid": True,
        "axes.facecolor": "black",
        "savefig.facecolor": "black",
        "text.color": "white",
        "legend.fontsize": 30,
        "axes.titlesize": 40,
    },
    "dark_background",
    "fivethirtyeight",
]


def written(figure, ending="rgba"):
    """Its pixels, or a file."""
    file = io.BytesIO()
    figure.savefig(file, format=ending)
    return file.getvalue()


@functools.cache
def expected():
    with mpl.rc_context():
        mpl.rcdefaults()
        return written(drawn_twice())


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_figure_looks_the_same_under_every_style(settings):
    plain = expected()
    with mpl.rc_context():
        if isinstance(settings, str):
            importlib.import_module("matplotlib.style").use(settings)
            # fonts may be the caller's
            mpl.rcParams["font.family"] = mpl.rcParamsDefault["font.family"]
        else:
            mpl.rcParams.update(settings)
        before = dict(mpl.rcParams)
        figure = drawn_twice()
        assert written(figure) == plain
        assert dict(mpl.rcParams) == before
        if "text.usetex" in settings:
            assert written(figure, "svg").startswith(b"<?xml")
            assert written(figure, "pdf").startswith(b"%PDF")


def test_a_style_that_is_set_later_changes_nothing_either():
    plain, figure = expected(), drawn_twice()
    with mpl.rc_context({"text.usetex": True, "savefig.facecolor": "black"}):
        assert written(figure) == plain


def test_the_fonts_are_the_callers():
    with mpl.rc_context({"font.family": ["DejaVu Serif"]}):
        assert written(drawn_twice()) != expected()


def test_a_caller_who_lets_numpy_raise_gets_his_figure(tmp_path):
    tiny = np.full((20, 6), 5e-324)
    drawn = [panel(i_xt=tiny, i_ty=tiny * 2), panel(spread_xt=tiny, spread_ty=tiny)]
    with np.errstate(all="raise"):
        for color in COLORINGS:
            figures.save(information_plane(drawn, color=color), tmp_path / f"{color}.png")
    assert len(list(tmp_path.iterdir())) == 2


# --- nothing is taken unchecked -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"title": None}, TypeError, "title holds None, which is no string"),
        ({"title": 3}, TypeError, "title holds 3, which is no string: str(...)"),
        ({"caption": b"data"}, TypeError, "caption holds b'data', which is no string"),
        ({"layers": [1, 2, 3, 4, 5, 6]}, TypeError, "layers holds 1, which is no string"),
        (
            {"epochs": np.arange(19)},
            ValueError,
            "i_xt has dtype float64 and shape (20, 6): pass finite numbers of shape (19, 6)",
        ),
        (
            {"epochs": np.arange(20).reshape(4, 5)},
            ValueError,
            "epochs has dtype int64 and shape (4, 5): pass finite numbers of shape",
        ),
        ({"epochs": np.array(["1"] * 20)}, ValueError, "epochs has dtype <U1"),
        (
            {"i_xt": np.full((20, 6), np.nan)},
            ValueError,
            "i_xt has dtype float64 and shape (20, 6): pass finite numbers",
        ),
        (
            {"i_ty": np.full((20, 5), 0.5)},
            ValueError,
            "i_ty has dtype float64 and shape (20, 5): pass finite numbers of shape (20, 6)",
        ),
        ({"i_ty": np.full((20, 6), "0.5")}, ValueError, "i_ty has dtype <U3"),
        ({"ceiling_x": np.nan}, ValueError, "ceiling_x must be finite and at least 0, not nan"),
        ({"ceiling_y": -1}, ValueError, "ceiling_y must be finite and at least 0, not -1"),
        ({"limits_xt": (1, 0)}, ValueError, "limits_xt is (1, 0): pass (lowest, highest)"),
        ({"limits_xt": (0, np.nan)}, ValueError, "limits_xt is (0, nan): pass (lowest, highest)"),
        ({"limits_ty": None}, ValueError, "limits_ty is None: pass (lowest, highest), infinite"),
        ({"limits_ty": ("0", "1")}, ValueError, "limits_ty is ('0', '1'): pass (lowest, highest)"),
        ({"limits_ty": 3}, ValueError, "limits_ty is 3: pass (lowest, highest), infinite where"),
        ({"ceiling_y": None}, TypeError, "ceiling_y must be a number of at least 0, not None"),
    ],
    ids=str,
)
def test_a_panel_holds_what_can_be_drawn(changes, error, message):
    with pytest.raises(error) as caught:
        panel(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_layers_are_no_single_name():
    with pytest.raises(TypeError, match=r"layers is 'abcdef': pass a list of strings"):
        replace(panel(), layers="abcdef")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (panel(), "panels is Panel(title="),
        (3, "panels is 3: pass a list of Panels ([panel])"),
        (None, "panels is None: pass a list of Panels"),
        ([3], "panels holds a int: pass Panels (table.panel() of an InformationPlane)"),
        ([[panel()], [3]], "panels holds a int"),
        ([panel(), None], "panels holds a NoneType"),
    ],
    ids=["a panel", "3", "None", "[3]", "in a row", "beside a panel"],
)
def test_panels_are_panels(given, message):
    with pytest.raises(TypeError) as caught:
        information_plane(given, rows=SAMPLES)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"title": None}, "title holds None, which is no string"),
        ({"title": 0}, "title holds 0, which is no string"),
        ({"rows": "ab"}, "rows is 'ab': pass a list of strings"),
        ({"rows": None}, "rows is None: pass a list of strings"),
        ({"rows": [1, 2]}, "rows holds 1, which is no string"),
    ],
)
def test_names_are_strings(options, message):
    with pytest.raises(TypeError) as caught:
        information_plane(grid(1), **({"rows": SAMPLES} | options))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        (3, TypeError, "path is 3: pass the name of a file"),
        (None, TypeError, "path is None: pass the name of a file"),
        (b"plane.png", TypeError, "path is b'plane.png': pass the name of a file"),
        ("", ValueError, "path is '', which names no file"),
        (".", ValueError, "path is '.', which names no file"),
        (
            "plane.doc",
            ValueError,
            "path ends in '.doc', which matplotlib does not write: end it in .png, .svg or .pdf",
        ),
        (
            "plane.v2",
            ValueError,
            "path ends in '.v2', which matplotlib does not write: end it in .png, .svg or .pdf",
        ),
    ],
    ids=str,
)
def test_a_figure_is_written_to_a_name_with_an_ending_that_is_known(
    tmp_path, monkeypatch, path, error, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as caught:
        figures.save(plain(), path)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "file"), [("plane", "plane.png"), ("plane.v2.PNG",) * 2])
def test_a_png_is_named_as_such_or_not_at_all(tmp_path, name, file):
    figures.save(plain(), tmp_path / name)
    (path,) = tmp_path.iterdir()
    assert path.name == file
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("figure", [None, panel(), "figure"], ids=["None", "a panel", "a string"])
def test_what_is_saved_is_a_figure(tmp_path, figure):
    with pytest.raises(
        TypeError, match=r"figure is a .*: pass what information_plane or plot returned"
    ):
        figures.save(figure, tmp_path / "plane.png")


# --- units ----------------------------------------------------------------------------------------

MAP = {
    "units": [3, 1],
    "classes": ["a", "$b"],
    "of_classes": [[0.5, 0], [-0.1, 0.2]],
    "i_ty": [0.6, 0.2],
    "chance": [0.1, 0.1],
    "lower": [0.4, -0.3],
    "ceiling": 0.9,
    "caption": "of $two units",
}


def unit_map(**given):
    arrays = {
        name: np.array(MAP[name]) for name in ("units", "of_classes", "i_ty", "chance", "lower")
    }
    return figures.UnitMap(**{**MAP, **arrays, **given})


def test_units_are_drawn_with_their_names_as_they_are():
    figure = figures.unit_map(unit_map())
    above, below, _ = figure.axes
    assert [text.get_text() for text in below.get_yticklabels()] == ["a", "$b"]
    assert [text.get_text() for text in below.get_xticklabels()] == ["3", "1"]
    assert {"I(t;Y)", "chance", "at least, in mean", "H(Y)"} == {
        text.get_text() for text in above.get_legend().get_texts()
    }
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"classes": "ab"}, "classes is 'ab': pass a list"),
        ({"caption": 3}, "caption holds 3"),
        ({"of_classes": np.zeros((2, 3))}, r"of_classes has .* shape \(2, 2\)"),
        ({"i_ty": np.array([0, np.nan])}, "i_ty has dtype float64 .*: pass finite numbers"),
        ({"lower": np.zeros(3)}, "lower has"),
        ({"ceiling": -1.0}, "ceiling must be finite and at least 0"),
    ],
)
def test_units_that_do_not_go_together_are_refused(given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        unit_map(**given)


def test_what_is_no_map_of_units_is_refused():
    with pytest.raises(TypeError, match=r"drawn is .*: pass a figures.UnitMap"):
        figures.unit_map(panel())
