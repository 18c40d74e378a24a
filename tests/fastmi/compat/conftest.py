"""One thread."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """scikit-learn's neighbour search spins between its threads, for seconds where another process
    holds a core.
    """
    with threadpool_limits(1):
        yield
