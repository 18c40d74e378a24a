"""Codes of a wide layer against a known truth, in small: the truth, what is read, the page."""

import numpy as np
import pytest

from benchmarks import wide_layers
from benchmarks.wide_layers import ERRORS, JOINT, MEASURES, Found, find, main, page, truth


def test_the_truth_is_that_of_the_channel():
    assert truth(0.5, 0) == 1
    assert truth(0.5, 0.5) == 0
    assert truth(0.5, 0.25) == pytest.approx(1 - 2 + 0.75 * np.log2(3))
    assert truth(0.2, 0.1) == pytest.approx(0.357751, abs=1e-6)  # h(.26) - h(.1)


def test_every_seed_reads_every_measure(monkeypatch, rng):
    for name, value in {"N_TRAIN": 100, "N_FIT": 60, "N": 150, "UNITS": 40, "STEPS": 5}.items():
        monkeypatch.setattr(wide_layers, name, value)
    classes = rng.integers(0, 2, 400)
    pixels = (classes[:, None] * 0.8 + 0.2 * rng.random((400, 9))).astype(np.float32)
    found = find(pixels, classes, 2)
    assert found.lower.keys() == MEASURES.keys()
    for name in MEASURES:
        assert [len(bits) for bits in found.lower[name].values()] == [2] * 5
        assert np.mean(found.lower[name][0.05]) > 0.3
    assert found.joint.keys() == JOINT.keys()
    assert "2 seeds" in page(found, 2)


@pytest.mark.parametrize("name", wide_layers.MUST)
def test_the_page_judges_both_sides(name):
    p = 0.5
    lower = {error: [truth(p, error) * share for share in (0.92, 0.96)] for error in ERRORS}
    joint = {"bins": {error: [(1.0, -0.1, "unresolved")] * 2 for error in ERRORS}}
    good = page(Found({name: lower}, joint, p), 2)
    assert "does not hold" not in good
    assert "2 unresolved" in good
    for share in (1.5, 0.5):
        wrong = {error: [value * share for value in bits] for error, bits in lower.items()}
        assert page(Found({name: wrong}, joint, p), 2).count("does not hold") == 5


def test_one_seed_is_refused():
    with pytest.raises(ValueError, match="--seeds must be at least 2"):
        main(["--seeds", "1"])
