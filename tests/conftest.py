"""Every backend meets the same test bodies, and the suite is the same at every run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import fired

fired.watch("fastmi")  # before it is imported

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

import fastmi

settings.register_profile(
    "fastmi",
    derandomize=True,  # the same examples at every run
    database=None,
    deadline=None,  # the first example of a test compiles kernels
    max_examples=40,
    # the fixture holds no state
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("fastmi")

CUDA_MISSING = "no CUDA device here"


@dataclass(frozen=True)
class Backend:
    """One of the ways to run fastmi.

    `put` moves an array to where it works; strings have no tensor and stay.
    """

    name: str

    def put(self, array: Any) -> Any:
        array = np.asarray(array)
        if self.name == "numba" or array.dtype.kind in "US":
            return array
        tensor = torch.from_numpy(array.copy())  # torch warns of read-only memory
        return tensor.cuda() if self.name == "cuda" else tensor


@pytest.fixture(params=["numba", "torch", pytest.param("cuda", marks=pytest.mark.gpu)])
def twin(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The Numba twin on arrays, the torch twin on CPU tensors and on CUDA tensors."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip(CUDA_MISSING)
    # the container alone sends CUDA tensors to their twin; CPU tensors must be sent
    with contextlib.nullcontext() if request.param == "cuda" else fastmi.use_backend(request.param):
        yield Backend(request.param)


@pytest.fixture
def cuda() -> torch.device:
    """For tests about a CUDA device itself; mark them `gpu`."""
    if not torch.cuda.is_available():
        pytest.skip(CUDA_MISSING)
    return torch.device("cuda")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20170301)


# --- the law that is judged last ------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name == "test_errors.py")


@pytest.fixture
def whole_suite(request: pytest.FixtureRequest) -> bool:
    """Whether every file of tests is run, and all of it."""
    chosen = request.config.getoption
    if chosen("keyword") or chosen("markexpr") or chosen("lf", False) or chosen("deselect"):
        return False
    there = set(Path(__file__).parent.rglob("test_*.py"))
    return there <= {item.path for item in request.session.items}
