"""Tensors that say they lie on the device "fake:0"; their work is done on the CPU.

What CUDA refuses is refused: tensors of two devices in one call, products of integer matrices,
`.numpy()`. What a GPU would be made to do is counted: calls that launch a kernel, calls for which
the host waits, what is uploaded, the bytes that are read and written, and the most that is held.

A call of torch counts as one launch, though some (`unique`, `sort`) launch several kernels, and
what it holds within itself is not seen.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.standin import REGISTERED_BY

__all__ = ["DEVICE", "Counts", "Fake", "counted", "installed", "note_kernel", "unwrapped"]

# torch knows one backend that is not its own, under the name that it is given here
getattr(torch.utils.backend_registration, REGISTERED_BY)("fake")
DEVICE = torch.device("fake:0")
HERE = torch.device("cpu")
_blocks: list[None] = []  # within which it is there: torch asks, to spread work over devices
torch.get_device_module(DEVICE).is_available = lambda: bool(_blocks)

ALLOCATES = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"}
LOOKS = {"detach", "alias", "lift_fresh", "_reshape_alias", "_unsafe_view"}
READS = {"_local_scalar_dense", "is_nonzero"}
WAITS = READS | {
    "_unique2",
    "bincount",
    "equal",
    "masked_select",
    "nonzero",
    "unique_consecutive",
    "unique_dim",
}
INDEXING = {"index", "index_put", "_index_put_impl", "_unsafe_index"}
BETWEEN = INDEXING | {"_to_copy", "copy"}  # take tensors of two devices
NO_INTEGERS = {"addmm", "addmv", "baddbmm", "bmm", "dot", "linear", "matmul", "mm", "mv", "vdot"}


class Counts:
    """What a device was made to do.

    Attributes:
        launches: calls that launch something. waits: calls for which the host waits, transfers to
            it included. uploads: transfers to the device. moved: bytes that calls read and wrote.
            peak: the most bytes held at once, beyond those at the beginning.
    """

    def __init__(self) -> None:
        self.launches, self.waits, self.uploads = Counter(), Counter(), Counter()
        self.moved = self.peak = self._held = 0

    def __repr__(self) -> str:
        return "\n".join(
            f"{sum(found.values())} {name}: {dict(found.most_common())}"
            for name, found in vars(self).items()
            if isinstance(found, Counter)
        )

    def hold(self, n_bytes: int) -> None:
        self._held += n_bytes
        self.peak = max(self.peak, self._held)


_counting: list[Counts] = []  # those who count now


class _Memory:
    """A piece of memory, which the tensors that look at it hold together."""

    def __init__(self, n_bytes: int) -> None:
        self.n_bytes = n_bytes
        for counts in _counting:
            counts.hold(n_bytes)

    def __del__(self) -> None:
        for counts in _counting or ():  # None as Python ends
            counts.hold(-self.n_bytes)


_memories: weakref.WeakValueDictionary[int, _Memory] = weakref.WeakValueDictionary()  # by address


@contextmanager
def counted() -> Iterator[Counts]:
    """Counts what happens in the block."""
    _counting.append(Counts())
    try:
        yield _counting[-1]
    finally:
        _counting.pop()


@contextmanager
def installed() -> Iterator[None]:
    """Makes the device known to torch within the block."""
    made, new = torch.tensor, torch.Tensor.new_tensor

    def tensor(data: Any, *, device: Any = None, **options: Any) -> torch.Tensor:
        here = made(data, **options)
        return here if device is None else here.to(device)

    def new_tensor(self: torch.Tensor, data: Any, *, device: Any = None, **options: Any) -> Any:
        if not isinstance(self, Fake):
            return new(self, data, device=device, **options)
        return made(data, dtype=options.pop("dtype", None) or self.dtype, **options).to(
            device or self.device
        )

    torch.tensor, torch.Tensor.new_tensor = tensor, new_tensor
    _blocks.append(None)
    try:
        with _Mode():
            yield
    finally:
        torch.tensor, torch.Tensor.new_tensor = made, new
        _blocks.pop()


def unwrapped(value: Any) -> Any:
    """Gives the memory behind a tensor of the device; anything else as it is."""
    return value.behind if isinstance(value, Fake) else value


def note_kernel(name: str, arguments: Any) -> None:
    """Counts a launch that does not come from torch."""
    for counts in _counting:
        counts.launches[name] += 1
        counts.moved += _size(tree_leaves(arguments))


class Fake(torch.Tensor):
    """A tensor of the device, `behind` which lies one of the CPU."""

    behind: torch.Tensor
    memory: _Memory

    @staticmethod
    def __new__(cls, behind: torch.Tensor) -> Fake:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            behind.size(),
            strides=behind.stride(),
            storage_offset=behind.storage_offset(),
            dtype=behind.dtype,
            layout=behind.layout,
            device=DEVICE,
            requires_grad=False,
        )
        made.behind = behind
        storage = behind.untyped_storage()
        made.memory = _memories.get(storage.data_ptr()) or _remember(storage)
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        return _call(function, args, kwargs or {})

    def tolist(self) -> Any:
        _note("waits", "tolist")
        return self.behind.tolist()

    def __repr__(self) -> str:
        return f"Fake({self.behind!r})"


class _Mode(TorchDispatchMode):
    """Sees the calls that make tensors on the device out of none."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first call loads the compiler, and each asks it to keep away

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        return _call(function, args, kwargs or {})


class _Kind(NamedTuple):
    """What is known of a call of torch, whatever it is given."""

    name: str
    base: str  # what it does, be it in place or not
    launches: bool
    waits: bool


@cache
def _kind(function: Any) -> _Kind:
    name = function._schema.name.partition("::")[2]
    base = name.rstrip("_")
    looks = any(  # all that it returns lies in an argument's memory, unchanged
        each.alias_info is not None and not each.alias_info.is_write
        for each in function._schema.returns
    )
    return _Kind(name, base, not looks and base not in ALLOCATES | LOOKS | READS, base in WAITS)


def _call(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    given = _tensors(args, [])
    if kwargs:
        _tensors(kwargs.values(), given)
    fakes = [each for each in given if isinstance(each, Fake)]
    to = kwargs.get("device")
    goes_there = to is not None and torch.device(to).type == DEVICE.type
    if not fakes and not goes_there:
        return function(*args, **kwargs)
    kind = _kind(function)
    _refuse(kind.base, args, given, fakes)
    if _counting:
        _note_waits(kind, args, kwargs, fakes, goes_there)
    if goes_there:
        kwargs = kwargs | {"device": HERE}
    result = function(
        *[_behind(each) for each in args], **{key: _behind(each) for key, each in kwargs.items()}
    )
    crosses = kind.base == "_to_copy" and to is not None and goes_there != bool(fakes)
    if _counting and kind.launches and not crosses:
        _note("launches", kind.name)
        for counts in _counting:
            counts.moved += _size(given) + _size(_tensors([result], []))
    return _there(result, fakes) if to is None or goes_there else result


# calls of torch take and give tensors, and tuples and lists of them: a tree that knows more kinds
# would take most of the time of the tests


def _tensors(values: Iterable[Any], found: list[torch.Tensor]) -> list[torch.Tensor]:
    """Adds the tensors among values to those found."""
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            _tensors(value, found)
    return found


def _behind(value: Any) -> Any:
    """Gives what lies behind the tensors in it, and the rest as it is."""
    if isinstance(value, Fake):
        return value.behind
    if isinstance(value, (tuple, list)):
        return type(value)([_behind(each) for each in value])
    return value


def _there(value: Any, fakes: list[Fake]) -> Any:
    """Puts the tensors in it onto the device: one of the given where a call gives it back."""
    if isinstance(value, torch.Tensor):
        for fake in fakes:
            if fake.behind is value:
                return fake
        return Fake(value)
    if isinstance(value, (tuple, list)):
        return type(value)([_there(each, fakes) for each in value])
    return value


def _refuse(base: str, args: Any, given: list[torch.Tensor], fakes: list[Fake]) -> None:
    """Refuses what CUDA refuses.

    Raises:
        RuntimeError: as torch does.
    """
    apart = len(fakes) not in (0, len(given)) and any(
        not isinstance(each, Fake) and each.dim() > 0 for each in given
    )
    if apart and base not in BETWEEN:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found {DEVICE} and cpu! ({base})"
        )
    if base in INDEXING and fakes and not isinstance(args[0], Fake):
        raise RuntimeError("indices should be either on cpu or on the same device as the tensor")
    if base in NO_INTEGERS and not all(
        fake.is_floating_point() or fake.is_complex() for fake in fakes
    ):
        raise RuntimeError(f'"{base}_cuda" not implemented for integers')


def _note_waits(
    kind: _Kind, args: Any, kwargs: dict[str, Any], fakes: list[Fake], goes_there: bool
) -> None:
    base = kind.base
    if kind.waits:
        _note("waits", base)
    if base in INDEXING:
        indices = [each for each in args[1] if isinstance(each, torch.Tensor)]
        if any(each.dtype in (torch.bool, torch.uint8) for each in indices):
            _note("waits", "index by a mask")
        if not all(isinstance(each, Fake) for each in indices):
            _note("waits", "index by what lies on the CPU")
            _note("uploads", "index")
    if base == "_to_copy" and kwargs.get("device") is not None:
        if not goes_there:
            _note("waits", "to the CPU")
        elif not fakes:
            _note("uploads", "to the device")
            if not kwargs.get("non_blocking"):
                _note("waits", "to the device")
    if base == "copy" and isinstance(args[0], Fake) != isinstance(args[1], Fake):
        _note("uploads" if isinstance(args[0], Fake) else "waits", "copy_")
        if isinstance(args[0], Fake) and not (kwargs.get("non_blocking") or args[2:3] == (True,)):
            _note("waits", "copy_")


def _size(values: list[Any]) -> int:
    tensors = [unwrapped(each) for each in values if isinstance(each, torch.Tensor)]
    return sum(each.numel() * each.element_size() for each in tensors)


def _note(kind: str, name: str) -> None:
    for counts in _counting:
        getattr(counts, kind)[name] += 1


def _remember(storage: torch.UntypedStorage) -> _Memory:
    _memories[storage.data_ptr()] = memory = _Memory(storage.nbytes())
    return memory
