"""The benchmarks' peers are right, and nothing is timed that differs. No time is asserted here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmarks.__main__ as command
import fastmi
from benchmarks import gpu_check, recipes, reference, training
from benchmarks.cases import CASES, Case
from benchmarks.estimating import PlaneCase
from benchmarks.labels import LabelCase
from benchmarks.report import duration, write_json
from benchmarks.timing import Disagreement, Race, compare, measure
from benchmarks.training import EXP_1, EXP_2, EXP_3, EXP_4
from experiments.networks import build

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
TINY = PlaneCase("tiny", 64, (5, 2), gains=(1, 4), n_copies=2, n_inputs=6)
SHORT = [replace(case, run=replace(case.run, n_samples=120, epochs=3)) for case in (EXP_1, EXP_2, EXP_3, EXP_4)]


@pytest.fixture(autouse=True)
def one_thread():
    """As the command holds torch."""
    with fastmi.ensemble.one_thread():
        yield


@pytest.fixture(scope="module")
def golden():
    with np.load(DATA / "idnns.npz") as idnns, np.load(DATA / "blog.npz") as blog:
        yield {"idnns": dict(idnns), "blog": dict(blog)}


# --- the peers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbols", [recipes.symbols_by_arithmetic, recipes.symbols_by_digitize])
@pytest.mark.parametrize("n_units", [1, 6, 14])  # packed, packed, the bytes of a row
@pytest.mark.parametrize("distinct", [True, False])
def test_the_peers_agree_with_each_other_and_with_fastmi(symbols, n_units, distinct):
    rng = np.random.default_rng(n_units)
    x = np.arange(200)[:, None] if distinct else rng.integers(3, size=(200, 3))
    y = rng.integers(3, size=(200, 1))
    prototypes = rng.normal(0, 0.7, (20, n_units)).astype(np.float32)  # beyond both ends of the edges
    t = prototypes[rng.integers(20, size=200)]
    published = reference.plane_point(reference.identify(x), reference.identify(y), t, reference.EDGES)
    numpy_recipe = recipes.NumpyPlane(x, y, reference.EDGES, symbols).point(t)
    plane = fastmi.PlaneEstimator(x, y, fastmi.Edges(reference.EDGES, out_of_range="wrap"))
    np.testing.assert_allclose(numpy_recipe, published, rtol=0, atol=1e-12)
    np.testing.assert_allclose(plane.estimate(t)[0], published, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_edges", [2, 30, 50, 300])
def test_bins_by_arithmetic_are_digitize(n_edges):
    edges = np.linspace(-1, 1, n_edges).astype(np.float32)
    beside = [np.nextafter(edges, np.float32(side)) for side in (-np.inf, np.inf)]
    t = np.concatenate([edges, *beside, np.array([-7, -0.0, 0.0, 7], np.float32)])[:, None]
    np.testing.assert_array_equal(recipes.symbols_by_arithmetic(t, edges), np.digitize(t, edges))


def test_the_published_symbols_by_hand():
    t = np.array([[-2.0, -1.0, -0.1, 0.0, 0.9, 1.0, 2.0]])
    assert reference.symbols(t, [-1, 0, 1]).tolist() == [[2, 0, 0, 1, 1, 2, 2]]


@pytest.mark.parametrize("layer", ["edges_dupX/L0", "edges_dupX/L2", "noisy_dupX/L4"])
def test_the_published_recipe_gives_the_golden_values(golden, layer):
    stored = golden["idnns"]
    case = layer.split("/")[0]
    x, y = (reference.identify(stored[f"{case}/{part}"]) for part in ("X", "labels"))
    found = reference.plane_point(x, y, stored[f"{layer}/T"], np.linspace(-1, 1, 30))
    np.testing.assert_allclose(found, stored[f"{layer}/IXT_ITY_bits"][1], rtol=0, atol=1e-12)  # rows: 8, 30, 50, 100 edges


@pytest.mark.parametrize("layer", range(3, 6))
def test_the_published_recipe_gives_the_golden_extended_values(golden, layer):
    stored = golden["blog"]
    x, y = reference.identify(stored["X"]), reference.identify(stored["labels_passed"])
    t = stored[f"L{layer}/T_all_nets"][stored["who"], np.arange(1000)]
    found = reference.plane_point(x, y, t, stored["bins"])
    np.testing.assert_allclose(found, stored[f"L{layer}/extended_bits"], rtol=0, atol=1e-12)


# --- the published run ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_the_published_loop_yields_points_of_the_plane(case):
    x, y = case.sample()
    epochs = list(reference.published_loop(case.network(), x, y, n_copies=case.run.copies, n_epochs=2))
    n_layers = {"exp-1": 2, "exp-2": 6, "exp-3": 6, "exp-4": 2}[case.name]
    assert np.shape(epochs) == (2, n_layers, 2)
    assert np.isfinite(epochs).all()
    assert np.min(epochs) >= -1e-12
    assert np.max(epochs) <= np.log2(120) + 1e-12


@pytest.mark.parametrize(
    ("name", "widths", "n_inputs", "n_units"), [("tanh", (3, 4, 2), 3, [4, 2]), ("digits-cnn", (10, 5), 196, [10, 5])]
)
def test_samples_forwarded_one_by_one_went_through_the_drawn_copy(name, widths, n_inputs, n_units):
    networks = [build(name, widths, seed) for seed in range(2)]
    x, drawn = torch.randn(10, n_inputs, generator=torch.Generator().manual_seed(0)), np.arange(10) % 2
    layers = reference.forward_one_by_one(networks, x, drawn)
    assert [layer.shape for layer in layers] == [(10, d) for d in n_units]
    with torch.no_grad():
        expected = np.stack([network(x).numpy() for network in networks])[drawn, np.arange(10)]
    np.testing.assert_allclose(layers[-1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("make", [reference.simple_data, reference.complicated_data])
def test_the_tanh_data_are_twelve_numbers_and_a_class(make):
    x, classes = make(1000)
    assert (x.shape, x.min(), x.max(), set(classes)) == ((1000, 12), -1, 3, {0, 1})


def test_random_images_have_the_shape_the_range_and_the_repeats_of_pooled_mnist():
    x, classes = reference.image_data(1000)
    distinct, which = np.unique(x, axis=0, return_inverse=True)
    assert (x.shape, x.min(), x.max(), set(classes)) == ((1000, 196), 0, 12, set(range(10)))
    assert 980 <= len(distinct) < 1000
    assert len(np.unique(np.stack([which, classes]), axis=1).T) == len(distinct)  # an image has one class


# --- the whole runs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_every_run_of_the_report_is_raced_per_epoch(case):
    race = case.race(quick=True)
    comparison = compare(race, rounds=1, patience=0.0)
    assert comparison.largest_difference <= 1e-12
    assert [timed.name for timed in comparison.timed] == ["fastmi", "published loop"]
    assert race.work == {"fastmi": 3, "published loop": 2}
    points, published = np.concatenate(race.candidates["fastmi"]()), race.candidates["published loop"]()
    assert (len(points), len(published)) == (3, 2)
    assert points[0].shape == np.shape(published[0])


def test_the_readings_are_added_one_after_the_other():
    comparison = compare(SHORT[1].readings(quick=True), rounds=1, patience=0.0)
    assert [timed.name for timed in comparison.timed] == [
        "train and forward",
        "and the sampled reading",
        "and all three readings",
    ]


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("part", "wrong", "message"),
    [
        ("train_step", lambda *arguments: None, "the training step differs"),
        ("forward_one_by_one", lambda networks, x, drawn: reference.forward_one_by_one(networks, -x, drawn), "forward pass"),
    ],
)
def test_no_run_is_timed_whose_network_differs(monkeypatch, case, part, wrong, message):
    monkeypatch.setattr(training, part, wrong)
    with pytest.raises(Disagreement, match=message):
        case.race(quick=True)


# --- labels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strings", [False, True])
def test_labels_agree_in_nats(strings):
    case = LabelCase("few", 500, strings)
    comparison = compare(case.race(quick=True), rounds=1)
    assert [timed.name for timed in comparison.timed] == ["fastmi.compat.sklearn", "fastmi.mutual_information", "scikit-learn"]
    assert "500 pairs" in case.what
    a, b = case.data()
    assert (len(set(a)), len(set(b)), a.dtype.kind) == (10, 12, "U" if strings else "i")


# --- agree, then time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [([1.0, 2.1], "differs from right by 0.1"), ([1.0, np.nan], "by nan"), ([1.0], "answers with shape")],
)
def test_nothing_is_timed_that_differs(capsys, wrong, message):
    runs = []
    candidates = {"right": lambda: runs.append("right") or [1.0, 2.0], "wrong": lambda: runs.append("wrong") or wrong}
    with pytest.raises(Disagreement, match=message):
        compare(candidates)
    assert runs == ["right", "wrong"]  # once each, for the answer
    assert capsys.readouterr().out == ""


def test_a_comparison_holds_rounds_and_ratios():
    comparison = compare({"first": lambda: 1.0, "second": lambda: 1.0 + 1e-13}, rounds=2)
    assert comparison.largest_difference == pytest.approx(1e-13, rel=0.01)
    first, second = comparison.timed
    ratio = second.against(first)
    assert len(first.seconds) == len(second.seconds) == 2
    assert ratio.low <= ratio.median <= ratio.high


def test_seconds_are_per_unit_of_work_and_the_slow_sit_out():
    runs = []
    (timed,) = measure(Race({"slow": lambda: runs.append(1)}, work={"slow": 10}), rounds=5, patience=0.0)
    assert len(timed.seconds) == 1
    assert timed.seconds[0] * 10 * len(runs) >= 0.02


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_case_prints_agreement_then_a_table_and_writes_json(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "CASES", (Case(TINY.name, TINY.what, TINY.race),))
    assert command.main(["tiny", "--quick", "--json", str(tmp_path / "out.json")]) == 0
    printed = capsys.readouterr().out
    assert printed.index("answers agree") < printed.index("median per run") < printed.index("published recipe")
    assert "fastmi is" in printed
    written = json.loads((tmp_path / "out.json").read_text())
    (case,) = written["cases"]
    assert case["largest_difference"] <= 1e-12
    assert [len(candidate["seconds"]) for candidate in case["candidates"]] == [3] * 5
    assert written["machine"]["versions"]["numpy"] == np.__version__


def test_a_case_whose_answers_differ_prints_no_time(monkeypatch, capsys, tmp_path):
    wrong = Case("wrong", "must fail", lambda quick: Race({"one": lambda: 1.0, "two": lambda: 2.0}))
    monkeypatch.setattr(command, "CASES", (wrong,))
    assert command.main(["wrong", "--json", str(tmp_path / "out.json")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "two differs from one by 1" in printed.err
    assert not list(tmp_path.iterdir())


def test_an_unknown_case_is_named_with_the_options(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["segments-31"])
    assert stop.value.code == 2
    assert "unknown case 'segments-31': choose from segments-30, one-layer," in capsys.readouterr().err


def test_help_lists_the_cases(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")  # so that no name is broken at a hyphen
    with pytest.raises(SystemExit) as stop:
        command.main(["--help"])
    assert stop.value.code == 0
    names = [case.name for case in CASES]
    assert "cases: " + ", ".join(names) in capsys.readouterr().out
    assert {"labels", "exp-1", "exp-2", "exp-3", "exp-4"} <= set(names)
    assert len(set(names)) == len(names)


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "out.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("seconds", "text"), [(7.774, "7.77 s"), (0.0304, "30.4 ms"), (198e-6, "198 us"), (2e-7, "0.20 us")])
def test_durations(seconds, text):
    assert duration(seconds) == text


# --- the GPU ----------------------------------------------------------------------------------------------------------


def test_gpu_check_says_that_there_is_no_gpu():
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command_line = [sys.executable, "-m", "benchmarks", "gpu-check"]
    done = subprocess.run(command_line, cwd=ROOT, env=hidden, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no CUDA device")


def test_gpu_check_rehearsed_on_the_cpu(capsys):
    found = gpu_check.check(TINY, torch.device("cpu"))
    assert found["rows"] == 4 * 64
    assert "bit-identical" in capsys.readouterr().out


def test_gpu_check_refuses_twins_that_differ(monkeypatch, capsys):
    answers = iter([np.zeros(2), np.array([0, 1e-16])])
    monkeypatch.setattr(fastmi.PlaneEstimator, "estimate", lambda plane, layers: next(answers))
    with pytest.raises(Disagreement, match="1 of 2 answers differ between the twins"):
        gpu_check.check(TINY, torch.device("cpu"))
    assert capsys.readouterr().out == ""


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_check_on_a_gpu():
    assert gpu_check.check(TINY, torch.device("cuda"))["peak_bytes"] > 0


def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.__main__._run", lambda *arguments: pytest.fail("work was done"))
    assert command.main(["one-layer", "--json", str(tmp_path)]) == 2
    assert "is a folder: pass the name of a file" in capsys.readouterr().err
