"""Triton's interpreter, faster where it goes number by number, and on tensors of the stand-in.

The interpreter knows NumPy's ways for a sum, a maximum and their like, and makes every other
reduction and scan one number after the other in Python: seconds for a sort of 4096. The two that
the kernels need are done by NumPy here; `tests/test_standin.py` checks that they come to the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

# the interpreter asks for it at the first launch, and it for how kernels were defined
import triton.experimental.gluon  # noqa: F401
import triton.language as tl
from triton.runtime import interpreter

from fastmi.backends import triton_kernels, triton_twin
from tests.standin.device import Fake, note_kernel, unwrapped

__all__ = ["fast", "on_the_standin"]


@contextmanager
def fast() -> Iterator[None]:
    """Makes the reductions of `tl.sort` and the scan of runs by NumPy within the block."""
    reduce, scan = interpreter.ReduceOps.generic_reduce, interpreter.ScanOps.generic_scan
    patch, patched = interpreter._patch_lang, {}

    def generic_reduce(self: Any, inputs: Any) -> Any:
        if self.combine_fn is not tl.standard._xor_combine or self.axis is None:
            return reduce(self, inputs)
        (given,) = inputs
        found = np.bitwise_xor.reduce(given.handle.data, self.axis, keepdims=self.keep_dims)
        return [self.to_tensor(found, given.dtype)]

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

    interpreter.ReduceOps.generic_reduce = generic_reduce
    interpreter.ScanOps.generic_scan = generic_scan
    interpreter._patch_lang = patch_once
    try:
        with np.errstate(all="ignore"):  # no device warns of what overflows
            yield
    finally:
        interpreter.ReduceOps.generic_reduce = reduce
        interpreter.ScanOps.generic_scan = scan
        interpreter._patch_lang = patch
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
