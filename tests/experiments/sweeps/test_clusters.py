"""Where Dask is missing it is said; with it, tests/cluster/test_sweeps.py tells."""

import sys

import pytest

from experiments.sweeps import clusters


def test_where_dask_is_missing_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(
            ValueError, match=r"Dask cannot be loaded .*: pip install 'fastmi\[cluster\]'"
        ),
        clusters.connected("tcp://127.0.0.1:1"),
    ):
        pytest.fail("it was connected")
