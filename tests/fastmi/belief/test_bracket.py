"""The bracket of I(T;Y): two codes of the labels, and what they prove in mean."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from fastmi import belief, entropies
from fastmi.counting import tally
from tests import naive
from tests.fastmi.belief import definitions
from tests.fastmi.belief.samples import counted, pairs, tally_of


def ends(t, y, n_classes):
    both = tally(np.array([t]), np.array([y]), (max(y) + 1,))
    h_t, h_ty = entropies.plugin(both)[:, None]
    class_counts = np.bincount(y)
    bits = np.array([naive.mutual_information(t, y)])
    return (
        *belief.mean_lower(bits, counted(t), class_counts, n_classes),
        *belief.mean_upper(h_t, h_ty, class_counts, n_classes),
    )


def test_both_ends_are_their_codes(rng):
    for t, y in itertools.chain(pairs(rng, 100, 9), pairs(rng, 100, 120)):
        seen = len(set(y))
        for k in (None, seen, seen + 1, 20):
            expected = [
                end(t, y, k or seen) for end in (definitions.mean_lower, definitions.mean_upper)
            ]
            assert ends(t, y, k) == pytest.approx(expected, abs=1e-12)


def test_classes_that_were_not_seen_are_paid_for():
    """25 samples, each alone with its code: each pays log2 K."""
    t, y = list(range(25)), [i % 18 for i in range(25)]
    seen, known = (ends(t, y, k)[0] for k in (None, 40))
    assert seen == pytest.approx(naive.entropy(y) - math.log2(18), abs=1e-12)
    assert known == pytest.approx(naive.entropy(y) - math.log2(40), abs=1e-12)


def test_degenerate_samples_have_ends_that_are_known():
    assert ends([0], [0], None) == (0, 0)  # one sample, one class known: nothing to tell
    assert ends([0], [0], 2) == pytest.approx((-1, 1), abs=1e-15)  # C(1, 2) = 2; a half and a half
    assert ends([0, 0, 1], [0, 0, 0], 1) == (0, 0)
    # one symbol: C(3, 2) = 26/9; of three labels the code gives 1/2 1/4 1/2
    assert ends([5, 5, 5], [0, 1, 0], 2) == pytest.approx(
        (-math.log2(26 / 9) / 3, 4 / 3 - naive.entropy([0, 1, 0])), abs=1e-14
    )
    # all alone, two classes: each pays one bit
    assert ends([0, 1, 2, 3], [0, 1, 0, 1], 2)[0] == 0


def test_the_best_of_many_owes_the_bits_that_name_it():
    assert [belief.charge(m, 8) for m in (1, 2, 32)] == [0, 1 / 8, 5 / 8]
    assert belief.charge(3 * 5, 7) == pytest.approx(belief.charge(3, 7) + belief.charge(5, 7))
    # Bonferroni's: the bound of the p-value is m times as large
    bound = belief.pvalue_bound(np.array([0.5, 0.5 - belief.charge(6, 20)]), 20)
    assert bound[1] == pytest.approx(6 * bound[0])


def test_one_class_that_is_the_only_one_needs_no_bits():
    assert {belief.label_code(np.array([n]), 1) for n in range(1, 500)} == {0}
    assert {belief.label_code(np.array([n]), 2) > 0 for n in range(1, 500)} == {True}


def test_the_upper_end_is_one_number_above_the_plugin(rng):
    y = rng.integers(0, 3, 60).tolist()
    above = [
        ends(t, y, 3)[1] - naive.mutual_information(t, y)
        for t in rng.integers(0, [[1], [2], [9], [60]], (4, 60)).tolist()
    ]
    assert above == pytest.approx([above[0]] * 4, abs=1e-12)


LAWS = {  # p(t, y), which t and y are not independent under, and are
    "dependent": [[0.4, 0.1], [0.05, 0.25], [0.1, 0.1]],
    "independent": [[0.12, 0.08], [0.3, 0.2], [0.18, 0.12]],
}


@pytest.mark.parametrize("law", LAWS)
def test_the_bracket_holds_the_truth_in_mean(law):
    """Over every sample of five that there is, weighed by its probability."""
    cells = {(t, y): p for t, row in enumerate(LAWS[law]) for y, p in enumerate(row)}
    p_t, p_y = Counter(), Counter()
    for (t, y), p in cells.items():
        p_t[t] += p
        p_y[y] += p
    truth = math.fsum(p * math.log2(p / p_t[t] / p_y[y]) for (t, y), p in cells.items())
    lower = upper = e_value = 0.0
    for some in itertools.combinations_with_replacement(cells, 5):
        ways = math.factorial(5) / math.prod(map(math.factorial, Counter(some).values()))
        weight = ways * math.prod(cells[cell] for cell in some)
        low, high = ends([t for t, _ in some], [y for _, y in some], 2)
        lower, upper = lower + weight * low, upper + weight * high
        e_value += weight * 2 ** (5 * low)
    assert lower <= truth <= upper
    if law == "independent":
        assert e_value <= 1


def test_the_p_value_is_bounded_by_the_code():
    found = belief.pvalue_bound(np.array([-3.0, 0.0, 0.01, 1.0, 30.0]), 100)
    assert found.tolist() == [1.0, 1.0, 0.5, 2.0**-100, 2.0**-1022]
    with np.errstate(all="raise"):
        assert belief.pvalue_bound(np.array([-1e300, 1e300]), 10**6).tolist() == [1.0, 2.0**-1022]


def test_a_batch_leaves_no_trace(rng):
    codes = np.stack([rng.integers(0, k, 500) for k in (2, 40, 333, 5000)])
    y, bits = np.bincount(rng.integers(0, 5, 500)), rng.random(4)
    together = belief.mean_lower(bits, tally(codes), y, 9).tolist()
    alone = [belief.mean_lower(bits[i], tally(codes[i, None]), y, 9)[0] for i in range(4)]
    assert alone == together


def test_fewer_classes_than_were_seen_are_refused():
    codes, y, bits = tally_of([3, 2]), np.array([1, 0, 2, 2]), np.ones(1)
    for call in (
        lambda: belief.mean_lower(bits, codes, y, 2),
        lambda: belief.mean_upper(bits, bits, y, 2),
        lambda: belief.label_code(y, 2),
    ):
        with pytest.raises(ValueError, match="n_classes is 2, but the labels have 3 classes"):
            call()
    assert belief.label_code(y, 3) > 0
