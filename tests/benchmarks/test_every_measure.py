"""One wide layer by every measure, in small: what is read and expected, the page, the figure."""

import math

import numpy as np
import pytest
from matplotlib.image import imread

from benchmarks import every_measure
from benchmarks.every_measure import DRAWN, EXPECTED, ORDER, Found, draw, find, main, page
from fastmi import entropy


@pytest.fixture
def small(monkeypatch, rng):
    """Few images of four easy classes, and a narrow network that trains for a moment."""
    for name, value in {
        "WIDTHS": (9, 60, 40, 16, 4),
        "STEPS": (0, 3, 200),
        "N_TRAIN": 600,
        "N": 300,
    }.items():
        monkeypatch.setattr(every_measure, name, value)
    classes = rng.integers(0, 4, 1200)
    pixels = rng.random((1200, 9)) * 0.3 + np.eye(9)[classes]
    return pixels.astype(np.float32), classes


def test_every_network_is_read_in_every_way(small):
    pixels, classes = small
    found = find(pixels, classes, 2)
    assert found.bits.keys() == EXPECTED.keys() >= DRAWN.keys() | set(ORDER)
    assert all(bits.shape == (2, 3) for bits in found.bits.values())
    assert found.h_y == entropy(classes[600::2])
    assert (found.right > 0.9).all()
    probe, best, mean = (
        found.bits[name]
        for name in ("a linear probe, I(T;Y)", "the best unit, I(t;Y)", "the units' mean, I(t;Y)")
    )
    assert (probe[:, -1] > probe[:, 0]).all()
    assert (best > mean).all()
    assert (found.bits["rows of 30 bins, I(X;T)"] <= math.log2(300)).all()
    low, high = found.bits["KDE, I(X;T) from"], found.bits["KDE, I(X;T) to"]
    assert (low < high).all()
    assert np.array_equal(find(pixels, classes, 1).right, found.right[:1])


def as_expected():
    shapes = {
        "stands still": (3.0, 3.0, 3.01),
        "rises": (0.5, 0.6, 0.7),
        "falls": (0.7, 0.6, 0.5),
        "falls, then rises": (1.0, 0.2, 0.4),
    }
    bits = {name: np.array([shapes[words]] * 2) for name, (words, _) in EXPECTED.items()}
    for i, name in enumerate(ORDER[1:]):
        bits[name] = bits[name] - 0.1 * i
    return Found(bits, np.array([0.9, 0.95]), 3.3)


def test_the_page_counts_the_networks_that_show_what_is_expected():
    found = as_expected()
    whole = page(found, "figure.png")
    assert whole.count("2 of 2") == len(EXPECTED) + 1  # each line, and the order
    assert "90.0 % to 95.0 % are right" in whole
    assert "](figure.png)" in whole
    for name in EXPECTED:
        other = {**found.bits, name: found.bits[name].copy()}
        other[name][1] = 0.9, 0.95, 0.2  # rises and falls
        text = page(found._replace(bits=other), "figure.png")
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        assert line.endswith("| 1 of 2 |")


def test_the_order_is_judged_at_every_reading():
    found = as_expected()
    below = {**found.bits, ORDER[0]: found.bits[ORDER[0]].copy()}
    below[ORDER[0]][0, 1] = 0
    assert "it holds in 1 of 2." in page(found._replace(bits=below), "figure.png")


def test_all_is_written(tmp_path, small, monkeypatch):
    pixels, classes = small
    images = every_measure.mnist.Images(
        np.round(pixels * 100).astype(np.uint8), classes.astype(np.uint8)
    )
    monkeypatch.setattr(every_measure.mnist, "find", lambda place: images)
    assert main(["--networks", "1", "--out", str(tmp_path / "page.md")]) == 0
    assert "](page.png)" in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert imread(tmp_path / "page.png").std() > 0.1


def test_lines_carry_their_names():
    left, right = draw(as_expected()).axes
    for axes, n, ceiling in (left, 7, "H(Y)"), (right, 4, "log2 n"):
        _, labels = axes.get_legend_handles_labels()
        assert len(labels) == n + 1
        assert labels[-1] == ceiling


def test_no_network_is_refused(tmp_path):
    with pytest.raises(ValueError, match="--networks must be at least 1"):
        main(["--networks", "0", "--out", str(tmp_path / "page.md")])
