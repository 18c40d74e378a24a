"""fastmi: mutual information of patterns, for every layer, copy and epoch at once."""

from importlib import import_module

from fastmi.backends import use_backend
from fastmi.backends.threads import use_threads
from fastmi.binning import Edges, QuantileBins, UniformBins, WidthBins
from fastmi.choosing import choose_binning
from fastmi.coding import CollisionWarning, encode
from fastmi.counting import CoverageWarning
from fastmi.discretizing import discretize
from fastmi.features import FeatureInformation, feature_information
from fastmi.information import conditional_mutual_information, entropy, mutual_information
from fastmi.networks import Ensemble, InformationStopping, LoopWarning
from fastmi.pairs import PairwiseInformation, pairwise_mutual_information
from fastmi.planes import PlaneEstimator
from fastmi.points import Points
from fastmi.recorders import Recorder, watch
from fastmi.reports import Report, mutual_information_report
from fastmi.resampling import permutation_test
from fastmi.streams import Stream
from fastmi.tables import InformationPlane, plot, write_csv, write_html
from fastmi.units import UnitInformation, unit_information

__all__ = [
    "CollisionWarning",
    "CoverageWarning",
    "Edges",
    "Ensemble",
    "FeatureInformation",
    "InformationPlane",
    "InformationStopping",
    "LoopWarning",
    "PairwiseInformation",
    "PlaneEstimator",
    "Points",
    "QuantileBins",
    "Recorder",
    "Report",
    "Stream",
    "UniformBins",
    "UnitInformation",
    "WidthBins",
    "choose_binning",
    "conditional_mutual_information",
    "discretize",
    "encode",
    "entropy",
    "feature_information",
    "mutual_information",
    "mutual_information_report",
    "pairwise_mutual_information",
    "permutation_test",
    "plot",
    "unit_information",
    "use_backend",
    "use_threads",
    "watch",
    "write_csv",
    "write_html",
]

__version__ = "0.2.0"


def __getattr__(name: str) -> object:
    """Loads `fastmi.callbacks`, `compat`, `distributed`, `figures` where they are first asked for.

    They need more than NumPy.
    """
    if name not in ("callbacks", "compat", "distributed", "figures"):
        raise AttributeError(f"module 'fastmi' has no attribute {name!r}")
    return import_module(f"fastmi.{name}")


def __dir__() -> list[str]:
    return [*__all__, "__version__", "callbacks", "compat", "distributed", "figures", "measures"]
