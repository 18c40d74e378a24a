"""Edges of every kind, and the codes that Python integers give."""

import numpy as np

from tests import naive

F32 = np.finfo(np.float32)


MASK = 2**64 - 1


def splitmix64(seed: int) -> int:
    z = (seed + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def signed(code: int) -> int:
    """A residue modulo 2^64 as the int64 of the same bits."""
    code &= MASK
    return code - 2**64 if code >= 2**63 else code


def python_codes(rows, edges, out_of_range="separate"):
    """The codes of rows of numbers by definition, in Python integers."""
    bits, n_units = len(edges).bit_length(), len(rows[0])
    packed = n_units * bits <= 63
    weights = [1 << (bits * d) if packed else splitmix64(d) for d in range(n_units)]
    symbols = naive.digitise(rows, edges, out_of_range)
    return [signed(sum(s * w for s, w in zip(row, weights, strict=True))) for row in symbols]


def uniform_edges(rng):
    """linspace over some range: 2 to 500 edges, from denormal to the largest float32, on and off
    centre.
    """
    n = int(2 ** rng.uniform(1, 9))
    span = 10 ** rng.uniform(-37, 38)
    low = span * rng.choice([-0.5, 0.0, -1.0, 0.25, 100.0, -100.0])
    ends = np.float32([low, low + span]) if rng.random() < 0.7 else np.array([low, low + span])
    return np.linspace(*ends.astype(np.float64), n)


def other_edges(rng):
    """Anything that increases: drawn values, widths that grow, quantiles, float32 of every
    magnitude.
    """
    n = int(2 ** rng.uniform(1, 9))
    kind = rng.integers(4)
    if kind == 0:
        return rng.uniform(-1, 1, n)
    if kind == 1:
        return np.geomspace(1e-30, 10 ** rng.uniform(-20, 30), n)
    if kind == 2:
        return np.tanh(3 * rng.normal(size=n))
    return any_float32(rng, n)


def any_float32(rng, n):
    """Every bit pattern alike: all magnitudes, denormals, infinities; NaN made 0."""
    values = rng.integers(0, 2**32, n, dtype=np.uint32).view(np.float32)
    return np.where(np.isnan(values), np.float32(0), values)


def edge_sets(n_sets=200):
    rng = np.random.default_rng(1)
    extremes = [
        np.linspace(-float(F32.max), float(F32.max), 2),
        np.linspace(-float(F32.max), float(F32.max), 301),
        np.linspace(0, 5e-44, 30),  # denormal
        np.linspace(-1, 1, 30),
        np.linspace(-1, 1, 50),
        np.arange(-8, 9),
        [-float(F32.max), 0, 1],
        [0, float(F32.max)],
        [0, 1e-45],
    ]
    yield from extremes
    made = len(extremes)
    while made < n_sets:
        drawn = np.sort(uniform_edges(rng) if made % 2 else other_edges(rng)).astype(np.float64)
        with np.errstate(over="ignore"):
            rounded = drawn.astype(np.float32)
        if np.isfinite(rounded).all() and (rounded[1:] > rounded[:-1]).all():
            made += 1
            yield drawn
