"""fastmi.distributed.count: shards that do not fit together, workers and folders that are none."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmi

from .judge import Case, Holds, Refused

BINS = fastmi.UniformBins(4, range=(-1, 1))
T = np.array([[-0.9, 0.1], [0.9, 0.1], [0.1, 0.1], [-0.9, 0.1]])
Y = np.array([0, 1, 1, 0])


def _refused(name: str, about: str, *words: Any, kind: Any = (TypeError, ValueError), **bad: Any):
    options = {"shards": [T, T], "y": [Y, Y], "binning": BINS, **bad}
    return Case(
        name,
        lambda: fastmi.distributed.count(**options),
        Refused(*words, kind=kind),
        f"distributed.count({about})",
    )


def _count(**options: Any) -> Any:
    return fastmi.distributed.count([T, T[::-1]], BINS, y=[Y, Y[::-1]], **options)


def _as_a_stream(found: Any) -> bool:
    stream = fastmi.Stream(BINS)
    stream.update(T, Y)
    stream.update(T, Y)
    return found.report().to_dict() == stream.report().to_dict()


def cases(seed: int = 0, long: bool = False) -> list[Case]:
    """Makes the cases."""
    nan = np.where(T > 0.5, np.nan, T)
    missing = FileNotFoundError
    return [
        Case("two shards", _count, Holds("those of a stream", _as_a_stream)),
        Case(
            "labels that bring themselves",
            lambda: fastmi.distributed.count([(T, Y), (T, Y)], BINS),
            Holds("those of a stream", _as_a_stream),
        ),
        *(
            _refused(f"shards {shards!r:.20}", "shards", "shards", "list", shards=shards)
            for shards in (T, "t.npy", None, 3, {0: T})
        ),
        _refused("no shards", "shards", "shards", "n = 0", shards=[], y=None),
        _refused("shards without rows", "shards", "n = 0", shards=[T[:0]], y=None),
        *(
            _refused(f"a shard {bad!r:.20}", "shards", "shard 1", words, kind=kind, shards=[T, bad])
            for bad, words, kind in (
                (None, "None", TypeError),
                ([[1, 2]], "array", TypeError),
                (T[0], "(2,)", ValueError),
                (T[None], "(1, 4, 2)", ValueError),
                (T[:, :1], "(4, 1)", ValueError),
                (T[:3], "y has 4", ValueError),
                (nan, "NaN", ValueError),
                (T.astype(str), "real", TypeError),
                ("no.npy", "no.npy", missing),
                ("no.npz", "no.npz", missing),
                (__file__, ".npy", ValueError),
            )
        ),
        *(
            _refused(f"a binning {bad!r:.20}", "binning", "binning", binning=bad)
            for bad in (None, 30, fastmi.QuantileBins(3))
        ),
        *(
            _refused(f"labels {bad!r:.30}", "y", "y", *words, y=bad)
            for bad, words in (
                (Y, ("list",)),
                ([Y], ("2", "1")),
                ("y.npy", ("list",)),
                ([Y, Y[:3]], ("shard 1", "y has 3")),
                ([Y, None], ("shard 1", "missing")),
                ([Y, Y.astype(str)], ("shard 1", "strings")),
                ([Y, Y + 0.5], ("shard 1", "0.5")),
                ([Y, 3], ("shard 1", "3")),
            )
        ),
        *(
            _refused(f"an executor {bad!r:.20}", "executor", "executor", executor=bad)
            for bad in (2, "dask", list)
        ),
        _refused("a group by its name", "process_group", "process_group", process_group="gloo"),
        *(
            _refused(f"a folder {bad!r}", "folder", "folder", kind=(TypeError, missing), folder=bad)
            for bad in (3, "no/such/folder", __file__)
        ),
        *(
            _refused(f"a memory of {bad!r}", "memory", "memory", repr(bad), memory=bad)
            for bad in (0, -1, 1.5, "1 GB", None)
        ),
        _refused("a device that is no name", "device", "device", "0", device=0),
        *(
            _refused(f"{name} {bad!r}", name, name, **{name: bad})
            for name, bad in (("n_classes", 0), ("n_classes", 1.5), ("sample", "test"))
        ),
        Case(
            "too few classes",
            lambda: _count(n_classes=1).report(),
            Refused("n_classes", "2", kind=ValueError),
        ),
    ]
