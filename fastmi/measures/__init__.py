"""How a layer is measured: one frozen record a file, which fixes X and Y, then reads any layers."""

from fastmi.measures.base import Layers, Measure, Reader, Variables
from fastmi.measures.counted import Counted
from fastmi.measures.kde import KDEBounds
from fastmi.measures.probe import Probe
from fastmi.measures.soft import SoftCodes
from fastmi.measures.softmax import SoftmaxChannel
from fastmi.measures.units import PerUnit
from fastmi.measures.vector_quantized import VectorQuantized

__all__ = [
    "Counted",
    "KDEBounds",
    "Layers",
    "Measure",
    "PerUnit",
    "Probe",
    "Reader",
    "SoftCodes",
    "SoftmaxChannel",
    "Variables",
    "VectorQuantized",
]
