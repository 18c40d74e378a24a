"""rows -> counts by a data frame's groupby: pandas and cuDF share the interface."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers import library
from benchmarks.peers.counting import Count, IntArray

__all__ = ["count_by"]


def count_by(name: str) -> Count:
    def count(rows: IntArray, labels: Sequence[IntArray]) -> list[IntArray]:
        frames = library(name)
        frame = frames.DataFrame(rows)
        groups = frame.groupby(list(frame.columns), sort=False)
        ids = groups.ngroup()
        pairs = (
            frames.DataFrame({"row": ids, "label": own})
            .groupby(["row", "label"], sort=False)
            .size()
            for own in labels
        )
        return [groups.size().to_numpy(), *(sizes.to_numpy() for sizes in pairs)]

    return count
