"""What a page is made of: curves that are checked, numbers that are rounded, never made up."""

import numpy as np
import pytest

from fastmi.pages import Curve, Page, View
from fastmi.pages.records import numbers


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"name": 3}, TypeError, "name is 3: pass a string"),
        ({"sample": None}, TypeError, "sample is None: pass a string"),
        ({"seed": -1}, ValueError, "seed must be an integer of at least 0"),
        ({"steps": [2, 1, 3]}, ValueError, "steps is .*: pass whole numbers from 0 on"),
        ({"steps": [0.5, 1, 2]}, ValueError, "steps is .*: pass whole numbers from 0 on"),
        ({"steps": [-1, 0, 1]}, ValueError, "steps is .*: pass whole numbers from 0 on"),
        ({"steps": []}, ValueError, "steps is .*: pass whole numbers from 0 on"),
        ({"values": [1, 2]}, ValueError, "values is .*: pass a number for each of 3 steps"),
        ({"values": [1, 2, np.inf]}, ValueError, "values is .*: pass a number for each of 3 steps"),
        ({"values": ["a", "b", "c"]}, ValueError, "values is .*: pass a number for each of 3"),
    ],
)
def test_what_is_no_curve_is_refused(given, error, words):
    whole = {"name": "loss", "steps": [0, 1, 2], "values": [3, np.nan, 1]}
    assert Curve(**whole).values.dtype == np.float64
    with pytest.raises(error, match=words):
        Curve(**whole | given)


def test_numbers_keep_six_digits_and_what_is_missing():
    assert numbers([0.0, 1 / 3, 1e-9, -2.0, 123456789, np.nan]) == [
        0,
        0.333333,
        1e-09,
        -2,
        123456789,
        None,
    ]
    assert numbers(np.array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]


def test_switches_are_of_what_differs():
    def view(**choice):
        return View(choice, np.arange(2), ["a"], {}, (1.0, 1.0), "")

    page = Page(
        "",
        [view(data="d", sample="s", seed="0"), view(data="d", sample="t", seed="0")],
        columns=(),
    )
    assert page.switches == {"sample": ["s", "t"]}
    assert page.layers == ["a"]
