"""The networks of the runs: widths -> a tanh network whose parameters depend on the seed alone."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import nn

__all__ = ["tanh_network"]


def tanh_network(widths: tuple[int, ...], seed: int) -> nn.Sequential:
    """Linear and Tanh in turn; the tanh modules are named "layer 1", "layer 2", ..., "output".

    Drawn on the CPU, torch's global generator left as it was.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for i, (n_in, n_out) in enumerate(pairwise(widths), start=1):
            modules[f"linear {i}"] = nn.Linear(n_in, n_out)
            modules["output" if i == len(widths) - 1 else f"layer {i}"] = nn.Tanh()
    return nn.Sequential(modules)
