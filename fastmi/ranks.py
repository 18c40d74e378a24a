"""a process group -> what all of its ranks have: each works on its share, and knows of all."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    import torch

__all__ = ["ALONE", "Ranks", "ranks"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Ranks:
    """The processes that read together, of which this is one.

    Rank r of R reads the batches r, r + R, ... of a sample: batches that one process alone would
    read, too, so that all floats are its floats.

    Attributes:
        group: of torch.distributed; None is this process alone. rank, size: r and R.
    """

    group: Any = None
    rank: int = 0
    size: int = 1

    def rows(self, n: int, batch_size: int) -> Sequence[int] | None:
        """Lists the rows of n that this rank reads; None is all."""
        if self.size == 1:
            return None
        return [i for i in range(n) if i // batch_size % self.size == self.rank]

    def together(self, value: Value, device: torch.device | str = "cpu") -> list[Value]:
        """Gives what all ranks have, in their order, on this device; every rank has to call it."""
        if self.size == 1:
            return [value]
        import torch
        from torch import distributed

        written = io.BytesIO()
        torch.save(value, written)  # a tensor of rank 1 lies on a device of rank 1
        sent: list[Any] = [None] * self.size
        distributed.all_gather_object(sent, written.getvalue(), self.group)
        return [torch.load(io.BytesIO(one), device, weights_only=False) for one in sent]

    def agreed(self, work: Callable[[], Value]) -> Value:
        """Does something that may fail; what one rank raises is raised on every rank."""
        if self.size == 1:
            return work()
        value, error = None, None
        try:
            value = work()
        except Exception as caught:
            error = caught
        errors = self.together(error)
        if error is not None:
            raise error
        for other in errors:
            if other is not None:
                raise other
        return cast(Value, value)

    def check_same(self, name: str, value: Any) -> None:
        """Refuses, on every rank, what differs between them.

        Raises:
            ValueError: so.
        """
        for rank, other in enumerate(self.together(value)):
            if other != value:
                raise ValueError(
                    f"{name} is {value!r} on rank {self.rank} and {other!r} on rank {rank}: ranks "
                    "that read together are given the same"
                )


ALONE = Ranks()


def ranks(process_group: Any) -> Ranks:
    """Makes ranks of a process group of torch.distributed; None is this process alone.

    Raises:
        TypeError: something else, as what a process has of a group that it is no part of.
    """
    if process_group is None:
        return ALONE
    from torch import distributed

    if not distributed.is_available() or not isinstance(process_group, distributed.ProcessGroup):
        raise TypeError(
            f"process_group is a {type(process_group).__name__}: pass one of torch.distributed, as "
            "torch.distributed.group.WORLD after init_process_group, or None"
        )
    size = distributed.get_world_size(process_group)
    return Ranks(process_group, distributed.get_rank(process_group), size)
