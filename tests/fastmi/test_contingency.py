"""Tables of two variables: cells that are not empty, from samples and as they come."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

import fastmi
from fastmi.belief.pseudovalues import jackknife
from fastmi.contingency import Contingency, contingency
from tests import naive


def as_lists(table):
    """Its cells in one order, whatever their numbers."""
    return sorted(table.counts.tolist())


def test_equal_pairs_share_a_cell(twin, rng):
    codes, labels = (
        rng.integers(-(2**62), 2**62, 30)[rng.integers(0, 30, 500)],
        rng.integers(0, 7, 500),
    )
    table = contingency(twin.put(codes), twin.put(labels), 7)
    counted = {}
    for pair in zip(codes.tolist(), labels.tolist(), strict=True):
        counted[pair] = counted.get(pair, 0) + 1
    assert as_lists(table) == sorted(counted.values())
    assert sorted(table.row_counts.tolist()) == sorted(np.unique(codes, return_counts=True)[1])
    assert sorted(table.column_counts.tolist()) == sorted(np.unique(labels, return_counts=True)[1])
    assert table.n_samples == 500
    assert repr(table) == f"Contingency of 500 samples in {len(counted)} cells"


@pytest.mark.parametrize("n", [1023, 1024, 40_000])
@pytest.mark.parametrize("lowest", [-1, 0])
def test_many_samples_of_few_symbols(twin, rng, n, lowest):
    codes, labels = 2 * rng.integers(lowest, 6, n), rng.integers(0, 3, n)  # not each code occurs
    table = contingency(twin.put(codes), twin.put(labels), 4)
    counted = Counter(zip(codes.tolist(), labels.tolist(), strict=True))
    assert as_lists(table) == sorted(counted.values())
    assert sorted(table.row_counts.tolist()) == sorted(Counter(codes.tolist()).values())
    assert sorted(table.column_counts.tolist()) == sorted(Counter(labels.tolist()).values())


def test_counts_of_pairs_are_added_up():
    table = contingency(np.array([5, 5, -1]), np.array([1, 1, 0]), 2, counts=np.array([2, 3, 4]))
    assert as_lists(table) == [4, 5]


def test_small_codes_and_any_codes_give_one_table(rng):
    codes, labels = rng.integers(0, 50, 400), rng.integers(0, 5, 400)
    told, untold = contingency(codes, labels, 5, code_bits=6), contingency(codes, labels, 5)
    assert as_lists(told) == as_lists(untold)
    for one, other in zip(told.tallies, untold.tallies, strict=True):
        assert [part.tolist() for part in one.occurrences] == [
            part.tolist() for part in other.occurrences
        ]


def test_cells_may_come_in_parts_and_empty():
    table = Contingency.of_cells([2, 0, 1, 3, 4, 0], [4, 1, 0, 4, 0, 9], [0, 3, 2, 0, 0, 9])
    parts = table.counts, table.rows, table.columns, table.row_counts, table.column_counts
    assert [part.tolist() for part in parts] == [
        [4, 1, 5],
        [0, 0, 4],
        [0, 2, 0],
        [5, 0, 0, 0, 5],
        [9, 0, 1],
    ]
    assert table.n_samples == 10
    with np.errstate(all="raise"):
        assert jackknife(table) == jackknife(Contingency.of_cells([4, 1, 5], [0, 0, 1], [0, 1, 0]))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (([1.0], [0], [0]), TypeError, "counts has dtype float64: pass integers"),
        (([1], ["a"], [0]), TypeError, "rows has dtype <U1: pass integers"),
        (([1], [0], [[0]]), ValueError, r"columns has shape \(1, 1\) and its smallest is 0"),
        (([1], [-2], [0]), ValueError, r"rows has shape \(1,\) and its smallest is -2"),
        (([2, 1], [0, 1], [0]), ValueError, r"shapes differ: counts \(2,\), .* columns \(1,\)"),
        (([], [], []), ValueError, "counts add up to 0"),
        (([0, 0], [0, 1], [1, 1]), ValueError, "counts add up to 0"),
    ],
)
def test_what_is_no_table_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        Contingency.of_cells(*given)


# --- tables that others have counted --------------------------------------------------------------

TABLE = np.array([[3, 0, 1], [0, 0, 0], [2, 5, 0], [0, 1, 4]])
FORMS = {
    "lists": lambda table: table.tolist(),
    "whole floats": lambda table: table.astype(float),
    "small integers": lambda table: table.astype(np.uint8),
    "objects": lambda table: table.astype(object),
    "a DataFrame": pd.DataFrame,
    "a tensor": torch.tensor,
    "nothing masked": np.ma.array,
    **{
        kind: lambda table, kind=kind: getattr(sparse, kind)(table)
        for kind in ("csr_array", "csc_matrix", "coo_array", "dok_array", "lil_matrix")
    },
}


def samples_of(table):
    """As many labels as the table counts."""
    return [
        [int(place[axis]) for place in np.ndindex(table.shape) for _ in range(int(table[place]))]
        for axis in range(table.ndim)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_table_has_the_answer_of_its_samples(form):
    table = FORMS[form](TABLE)
    x, y = samples_of(TABLE)
    for options in ({}, {"base": None}, {"method": "grassberger"}):
        found = fastmi.mutual_information(contingency=table, **options)
        assert found == fastmi.mutual_information(x, y, **options)
    assert fastmi.mutual_information(None, None, contingency=table) == pytest.approx(
        naive.mutual_information(x, y), abs=1e-12
    )
    mine = fastmi.mutual_information_report(contingency=table, n_classes=4, sample="held-out")
    other = fastmi.mutual_information_report(x, y, n_classes=4, sample="held-out")
    assert mine.to_dict() == other.to_dict()
    assert repr(mine) == repr(other)


def test_parts_of_a_sparse_cell_are_added():
    table = sparse.coo_array(([1, 2, 1, 4], ([0, 0, 1, 1], [0, 0, 0, 1])), shape=(3, 2))
    assert fastmi.mutual_information(contingency=table) == fastmi.mutual_information(
        contingency=[[3, 0], [1, 4]]
    )


def test_a_cross_table_of_pandas_is_one():
    x, y = ["a", "b", "a", "c", "a"], [True, False, True, False, False]
    found = fastmi.mutual_information(contingency=pd.crosstab(pd.Series(x), pd.Series(y)))
    assert found == fastmi.mutual_information(x, y)


@pytest.mark.parametrize("margin", ["All", "total"])
@pytest.mark.parametrize("n_groupings", [1, 2])
def test_the_margins_of_a_cross_table_are_no_symbols(margin, n_groupings):
    x, y = [pd.Series(list(letters)) for letters in ("aabbbc", "uvuuvw")]
    rows = [x] * n_groupings
    with_margins = pd.crosstab(rows, y, margins=True, margins_name=margin)
    expected = fastmi.mutual_information(x, y)
    for measure in (fastmi.mutual_information, fastmi.mutual_information_report):
        with pytest.raises(ValueError, match=rf"margins, the row and the column '{margin}'"):
            measure(contingency=with_margins)
    assert fastmi.mutual_information(contingency=with_margins.iloc[:-1, :-1]) == expected


def test_a_last_class_that_is_no_sum_of_the_others_is_one():
    raters = pd.crosstab(pd.Series(list("aabbcc")), pd.Series(list("abbcca")))
    counts = raters.to_numpy()
    assert fastmi.mutual_information(contingency=raters) == fastmi.mutual_information(
        contingency=counts
    )


@pytest.mark.parametrize(
    "counts",
    [
        [5, 3, 2, 1, 1],
        (5.0, 3.0, 2.0, 1.0, 1.0, 0.0),
        np.array([5, 3, 2, 1, 1], np.uint8),
        Counter("aaaaabbbccde"),
        pd.Series(list("aaaaabbbccde")).value_counts(),
        torch.tensor([5, 3, 2, 1, 1]),
    ],
    ids=lambda counts: type(counts).__name__,
)
def test_the_entropy_of_counts_is_that_of_their_samples(counts):
    labels = list("aaaaabbbccde")
    for method in ("plugin", "miller-madow", "chao-shen", "james-stein", "jackknife"):
        found = fastmi.entropy(counts=counts, method=method)
        assert found == fastmi.entropy(labels, method=method)
    assert fastmi.entropy(counts=counts, base=None) == fastmi.entropy(labels, base=None)
    assert fastmi.entropy(None, counts=counts) == pytest.approx(naive.entropy(labels), abs=1e-12)
    assert fastmi.entropy(counts=counts, method="james-stein", n_symbols=8) == fastmi.entropy(
        labels, method="james-stein", n_symbols=8
    )


def test_counts_may_be_large_and_stay_exact():
    assert fastmi.entropy(counts=[2**51] * 4) == 2
    assert fastmi.entropy(counts=[2**52, 2**52]) == 1
    assert fastmi.mutual_information(contingency=[[2**51, 0], [0, 2**51]]) == 1


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, (2, 3, 2), elements=st.integers(0, 4)))
def test_a_table_of_three_has_the_answer_of_its_samples(cube):
    if not cube.any():
        return
    x, y, z = samples_of(cube)
    found = fastmi.conditional_mutual_information(contingency=cube)
    assert found == fastmi.conditional_mutual_information(x, y, z)
    assert found == pytest.approx(naive.conditional_mutual_information(x, y, z), abs=1e-12)
    mine = fastmi.mutual_information_report(contingency=cube, n_classes=3)
    other = fastmi.mutual_information_report(x, y, conditional_on=z, n_classes=3)
    for name, number in other.to_dict().items():
        close = isinstance(number, float)
        found = mine.to_dict()[name]
        assert found == (pytest.approx(number, abs=1e-12) if close else number), name


NO_COUNTS = {
    "shares": ([0.5, 0.5], ValueError, r"holds 0\.5: counts are whole .*np\.rint\(shares \* n\)"),
    "percentages": ([33.3, 66.7], ValueError, r"holds 33\.3: counts are whole"),
    "NaN": ([1.0, np.nan], ValueError, "holds nan: counts are whole"),
    "infinite": ([1.0, np.inf], ValueError, "holds inf: counts are whole"),
    "negative": ([3, -1], ValueError, "holds -1: a symbol is seen 0 times at least"),
    "nothing": ([], ValueError, r"of shape \(0,\) adds up to 0"),
    "zeros": ([0, 0], ValueError, r"of shape \(2,\) adds up to 0: there is nothing"),
    "too many": ([2**53, 2**53], ValueError, r"adds up to 1\.8e\+16 samples.*at most 2\^53"),
    "too many for int64": ([2**70, 1], ValueError, r"adds up to 1\.18e\+21 samples"),
    "words": (["a", "b"], TypeError, r"is \['a', 'b'\]: pass how often each symbol was seen"),
    "objects": ([object()], TypeError, r"is \[+<object.*: pass how often"),
    "a number": (3, TypeError, "is 3: pass how often each symbol was seen"),
    "ragged": ([[1], [1, 2]], ValueError, "is a ragged list"),
    "masked": (np.ma.array([1, 2], mask=[0, 1]), ValueError, r"is masked in places.*filled\(0\)"),
}


@pytest.mark.parametrize("name", NO_COUNTS)
def test_what_counts_nothing_is_refused(name):
    counts, error, words = NO_COUNTS[name]
    with pytest.raises(error, match=f"counts {words}"):
        fastmi.entropy(counts=counts)
    if name not in ("a number", "ragged", "nothing", "zeros", "words"):
        table = [counts] if isinstance(counts, list) else counts[None]
        for call in (fastmi.mutual_information, fastmi.mutual_information_report):
            with pytest.raises(error, match=f"contingency {words}"):
                call(contingency=table)


def test_the_advice_for_shares_works():
    assert fastmi.entropy(counts=np.rint(np.array([0.25, 0.75]) * 8)) == fastmi.entropy(
        counts=[2, 6]
    )


def test_other_numbers_of_axes_are_refused():
    with pytest.raises(ValueError, match=r"counts has shape \(2, 2\).*contingency=\.\.\."):
        fastmi.entropy(counts=[[1, 2], [3, 4]])
    with pytest.raises(
        ValueError, match=r"contingency has shape \(2,\): pass a table \(k_x, k_y\),"
    ):
        fastmi.mutual_information(contingency=[1, 2])
    with pytest.raises(ValueError, match=r"shape \(1, 1, 2\): pass a table \(k_x, k_y\),"):
        fastmi.mutual_information(contingency=[[[1, 2]]])
    with pytest.raises(ValueError, match=r"shape \(1, 2\): pass a table \(k_x, k_y, k_z\),"):
        fastmi.conditional_mutual_information(contingency=[[1, 2]])
    with pytest.raises(ValueError, match=r"pass a table \(k_x, k_y\) or \(k_x, k_y, k_z\),"):
        fastmi.mutual_information_report(contingency=[1])


def test_labels_beside_their_counts_are_refused():
    with pytest.raises(ValueError, match=r"x beside counts: counts has counted the samples"):
        fastmi.entropy([0, 1], counts=[1, 1])
    for call in (fastmi.mutual_information, fastmi.mutual_information_report):
        with pytest.raises(ValueError, match=r"x, y beside contingency"):
            call([0], [0], contingency=[[1]])
    with pytest.raises(ValueError, match=r"conditional_on beside contingency"):
        fastmi.mutual_information_report(conditional_on=[0], contingency=[[1]])
    with pytest.raises(ValueError, match=r"z beside contingency"):
        fastmi.conditional_mutual_information(z=[0], contingency=[[[1]]])
