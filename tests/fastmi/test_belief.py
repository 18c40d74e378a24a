"""The whole belief of a layer: published values, both twins, every company."""

import numpy as np
import pytest

import fastmi
from fastmi import belief, entropies
from fastmi.counting import tally

# codes, 1 - f1 / n, plug-in, chance, its sd, mean_lower, mean_upper, E[H] at 125, 250, 500
GOLDEN = [
    (998, 0.004, 0.825234, 0.823697, 0.001375, -0.173410, 0.830543, 6.965288, 7.964787, 8.963786),
    (960, 0.062, 0.825234, 0.793404, 0.005864, -0.144882, 0.830543, 6.948262, 7.932585, 8.905913),
    (728, 0.352, 0.825234, 0.604475, 0.012065, 0.053876, 0.830543, 6.588478, 7.410490, 8.187305),
    (394, 0.709, 0.813847, 0.328663, 0.013022, 0.354427, 0.819156, 5.550201, 6.077743, 6.533549),
    (127, 0.943, 0.784686, 0.106153, 0.009233, 0.601683, 0.789995, 4.088159, 4.312683, 4.481835),
    (40, 0.986, 0.760575, 0.032689, 0.005442, 0.694170, 0.765884, 2.176367, 2.253828, 2.308267),
]
EDGES = fastmi.Edges(np.linspace(-1, 1, 50), "wrap")


def believed(codes, y, n_classes=None):
    """Every column of codes (s, n), as lists."""
    k, class_counts = int(y.max()) + 1, np.bincount(y)
    h_t, h_ty = entropies.plugin(tally(codes, [y], (k,))).reshape(2, -1)
    h_y = entropies.plugin(tally(y[None]))
    bits, counts = entropies.information(h_t, h_y, h_ty), tally(codes)
    lower = belief.mean_lower(bits, counts, class_counts, n_classes)
    return {
        "n_symbols": counts.n_symbols.tolist(),
        "coverage": counts.coverage.tolist(),
        "information": bits.tolist(),
        "chance": belief.chance(counts, class_counts).tolist(),
        "chance_sd": belief.chance_sd(counts, class_counts).tolist(),
        "mean_lower": lower.tolist(),
        "mean_upper": belief.mean_upper(h_t, h_ty, class_counts, n_classes).tolist(),
        **{str(m): belief.rarefied(counts, m).tolist() for m in (125, 250, 500)},
        "growth": belief.growth(counts).tolist(),
        "chao_jost": belief.chao_jost(counts).tolist(),
        "pvalue_bound": belief.pvalue_bound(lower, counts.n_samples).tolist(),
    }


def test_golden_values_of_all_layers(blog, twin):
    layers = [blog[f"L{i}/T_all_nets"][0] for i in range(6)]
    codes = np.stack([fastmi.encode(layer, EDGES) for layer in layers])
    columns = believed(twin.put(codes), blog["Y"][:, 0], n_classes=2)
    for i, golden in enumerate(GOLDEN):
        found = [values[i] for values in columns.values()][: len(golden)]
        assert found == pytest.approx(golden, abs=1e-6)


def test_every_twin_gives_the_same_floats(rng, twin):
    codes, y = rng.integers(0, [[2], [30], [5000]], (3, 600)), rng.integers(0, 3, 600)
    assert believed(twin.put(codes), y) == believed(codes, y)


def test_neither_order_nor_company_leaves_a_trace(rng):
    codes, y = rng.integers(0, [[1], [2], [30], [5000]], (4, 600)), rng.integers(0, 3, 600)
    together = believed(codes, y)
    order = rng.permutation(600)
    assert believed(codes[:, order], y[order]) == together
    for i, row in enumerate(codes):
        alone = believed(row[None], y)
        assert alone == {name: [values[i]] for name, values in together.items()}


def test_what_is_remembered_is_bounded():
    caches = belief.shuffles._mean_entropies, belief.subsamples._mean_terms
    for cache in (*caches, belief.regret.__globals__["_regrets"]):
        assert cache.cache_parameters()["maxsize"] == 64


def test_no_setting_of_floats_reaches_belief(rng):
    codes, y = rng.integers(0, [[1], [2], [30], [5000]], (4, 600)), rng.integers(0, 3, 600)
    expected = believed(codes, y)
    for cache in (belief.shuffles._mean_entropies, belief.subsamples._mean_terms):
        cache.cache_clear()
    with np.errstate(all="raise"):
        assert believed(codes, y) == expected
