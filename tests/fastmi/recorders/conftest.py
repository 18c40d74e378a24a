"""Networks that are drawn from the same state in every test."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _fixed_generator():
    """torch's global generator, from which networks are drawn, restored afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(11)
        yield
