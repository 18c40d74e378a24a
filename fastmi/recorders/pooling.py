"""a layer's output (n, ...) -> rows (n, d), or rows of positions (n_positions, n, d)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastmi.inputs import is_tensor, shown
from fastmi.recorders.modules import near, some_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "POOLS",
    "Pool",
    "check_layers",
    "check_pool",
    "named",
    "no_samples",
    "pool_of",
    "pooled",
]

Pool = str | Callable[..., Any] | None
POOLS = ("flatten", "mean", "max", "first", "last", "positions")
CHOICES = 'pool="mean", "max", "first", "last", "flatten" or "positions", or a function'


def check_pool(pool: Any) -> None:
    """Refuses what is neither a pooling, nor a mapping layer -> pooling.

    Raises:
        TypeError, ValueError: so.
    """
    for where, one in pool.items() if isinstance(pool, Mapping) else [(None, pool)]:
        name = "pool" if where is None else f"pool[{where!r}]"
        if isinstance(one, str) and one not in POOLS:
            raise ValueError(
                f"{name} is {shown(one)}: one of {', '.join(map(repr, POOLS))}, a function or None"
            )
        if one is not None and not isinstance(one, str) and not callable(one):
            raise TypeError(
                f"{name} is {shown(one)}: one of {', '.join(map(repr, POOLS))}, a function or None"
            )


def check_layers(pool: Any, layers: Sequence[str]) -> None:
    """Refuses a mapping that names what is no layer: "act" and "act#2" are, where act is called so.

    Raises:
        ValueError: so.
    """
    known = list(
        dict.fromkeys(name for layer in layers for name in (layer, layer.partition("#")[0]))
    )
    for name in pool if isinstance(pool, Mapping) else ():
        if name not in known:
            alike = near(name, known) if isinstance(name, str) else []
            said = (
                f"near it are {', '.join(alike)}"
                if alike
                else f"they are {', '.join(some_of(known))}"
            )
            raise ValueError(
                f"pool names {shown(name)}, which is none of the watched layers; {said}"
            )


def pool_of(pool: Any, layer: str) -> Pool:
    """Finds the pooling of a layer: of "act#2" that of "act", unless it has its own."""
    if not isinstance(pool, Mapping):
        return pool
    return pool.get(layer, pool.get(layer.partition("#")[0]))


def named(pool: Pool) -> str:
    """Names a pooling in a table."""
    if pool is None or isinstance(pool, str):
        return pool or "flatten"
    return getattr(pool, "__name__", type(pool).__name__)


def pooled(layer: str, output: Tensor, n: int, pool: Pool) -> Tensor:
    """Makes rows of an output whose first axis is the samples.

    (n, d) stays as it is, (n,) is one unit. Of (n, tokens, d) axis 1 has the positions, of (n, c,
    h, w) the axes behind the channels. None flattens (n, c, h, w), and leaves (n, tokens, d) to a
    choice: "flatten" makes one row of all; "mean", "max" and "first", "last" (token) make a row of
    d; "positions" makes each position a sample.

    Raises:
        ValueError: another number of samples; (n, tokens, d) without a choice; a token of what has
            none. TypeError: a function that returns no tensor.
    """
    if callable(pool):
        return _by_function(layer, output, n, pool)
    if not output.ndim or output.shape[0] != n:
        raise no_samples(layer, tuple(output.shape), n)
    if output.ndim <= 2:
        return output.reshape(n, -1)
    if pool == "flatten" or (pool is None and output.ndim > 3):
        return output.reshape(n, -1)
    if pool is None:
        raise ValueError(
            f"the layer {layer!r} is {tuple(output.shape)}, and whether axis 1 holds tokens or "
            f"channels is not known: choose {CHOICES}, for all or as {{{layer!r}: ...}}"
        )
    return _of_positions(layer, output, pool)


def no_samples(layer: str, shape: tuple[int, ...], n: int) -> ValueError:
    """Words that the first axis of a layer is not the samples."""
    return ValueError(
        f"the layer {layer!r} is {shape} for {n} samples: its first axis has to be the samples; "
        f"pass pool={{{layer!r}: a function output -> (n, d)}}, or watch others"
    )


def _of_positions(layer: str, output: Tensor, pool: str) -> Tensor:
    """Lays positions out as (n, n_positions, d), and pools them."""
    if output.ndim > 3 and pool in ("first", "last"):
        raise ValueError(
            f"the layer {layer!r} is {tuple(output.shape)}, and has no {pool} token: choose "
            '"flatten", "mean", "max", "positions" or a function'
        )
    rows = output if output.ndim == 3 else output.flatten(2).transpose(1, 2)
    if pool == "mean":
        return rows.mean(1) if rows.is_floating_point() else rows.float().mean(1)
    if pool == "max":
        return rows.amax(1)
    if pool in ("first", "last"):
        return rows[:, 0 if pool == "first" else -1]
    return rows.transpose(0, 1)


def _by_function(layer: str, output: Tensor, n: int, pool: Callable[..., Any]) -> Tensor:
    rows = pool(output)
    if not is_tensor(rows):
        raise TypeError(
            f"pool of the layer {layer!r} returned {shown(rows)}: it takes the output, and returns "
            "a tensor (n, d)"
        )
    if rows.ndim != 2 or rows.shape[0] != n:
        raise ValueError(
            f"pool of the layer {layer!r} returned {tuple(rows.shape)} for {n} samples: it returns "
            "(n, d)"
        )
    return rows.detach()
