"""an exception -> whether a device is to blame: it failed, it is full, or its libraries failed."""

from __future__ import annotations

import re

import torch

__all__ = ["of_the_device"]

TYPES: tuple[type[Exception], ...] = (
    torch.OutOfMemoryError,
    getattr(torch, "AcceleratorError", torch.OutOfMemoryError),  # since torch 2.9
)
# how CUDA, HIP and their libraries begin to say what went wrong, where torch has no type for it
MESSAGES = re.compile(
    r"\b(CUDA|HIP|cu(BLAS|DNN|SPARSE|SOLVER|FFT|RAND)) (driver )?(\w+ )?error"
    r"|\b(CUBLAS|CUDNN|CUSPARSE|CUSOLVER|CUFFT|CURAND|HIPBLAS|MIOPEN)_STATUS_|device-side assert",
    re.IGNORECASE,
)


def of_the_device(error: Exception) -> bool:
    """Judges whether a device failed, or its libraries, or its memory was too small.

    What was asked of it cannot be had by another way on the same device: not by a loop in place of
    one call, nor by torch's calls in place of a kernel.
    """
    return isinstance(error, TYPES) or (
        isinstance(error, RuntimeError) and MESSAGES.search(str(error)) is not None
    )
