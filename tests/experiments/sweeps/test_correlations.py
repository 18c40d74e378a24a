"""Rank correlations by the definition, with the interval of Bonett and Wright, or the reason."""

import math
from statistics import NormalDist

import pytest

from experiments.sweeps import correlations, table
from experiments.sweeps.correlations import correlate


def ranks(values):
    """By the definition: of equal values the mean of their places."""
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]


def spearman(first, second):
    """Pearson's correlation of the ranks, by sums."""
    x, y = ranks(first), ranks(second)
    n = len(x)
    mean = (n + 1) / 2
    xy = sum((a - mean) * (b - mean) for a, b in zip(x, y, strict=True))
    return xy / math.sqrt(sum((a - mean) ** 2 for a in x) * sum((b - mean) ** 2 for b in y))


FIRST = [0.3, 0.1, 0.4, 0.1, 0.5, 0.9, 0.2, 0.6, 0.5, 0.3, 0.5, 0.8]
SECOND = [0.27, 0.18, 0.28, 0.18, 0.28, 0.45, 0.9, 0.45, 0.23, 0.5, 0.36, 0.2]


def test_it_is_that_of_the_ranks_with_its_interval():
    n, rho, lower, upper, reason = correlate(FIRST, SECOND)
    expected = spearman(FIRST, SECOND)
    assert (n, reason) == (12, "")
    assert rho == pytest.approx(expected, abs=1e-14)
    z = NormalDist().inv_cdf(0.975) * math.sqrt((1 + expected**2 / 2) / (12 - 3))
    assert lower == pytest.approx(math.tanh(math.atanh(expected) - z), abs=1e-12)
    assert upper == pytest.approx(math.tanh(math.atanh(expected) + z), abs=1e-12)


def test_ranks_that_have_nothing_in_common_have_zero():
    first, second = [*range(6)] * 2, [0] * 6 + [1] * 6
    assert correlate(first, second).rho == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([], [], "fewer than 10 runs"),
        (FIRST[:9], SECOND[:9], "fewer than 10 runs"),
        ([0.1] * 12, SECOND, "compression is the same in all runs"),
        (FIRST, [1.0] * 12, "accuracy is the same in all runs"),
    ],
)
def test_where_there_is_no_number_there_is_the_reason(first, second, reason):
    assert correlate(first, second) == (len(first), None, None, None, reason)


@pytest.mark.parametrize("sign", [-1, 1])
def test_where_all_ranks_agree_there_is_no_interval(sign):
    n, rho, lower, upper, reason = correlate(range(10), [sign * i for i in range(10)])
    assert (n, lower, upper) == (10, None, None)
    assert rho == pytest.approx(sign)
    assert reason == "all ranks agree, where the interval has no width"


def rows_of(n, held_out=True, **others):
    rows = []
    for i in range(n):
        row = {"run": f"run-{i}", "measure_id": "m", "layer": "output", "reading": "each"}
        row |= {"compression": FIRST[i % 12], "verdict": "bounded", "verdict_xt": "exact"} | others
        rows.append(row | {"sample": "training", "sample_kind": "training", "accuracy_end": 0.0})
        if held_out:
            end = {"sample": "held-out", "sample_kind": "held-out", "accuracy_end": SECOND[i % 12]}
            rows.append(row | end | {"compression": 0.5})
    return rows


def test_compression_of_the_training_sample_goes_with_the_held_out_accuracy():
    rows = rows_of(12)
    rows[0]["verdict"] = ""
    (row,) = correlations.correlations(rows)
    assert row["rho"] == pytest.approx(spearman(FIRST, SECOND))
    assert (row["n"], row["held_out"]) == (12, "held-out")
    assert row["verdicts"] == "11 bounded, 1 not judged"
    assert row["verdicts_xt"] == "12 exact"
    assert set(row) <= set(correlations.COLUMNS)
    said = "\n".join(correlations.lines([row]))
    assert (
        f"output  {row['rho']:+.2f} ({row['lower']:+.2f} .. {row['upper']:+.2f}), n = 12; " in said
    )


def test_a_point_that_was_read_twice_is_one_run():
    (row,) = correlations.correlations(rows_of(12) * 2)
    assert row["n"] == 12


def test_zero_is_a_number():
    rows = [
        row | {"compression": int(row["run"][4:]) % 6, "accuracy_end": int(row["run"][4:]) // 6}
        for row in rows_of(12)
    ]
    (row,) = correlations.correlations(rows)
    assert row["rho"] == pytest.approx(0, abs=1e-15)
    assert "lower" in row


def test_without_a_held_out_sample_or_a_fall_there_is_the_reason():
    (row,) = correlations.correlations(rows_of(12, held_out=False))
    assert (row["n"], row["reason"]) == (0, "no held-out sample")
    rows = rows_of(12)
    for row in rows:
        del row["compression"]
    (row,) = correlations.correlations(rows)
    assert (row["n"], row["reason"]) == (0, "I(X;T) is nothing that falls")
    assert "none (I(X;T) is nothing that falls), n = 0" in correlations.lines([row])[1]


def test_each_measure_and_layer_has_its_own(swept):
    planned, out = swept
    found = correlations.correlations(table.rows(planned, out, "cpu"))
    assert [(row["measure_id"], row["layer"]) for row in found] == [
        (measure.id, layer) for measure in planned.runs[0].reads for layer in ("layer 1", "output")
    ]
    assert {row["reason"] for row in found} == {"fewer than 10 runs"}
