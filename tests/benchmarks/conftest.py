"""One thread, as the command holds torch."""

from __future__ import annotations

import pytest
import torch

import fastmi
from benchmarks.device.place import Place
from benchmarks.peers import library
from tests.benchmarks.records import candidate, case


@pytest.fixture(autouse=True)
def one_thread():
    """As the command holds torch."""
    with fastmi.networks.one_thread():
        yield


@pytest.fixture
def place():
    """A rehearsal's."""
    return Place(torch.device("cpu"), rehearsed=True)


@pytest.fixture
def record():
    """Of one run; every number occurs once."""
    fastmi = candidate("fastmi", [0.0018231, 0.0014743], (1, 1, 1))
    pandas = candidate("pandas", [0.0713, 0.0647], (31.7, 39.2, 44.9), 1.87e-15)
    polars = candidate("polars", [0.0001197, 0.0001143], (0.0589, 0.0657, 0.0737), 2.93e-15)
    read = {"bytes": 491_520, "bytes_per_second": 2.696e8, "share": 0.02174}
    first = case(
        "tall",
        fastmi,
        pandas,
        polars,
        absent={"pyitlib": "too slow: about 57 s expected"},
        read=read,
        about="777 rows",
    )
    second = case(
        "runs",
        candidate("train", [0.0033], (1, 1, 1)),
        candidate("and read", [0.0021], (0.61, 0.63, 0.65), None),
    )
    slow = {"NumPy": "more than 63 activations"}
    points = [
        {
            "at": 1000 * k,
            **case("", candidate("fastmi", [k * 0.0123], (1, 1, 1)), absent=slow, read=read),
        }
        for k in (3, 7)
    ]
    machine = {
        "processor": "Some processor",
        "cores": 19,
        "threads": 1,
        "load": 0.27,
        "unrest": 0.0834,
        "busy": False,
    }
    return {
        "device": "cpu",
        "quick": False,
        "machine": machine | {"versions": {"numpy": "2.4.6"}, "date": "2026-11-23 17:10 UTC"},
        "not_here": {"cuDF": "cudf is not installed"},
        "limits": {"n_bytes": 268_435_456, "read": 1.2399e10, "copied": 1.1499e10},
        "cold": {"imported": 0.5212, "compiling": 13.67, "cached": 0.8423, "again": 0.0002871},
        "cases": [first, second],
        "curves": [{"name": "samples", "what": "one layer", "axis": "samples", "points": points}],
    }


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    """Which library is there is asked anew."""
    library.cache_clear()
    yield
    library.cache_clear()
