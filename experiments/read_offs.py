"""name of a run -> what was read off the figure that was published of it, in bits.

The catalogue has the same in words; these are numbers, to be compared with what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["BESIDE", "READ_OFFS", "Bits", "ReadOff"]

Bits = float | tuple[float, float]  # two are a range


@dataclass(frozen=True)
class ReadOff:
    """What the figure shows of one layer at one place: I(X;T), I(T;Y), or one of them.

    `at` is "start", "end", an epoch, or "peak": the highest along the path, of each for itself.
    """

    layer: str
    at: Literal["start", "peak", "end"] | int
    i_xt: Bits | None = None
    i_ty: Bits | None = None


_TISHBY = (
    *(
        ReadOff(f"layer {i}", at, 9.97, 0.80)
        for i in (1, 2, 3)
        for at in ("start", "end")  # they stand there throughout
    ),
    ReadOff("layer 4", "start", 8.2, 0.42),
    ReadOff("layer 4", "end", 7, 0.79),
    ReadOff("layer 5", "start", 3.9, 0.05),
    ReadOff("layer 5", "peak", 6.5),
    ReadOff("layer 5", "end", 4.2, 0.75),
    ReadOff("output", "start", 0.5, 0),
    ReadOff("output", "peak", 4.5),
    ReadOff("output", "end", 1.9, 0.73),
)

READ_OFFS: dict[str, tuple[ReadOff, ...]] = {
    "warm-up": (
        ReadOff("layer 1", "start", 9.97, 0.80),
        ReadOff("layer 1", "end", 9.97, 0.80),
        ReadOff("output", "end", 4.2, 0.60),
    ),
    "tishby": _TISHBY,
    "tishby-extended": _TISHBY,
    # the top of a plane is that of its first layer
    "complicated": (ReadOff("layer 1", "peak", i_ty=0.97),),
    # the dots of the figure fade in with the steps: where layer 1 was early cannot be seen
    "mnist": (
        ReadOff("layer 1", "end", (9.4, 9.95), (3.05, 3.3)),
        ReadOff("output", "start", 3.1, 0.5),
        ReadOff("output", "end", 7.5, 2.35),
    ),
    "original": tuple(
        ReadOff("output", epoch, bits)
        for epoch, bits in ((0, 1.39), (10, 0.93), (100, 4.21), (400, 3.32), (1500, 2.12))
    ),
}

# runs that were not published, beside what was published of another that they might explain
BESIDE = {"mnist-widened": "mnist"}
