"""Small random samples, and tallies of counts."""

import numpy as np

from fastmi.backends import Occurrences
from fastmi.counting import Tally, counts_of_counts, tally


def tally_of(*counts):
    """The tally of segments whose codes have these counts, all of one n."""
    rows = [counts_of_counts(np.array(row, np.int64)) for row in counts]
    segment = np.repeat(np.arange(len(rows)), [times.size for times, _ in rows])
    occurrences = Occurrences(segment, *(np.concatenate(part) for part in zip(*rows, strict=True)))
    return Tally(len(rows), sum(counts[0]), occurrences)


def pairs(rng, times, most):
    """(t, y), lists of at most `most` labels, of few classes and few codes."""
    for _ in range(times):
        n = int(rng.integers(1, most + 1))
        yield (rng.integers(0, k, n).tolist() for k in rng.integers(1, 5, 2))


def counted(t):
    return tally(np.array([t]))
