"""Variables and layers that several measures are tried on."""

import numpy as np
import pytest


@pytest.fixture
def case(rng):
    """x, y, and layers (3 epochs, 2 copies, 60, d) by name."""
    x, y = rng.integers(0, 9, (60, 2)), rng.integers(0, 3, 60)
    return (
        x,
        y,
        {
            name: np.tanh(rng.normal(size=(3, 2, 60, d))).astype(np.float32)
            for name, d in (("a", 3), ("b", 1), ("c", 2))
        },
    )
