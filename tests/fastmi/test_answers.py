"""What is said of a table is said of its kinds of cells alone."""

import numpy as np
import pytest

from fastmi.answers import Answers
from fastmi.contingency import contingency
from fastmi.reports import report
from tests import naive


def test_answers_are_those_of_the_samples(rng):
    codes, labels = rng.integers(0, 30, 300), rng.integers(0, 4, 300)
    table = contingency(codes, labels, 4)
    found = Answers(table.kinds, True, n_classes=4, sample="held-out")
    assert found.n_samples == 300
    assert found.entropy == pytest.approx(naive.entropy(codes.tolist()), abs=1e-12)
    assert found.entropy_y == pytest.approx(naive.entropy(labels.tolist()), abs=1e-12)
    assert found.mutual_information == pytest.approx(
        naive.mutual_information(codes.tolist(), labels.tolist()), abs=1e-12
    )
    assert found.n_symbols == len(set(codes.tolist()))
    assert found.coverage == 1 - np.sum(np.bincount(codes) == 1) / 300
    assert found.report().to_dict() == report(table, n_classes=4, sample="held-out").to_dict()
    assert repr(found) == f"Answers of 300 samples of {found.n_symbols} symbols"


def test_without_labels_there_is_no_information():
    found = Answers(contingency(np.arange(4), np.zeros(4, np.int64), 1).kinds, False)
    assert (found.entropy, found.entropy_y) == (2, 0)
    for ask in (lambda: found.mutual_information, found.report):
        with pytest.raises(ValueError, match="no labels have been counted: pass y with"):
            ask()


def test_bins_that_were_chosen_are_charged(rng):
    kinds = contingency(rng.integers(0, 3, 99), rng.integers(0, 2, 99), 2).kinds
    assert Answers(kinds, True, n_candidates=8).report().charge == pytest.approx(3 / 99)
