"""Bins, to count layers by."""

from fastmi import UniformBins

BINS, FINE = UniformBins(5, range=(-1, 1)), UniformBins(50, range=(-1, 1), out_of_range="clip")
