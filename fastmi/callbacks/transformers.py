"""transformers: a model that a Trainer trains -> its recorder; numbers go into its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastmi import checks
from fastmi.callbacks.watching import Watching

try:
    from transformers import TrainerCallback  # type: ignore[import-not-found]
except ImportError:
    raise ImportError(
        "fastmi.callbacks.transformers needs transformers: pip install 'fastmi[transformers]'"
    ) from None

__all__ = ["Watch"]


class Watch(TrainerCallback):  # pyright: ignore[reportGeneralTypeIssues]
    """Watches a model: trainer.add_callback(Watch(samples, pool="mean", log=trainer.log)).

    It reads before the training and at the end of each epoch, step k being k epochs, or every so
    many steps of the optimizer.

    Args:
        samples, measures, options: as `fastmi.watch` takes them.
        every_n_steps: reads every so many steps, and not at the end of epochs.
        merge_ranks: whether all ranks read together; else the first one reads alone.
        log: `trainer.log`, by which numbers reach all that the Trainer reports to. None writes them
            to `trainer.state.log_history` alone: a callback does not know its Trainer.

    Raises:
        TypeError, ValueError: as `fastmi.watch`, when the training begins; no number of steps, no
            function that logs.
    """

    def __init__(
        self,
        samples: Any,
        measures: Any = None,
        *,
        every_n_steps: int | None = None,
        merge_ranks: bool = False,
        log: Callable[[dict[str, float]], None] | None = None,
        **options: Any,
    ) -> None:
        if log is not None:
            checks.function("log", log, "numbers -> nothing, as trainer.log")
        self._watching = Watching(samples, measures, every_n_steps, merge_ranks, options)
        self._report = log

    @property
    def recorder(self) -> Any:
        """Gives the recorder, for tables and figures; None on ranks that do not read."""
        return self._watching.recorder

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._watching.begin(kwargs["model"], state.is_world_process_zero)
        self._read(state, self._watching.every_n_steps is not None)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        n = self._watching.every_n_steps
        if n is not None and state.global_step % n == 0:
            self._read(state, True)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._watching.every_n_steps is None:
            self._read(state, False)

    def _read(self, state: Any, by_steps: bool) -> None:
        numbers = self._watching.read(state.global_step if by_steps else round(state.epoch or 0))
        if not numbers or not state.is_world_process_zero:
            return
        if self._report is not None:
            self._report(dict(numbers))
        else:
            state.log_history.append({**numbers, "epoch": state.epoch, "step": state.global_step})
