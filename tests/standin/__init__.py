"""A stand-in for a GPU: what a device refuses, launches, waits for and moves, seen on the CPU."""

import torch

__all__ = ["missing"]

REGISTERED_BY = "_setup_privateuseone_for_python_backend"  # in later versions of torch


def missing() -> str:
    """Tells why there is none here; "" if `tests.standin.device` may be imported."""
    if torch.cuda.is_available():
        return "a CUDA device is here, and needs no stand-in"
    if not hasattr(torch.utils.backend_registration, REGISTERED_BY):
        return f"torch {torch.__version__} takes no device that is written in Python"
    return ""
