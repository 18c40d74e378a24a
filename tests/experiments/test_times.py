"""How long runs took: as their manifests say, beside the published loop."""

import json

import pytest

from experiments.results import read
from experiments.times import time_of, times_of_loops


def test_times_are_those_of_the_manifest_and_of_the_published_loop(short_runs, times):
    loops = times_of_loops(times)
    assert loops == {"exp-1": 120.0}
    found = {name: read(short_runs[name]) for name in ("seeds", "warm-up", "original", "stopping")}
    texts = {name: time_of(one.run, one.manifest, loops) for name, one in found.items()}
    wall = found["seeds"].manifest["wall_seconds"]
    assert texts["seeds"].startswith(
        f"*Time:* {wall:.1f} s for 3 seeds of one network, 3 steps, 4 recorded and read on 2 "
        "samples"
    )
    assert texts["seeds"].endswith(
        "The published loop: 120000 ms a step, 6 min for one seed, 18 min for 3."
    )
    assert texts["warm-up"].endswith("The published loop: 120000 ms a step, 6 min in all.")
    assert "published loop" not in texts["original"]  # it is not the report's
    assert "published loop" not in texts["stopping"]


def test_the_time_of_a_resumed_run_is_said_to_be_of_its_last_part(short_runs):
    result = read(short_runs["warm-up"])
    texts = [
        time_of(result.run, result.manifest | {"resumed": resumed}, {}) for resumed in (False, True)
    ]
    assert texts[1] == f"{texts[0]} It was interrupted, and this is the time of its last part."


def test_times_that_cannot_be_are_refused(tmp_path):
    path = tmp_path / "times.json"
    with pytest.raises(ValueError, match="which is not what `python -m benchmarks --json` writes"):
        times_of_loops(path)
    candidates = [{"name": "published loop", "median": 0.0}]
    path.write_text(json.dumps({"cases": [{"name": "exp-1", "candidates": candidates}]}))
    with pytest.raises(ValueError, match=r"'published loop' of 'exp-1' took 0\.0 seconds"):
        times_of_loops(path)
