"""A value of this thread or task, set by a call, a `with` block or a decorator."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

__all__ = ["Held", "Setting", "one_line"]

F = TypeVar("F", bound=Callable[..., Any])


class Held(NamedTuple):
    """What a context variable holds: the value in force, and the blocks around.

    Of each block, innermost first, the value that it goes back to.
    """

    value: Any
    blocks: tuple[tuple[Setting, Any], ...] = ()


class Setting:
    """In force from the call that made it.

    As a `with` block, until its end; as a decorator, while the function runs.
    """

    def __init__(self, variable: ContextVar[Held], value: Any) -> None:
        now = variable.get()
        self._variable, self._value, self._before = variable, value, now.value
        self._made = now._replace(value=value)
        variable.set(self._made)

    def __enter__(self) -> None:
        now = self._variable.get()
        # nothing has come since the call: it belongs to this block
        back = self._before if now is self._made else now.value
        self._variable.set(Held(self._value, ((self, back), *now.blocks)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Goes back to what was before the block.

        Blocks of generators may end before those within: then the one that stands there goes back
        to what this one would.
        """
        now = self._variable.get()
        owners = [owner for owner, _ in now.blocks]
        if self not in owners:  # a generator that was begun in another context
            return
        at = owners.index(self)
        inner, (_, back), outer = now.blocks[:at], now.blocks[at], now.blocks[at + 1 :]
        if inner:
            *inner, (owner, _) = inner
            self._variable.set(Held(now.value, (*inner, (owner, back), *outer)))
        else:
            self._variable.set(Held(back, outer))

    def __call__(self, function: F) -> F:
        # the call was for the function, not for what follows it
        if self._variable.get() is self._made:
            self._variable.set(self._made._replace(value=self._before))
        later = inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction
        if (
            not callable(function)
            or isinstance(function, type)
            or any(test(function) for test in later)
        ):
            raise TypeError(
                f"{one_line(function)} is no function whose work is done when it returns: put a "
                "`with` block where the work is"
            )

        @functools.wraps(function)
        def held(*arguments: Any, **options: Any) -> Any:
            with self:
                return function(*arguments, **options)

        return held  # pyright: ignore[reportReturnType]

    def __repr__(self) -> str:
        return f"<{self._variable.name} = {self._value!r}>"


def one_line(value: object) -> str:
    """Makes a short repr, for messages."""
    return " ".join(repr(value).split())[:60]
