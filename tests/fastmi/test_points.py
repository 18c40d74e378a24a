"""Points: the columns of what a measure says of layers."""

import dataclasses

import numpy as np
import pytest

from fastmi import InformationPlane
from tests.fastmi.tables.made_up import plane

# --- files of earlier versions --------------------------------------------------------------------


def test_points_are_points():
    with pytest.raises(
        TypeError, match=r"points is None: pass Points, as PlaneEstimator\.readings returns them"
    ):
        dataclasses.replace(plane(), points=None)


# --- other shapes ---------------------------------------------------------------------------------


def test_points_are_what_readings_returns(estimated):
    estimator, _ = estimated
    for wrong in ([], [np.zeros((5, 2))], "points"):
        with pytest.raises(
            TypeError, match=r"pass a non-empty list of what PlaneEstimator\.readings returned"
        ):
            InformationPlane.collect(estimator, wrong, epochs=range(5), layers=["a", "b"])
