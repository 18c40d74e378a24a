"""a model that is being trained -> lent for a reading, and given back bit for bit as it was."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import nn

__all__ = ["at_last", "untouched"]

SEED = 0  # of the generators during a reading: what draws in it draws the same each time


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Lends a model in evaluation mode, without gradients, and restores all that a pass changes.

    That is the attributes of every module (its mode among them), its buffers, and the generators of
    torch, CUDA, NumPy and Python. Compiled parts run as they were written, so that hooks are heard;
    under autocast no cast weight is kept, for it would have no gradient.
    """
    import torch

    with ExitStack() as stack:
        stack.enter_context(_generators())
        stack.enter_context(_state(model))
        # inference_mode would leave its tensors in what a forward keeps for the training
        stack.enter_context(torch.no_grad())
        stack.enter_context(_uncached())
        if "torch._dynamo" in sys.modules:  # else nothing can have been compiled
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        model.eval()
        yield


def at_last(restore: Callable[[], object]) -> None:
    """Restores; where an interrupt (Ctrl-C) falls amid it, once more, and lets it go on then.

    What restores can therefore be called twice.
    """
    try:
        restore()
    except BaseException:
        restore()
        raise


@contextmanager
def _state(model: nn.Module) -> Iterator[None]:
    """Gives every module its attributes back, and buffers their values."""
    modules = list(model.modules())
    attributes = [dict(vars(module)) for module in modules]
    buffers = [dict(module._buffers) for module in modules]
    values = [
        {name: buffer.clone() for name, buffer in held.items() if buffer is not None}
        for held in buffers
    ]

    def restore() -> None:
        for module, kept, held, copies in zip(modules, attributes, buffers, values, strict=True):
            vars(module).clear()
            vars(module).update(kept)
            module._buffers.clear()
            module._buffers.update(held)
            for name, copy in copies.items():
                _restore(held[name], copy)

    try:
        yield
    finally:
        at_last(restore)


def _restore(buffer: Any, copy: Any) -> None:
    """Writes a buffer's old values into it, where they are others now."""
    import torch

    if not torch.equal(buffer, copy):
        buffer.detach().copy_(copy)  # no_grad would be one thing more to put back


@contextmanager
def _generators() -> Iterator[None]:
    """Seeds the global generators for a while, and gives them their states back."""
    import torch

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []

    def restore() -> None:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
        if cuda:
            torch.cuda.set_rng_state_all(cuda)

    try:
        torch.default_generator.manual_seed(SEED)
        if cuda:
            torch.cuda.manual_seed_all(SEED)
        np.random.seed(SEED)  # noqa: NPY002
        random.seed(SEED)
        yield
    finally:
        at_last(restore)


@contextmanager
def _uncached() -> Iterator[None]:
    """Keeps autocast, where it is on, from caching weights that were cast without a gradient."""
    import torch

    cached = torch.is_autocast_cache_enabled()
    torch.set_autocast_cache_enabled(False)
    try:
        yield
    finally:
        at_last(lambda: torch.set_autocast_cache_enabled(cached))
