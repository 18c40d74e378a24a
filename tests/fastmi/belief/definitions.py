"""The oracle of belief: all permutations, all subsamples, all codes. Standard library only.

Lists of labels or of counts in, floats in bits out.
"""

import itertools
import math
import statistics
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

from tests import naive


def shuffled(t, y):
    """I(T;Y) under every permutation of the labels."""
    return [naive.mutual_information(t, shuffle) for shuffle in itertools.permutations(y)]


def chance(t, y):
    return statistics.fmean(shuffled(t, y))


def chance_sd(t, y):
    return statistics.pstdev(shuffled(t, y))


def rarefied(t, m):
    """The mean of H over every subsample of m samples."""
    return statistics.fmean(naive.entropy(some) for some in itertools.combinations(t, m))


def mean_of_cell(n, a, b, reference):
    """E[k log2(k / reference)] of k ~ Hypergeometric(n, a, b), weighed by exact fractions."""
    ways = math.comb(n, a)
    return math.fsum(
        float(Fraction(k * math.comb(b, k) * math.comb(n - b, a - k), ways))
        * math.log2(k / reference)
        for k in range(max(1, a + b - n), min(a, b) + 1)
    )


@cache
def likelihoods(n, k):
    """C(n, K): the largest likelihood of every sequence, by how many labels are of the last class;
    not by the recursion in K that is judged.
    """
    if k == 1 or n == 0:
        return 1.0
    return math.fsum(
        math.comb(n, last)
        * (last / n) ** last
        * ((n - last) / n) ** (n - last)
        # the others: their own likelihood, as a share of the sequences that they are
        * likelihoods(n - last, k - 1)
        for last in range(n + 1)
    )


def log_likelihoods_of_many(n, k):
    """log2 C(n, K) in 50 digits."""
    with localcontext() as context:
        context.prec = 50
        total, term, j = Decimal(1), Decimal(1), 0
        while term > Decimal(10) ** -45 and j < n:
            term *= 1 - Decimal(j) / n
            total, j = total + term, j + 1
        one, two = Decimal(1), total
        for more in range(1, k - 1):
            one, two = two, two + one * n / more
        return float((two if k > 1 else one).ln() / Decimal(2).ln())


def mean_lower(t, y, k):
    paid = math.fsum(math.log2(likelihoods(count, k)) for count in Counter(t).values())
    return naive.mutual_information(t, y) - paid / len(t)


def label_code(y, k):
    """Every label is predicted from those before it, each class half a sample ahead."""
    seen, bits = Counter(), []
    for i, label in enumerate(y):
        bits.append(-math.log2((seen[label] + 0.5) / (i + k / 2)))
        seen[label] += 1
    return math.fsum(bits) / len(y)


def mean_upper(t, y, k):
    both = naive.entropy(list(zip(t, y, strict=True)))
    return label_code(y, k) - (both - naive.entropy(t))


def chao_jost(counts):
    n, times = sum(counts), Counter(counts)
    f1, f2 = times[1], times[2]
    if f1 == 0:
        return 1.0
    if f2 == 0:
        return 1 - Fraction(f1, n) * Fraction((n - 1) * (f1 - 1), (n - 1) * (f1 - 1) + 2)
    return 1 - Fraction(f1, n) * Fraction((n - 1) * f1, (n - 1) * f1 + 2 * f2)


def pseudo_values(t, y):
    """Of each sample, which is left out in turn; 0 where that leaves nothing."""
    n, bits = len(t), naive.mutual_information(t, y)
    return [
        n * bits
        - (n - 1)
        * (naive.mutual_information(t[:i] + t[i + 1 :], y[:i] + y[i + 1 :]) if n > 1 else 0)
        for i in range(n)
    ]


def jackknife(t, y):
    """(value, se), se NaN of one sample."""
    pseudo = pseudo_values(t, y)
    se = statistics.stdev(pseudo) / math.sqrt(len(t)) if len(t) > 1 else math.nan
    return statistics.fmean(pseudo), se


def unseen(t, y):
    """The most by which one sample more, of a code and a class that never met, changes I."""
    met, bits = set(zip(t, y, strict=True)), naive.mutual_information(t, y)
    return max(
        (
            abs(naive.mutual_information([*t, code], [*y, label]) - bits)
            for code in set(t)
            for label in set(y)
            if (code, label) not in met
        ),
        default=0,
    )
