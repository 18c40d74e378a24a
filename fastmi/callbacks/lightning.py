"""Lightning: a module that a Trainer fits -> its recorder; numbers go where the Trainer logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastmi.callbacks.watching import Watching

try:
    from lightning.pytorch import Callback  # type: ignore[import-not-found]
except ImportError:
    raise ImportError(
        "fastmi.callbacks.lightning needs lightning: pip install 'fastmi[lightning]'"
    ) from None

__all__ = ["Watch"]


class Watch(Callback):
    """Watches a LightningModule: Trainer(callbacks=[Watch(samples, layers=nn.ReLU)]).

    It reads before the training and at the end of each epoch, step k being k epochs, or every so
    many steps of the optimizer. Numbers of an epoch's end are logged by `log_dict`, so that
    checkpoints and early stopping may monitor them; others straight to the Trainer's loggers.

    Args:
        samples, measures, options: as `fastmi.watch` takes them.
        every_n_steps: reads every so many steps, and not at the end of epochs.
        merge_ranks: whether all ranks read together; else the first one reads alone.
        module: the LightningModule -> what is called with x, as lambda module: module.net, where it
            has no forward.

    Raises:
        TypeError, ValueError: as `fastmi.watch`, when the training begins; no number of steps.
    """

    def __init__(
        self,
        samples: Any,
        measures: Any = None,
        *,
        every_n_steps: int | None = None,
        merge_ranks: bool = False,
        module: Callable[[Any], Any] = lambda module: module,
        **options: Any,
    ) -> None:
        self._watching = Watching(samples, measures, every_n_steps, merge_ranks, options)
        self._module = module

    @property
    def recorder(self) -> Any:
        """Gives the recorder, for tables and figures; None on ranks that do not read."""
        return self._watching.recorder

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._watching.begin(self._module(pl_module), trainer.is_global_zero)
        self._log(trainer, self._watching.read(self._step(trainer, trainer.current_epoch)))

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        n = self._watching.every_n_steps
        if n is not None and trainer.global_step % n == 0:
            self._log(trainer, self._watching.read(trainer.global_step))

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self._watching.every_n_steps is None:
            numbers = self._watching.read(trainer.current_epoch + 1)
            if trainer.is_global_zero:
                pl_module.log_dict(numbers, rank_zero_only=True)

    def _step(self, trainer: Any, epochs: int) -> int:
        return epochs if self._watching.every_n_steps is None else trainer.global_step

    def _log(self, trainer: Any, numbers: dict[str, float]) -> None:
        if numbers and trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.log_metrics(numbers, step=trainer.global_step)
