"""Labels agree in nats."""

from __future__ import annotations

import pytest

from benchmarks.labels import LabelCase
from benchmarks.timing import compare


@pytest.mark.parametrize(("strings", "n_units"), [(False, 0), (True, 0), (False, 4)])
def test_labels_agree_in_nats(strings, n_units):
    case = LabelCase("few", 500, strings, n_units)
    comparison = compare(case.race(quick=True), rounds=1)
    names = [timed.name for timed in comparison.timed]
    assert names[0] == "fastmi"
    assert "scikit-learn, mutual_info_score" in names
    assert ("fastmi.compat.sklearn" in names) == (n_units == 0)
    assert "500" in case.description
    a, b = case.data()
    assert (len(set(a.reshape(500, -1)[:, 0])), len(set(b)), a.dtype.kind) == (
        10,
        12,
        "U" if strings else "i",
    )
