"""Two workers of Dask on this machine, or the reason why there are none."""

import importlib.util
import os
from contextlib import contextmanager

import pytest


def need_dask():
    """Skips a file where Dask is missing; under `make test-cluster` it fails there instead."""
    if not importlib.util.find_spec("distributed") and not os.environ.get("FASTMI_CLUSTER"):
        pytest.skip("Dask is not installed (make .venv/cluster)", allow_module_level=True)


@contextmanager
def cluster(n_workers=2):
    """Gives a `distributed.LocalCluster` of processes, each of one thread, on loopback."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # which it opens without a dashboard too
    ) as local:
        yield local
