"""All pairs of columns: the floats of each pair by itself, and what stands beside them."""

import itertools
import math
import statistics
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import fastmi
from fastmi import pairs
from fastmi.pairs import pairwise_mutual_information
from tests import naive

from .belief import definitions

SIZES = (1, 2, 3, 10, 40, 300)


def table(rng, n=300):
    """Constant, few and many symbols, all distinct; the fourth is told by the fifth in part."""
    x = np.column_stack([*(rng.integers(k, size=n) for k in SIZES), np.arange(n)])
    x[:, 3] = np.where(rng.random(n) < 0.7, x[:, 4] % 10, x[:, 3])
    return x


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 63, 300])
def test_each_is_the_float_of_its_pair(twin, rng, n):
    x = table(rng, n)
    given = twin.put(x)
    found = pairwise_mutual_information(given)
    for i, j in itertools.product(range(x.shape[1]), repeat=2):
        if i == j:
            assert found.bits[i, i] == fastmi.entropy(given[:, i])
        else:
            assert found.bits[i, j] == fastmi.mutual_information(given[:, i], given[:, j])
    np.testing.assert_array_equal(found.bits, found.bits.T)
    np.testing.assert_array_equal(found.n, np.full(found.bits.shape, n))


def test_they_agree_with_the_definition(rng):
    x, y = table(rng, 80), rng.integers(4, size=(80, 3))
    found = pairwise_mutual_information(x, y)
    assert found.bits.shape == (7, 3)
    for i, j in itertools.product(range(7), range(3)):
        expected = naive.mutual_information(x[:, i].tolist(), y[:, j].tolist())
        assert found.bits[i, j] == pytest.approx(expected, abs=1e-12)
        assert found.bits[i, j] == fastmi.mutual_information(x[:, i], y[:, j])


def test_many_columns_are_counted_in_blocks(rng):
    x = rng.integers(5, size=(200, 70))
    x[:, 60] = x[:, 3]
    found = pairwise_mutual_information(x).bits
    for i, j in [(3, 60), (0, 69), (31, 32), (33, 2), (64, 64)]:
        own = fastmi.mutual_information(x[:, i], x[:, j]) if i != j else fastmi.entropy(x[:, i])
        assert found[i, j] == found[j, i] == own
    with fastmi.use_threads(2):
        np.testing.assert_array_equal(pairwise_mutual_information(x).bits, found)


def test_columns_of_any_kind_keep_their_names():
    frame = pd.DataFrame(
        {"letter": list("aabb"), "number": [0, 0, 1, 1], ("a", 1): [True, False, True, False]}
    )
    frame["kind"] = pd.Categorical(["x", "y", "x", "y"])
    found = pairwise_mutual_information(frame)
    assert list(found.bits.columns) == list(found.bits.index) == list(frame.columns)
    assert found.bits.loc["letter", "number"] == 1
    assert found.bits.loc["letter", "kind"] == 0
    assert found.names == (tuple(frame.columns),) * 2
    for matrix in (found.n, found.chance, found.excess, found.pvalues, found.normalized("max")):
        assert list(matrix.columns) == list(frame.columns)


# --- missing values -------------------------------------------------------------------------------


def holes(rng):
    frame = pd.DataFrame(table(rng)[:, 1:5].astype(float), columns=list("abcd"))
    frame[rng.random(frame.shape) < 0.2] = np.nan
    frame["none"] = np.nan
    return frame


def test_samples_that_lack_a_value_are_dropped_for_each_pair(rng):
    frame = holes(rng)
    found = pairwise_mutual_information(frame, missing="drop")
    for a, b in itertools.product("abcd", repeat=2):
        both = frame[[a, b]].dropna()
        assert found.n.loc[a, b] == len(both)
        x, y = both.to_numpy().T
        assert found.bits.loc[a, b] == fastmi.mutual_information(x, y)
        report = fastmi.mutual_information_report(x, y)
        assert found.chance.loc[a, b] == pytest.approx(report.chance, abs=1e-12)
    assert (found.n["none"] == 0).all()
    for matrix in (found.bits, found.chance, found.pvalues, found.normalized()):
        assert matrix["none"].isna().all()
    np.testing.assert_array_equal(found.bits, found.bits.T)
    np.testing.assert_array_equal(found.normalized(), found.normalized().T)


def test_what_is_missing_may_be_a_symbol(rng):
    frame = holes(rng)
    found = pairwise_mutual_information(frame, missing="symbol")
    np.testing.assert_array_equal(found.bits, pairwise_mutual_information(frame.fillna(-1)).bits)


# --- what stands beside ---------------------------------------------------------------------------


def test_chance_is_the_mean_over_all_shuffles(rng):
    x = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 2, 0], [2, 2, 0], [2, 2, 0]])
    found = pairwise_mutual_information(x)
    for i, j in itertools.product(range(3), repeat=2):
        expected = definitions.chance(x[:, i].tolist(), x[:, j].tolist())
        assert found.chance[i, j] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(found.excess, found.bits - found.chance)
    np.testing.assert_array_equal(found.chance, found.chance.T)


def test_chance_is_that_of_a_report(rng, monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK_COUNTS", 5)
    x, y = table(rng), rng.integers(4, size=(300, 2))
    found = pairwise_mutual_information(x, y)
    for i, j in itertools.product(range(7), range(2)):
        report = fastmi.mutual_information_report(x[:, i], y[:, j])
        assert found.chance[i, j] == pytest.approx(report.chance, abs=1e-12)


def chi_squared_tail(x, freedom):
    """P(chi^2 > x) of an even number of degrees: a sum of Poisson's."""
    return math.exp(-x / 2) * math.fsum(
        (x / 2) ** k / math.factorial(k) for k in range(freedom // 2)
    )


def test_p_is_that_of_the_g_test(rng):
    a = rng.integers(3, size=400)
    b = np.where(rng.random(400) < 0.1, a, rng.integers(2, size=400))
    c = rng.integers(4, size=400)
    found = pairwise_mutual_information(np.column_stack([a, b, c, np.zeros(400, int)]))
    n_nats = 400 * math.log(2)
    for i, j, freedom in [(0, 1, None), (0, 2, 6), (1, 2, None)]:
        if freedom:
            expected = chi_squared_tail(2 * n_nats * found.bits[i, j], freedom)
            assert found.pvalues[i, j] == pytest.approx(expected, rel=1e-9)
        assert found.pvalues[i, j] == found.pvalues[j, i]
    assert (found.pvalues[3, :3] == 1).all()
    assert np.isnan(np.diag(found.pvalues)).all()


@pytest.mark.parametrize(
    ("a", "b", "held"),
    [
        ([10, 10], [10, 10], True),  # 5 everywhere
        ([10, 9], [9, 10], False),  # one of four cells has 5
        ([4, 96], [50, 50], False),  # half of the cells have 2
        ([4, 32, 32, 32], [50, 50], False),  # a quarter has 2
        ([4, 24, 24, 24, 24], [50, 50], True),  # a fifth has 2
        ([1, 124, 125, 125, 125], [250, 250], False),  # a fifth has a half
    ],
)
def test_the_rule_of_expected_cells(a, b, held):
    x, y = (np.repeat(np.arange(len(counts)), counts) for counts in (a, b))
    p = pairwise_mutual_information(x, y[::-1]).pvalues
    assert np.isfinite(p).all() == held


def test_false_discoveries_are_controlled_by_hand():
    p = [0.001, 0.01, 0.02, 0.8]
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4
    expected = [0.001 * 4 * harmonic, 0.01 * 2 * harmonic, 0.02 * 4 / 3 * harmonic, 1.0]
    adjusted = pairs._yekutieli(np.array(p)[[3, 1, 0, 2]])
    np.testing.assert_allclose(adjusted, np.array(expected)[[3, 1, 0, 2]], rtol=1e-12)
    assert pairs._yekutieli(np.empty(0)).size == 0


def test_each_pair_is_adjusted_once(rng):
    x = rng.integers(3, size=(500, 5))
    x[:, 1] = np.where(rng.random(500) < 0.5, x[:, 0], x[:, 1])
    found = pairwise_mutual_information(x)
    upper = np.triu_indices(5, 1)
    np.testing.assert_array_equal(
        found.pvalues_adjusted[upper], pairs._yekutieli(found.pvalues[upper])
    )
    assert found.pvalues_adjusted[0, 1] < 1e-6 < 0.05 < found.pvalues_adjusted[2, 3]


def test_normal_forms_are_quotients(rng):
    x = table(rng)
    found = pairwise_mutual_information(x)
    h = np.diag(found.bits)
    for by, mean in {
        "min": min,
        "max": max,
        "arithmetic": lambda *two: statistics.fmean(two),
        "geometric": lambda *two: math.sqrt(math.prod(two)),
    }.items():
        quotient = found.normalized(by)
        assert np.isnan(quotient[0, 0])
        assert (
            np.isnan(quotient[0, 1:]) if by in ("min", "geometric") else quotient[0, 1:] == 0
        ).all()
        for i, j in itertools.product(range(1, 7), repeat=2):
            assert quotient[i, j] == pytest.approx(found.bits[i, j] / mean(h[i], h[j]), abs=1e-12)


# --- shown ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", ["bits", "excess", "normalized"])
def test_it_is_drawn(rng, values):
    x = table(rng)
    for found in (pairwise_mutual_information(x), pairwise_mutual_information(x, x[:, 2:4])):
        found.plot(values).canvas.draw()


def test_a_bar_stands_on_stderr_where_it_takes_long(rng, monkeypatch, capsys):
    import tqdm

    monkeypatch.setattr(pairs, "PATIENCE_SECONDS", 0)
    shown = tqdm.tqdm
    monkeypatch.setattr(tqdm, "tqdm", lambda **given: shown(**{**given, "disable": False}))
    pairwise_mutual_information(rng.integers(3, size=(20, 40)))
    out, err = capsys.readouterr()
    assert (out, "820" in err) == ("", True)


def test_memory_stays_within_the_budget(rng):
    x = rng.integers(30, size=(20_000, 80))
    pairwise_mutual_information(x[:, :2])
    tracemalloc.start()
    found = pairwise_mutual_information(x)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.bits.shape == (80, 80)
    assert most < 2 * x.size + 64 * 2**20  # codes of a byte, twice while they are laid together


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"X": [[0.5, 1], [1, 1]]}, ValueError, "0.5, not a whole number"),
        ({"X": pd.DataFrame({"a": [1, None]})}, ValueError, r"X\['a'\] lacks 1 value \(NaN\)"),
        ({"X": [[1, 2], [3, 4]], "Y": [1, 2, 3]}, ValueError, "X has 2, Y has 3"),
        ({"X": np.zeros((2, 3, 1), int)}, ValueError, "a table is"),
        ({"X": pd.DataFrame()}, ValueError, "no columns"),
        ({"X": [[1]], "missing": "maybe"}, ValueError, "missing"),
    ],
)
def test_bad_tables_are_refused(given, kind, words):
    with pytest.raises(kind, match=words):
        pairwise_mutual_information(**given)


def test_unknown_forms_are_refused():
    found = pairwise_mutual_information([[0, 1], [1, 1]])
    with pytest.raises(ValueError, match="by must be one of"):
        found.normalized("mean")
    with pytest.raises(ValueError, match="values must be one of"):
        found.plot("pvalues")
    with pytest.raises(TypeError, match="ax is 'here': pass axes"):
        found.plot(ax="here")
