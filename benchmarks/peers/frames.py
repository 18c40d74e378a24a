"""rows -> counts by a data frame's groupby: pandas and cuDF share the interface."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers import library
from benchmarks.peers.counting import AnyIntArray, Count

__all__ = ["count_by"]


def count_by(name: str) -> Count:
    def count(rows: AnyIntArray, labels: Sequence[AnyIntArray]) -> list[AnyIntArray]:
        frames = library(name)
        frame = frames.DataFrame(rows)
        groups = frame.groupby(list(frame.columns), sort=False)
        ids = groups.ngroup()
        pairs = (
            frames.DataFrame({"row": ids, "label": y}).groupby(["row", "label"], sort=False).size()
            for y in labels
        )
        return [groups.size().to_numpy(), *(sizes.to_numpy() for sizes in pairs)]

    return count
