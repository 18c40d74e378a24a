"""fastmi: mutual information of patterns, for every layer, copy and epoch at once."""

from fastmi.backends import use_backend
from fastmi.backends.threads import use_threads
from fastmi.binning import Edges, UniformBins
from fastmi.coding import CollisionWarning, encode
from fastmi.counting import CoverageWarning
from fastmi.information import conditional_mutual_information, entropy, mutual_information
from fastmi.networks import Ensemble, InformationStopping, LoopWarning
from fastmi.planes import PlaneEstimator
from fastmi.streams import Stream
from fastmi.tables import InformationPlane

__all__ = [
    "CollisionWarning",
    "CoverageWarning",
    "Edges",
    "Ensemble",
    "InformationPlane",
    "InformationStopping",
    "LoopWarning",
    "PlaneEstimator",
    "Stream",
    "UniformBins",
    "conditional_mutual_information",
    "encode",
    "entropy",
    "mutual_information",
    "use_backend",
    "use_threads",
]
