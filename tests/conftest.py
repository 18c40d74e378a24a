"""Every backend meets the same test bodies, and the suite is the same at every run."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import fired

# who waits does not spin: processes of the tests share the cores, and read it as they start
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

fired.watch("fastmi")  # before it is imported

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

import fastmi
from fastmi import inputs
from fastmi.backends import triton_twin
from tests import standin, workers

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
if importlib.util.find_spec("triton") and not standin.missing():
    # kernels are interpreted where this is so when they are defined; other processes compile them
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TRITON_INTERPRET", "1")
        from tests.standin import interpreter  # noqa: F401
DEVICES = {"cuda": torch.device("cuda:0")}
if not standin.missing():
    from tests.standin import device as standin_device

    DEVICES["standin"] = standin_device.DEVICE


@dataclass(frozen=True)
class Backend:
    """One of the ways to run fastmi, and the device that it works on.

    `put` moves an array to where it works; strings have no tensor and stay.
    """

    name: str

    @property
    def device(self) -> torch.device:
        return DEVICES.get(self.name, torch.device("cpu"))

    def put(self, array: Any) -> Any:
        array = np.asarray(array)
        if self.name == "numba" or array.dtype.kind in "US":
            return array
        # a copy: torch warns of read-only memory
        return torch.from_numpy(array.copy()).to(self.device)


@pytest.fixture(params=["numba", "torch", "standin", pytest.param("cuda", marks=pytest.mark.gpu)])
def twin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """The Numba twin on arrays, the torch twin on CPU tensors, what CUDA tensors get on a device.

    The device is a GPU where there is one, else the stand-in for it.
    """
    if request.param in ("standin", "cuda"):
        with _on(request, monkeypatch):
            yield Backend(request.param)
    else:
        with fastmi.use_backend(request.param):
            yield Backend(request.param)


@pytest.fixture(params=["standin", "cuda"])
def cuda(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """For tests about a device itself, marked `gpu`: a GPU where there is one, else the stand-in.

    A test that asks for what only a GPU has says so: `@pytest.mark.gpu(alone="its generators")`.
    """
    with _on(request, monkeypatch):
        yield DEVICES[request.param]


@contextlib.contextmanager
def _on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "cuda":
        if not torch.cuda.is_available():
            pytest.skip(CUDA_MISSING)
        yield
        return
    if standin.missing():
        pytest.skip(standin.missing())
    mark = request.node.get_closest_marker("gpu")
    if mark and mark.kwargs:
        pytest.skip(f"only a GPU has {mark.kwargs['alone']}")
    monkeypatch.setattr(inputs, "DEVICES", (*inputs.DEVICES, standin_device.DEVICE.type))
    # torch's own calls, as where Triton is missing: the interpreter takes a second for 4096 rows
    monkeypatch.setattr(triton_twin, "_missing", lambda device: "the stand-in has none")
    with standin_device.installed():
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20170301)


class Log(logging.Handler):
    """Keeps what fastmi's loggers say; pytest's own plugin for it costs a tenth of short tests."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def text(self) -> str:
        return "\n".join(record.getMessage() for record in self.records)

    @contextlib.contextmanager
    def at(self, level: int) -> Iterator[None]:
        """Hears what is less than a warning, too."""
        logger = logging.getLogger("fastmi")
        before = logger.level
        logger.setLevel(level)
        try:
            yield
        finally:
            logger.setLevel(before)


@pytest.fixture
def log() -> Iterator[Log]:
    logger, handler = logging.getLogger("fastmi"), Log()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


# --- the law that is judged last ------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name == "test_errors.py")


@pytest.fixture
def whole_suite(request: pytest.FixtureRequest) -> bool:
    """Whether every file of tests is run, and all of it, in this process."""
    return _is_whole(request.session) and not _of_several(request.config)


def pytest_collection_finish() -> None:
    """Takes thousands of tests out of the garbage collector's rounds: some tests ask for many."""
    gc.collect()
    gc.freeze()


SKIPPED = set[Path]()  # files that ask for what is not installed here


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        SKIPPED.add(Path(__file__).parents[1] / report.nodeid)


def _is_whole(session: pytest.Session) -> bool:
    chosen = session.config.getoption
    if chosen("keyword") or chosen("markexpr") or chosen("lf", False) or chosen("deselect"):
        return False
    there = set(Path(__file__).parent.rglob("test_*.py"))
    return there <= {item.path for item in session.items} | SKIPPED


def _of_several(config: pytest.Config) -> bool:
    """Whether this is a worker of pytest-xdist, which runs some of the tests."""
    return hasattr(config, "workeroutput")


def pytest_configure(config: pytest.Config) -> None:
    if _of_several(config):
        torch.set_num_threads(1)  # workers share the cores
    else:
        config.pluginmanager.register(workers.Workers())


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _of_several(session.config):
        workers.tell(session.config, _is_whole(session))
