"""samples and options, a model that comes later -> its recorder, read on the ranks that read."""

from __future__ import annotations

from typing import Any

from fastmi import checks
from fastmi.recorders import Recorder, watch

__all__ = ["Watching"]


class Watching:
    """What the callbacks have in common: they know the model only when its training begins.

    Attributes:
        recorder: of the training that runs or ran last, on the ranks that read; None before.
        every_n_steps: between readings; None reads at the end of each epoch.
        merge_ranks: whether all ranks read together; else the first one reads alone.
    """

    def __init__(
        self,
        samples: Any,
        measures: Any,
        every_n_steps: int | None,
        merge_ranks: bool,
        options: dict[str, Any],
    ) -> None:
        if every_n_steps is not None:
            every_n_steps = checks.positive_integer("every_n_steps", every_n_steps)
        self.every_n_steps, self.merge_ranks = every_n_steps, merge_ranks
        self.recorder: Recorder | None = None
        self._samples, self._measures, self._options = samples, measures, options

    def begin(self, model: Any, is_first: bool) -> None:
        """Makes the recorder of a training, on this rank if it reads."""
        self.recorder = None
        if not (is_first or self.merge_ranks):
            return
        group = None
        if self.merge_ranks:
            from torch import distributed

            started = distributed.is_available() and distributed.is_initialized()
            group = distributed.group.WORLD if started else None
        self.recorder = watch(
            model, self._samples, self._measures, process_group=group, **self._options
        )

    def read(self, step: int) -> dict[str, float]:
        """Reads at a step that was not read yet, and gives its numbers; none on other ranks."""
        if self.recorder is None or step in self.recorder.steps:
            return {}
        return self.recorder.update(step)
