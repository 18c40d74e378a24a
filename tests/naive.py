"""The oracle: every quantity by its definition, slow and independent of what it judges.

Standard library only. Lists of Python values in, floats in bits out. A variable is a list with
one hashable value (a label, a tuple) per sample.
"""

from __future__ import annotations

import bisect
import math
import struct
from collections import Counter
from collections.abc import Hashable, Sequence
from fractions import Fraction

Variable = Sequence[Hashable]
Rows = Sequence[Sequence[float]]


def float32(value: float) -> float:
    """The nearest float32, ties to even; beyond the largest, infinity."""
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def symbol(value: float, edges: Sequence[float], out_of_range: str = "separate") -> int:
    """How many edges are at or below the value, in float32; then what becomes of the two ends."""
    rounded = [float32(edge) for edge in edges]
    found, top = bisect.bisect_right(rounded, float32(value)), len(rounded)
    if out_of_range == "wrap":
        return top if found == 0 else found
    if out_of_range == "clip":
        return min(max(found, 1), top - 1)
    if out_of_range == "raise" and found in (0, top):
        raise ValueError(value)
    return found


def digitise(
    rows: Rows, edges: Sequence[float], out_of_range: str = "separate"
) -> list[tuple[int, ...]]:
    """Rows of numbers -> rows of symbols, as tuples."""
    return [tuple(symbol(value, edges, out_of_range) for value in row) for row in rows]


def entropy(x: Variable) -> float:
    """H(X) = -sum p log2 p."""
    n = len(x)
    return -math.fsum(c / n * math.log2(c / n) for c in Counter(x).values())


def mutual_information(x: Variable, y: Variable) -> float:
    """I(X;Y) = sum p(x,y) log2 p(x,y) / (p(x) p(y))."""
    n, in_x, in_y, both = len(x), Counter(x), Counter(y), Counter(zip(x, y, strict=True))
    return math.fsum(c / n * math.log2(c * n / (in_x[a] * in_y[b])) for (a, b), c in both.items())


def conditional_mutual_information(x: Variable, y: Variable, z: Variable) -> float:
    """I(X;Y|Z) = sum over z of p(z) I(X;Y | Z = z)."""
    out = []
    for value, c in Counter(z).items():
        inside = [i for i, at in enumerate(z) if at == value]
        out.append(c / len(z) * mutual_information([x[i] for i in inside], [y[i] for i in inside]))
    return math.fsum(out)


def each(
    x: Variable, y: Variable, layer: Rows, edges: Sequence[float], out_of_range: str = "separate"
) -> tuple[float, float]:
    """I(X;T) and I(T;Y) of one network."""
    t = digitise(layer, edges, out_of_range)
    return mutual_information(x, t), mutual_information(t, y)


def sampled(
    x: Variable,
    y: Variable,
    copies: Sequence[Rows],
    who: Sequence[int],
    edges: Sequence[float],
    out_of_range: str = "separate",
) -> tuple[float, float]:
    """Sample i goes through copy who[i]."""
    return each(x, y, [copies[copy][i] for i, copy in enumerate(who)], edges, out_of_range)


def mixture(
    x: Variable,
    y: Variable,
    copies: Sequence[Rows],
    edges: Sequence[float],
    out_of_range: str = "separate",
) -> tuple[float, float]:
    """Every sample goes through every copy, each as likely."""
    rows = [row for layer in copies for row in layer]
    return each(list(x) * len(copies), list(y) * len(copies), rows, edges, out_of_range)


# --- estimators of the entropy, from counts, in nats ----------------------------------------------


def plugin(counts):
    n = sum(counts)
    return -sum(c / n * math.log(c / n) for c in counts)


def miller_madow(counts):
    return plugin(counts) + (len(counts) - 1) / (2 * sum(counts))


def grassberger(counts):
    """G by its recursion."""
    euler = 0.57721566490153286
    g = [math.nan, -euler - math.log(2)]
    for c in range(2, max(counts) + 1):
        g.append(g[c - 1] if c % 2 else (2 + g[1] if c == 2 else g[c - 2] + 2 / (c - 1)))
    n = sum(counts)
    return math.log(n) - sum(c * g[c] for c in counts) / n


def chao_shen(counts):
    """Shares lowered to the coverage, each over its chance to be seen, a fraction."""
    n, alone = sum(counts), sum(c == 1 for c in counts)
    coverage = n - (n - 1 if alone == n else alone)
    shares = [Fraction(coverage * c, n * n) for c in counts]
    return -math.fsum(p * math.log(p) / (1 - (1 - p) ** n) for p in shares)


def james_stein(counts, n_symbols=None):
    """The plug-in entropy of all symbols' shares, drawn towards 1 / K."""
    k, n = n_symbols or len(counts), sum(counts)
    shares = [c / n for c in [*counts, *[0] * (k - len(counts))]]
    scatter = n * n - sum(c * c for c in counts)  # the integers say where the target is met
    distance = (n - 1) * (k * sum(c * c for c in counts) - n * n)
    weight = min(1, k * scatter / distance) if distance else 1
    drawn = [weight / k + (1 - weight) * p for p in shares]
    return -math.fsum(p * math.log(p) for p in drawn if p)


def jackknife(counts):
    """n H - (n - 1) times the mean entropy of all but one sample."""
    n, less = sum(counts), []
    for i, c in enumerate(counts):
        others = [other - (at == i) for at, other in enumerate(counts)]
        less += [plugin([other for other in others if other])] * c if n > 1 else [0]
    return n * plugin(counts) - (n - 1) * math.fsum(less) / n


def chao_wang_jost(counts):
    """psi(n) - psi(c) = 1 / c + ... + 1 / (n - 1), and the series of the unseen, term by term."""
    n, f1, f2 = sum(counts), counts.count(1), counts.count(2)
    seen = math.fsum(c / n * math.fsum(1 / k for k in range(c, n)) for c in counts)
    a = 2 * f2 / ((n - 1) * f1 + 2 * f2) if f2 else 2 / ((n - 1) * (f1 - 1) + 2)
    if f1 == 0 or a == 1:
        return seen
    terms, k = [], 1
    while (1 - a) ** k > 1e-17:
        terms.append((1 - a) ** k / (n - 1 + k))
        k += 1
    return seen + f1 / n * math.fsum(terms)


# --- a probe --------------------------------------------------------------------------------------


def probe(
    y: Sequence[Hashable], rows: Rows, fit: Sequence[int], scored: Sequence[int], penalty: float
) -> float:
    """mean log2 p(y | t) + H(y) over scored rows, p a linear softmax of standardised fitted rows.

    Units stay within what was fitted. Every label that is scored is one that is fitted.
    """
    names = sorted({y[i] for i in fit})
    units = [[rows[i][d] for i in fit] for d in range(len(rows[0]))]
    means = [math.fsum(unit) / len(unit) for unit in units]
    sds = [
        math.sqrt(math.fsum((v - mean) ** 2 for v in unit) / len(unit)) or 1.0
        for unit, mean in zip(units, means, strict=True)
    ]
    table = [
        [
            *(
                (min(max(v, min(unit)), max(unit)) - mean) / sd
                for v, unit, mean, sd in zip(row, units, means, sds, strict=True)
            ),
            1.0,
        ]
        for row in rows
    ]
    labels = [names.index(label) if label in names else -1 for label in y]
    weights = _logistic([table[i] for i in fit], [labels[i] for i in fit], len(names), penalty)
    logs = [math.log2(_softmax(weights, table[i])[labels[i]]) for i in scored]
    return math.fsum(logs) / len(logs) + entropy([y[i] for i in scored])


def _softmax(weights: list[list[float]], row: list[float]) -> list[float]:
    scores = [math.fsum(w * v for w, v in zip(each, row, strict=True)) for each in weights]
    top = max(scores)
    shares = [math.exp(score - top) for score in scores]
    return [share / math.fsum(shares) for share in shares]


def _logistic(rows: list[list[float]], labels: list[int], k: int, penalty: float) -> list:
    """Newton's steps; the last column is the bias, which has a penalty of next to nothing."""
    d, n = len(rows[0]), len(rows)
    penalties = [penalty] * (d - 1) + [1e-10]
    weights = [[0.0] * d for _ in range(k)]
    for _ in range(50):
        gradient = [penalties[i] * weights[a][i] for a in range(k) for i in range(d)]
        hessian = [
            [penalties[i] if (a, i) == (b, j) else 0.0 for b in range(k) for j in range(d)]
            for a in range(k)
            for i in range(d)
        ]
        for row, label in zip(rows, labels, strict=True):
            p = _softmax(weights, row)
            for a in range(k):
                for i in range(d):
                    gradient[a * d + i] += (p[a] - (a == label)) * row[i] / n
                    for b in range(k):
                        curvature = p[a] * ((a == b) - p[b]) * row[i] / n
                        for j in range(d):
                            hessian[a * d + i][b * d + j] += curvature * row[j]
        step = _solved(hessian, gradient)
        weights = [[w - step[a * d + i] for i, w in enumerate(weights[a])] for a in range(k)]
        if max(map(abs, step)) < 1e-12:
            break
    return weights


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss, with pivots."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda j: abs(rows[j][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for j in range(i + 1, n):
            share = rows[j][i] / rows[i][i]
            rows[j] = [a - share * b for a, b in zip(rows[j], rows[i], strict=True)]
    found = [0.0] * n
    for i in reversed(range(n)):
        known = math.fsum(rows[i][j] * found[j] for j in range(i + 1, n))
        found[i] = (rows[i][n] - known) / rows[i][i]
    return found
