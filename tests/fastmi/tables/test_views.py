"""The views of a page are the rows of the CSV, and what is missing is said."""

import csv
import os
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

import fastmi
from fastmi import PlaneEstimator, UniformBins, write_csv, write_html
from fastmi.pages import Curve, document
from fastmi.points import Points
from fastmi.tables import views
from tests.fastmi.tables.made_up import plane, replaced, several
from tests.unpacked import unpacked, view_of


def data_of(tmp_path, *words, **options):
    write_html(tmp_path / "page.html", *words, **options)
    return unpacked((tmp_path / "page.html").read_text(encoding="utf-8"))


def judged(n_paths=1, n_epochs=4, reading="each", sample="held-out", **names):
    """A table that was counted, with all its columns."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 60)
    layers = {
        name: (y[:, None] * k + rng.normal(size=(n_epochs, n_paths, 60, 2))).astype(np.float32)
        for k, name in enumerate(("a", "b"))
    }
    estimator = PlaneEstimator(np.arange(60), y, UniformBins(4, range=(-2, 2)), sample=sample)
    read = estimator.readings(list(layers.values()))
    return fastmi.InformationPlane.collect(
        estimator,
        [read[reading]],
        epochs=range(0, 10 * n_epochs, 10),
        layers=layers,
        reading=reading,
        n_copies=n_paths,
        data="made up",
        **names,
    )


# --- numbers --------------------------------------------------------------------------------------


def test_every_number_is_that_of_the_csv(tmp_path):
    tables = [judged(sample="training"), judged(sample="held-out", seed=0)]
    write_csv(tmp_path / "plane.csv", tables)
    data = data_of(tmp_path, tables)
    assert data["switches"] == [{"name": "sample", "values": ["training", "held-out"]}]
    headers = {column.name: column.header for column in Points.columns()}
    names = {column["name"]: column["names"] for column in data["columns"]}
    seen = 0
    with (tmp_path / "plane.csv").open() as file:
        for row in csv.DictReader(file):
            view = view_of(data, row["sample"])
            step = view["steps"].index(int(row["epoch"]))
            layer = [data["layers"][i]["name"] for i in view["layers"]].index(row["layer"])
            for name, column in view["columns"].items():
                value, said = column[layer][step], row[headers[name]]
                if names[name]:
                    assert names[name][value] == said
                elif value is None:
                    assert said == ""
                else:
                    assert value == float(f"{float(said):.6g}")
                seen += 1
    assert seen == 2 * 4 * 2 * len(tables[0].points.present)


def test_reasons_are_those_of_the_table_at_every_step(tmp_path):
    table = judged()
    view = data_of(tmp_path, table)["views"][0]
    assert [lines[-1] for lines in view["reasons"]] == list(table.reasons().values())
    for step in range(4):
        points = table.points.map(lambda column, step=step: column[: step + 1])
        cut = replace(table, epochs=table.epochs[: step + 1], points=points)
        assert [lines[step] for lines in view["reasons"]] == list(cut.reasons().values())


def test_of_several_paths_the_mean_is_shown(tmp_path):
    table = plane(n_paths=3)
    view = data_of(tmp_path, table)["views"][0]
    expected = table.mean().i_xt[:, 0].T
    np.testing.assert_allclose(view["columns"]["i_xt"], expected, rtol=1e-5)
    assert data_of(tmp_path, [table, table.mean()]) == data_of(tmp_path, table)


def test_single_copies_are_chosen_beside_their_mean(tmp_path):
    table = judged(n_paths=3)
    data = data_of(tmp_path, [table.mean(), table, judged(n_paths=3, reading="mixture")])
    assert data["switches"] == [
        {"name": "reading", "values": ["mean of single copies", "mixture over copies"]},
        {"name": "copy", "values": ["all", "0", "1", "2"]},
    ]
    for copy in range(3):
        view = view_of(data, "mean of single copies", str(copy))
        shown = table.points.map(lambda column, at=copy: column[:, at : at + 1])
        np.testing.assert_allclose(view["columns"]["i_ty"], table.i_ty[:, copy].T, rtol=1e-5)
        assert view["columns"]["verdict"] == table.verdict[:, copy].T.tolist()
        own = replace(table, points=shown).reasons()
        assert [lines[-1] for lines in view["reasons"]] == list(own.values())
        assert f"; copy {copy} alone; H(X)" in view["caption"]
    whole = view_of(data, "mean of single copies", "all")
    assert data["views"][0] == whole
    assert "alone" not in whole["caption"]


def test_of_several_seeds_copies_are_those_of_each(tmp_path):
    tables = [table for table in several(n_paths=2) if table.sample == "training"]
    data = data_of(tmp_path, tables)
    assert [one["values"] for one in data["switches"]] == [
        ["mean of 3", "0", "1", "2"],
        ["all", "0", "1"],
    ]
    assert len(data["views"]) == 1 + 3 * (1 + 2)
    found = view_of(data, "1", "0")["columns"]["i_ty"]
    np.testing.assert_allclose(found, tables[1].i_ty[:, 0].T, rtol=1e-5)


def test_several_seeds_are_a_mean_and_each(tmp_path):
    tables = several(n_paths=1)
    data = data_of(tmp_path, tables)
    assert data["switches"][-1] == {"name": "seed", "values": ["mean of 3", "0", "1", "2"]}
    mean = view_of(data, "training", "mean of 3")
    seeds = [view_of(data, "training", str(seed))["columns"]["i_ty"] for seed in range(3)]
    np.testing.assert_allclose(mean["columns"]["i_ty"], np.mean(seeds, axis=0), rtol=1e-5)
    np.testing.assert_allclose(mean["spread"]["i_ty"], np.std(seeds, axis=0, ddof=1), rtol=1e-4)
    assert data["views"][0] == mean
    assert view_of(data, "training", "1")["spread"] == {}


def test_of_seeds_the_weakest_word_is_said(tmp_path):
    one = judged(seed=0)
    other = replaced(one, seed=1, verdict=np.where(one.verdict > 0, 1, 0))
    view = data_of(tmp_path, [one, other])["views"][0]
    assert np.array(view["columns"]["verdict"]).max() == 1
    assert view["reasons"][0][-1] == other.reasons()["a"]


def test_measures_and_methods_are_told_apart(tmp_path):
    long = "bins " * 30
    tables = [plane(n_paths=1, binning=long + end) for end in ("a", "b")]
    tables.append(plane(n_paths=1, binning=long + "b", method="jackknife"))
    (switch,) = data_of(tmp_path, tables)["switches"]
    assert switch == {
        "name": "measure",
        "values": [long + "a", long + "b", long + "b, jackknife"],
    }


# --- steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 250, 251, 1001, 20_000])
def test_of_many_steps_some_are_shown_the_first_and_last_among_them(n):
    at = views._shown(np.arange(n), 250)
    assert at[0] == 0
    assert at[-1] == n - 1
    assert (np.diff(at) > 0).all()
    assert min(n, 225) <= len(at) <= 250
    assert (np.diff(at, 2) >= -1).sum() >= 0.9 * (len(at) - 2)  # ever wider, but for rounding


def test_steps_that_widen_already_are_shown_evenly():
    epochs = np.unique(np.geomspace(1, 1e6, 4000).astype(int))
    at = views._shown(epochs, 250)
    assert len(at) == 250
    assert np.ptp(np.diff(at)) <= 1


def test_a_page_stays_below_its_bound_by_fewer_steps(tmp_path, monkeypatch):
    table = plane(n_epochs=250, n_paths=1, layers=[f"layer {i}" for i in range(30)])
    whole = data_of(tmp_path, table)
    size = (tmp_path / "page.html").stat().st_size
    assert size < 6_000_000
    assert len(whole["views"][0]["steps"]) == 250
    monkeypatch.setattr(views, "MOST_BYTES", size - 50_000)
    fewer = data_of(tmp_path, table)
    assert len(fewer["views"][0]["steps"]) == 125
    assert (tmp_path / "page.html").stat().st_size <= size - 50_000
    text = (tmp_path / "page.html").read_text()
    assert "250 read, 0 to 2,490, 125 shown" in text


def test_copies_are_left_out_where_they_would_leave_few_steps(tmp_path, monkeypatch):
    table = plane(n_epochs=250, n_paths=9, layers=[f"layer {i}" for i in range(6)])
    whole = data_of(tmp_path, table)
    size = (tmp_path / "page.html").stat().st_size
    assert [len(view["steps"]) for view in whole["views"]] == [250] * 10
    mean = data_of(tmp_path, table.mean())
    least = (tmp_path / "page.html").stat().st_size
    for bound, steps in ((size - 9_000, 125), ((size + 2 * least) // 3, 100), (least + 2_000, 250)):
        monkeypatch.setattr(views, "MOST_BYTES", bound)
        data = data_of(tmp_path, table)
        text = (tmp_path / "page.html").read_text()
        assert 0.9 * steps < len(data["views"][0]["steps"]) <= steps
        assert (len(data["views"]) == 1) is (steps == 250)
        assert ("single copies" in text) is (steps == 250)
    assert data["views"] == mean["views"]
    monkeypatch.undo()
    monkeypatch.setattr(views, "MOST_COPIES", 8)
    assert len(data_of(tmp_path, table)["views"]) == 1
    assert "single copies" in (tmp_path / "page.html").read_text()


# --- what is missing ------------------------------------------------------------------------------


def test_what_is_missing_is_never_0(tmp_path):
    table = judged()
    gap = np.zeros((4, 1, 2), bool)
    gap[1, 0, 0] = True
    holes = table.points.map(lambda column: np.where(gap, np.nan, column))
    data = data_of(tmp_path, replace(table, points=holes))
    view = data["views"][0]
    assert {column[0][1] for column in view["columns"].values()} == {None}
    assert view["reasons"][0][1] == "not judged: it has no point at epoch 10"
    assert "a. They are gaps, not 0." in (tmp_path / "page.html").read_text()


def test_a_mixture_says_why_it_states_no_chance(tmp_path):
    mixture = judged(n_paths=2, reading="mixture")
    data = data_of(tmp_path, [judged(n_paths=2), mixture])
    view = view_of(data, "mixture over copies", "all")
    assert "chance" not in view["columns"]
    assert view["reasons"] == []
    assert "rows of a mixture hang together" in view["absent"]
    assert view_of(data, "mean of single copies", "all")["absent"] == ""


def test_a_population_and_tables_without_columns_say_so(tmp_path):
    view = data_of(tmp_path, judged(sample="population"))["views"][0]
    assert view["absent"].startswith("The whole population was counted")
    view = data_of(tmp_path, plane())["views"][0]
    assert view["absent"].startswith("Chance and bracket are not stated")


def test_layers_without_i_xt_are_named(tmp_path):
    table = plane(n_paths=1, n_symbols=None, coverage=None)
    i_xt = table.i_xt.copy()
    i_xt[..., 0] = np.nan
    view = data_of(tmp_path, replaced(table, i_xt=i_xt))["views"][0]
    assert view["columns"]["i_xt"][0] == [None] * 3
    text = (tmp_path / "page.html").read_text()
    assert "Without I(X;T), of which their measure says nothing: hidden." in text


def test_unresolved_layers_stand_first_of_single_networks(tmp_path):
    unresolved = replaced(judged(), verdict=np.ones((4, 1, 2)))
    sampled = replace(unresolved, reading="sampled")
    write_html(tmp_path / "page.html", [unresolved, sampled], warnings=["First <this>"])
    text = (tmp_path / "page.html").read_text()
    assert text.index("First &lt;this&gt;") < text.index("Unresolved after the last step: a, b.")
    assert text.count("Unresolved after the last step") == 1
    assert "may be what chance gives" in text
    other = replace(unresolved, binning="others")
    write_html(tmp_path / "page.html", [unresolved, other])
    assert "step under others: a, b." in (tmp_path / "page.html").read_text()
    write_html(tmp_path / "page.html", replaced(judged(), verdict=np.full((4, 1, 2), 3)))
    assert "Before you look" not in (tmp_path / "page.html").read_text()


def test_codes_that_may_meet_are_warned_of(tmp_path):
    data_of(tmp_path, replaced(judged(), coding=np.full((4, 1, 2), 0.25)))
    assert "0.25 pairs of different rows" in (tmp_path / "page.html").read_text()


# --- beside the plane -----------------------------------------------------------------------------


def test_curves_of_all_seeds_have_a_mean(tmp_path):
    steps = np.array([0, 10, 20])
    curves = [Curve("loss", steps, np.arange(3) + seed, "training", seed) for seed in range(3)]
    curves.append(Curve("accuracy", steps, [0.5, 0.6, 0.7]))
    data = data_of(tmp_path, several(n_paths=1), curves=curves)
    assert {(curve["name"], curve["seed"]) for curve in data["curves"]} == {
        ("accuracy", None),
        *(("loss", seed) for seed in ("0", "1", "2", "mean of 3")),
    }
    assert data["curves"][-1]["values"] == [1, 2, 3]


def test_maps_of_units_are_there(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    layer = (y[:, None] == np.arange(3)) + 0.1 * rng.normal(size=(60, 3))
    units = fastmi.unit_information(layer.astype(np.float32), y, fastmi.Edges([0.5]))
    (drawn,) = data_of(tmp_path, plane(), units={"hidden": units})["units"]
    assert drawn["layer"] == "hidden"
    assert drawn["classes"] == ["0", "1", "2"]
    np.testing.assert_allclose(
        np.transpose(drawn["of_classes"]), units.excess_of_classes[drawn["units"]], atol=1e-5
    )
    np.testing.assert_allclose(drawn["i_ty"], units.i_ty[drawn["units"]], rtol=1e-5)


def test_of_a_wide_layer_the_best_units_are_mapped_and_the_page_says_so(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    layer = rng.normal(size=(300, 40)).astype(np.float32)
    layer[:, 7] += 3 * (y == 1)
    layer[:, 30] += 2 * (y == 2)
    units = fastmi.unit_information(layer, y, fastmi.Edges([-0.5, 0.5]))
    monkeypatch.setattr(views, "MAP_NUMBERS", 35)  # 4 and 3 classes a unit: five units have room
    (drawn,) = data_of(tmp_path, plane(), units={"wide": units})["units"]
    best = sorted(range(40), key=lambda unit: -units.excess[unit])[:5]
    assert set(drawn["units"]) == set(best) >= {7, 30}
    assert drawn["caption"].startswith("the best 5 of 40 units by I(t;Y) above chance, n = 300")
    both = data_of(tmp_path, plane(), units={"wide": units, "again": units})["units"]
    assert [len(one["units"]) for one in both] == [2, 2]
    monkeypatch.setattr(views, "MAP_NUMBERS", 1)
    (drawn,) = data_of(tmp_path, plane(), units={"wide": units})["units"]
    assert drawn["units"] == best[:1]


def test_a_table_and_a_recorder_write_themselves(tmp_path):
    plane().to_html(tmp_path / "page.html", title="Mine")
    assert "<h1>Mine</h1>" in (tmp_path / "page.html").read_text()


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "options", "error", "words"),
    [
        ([], {}, ValueError, "tables is empty"),
        ("plane", {}, TypeError, "tables is 'plane'"),
        ([plane(), plane()], {}, ValueError, "planes hold seed 0 more than once"),
        ([plane(), plane(n_epochs=4, seed=1)], {}, ValueError, "different epochs"),
        (plane(), {"title": 3}, TypeError, "title is 3: pass a string"),
        (plane(), {"curves": [3]}, TypeError, r"curves is \[3\]: pass a list of"),
        (plane(), {"units": {"a": 3}}, TypeError, "units is .*: pass layer -> what"),
        (plane(), {"card": {"a": 3}}, TypeError, "card is .*: pass name -> words"),
        (plane(), {"notes": ["a"]}, TypeError, "notes is .*: pass name -> words"),
        (plane(), {"warnings": "a"}, TypeError, "warnings is 'a': pass a list of strings"),
        (plane(), {"refresh": 0}, ValueError, "refresh"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(tmp_path, tables, options, error, words):
    with pytest.raises(error, match=words):
        write_html(tmp_path / "page.html", tables, **options)
    assert list(tmp_path.iterdir()) == []


def test_how_often_a_page_was_renewed_says_how_long_to_wait(tmp_path, monkeypatch):
    path, now = tmp_path / "page.html", 1_700_000_000
    told = re.compile(' data-every="3" data-written="(.*)" data-patience="(.*)">')
    monkeypatch.setattr(views.time, "time", lambda: now + 0.5)
    for apart, patience in ((None, 900), (2, 60), (12.5, 63), (100, 500), (4000, 900)):
        if apart is not None:
            os.utime(path, (now, now + 0.5 - apart))
        write_html(path, judged(), refresh=3)
        assert told.search(path.read_text()).groups() == (str(now), str(patience))
    write_html(path, judged())
    assert not told.search(path.read_text())


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        write_html(tmp_path / "nowhere" / "page.html", plane())
    with pytest.raises(TypeError, match="path is None"):
        write_html(None, plane())


def test_without_plotly_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    document._plotly.cache_clear()
    with pytest.raises(ImportError, match=r"fastmi\[report\]"):
        write_html(tmp_path / "page.html", plane())
    assert list(tmp_path.iterdir()) == []
