"""plug-in I(T;Y), tally, class counts -> a lower and an upper end, proven in mean."""

from __future__ import annotations

import math

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.margins import added, known_classes, margin
from fastmi.belief.regret import regret
from fastmi.counting import Tally
from fastmi.entropies import settle

__all__ = ["charge", "label_code", "mean_lower", "mean_upper", "pvalue_bound"]

# 2^-1022 is the least normal float: what is less is not rounded to 0
MOST_BITS = 1022


def mean_lower(
    information: FloatArray, codes: Tally, class_counts: IntArray, n_classes: int | None = None
) -> FloatArray:
    """Lowers the plug-in I(T;Y) to what is at most I(T;Y) in mean, in bits, (s,).

    mean_lower = information - (1/n) sum_a m_a log2 C(a, K): m_a codes occur a times, and C is that
    of `regret`. Given the codes, what is subtracted from H(Y) is the length of a code for the
    labels: in mean at least n H(Y|T), for any alphabet and any n.

    It holds for independent samples and T a fixed function of x: a held-out sample, or an untrained
    network; elsewhere it describes the sample. It is a statement about means, not an end of a
    confidence interval, and may be negative. Swapping T and Y changes it.

    Args:
        information: (s,) plug-in I(T;Y) in bits. codes: a tally of T, s segments. class_counts:
            (Ky,) the samples of each class. n_classes: K, known beforehand. None takes the classes
            seen, and the result is a description.

    Raises:
        ValueError: n_classes is less than the classes seen, or the counts do not add up to n.

    Source:
        the code: Kontkanen and Myllymaki 2007.
    """
    labels = margin(class_counts, codes.n_samples)
    paid = added(codes, regret(codes.occurrences.times, known_classes(labels, n_classes)))
    return information - paid / codes.n_samples


def charge(n_candidates: int, n_samples: int) -> float:
    """Measures what the best of m candidates owes: log2(m) / n, in bits a sample.

    A code for the labels that first says which of m codes it takes is log2 m bits longer than that
    one. So mean_lower less the charge is, whichever candidate is chosen and for whatever reason, at
    most the I(T;Y) of all that the candidates are functions of in mean, and under independence
    E[2^(n (mean_lower - charge))] <= 1 still. The candidates are made without the labels.

    Args:
        n_candidates: m. n_samples: n.
    """
    return math.log2(n_candidates) / n_samples


def mean_upper(
    h_t: FloatArray, h_ty: FloatArray, class_counts: IntArray, n_classes: int | None = None
) -> FloatArray:
    """Raises the plug-in I(T;Y) to what is at least I(T;Y) in mean, in bits, (s,).

    mean_upper = `label_code` - (H(T,Y) - H(T)). The plug-in H(Y|T) is at most the true one in mean,
    and a code of the labels is at least n H(Y) long. mean_upper - I is one number of a sample: it
    does not depend on T. The conditions are those of `mean_lower`.

    Args:
        h_t, h_ty: (s,) plug-in entropies in bits. class_counts, n_classes: as `mean_lower`.

    Raises:
        ValueError: n_classes is less than the classes seen.
    """
    return label_code(class_counts, n_classes) - (h_ty - h_t)


def label_code(class_counts: IntArray, n_classes: int | None = None) -> float:
    """Measures the Krichevsky-Trofimov code of the labels, in bits a sample.

    [lnG(n + K/2) - lnG(K/2) - sum_b (lnG(b + 1/2) - lnG(1/2))] / (n ln 2), a class of b samples
    each. One class that is known to be the only one needs no bits.

    Args:
        class_counts, n_classes: as `mean_lower`.

    Raises:
        ValueError: n_classes is less than the classes seen.

    Source:
        Krichevsky and Trofimov 1981, The performance of universal encoding.
    """
    labels = margin(class_counts)
    n, half = labels.n_samples, known_classes(labels, n_classes) / 2
    terms = [
        -symbols * (math.lgamma(times + 0.5) - math.lgamma(0.5))
        for times, symbols in zip(labels.times.tolist(), labels.symbols.tolist(), strict=True)
    ]
    nats = math.fsum([math.lgamma(n + half), -math.lgamma(half), *terms])
    return float(settle(np.array(nats / (n * math.log(2)))))


def pvalue_bound(lower: FloatArray, n_samples: int) -> FloatArray:
    """Bounds the p-value of independence by min(1, 2^(-n mean_lower)), (s,).

    Under independence E[2^(n mean_lower)] <= 1, so that mean_lower reaches s / n with a probability
    of at most 2^-s, at any n and without a permutation. It is weaker than the permutation test, and
    holds where `mean_lower` does. What is below 2^-1022 is given as that.

    Args:
        lower: (s,) mean_lower in bits. n_samples: n.
    """
    return np.exp2(-np.clip(n_samples * np.asarray(lower), 0, MOST_BITS))
