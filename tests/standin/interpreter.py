"""Triton's interpreter, faster, and on tensors of the stand-in.

The interpreter knows NumPy's ways for a sum, a maximum and their like, and goes number by number in
Python through the scan of a kernel's own and through Triton's sort: seconds for a sort of 4096.
Both are done by NumPy here. And at each step it makes the type of a block, the name of that type
and the search for overflows anew. `tests/test_standin.py` checks that all comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np

# the interpreter asks for it at the first launch, and it for how kernels were defined
import triton.experimental.gluon  # noqa: F401
import triton.language as tl
from triton.runtime import interpreter

from fastmi.backends import triton_kernels, triton_twin
from tests.standin.device import Fake, note_kernel, unwrapped

__all__ = ["fast", "on_the_standin"]

# overflows are looked for, and said only where `debug` is on, as it is in the test of the slow one
UNWATCHED = interpreter.InterpreterOptions(sanitize_overflow=False)


@contextmanager
def fast() -> Iterator[None]:
    """Sorts and scans by NumPy within the block, and makes each type once."""
    scan, patch, dtype_of = (
        interpreter.ScanOps.generic_scan,
        interpreter._patch_lang,
        interpreter._get_np_dtype,
    )
    block_init, tensor_init = tl.block_type.__init__, tl.tensor.__init__
    patched, blocks, tensors, dtypes = {}, {}, {}, {}

    def sort(given: Any) -> Any:
        ordered = np.sort(given.handle.data)
        return tl.tensor(interpreter.TensorHandle(ordered, given.dtype), given.type)

    def generic_scan(self: Any, inputs: Any) -> Any:
        if self.combine_fn is not triton_kernels.larger:
            return scan(self, inputs)
        (given,) = inputs
        found = np.maximum.accumulate(given.handle.data, axis=self.axis)
        return [self.to_tensor(found, given.dtype)]

    def patch_once(function: Any) -> _Patched:
        """Puts the interpreter's functions into a language, which every call does anew."""
        languages = frozenset(name for name in ("tl", "core") if name in function.__globals__)
        if languages not in patched:
            patched[languages] = patch(function)
        return _Patched()

    def block(self: Any, element_ty: Any, shape: Any) -> None:
        key = element_ty.name, *map(tl.core._unwrap_if_constexpr, shape)
        if key not in blocks:
            block_init(self, element_ty, shape)
            blocks[key] = vars(self)
        vars(self).update(blocks[key])

    def tensor(self: Any, handle: Any, type: Any) -> None:
        if type.name not in tensors:
            tensor_init(self, None, type)
            tensors[type.name] = vars(self).copy()
        vars(self).update(tensors[type.name], handle=handle)

    def np_dtype(type: Any) -> Any:
        name = type.scalar.name
        if name not in dtypes:
            dtypes[name] = dtype_of(type)
        return dtypes[name]

    changes = [
        (tl, "sort", sort),
        (interpreter.ScanOps, "generic_scan", generic_scan),
        (interpreter, "_patch_lang", patch_once),
        (interpreter, "_get_np_dtype", np_dtype),
        (interpreter.interpreter_builder, "options", UNWATCHED),
        (tl.block_type, "__init__", block),
        (tl.tensor, "__init__", tensor),
        # the name of a tuple's type is read by the compiler alone
        (tl.core, "_type_for_tuple_values", lambda values, fields=None: None),
    ]
    with ExitStack() as stack:
        stack.enter_context(np.errstate(all="ignore"))  # no device warns of what overflows
        for owner, name, new in changes:
            stack.enter_context(mock.patch.object(owner, name, new))
        try:
            yield
        finally:
            for scope in reversed(patched.values()):
                scope.restore()


class _Patched:
    """What is put back at the end of all."""

    def restore(self) -> None: ...


@contextmanager
def on_the_standin() -> Iterator[None]:
    """Launches kernels on what lies behind tensors of the stand-in, and counts the launches."""
    launch = triton_twin.launch

    def launched(kernel: Any, n_programs: int, *arguments: Any, **options: Any) -> None:
        if any(isinstance(each, Fake) for each in arguments):
            note_kernel(kernel.fn.__name__, arguments)
        launch(kernel, n_programs, *map(unwrapped, arguments), **options)

    triton_twin.launch = launched
    try:
        yield
    finally:
        triton_twin.launch = launch
