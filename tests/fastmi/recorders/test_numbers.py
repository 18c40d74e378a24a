"""Flat names and numbers, and those that log them."""

import numpy as np
import pytest

from fastmi.points import Points
from fastmi.recorders.numbers import flat, logger, words

POINTS = Points(
    i_xt=np.array([1.0, 2.0]),
    i_ty=np.array([0.5, 0.25]),
    n_symbols=np.array([3, 4]),
    chance=np.array([0.1, np.nan]),
    verdict=np.array([3, 1], np.int8),
)


def test_numbers_have_flat_names_and_what_is_missing_has_none():
    assert flat(POINTS, ("a", "b"), "held-out/") == {
        "held-out/i_xt/a": 1.0,
        "held-out/i_xt/b": 2.0,
        "held-out/i_ty/a": 0.5,
        "held-out/i_ty/b": 0.25,
        "held-out/n_symbols/a": 3.0,
        "held-out/n_symbols/b": 4.0,
        "held-out/chance/a": 0.1,
    }
    assert all(type(value) is float for value in flat(POINTS, ("a", "b"), "").values())


def test_verdicts_are_words_apart():
    assert words(POINTS, ("a", "b"), "") == {"verdict/a": "resolved", "verdict/b": "unresolved"}


def test_a_function_and_a_writer_log():
    calls = []

    class Writer:
        def add_scalar(self, name, value, step):
            calls.append((name, value, step))

    logger(Writer())({"a": 1.0, "b": 2.0}, 7)
    logger(lambda numbers, step: calls.append((numbers, step)))({"a": 1.0}, 8)
    logger(None)({"a": 1.0}, 9)
    assert calls == [("a", 1.0, 7), ("b", 2.0, 7), ({"a": 1.0}, 8)]
    with pytest.raises(TypeError, match="log is 3: pass a function"):
        logger(3)
