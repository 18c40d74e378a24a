"""A table, and the same table again from its files, whoever wrote them."""

import csv
import enum
import itertools
import json
import os
import re
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fastmi
from fastmi import InformationPlane, files, tables
from fastmi.tables import COLUMNS, cells, load_planes, save_planes, write_csv
from tests import DATA
from tests.fastmi.tables.made_up import BITS, assert_same_bits, plane, replaced, several
from tests.mutations import changed, damaged, rebuilt

# floats that a short notation would lose
ODD = [0.1 + 0.2, 1 / 3, 5e-324, 1e22, -0.0, np.nextafter(1.0, 2.0), np.pi]


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- rows -----------------------------------------------------------------------------------------


def test_rows_of_several_samples_and_seeds_are_told_apart(tmp_path):
    write_csv(tmp_path / "plane.csv", [plane(sample="held-out", seed=seed) for seed in (3, 4)])
    rows = read(tmp_path / "plane.csv")
    assert [(row["sample"], row["seed"]) for row in rows] == [("held-out", "3")] * 12 + [
        ("held-out", "4")
    ] * 12
    assert rows[0]["i_xt_bits"] != rows[12]["i_xt_bits"]


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


def test_a_table_that_unpacks_a_thousandfold_is_refused_before_it_costs_memory(tmp_path):
    path, zeros = tmp_path / "plane.npz", bytes(2**24)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("plain", "0/epochs", "0/i_xt", "0/i_ty"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                for _ in range(5):
                    member.write(zeros)
    assert path.stat().st_size < 500_000
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
    monkeypatch.setattr(files, "FREE_BYTES", 100_000)
    monkeypatch.setattr(files, "TEXT_BYTES", 10_000)
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


def test_a_single_table_of_format_0_loads_for_ever():
    assert_same_bits(
        InformationPlane.load(DATA / "format-0" / "plane.npz"),
        load_planes(DATA / "format-0" / "planes.npz")[0],
    )


# --- whole or not at all --------------------------------------------------------------------------


def failing_blocks(plane, blocks=cells.blocks):
    yield from itertools.islice(blocks(plane), 1)
    raise RuntimeError("power cut")


def failing_savez(file, **arrays):
    file.write(b"half a table")
    raise RuntimeError("power cut")


WRITERS = {
    "plane.csv": (InformationPlane.to_csv, (cells, "blocks", failing_blocks)),
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


# --- several tables in one figure -----------------------------------------------------------------


def test_tables_are_written_from_the_face(tmp_path):
    fastmi.write_csv(tmp_path / "planes.csv", several())
    assert len(read(tmp_path / "planes.csv")) == 6 * 12


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
