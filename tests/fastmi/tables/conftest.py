"""A table of what was estimated."""

import numpy as np
import pytest

from fastmi import PlaneEstimator, UniformBins


@pytest.fixture
def estimated(rng):
    """An estimator, and layers (n_epochs, n_copies, n, d) for it."""
    estimator = PlaneEstimator(
        np.arange(40)[:, None], rng.integers(0, 2, 40), UniformBins(4, range=(-1, 1))
    )
    return estimator, [rng.uniform(-1, 1, (5, 3, 40, d)) for d in (3, 1)]
