"""points over epochs -> a table, and the same table again from its files."""

import csv
import dataclasses
import enum
import itertools
import json
import os
import pickle
import re
import sys
import tracemalloc
import zipfile
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import fastmi
from fastmi import InformationPlane, PlaneEstimator, UniformBins, files, tables
from fastmi.points import Points
from fastmi.tables import COLUMNS, load_planes, save_planes, write_csv
from tests import DATA
from tests.mutations import changed, damaged, rebuilt

BITS = ("i_xt", "i_ty", "n_symbols", "coverage")
NAMES = {column.name for column in Points.columns()}
# floats that a short notation would lose
ODD = [0.1 + 0.2, 1 / 3, 5e-324, 1e22, -0.0, np.nextafter(1.0, 2.0), np.pi]


def plane(n_epochs=3, n_paths=2, layers=("hidden", "output"), **changes):
    """A table of made-up numbers, no two alike, and other ones for another seed."""
    shape = (n_epochs, n_paths, len(layers))
    rng = np.random.default_rng([5, changes.get("seed", 0)])
    values = {
        "epochs": np.arange(n_epochs) * 10,
        "layers": tuple(layers),
        **{name: rng.random(shape) for name in ("i_xt", "i_ty", "coverage")},
        "n_symbols": rng.integers(1, 1000, shape),
        "n_samples": 1000,
        "entropy_x": 9.965784284662087,
        "entropy_y": 0.1 + 0.2,
        "reading": "each",
        "n_copies": n_paths,
        "data": "made up",
        "binning": "none",
    }
    values |= changes
    columns = {name: values.pop(name) for name in list(values) if name in NAMES}
    return InformationPlane(points=Points(**columns), **values)


def replaced(table, **changes):
    """With other fields, or other columns of its points."""
    columns = {name: changes.pop(name) for name in list(changes) if name in NAMES}
    return dataclasses.replace(
        table, points=dataclasses.replace(table.points, **columns), **changes
    )


def assert_same_bits(one, other):
    names = {field.name for field in dataclasses.fields(InformationPlane)} - {"points"}
    assert one.points.present.keys() == other.points.present.keys()
    for name in [*names, *one.points.present]:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name
        else:
            assert (type(a), a) == (type(b), b), name


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def estimated(rng):
    """An estimator, and layers (n_epochs, n_copies, n, d) for it."""
    estimator = PlaneEstimator(
        np.arange(40)[:, None], rng.integers(0, 2, 40), UniformBins(4, range=(-1, 1))
    )
    return estimator, [rng.uniform(-1, 1, (5, 3, 40, d)) for d in (3, 1)]


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


def test_rows_of_several_samples_and_seeds_are_told_apart(tmp_path):
    write_csv(tmp_path / "plane.csv", [plane(sample="held-out", seed=seed) for seed in (3, 4)])
    rows = read(tmp_path / "plane.csv")
    assert [(row["sample"], row["seed"]) for row in rows] == [("held-out", "3")] * 12 + [
        ("held-out", "4")
    ] * 12
    assert rows[0]["i_xt_bits"] != rows[12]["i_xt_bits"]


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


# --- CSV ------------------------------------------------------------------------------------------


def test_a_csv_reads_back_to_the_same_bits(tmp_path):
    table = plane(
        n_epochs=len(ODD),
        n_paths=1,
        layers=["only"],
        i_xt=np.reshape(ODD, (-1, 1, 1)),
        i_ty=np.reshape(ODD[::-1], (-1, 1, 1)),
    )
    table.to_csv(tmp_path / "plane.csv")
    rows = read(tmp_path / "plane.csv")
    for column, values in (
        ("i_xt_bits", ODD),
        ("i_ty_bits", ODD[::-1]),
        ("coverage", table.coverage[:, 0, 0]),
    ):
        assert [float(row[column]).hex() for row in rows] == [
            float(value).hex() for value in values
        ]
    assert {float(row["h_y_bits"]).hex() for row in rows} == {(0.1 + 0.2).hex()}


def test_a_csv_is_tidy(tmp_path):
    table = plane()
    table.to_csv(tmp_path / "plane.csv")
    lines = (tmp_path / "plane.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 1 + 3 * 2 * 2
    assert read(tmp_path / "plane.csv") == [
        {name: str(value) for name, value in row.items()} for row in table.rows()
    ]


def test_names_with_commas_quotes_and_newlines_survive_a_csv(tmp_path):
    layers = ['a,"b"', "c\nd", "é, ∞"]
    plane(layers=layers).to_csv(tmp_path / "plane.csv")
    assert [row["layer"] for row in read(tmp_path / "plane.csv")][:3] == layers


def test_several_tables_stand_below_each_other(tmp_path):
    one, other = plane(), plane(n_paths=1, reading="mixture")
    write_csv(tmp_path / "both.csv", [one, other])
    rows = read(tmp_path / "both.csv")
    assert [row["reading"] for row in rows] == ["each"] * 12 + ["mixture"] * 6


def test_a_csv_is_written_over_the_old_one(tmp_path):
    for table in (plane(n_epochs=5), plane(n_epochs=1)):
        table.to_csv(tmp_path / "plane.csv")
    assert len(read(tmp_path / "plane.csv")) == 4


# --- save and load --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [plane(), plane(n_paths=1), plane().mean(), plane(sample="held-out", seed=7)],
    ids=["each", "one path", "mean", "of a seed"],
)
def test_a_saved_table_loads_bit_for_bit(tmp_path, table):
    table.save(tmp_path / "plane.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "plane.npz"), table)


def test_several_tables_load_bit_for_bit_and_in_order(tmp_path):
    saved = [
        plane(seed=seed, n_paths=1 + seed % 3, layers=["a/b", "0/c"], n_epochs=1 + seed % 2)
        for seed in range(12)
    ]
    save_planes(tmp_path / "planes.npz", saved)
    loaded = load_planes(tmp_path / "planes.npz")
    assert len(loaded) == 12
    for one, other in zip(loaded, saved, strict=True):
        assert_same_bits(one, other)


@pytest.mark.parametrize("n", [0, 2])
def test_a_file_of_several_tables_is_not_one(tmp_path, n):
    if n:
        save_planes(tmp_path / "planes.npz", [plane()] * n)
    else:  # which earlier versions wrote
        np.savez(tmp_path / "planes.npz", plain=np.array("[]"))
    with pytest.raises(
        ValueError,
        match=rf"planes\.npz holds {n} tables: read them with fastmi\.tables\.load_planes",
    ):
        InformationPlane.load(tmp_path / "planes.npz")


def test_one_table_is_a_file_of_one(tmp_path):
    plane().save(tmp_path / "plane.npz")
    (loaded,) = load_planes(tmp_path / "plane.npz")
    assert_same_bits(loaded, plane())


def test_an_estimated_table_loads_bit_for_bit(tmp_path, estimated):
    estimator, layers = estimated
    points = [estimator.readings(layers)["each"]]
    table = InformationPlane.collect(
        estimator, points, epochs=range(5), layers=["a", "b"], n_copies=np.int64(3)
    )  # JSON has no int64
    table.save(tmp_path / "plane.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "plane.npz"), table)


def test_any_name_of_data_and_layers_is_kept(tmp_path):
    table = plane(layers=["é", "a/b", ""], data='MNIST "14×14"\n', binning="∞")
    table.save(tmp_path / "plane.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "plane.npz"), table)


def test_a_path_may_be_a_string_and_is_taken_as_it_is(tmp_path):
    plane().save(str(tmp_path / "plane.table"))  # NumPy would append .npz to it
    assert os.listdir(tmp_path) == ["plane.table"]
    assert_same_bits(InformationPlane.load(str(tmp_path / "plane.table")), plane())


def test_nothing_saved_is_pickled(tmp_path):
    plane().save(tmp_path / "plane.npz")
    with np.load(tmp_path / "plane.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "ifU" for name in file.files)


def refused(path, reason=""):
    with pytest.raises(
        ValueError, match=rf"plane\.npz is not a table that InformationPlane\.save wrote \({reason}"
    ):
        InformationPlane.load(path)


@pytest.mark.parametrize("kept", [0, 10, 100, -1, -200])
def test_a_truncated_file_is_refused(tmp_path, kept):
    path = tmp_path / "plane.npz"
    plane().save(path)
    path.write_bytes(path.read_bytes()[:kept])
    refused(path)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "plane.npz"
    plane(n_epochs=200).save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("content", [b"epoch,copy,layer\n0,0,a\n", b"\x80\x04N.", b"PK\x03\x04"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "plane.npz").write_bytes(content)
    refused(tmp_path / "plane.npz")


def test_a_single_array_is_refused(tmp_path):
    with open(tmp_path / "plane.npz", "wb") as file:
        np.save(file, np.arange(3))
    refused(tmp_path / "plane.npz")


def test_another_npz_is_refused(tmp_path):
    np.savez(tmp_path / "plane.npz", x=np.arange(3))
    refused(tmp_path / "plane.npz", "KeyError: 'plain'")


def test_an_npz_that_lacks_a_column_is_refused(tmp_path):
    path = tmp_path / "plane.npz"
    plane().save(path)
    with np.load(path) as file:
        np.savez(
            tmp_path / "other.npz", **{name: file[name] for name in file.files if name != "0/i_ty"}
        )
    os.replace(tmp_path / "other.npz", path)
    refused(path, "TypeError: .*i_ty")


def test_an_npz_with_objects_is_refused_and_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    np.savez(tmp_path / "plane.npz", plain=np.array([Trap()], dtype=object))
    refused(tmp_path / "plane.npz", r"ValueError: its 'plain' announces .*'\|O'")
    assert not (tmp_path / "sprung").exists()


def test_a_folder_is_not_called_a_table(tmp_path):
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        InformationPlane.load(tmp_path)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        InformationPlane.load(tmp_path / "nowhere.npz")


# --- files that come from anybody -----------------------------------------------------------------


def repacked(path, **changes):
    """The same file with other members; None takes one out."""
    with np.load(path) as file:
        members = {name: file[name] for name in file.files} | changes
    with path.open("wb") as file:
        np.savez_compressed(
            file, **{name: member for name, member in members.items() if member is not None}
        )
    return path


@pytest.fixture
def saved(tmp_path):
    plane().save(tmp_path / "plane.npz")
    return tmp_path / "plane.npz"


def rest_of(path):
    with np.load(path) as file:
        return json.loads(str(file["plain"]))


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("0/epochs", np.array(["0", "10", "20"]), "ValueError: epochs has dtype <U2"),
        ("0/epochs", np.array([0, 0.5, 1]), "ValueError: epochs has dtype float64"),
        ("0/epochs", np.array([0.0, 1, 2]), "ValueError: epochs has dtype float64"),
        ("0/i_xt", np.full((3, 2, 2), "0.5"), "TypeError: i_xt has dtype <U3: pass numbers"),
        ("0/i_ty", np.full((3, 2, 2), np.nan), "ValueError: i_ty holds nan: bits are finite"),
        (
            "0/coverage",
            np.full((3, 2, 2), -np.inf),
            "ValueError: coverage holds -inf: it is a share",
        ),
        (
            "0/n_symbols",
            np.ones((3, 2, 2), bool),
            "TypeError: n_symbols has dtype bool: pass numbers",
        ),
        ("0/i_xt", np.zeros((3, 2)), ""),
        ("0/i_xt", np.array(0.5), ""),
        ("0/epochs", np.array(3), ""),
        (
            "0/epochs",
            np.zeros((3, 1), int),
            r"ValueError: epochs has dtype int64 and shape \(3, 1\)",
        ),
        (
            "0/layers",
            np.array(["a", "b"]),
            "ValueError: it has '0/layers', which is no column of its tables",
        ),
        (
            "0/colour",
            np.zeros(1),
            "ValueError: it has '0/colour', which is no column of its tables",
        ),
        (
            "1/i_xt",
            np.zeros((3, 2, 2)),
            "ValueError: it has '1/i_xt', which is no column of its tables",
        ),
        (
            "00/i_xt",
            np.zeros((3, 2, 2)),
            "ValueError: it has '00/i_xt', which is no column of its tables",
        ),
        (
            "²/i_xt",
            np.zeros((3, 2, 2)),
            "ValueError: it has '²/i_xt', which is no column of its tables",
        ),
        (
            "i_xt",
            np.zeros((3, 2, 2)),
            "ValueError: it has 'i_xt', which is no column of its tables",
        ),
        ("plain", np.array("[]"), "ValueError: it has '0/.*', which is no column of its tables"),
        ("plain", np.array("{}"), "ValueError: plain is an object, where a list should be"),
        ("plain", np.array("[3]"), r"ValueError: plain\[0\] is 3, where an object should be"),
        ("plain", np.array("[" * 100_000), "ValueError: it nests too deeply"),
        (
            "plain",
            np.array("[" + "{}," * 999 + "{}]"),
            "ValueError: it has 5 arrays for 1000 tables",
        ),
        ("plain", np.array("[NaN]"), "ValueError: it holds the number NaN"),
        ("plain", np.array(["[]", "[]"]), r"ValueError: its 'plain' is <U2 \(2,\), not one text"),
        ("plain", np.array(b"[]"), "ValueError: its 'plain' announces"),
    ],
)
def test_a_member_that_no_table_has_is_refused(saved, name, array, reason):
    refused(repacked(saved, **{name: array}), reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_samples": "many"}, "ValueError: n_samples is 'many', where a whole number should be"),
        ({"n_samples": 1.5}, r"ValueError: n_samples is 1\.5, where a whole number should be"),
        ({"n_samples": 0}, "ValueError: n_samples must be at least 1, not 0"),
        ({"n_copies": -5}, "ValueError: n_copies must be at least 1, not -5"),
        ({"n_samples": 10**30}, "ValueError: n_samples is a number beyond 64 bits"),
        ({"entropy_x": None}, "ValueError: entropy_x is None, where a number should be"),
        ({"entropy_y": [1]}, "ValueError: entropy_y is a list, where a number should be"),
        ({"layers": "ab"}, "ValueError: layers is 'ab', where a list should be"),
        ({"layers": ["a", 1]}, r"ValueError: layers\[1\] is 1, where a text should be"),
        ({"layers": ["a"]}, ""),
        ({"reading": "all"}, "ValueError: reading must be one of"),
        ({"reading": {"a": 1}}, "ValueError: reading is an object, where a text should be"),
        ({"data": 3}, "ValueError: data is 3, where a text should be"),
        ({"seed": True}, "ValueError: seed is True, where a whole number should be"),
        ({"i_xt": [1.0]}, "ValueError: it has '0/i_xt', which is no column of its tables"),
        ({"colour": 1}, "TypeError: .*colour"),
    ],
)
def test_a_value_that_no_table_has_is_refused(saved, changes, reason):
    (rest,) = rest_of(saved)
    refused(repacked(saved, plain=np.array(json.dumps([rest | changes]))), reason)


@pytest.mark.parametrize("name", ["n_samples", "entropy_x", "layers", "reading", "binning"])
def test_a_value_that_is_not_there_is_named(saved, name):
    (rest,) = rest_of(saved)
    del rest[name]
    refused(repacked(saved, plain=np.array(json.dumps([rest]))), rf"TypeError: .*{name}")


@pytest.mark.parametrize("number", [tables.FORMAT + 1, tables.FORMAT + 2, 10**6])
def test_a_later_format_is_refused_with_what_to_do(saved, number):
    for changes in ({}, {"plain": None}, {"0/colour": np.zeros(3)}):
        repacked(saved, **{files.FORMAT: np.array(number)}, **changes)
        with pytest.raises(
            ValueError,
            match=(
                rf"plane\.npz' has format {number}, and .* reads up to {tables.FORMAT}: update "
                r"fastmi"
            ),
        ):
            InformationPlane.load(saved)


@pytest.mark.parametrize("number", [np.array(-1), np.array("2"), np.array([2])])
def test_a_format_that_is_no_number_is_refused(saved, number):
    refused(repacked(saved, **{files.FORMAT: number}), "ValueError: its format is ")


def test_what_is_saved_today_has_a_format(saved):
    with np.load(saved) as file:
        assert file[files.FORMAT] == tables.FORMAT == 2


def test_a_table_that_unpacks_to_gigabytes_is_refused_before_it_costs_memory(tmp_path):
    path, zeros = tmp_path / "plane.npz", bytes(2**24)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("plain", "0/epochs", "0/i_xt", "0/i_ty"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(zeros)
                for _ in range(19):
                    member.write(zeros)
    assert path.stat().st_size < 2_000_000
    tracemalloc.start()
    try:
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_what_is_saved_is_within_the_bounds_of_what_is_read(tmp_path, monkeypatch):
    """Tables that are all one number would pack to a thousandth, which nobody reads; so they are
    not packed.
    """
    monkeypatch.setattr(files, "FREE", 100_000)
    monkeypatch.setattr(files, "TEXT", 10_000)
    shape = (2000, 2, 2)
    same = {name: np.ones(shape) for name in BITS}
    plane(2000, **same).save(tmp_path / "zeros.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "zeros.npz"), plane(2000, **same))
    many = [plane(1, 1, layers=("a" * 500,), seed=seed) for seed in range(20)]
    save_planes(tmp_path / "many.npz", many)
    assert len(load_planes(tmp_path / "many.npz")) == 20
    plane().save(tmp_path / "small.npz")
    with zipfile.ZipFile(tmp_path / "small.npz") as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_DEFLATED}


@pytest.mark.parametrize("damage", [damaged, rebuilt])
def test_whatever_happens_to_a_file_one_error_says_so(tmp_path, damage):
    path = tmp_path / "planes.npz"
    save_planes(path, [plane(2, 1), plane(2, 2, seed=3)])
    content, said = path.read_bytes(), []
    for copy in damage(content, 400, seed=11):
        path.write_bytes(copy)
        try:
            found = load_planes(path)
        except ValueError as error:
            said.append(str(error))
        else:
            assert all(
                np.isfinite(one.i_xt).all() and one.epochs.dtype.kind in "iu" for one in found
            )
    sentence = re.compile(
        r".*planes\.npz'? (is not a table that InformationPlane\.save wrote \(.*\)|has format .* "
        r"update fastmi)"
    )
    assert [message for message in said if not sentence.fullmatch(message)] == []  # one line
    assert len(said) > 200


def test_whatever_the_words_of_a_table_say_one_error_says_so(saved):
    rest = rest_of(saved)
    for text in changed(rest, 300, seed=12):
        repacked(saved, plain=np.array(text))
        try:
            InformationPlane.load(saved).panel()
        except ValueError as error:
            message = str(error)
            known = "is not a table that InformationPlane.save wrote|holds 0 tables"
            assert re.search(known, message)


# --- files of earlier versions --------------------------------------------------------------------

READINGS = {
    "format-0": [(0, "each"), (0, "mixture"), (1, "each"), (1, "mixture")],
    "format-1": [(3, "mean"), (3, "each"), (3, "sampled"), (3, "mixture")],
}


@pytest.mark.parametrize("version", READINGS)
def test_tables_of_earlier_formats_load_for_ever(tmp_path, version):
    loaded = load_planes(DATA / version / "planes.npz")
    assert [(one.seed, one.reading) for one in loaded] == READINGS[version]
    write_csv(tmp_path / "planes.csv", loaded)
    now, then = (
        (folder / "planes.csv").read_text().splitlines() for folder in (tmp_path, DATA / version)
    )
    assert len(now) == len(then)
    for row, old in zip(now, then, strict=True):  # what came later stands behind
        assert row.startswith(f"{old},")
    assert {one.method for one in loaded} == {"plugin"}


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


def test_points_are_points():
    with pytest.raises(
        TypeError, match=r"points is None: pass Points, as PlaneEstimator\.readings returns them"
    ):
        dataclasses.replace(plane(), points=None)


def test_a_single_table_of_format_0_loads_for_ever():
    assert_same_bits(
        InformationPlane.load(DATA / "format-0" / "plane.npz"),
        load_planes(DATA / "format-0" / "planes.npz")[0],
    )


# --- whole or not at all --------------------------------------------------------------------------


def failing_rows(self, rows=InformationPlane.rows):
    yield from itertools.islice(rows(self), 3)
    raise RuntimeError("power cut")


def failing_savez(file, **arrays):
    file.write(b"half a table")
    raise RuntimeError("power cut")


WRITERS = {
    "plane.csv": (InformationPlane.to_csv, (InformationPlane, "rows", failing_rows)),
    "plane.npz": (InformationPlane.save, (np, "savez_compressed", failing_savez)),
    "planes.npz": (
        lambda table, path: save_planes(path, [table, table]),
        (np, "savez_compressed", failing_savez),
    ),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("old", [None, b"the old file"])
def test_writing_that_fails_midway_leaves_everything_as_it_was(tmp_path, monkeypatch, name, old):
    write, failure = WRITERS[name]
    if old is not None:
        (tmp_path / name).write_bytes(old)
    monkeypatch.setattr(*failure)
    with pytest.raises(RuntimeError, match="power cut"):
        write(plane(), tmp_path / name)
    assert os.listdir(tmp_path) == ([] if old is None else [name])
    assert old is None or (tmp_path / name).read_bytes() == old


@pytest.mark.parametrize("name", WRITERS)
def test_the_old_file_is_there_until_the_new_one_is_complete(tmp_path, monkeypatch, name):
    write, (where, attribute, _) = WRITERS[name]
    (tmp_path / name).write_bytes(b"the old file")
    real, seen = getattr(where, attribute), []

    def watching(*arguments, **options):
        seen.append((tmp_path / name).read_bytes())
        return real(*arguments, **options)

    monkeypatch.setattr(where, attribute, watching)
    write(plane(), tmp_path / name)
    assert seen == [b"the old file"]
    assert (tmp_path / name).read_bytes() != b"the old file"


@pytest.mark.parametrize("name", WRITERS)
def test_only_the_file_itself_is_left(tmp_path, name):
    WRITERS[name][0](plane(), tmp_path / name)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_is_as_open_to_others_as_any_new_file(tmp_path, name):
    """A temporary file of tempfile's would be closed to them."""
    (tmp_path / "any").touch()
    WRITERS[name][0](plane(), tmp_path / name)
    assert (tmp_path / name).stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_is_not_there_is_named(tmp_path, name):
    path = tmp_path / "nowhere" / name
    with pytest.raises(
        FileNotFoundError,
        match=rf"nowhere/{name} cannot be written: there is no folder .*nowhere; make it first",
    ):
        WRITERS[name][0](plane(), path)


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_is_a_file_is_named(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*file"):
        WRITERS[name][0](plane(), tmp_path / "file" / name)


@pytest.mark.parametrize("name", WRITERS)
def test_a_name_that_is_a_folder_is_named_and_nothing_is_left(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(OSError, match=rf"{name} cannot be written, and what it held is untouched"):
        WRITERS[name][0](plane(), tmp_path / name)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_is_closed_is_named(tmp_path, monkeypatch, name):
    """Permissions do not bind root, who may run this: the system's answer is simulated."""

    def closed(self, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(
        PermissionError,
        match=rf"{name} cannot be written, and what it held is untouched: Permission denied",
    ):
        WRITERS[name][0](plane(), tmp_path / name)


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
    assert set(COLUMNS) - set(filled) == {
        "coding",
        *(name for name in COLUMNS if name.endswith(("lower_bits", "upper_bits"))),
    }
    assert frame["coding"].isna().all()  # numbers, and none: no text among them
    assert frame["coding"].dtype == np.float64


def test_without_pandas_there_is_an_import_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas"):
        plane().to_pandas()


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


@pytest.mark.parametrize(
    "take",
    [
        tables.panel,
        lambda given: save_planes("x.npz", given),
        lambda given: write_csv("x.csv", given),
    ],
)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "planes is empty: pass one table at least"),
        (plane(), r"planes is one InformationPlane: pass a list of them \(\[planes\]\)"),
        ([plane(), None], r"planes\[1\] is None: pass a list of InformationPlane"),
        ({"a": plane()}, "planes is {'a': .*: pass a list of InformationPlane"),
        (None, "planes is None: pass a list of InformationPlane"),
    ],
    ids=["none", "one", "another", "mapping", "nothing"],
)
def test_planes_are_a_list_of_some(take, given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError), match=message):
        take(given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "path is None: pass the name of a file, as a string or a pathlib.Path"),
        (3, "path is 3: pass the name of a file"),
        (b"a.npz", "path is b'a.npz': pass the name of a file"),
        ("", "path is '', which names no file"),
        ("a\0b", r"path is 'a\\x00b', which names no file"),
    ],
)
def test_a_path_is_the_name_of_a_file(path, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (plane().save, plane().to_csv, InformationPlane.load, load_planes, files.read_text):
        with pytest.raises((TypeError, ValueError), match=message):
            call(path)
    assert not list(tmp_path.iterdir())


def test_the_table_is_in_the_face():
    assert fastmi.InformationPlane is InformationPlane


def test_points_are_what_readings_returns(estimated):
    estimator, _ = estimated
    for wrong in ([], [np.zeros((5, 2))], "points"):
        with pytest.raises(
            TypeError, match=r"pass a non-empty list of what PlaneEstimator\.readings returned"
        ):
            InformationPlane.collect(estimator, wrong, epochs=range(5), layers=["a", "b"])


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


def test_a_seed_counts_once():
    with pytest.raises(
        ValueError, match="planes hold seed 4 more than once: pass one plane of each seed"
    ):
        tables.panel([plane(seed=4), plane(seed=2), plane(seed=4)])


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
            for name in ("data", "sample")
            for value in (3, None, 0)
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


# --- several tables in one figure -----------------------------------------------------------------


def several(**changes):
    return [
        plane(seed=seed, sample=sample, **changes)
        for seed in range(3)
        for sample in ("training", "held-out")
    ]


def drawn(figure):
    """The titles and the row names of the panels."""
    return [(ax.get_title(), ax.get_ylabel()) for ax in figure.axes]


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


def test_tables_are_written_from_the_face(tmp_path):
    fastmi.write_csv(tmp_path / "planes.csv", several())
    assert len(read(tmp_path / "planes.csv")) == 6 * 12


@pytest.mark.parametrize("name", ["entropy_x", "entropy_y"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5, "1", None, True, [1.0]], ids=str)
def test_entropies_are_bits(name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be "):
        plane(**{name: value})


@pytest.mark.parametrize("value", [0, -3, True, 2.5, "1000", None])
def test_a_table_rests_on_samples(value):
    with pytest.raises((TypeError, ValueError), match=r"^n_samples must be "):
        plane(n_samples=value)


class Name(str):
    """What libraries derive from strings."""


class Sample(str, enum.Enum):  # noqa: UP042  (StrEnum has a str of its own; this one has not)
    HELD_OUT = "held-out"


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("seed", np.int64(3), 3),
        ("seed", np.uint8(3), 3),
        ("n_samples", np.int32(1000), 1000),
        ("n_copies", np.uint64(2), 2),
        ("entropy_x", np.float32(9.5), 9.5),
        ("entropy_y", np.int64(1), 1.0),
        ("entropy_y", 0, 0.0),
        ("data", np.str_("numpy's"), "numpy's"),
        ("data", Name("a name"), "a name"),
        ("sample", Sample.HELD_OUT, "held-out"),
        ("binning", Name("49 bins"), "49 bins"),
        ("reading", np.str_("each"), "each"),
        ("layers", [Name("a"), np.str_("b")], ("a", "b")),
    ],
    ids=str,
)
def test_what_is_like_a_plain_value_becomes_one_and_is_saved(tmp_path, name, value, plain):
    table = plane_with(name, value)
    found = getattr(table, name)
    assert (type(found), found) == (type(plain), plain)
    assert [type(layer) for layer in table.layers] == [str, str]
    table.save(tmp_path / "plane.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "plane.npz"), table)
    assert {type(cell) for row in table.rows() for cell in row.values()} == {int, float, str}
    replaced(table, seed=np.int16(4)).to_csv(tmp_path / "plane.csv")
    assert {row["seed"] for row in read(tmp_path / "plane.csv")} == {"4"}


def plane_with(name, value):
    return replaced(plane(), **{name: value})


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


@pytest.mark.parametrize(
    ("column", "array"),
    [
        ("epochs", np.array([0.5, 1.0, 2.0])),
        ("epochs", np.array([0, 2, 1])),
        ("epochs", np.array([-1, 0, 1])),
        ("i_xt", np.full((3, 2, 2), "0.5")),
        ("i_ty", np.full((3, 2, 2), np.nan)),
        ("coverage", np.full((3, 2, 2), 1.5)),
        ("n_symbols", np.zeros((3, 2, 2), int)),
    ],
    ids=str,
)
def test_a_file_is_looked_at_as_any_table(tmp_path, column, array):
    path = tmp_path / "plane.npz"
    plane().save(path)
    with np.load(path) as file:
        np.savez(
            tmp_path / "other.npz",
            **({name: file[name] for name in file.files} | {f"0/{column}": array}),
        )
    os.replace(tmp_path / "other.npz", path)
    refused(path)


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
