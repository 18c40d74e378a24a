"""a generator for each copy -> the rows of its batches, many epochs drawn at once.

Between two steps drawing takes twice as long as one draw after the other, and each upload waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Batches"]

# what is drawn ahead: epochs, and numbers, of which 2^21 take about 20 ms and at most 16 MiB
MOST_EPOCHS = 64
MOST_NUMBERS = 2**21


@dataclass(frozen=True)
class _Block:
    """Epochs that were drawn at once: (n_epochs, n_copies, batch), and the generators around them.

    They are never changed.
    """

    n_samples: int
    rows: Tensor
    before: Sequence[torch.Generator]
    after: Sequence[torch.Generator]


class Batches:
    """Draws the rows of batches, for each copy by its own generator, some epochs ahead.

    What is drawn ahead doubles while the same is asked for, so that a caller who asks for this and
    that in turn draws nothing in vain. Whatever was drawn ahead, `generators` are those that have
    drawn what was asked for. An interrupt finds them before a draw or after it.

    Args:
        generators: one for each copy; they are taken over. device: where the rows will lie.
    """

    def __init__(self, generators: Sequence[torch.Generator], device: torch.device) -> None:
        import torch

        self._device = device
        nothing = _Block(0, torch.empty(0, len(generators), 0, device="cpu"), [], generators)
        self._held = nothing, 0  # how many of its epochs were taken

    def draw(self, n_samples: int, batch_size: int) -> Tensor:
        """Draws row numbers (n_copies, batch_size) of n_samples, without replacement."""
        block, taken = self._held
        n_epochs, n_copies, width = block.rows.shape
        if (n_samples, batch_size) != (block.n_samples, width):
            block, taken = self._drawn(n_samples, batch_size, 1), 0
        elif taken == n_epochs:
            most = min(2 * n_epochs, MOST_EPOCHS, MOST_NUMBERS // (n_copies * n_samples))
            block, taken = self._drawn(n_samples, batch_size, max(1, most)), 0
        self._held = block, taken + 1
        return block.rows[taken]

    def generators(self) -> list[torch.Generator]:
        """Copies the generators as if nothing had been drawn ahead."""
        import torch

        block, taken = self._held
        if taken == len(block.rows):
            return [generator.clone_state() for generator in block.after]
        generators = [generator.clone_state() for generator in block.before]
        for generator in generators:
            for _ in range(taken):
                torch.randperm(block.n_samples, generator=generator, device="cpu")
        return generators

    def _drawn(self, n_samples: int, batch_size: int, n_epochs: int) -> _Block:
        """Draws so many epochs from here on."""
        import torch

        before = self.generators()
        after = [generator.clone_state() for generator in before]
        rows = np.empty((n_epochs, len(after), batch_size), np.int64)
        for copy, generator in enumerate(after):
            for epoch in range(n_epochs):
                drawn = torch.randperm(n_samples, generator=generator, device="cpu")
                rows[epoch, copy] = drawn.numpy()[:batch_size]
        return _Block(n_samples, torch.from_numpy(rows).to(self._device), before, after)
