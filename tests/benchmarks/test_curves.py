"""Curves rise, and their points agree with NumPy."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import numpy as np

from benchmarks import curves
from benchmarks.curves import layer_race
from benchmarks.timing import Race, compare


def test_more_segments_than_are_held_are_the_same_ones_again(monkeypatch):
    monkeypatch.setattr(curves, "HELD_SEGMENTS", 2)
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
    monkeypatch.setattr(curves, "CHUNK_ROWS", 200)
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
