"""The published recipe and runs are right, and nothing is timed that differs. No time is asserted
here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

import fastmi
from benchmarks import (
    bench_cases,
    cold,
    command,
    curves,
    encoding,
    gpu_check,
    limits,
    machine,
    reference,
    threads,
    training,
)
from benchmarks.cases import CASES, Case
from benchmarks.curves import Curve, layer_race
from benchmarks.estimating import PlaneCase
from benchmarks.labels import LabelCase
from benchmarks.peers import peers
from benchmarks.timing import Disagreement, Race, Ratio, Timed, compare, measure
from benchmarks.training import EXP_1, EXP_2, EXP_3, EXP_4
from experiments.networks import build
from tests import DATA, ROOT

TINY = PlaneCase("tiny", 64, (5, 2), gains=(1, 4), n_copies=2, n_inputs=6)
SHORT = [
    replace(case, run=replace(case.run, n_samples=120, epochs=3))
    for case in (EXP_1, EXP_2, EXP_3, EXP_4)
]


@pytest.fixture(autouse=True)
def one_thread():
    """As the command holds torch."""
    with fastmi.networks.one_thread():
        yield


@pytest.fixture(scope="module")
def golden():
    with np.load(DATA / "idnns.npz") as idnns, np.load(DATA / "blog.npz") as blog:
        yield {"idnns": dict(idnns), "blog": dict(blog)}


# --- the published recipe -------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["edges_dupX/L0", "edges_dupX/L2", "noisy_dupX/L4"])
def test_the_published_recipe_gives_the_golden_values(golden, layer):
    stored = golden["idnns"]
    case = layer.split("/")[0]
    x, y = (reference.identify(stored[f"{case}/{part}"]) for part in ("X", "labels"))
    found = reference.plane_point(x, y, stored[f"{layer}/T"], np.linspace(-1, 1, 30))
    # rows: 8, 30, 50, 100 edges
    np.testing.assert_allclose(found, stored[f"{layer}/IXT_ITY_bits"][1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("layer", range(3, 6))
def test_the_published_recipe_gives_the_golden_extended_values(golden, layer):
    stored = golden["blog"]
    x, y = reference.identify(stored["X"]), reference.identify(stored["labels_passed"])
    t = stored[f"L{layer}/T_all_nets"][stored["who"], np.arange(1000)]
    found = reference.plane_point(x, y, t, stored["bins"])
    np.testing.assert_allclose(found, stored[f"L{layer}/extended_bits"], rtol=0, atol=1e-12)


# --- the published run ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_the_published_loop_yields_points_of_the_plane(case):
    x, y = case.sample()
    epochs = list(
        reference.published_loop(case.network(), x, y, n_copies=case.run.copies, n_epochs=2)
    )
    n_layers = {"exp-1": 2, "exp-2": 6, "exp-3": 6, "exp-4": 2}[case.name]
    assert np.shape(epochs) == (2, n_layers, 2)
    assert np.isfinite(epochs).all()
    assert np.min(epochs) >= -1e-12
    assert np.max(epochs) <= np.log2(120) + 1e-12


@pytest.mark.parametrize(
    ("name", "widths", "n_inputs", "n_units"),
    [("tanh", (3, 4, 2), 3, [4, 2]), ("digits-cnn", (10, 5), 196, [10, 5])],
)
def test_samples_forwarded_one_by_one_went_through_the_drawn_copy(name, widths, n_inputs, n_units):
    networks = [build(name, widths, seed) for seed in range(2)]
    x, drawn = (
        torch.randn(10, n_inputs, generator=torch.Generator().manual_seed(0)),
        np.arange(10) % 2,
    )
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
    # an image has one class
    assert len(np.unique(np.stack([which, classes]), axis=1).T) == len(distinct)


# --- the whole runs -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_every_run_of_the_report_is_raced_per_epoch(case):
    race = case.race(quick=True)
    comparison = compare(race, rounds=1, patience=0.0)
    assert comparison.largest_difference <= 1e-12
    assert [timed.name for timed in comparison.timed] == ["fastmi", "published loop"]
    assert race.work == {"fastmi": 3, "published loop": 2}
    points, published = (
        np.concatenate(race.candidates["fastmi"]()),
        race.candidates["published loop"](),
    )
    assert (len(points), len(published)) == (3, 2)
    assert points[0].shape == np.shape(published[0])


def test_the_readings_are_added_one_after_the_other():
    comparison = compare(SHORT[1].readings(quick=True), rounds=1, patience=0.0)
    assert [timed.name for timed in comparison.timed] == [
        "training",
        "and the sampled reading",
        "and all three readings",
    ]


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("part", "wrong", "message"),
    [
        ("train_step", lambda *arguments: None, "the training step differs"),
        (
            "forward_one_by_one",
            lambda networks, x, drawn: reference.forward_one_by_one(networks, -x, drawn),
            "forward pass",
        ),
    ],
)
def test_no_run_is_timed_whose_network_differs(monkeypatch, case, part, wrong, message):
    monkeypatch.setattr(training, part, wrong)
    with pytest.raises(Disagreement, match=message):
        case.race(quick=True)


# --- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strings", "n_units"), [(False, 0), (True, 0), (False, 4)])
def test_labels_agree_in_nats(strings, n_units):
    case = LabelCase("few", 500, strings, n_units)
    comparison = compare(case.race(quick=True), rounds=1)
    names = [timed.name for timed in comparison.timed]
    assert names[0] == "fastmi"
    assert "scikit-learn, mutual_info_score" in names
    assert ("fastmi.compat.sklearn" in names) == (n_units == 0)
    assert "500" in case.what
    a, b = case.data()
    assert (len(set(a.reshape(500, -1)[:, 0])), len(set(b)), a.dtype.kind) == (
        10,
        12,
        "U" if strings else "i",
    )


# --- agree, then time -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0, 2.1], "differs from right by 0.1"),
        ([1.0, np.nan], "by nan"),
        ([1.0], "answers with shape"),
    ],
)
def test_nothing_is_timed_that_differs(capsys, wrong, message):
    runs = []
    candidates = {
        "right": lambda: runs.append("right") or [1.0, 2.0],
        "wrong": lambda: runs.append("wrong") or wrong,
    }
    with pytest.raises(Disagreement, match=message):
        compare(candidates)
    assert runs == ["right", "wrong"]  # once each, for the answer
    assert capsys.readouterr().out == ""


def test_a_comparison_holds_rounds_and_ratios():
    comparison = compare({"first": lambda: 1.0, "second": lambda: 1.0 + 1e-13}, rounds=2)
    assert comparison.largest_difference == pytest.approx(1e-13, rel=0.01)
    first, second = comparison.timed
    assert len(first.seconds) == len(second.seconds) == 2
    assert first.ratio == Ratio(1, 1, 1)
    assert second.ratio.low <= second.ratio.median <= second.ratio.high


def test_seconds_are_per_unit_of_work_and_the_slow_sit_out():
    runs = []
    (timed,) = measure(
        Race({"slow": lambda: runs.append(1)}, work={"slow": 10}), rounds=5, patience=0.0
    )
    assert len(timed.seconds) == 1
    assert timed.seconds[0] * 10 * len(runs) >= 0.02


def test_the_minimum_and_the_spread_of_the_rounds():
    timed = Timed("one", (3.0, 1.0, 2.0), (1.0, 1.0, 4.0))
    assert (timed.minimum, timed.median, timed.spread) == (1.0, 2.0, 1.0)
    assert timed.ratio == Ratio(1.0, 0.5, 3.0)


def test_a_candidate_may_be_as_far_away_as_its_arithmetic_allows():
    far = Race({"one": lambda: 1.0, "float32": lambda: 1.0 + 1e-7}, agree={"float32": 1e-6})
    assert compare(far, rounds=1).differences == {
        "one": 0.0,
        "float32": pytest.approx(1e-7, rel=0.01),
    }
    with pytest.raises(Disagreement, match="float32 differs from one by 1e-07, more than 1e-08"):
        compare(replace(far, agree={"float32": 1e-8}))


def test_blocks_alternate_and_last_long_enough():
    """By a stopwatch of our own: a run takes 8 ms, so a block is three of them; each block of b and
    c is between two of a.
    """
    ran, now = [], [0.0]

    def run(name):
        ran.append(name)
        now[0] += 0.008 if name in "ab" else 0.36

    def stopwatch():
        start = now[0]
        return lambda: now[0] - start

    timed = measure(
        Race({name: partial(run, name) for name in "abc"}), rounds=2, stopwatch=stopwatch
    )
    around_b, around_c = "aaabbbaaa", "aaac" + "a" * 5  # the block after c lasts a tenth of c
    assert "".join(ran) == around_b + around_c + around_c + around_b
    assert [(one.name, one.seconds) for one in timed] == [
        ("a", pytest.approx((0.008,) * 4)),
        ("b", pytest.approx((0.008, 0.008))),
        ("c", pytest.approx((0.36, 0.36))),
    ]
    assert timed[2].ratio == Ratio(*[pytest.approx(45)] * 3)


def test_a_machine_that_changes_its_speed_leaves_the_ratios():
    """Half as fast for a second, then for a second as before: the times spread, the ratio stays."""
    now = [0.0]

    def run(seconds):
        now[0] += seconds * (2 if now[0] % 2 < 1 else 1)

    def stopwatch():
        start = now[0]
        return lambda: now[0] - start

    timed = measure(
        Race({"a": partial(run, 0.01), "b": partial(run, 0.03)}),
        rounds=50,
        patience=100,
        stopwatch=stopwatch,
    )
    assert timed[0].spread > 0.4
    assert timed[1].spread > 0.4
    assert timed[1].ratio.median == pytest.approx(3)


# --- the machine ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spins", "load", "busy"),
    [([1.0, 1.1, 1.2], 0.0, False), ([1.0, 1.5, 1.5], 0.0, True), ([1.0, 1.0, 1.0], 1e3, True)],
)
def test_a_busy_machine_is_said_at_the_start(monkeypatch, spins, load, busy):
    monkeypatch.setattr(machine, "spins", lambda: spins)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0, 0))
    found = machine.machine()
    assert found.busy == busy
    assert ("BUSY" in str(found)) == busy
    assert found.unrest == pytest.approx(spins[1] - 1)
    assert "every candidate held to 1 thread" in str(found)


def test_the_fixed_loop_is_timed_again_and_again():
    taken = machine.spins()
    assert len(taken) == machine.SPINS
    assert min(taken) > 0


def test_every_pool_is_asked_for_one_thread_before_it_is_made(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "8"})
    threads.hold()
    assert os.environ == dict.fromkeys(
        [f"{pool}_NUM_THREADS" for pool in threads.POOLS] + ["POLARS_MAX_THREADS"], "1"
    )
    source = (ROOT / "benchmarks/__main__.py").read_text()
    assert source.index("hold()") < source.index("from benchmarks.command import")


def test_limits_are_bytes_over_the_quickest_round(monkeypatch):
    rounds = (Timed("read", (0.5, 0.25), (1, 1)), Timed("copied", (1.0, 0.5), (1, 1)))
    monkeypatch.setattr(limits, "measure", lambda race, **options: rounds)
    found = limits.limits(n_bytes=1 << 10)
    assert (found.read, found.copied) == (4 << 10, 4 << 10)  # a copy reads and writes


def test_limits_read_every_number_once():
    values = np.arange(100, dtype=np.float32)
    assert limits._sum(values) == 4950
    found = limits.limits(torch.device("cpu"), n_bytes=1 << 12)
    assert min(found.read, found.copied) > 0


def test_the_second_process_finds_what_the_first_compiled(monkeypatch):
    program = """
import json, os, pathlib
folder = pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
found = len(list(folder.iterdir()))
(folder / "kernel").touch()
print(json.dumps([10 + found, found, 20 + found]))
"""
    monkeypatch.setattr(cold, "PROGRAM", program)
    assert cold.cold() == cold.Cold(imported=11, compiling=0, cached=1, again=21)


def test_the_program_that_is_timed_in_a_fresh_process_runs(capsys):
    exec(cold.PROGRAM, {})
    assert len(json.loads(capsys.readouterr().out)) == 3


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def tiny(monkeypatch):
    """Two cases and a curve that are done in no time."""
    names = tuple(peer.name for peer in peers())
    few = LabelCase("few", 200)
    cases = (
        Case("tiny", TINY.what, TINY.race, who=names),
        Case("few", few.what, few.race, scale="nats", who=names),
    )
    curve = Curve(
        "samples",
        "one small layer",
        "samples",
        lambda quick: iter([(n, layer_race(1, n, 2, 100)) for n in (50, 100)]),
    )
    monkeypatch.setattr(command, "CASES", cases)
    monkeypatch.setattr(command, "CURVES", (curve,))
    monkeypatch.setattr(command, "limits", lambda: limits.Limits(1 << 20, 5e9, 4e9))
    monkeypatch.setattr(command, "cold", lambda: cold.Cold(0.5, 12.0, 0.25, 0.001))
    monkeypatch.setattr(command, "QUICK", {"rounds": 2, "patience": 0.0})
    monkeypatch.setattr(command, "CURVE", {"rounds": 1, "patience": 0.0})


def test_everything_is_said_in_order_and_written(tiny, capsys, tmp_path):
    assert command.main(["--quick", "--json", str(tmp_path / "out.json")]) == 0
    printed = capsys.readouterr().out
    order = [
        "at the start: ",
        "a sum reads 5.0 GB/s",
        "12.0 s while kernels are compiled",
        "answers agree",
        "median per run",
    ]
    order += ["np.digitize", "not run: ", "of what memory read once allows", "over samples"]
    assert [printed.index(words) for words in order] == sorted(
        printed.index(words) for words in order
    )
    assert "fastmi is" in printed
    written = json.loads((tmp_path / "out.json").read_text())
    case, _ = written["cases"]
    assert case["largest_difference"] <= 1e-12
    first, *others = case["candidates"]
    assert {len(candidate["seconds"]) for candidate in others} == {1}
    assert len(first["seconds"]) == len(others)
    assert {*(candidate["name"] for candidate in case["candidates"]), *case["absent"]} == {
        peer.name for peer in peers()
    }
    assert case["read"]["bytes"] == 2 * 64 * (5 + 2) * 4
    assert case["read"]["share"] == pytest.approx(
        case["read"]["bytes"] / case["candidates"][0]["median"] / 5e9
    )
    assert [point["at"] for point in written["curves"][0]["points"]] == [50, 100]
    assert [len(point["candidates"]) for point in written["curves"][0]["points"]] == [3, 1]
    assert written["cold"]["compiling"] == 12.0
    assert written["machine"]["versions"]["numpy"] == np.__version__
    for name, reason in written["not_here"].items():
        assert f"not here: {name}: {reason}\n" in printed


def test_only_what_is_named_is_run(tiny, capsys, tmp_path):
    assert command.main(["few", "--quick", "--json", str(tmp_path / "out.json")]) == 0
    written = json.loads((tmp_path / "out.json").read_text())
    assert [case["name"] for case in written["cases"]] == ["few"]
    assert (written["curves"], written["cold"]) == ([], None)


def test_a_wrong_peer_stops_and_no_time_is_printed(tiny, monkeypatch, capsys, tmp_path):
    right, *others = peers()
    wrong = replace(
        others[1], plane=lambda x, y, edges: lambda layers: right.plane(x, y, edges)(layers) + 1e-9
    )
    monkeypatch.setattr("benchmarks.peers.peers", lambda: (right, wrong, *others[2:]))
    assert command.main(["tiny", "--quick", "--json", str(tmp_path / "out.json")]) == 1
    printed = capsys.readouterr()
    assert f"{wrong.name} differs from fastmi by 1e-09" in printed.err
    assert "median" not in printed.out
    assert not list(tmp_path.iterdir())


def test_an_unknown_case_is_named_with_the_options(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["segments-31"])
    assert stop.value.code == 2
    assert (
        "unknown case 'segments-31': choose from segments-30, segments-3000,"
        in capsys.readouterr().err
    )


def test_help_lists_the_cases(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "900")  # so that no name is broken at a hyphen
    with pytest.raises(SystemExit) as stop:
        command.main(["--help"])
    assert stop.value.code == 0
    names = [case.name for case in CASES]
    assert "cases: " + ", ".join(names) in capsys.readouterr().out
    assert {
        "segments-30",
        "one-layer",
        "wide",
        "labels",
        "exp-1",
        "exp-2",
        "exp-2-readings",
        "exp-3",
        "exp-4",
    } <= set(names)
    assert len(set(names)) == len(names)


def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(command, "_run", lambda *arguments: pytest.fail("work was done"))
    assert command.main(["one-layer", "--json", str(tmp_path)]) == 2
    assert "is a folder: pass the name of a file" in capsys.readouterr().err


# --- curves ---------------------------------------------------------------------------------------


def test_more_segments_than_are_held_are_the_same_ones_again(monkeypatch):
    monkeypatch.setattr(curves, "TOGETHER", 2)
    read = []
    monkeypatch.setattr(curves, "_fastmi", lambda x, y: lambda layer: read.append(len(layer)))
    race = layer_race(5, 20, 3, affordable=0)
    race.candidates["fastmi"]()
    assert read == [2, 2, 1]
    assert race.n_bytes == 5 * 20 * 3 * 4
    assert set(race.absent) == {"NumPy, bins by arithmetic", "NumPy, np.digitize"}


def test_the_points_of_a_curve_agree_with_numpy():
    comparison = compare(layer_race(3, 100, 4, affordable=10_000), rounds=1)
    assert [timed.name for timed in comparison.timed] == [
        "fastmi",
        "NumPy, bins by arithmetic",
        "NumPy, np.digitize",
    ]
    assert comparison.largest_difference <= 1e-12


def test_curves_rise_and_threads_give_the_same_numbers(monkeypatch):
    monkeypatch.setattr(curves, "layer_race", lambda *size: layer_race(2, 30, 2, 0))
    for curve in curves.CURVES:
        moved = [at for at, _ in curve.points(False)]
        assert moved == sorted(set(moved))
        assert len(moved) >= 2
    threaded = [race for curve in curves.CURVES[-2:] for _, race in curve.points(True)]
    assert all(compare(race, rounds=1).largest_difference == 0.0 for race in threaded)


def test_other_programs_run_beside_and_are_ended(monkeypatch):
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *arguments: started.append(popen(*arguments)) or started[-1]
    )
    monkeypatch.setattr(curves, "layer_race", lambda *size: layer_race(2, 30, 2, 0))
    points = curves.CURVES[-1].points(True)
    next(points)
    assert started
    assert all(other.poll() is None for other in started)
    points.close()
    assert all(other.poll() is not None for other in started)


def test_chunks_come_again_and_again_and_agree_with_one_call(monkeypatch):
    monkeypatch.setattr(curves, "CHUNK", 200)
    points = dict(curves.CURVES[1].points(False))
    assert list(points) == [200, 2000, 20_000]
    comparison = compare(points[2000], rounds=1)
    assert [timed.name for timed in comparison.timed] == ["fastmi.Stream", "fastmi, all at once"]
    assert comparison.largest_difference == 0.0
    assert set(points[20_000].absent) == {"fastmi, all at once"}


def test_memory_is_weighed_where_it_is_asked_for():
    race = Race(
        {"small": lambda: np.zeros(10).sum(), "large": lambda: np.zeros(10**6).sum()}, weighed=True
    )
    peaks = compare(race, rounds=1).peaks
    assert peaks["small"] < 10**5 < 8 * 10**6 <= peaks["large"] < 9 * 10**6
    assert compare(replace(race, weighed=False), rounds=1).peaks == {}


def test_codes_that_differ_in_their_highest_bit_alone_differ():
    with pytest.raises(Disagreement):
        compare({"one": lambda: np.array([0]), "two": lambda: np.array([-(2**63)])}, agree=0)


@pytest.mark.parametrize("case", encoding.CODINGS, ids=lambda case: case.name)
def test_codes_are_compared_exactly(case, monkeypatch):
    monkeypatch.setattr(
        encoding, "symbols_by_arithmetic", lambda t, edges: np.digitize(t, edges) + (t == t[5, 0])
    )
    small = replace(case, n_samples=100)
    with pytest.raises(Disagreement, match="bins by arithmetic differs from fastmi by"):
        compare(small.race(quick=False), rounds=1)
    monkeypatch.undo()
    comparison = compare(small.race(quick=False), rounds=1)
    assert tuple(timed.name for timed in comparison.timed) == encoding.CANDIDATES
    assert comparison.largest_difference == 0.0


# --- pytest-benchmark -----------------------------------------------------------------------------


def test_the_benchmarks_are_those_of_the_cases_and_agree_first():
    entries = [(param.values[0].name, param.values[1]) for param in bench_cases.ENTRIES]
    assert len(set(entries)) == len(entries)
    assert {name for name, _ in entries} == {case.name for case in CASES}
    small = next(case for case in CASES if case.name == "joint-rows")
    race = bench_cases.agreed(small)
    assert set(small.who) == {*race.candidates, *race.absent}
    with pytest.raises(Disagreement):
        bench_cases.agreed(
            Case("wrong", "must fail", lambda quick: Race({"one": lambda: 1.0, "two": lambda: 2.0}))
        )


@pytest.mark.parametrize("case", SHORT[:1], ids=lambda case: case.name)
def test_the_names_of_a_run_are_those_of_its_candidates(case):
    who = {case.name: case.who for case in CASES}
    assert tuple(case.race(quick=True).candidates) == who[case.name]
    assert tuple(case.readings(quick=True).candidates) == who["exp-2-readings"]


def test_the_ordinary_pytest_collects_no_benchmark():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["testpaths"] == ["tests", "fastmi"]
    assert not list((ROOT / "benchmarks").rglob("test_*.py"))


# --- the GPU --------------------------------------------------------------------------------------

MEMORY = limits.Limits(1 << 20, 1e9, 1e9)


def test_gpu_check_says_that_there_is_no_gpu():
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command_line = [sys.executable, "-m", "benchmarks", "gpu-check"]
    done = subprocess.run(
        command_line, cwd=ROOT, env=hidden, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no CUDA device")


def test_a_run_on_a_gpu_that_is_not_there_fails(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command.main(["--device", "cuda", "segments-30"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error: no CUDA device here" in printed.err


def test_a_case_without_layers_is_refused_on_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(
        ValueError,
        match=r"exp-4: no such case on a GPU: choose from segments-30, .*exp-2-50-copies",
    ):
        gpu_check.run(["exp-4"], None)


def test_gpu_check_rehearsed_on_the_cpu(capsys):
    found = gpu_check.check(TINY, torch.device("cpu"), MEMORY)
    assert found["rows"] == 4 * 64
    assert [own["difference"] for own in found["candidates"][:2]] == [0.0, 0.0]
    assert [own["name"] for own in found["candidates"]] == [
        "fastmi",
        "fastmi, Numba twin on the CPU",
        "torch.unique(dim=0)",
    ]
    assert found["launching"] > 0
    printed = capsys.readouterr().out
    assert "answers agree" in printed
    assert f"bound by {found['bound']}: launching alone takes" in printed


def test_a_whole_run_on_a_device_rehearsed_on_the_cpu(capsys):
    found = gpu_check.check(SHORT[1], torch.device("cpu"), MEMORY, quick=True)
    assert [(own["name"], own["difference"]) for own in found["candidates"]] == [
        ("fastmi", 0.0),
        ("fastmi on the CPU", 0.0),
    ]
    assert found["unit"] == "epoch"
    assert "answers agree" in capsys.readouterr().out


def test_a_whole_run_on_a_device_whose_readings_differ_is_not_timed(monkeypatch):
    answers = iter([np.zeros(2), np.array([0, 1e-16])])
    monkeypatch.setattr(training, "three_readings", lambda *arguments: next(answers))
    with pytest.raises(
        Disagreement, match="fastmi on the CPU differs from fastmi by 1e-16, more than 0"
    ):
        gpu_check.check(SHORT[1], torch.device("cpu"), MEMORY)


def test_gpu_check_refuses_twins_that_differ(monkeypatch, capsys):
    answers = iter([np.zeros(2), np.array([0, 1e-16])])
    monkeypatch.setattr(fastmi.PlaneEstimator, "estimate", lambda plane, layers: next(answers))
    with pytest.raises(
        Disagreement, match="Numba twin on the CPU differs from fastmi by 1e-16, more than 0"
    ):
        gpu_check.check(TINY, torch.device("cpu"), MEMORY)
    assert capsys.readouterr().out == ""


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_check_on_a_gpu():
    for case in (TINY, SHORT[1]):
        assert gpu_check.check(case, torch.device("cuda"), MEMORY, quick=True)["peak_bytes"] > 0
