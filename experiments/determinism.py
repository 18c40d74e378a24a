"""A device -> torch held to operators that repeat their bits, and what a run there may promise.

On the CPU torch repeats its bits as it is, and nothing is touched. On CUDA it adds in any order,
chooses convolutions by the clock and rounds what they multiply to TF32, unless it is told not to.

An operator that cannot repeat itself warns and does not fail: hours of training are worth more
than the promise about them, which then names the operator. Who had asked torch for an error gets
the error.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import torch

__all__ = ["Promise", "held", "versions"]

HELD_TYPES = ("cuda",)  # of devices on which torch has to be told
SAME_BYTES = "the same bytes on the same device and versions"
# torch reads it as cuBLAS starts, and knows that cuBLAS repeats its sums under these values alone
CUBLAS_VARIABLE, CUBLAS_VALUES = "CUBLAS_WORKSPACE_CONFIG", (":4096:8", ":16:8")
# what torch says of an operator, once it is to warn
NO_IMPLEMENTATION = re.compile(r"(\S+) does not have a deterministic implementation")

Change = Callable[[Any], object]
Wanted = Callable[[Any], Any]


class Promise:
    """What may be promised of all that was computed so far; as text, a phrase for the manifest.

    Attributes:
        device: where it is computed.
        doubts: why it may not be the same another time, each once; None where torch is not held to
            anything, and keeps no doubts.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.doubts: list[str] | None = [] if device.type in HELD_TYPES else None

    def doubt(self, *reasons: str) -> None:
        """Takes reasons why it may differ."""
        if self.doubts is not None:
            self.doubts += [reason for reason in reasons if reason not in self.doubts]

    def go_on(self, doubts: list[str] | None) -> None:
        """Takes over the doubts of the part that was trained before; None is a part without any.

        No part that was trained without these settings can be vouched for.
        """
        if doubts is None:
            doubts = ["its first part was trained without deterministic settings"]
        self.doubt(*doubts)

    def __str__(self) -> str:
        return f"may differ ({'; '.join(self.doubts)})" if self.doubts else SAME_BYTES


@contextmanager
def held(device: torch.device) -> Iterator[Promise]:
    """Holds torch to operators that repeat their bits, without TF32, and puts all back afterwards.

    It does so on CUDA alone, and has to begin before cuBLAS does; where that is too late, torch
    says so, and the promise hears it.
    """
    promise = Promise(device)
    if promise.doubts is None:
        yield promise
        return
    with _heard(promise):
        before = list(_known())  # all of them before any is changed, for some change others
        try:
            for change, value, wanted in before:
                change(wanted(value))
            yield promise
        finally:
            for change, value, _ in before:
                change(value)


def versions(device: torch.device) -> dict[str, str]:
    """Names what computes on a device beside torch: {} of the CPU.

    What trains hangs on it, to the last bit. Counts do not hang on the kernels; their time does.
    """
    if device.type != "cuda":
        return {}
    from fastmi.backends import triton_twin

    no_kernels = triton_twin.missing(torch.empty(0, device=device))
    return {
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "gpu": torch.cuda.get_device_name(device),
        "kernels": f"torch's own ({no_kernels})" if no_kernels else "Triton",
    }


def _known() -> Iterator[tuple[Change, Any, Wanted]]:
    """Lists how each setting is changed, what it is, and what it is to be."""
    for read, change, wanted in _settings():
        with suppress(RuntimeError):  # of an old switch, where only the new ones were moved
            yield change, read(), wanted


def _settings() -> Iterator[tuple[Callable[[], Any], Change, Wanted]]:
    """Lists how each is read and changed, and to what, given what it was."""
    cuda, cudnn = torch.backends.cuda, torch.backends.cudnn
    # 0 says nothing, 1 warns, 2 fails
    yield (
        torch.get_deterministic_debug_mode,
        torch.set_deterministic_debug_mode,
        partial(max, 1),
    )
    # nothing here reads memory that it has not written, and to fill it is a launch each time
    yield _attribute(torch.utils.deterministic, "fill_uninitialized_memory", False)
    yield _attribute(cudnn, "deterministic", True)
    yield _attribute(cudnn, "benchmark", False)
    # The old switches and, where torch has them, the new: it refuses to compute while one says
    # TF32 and the other not. The old ones write into the new ones, and so go first.
    yield (
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
        lambda _: "highest",
    )
    yield _attribute(cudnn, "allow_tf32", False)
    for owner in (
        cuda.matmul,
        *(getattr(cudnn, name, None) for name in ("conv", "rnn")),
        getattr(torch.backends.mkldnn, "matmul", None),  # the first of the old ones writes it too
    ):
        if hasattr(owner, "fp32_precision"):
            yield _attribute(owner, "fp32_precision", "ieee")
    yield (
        lambda: os.environ.get(CUBLAS_VARIABLE),
        _set_cublas,
        lambda value: value if value in CUBLAS_VALUES else CUBLAS_VALUES[0],
    )


def _attribute(owner: Any, name: str, wanted: Any) -> tuple[Callable[[], Any], Change, Wanted]:
    return partial(getattr, owner, name), partial(setattr, owner, name), lambda _: wanted


def _set_cublas(value: str | None) -> None:
    if value is None:
        os.environ.pop(CUBLAS_VARIABLE, None)
    else:
        os.environ[CUBLAS_VARIABLE] = value


@contextmanager
def _heard(promise: Promise) -> Iterator[None]:
    """Makes a doubt of every warning that something is not deterministic; others are shown."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def hear(
            message: Warning | str, category: type[Warning], *where: Any, **options: Any
        ) -> None:
            reason = _reason(str(message)) if category is UserWarning else ""
            if reason:
                promise.doubt(reason)
            else:
                show(message, category, *where, **options)

        warnings.showwarning = hear
        # whatever the caller makes of warnings: an error would end the run
        warnings.filterwarnings("default", "(?s).*deterministic", UserWarning)
        # torch 2.9 asks for the new switches alone, and then finds them to contradict the old
        warnings.filterwarnings("ignore", "(?s).*new API settings to control TF32", UserWarning)
        yield


def _reason(warning: str) -> str:
    """Words why something may differ, of what torch warns of; "" where it speaks of other things.

    Everything that is not deterministic is a reason, in torch's first sentence if not in ours.
    """
    operator = NO_IMPLEMENTATION.match(warning)
    if operator is not None:
        return f"{operator[1]} has no deterministic implementation"
    if "deterministic" not in warning.lower():
        return ""
    if "cublas" in warning.lower():
        return f"cuBLAS had been started before {CUBLAS_VARIABLE} was set"
    return " ".join(warning.split(". ")[0].split())[:200]
