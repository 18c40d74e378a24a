"""One thread."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """One thread: scikit-learn's neighbour search spins where another process holds a core."""
    with threadpool_limits(1):
        yield
