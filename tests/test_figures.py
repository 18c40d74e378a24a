"""panels -> the information plane: everything that must be read off it is on it, and can be read."""

import itertools
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

from fastmi import figures
from fastmi.figures import COLORS, MARKS, Panel, information_plane

COLORINGS = ("layer", "epoch")
TITLES = ("mean of single copies", "sampled: one copy a sample", "mixture over copies")
CAPTION = "data: made up, n = 1,000; 5 copies; plug-in estimate, 49 bins on [-1, 1), outside: wrap"


def panel(n_layers=6, n_epochs=20, layers=None, **changes):
    """Layers that drift from the right-hand corner to the left, each in its own way."""
    layers = [f"layer {i + 1}" for i in range(n_layers)] if layers is None else layers
    way = np.linspace(0, 1, n_epochs)[:, None] * np.linspace(0.1, 0.9, len(layers))
    values = {
        "title": "a single network",
        "epochs": np.arange(n_epochs),
        "layers": layers,
        "i_xt": 9.9 * (1 - way),
        "i_ty": 0.8 * (1 - way**2),
        "ceiling_x": np.log2(1000),
        "ceiling_y": 0.803,
        "caption": CAPTION,
    }
    return Panel(**(values | changes))


def panels(n, **options):
    return [panel(title=title, **options) for title in TITLES[:n]] if n > 1 else [panel(**options)]


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
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in beyond]


def words(figure):
    return [text.get_text() for text in texts(figure)]


def legend_names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def marked(ax):
    """The single points: the start and the end of each layer, in turn."""
    return [line for line in ax.lines if line.get_marker() not in ("None", "", None)]


# --- what is written ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", COLORINGS)
@pytest.mark.parametrize(("name", "head"), [("plane.png", b"\x89PNG\r\n\x1a\n"), ("plane.svg", b"<?xml")])
def test_png_and_svg_are_written(tmp_path, color, name, head):
    information_plane(panels(1), color=color).savefig(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content.startswith(head)
    assert len(content) > 10_000


def test_no_state_is_left_in_matplotlib():
    before = dict(mpl.rcParams)
    information_plane(panels(1))
    assert dict(mpl.rcParams) == before


def test_pyplot_and_its_window_are_never_loaded():
    code = "import sys, fastmi.figures; print([name for name in sys.modules if name.startswith('matplotlib.pyplot')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# --- what stands on the figure -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", COLORINGS)
def test_the_axes_are_named_with_their_unit(color):
    figure = information_plane(panels(1), color=color)
    assert {"I(X;T)  [bits]", "I(T;Y)  [bits]"} <= set(words(figure))


@pytest.mark.parametrize("color", COLORINGS)
def test_the_ceilings_are_drawn_and_labelled(color):
    figure = information_plane(panels(1), color=color)
    assert {"log₂ n = 9.97", "H(Y) = 0.803"} <= set(words(figure))
    upright, level = figure.axes[0].lines[:2]
    assert set(upright.get_xdata()) == {np.log2(1000)}
    assert set(level.get_ydata()) == {0.803}


@pytest.mark.parametrize("color", COLORINGS)
def test_every_layer_and_the_marks_of_start_and_end_stand_in_the_legend(color):
    figure = information_plane(panels(1), color=color)
    assert legend_names(figure) == [*(f"layer {i}" for i in range(1, 7)), "start", "end"]


@pytest.mark.parametrize("n_panels", [1, 3])
def test_the_caption_says_what_the_points_rest_on(n_panels):
    written = information_plane(panels(n_panels)).legends[0].get_title().get_text()
    assert all(part in written for part in ("data: made up", "n = 1,000", "49 bins", "5 copies", "plug-in estimate"))


def test_the_lines_are_explained():
    (explained,) = [word for word in words(information_plane(panels(1))) if "dots" in word]
    assert "dots: every recorded epoch; line: their means over windows" in explained


def test_a_long_caption_is_wrapped_and_nothing_of_it_is_lost():
    caption = "; ".join(["a name of data that goes on and on"] * 8)
    written = information_plane(panels(1, caption=caption)).legends[0].get_title().get_text()
    assert written.count("\n") > 2
    assert " ".join(written.split()).startswith(caption)


def test_titles_stand_above_the_panels_and_the_figure():
    figure = information_plane(panels(3), title="Experiment 2")
    assert [ax.get_title() for ax in figure.axes] == list(TITLES)
    assert figure.get_suptitle() == "Experiment 2"


def test_panels_share_their_axes():
    figure = information_plane([panel(), panel(ceiling_x=5.0, ceiling_y=0.2)])
    one, other = figure.axes
    assert (one.get_xlim(), one.get_ylim()) == (other.get_xlim(), other.get_ylim())


def test_the_colours_of_epochs_have_a_scale():
    figure = information_plane(panels(1), color="epoch")
    assert [ax.get_ylabel() for ax in figure.axes] == ["I(T;Y)  [bits]", "epoch"]


# --- what is drawn -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", COLORINGS)
def test_start_and_end_are_marked_at_the_first_and_last_points(color):
    drawn = panel()
    marks = marked(information_plane([drawn], color=color).axes[0])
    assert len(marks) == 2 * 6
    for layer, (start, end) in enumerate(zip(marks[::2], marks[1::2], strict=True)):
        assert start.get_xydata().tolist() == [[drawn.i_xt[0, layer], drawn.i_ty[0, layer]]]
        assert end.get_xydata().tolist() == [[drawn.i_xt[-1, layer], drawn.i_ty[-1, layer]]]
        assert start.get_markerfacecolor() == "white"
        assert to_hex(end.get_markeredgecolor()) == "#000000"


@pytest.mark.parametrize("color", COLORINGS)
def test_every_epoch_is_a_dot(color):
    drawn = panel(n_epochs=500)
    dots = [found for found in information_plane([drawn], color=color).axes[0].collections if isinstance(found, PathCollection)]
    for layer, found in enumerate(dots):
        np.testing.assert_array_equal(found.get_offsets(), np.stack([drawn.i_xt[:, layer], drawn.i_ty[:, layer]], axis=-1))
    assert len(dots) == 6


@pytest.mark.parametrize("color", COLORINGS)
def test_few_epochs_are_joined_as_they_are(color):
    drawn = panel(n_epochs=3)
    lines = [
        found for found in information_plane([drawn], color=color).axes[0].collections if isinstance(found, LineCollection)
    ]
    for layer, found in enumerate(lines):
        points = np.stack([drawn.i_xt[:, layer], drawn.i_ty[:, layer]], axis=-1)
        np.testing.assert_allclose(found.get_segments(), np.stack([points[:-1], points[1:]], axis=1), rtol=0, atol=1e-12)
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
    figure = information_plane(panels(n_panels), color="epoch")
    expected = [handle.get_marker() for handle in figure.legends[0].get_lines()][:6]
    for ax in figure.axes[:n_panels]:
        assert [mark.get_marker() for mark in marked(ax)][::2] == expected


def test_more_layers_than_colours_are_still_told_apart():
    figure = information_plane(panels(1, n_layers=20))
    looks = [(handle.get_color(), handle.get_marker()) for handle in figure.legends[0].get_lines()][:20]
    assert len(COLORS) < 20
    assert len(MARKS) < 20
    assert len(set(looks)) == 20


@pytest.mark.parametrize("color", COLORINGS)
def test_labels_that_say_nothing_can_be_drawn(color):
    figure = information_plane([panel(ceiling_y=0.0, i_ty=np.zeros((20, 6)))], color=color)
    assert "H(Y) = 0.000" in words(figure)
    low, high = figure.axes[0].get_ylim()
    assert low < 0 < high


def test_a_single_sample_can_be_drawn():
    figure = information_plane([panel(ceiling_x=0.0, i_xt=np.zeros((20, 6)))])
    assert "log₂ n = 0.00" in words(figure)


@pytest.mark.parametrize("color", COLORINGS)
def test_points_that_never_move_can_be_drawn(color):
    information_plane([panel(i_xt=np.full((20, 6), 9.0), i_ty=np.full((20, 6), 0.5))], color=color).canvas.draw()


@pytest.mark.parametrize("color", COLORINGS)
def test_epochs_far_apart_can_be_drawn(color):
    information_plane([panel(n_epochs=3, epochs=np.array([0, 1, 100_000]))], color=color).canvas.draw()


def test_layers_may_have_names_of_hidden_modules():
    """matplotlib leaves labels that begin with an underscore out of legends it collects by itself."""
    assert legend_names(information_plane(panels(1, layers=["_body.0", "_head"])))[:2] == ["_body.0", "_head"]


# --- can it be read ----------------------------------------------------------------------------------------------------


def boxes(figure):
    return [(text.get_text(), text.get_window_extent()) for text in texts(figure)]


def overlapping(written):
    """Pairs that share more than a pixel."""
    pairs = itertools.combinations([(word, box.padded(-1)) for word, box in written], 2)
    return [(one, other) for (one, a), (other, b) in pairs if a.overlaps(b)]


def cut_off(written, figure):
    whole = figure.bbox.padded(1)
    return [word for word, box in written if not (whole.contains(*box.min) and whole.contains(*box.max))]


CROWDS = {
    "six layers": {},
    "one layer": {"n_layers": 1},
    "more layers than colours": {"n_layers": 9},
    "twenty layers": {"n_layers": 20},
    "long names": {"layers": [f"encoder.block.{i}.attention.projection" for i in range(7)]},
    "one epoch": {"n_epochs": 1},
    "a long caption": {"caption": CAPTION.replace("made up", "the complicated label as the report meant it, not as printed")},
}


@pytest.mark.parametrize(
    ("crowd", "n_panels", "color"),
    [
        *itertools.product(CROWDS, (1, 3), ("layer",)),
        *itertools.product(("six layers", "long names", "one epoch"), (1, 2, 3), ("epoch",)),
    ],
)
def test_no_text_covers_another_or_is_cut_off(crowd, n_panels, color):
    figure = information_plane(panels(n_panels, **CROWDS[crowd]), color=color, title="Experiment 2: five copies, 1000 epochs")
    written = boxes(figure)
    assert overlapping(written) == []
    assert cut_off(written, figure) == []


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
    figure = information_plane(panels(n_panels))
    figure.draw_without_rendering()
    assert all(ax.get_position().height > 0.5 for ax in figure.axes)


# --- refusals ----------------------------------------------------------------------------------------------------------


def test_an_unknown_color_is_refused():
    with pytest.raises(ValueError, match=re.escape("color must be one of 'layer', 'epoch', not 'rainbow'")):
        information_plane(panels(1), color="rainbow")


@pytest.mark.parametrize("nothing", [[], ()])
def test_no_panels_are_refused(nothing):
    with pytest.raises(ValueError, match="panels is empty: there is nothing to draw"):
        information_plane(nothing)


def test_panels_with_different_layers_are_refused():
    with pytest.raises(ValueError, match=r"different layers, layer 1, layer 2 and layer 1, output: .* draw them apart"):
        information_plane([panel(n_layers=2), panel(layers=["layer 1", "output"])])


@pytest.mark.parametrize("name", ["plane.svg", "plane.pdf", "plane.png"])
def test_the_same_figure_is_the_same_file(tmp_path, name):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        figures.save(information_plane(panels(1)), tmp_path / folder / name)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_captions_that_differ_are_all_there():
    drawn = [panel(title="coarse", caption="5 bins"), panel(title="fine", caption="50 bins")]
    written = information_plane(drawn).legends[0].get_title().get_text()
    assert "coarse: 5 bins" in written
    assert "fine: 50 bins" in written
    assert information_plane(panels(3)).legends[0].get_title().get_text().count("data:") == 1
