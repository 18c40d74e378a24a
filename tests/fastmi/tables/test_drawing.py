"""Tables as panels: their mean, their spread over seeds, what they say."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text

import fastmi
from fastmi import InformationPlane, PlaneEstimator, Points, tables
from tests.fastmi.tables.made_up import BITS, plane, replaced, several

# --- other shapes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("color", ["layer", "epoch"])
def test_a_table_is_drawn(color):
    figure = plane().plot(color=color)
    assert isinstance(figure, Figure)
    assert figure.axes[0].get_xlabel() == "I(X;T)  [bits]"


def test_a_table_is_drawn_in_no_other_colour():
    with pytest.raises(ValueError, match="color must be one of 'layer', 'epoch', not 'copy'"):
        plane().plot(color="copy")


def test_a_panel_shows_the_mean_over_the_paths_below_its_ceilings():
    table = plane(n_paths=4)
    panel = table.panel()
    np.testing.assert_array_equal(panel.i_xt, table.i_xt.mean(axis=1))
    np.testing.assert_array_equal(panel.i_ty, table.i_ty.mean(axis=1))
    assert (panel.ceiling_x, panel.ceiling_y) == (np.log2(1000), table.entropy_y)
    assert panel.layers == table.layers


@pytest.mark.parametrize(
    ("reading", "n_copies", "title"),
    [
        ("each", 1, "a single network"),
        ("each", 5, "mean of single copies"),
        ("mean", 5, "mean of single copies"),
        ("sampled", 5, "sampled: one copy a sample"),
        ("mixture", 5, "mixture over copies"),
    ],
)
def test_a_panel_is_named_after_its_reading(reading, n_copies, title):
    assert plane(n_paths=1, reading=reading, n_copies=n_copies).panel().title == title


def test_an_unknown_reading_is_refused():
    with pytest.raises(
        ValueError, match="reading must be one of 'each', 'mean', 'sampled', 'mixture', not 'all'"
    ):
        plane(reading="all")


@pytest.mark.parametrize(("n_copies", "copies"), [(1, "1 copy, seed 3;"), (5, "5 copies, seed 3;")])
def test_a_caption_says_what_the_points_rest_on(n_copies, copies):
    caption = plane(n_copies=n_copies, seed=3, sample="held-out").panel().caption
    assert all(
        part in caption
        for part in ("data: made up, held-out", "n = 1,000", copies, "plug-in estimate", "none")
    )


def test_a_mixture_has_the_caption_of_the_readings_beside_it():
    rng = np.random.default_rng(0)
    x, y = np.arange(60)[:, None], rng.integers(2, size=60)
    estimator = PlaneEstimator(x, y, fastmi.UniformBins(2, range=(-1, 1)), sample="training")
    readings = estimator.readings(rng.uniform(-1, 1, (1, 2, 60, 1)), np.zeros((1, 60), int))
    captions = {
        InformationPlane.collect(
            estimator, [points], epochs=[0], layers=["T"], reading=reading, n_copies=2
        )
        .panel()
        .caption
        for reading, points in readings.items()
    }
    (caption,) = captions
    assert caption.endswith("; verdicts describe this sample alone")


def test_data_without_a_name_is_called_unnamed():
    assert "data: unnamed" in plane(data="").panel().caption


def test_several_seeds_are_their_mean_and_their_standard_deviation():
    seeds = [plane(seed=seed, entropy_y=0.2 + seed / 10) for seed in range(3)]
    panel = tables.panel(seeds)
    for name in ("i_xt", "i_ty"):
        # each seed counts once
        one, two, three = (getattr(table, name).mean(axis=1) for table in seeds)
        mean = (one + two + three) / 3
        np.testing.assert_allclose(getattr(panel, name), mean, rtol=1e-12)
        spread = np.sqrt(((one - mean) ** 2 + (two - mean) ** 2 + (three - mean) ** 2) / 2)
        np.testing.assert_allclose(
            getattr(panel, name.replace("i_", "spread_")), spread, rtol=1e-12
        )
    assert panel.ceiling_y == pytest.approx(0.3)
    assert "; 2 copies, 3 seeds;" in panel.caption
    assert panel.title == "mean of single copies"


def test_one_seed_has_no_spread():
    panel = plane().panel()
    assert (panel.spread_xt, panel.spread_ty) == (None, None)
    assert "seed 0;" in panel.caption


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("layers", ("hidden", "last")), ("reading", "mean"), ("sample", "held-out")),
        *(("n_samples", 999), ("n_copies", 3), ("binning", "other")),
    ],
)
def test_only_tables_that_differ_in_their_seed_are_averaged(name, value):
    with pytest.raises(
        ValueError, match=rf"planes differ in their {name}, .*: only runs that differ in their seed"
    ):
        tables.panel([plane(), plane(seed=1), plane(seed=2, **{name: value})])


@pytest.mark.parametrize("epochs", [[0, 10, 21], [0, 10, 20, 30]])
def test_only_the_same_epochs_are_averaged(epochs):
    with pytest.raises(ValueError, match="planes were recorded at different epochs"):
        tables.panel([plane(), plane(len(epochs), seed=1, epochs=np.array(epochs))])


def test_a_seed_counts_once():
    with pytest.raises(
        ValueError, match="planes hold seed 4 more than once: pass one plane of each seed"
    ):
        tables.panel([plane(seed=4), plane(seed=2), plane(seed=4)])


# --- several tables in one figure -----------------------------------------------------------------


def test_seeds_are_bands_and_samples_are_rows():
    tables_ = several(reading="mean", n_copies=2) + several(reading="mixture", n_copies=2)
    figure = fastmi.plot(tables_)
    assert len(figure.axes) == 4
    assert len(fastmi.plot(tables_, rows="reading").axes) == 4
    assert len(fastmi.plot(tables_[0]).axes) == 1
    written = figure.legends[0].get_title().get_text()
    assert "3 seeds" in written
    assert "held-out" in written


def test_single_networks_are_left_out_beside_their_mean():
    each = plane(n_copies=2)
    others = [
        replaced(each, data="other"),
        replaced(each, sample="held-out"),
        replaced(each, method="grassberger"),
    ]
    with pytest.raises(ValueError, match="its rows do not hold the same panels"):
        fastmi.plot([each.mean(), each, others[0]], rows="data")
    assert len(fastmi.plot([each.mean(), each, others[1]], rows="binning").axes) == 2
    assert len(fastmi.plot([each.mean(), each, replaced(others[2], seed=1).mean()]).axes) == 2
    assert len(fastmi.plot([each, each.mean()]).axes) == 1
    assert len(fastmi.plot([each]).axes) == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: fastmi.plot([]), ValueError, "tables is empty: pass one table at least"),
        (lambda: fastmi.plot(None), TypeError, "tables is None: pass a list of InformationPlane"),
        (
            lambda: fastmi.plot(several(), rows="seed"),
            ValueError,
            "rows must be one of 'sample', 'reading'",
        ),
        (lambda: fastmi.plot(several(), color="red"), ValueError, "color must be one of"),
        (
            lambda: fastmi.plot(
                [plane(reading="mean"), plane(reading="mixture", sample="held-out")]
            ),
            ValueError,
            "rows is 'sample', and its rows do not hold the same panels",
        ),
        (lambda: fastmi.plot([plane(), plane()]), ValueError, "planes hold seed 0 more than once"),
    ],
)
def test_what_cannot_be_drawn_together_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_table_is_drawn_in_axes_of_the_callers():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plane(layers=("in $x$", "out")).plot(ax=left) is figure
    assert left.get_xlabel() == "I(X;T)  [bits]"
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["in $x$", "out"]
    assert right.get_title() == ""
    plane().plot(ax=right, color="epoch")
    with pytest.raises(TypeError, match="ax is 3: pass matplotlib axes"):
        plane().plot(ax=3)


def test_a_notebook_shows_the_figure_and_the_layers():
    shown = plane(layers=("<b>", "out"), data="a & b")._repr_html_()
    assert shown.startswith('<img src="data:image/png;base64,iVBORw0KGgo')
    assert "&lt;b&gt;" in shown
    assert "a &amp; b" in shown
    assert "<b>" not in shown


def without_x(*layers):
    """A table whose layers of these numbers say nothing of I(X;T)."""
    table = plane()
    i_xt, n_symbols = table.i_xt.copy(), table.n_symbols.astype(float)
    i_xt[..., list(layers)] = n_symbols[..., list(layers)] = np.nan
    return replaced(table, i_xt=i_xt, n_symbols=n_symbols)


def test_a_layer_without_i_xt_has_no_place_in_the_plane():
    panel, whole = without_x(0).panel(), plane().panel()
    assert panel.layers == ("output",)
    assert np.array_equal(panel.i_ty, whole.i_ty[:, 1:])
    assert panel.caption.endswith("; without I(X;T), and not drawn: hidden")


def test_a_table_without_i_xt_is_left_out_beside_others_and_not_drawn_alone():
    assert len(tables.plot([replaced(without_x(0, 1), binning="probe"), plane()]).axes) == 1
    with pytest.raises(ValueError, match=r"none says nothing of I\(X;T\).*: draw I\(T;Y\) over"):
        without_x(0, 1).plot()
    shown = without_x(0, 1)._repr_html_()
    assert shown.startswith("<table>")
    assert "nan" not in shown


@pytest.mark.parametrize("over", ["epoch", "step"])
def test_over_the_epochs_i_ty_alone_is_drawn(over):
    table = plane(n_paths=4)
    panel = table.panel(over)
    np.testing.assert_array_equal(panel.i_ty, table.i_ty.mean(axis=1))
    for column in panel.i_xt.T:
        np.testing.assert_array_equal(column, table.epochs)
    assert panel.ceiling_x == table.epochs[-1]
    axes = table.plot(over=over).axes[0]
    assert axes.get_xlabel() == over
    assert not any("log" in text.get_text() for text in axes.texts)
    words = " ".join(text.get_text() for text in table.plot(over=over).findobj(Text)).split()
    assert f"dots: every recorded {over};" in " ".join(words)


def test_of_few_epochs_no_halves_are_marked():
    (axes,) = plane(epochs=np.arange(3)).plot(over="epoch").axes
    assert all(tick == int(tick) for tick in axes.get_xticks())


def test_over_the_epochs_a_missing_point_is_a_gap_and_seeds_are_a_band():
    seeds = []
    for table in (plane(n_paths=1, seed=seed) for seed in range(3)):
        columns = {name: table.points.present[name].astype(float) for name in BITS}
        for column in columns.values():
            column[2, 0, 1] = np.nan
        seeds.append(replaced(table, **columns))
    panel = tables.drawing.panel(seeds, "step")
    assert np.isnan(panel.i_xt[2, 1])
    assert np.isfinite(np.delete(panel.i_xt, 2, axis=0)).all()
    assert np.nanmax(panel.spread_xt) == 0 < np.nanmax(panel.spread_ty)
    (axes,) = fastmi.plot(seeds, over="step").axes
    assert any(isinstance(one, PathPatch) for one in axes.artists + axes.patches)


def test_a_table_without_i_xt_is_drawn_over_the_epochs():
    assert fastmi.plot(without_x(0, 1), over="epoch").axes[0].get_xlabel() == "epoch"


def test_a_figure_is_of_the_plane_or_of_epochs():
    with pytest.raises(ValueError, match="panels are of the plane and of epochs: draw them in"):
        fastmi.figures.information_plane([plane().panel(), plane().panel("epoch")])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8", np.int8, np.uint32])
def test_columns_of_other_numbers_become_float64(dtype):
    table = plane(
        i_xt=np.ones((3, 2, 2), dtype),
        n_symbols=np.full((3, 2, 2), 3).astype(dtype),
        coverage=torch.ones(3, 2, 2),
    )
    assert (table.i_xt.dtype, table.coverage.dtype) == (np.float64, np.float64)
    assert table.n_symbols.dtype == (np.float64 if np.dtype(dtype).kind == "f" else np.int64)
    assert table.n_symbols.tolist() == [[[3, 3]] * 2] * 3


def test_a_caller_who_lets_numpy_raise_is_served_all_the_same():
    tiny = {
        name: np.full((3, 2, 2), value)
        for name, value in (("i_xt", 5e-324), ("i_ty", 1e-200), ("coverage", 1e-310))
    }
    with np.errstate(all="raise"):
        seeds = [
            plane(seed=seed, **(tiny | {"i_ty": tiny["i_ty"] * (1 + seed)})) for seed in range(3)
        ]
        mean, panel = seeds[0].mean(), tables.panel(seeds)
    assert mean.coverage.tolist() == [[[1e-310] * 2]] * 3
    assert panel.i_ty[0, 0] == pytest.approx(2e-200)


@pytest.mark.parametrize("pair", ["upper", "lower"])
def test_a_band_over_seeds_of_kernels_stays_within_what_is_possible(pair):
    """Seeds that differ much: mean and deviation alone reach below 0 and above H(Y)."""
    seeds, x, y = [], np.arange(40)[:, None], np.arange(40) % 2
    estimator = PlaneEstimator(x, y, fastmi.measures.KDEBounds(0.01, pair=pair))
    for seed, apart in enumerate((0, 0, 30)):
        layer = (apart * y[:, None] + np.zeros((4, 1, 40, 1))).astype(np.float32)
        points = estimator.readings([layer])["each"]
        seeds.append(
            InformationPlane.collect(
                estimator, [points], epochs=range(4), layers=["last"], seed=seed
            )
        )
    panel = tables.panel(seeds)
    assert panel.spread_ty is not None
    assert (panel.i_ty - panel.spread_ty < -0.2).all()
    band = next(
        artist
        for artist in fastmi.plot(seeds).axes[0].get_children()
        if isinstance(artist, PathPatch)
    )
    (left, low), (right, high) = band.get_path().get_extents().get_points()
    assert left >= 0
    assert low == 0
    assert right <= np.log2(40)
    assert high <= estimator.entropy_y


FLAT = {
    **{name: np.full((3, 2, 2), 0.5) for name in ("i_xt", "i_ty", "coverage")},
    "n_symbols": np.full((3, 2, 2), 0.5),
}


def test_a_panel_has_the_limits_that_its_columns_state(monkeypatch):
    assert (plane().panel().limits_xt, plane().panel().limits_ty) == ((0, np.inf), (0, np.inf))
    stated = [column._replace(low=0.25, high=0.75) for column in Points.columns()]
    monkeypatch.setattr(Points, "columns", lambda: stated)
    panel = tables.panel([plane(seed=seed, **FLAT) for seed in range(2)])
    assert (panel.limits_xt, panel.limits_ty) == ((0.25, 0.75), (0.25, 0.75))
