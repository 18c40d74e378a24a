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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.standin import REGISTERED_BY

__all__ = ["DEVICE", "Counts", "Fake", "counted", "installed", "note_kernel", "unwrapped"]

# torch knows one backend that is not its own, under the name that it is given here
getattr(torch.utils.backend_registration, REGISTERED_BY)("fake")
DEVICE = torch.device("fake:0")
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
_fakes_of: Counter[int] = Counter()  # how many tensors look at a piece of memory


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
        memory = behind.untyped_storage()
        _look(made, memory.data_ptr(), memory.nbytes())
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

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        return _call(function, args, kwargs or {})


def _call(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name, base = _names(function)
    given = [*_tensors(args), *_tensors(kwargs.values())]
    fakes = [each for each in given if isinstance(each, Fake)]
    to = kwargs.get("device")
    goes_there = to is not None and torch.device(to).type == DEVICE.type
    if not fakes and not goes_there:
        return function(*args, **kwargs)
    lies_there = bool(fakes) if to is None else goes_there
    _refuse(base, args, given, fakes)
    _note_waits(base, args, kwargs, fakes, goes_there)
    if goes_there:
        kwargs = kwargs | {"device": torch.device("cpu")}
    known = {id(fake.behind): fake for fake in fakes}
    behind = {key: _mapped(unwrapped, value) for key, value in kwargs.items()}
    result = function(*_mapped(unwrapped, args), **behind)
    crosses = base == "_to_copy" and to is not None and goes_there != bool(fakes)
    if not _looks(function) and not crosses and base not in ALLOCATES | LOOKS | READS:
        _note("launches", name)
        for counts in _counting:
            counts.moved += _size(given) + _size(list(_tensors([result])))

    def wrapped(value: torch.Tensor) -> torch.Tensor:
        if id(value) in known:
            return known[id(value)]
        return Fake(value) if lies_there else value

    return _mapped(wrapped, result)


# calls of torch take and give tensors, and tuples and lists of them: a tree that knows more kinds
# would take most of the time of the tests


def _tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)


def _mapped(change: Callable[[torch.Tensor], Any], value: Any) -> Any:
    """Changes the tensors in it, and leaves the rest as it is."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)([_mapped(change, each) for each in value])
    return value


@cache
def _names(function: Any) -> tuple[str, str]:
    """Names a call, and what it does, be it in place or not."""
    name = function._schema.name.partition("::")[2]
    return name, name.rstrip("_")


def _refuse(base: str, args: Any, given: list[torch.Tensor], fakes: list[Fake]) -> None:
    """Refuses what CUDA refuses.

    Raises:
        RuntimeError: as torch does.
    """
    here = [each for each in given if not isinstance(each, Fake) and each.dim() > 0]
    if fakes and here and base not in {"_to_copy", "copy"} | INDEXING:
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
    base: str, args: Any, kwargs: dict[str, Any], fakes: list[Fake], goes_there: bool
) -> None:
    if base in WAITS:
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


@cache
def _looks(function: Any) -> bool:
    """Judges whether all that a call returns lies in an argument's memory, unchanged."""
    return any(
        each.alias_info is not None and not each.alias_info.is_write
        for each in function._schema.returns
    )


def _size(values: list[Any]) -> int:
    tensors = [unwrapped(each) for each in values if isinstance(each, torch.Tensor)]
    return sum(each.numel() * each.element_size() for each in tensors)


def _note(kind: str, name: str) -> None:
    for counts in _counting:
        getattr(counts, kind)[name] += 1


def _look(fake: Fake, place: int, n_bytes: int) -> None:
    _fakes_of[place] += 1
    if _fakes_of[place] == 1:
        for counts in _counting:
            counts.hold(n_bytes)
    weakref.finalize(fake, _look_away, place, n_bytes)


def _look_away(place: int, n_bytes: int) -> None:
    _fakes_of[place] -= 1
    if not _fakes_of[place]:
        del _fakes_of[place]
        for counts in _counting:
            counts.hold(-n_bytes)
