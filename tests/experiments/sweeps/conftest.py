"""A sweep of three runs, each read by two bins, by a thread of this process."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from experiments import sweeps
from tests.experiments.sweeps.compared import EDGES, plan
from tests.runs import undraw


@pytest.fixture
def thread():
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture(scope="session")
def swept(tmp_path_factory):
    """The plan and its folder; both are read alone."""
    out, planned = tmp_path_factory.mktemp("swept"), plan(edges=EDGES)
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as executor:
        undraw(patch)
        assert sweeps.sweep(planned, out, executor=executor) == {}
    return planned, out
