"""The laws and sizes that are simulated: a line each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.simulation.laws import Law, apart, channel, golden, told_by, two_classes, zipf
from benchmarks.simulation.quantised import Quantised, equal_mass, equal_width

__all__ = ["ALTERNATIVE", "EIGHT", "INDEPENDENT", "LINES", "POWER_SIZES", "WIDTH_SIZES", "Line"]


@dataclass(frozen=True)
class Line:
    """A law and the sizes of its samples.

    Attributes:
        name: a line of the page. law: what is drawn. sizes: n. known: whether the number of classes
            is; where it is not, it is taken from each sample, and the bracket is a description.
    """

    name: str
    law: Law
    sizes: tuple[int, ...]
    known: bool = True


EQUAL = (0.5, 0.5)
EVEN = np.ones(4)
NEARLY_EVEN, UNEVEN = (0.2475, 0.25, 0.2525, 0.25), (0.2544, 0.3189, 0.2010, 0.2257)
RARE = (0.9, 0.09, 0.01)
MANY = told_by(np.ones(6), 0.5, zipf(40, 1.5))
EIGHT = two_classes(np.ones(8), golden(8, 0.1, 0.9))
ALTERNATIVE = two_classes(np.ones(8), golden(8, 0.35, 0.65))
EXTREME = channel((0.98, 0.02), np.array([[0.982, 0.018], [0.9, 0.1]]))

LINES = (
    Line(
        "symmetric channel, 11 % flipped",
        two_classes(EQUAL, np.array([0.11, 0.89])),
        (30, 60, 3000),
    ),
    Line("8 codes, 2 classes", EIGHT, (100, 300, 1000, 3000)),
    Line(
        "100 codes, 2 classes",
        two_classes(np.ones(100), golden(100, 0, 1)),
        (300, 1000, 5000, 10_000),
    ),
    Line("300 codes, 2 classes", two_classes(np.ones(300), golden(300, 0, 1)), (3000,)),
    Line("10 codes, 10 classes", told_by(np.ones(10), 0.4, np.ones(10)), (100, 2000)),
    Line("50 codes (Zipf), 5 classes", told_by(zipf(50), 0.5, np.ones(5)), (300, 20_000)),
    Line("1000 codes (Zipf), 2 classes", two_classes(zipf(1000), golden(1000, 0, 1)), (300,)),
    Line("5000 codes (Zipf), 10 classes", told_by(zipf(5000), 0.7, np.ones(10)), (500,)),
    Line("class a function of 2000 codes", told_by(np.ones(2000), 1, np.ones(4)), (200,)),
    Line("T is the class, 4 alike", told_by(np.ones(4), 1, np.ones(4)), (100, 1000)),
    Line("T is the class, 90 : 10", told_by((0.9, 0.1), 1, EQUAL), (100, 1000)),
    Line("T is the class, 55 : 45", told_by((0.55, 0.45), 1, EQUAL), (1000, 5000, 50_000)),
    Line(
        "4 classes, 1 in 100 told wrong",
        told_by(NEARLY_EVEN, 1 - 0.04 / 3, EVEN),
        (1000, 3000, 20_000),
    ),
    Line("4 classes, 1 in 800 told wrong", told_by(UNEVEN, 1 - 0.005 / 3, EVEN), (1500, 200_000)),
    Line("20 codes, classes 90 : 9 : 1", told_by(zipf(20), 0.3, RARE), (200, 20_000)),
    Line("6 codes, 40 classes (Zipf)", MANY, (25, 500)),
    Line("the same, classes not known", MANY, (25, 500), known=False),
    Line("2 codes nearly alike", two_classes(EQUAL, np.array([0.46, 0.54])), (500, 4000, 5000)),
    Line("margins 98 : 2, near independence", EXTREME, (500, 5000, 20_000)),
    Line("10 codes, 10 classes, independent", apart(np.ones(10), np.ones(10)), (50, 1000)),
    Line("normal x, 8 bins of equal mass", Quantised(2.0, equal_mass(8)), (100, 200, 1000)),
    Line("normal x, 50 bins of equal mass", Quantised(2.0, equal_mass(50)), (200,)),
    Line("normal x, 10 bins of equal width", Quantised(2.0, equal_width(10)), (300,)),
)

# codes and classes are independent
INDEPENDENT = (
    Line("2 codes, 2 classes", apart(EQUAL, EQUAL), (20, 500)),
    Line("margins 98 : 2, both", apart((0.98, 0.02), (0.98, 0.02)), (500,)),
    Line("8 codes, 2 classes", apart(np.ones(8), EQUAL), (100,)),
    Line("10 codes, 10 classes", apart(np.ones(10), np.ones(10)), (200,)),
    Line("50 codes (Zipf), classes 90 : 9 : 1", apart(zipf(50), RARE), (300,)),
    Line("1000 codes (Zipf), 2 classes", apart(zipf(1000), EQUAL), (200,)),
)

POWER_SIZES = (100, 200, 400, 800, 1600)  # samples of ALTERNATIVE
WIDTH_SIZES = (100, 1000, 10_000, 100_000)  # samples of EIGHT
