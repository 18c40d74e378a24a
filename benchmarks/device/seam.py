"""what crosses the seam of the package, as the parts ask for it: layers -> codes -> occurrences."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from benchmarks.device.place import Place
from fastmi import backends
from fastmi.backends import Census, Occurrences
from fastmi.binning import Binning
from fastmi.coding import encode_layers

__all__ = ["Coded", "coded", "counted", "no_kernels", "told"]

LOG = "fastmi.backends"  # where a twin says which of its ways it went


class Coded(NamedTuple):
    """Codes (s, n) of layers one after the other, each layer's census, and the bits of a code."""

    codes: Any
    census: list[Census]
    code_bits: int


def coded(layers: Sequence[Any], binning: Binning) -> Coded:
    """Codes layers (..., n, d) that are cut alike, by the twin of their container."""
    names = [f"layers[{i}]" for i in range(len(layers))]
    encoded = encode_layers(layers, [binning] * len(layers), names)
    codes = encoded.codes.reshape(-1, encoded.codes.shape[-1])
    return Coded(codes, encoded.censuses, encoded.code_bits)


def counted(layers: Coded, labels: Any, n_labels: tuple[int, ...]) -> Occurrences:
    """Counts codes (s, n) and their pairs with labels (l, n), by the twin of their container.

    Labels are an array, or lie where the codes do.
    """
    tally = backends.twin_for(layers.codes).tally
    return tally(layers.codes, labels, n_labels, layers.code_bits)


def no_kernels(place: Place) -> str:
    """Tells why the twin has no kernels there; "" if it has."""
    from fastmi.backends import triton_twin

    return triton_twin.missing(place.put(np.zeros(1)))


@contextmanager
def told() -> Iterator[list[str]]:
    """Hears what a twin says of its ways meanwhile: each sentence once."""
    sentences: list[str] = []

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() not in sentences:
                sentences.append(record.getMessage())

    log, handler = logging.getLogger(LOG), Heard()
    before = log.level
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield sentences
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
