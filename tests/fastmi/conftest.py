"""The golden files: what the published programs gave."""

import numpy as np
import pytest

from tests import DATA


@pytest.fixture(scope="session")
def idnns():
    """Activations through the authors' own estimator, for 8, 30, 50 and 100 edges."""
    with np.load(DATA / "idnns.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="session")
def blog():
    """Five trained copies on the published data, and the three readings of the report."""
    with np.load(DATA / "blog.npz") as archive:
        return dict(archive)
