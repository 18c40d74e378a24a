"""What is a device's fault, and what is not."""

import pytest
import torch

from fastmi.backends.failures import TYPES, of_the_device


@pytest.mark.parametrize(
    "error",
    [
        *(kind("out of memory") for kind in TYPES),
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("CUDA driver error: invalid argument"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
        RuntimeError("HIP error: invalid device function"),
    ],
    ids=str,
)
def test_it_failed_or_is_full(error):
    assert of_the_device(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("vmap: it looks like you're calling .item() on a Tensor"),
        RuntimeError("Failed to find C compiler"),
        RuntimeError("out of resource: shared memory, Required: 300000"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ValueError("CUDA error: said by somebody else"),
        MemoryError("CUDA error"),
    ],
    ids=str,
)
def test_it_has_no_part_in_it(error):
    assert not of_the_device(error)
    assert torch.OutOfMemoryError in TYPES
