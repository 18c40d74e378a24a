"""points over epochs -> a table, and the same table again from its files."""

import csv
import dataclasses
import itertools
import json
import os
import re
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from mutations import changed, damaged, rebuilt

import fastmi
from fastmi import InformationPlane, PlaneEstimator, UniformBins, files, tables
from fastmi.tables import COLUMNS, load_planes, save_planes, write_csv

BITS = ("i_xt", "i_ty", "n_symbols", "coverage")
ODD = [0.1 + 0.2, 1 / 3, 5e-324, 1e22, -0.0, np.nextafter(1.0, 2.0), np.pi]  # floats that a short notation would lose


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
    return InformationPlane(**(values | changes))


def assert_same_bits(one, other):
    for field in dataclasses.fields(InformationPlane):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), field.name
        else:
            assert (type(a), a) == (type(b), b), field.name


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def estimated(rng):
    """An estimator, and layers (n_epochs, n_copies, n, d) for it."""
    estimator = PlaneEstimator(np.arange(40)[:, None], rng.integers(0, 2, 40), UniformBins(4, range=(-1, 1)))
    return estimator, [rng.uniform(-1, 1, (5, 3, 40, d)) for d in (3, 1)]


# --- collecting --------------------------------------------------------------------------------------------------------


def test_points_with_an_axis_of_paths_are_collected(estimated):
    estimator, layers = estimated
    batches = [estimator.readings([layer[part] for layer in layers])["each"] for part in (slice(0, 2), slice(2, 5))]
    table = InformationPlane.collect(estimator, batches, epochs=range(5), layers=["a", "b"], n_copies=3, data="noise")
    assert table.i_xt.shape == (5, 3, 2)
    np.testing.assert_array_equal(np.stack([table.i_xt, table.i_ty], axis=-1), estimator.estimate(layers))
    assert (table.reading, table.n_copies, table.data, table.layers) == ("each", 3, "noise", ("a", "b"))
    assert table.epochs.tolist() == [0, 1, 2, 3, 4]


def test_points_over_all_copies_have_one_path(estimated):
    estimator, layers = estimated
    points = estimator.readings(layers)["mixture"]
    table = InformationPlane.collect(estimator, [points], epochs=range(5), layers="ab", reading="mixture", n_copies=3)
    assert table.i_xt.shape == (5, 1, 2)
    np.testing.assert_array_equal(np.stack([table.i_xt, table.i_ty], axis=-1)[:, 0], estimator.mixture(layers))


def test_a_table_knows_what_its_points_rest_on(estimated):
    estimator, layers = estimated
    points = estimator.readings(layers)["each"]
    table = InformationPlane.collect(estimator, [points], epochs=range(5), layers="ab", n_copies=3)
    assert (table.n_samples, table.entropy_x, table.entropy_y) == (40, estimator.entropy_x, estimator.entropy_y)
    assert table.binning == str(estimator.binning)
    np.testing.assert_array_equal(table.n_symbols, points.n_symbols)
    np.testing.assert_array_equal(table.coverage, points.coverage)


@pytest.mark.parametrize(("epochs", "layers"), [(4, "ab"), (6, "ab"), (5, "a"), (5, "abc"), (0, "ab")])
def test_a_point_for_each_epoch_and_layer_or_no_table(estimated, epochs, layers):
    estimator, activations = estimated
    points = [estimator.readings(activations)["mixture"]]
    with pytest.raises(ValueError, match=rf"i_xt has shape \(5, 1, 2\): {epochs} epochs and {len(layers)} layers need"):
        InformationPlane.collect(estimator, points, epochs=range(epochs), layers=layers, reading="mixture")


def test_points_without_an_axis_of_epochs_are_refused(estimated):
    estimator, layers = estimated
    points = [estimator.readings([layer[0] for layer in layers])["mixture"]]
    with pytest.raises(ValueError, match=r"i_xt has shape \(2,\): 1 epochs and 2 layers need \(epochs, paths, layers\)"):
        InformationPlane.collect(estimator, points, epochs=[0], layers="ab", reading="mixture")


@pytest.mark.parametrize("name", ["i_ty", "n_symbols", "coverage"])
def test_columns_of_different_shapes_are_refused(name):
    with pytest.raises(ValueError, match=rf"{name} has shape \(3, 1, 2\): 3 epochs and 2 layers need"):
        plane(**{name: np.ones((3, 1, 2))})


def test_an_empty_table_is_refused():
    with pytest.raises(ValueError, match=r"i_xt has shape \(0, 2, 2\): 0 epochs"):
        plane(n_epochs=0)


# --- the mean ----------------------------------------------------------------------------------------------------------


def test_the_mean_is_over_the_paths():
    table = plane(n_paths=4)
    mean = table.mean()
    assert mean.reading == "mean"
    assert mean.n_copies == 4
    for name in BITS:
        np.testing.assert_array_equal(getattr(mean, name), getattr(table, name).mean(axis=1, keepdims=True))


def test_the_mean_of_one_path_is_that_path():
    table = plane(n_paths=1)
    for name in BITS:
        np.testing.assert_array_equal(getattr(table.mean(), name), getattr(table, name))


def test_the_mean_leaves_the_table_as_it_is():
    table = plane()
    table.mean()
    assert_same_bits(table, plane())


# --- the funnel --------------------------------------------------------------------------------------------------------


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


# --- rows --------------------------------------------------------------------------------------------------------------


def test_there_is_one_row_for_each_epoch_path_and_layer():
    keys = [(row["epoch"], row["copy"], row["layer"]) for row in plane().rows()]
    assert keys == list(itertools.product([0, 10, 20], [0, 1], ["hidden", "output"]))


def test_every_row_has_every_column():
    assert all(row.keys() == set(COLUMNS) for row in plane().rows())


def test_a_row_holds_the_point_of_its_epoch_path_and_layer():
    table = plane()
    row = next(row for row in table.rows() if (row["epoch"], row["copy"], row["layer"]) == (20, 1, "hidden"))
    assert [row[name] for name in ("i_xt_bits", "i_ty_bits", "n_symbols", "coverage")] == [
        getattr(table, name)[2, 1, 0] for name in BITS
    ]
    assert (row["n_samples"], row["h_x_bits"], row["h_y_bits"]) == (1000, 9.965784284662087, 0.1 + 0.2)
    assert (row["data"], row["reading"], row["n_copies"], row["binning"]) == ("made up", "each", 2, "none")
    assert (row["sample"], row["seed"]) == ("training", 0)


def test_rows_of_several_samples_and_seeds_are_told_apart(tmp_path):
    write_csv(tmp_path / "plane.csv", [plane(sample="held-out", seed=seed) for seed in (3, 4)])
    rows = read(tmp_path / "plane.csv")
    assert [(row["sample"], row["seed"]) for row in rows] == [("held-out", "3")] * 12 + [("held-out", "4")] * 12
    assert rows[0]["i_xt_bits"] != rows[12]["i_xt_bits"]


def test_a_table_says_of_which_sample_and_seed_it_is(estimated):
    estimator, layers = estimated
    points = [estimator.readings(layers)["each"]]
    table = InformationPlane.collect(estimator, points, epochs=range(5), layers="ab", sample="held-out", seed=7)
    assert (table.sample, table.seed) == ("held-out", 7)
    assert (table.mean().sample, table.mean().seed) == ("held-out", 7)


@pytest.mark.parametrize("reading", ["mean", "sampled", "mixture"])
def test_a_point_over_all_copies_names_no_copy(reading):
    assert {row["copy"] for row in plane(n_paths=1, reading=reading).rows()} == {""}


def test_rows_hold_plain_python_values():
    assert {type(value) for row in plane().rows() for value in row.values()} == {int, float, str}


# --- CSV ---------------------------------------------------------------------------------------------------------------


def test_a_csv_reads_back_to_the_same_bits(tmp_path):
    table = plane(
        n_epochs=len(ODD), n_paths=1, layers=["only"], i_xt=np.reshape(ODD, (-1, 1, 1)), i_ty=np.reshape(ODD[::-1], (-1, 1, 1))
    )
    table.to_csv(tmp_path / "plane.csv")
    rows = read(tmp_path / "plane.csv")
    for column, values in (("i_xt_bits", ODD), ("i_ty_bits", ODD[::-1]), ("coverage", table.coverage[:, 0, 0])):
        assert [float(row[column]).hex() for row in rows] == [float(value).hex() for value in values]
    assert {float(row["h_y_bits"]).hex() for row in rows} == {(0.1 + 0.2).hex()}


def test_a_csv_is_tidy(tmp_path):
    table = plane()
    table.to_csv(tmp_path / "plane.csv")
    lines = (tmp_path / "plane.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 1 + 3 * 2 * 2
    assert read(tmp_path / "plane.csv") == [{name: str(value) for name, value in row.items()} for row in table.rows()]


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


# --- save and load -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [plane(), plane(n_paths=1), plane().mean(), plane(sample="held-out", seed=7)],
    ids=["each", "one path", "mean", "of a seed"],
)
def test_a_saved_table_loads_bit_for_bit(tmp_path, table):
    table.save(tmp_path / "plane.npz")
    assert_same_bits(InformationPlane.load(tmp_path / "plane.npz"), table)


def test_several_tables_load_bit_for_bit_and_in_order(tmp_path):
    saved = [plane(seed=seed, n_paths=1 + seed % 3, layers=["a/b", "0/c"], n_epochs=1 + seed % 2) for seed in range(12)]
    save_planes(tmp_path / "planes.npz", saved)
    loaded = load_planes(tmp_path / "planes.npz")
    assert len(loaded) == 12
    for one, other in zip(loaded, saved, strict=True):
        assert_same_bits(one, other)


@pytest.mark.parametrize("n", [0, 2])
def test_a_file_of_several_tables_is_not_one(tmp_path, n):
    save_planes(tmp_path / "planes.npz", [plane()] * n)
    with pytest.raises(ValueError, match=rf"planes\.npz holds {n} tables: read them with fastmi\.tables\.load_planes"):
        InformationPlane.load(tmp_path / "planes.npz")


def test_one_table_is_a_file_of_one(tmp_path):
    plane().save(tmp_path / "plane.npz")
    (loaded,) = load_planes(tmp_path / "plane.npz")
    assert_same_bits(loaded, plane())


def test_an_estimated_table_loads_bit_for_bit(tmp_path, estimated):
    estimator, layers = estimated
    points = [estimator.readings(layers)["each"]]
    table = InformationPlane.collect(estimator, points, epochs=range(5), layers="ab", n_copies=np.int64(3))  # JSON has no int64
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
    with pytest.raises(ValueError, match=rf"plane\.npz is not a table that InformationPlane\.save wrote \({reason}"):
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
        np.savez(tmp_path / "other.npz", **{name: file[name] for name in file.files if name != "0/coverage"})
    os.replace(tmp_path / "other.npz", path)
    refused(path, "TypeError: .*coverage")


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


# --- files that come from anybody ---------------------------------------------------------------------------------------


def repacked(path, **changes):
    """The same file with other members; None takes one out."""
    with np.load(path) as file:
        members = {name: file[name] for name in file.files} | changes
    with path.open("wb") as file:
        np.savez_compressed(file, **{name: member for name, member in members.items() if member is not None})
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
        ("0/epochs", np.array(["0", "10", "20"]), "ValueError: its epochs are <U2 .*, not whole numbers along"),
        ("0/epochs", np.array([0, 0.5, 1]), r"ValueError: its epochs are float64 \(.*\), not whole numbers along"),
        ("0/epochs", np.array([0.0, 1, 2]), r"ValueError: its epochs are float64 \(.*\), not whole numbers along"),
        ("0/i_xt", np.full((3, 2, 2), "0.5"), "ValueError: its i_xt are <U3 .*, not finite numbers along"),
        ("0/i_ty", np.full((3, 2, 2), np.nan), r"ValueError: its i_ty are float64 \(.*\), not finite numbers along"),
        ("0/coverage", np.full((3, 2, 2), -np.inf), r"ValueError: its coverage are float64 \(.*\), not finite numbers along"),
        ("0/n_symbols", np.ones((3, 2, 2), bool), r"ValueError: its n_symbols are bool \(.*\), not finite numbers along"),
        ("0/i_xt", np.zeros((3, 2)), ""),
        ("0/i_xt", np.array(0.5), ""),
        ("0/epochs", np.array(3), ""),
        ("0/epochs", np.zeros((3, 1), int), r"ValueError: its epochs are int64 \(3, 1\), not whole numbers along 1 axes"),
        ("0/layers", np.array(["a", "b"]), "ValueError: it has '0/layers', which is no column of its tables"),
        ("0/colour", np.zeros(1), "ValueError: it has '0/colour', which is no column of its tables"),
        ("1/i_xt", np.zeros((3, 2, 2)), "ValueError: it has '1/i_xt', which is no column of its tables"),
        ("00/i_xt", np.zeros((3, 2, 2)), "ValueError: it has '00/i_xt', which is no column of its tables"),
        ("²/i_xt", np.zeros((3, 2, 2)), "ValueError: it has '²/i_xt', which is no column of its tables"),
        ("i_xt", np.zeros((3, 2, 2)), "ValueError: it has 'i_xt', which is no column of its tables"),
        ("plain", np.array("[]"), "ValueError: it has '0/.*', which is no column of its tables"),
        ("plain", np.array("{}"), "ValueError: plain is an object, where a list should be"),
        ("plain", np.array("[3]"), r"ValueError: plain\[0\] is 3, where an object should be"),
        ("plain", np.array("[" * 100_000), "ValueError: it nests too deeply"),
        ("plain", np.array("[" + "{}," * 999 + "{}]"), "ValueError: it has 5 arrays for 1000 tables"),
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
        ({"n_samples": 0}, "ValueError: n_samples is 0, where at least 1 should be"),
        ({"n_copies": -5}, "ValueError: n_copies is -5, where at least 1 should be"),
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


@pytest.mark.parametrize("number", [2, 3, 10**6])
def test_a_later_format_is_refused_with_what_to_do(saved, number):
    for changes in ({}, {"plain": None}, {"0/colour": np.zeros(3)}):
        repacked(saved, **{files.FORMAT: np.array(number)}, **changes)
        with pytest.raises(ValueError, match=rf"plane\.npz' has format {number}, and .* reads up to 1: update fastmi"):
            InformationPlane.load(saved)


@pytest.mark.parametrize("number", [np.array(-1), np.array("2"), np.array([2])])
def test_a_format_that_is_no_number_is_refused(saved, number):
    refused(repacked(saved, **{files.FORMAT: number}), "ValueError: its format is ")


def test_what_is_saved_today_has_a_format(saved):
    with np.load(saved) as file:
        assert file[files.FORMAT] == tables.FORMAT == 1


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
    """Tables that are all zero would pack to a thousandth, which nobody reads; so they are not packed."""
    monkeypatch.setattr(files, "FREE", 100_000)
    monkeypatch.setattr(files, "TEXT", 10_000)
    shape = (2000, 2, 2)
    same = {name: np.zeros(shape) for name in BITS}
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
            assert all(np.isfinite(one.i_xt).all() and one.epochs.dtype.kind in "iu" for one in found)
    sentence = re.compile(
        r".*planes\.npz'? (is not a table that InformationPlane\.save wrote \(.*\)|has format .* update fastmi)"
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
            assert re.search("is not a table that InformationPlane.save wrote|holds 0 tables", str(error))  # noqa: PT017


# --- files of earlier versions ------------------------------------------------------------------------------------------

FORMAT_0 = Path(__file__).parent / "data" / "format-0"


def test_tables_of_format_0_load_for_ever(tmp_path):
    loaded = load_planes(FORMAT_0 / "planes.npz")
    assert [(one.seed, one.reading) for one in loaded] == [(0, "each"), (0, "mixture"), (1, "each"), (1, "mixture")]
    write_csv(tmp_path / "planes.csv", loaded)
    assert (tmp_path / "planes.csv").read_bytes() == (FORMAT_0 / "planes.csv").read_bytes()
    assert_same_bits(InformationPlane.load(FORMAT_0 / "plane.npz"), loaded[0])


# --- whole or not at all -----------------------------------------------------------------------------------------------


def failing_rows(self, rows=InformationPlane.rows):
    yield from itertools.islice(rows(self), 3)
    raise RuntimeError("power cut")


def failing_savez(file, **arrays):
    file.write(b"half a table")
    raise RuntimeError("power cut")


WRITERS = {
    "plane.csv": (InformationPlane.to_csv, (InformationPlane, "rows", failing_rows)),
    "plane.npz": (InformationPlane.save, (np, "savez_compressed", failing_savez)),
    "planes.npz": (lambda table, path: save_planes(path, [table, table]), (np, "savez_compressed", failing_savez)),
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
        FileNotFoundError, match=rf"nowhere/{name} cannot be written: there is no folder .*nowhere; make it first"
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
    with pytest.raises(PermissionError, match=rf"{name} cannot be written, and what it held is untouched: Permission denied"):
        WRITERS[name][0](plane(), tmp_path / name)


# --- other shapes ------------------------------------------------------------------------------------------------------


def test_pandas_gets_the_rows():
    pytest.importorskip("pandas")
    table = plane()
    frame = table.to_pandas()
    assert tuple(frame.columns) == COLUMNS
    assert frame.to_dict("records") == list(table.rows())


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
    with pytest.raises(ValueError, match="reading must be one of 'each', 'mean', 'sampled', 'mixture', not 'all'"):
        plane(reading="all")


@pytest.mark.parametrize(("n_copies", "copies"), [(1, "1 copy;"), (5, "5 copies;")])
def test_a_caption_says_what_the_points_rest_on(n_copies, copies):
    caption = plane(n_copies=n_copies).panel().caption
    assert all(part in caption for part in ("data: made up", "n = 1,000", copies, "plug-in estimate", "none"))


def test_data_without_a_name_is_called_unnamed():
    assert "data: unnamed" in plane(data="").panel().caption


def test_several_seeds_are_their_mean_and_their_standard_deviation():
    seeds = [plane(seed=seed, entropy_y=0.2 + seed / 10) for seed in range(3)]
    panel = tables.panel(seeds)
    for name in ("i_xt", "i_ty"):
        one, two, three = (getattr(table, name).mean(axis=1) for table in seeds)  # each seed counts once
        mean = (one + two + three) / 3
        np.testing.assert_allclose(getattr(panel, name), mean, rtol=1e-12)
        spread = np.sqrt(((one - mean) ** 2 + (two - mean) ** 2 + (three - mean) ** 2) / 2)
        np.testing.assert_allclose(getattr(panel, name.replace("i_", "spread_")), spread, rtol=1e-12)
    assert panel.ceiling_y == pytest.approx(0.3)
    assert "; 2 copies, 3 seeds;" in panel.caption
    assert panel.title == "mean of single copies"


def test_one_seed_has_no_spread():
    panel = plane().panel()
    assert (panel.spread_xt, panel.spread_ty) == (None, None)
    assert "seed" not in panel.caption


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("layers", ("hidden", "last")), ("reading", "mean"), ("sample", "held-out")),
        *(("n_samples", 999), ("n_copies", 3), ("binning", "other")),
    ],
)
def test_only_tables_that_differ_in_their_seed_are_averaged(name, value):
    with pytest.raises(ValueError, match=rf"planes differ in their {name}, .*: only runs that differ in their seed"):
        tables.panel([plane(), plane(seed=1), plane(seed=2, **{name: value})])


@pytest.mark.parametrize("epochs", [[0, 10, 21], [0, 10, 20, 30]])
def test_only_the_same_epochs_are_averaged(epochs):
    with pytest.raises(ValueError, match="planes were recorded at different epochs"):
        tables.panel([plane(), plane(len(epochs), seed=1, epochs=np.array(epochs))])


def test_no_table_is_no_panel():
    with pytest.raises(ValueError, match="planes is empty: there is nothing to draw"):
        tables.panel([])


def test_the_table_is_in_the_face():
    assert fastmi.InformationPlane is InformationPlane


def test_points_are_what_readings_returns(estimated):
    estimator, _ = estimated
    for wrong in ([], [np.zeros((5, 2))], "points"):
        with pytest.raises(TypeError, match=r"pass a non-empty list of what PlaneEstimator\.readings returned"):
            InformationPlane.collect(estimator, wrong, epochs=range(5), layers="ab")


def test_epochs_are_whole_numbers(estimated):
    estimator, layers = estimated
    points = estimator.readings(layers)["each"]
    with pytest.raises(ValueError, match="epochs has dtype float64"):
        InformationPlane.collect(estimator, [points], epochs=[0.5, 1, 1.5, 2, 2.5], layers="ab")


def test_the_copies_are_the_paths_unless_it_is_said(estimated):
    estimator, layers = estimated
    table = InformationPlane.collect(estimator, [estimator.readings(layers)["each"]], epochs=range(5), layers="ab")
    assert 3 == table.n_copies == table.i_xt.shape[1]


def test_a_seed_counts_once():
    with pytest.raises(ValueError, match="planes hold seed 4 more than once: pass one plane of each seed"):
        tables.panel([plane(seed=4), plane(seed=2), plane(seed=4)])
