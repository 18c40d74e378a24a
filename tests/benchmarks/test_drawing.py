"""Curves as figures."""

from __future__ import annotations

import pytest

from benchmarks import drawing


def test_a_curve_is_drawn_with_logarithms_a_mark_for_each_and_the_memory(record):
    curve, read = record["curves"][0], record["limits"]["read"]
    axes = draw_axes(curve, read)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [line.get_label() for line in axes.get_lines()] == [
        "fastmi",
        "memory read once, one thread",
    ]
    fastmi, memory = axes.get_lines()
    assert fastmi.get_xydata().tolist() == [[3000, 0.0369], [7000, pytest.approx(0.0861)]]
    assert memory.get_ydata()[0] == pytest.approx(491_520 / 1.2399e10)


def draw_axes(curve, read):
    (axes,) = drawing.draw(curve, read).axes
    return axes
