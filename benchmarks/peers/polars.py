"""polars: group_by over the columns."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers import Peer, library
from benchmarks.peers.counting import AnyIntArray, information_by, plane_by

__all__ = ["PEER"]


def count(rows: AnyIntArray, labels: Sequence[AnyIntArray]) -> list[AnyIntArray]:
    pl = library("polars")
    frame = pl.from_numpy(rows)
    columns = frame.columns
    pairs = (
        frame.with_columns(label=pl.Series(y)).group_by([*columns, "label"]).len() for y in labels
    )
    return [sizes["len"].to_numpy() for sizes in (frame.group_by(columns).len(), *pairs)]


PEER = Peer(
    "polars",
    seconds=lambda n, d: 1e-3 + n * (300e-9 + 45e-9 * d),
    plane=plane_by(count),
    information=information_by(count),
    needs="polars",
    strings=True,
)
