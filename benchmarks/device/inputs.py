"""what the parts measure: layers of a network, made where they lie, and values that try edges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.device.place import Place
from benchmarks.estimating import SEGMENTS_30

__all__ = ["FUNNEL", "activations", "edge_values"]

FUNNEL = SEGMENTS_30.widths
N_INPUTS = 12
GAINS = (1.0, 8.0)  # of the first copy and of the last: units saturate more and more
CHUNK_ROWS = 1 << 22  # made at a time
BEYOND = 0.2  # by which random values may lie outside the edges
TRIED = 0.3  # of all values are chosen to try the edges
EXTREMES = np.array([np.inf, -np.inf, 0.0, -0.0, 3e38, -3e38, 1e-40], np.float32)


def activations(place: Place, n_rows: int, n_units: int, n_copies: int = 1) -> Tensor:
    """Makes rows of a random tanh network -> (n_copies, n_rows, n_units) float32, there."""
    generator = torch.Generator(place.device).manual_seed(0)
    options = {"generator": generator, "device": place.device}
    layer = torch.empty(n_copies, n_rows, n_units, device=place.device)
    weights = torch.randn(N_INPUTS, n_units, **options) / N_INPUTS**0.5
    gains = np.linspace(*GAINS, n_copies).tolist()
    for first in range(0, n_rows, CHUNK_ROWS):
        rows = slice(first, min(first + CHUNK_ROWS, n_rows))
        scores = torch.randn(rows.stop - first, N_INPUTS, **options) @ weights
        for copy, gain in zip(layer, gains, strict=True):
            torch.tanh(gain * scores, out=copy[rows])
    return layer


def edge_values(
    edges: npt.NDArray[np.float32],
    shape: tuple[int, ...],
    rng: np.random.Generator,
    nan: bool = False,
) -> npt.NDArray[np.float32]:
    """Draws values of which many are edges, their neighbours, infinities, zeros, the smallest."""
    tries = np.concatenate(
        [
            edges,
            np.nextafter(edges, np.float32(-np.inf)),
            np.nextafter(edges, np.float32(np.inf)),
            EXTREMES,
            np.array([np.nan] * nan, np.float32),
        ]
    )
    spread = rng.uniform(edges[0] - BEYOND, edges[-1] + BEYOND, shape)
    chosen = rng.choice(tries, shape)
    return np.where(rng.random(shape) < TRIED, chosen, spread).astype(np.float32)
