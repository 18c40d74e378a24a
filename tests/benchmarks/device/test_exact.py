"""The device against the Numba twin: what is not the same is found."""

from __future__ import annotations

import numpy as np
import pytest

import fastmi
from benchmarks.device import exact
from benchmarks.device.findings import unequal
from fastmi.backends import Census, torch_twin


def test_every_binning_is_tried_packed_and_hashed(place):
    names = [name for name, _ in exact.cases(place)]
    for binning in exact.BINNINGS:
        assert sum(name.startswith(f"{binning}, ") for name in names) > 3
    assert len(set(names)) == len(names)
    assert {1, 2, 50, 1000} < {binning.n_edges for binning in exact.BINNINGS.values()} | {1000}


WIDE = "published, 3 x 5000 x 11, labels of 10"


def test_twins_that_are_equal_are_found_so(place):
    record = dict(exact.cases(place))[WIDE]()
    kinds = {"codes": True, "census": True, "tally": True}
    assert record == {"equal": {"as it comes": kinds, "torch's lines": kinds}}


def spoilt(found):
    found[0][0] += 1
    return found


@pytest.mark.parametrize(
    ("function", "spoil", "kinds"),
    [
        ("encode_layers", spoilt, {"codes"}),
        ("encode_layers", lambda found: found._replace(census=[Census(0, 7)]), {"census"}),
        ("tally", lambda found: found._replace(times=found.times + 1), {"tally"}),
    ],
)
def test_a_twin_that_is_wrong_is_found(place, monkeypatch, function, spoil, kinds):
    right = getattr(torch_twin, function)
    monkeypatch.setattr(torch_twin, function, lambda *args, **more: spoil(right(*args, **more)))
    record = dict(exact.cases(place))[WIDE]()
    wrong = {kind for kind, same in record["equal"]["as it comes"].items() if not same}
    assert kinds <= wrong
    assert unequal(record)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("readings of a plane", "PlaneEstimator.readings"),
        ("labels", "conditional_mutual_information"),
        ("half precisions, strided", "encode"),
        ("NaN are counted", "encode"),
        ("a stream", "Stream.update"),
    ],
)
def test_every_other_case_sees_what_the_public_face_gives(place, monkeypatch, name, member):
    run = dict(exact.cases(place))[name]
    assert not unequal(run())
    owner, _, method = f"fastmi.{member}".rpartition(".")
    owner = fastmi if owner == "fastmi" else getattr(fastmi, owner.removeprefix("fastmi."))
    right, calls = getattr(owner, method), []

    def wrong(*args, **options):
        calls.append(1)
        if len(calls) == 1:
            return right(*args, **options)
        if method == "update":  # the first row again and again
            return right(args[0], args[1][[0] * len(args[1])], *args[2:])
        if method == "readings":
            answer = right(*args, **options)
            return {key: points.map(lambda column: column + 1) for key, points in answer.items()}
        return 7 if method != "encode" else np.zeros(3)

    monkeypatch.setattr(owner, method, wrong)
    assert unequal(run())
