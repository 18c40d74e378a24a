"""a model and a sample -> its layers, one batch after the other, as rows that are handed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi.measures.base import spread
from fastmi.recorders.hearing import hearing
from fastmi.recorders.modules import found, listed, weighted
from fastmi.recorders.pooling import no_samples, pool_of, pooled
from fastmi.recorders.samples import Sample
from fastmi.recorders.untouched import untouched

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["Watching", "rows_of", "values_of"]

FIT_ROWS, FIT_UNITS = 1024, 256  # of a layer, to which bins are fitted


@dataclass
class Watching:
    """What is watched of a model, and how.

    Attributes:
        model: unwrapped. layers, pool: as `watch` takes them.
        names: the layers in the order of their calls; () until the first batch.
        dtypes: the precision in which each was read at first.
        beside: layers that nobody named and that are not read, for their first axis is not the
            samples: their shape at first, and the number of samples.
    """

    model: nn.Module
    layers: Any
    pool: Any
    names: tuple[str, ...] = ()
    dtypes: dict[str, str] = field(default_factory=dict)
    beside: dict[str, tuple[tuple[int, ...], int]] = field(default_factory=dict)
    _by_weights: bool = False  # unasked, of a model whose activations are there and never called

    def read(
        self,
        sample: Sample,
        report: Callable[[str, Tensor], None],
        rows: Sequence[int] | None = None,
        most_batches: int | None = None,
    ) -> None:
        """Calls the model with a sample and reports the rows of each layer, batch by batch.

        The model, and all that the training depends on, is left as it was, whatever happens.

        Args:
            report: layer, (n_b, d) or (n_positions, n_b, d) -> nothing; it reads them at once.
            rows: of the sample; None is all. most_batches: after which it ends.

        Raises:
            TypeError, ValueError: as `pooled`; layers that are not called, or others than before.
        """
        sizes = [0]

        def rows_of(layer: str, output: Tensor) -> None:
            if self._is_beside(layer, output, sizes[0]):
                return
            self.dtypes.setdefault(layer, str(output.dtype).removeprefix("torch."))
            report(layer, pooled(layer, output, sizes[0], pool_of(self.pool, layer)))

        modules = weighted(self.model) if self._by_weights else found(self.model, self.layers)
        with untouched(self.model), hearing(modules, rows_of) as heard:
            for i, (x, n) in enumerate(sample.batches(device_of(self.model), rows)):
                if i == most_batches:
                    break
                sizes[0] = n
                heard.begin()
                called(self.model, x)
                if self.layers is None and not (heard.names or self.names or self._by_weights):
                    self._by_weights = True
                    break  # once more, by other modules
                beside = self.beside
                self._check_names(tuple(one for one in heard.names if one not in beside), modules)
        if self._by_weights and not self.names:
            self.read(sample, report, rows, most_batches)

    def _is_beside(self, layer: str, output: Tensor, n: int) -> bool:
        """Tells whether what nobody asked for holds something else than samples first."""
        pool = pool_of(self.pool, layer)
        unasked = not self.names and self.layers is None and not callable(pool)
        if unasked and (not output.ndim or output.shape[0] != n):
            self.beside[layer] = tuple(output.shape), n
        return layer in self.beside

    def _check_names(self, names: tuple[str, ...], modules: Mapping[str, Any]) -> None:
        """Refuses layers that are never called, and calls that change from batch to batch."""
        if self.names:
            if names != self.names:
                raise ValueError(
                    f"the model calls the layers {', '.join(names) or 'none'} for one batch, and "
                    f"{', '.join(self.names)} for another: watch layers that are always called"
                )
            return
        asked = [] if self.layers is None else listed(self.layers)
        by_name = {name for name in asked if isinstance(name, str)}
        silent = [name for name in modules if name not in names]
        if not names and self.beside:
            layer, (shape, n) = next(iter(self.beside.items()))
            raise no_samples(layer, shape, n)
        if not names or by_name.intersection(silent):
            raise ValueError(
                f"the model never calls {', '.join(map(repr, silent[:5]))}: watch what its forward "
                "calls (a module whose weights alone are used is not called)"
            )
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(
                f"two layers would be called {min(twice)!r}: rename the module of that name"
            )
        self.names = names


def rows_of(
    watching: Watching, sample: Sample, most: int
) -> dict[str, tuple[Tensor, npt.NDArray[np.int64]]]:
    """Reads at most so many rows of each layer, evenly spread, and of which sample each is.

    Of positions (n_positions, n_b, d) each sample gives some, others than the sample before.

    Returns:
        of each layer float32 (m, d), where it was computed, and (m,).
    """
    import torch

    samples = spread(sample.n_samples, most)
    pieces: dict[str, list[Any]] = {}
    n_read: dict[str, int] = {}

    def keep(layer: str, rows: Tensor) -> None:
        first = n_read.get(layer, 0)
        chosen, of = (rows, np.arange(rows.shape[-2])) if rows.ndim == 2 else some(rows, first)
        n_read[layer] = first + rows.shape[-2]
        pieces.setdefault(layer, []).append((chosen.float().clone(), samples[first + of]))

    def some(rows: Tensor, first: int) -> tuple[Tensor, npt.NDArray[np.int64]]:
        n_positions, n, _ = rows.shape
        n_each = min(n_positions, most // len(samples))
        of, i = np.divmod(np.arange(n * n_each), n_each)
        at = (first + of + i * n_positions // n_each) % n_positions
        return rows[torch.from_numpy(at), torch.from_numpy(of)], of

    watching.read(sample, keep, samples.tolist())
    return {
        layer: (torch.cat([rows for rows, _ in each]), np.concatenate([at for _, at in each]))
        for layer, each in pieces.items()
    }


def values_of(watching: Watching, sample: Sample) -> dict[str, npt.NDArray[np.float32]]:
    """Reads some values of each layer: at most 1024 rows and 256 units, evenly spread."""
    rows = np.unique(np.linspace(0, sample.n_samples - 1, FIT_ROWS).astype(np.int64))
    values: dict[str, list[npt.NDArray[np.float32]]] = {}

    def keep(layer: str, rows: Tensor) -> None:
        chosen = rows[..., :: -(-rows.shape[-1] // FIT_UNITS)]
        if chosen.ndim == 3:
            chosen = chosen[:: -(-len(chosen) // 16)]
        values.setdefault(layer, []).append(chosen.float().cpu().numpy().reshape(-1).copy())

    watching.read(sample, keep, rows.tolist())
    return {layer: np.concatenate(pieces) for layer, pieces in values.items()}


def device_of(model: nn.Module) -> torch.device:
    """Finds where a model takes its input: where its first parameter is."""
    import torch

    leaf = next((leaf for leaves in (model.parameters(), model.buffers()) for leaf in leaves), None)
    return torch.device("cpu") if leaf is None else leaf.device


def called(model: nn.Module, x: Any) -> Any:
    """Calls a model with a tensor, with several (a tuple), or by name (a mapping)."""
    if isinstance(x, Mapping):
        return model(**x)
    return model(*x) if isinstance(x, tuple) else model(x)
