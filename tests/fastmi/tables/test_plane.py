"""points over epochs -> a table, whose every field is checked."""

import dataclasses
import itertools
import pickle
import sys
from copy import deepcopy
from itertools import product

import numpy as np
import pytest
import torch

import fastmi
from fastmi import InformationPlane, PlaneEstimator, UniformBins
from fastmi.measures import KDEBounds
from fastmi.points import Points
from fastmi.tables import COLUMNS
from tests.fastmi.tables.made_up import BITS, assert_same_bits, plane, replaced

# --- collecting -----------------------------------------------------------------------------------


def test_points_with_an_axis_of_paths_are_collected(estimated):
    estimator, layers = estimated
    batches = [
        estimator.readings([layer[part] for layer in layers])["each"]
        for part in (slice(0, 2), slice(2, 5))
    ]
    table = InformationPlane.collect(
        estimator, batches, epochs=range(5), layers=["a", "b"], n_copies=3, data="noise"
    )
    assert table.i_xt.shape == (5, 3, 2)
    np.testing.assert_array_equal(
        np.stack([table.i_xt, table.i_ty], axis=-1), estimator.estimate(layers)
    )
    assert (table.reading, table.n_copies, table.data, table.layers) == (
        "each",
        3,
        "noise",
        ("a", "b"),
    )
    assert table.epochs.tolist() == [0, 1, 2, 3, 4]


def test_points_over_all_copies_have_one_path(estimated):
    estimator, layers = estimated
    points = estimator.readings(layers)["mixture"]
    table = InformationPlane.collect(
        estimator, [points], epochs=range(5), layers=["a", "b"], reading="mixture", n_copies=3
    )
    assert table.i_xt.shape == (5, 1, 2)
    np.testing.assert_array_equal(
        np.stack([table.i_xt, table.i_ty], axis=-1)[:, 0], estimator.mixture(layers)
    )


def test_a_table_knows_what_its_points_rest_on(estimated):
    estimator, layers = estimated
    points = estimator.readings(layers)["each"]
    table = InformationPlane.collect(
        estimator, [points], epochs=range(5), layers=["a", "b"], n_copies=3
    )
    assert (table.n_samples, table.entropy_x, table.entropy_y) == (
        40,
        estimator.entropy_x,
        estimator.entropy_y,
    )
    assert table.binning == str(estimator.binning)
    np.testing.assert_array_equal(table.n_symbols, points.n_symbols)
    np.testing.assert_array_equal(table.coverage, points.coverage)


@pytest.mark.parametrize(
    ("epochs", "layers"),
    [(4, ["a", "b"]), (6, ["a", "b"]), (5, ["a"]), (5, ["a", "b", "c"]), (0, ["a", "b"])],
)
def test_a_point_for_each_epoch_and_layer_or_no_table(estimated, epochs, layers):
    estimator, activations = estimated
    points = [estimator.readings(activations)["mixture"]]
    with pytest.raises(
        ValueError,
        match=rf"i_xt has shape \(5, 1, 2\): {epochs} epochs and {len(layers)} layers need",
    ):
        InformationPlane.collect(
            estimator, points, epochs=range(epochs), layers=layers, reading="mixture"
        )


def test_what_estimate_returned_is_collected_as_it_came(estimated):
    """Of a single network an array each epoch; of all epochs at once one, in a list or not."""
    estimator, layers = estimated
    each = [estimator.estimate([layer[i, 0] for layer in layers]) for i in range(5)]
    assert each[0].shape == (2, 2)
    whole = estimator.estimate([layer[:, 0] for layer in layers])
    for points in (each, whole, [whole], [whole[:2], whole[2:]], [each[0], whole[1:]]):
        table = InformationPlane.collect(
            estimator, points, epochs=range(5), layers=["a", "b"], n_copies=1
        )
        assert table.i_xt.shape == (5, 1, 2)
        np.testing.assert_array_equal(np.stack([table.i_xt[:, 0], table.i_ty[:, 0]], -1), whole)


def test_points_without_an_axis_of_epochs_are_refused(estimated):
    estimator, layers = estimated
    points = [estimator.readings([layer[0] for layer in layers])["mixture"]]
    with pytest.raises(
        ValueError,
        match=r"i_xt has shape \(2,\): 1 epochs and 2 layers need \(epochs, paths, layers\)",
    ):
        InformationPlane.collect(
            estimator, points, epochs=[0], layers=["a", "b"], reading="mixture"
        )


@pytest.mark.parametrize("name", ["i_ty", "n_symbols", "coverage"])
def test_columns_of_different_shapes_are_refused(name):
    with pytest.raises(
        ValueError, match=rf"{name} has shape \(3, 1, 2\): 3 epochs and 2 layers need"
    ):
        plane(**{name: np.ones((3, 1, 2))})


def test_an_empty_table_is_refused():
    with pytest.raises(ValueError, match=r"i_xt has shape \(0, 2, 2\): 0 epochs"):
        plane(n_epochs=0)


def test_points_that_the_estimator_cannot_have_given_are_refused(collect, estimated):
    _, layers = estimated
    x, bins = np.arange(40)[:, None], UniformBins(2, range=(-1, 1))
    bounds = PlaneEstimator(x, np.arange(40) % 2, KDEBounds(0.1))
    with pytest.raises(
        ValueError, match=r"points\[0\] have no n_symbols, but the estimator counts \(PlaneEst"
    ):
        collect([bounds.readings(layers)["each"]])
    one_class = PlaneEstimator(x, np.zeros(40), bins)
    two_classes = PlaneEstimator(x, np.arange(40) % 2, bins)
    readings = two_classes.readings([np.where(np.arange(40) % 2, 0.5, -0.5)[None, None, :, None]])
    with pytest.raises(
        ValueError, match=r"points\[0\] hold i_ty = 1 bits, above the H\(Y\) = 0 of the estimator"
    ):
        collect([readings["each"]], one_class)


# --- the mean -------------------------------------------------------------------------------------


def test_the_mean_is_over_the_paths():
    table = plane(n_paths=4)
    mean = table.mean()
    assert mean.reading == "mean"
    assert mean.n_copies == 4
    for name in BITS:
        np.testing.assert_array_equal(
            getattr(mean, name), getattr(table, name).mean(axis=1, keepdims=True)
        )


def test_the_mean_of_one_path_is_that_path():
    table = plane(n_paths=1)
    for name in BITS:
        np.testing.assert_array_equal(getattr(table.mean(), name), getattr(table, name))


def test_the_mean_leaves_the_table_as_it_is():
    table = plane()
    table.mean()
    assert_same_bits(table, plane())


# --- the funnel -----------------------------------------------------------------------------------


def test_a_layer_above_the_one_before_it_breaks_the_funnel():
    """Two epochs of one path through three layers."""
    i_xt = np.array([[[3.0, 2.0, 2.5]], [[1.0, 1.0, 0.0]]])
    i_ty = np.array([[[0.5, 0.75, 0.25]], [[0.5, 0.5 + 1e-12, 0.75]]])
    shapes = {"n_symbols": np.ones((2, 1, 3), int), "coverage": np.ones((2, 1, 3))}
    found = plane(2, 1, "abc", i_xt=i_xt, i_ty=i_ty, **shapes).funnel_violations()
    assert found.shape == (2, 1, 2, 2)
    assert found[..., 0].tolist() == [[[False, True]], [[False, False]]]  # I(X;T)
    assert found[..., 1].tolist() == [[[True, False]], [[False, True]]]  # I(T;Y), but for rounding


def test_a_single_layer_has_no_funnel():
    assert plane(layers=["output"]).funnel_violations().shape == (3, 2, 0, 2)


# --- rows -----------------------------------------------------------------------------------------


def test_there_is_one_row_for_each_epoch_path_and_layer():
    keys = [(row["epoch"], row["copy"], row["layer"]) for row in plane().rows()]
    assert keys == list(itertools.product([0, 10, 20], [0, 1], ["hidden", "output"]))


def test_every_row_has_every_column():
    assert all(row.keys() == set(COLUMNS) for row in plane().rows())


def test_a_row_holds_the_point_of_its_epoch_path_and_layer():
    table = plane()
    row = next(
        row
        for row in table.rows()
        if (row["epoch"], row["copy"], row["layer"]) == (20, 1, "hidden")
    )
    assert [row[name] for name in ("i_xt_bits", "i_ty_bits", "n_symbols", "coverage")] == [
        getattr(table, name)[2, 1, 0] for name in BITS
    ]
    assert (row["n_samples"], row["h_x_bits"], row["h_y_bits"]) == (
        1000,
        9.965784284662087,
        0.1 + 0.2,
    )
    assert (row["data"], row["reading"], row["n_copies"], row["binning"]) == (
        "made up",
        "each",
        2,
        "none",
    )
    assert (row["sample"], row["seed"]) == ("training", 0)


def test_a_table_says_of_which_sample_and_seed_it_is(estimated):
    estimator, layers = estimated
    points = [estimator.readings(layers)["each"]]
    table = InformationPlane.collect(
        estimator, points, epochs=range(5), layers=["a", "b"], sample="held-out", seed=7
    )
    assert (table.sample, table.seed) == ("held-out", 7)
    assert (table.mean().sample, table.mean().seed) == ("held-out", 7)


@pytest.mark.parametrize("reading", ["mean", "sampled", "mixture"])
def test_a_point_over_all_copies_names_no_copy(reading):
    assert {row["copy"] for row in plane(n_paths=1, reading=reading).rows()} == {""}


def test_rows_hold_plain_python_values():
    assert {type(value) for row in plane().rows() for value in row.values()} == {int, float, str}


# --- files of earlier versions --------------------------------------------------------------------


def test_the_columns_are_attributes_of_the_table():
    table = plane()
    assert all(getattr(table, name) is array for name, array in table.points.present.items())
    assert table.i_xt_lower is None
    with pytest.raises(AttributeError, match="InformationPlane has no attribute 'i_tx'"):
        _ = table.i_tx
    assert deepcopy(table).layers == pickle.loads(pickle.dumps(table)).layers == table.layers
    assert (
        repr(table)
        == "InformationPlane of 3 epochs, 2 paths, 2 layers: made up (training), each, none"
    )
    assert repr(table.points) == "Points (3, 2, 2): i_xt, i_ty, n_symbols, coverage"


# --- other shapes ---------------------------------------------------------------------------------


def test_pandas_gets_the_rows():
    pytest.importorskip("pandas")
    table = plane()
    frame = table.to_pandas()
    assert tuple(frame.columns) == COLUMNS
    filled = [column for column in frame.columns if frame[column].notna().all()]
    assert frame[filled].to_dict("records") == [
        {name: row[name] for name in filled} for row in table.rows()
    ]
    columns = [column.header for column in Points.columns()]
    said = columns[columns.index("pair_coverage") :]  # of no table that is made up
    assert set(COLUMNS) - set(filled) | {"verdict", "verdict_xt"} == {
        "coding",
        *said,
        *(name for name in COLUMNS if name.endswith(("lower_bits", "upper_bits"))),
    }
    assert frame["coding"].isna().all()  # numbers, and none: no text among them
    assert frame["coding"].dtype == np.float64


def test_without_pandas_there_is_an_import_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas"):
        plane().to_pandas()


def test_the_table_is_in_the_face():
    assert fastmi.InformationPlane is InformationPlane


def test_epochs_are_whole_numbers(estimated):
    estimator, layers = estimated
    points = estimator.readings(layers)["each"]
    with pytest.raises(ValueError, match="epochs has dtype float64"):
        InformationPlane.collect(
            estimator, [points], epochs=[0.5, 1, 1.5, 2, 2.5], layers=["a", "b"]
        )


def test_the_copies_are_the_paths_unless_it_is_said(estimated):
    estimator, layers = estimated
    table = InformationPlane.collect(
        estimator, [estimator.readings(layers)["each"]], epochs=range(5), layers=["a", "b"]
    )
    assert 3 == table.n_copies == table.i_xt.shape[1]


# --- nothing is taken unchecked, and nothing dropped because it is falsy --------------------------


def one_line(error, *parts):
    message = str(error.value)
    assert "\n" not in message
    assert [part for part in parts if part not in message] == [], message


@pytest.fixture
def collect(estimated):
    """A table of five epochs, three copies and two layers, but for what is said."""
    estimator, layers = estimated

    def make(points=None, estimator=estimator, **changes):
        points = [estimator.readings(layers)["each"]] if points is None else points
        return InformationPlane.collect(
            estimator, points, **({"epochs": range(5), "layers": ["a", "b"]} | changes)
        )

    return make


def five(**changes):
    return replaced(plane(5), **changes)


@pytest.mark.parametrize(
    ("epochs", "part"),
    [
        ([-1, 0, 1, 2, 3], "epochs holds -1: epochs are counted from 0"),
        (np.array([0, 1, 2, 3, 2**63], np.uint64), f"epochs holds {2**63}: "),
        ([0, 0, 1, 2, 3], "epochs must increase, but 0 follows 0"),
        ([0, 1, 3, 2, 4], "epochs must increase, but 2 follows 3: sort the points by epoch"),
        (
            [0.0, 1.0, 2.0, 3.0, 4.0],
            "epochs has dtype float64 and shape (5,): pass whole numbers, one for each",
        ),
        ([0, 1, 2, 3, np.nan], "epochs has dtype float64"),
        (["0", "1", "2", "3", "4"], "epochs has dtype <U1"),
        ([False, True, True, True, True], "epochs has dtype bool"),
        ([[0, 1, 2, 3, 4]], "epochs has dtype int64 and shape (1, 5)"),
        ([[0], [1, 2]], "epochs has dtype object"),
        (5, "epochs has dtype int64 and shape ()"),
        (None, "epochs has dtype object and shape ()"),
        ({0, 1, 2, 3, 4}, "epochs has dtype object and shape ()"),
    ],
    ids=str,
)
def test_epochs_are_whole_count_from_zero_and_increase(collect, epochs, part):
    for make in (collect, five):
        with pytest.raises(ValueError, match=r"^epochs ") as error:
            make(epochs=epochs)
        one_line(error, part)


@pytest.mark.parametrize(
    "epochs",
    [
        [0, 1, 2, 5, 9],
        np.arange(5, dtype=np.uint8),
        range(3, 8),
        torch.arange(5),
        (np.int64(0), 1, 2, 3, 4),
    ],
    ids=str,
)
def test_epochs_may_stand_in_any_sequence(collect, epochs):
    table = collect(epochs=epochs)
    assert table.epochs.dtype == np.int64
    assert table.epochs.tolist() == [int(epoch) for epoch in epochs]


@pytest.mark.parametrize(
    ("layers", "error", "part"),
    [
        ("ab", TypeError, "layers is 'ab': pass a list of names ([layers])"),
        ("a", TypeError, "layers is 'a': pass a list of names"),
        ("", TypeError, "layers is '': pass a list of names"),
        (3, TypeError, "layers is 3: pass a list of names (list(layers))"),
        (None, TypeError, "layers is None: pass a list of names"),
        ({1: 0, "b": 1}, TypeError, "layers[0] is 1: pass a string"),
        ([0, 1], TypeError, "layers[0] is 0: pass a string"),
        (["a", None], TypeError, "layers[1] is None: pass a string"),
        (["a", b"b"], TypeError, "layers[1] is b'b': pass a string"),
        (["a", "a"], ValueError, "layers holds 'a' twice, and its points could not be told apart"),
        (["", ""], ValueError, "layers holds '' twice"),
        (["a", np.str_("a")], ValueError, "layers holds 'a' twice"),
    ],
    ids=str,
)
def test_layers_are_different_names(collect, layers, error, part):
    for make in (collect, five):
        with pytest.raises(error) as caught:
            make(layers=layers)
        one_line(caught, part)


@pytest.mark.parametrize(
    ("name", "value", "error", "part"),
    [
        *(
            ("n_copies", value, ValueError, f"n_copies must be at least 1, not {value}")
            for value in (0, -5, np.int64(-1))
        ),
        *(
            ("n_copies", value, TypeError, f"n_copies must be an integer, not {value!r}")
            for value in (True, False, 2.5, "3", [3])
        ),
        *(
            ("seed", value, ValueError, f"seed must be an integer of at least 0, not {value}")
            for value in (-1, None, 1.5, True)
        ),
        *(
            (name, value, TypeError, f"{name} is {value}: pass a string")
            for name, value in (*product(("data", "sample"), (3, 0)), ("data", None))
        ),
        *(
            ("reading", value, ValueError, "reading must be one of 'each', ")
            for value in ("all", "", None, 0, ["each"])
        ),
    ],
    ids=str,
)
def test_what_a_table_says_of_itself_is_checked(collect, name, value, error, part):
    for make in (collect, five):
        with pytest.raises(error) as caught:
            make(**{name: value})
        one_line(caught, part)


def test_a_sample_that_is_not_named_is_the_estimators(collect):
    assert collect(sample=None).sample == collect().sample == "training"
    with pytest.raises(TypeError, match="sample is None: pass a string"):
        five(sample=None)


def test_the_estimator_is_that_of_the_points(collect, estimated):
    estimator, layers = estimated
    for n in (39, 20, 41, 80):  # the same few symbols, all of them shared
        other = PlaneEstimator(
            np.arange(n)[:, None], np.arange(n) % 2, UniformBins(2, range=(-1, 1))
        )
        readings = other.readings([np.resize(layer, (5, 3, n, 1)) for layer in layers])
        with pytest.raises(
            ValueError,
            match=rf"points\[0\] rest on {n} samples, the estimator on 40: pass the estimator that",
        ):
            collect([readings["each"]])
        assert collect([readings["each"]], other).n_samples == n
        both = [estimator.readings(layers)["mixture"], readings["mixture"]]
        with pytest.raises(
            ValueError, match=rf"points\[1\] rest on {n} samples, the estimator on 40"
        ):
            collect(both, reading="mixture", epochs=range(10))


@pytest.mark.parametrize("wrong", [None, "estimator", PlaneEstimator, 40])
def test_an_estimator_is_one(collect, estimated, wrong):
    points = [estimated[0].readings(estimated[1])["each"]]
    with pytest.raises(
        TypeError, match=r"estimator is a .*: pass the PlaneEstimator that estimated the points"
    ):
        collect(points, wrong)


def test_points_made_by_hand_may_leave_their_samples_out(collect):
    ones = np.ones((5, 3, 2))
    assert collect([Points(ones, ones, ones.astype(int), ones)]).n_samples == 40
    with pytest.raises(ValueError, match="i_xt holds nan"):
        collect([Points(ones * np.nan, ones, ones.astype(int), ones)])


def test_batches_are_of_one_reading(collect, estimated):
    estimator, layers = estimated
    readings, alone = estimator.readings(layers), estimator.readings(layers[:1])
    for points in ([readings["each"], readings["mixture"]], [readings["each"], alone["each"]]):
        with pytest.raises(
            ValueError,
            match=r"points have i_xt of shapes \(5, 3, 2\), .*: pass batches \(n_epochs, ",
        ):
            collect(points)


@pytest.mark.parametrize("name", ["i_xt", "i_ty", "n_symbols", "coverage"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e-9, -3.0])
def test_a_column_holds_what_it_can_hold(name, value):
    column = np.array(getattr(plane(), name), np.float64)
    column[1, 0, 1] = value
    with pytest.raises(ValueError, match=f"^{name} holds {value}: ") as error:
        plane(**{name: column})
    one_line(error)


def missing(table, at=(1, 0, 1)):
    """The columns of a table without one of its points."""
    columns = {name: np.array(array, float) for name, array in table.points.present.items()}
    for column in columns.values():
        column[at] = np.nan
    return columns


def test_a_point_is_missing_in_all_its_columns_or_in_none():
    columns = missing(plane())
    table = plane(**columns)
    assert np.isnan(table.i_ty).sum() == 1
    empty = [row for row in table.rows() if row["i_ty_bits"] == ""]
    assert [(row["epoch"], row["copy"], row["layer"]) for row in empty] == [(10, 0, "output")]
    assert all(row[column.header] == "" for row in empty for column in Points.columns())
    assert np.isnan(table.mean().coverage[1, 0]).tolist() == [False, True]
    assert not table.funnel_violations()[1, 0].any()
    assert table.to_pandas()["i_xt_bits"].isna().sum() == 1
    for name in columns:
        filled = columns | {name: np.array(getattr(plane(), name), float)}
        with pytest.raises(ValueError, match="holds nan: "):
            plane(**filled)


def test_a_table_with_a_missing_point_is_read_back(tmp_path):
    columns = missing(plane(), (-1, slice(None), 0))
    table = plane(**columns, chance=columns["coverage"])
    table.save(tmp_path / "plane.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "plane.npz"), table)
    assert "<td></td>" in table._repr_html_()


@pytest.mark.parametrize(
    ("name", "value"),
    [("coverage", 1.0000001), ("coverage", 7), ("n_symbols", 0), ("n_symbols", 0.5)],
)
def test_shares_and_symbols_have_their_limits(name, value):
    column = np.array(getattr(plane(), name), np.float64)
    column[2, 1, 0] = value
    with pytest.raises(ValueError, match=f"^{name} holds {float(value)}: "):
        plane(**{name: column})


@pytest.mark.parametrize("name", ["i_xt", "i_ty", "n_symbols", "coverage"])
@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda a: a.astype(str), "has dtype <U"),
        (lambda a: a.astype(object), "has dtype object: pass numbers"),
        (lambda a: a.astype(complex), "has dtype complex128: pass numbers"),
        (lambda a: a > 0, "has dtype bool: pass numbers"),
        (lambda a: a.tolist(), "is a builtins.list: pass a NumPy array"),
        (np.ma.masked_array, "is a numpy.ma.MaskedArray: pass a NumPy array"),
    ],
    ids=["text", "objects", "complex", "bools", "lists", "masked"],
)
def test_a_column_is_an_array_of_numbers(name, make, part):
    with pytest.raises(TypeError, match=f"^{name} ") as error:
        plane(**{name: make(getattr(plane(), name))})
    one_line(error, part)


@pytest.mark.parametrize("name", ["i_xt", "i_ty"])
def test_a_point_has_both_coordinates(name):
    with pytest.raises(TypeError, match=f"^{name} is a builtins.NoneType: pass a NumPy array"):
        plane(**{name: None})


def test_columns_that_a_measure_lacks_are_empty_cells(tmp_path):
    table = plane(n_symbols=None, coverage=None)
    assert {(row["n_symbols"], row["coverage"], row["coding"]) for row in table.rows()} == {
        ("", "", "")
    }
    table.save(tmp_path / "plane.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "plane.npz"), table)


def test_what_estimate_returns_is_a_table(estimated):
    estimator, layers = estimated
    named = dict(zip(("a", "b"), layers, strict=True))
    table = InformationPlane.collect(
        estimator, [estimator.estimate(named)], epochs=range(5), layers=named
    )
    full = InformationPlane.collect(
        estimator, [estimator.readings(named)["each"]], epochs=range(5), layers=["a", "b"]
    )
    assert np.array_equal(table.points.bits, full.points.bits)
    assert (table.layers, table.n_symbols, table.reading) == (("a", "b"), None, "each")


@pytest.mark.parametrize("name", ["entropy_x", "entropy_y"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5, "1", None, True, [1.0]], ids=str)
def test_entropies_are_bits(name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be "):
        plane(**{name: value})


@pytest.mark.parametrize("name", ["entropy_x", "entropy_y"])
def test_only_a_corrected_entropy_may_be_below_zero(name):
    assert getattr(plane(**{name: -0.5, "method": "grassberger"}), name) == -0.5
    for value in (-np.inf, np.nan, "1", None):
        with pytest.raises((TypeError, ValueError), match=f"^{name} must be "):
            plane(**{name: value, "method": "grassberger"})


@pytest.mark.parametrize("value", [0, -3, True, 2.5, "1000", None])
def test_a_table_rests_on_samples(value):
    with pytest.raises((TypeError, ValueError), match=r"^n_samples must be "):
        plane(n_samples=value)


def test_points_are_points():
    with pytest.raises(
        TypeError, match=r"points is None: pass Points, as PlaneEstimator\.readings returns them"
    ):
        dataclasses.replace(plane(), points=None)


def test_points_are_what_readings_returns(estimated):
    estimator, _ = estimated
    for wrong in ([], [np.zeros((5, 3))], [np.zeros(2)], "points", np.zeros((5, 3))):
        with pytest.raises(
            TypeError, match=r"pass a non-empty list of what PlaneEstimator\.readings returned"
        ):
            InformationPlane.collect(estimator, wrong, epochs=range(5), layers=["a", "b"])
    one_epoch = [np.zeros((5, 2))]  # of five layers
    with pytest.raises(ValueError, match=r"i_xt has shape \(1, 1, 5\): 5 epochs and 2 layers need"):
        InformationPlane.collect(estimator, one_epoch, epochs=range(5), layers=["a", "b"])
