"""How the line is cut: frozen records, one a file.

The symbol of t is np.digitize(t, edges), in 0..n_edges.
"""

from fastmi.binning.base import Binning, as_binning, needs_data
from fastmi.binning.candidates import Candidate, Candidates, chosen_from
from fastmi.binning.edges import Edges
from fastmi.binning.quantile import QuantileBins
from fastmi.binning.uniform import UniformBins
from fastmi.binning.width import WidthBins

__all__ = [
    "Binning",
    "Candidate",
    "Candidates",
    "Edges",
    "QuantileBins",
    "UniformBins",
    "WidthBins",
    "as_binning",
    "chosen_from",
    "needs_data",
]
