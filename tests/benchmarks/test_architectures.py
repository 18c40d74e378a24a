"""A model that is watched as `python -m benchmarks architectures` does: layers, and what fails."""

import warnings

import torch
from torch import nn

from benchmarks.architectures import ARCHITECTURES, Finding, table, watched


class Named(nn.Module):
    def __init__(self, careless=False):
        super().__init__()
        self.linear, self.act, self.careless = nn.Linear(4, 3), nn.ReLU(), careless

    def forward(self, x):
        if self.careless and torch.is_grad_enabled() is False:
            with torch.no_grad():
                self.linear.weight.mul_(2)
        return {"out": self.act(self.linear(x))}


SAMPLES = (
    {"x": torch.randn(16, 4, generator=torch.Generator().manual_seed(0))},
    torch.arange(16) % 2,
)


def found(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return watched("Named", model, SAMPLES)


def test_what_is_as_it_was_has_no_faults():
    assert found(Named()) == Finding("Named", 15, ("act",), ())


def test_what_changes_is_found():
    faults = found(Named(careless=True)).faults
    assert "weights are not what they were before a reading" in faults


def test_the_page_names_what_fails():
    assert len(ARCHITECTURES) >= 25
    page = table(
        [Finding("A", 1200, ("a", "z"), ()), Finding("B", 3, (), ("a | b",))], "torchvision", "v 1"
    )
    assert page.startswith("# Architectures of torchvision that were watched\n")
    assert "1 of 2 are right; v 1." in page
    assert "| A | 1,200 | 2 | `a`, `z` | as it was |" in page
    assert "| B | 3 | 0 |  | a \\| b |" in page
