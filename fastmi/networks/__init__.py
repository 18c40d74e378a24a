"""The wing that needs torch: copies of a network that train together, read, and stop."""

from fastmi.networks.ensemble import Ensemble, one_thread
from fastmi.networks.forwarding import LoopWarning
from fastmi.networks.stopping import InformationStopping
from fastmi.networks.watching import evaluating

__all__ = ["Ensemble", "InformationStopping", "LoopWarning", "evaluating", "one_thread"]
