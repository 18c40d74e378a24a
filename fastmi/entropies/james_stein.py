"""The entropy of shares that are drawn towards equal ones."""

from __future__ import annotations

import math

import numpy as np

from fastmi.arrays import FloatArray
from fastmi.counting import Tally
from fastmi.entropies.arithmetic import settle

__all__ = ["james_stein"]


def james_stein(tally: Tally, n_symbols: int | None = None) -> FloatArray:
    """Estimates the entropy of every segment by -sum_x q log q over K symbols, in bits, (s,).

    q = w / K + (1 - w) p is the share p of a symbol, 0 of one not seen, drawn towards 1 / K. The
    weight w = (1 - sum p^2) / ((n - 1) sum (1 / K - p)^2), at most 1, is the estimated scatter of
    the shares over their distance from equal ones. It is 1 where they are equal, and of one sample.

    It rests on K. Where that is not stated it is the number of symbols seen, and what was not seen
    is left out: the result is at most log2 K, and at most log2 n. Stated, it fails where the law is
    far from uniform and K far above what occurs: few samples then come to nearly log2 K. Of a
    difference H(X) + H(Y) - H(X,Y) each entropy is drawn towards the uniform law of the symbols
    that it has seen, and the three need belong to no joint law; no K could be stated for all of
    them. Such a difference may be negative or exceed both: nothing is clipped.

    Args:
        tally: of s segments. n_symbols: K, how many symbols there are, seen or not.

    Raises:
        ValueError: n_symbols is less than a segment has.

    Source: Hausser and Strimmer 2009, Entropy inference and the James-Stein estimator, with
    application to nonlinear gene association networks, JMLR 10.
    """
    n, (segment, times, symbols), seen = tally.n_samples, tally.occurrences, tally.n_symbols
    if n_symbols is not None and n_symbols < seen.max():
        raise ValueError(
            f"n_symbols is {n_symbols}, but {seen.max()} symbols have been seen: pass how many "
            "there are, also of those without a sample, or None if that is not known"
        )
    # not an array of K: that may be beyond any integer of NumPy's
    each, log_k = (
        (1 / seen, np.log2(seen)) if n_symbols is None else (1 / n_symbols, math.log2(n_symbols))
    )
    weight = _weight(tally, each)
    shares = (weight * each)[segment] + (1 - weight[segment]) * (times / n)
    terms = symbols * (shares * np.log2(np.where(shares > 0, shares, 1)))
    sums = np.bincount(segment, weights=terms, minlength=tally.n_segments)
    unseen = weight * (1 - seen * each)
    return settle(unseen * (log_k - np.log2(np.where(weight > 0, weight, 1))) - sums)


def _weight(tally: Tally, each: FloatArray | float) -> FloatArray:
    """Finds the weight of equal shares, (s,); `each` is 1 / K."""
    n, (segment, times, symbols) = tally.n_samples, tally.occurrences
    squares = np.bincount(segment, symbols * (times * times.astype(np.float64)), tally.n_segments)
    scatter, distance = n * float(n) - squares, (n - 1) * (squares - n * float(n) * each)
    apart = distance > scatter  # else, and where both are 0, all the weight is theirs
    return np.where(apart, scatter / np.where(apart, distance, 1), 1)
