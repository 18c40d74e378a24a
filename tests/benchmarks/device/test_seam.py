"""What crosses the seam."""

from __future__ import annotations

import logging

import numpy as np

import fastmi
from benchmarks.device import seam
from fastmi.backends import triton_twin

BINS = fastmi.Edges(np.linspace(-1, 1, 50))


def test_layers_are_coded_one_after_the_other_with_the_bits_of_a_code(rng):
    narrow, wide = (rng.normal(size=(2, 30, d)).astype(np.float32) for d in (3, 11))
    layers = seam.coded([narrow, narrow[::-1]], BINS)
    assert layers.codes.shape == (4, 30)
    assert layers.code_bits == 3 * 6
    assert layers.codes.max() < 2**18
    assert np.array_equal(layers.codes[:2], fastmi.encode(narrow, BINS))
    assert seam.coded([wide], BINS).code_bits == 64
    assert seam.coded([narrow, wide], BINS).code_bits == 64


def test_codes_and_pairs_are_counted():
    layers = seam.Coded(np.array([[5, 5, 9, 5]]), [], 4)
    found = seam.counted(layers, np.array([[0, 0, 0, 1]]), (2,))
    rows = [(0, 1, 1), (0, 3, 1), (1, 1, 2), (1, 2, 1)]
    assert list(zip(*found, strict=True)) == rows


def test_a_twin_without_kernels_says_why(place, monkeypatch):
    assert seam.no_kernels(place) == "it lies in CPU memory"
    monkeypatch.setattr(triton_twin, "missing", lambda tensor: "")
    assert seam.no_kernels(place) == ""


def test_what_a_twin_says_is_heard_once_and_only_meanwhile():
    log = logging.getLogger(seam.LOG)
    level = log.level
    with seam.told() as sentences:
        for number in (1, 1, 2):
            log.debug("segment %d: Triton", number)
    log.warning("later")
    assert sentences == ["segment 1: Triton", "segment 2: Triton"]
    assert (log.level, log.handlers) == (level, [])
