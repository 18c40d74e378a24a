"""Type names of the arrays that several modules pass to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

__all__ = [
    "Activations",
    "Array",
    "Assignment",
    "Bits",
    "Codes",
    "CountsLike",
    "EdgesLike",
    "FloatArray",
    "Inputs",
    "IntArray",
    "LabelsLike",
    "LayersOf",
]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Bits: TypeAlias = FloatArray  # (..., n_layers, 2): I(X;T) and I(T;Y)
Array: TypeAlias = Union[npt.NDArray[Any], "torch.Tensor"]
Activations: TypeAlias = Array  # (..., n_samples, n_units), real
Codes: TypeAlias = Array  # (..., n_samples) int64, where the activations are
LayersOf: TypeAlias = Activations | Sequence[Activations] | Mapping[str, Activations]
Inputs: TypeAlias = Array  # (n_samples, ...), real
# (n_samples,), or rows (n_samples, d), or batches of rows; columns and tables of other libraries
LabelsLike: TypeAlias = Array | Sequence[Any] | npt.ArrayLike
# how often each symbol was seen, or each pair, whole numbers; SciPy's sparse matrices too
CountsLike: TypeAlias = Any
# (..., n_samples) integers: the copy of each sample
Assignment: TypeAlias = Array | Sequence[Any]
EdgesLike: TypeAlias = Union[npt.ArrayLike, "torch.Tensor"]
