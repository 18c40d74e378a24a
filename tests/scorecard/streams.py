"""Stream: chunks that do not belong together, labels whose type changes from chunk to chunk.

And what a bad chunk leaves behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import fastmi

from .judge import Case, Either, Refused, Surfaced

BINS = fastmi.UniformBins(4, range=(-1, 1))
T = np.array([[-0.9, 0.1], [0.9, 0.1], [0.1, 0.1], [-0.9, 0.1]])
Y = np.array([0, 1, 1, 0])


def fed(*chunks: Any, binning: Any = BINS) -> fastmi.Stream:
    stream = fastmi.Stream(binning)
    for chunk in chunks:
        stream.update(*chunk)
    return stream


def answers(stream: fastmi.Stream) -> tuple[float, ...]:
    return (
        stream.n_samples,
        stream.entropy,
        stream.entropy_y,
        stream.mutual_information,
        stream.n_symbols,
        stream.coverage,
    )


def _refused_and_left(*bad: Any) -> Callable[[], Any]:
    """Expects the error; the stream answers, and goes on, as if nothing had been tried."""

    def call() -> Any:
        stream, untouched = fed((T, Y)), fed((T, Y))
        try:
            stream.update(*bad)
        except Exception:
            before = answers(stream) == answers(untouched)
            for either in (stream, untouched):
                either.update(T[::-1], Y)
            if not before or answers(stream) != answers(untouched):
                raise Surfaced("the stream has changed") from None
            raise
        return answers(stream)

    return call


def _chunk(
    name: str, about: str, bad: tuple[Any, ...], *words: Any, kind: Any = (TypeError, ValueError)
) -> Case:
    return Case(
        name, _refused_and_left(*bad), Refused(*words, kind=kind), f"Stream.update({about})"
    )


def _labels(name: str, first: Any, second: Any, entropy_y: float) -> Case:
    """Expects H(Y) of labels in two chunks of their own types, or a refusal of the second."""

    def call() -> float:
        stream = fastmi.Stream(BINS)
        for labels in (first, second):
            stream.update(np.zeros((len(labels), 1)), labels)
        return stream.entropy_y

    return Case(name, call, Either(entropy_y, Refused("y")), "Stream.update(y)")


REFUSED = [
    *(
        Case(
            f"binning {binning!r:.30}",
            lambda binning=binning: fastmi.Stream(binning),
            Refused("binning", "fastmi.Edges"),
            "Stream(binning)",
        )
        for binning in (None, 30, [0, 1], "uniform", fastmi.Edges, np.linspace(0, 1, 3))
    ),
    _chunk("None", "activations", (None, Y), "activations", "NoneType", kind=TypeError),
    _chunk("a list", "activations", ("abc", Y), "activations", "str", kind=TypeError),
    _chunk("one axis", "activations", (T[:, 0], Y), "activations", "(4,)", kind=ValueError),
    _chunk("three axes", "activations", (T[None], Y), "activations", "(1, 4, 2)", kind=ValueError),
    _chunk(
        "another width", "activations", (T[:, :1], Y), "activations", "(4, 1)", "2", kind=ValueError
    ),
    _chunk("no samples", "activations", (T[:0], Y[:0]), "activations", "n = 0", kind=ValueError),
    _chunk("NaN", "activations", (T * np.nan, Y), "activations", "8 NaN", kind=ValueError),
    _chunk("complex", "activations", (T * 1j, Y), "activations", "complex128", kind=TypeError),
    _chunk("no labels any more", "y", (T,), "y", "labels", kind=ValueError),
    _chunk("fewer labels", "y", (T, Y[:2]), "y", "2", "4", kind=ValueError),
    _chunk("continuous labels", "y", (T, Y + 0.5), "y", "0.5", "fastmi.encode", kind=ValueError),
    _chunk("labels with NaN", "y", (T, np.array([0, 1, np.nan, 1])), "y", ("missing", "drop")),
    _chunk("labels of three axes", "y", (T, Y[None, :, None]), "y", "(1, 4, 1)", kind=ValueError),
    _chunk("labels in a set", "y", (T, {0, 1}), "y", "set", kind=TypeError),
    _chunk("rows of labels after labels", "y", (T, np.stack([Y, Y], 1)), "y", kind=ValueError),
    Case(
        "labels from the second chunk on",
        lambda: fed((T,), (T, Y)),
        Refused("y", "without", kind=ValueError),
        "Stream.update(y)",
    ),
    *(
        Case(
            f"{name} of nothing",
            lambda name=name: getattr(fastmi.Stream(BINS), name),
            Refused("empty", "n = 0", kind=ValueError),
        )
        for name in ("entropy", "entropy_y", "mutual_information", "n_symbols", "coverage")
    ),
    Case(
        "information without labels",
        lambda: fed((T,)).mutual_information,
        Refused("labels", "y", kind=ValueError),
    ),
    *(
        Case(
            f"spilling into {spill!r:.30}",
            lambda spill=spill: fastmi.Stream(BINS, spill=spill),
            Refused("spill", words, kind=(TypeError, ValueError, FileNotFoundError)),
            "Stream(spill)",
        )
        for spill, words in (
            (3, "3"),
            (True, "True"),
            ("", "''"),
            ("no/such/folder", "no/such/folder"),
            (__file__, "no such folder"),
            (b"folder", "folder"),
        )
    ),
    *(
        Case(
            f"a memory of {memory!r}",
            lambda memory=memory: fastmi.Stream(BINS, memory=memory),
            Refused("memory", repr(memory)),
            "Stream(memory)",
        )
        for memory in (0, -1, 1.5, "1 GB", 10)
    ),
    *(
        Case(
            f"merged with {other!r:.30}",
            lambda other=other: fed((T, Y)).merge(other),
            Refused("other", "fastmi.Stream"),
            "Stream.merge(other)",
        )
        for other in (None, 3, "stream", fastmi.Stream, BINS)
    ),
    Case(
        "merged with other bins",
        lambda: fed((T, Y)).merge(fed((T, Y), binning=fastmi.UniformBins(3, (-1, 1)))),
        Refused("other", "bins", kind=ValueError),
        "Stream.merge(other)",
    ),
    Case(
        "merged with another rule",
        lambda: fed((T, Y)).merge(fed((T, Y), binning=fastmi.UniformBins(4, (-1, 1), "wrap"))),
        Refused("other", "wrap", kind=ValueError),
        "Stream.merge(other)",
    ),
    Case(
        "merged with another width",
        lambda: fed((T, Y)).merge(fed((T[:, :1], Y))),
        Refused("2", kind=ValueError),
        "Stream.merge(other)",
    ),
    Case(
        "merged with labels in one",
        lambda: fed((T, Y)).merge(fed((T,))),
        Refused("labels", kind=ValueError),
        "Stream.merge(other)",
    ),
    Case(
        "merged without labels in one",
        lambda: fed((T,)).merge(fed((T, Y))),
        Refused("labels", kind=ValueError),
        "Stream.merge(other)",
    ),
]

MIXTURES = [
    _labels(
        "big-endian, then little", np.array([1, 2**60], ">u8"), np.array([1, 2**60], "u8"), 1.0
    ),
    _labels("big-endian int32, then int64", np.array([1, 2], ">i4"), np.array([1, 2]), 1.0),
    _labels(
        "uint64 2^63, then int64 -2^63", np.array([2**63], np.uint64), np.array([-(2**63)]), 1.0
    ),
    _labels("uint64 of all ones, then -1", np.array([2**64 - 1], np.uint64), np.array([-1]), 1.0),
    _labels("numbers, then their text", [1, 2], ["1", "2"], 2.0),
    _labels("text, then numbers", ["1", "2"], [1, 2], 2.0),
    _labels("bytes, then text", [b"a"], ["a"], 1.0),
    _labels("labels, then rows of one", np.array([1, 2]), np.array([[1], [2]]), 1.0),
    _labels("labels, then rows of two", np.array([1, 2]), np.array([[1, 0], [2, 0]]), 2.0),
    _labels("rows of two, then of three", np.array([[1, 2]]), np.array([[1, 2, 0]]), 1.0),
    _labels("short text, then long", ["a"], ["a", "a" * 50], 0.9182958340544896),
    _labels("text that ends in NUL in the second", ["a"], ["a\0"], 1.0),
    _labels("bools, then integers", [True, False], [1, 0], 1.0),
    _labels("integers, then whole floats", [1, 2], np.array([1.0, 2.0]), 1.0),
    _labels("minus zero", np.array([0.0]), np.array([-0.0]), 0.0),
    _labels(
        "float16, then integers", np.array([1.0, 2.0], np.float16), np.array([1, 2], np.uint8), 1.0
    ),
    _labels("a tensor, then an array", torch.tensor([1, 2]), np.array([1, 2]), 1.0),
    _labels(
        "StringDType, then text", np.array(["a", "b"], np.dtypes.StringDType()), ["a", "b"], 1.0
    ),
    _labels(
        "float 2^53, then the integer beside it", np.array([2.0**53]), np.array([2**53 + 1]), 1.0
    ),
]


def _merged_with_itself() -> Any:
    stream = fed((T, Y))
    stream.merge(stream)
    return stream.n_samples, stream.entropy


def _whole() -> tuple[float, ...]:
    return answers(fed((np.concatenate([T, T[:2]]), np.concatenate([Y, Y[:2]]))))


def _parts() -> tuple[float, ...]:
    stream, other = fed((T, Y)), fed((T[:2], Y[:2]))
    stream.merge(other)
    return answers(stream)


RIGHT = [
    Case(
        "merged with itself",
        _merged_with_itself,
        Either([8, 1.5], Refused("other", ("itself", "same"))),
    ),
    Case(
        "merged with an empty one",
        lambda: [stream := fed((T, Y)), stream.merge(fastmi.Stream(BINS)), stream.n_samples][2],
        4,
    ),
    Case(
        "merged into an empty one",
        lambda: [stream := fastmi.Stream(BINS), stream.merge(fed((T, Y))), stream.n_samples][2],
        4,
    ),
    Case("parts and the whole", lambda: _parts() == _whole(), True),
    Case("one threshold", lambda: fed((T[:, :1], Y), binning=fastmi.Edges([0.5])).n_symbols, 2),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *MIXTURES, *RIGHT]
