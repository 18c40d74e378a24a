"""points of the plane: a record whose fields are the columns of every table, with their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Bits, FloatArray, IntArray
from fastmi.belief import GROWTH_VERDICTS, VERDICTS
from fastmi.inputs import shortened

__all__ = ["BITS", "FINITE", "Column", "Points", "joined"]


class Column(NamedTuple):
    """What a column says of itself, once for the table, the CSV, the checks and the messages.

    Attributes:
        name: of the field. header: in a CSV. unit: of its numbers. low, high: its limits.
        words: what to say of numbers beyond them. whole: whether they are counts. names: the
            words of 0, 1, ..., weakest first, of a column of words. optional: whether a measure may
            lack it.
    """

    name: str
    header: str
    unit: str
    low: float
    high: float
    words: str
    whole: bool
    names: tuple[str, ...]
    optional: bool

    def shown(self, number: Any) -> Any:
        """Says a number as a table does: by its word, if it has one; "" where it is missing."""
        if number != number:
            return ""
        return self.names[int(number)] if self.names else number

    def cells(self, numbers: npt.NDArray[Any]) -> list[Any]:
        """Says all numbers of an array so, in their order."""
        values = numbers.ravel()
        if np.isnan(values).any():
            return list(map(self.shown, values.tolist()))
        if self.names:
            return list(map(self.names.__getitem__, values.astype(np.int64).tolist()))
        return values.tolist()


def _says(
    header: str,
    unit: str,
    words: str,
    low: float = 0,
    high: float = np.inf,
    whole: bool = False,
    names: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "header": header,
        "unit": unit,
        "low": low,
        "high": high,
        "words": words,
        "whole": whole,
        "names": names,
    }


def _words(header: str, names: tuple[str, ...]) -> dict[str, Any]:
    words = f"it is a number of {', '.join(filter(None, names))}"
    return _says(header, "", words, high=len(names) - 1, whole=True, names=names)


# what to say of numbers beyond the limits of their column
FINITE = "bits are finite"
SHARE = "it is a share, 0..1"
BITS = "bits are finite and not negative; a point that is missing is NaN in every column"


@dataclass(frozen=True, eq=False, repr=False)
class Points:
    """Points of the plane, and what to know beside them: arrays of one shape, (..., n_layers).

    Attributes:
        i_xt, i_ty: I(X;T) and I(T;Y) in bits.
        n_symbols: the distinct codes of each layer. coverage: the share of samples not alone with
            their code.
        n_samples: n, what each point rests on. None is unknown.
        coding: 0 where a code is the row of bins itself; where rows are hashed, the expected number
            of pairs of different rows that meet in one code.
        i_xt_lower, i_xt_upper, i_ty_lower, i_ty_upper: bounds in bits, of a measure that has some.
        pair_coverage: the share of samples not alone with their pair of code and label.
        chance_sd: how far single shuffles scatter around chance, their standard deviation in bits,
            where it was asked for; beyond the budget of `belief.SD_TERMS` from 200 resamples.
        chance: the exact mean of the plug-in I(T;Y) over all shuffles of the labels, in bits.
        mean_lower, mean_upper: the bracket of I(T;Y) in bits: in mean over samples, the one is at
            most I(T;Y) and the other at least. No confidence interval.
        growth: the bits that H(T) grew in the last doubling of the sample.
        outside: the share of activations outside the binning, or in its open ends.
        verdict, verdict_xt: of I(T;Y) and of I(X;T), numbers of `fastmi.belief.VERDICTS` and
            `GROWTH_VERDICTS`.
        charge: bits by which mean_lower, and the verdict with it, pay for bins that were chosen
            with the labels, or for a unit: log2 of their number / n.
        i_ty_se: the standard error of i_ty, in bits, where that is a mean over scored samples.
        n_scored: over how many.
        units_i_ty, units_chance: where units are counted one by one, the means over all of them of
            I(t_d;Y) and of its exact chance.
        i_xt_sd, i_ty_sd: where i_xt and i_ty are means over what a measure draws by its seeds, the
            standard deviation of one draw.

    What stands below the bounds is said by `fastmi.belief`. It is None of a mixture, whose rows
    hang together; of a population, where nothing is estimated, the verdicts alone are there.

    A column that a measure does not have is None; where only some layers have it, the others hold
    NaN. So does i_xt of a measure that says nothing of I(X;T), as a probe. A point that is missing,
    as of a layer that held NaN itself, is NaN in every column.
    """

    i_xt: FloatArray = field(metadata=_says("i_xt_bits", "bits", BITS))
    i_ty: FloatArray = field(metadata=_says("i_ty_bits", "bits", BITS))
    n_symbols: npt.NDArray[Any] | None = field(
        default=None,
        metadata=_says(
            "n_symbols", "symbols", "a layer has at least one symbol", low=1, whole=True
        ),
    )
    coverage: FloatArray | None = field(
        default=None, metadata=_says("coverage", "1", SHARE, high=1)
    )
    n_samples: IntArray | None = None
    coding: FloatArray | None = field(
        default=None,
        metadata=_says("coding", "pairs", "it is 0, or an expected number of colliding pairs"),
    )
    i_xt_lower: FloatArray | None = field(
        default=None, metadata=_says("i_xt_lower_bits", "bits", FINITE, low=-np.inf)
    )
    i_xt_upper: FloatArray | None = field(
        default=None, metadata=_says("i_xt_upper_bits", "bits", FINITE, low=-np.inf)
    )
    i_ty_lower: FloatArray | None = field(
        default=None, metadata=_says("i_ty_lower_bits", "bits", FINITE, low=-np.inf)
    )
    i_ty_upper: FloatArray | None = field(
        default=None, metadata=_says("i_ty_upper_bits", "bits", FINITE, low=-np.inf)
    )
    pair_coverage: FloatArray | None = field(
        default=None, metadata=_says("pair_coverage", "1", SHARE, high=1)
    )
    chance: FloatArray | None = field(default=None, metadata=_says("chance_bits", "bits", FINITE))
    mean_lower: FloatArray | None = field(
        default=None, metadata=_says("mean_lower_bits", "bits", FINITE, low=-np.inf)
    )
    mean_upper: FloatArray | None = field(
        default=None, metadata=_says("mean_upper_bits", "bits", FINITE, low=-np.inf)
    )
    growth: FloatArray | None = field(default=None, metadata=_says("growth_bits", "bits", FINITE))
    outside: FloatArray | None = field(default=None, metadata=_says("outside", "1", SHARE, high=1))
    verdict: npt.NDArray[Any] | None = field(default=None, metadata=_words("verdict", VERDICTS))
    verdict_xt: npt.NDArray[Any] | None = field(
        default=None, metadata=_words("verdict_xt", GROWTH_VERDICTS)
    )
    charge: FloatArray | None = field(default=None, metadata=_says("charge_bits", "bits", FINITE))
    i_ty_se: FloatArray | None = field(default=None, metadata=_says("i_ty_se_bits", "bits", FINITE))
    n_scored: npt.NDArray[Any] | None = field(
        default=None,
        metadata=_says("n_scored", "samples", "at least one sample is scored", low=1, whole=True),
    )
    units_i_ty: FloatArray | None = field(
        default=None, metadata=_says("units_i_ty_bits", "bits", FINITE)
    )
    units_chance: FloatArray | None = field(
        default=None, metadata=_says("units_chance_bits", "bits", FINITE)
    )
    i_xt_sd: FloatArray | None = field(default=None, metadata=_says("i_xt_sd_bits", "bits", FINITE))
    i_ty_sd: FloatArray | None = field(default=None, metadata=_says("i_ty_sd_bits", "bits", FINITE))
    chance_sd: FloatArray | None = field(
        default=None, metadata=_says("chance_sd_bits", "bits", FINITE)
    )

    @classmethod
    def columns(cls) -> list[Column]:
        """Lists what stands beside each point, in the order of the CSV.

        Those that came later stand behind.
        """
        return [
            Column(column.name, **column.metadata, optional=column.default is None)
            for column in fields(cls)
            if column.metadata
        ]

    @property
    def bits(self) -> Bits:
        """Stacks I(X;T) and I(T;Y) in bits, (..., n_layers, 2)."""
        return np.stack([self.i_xt, self.i_ty], axis=-1)

    @property
    def present(self) -> dict[str, npt.NDArray[Any]]:
        """Lists the arrays that are there, by name."""
        return {
            column.name: array
            for column in fields(self)
            if (array := getattr(self, column.name)) is not None
        }

    def map(self, function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Points:
        """Applies a function to every array, as lambda column: column[:, 0]."""
        checks.function("function", function, "array -> array, as lambda column: column[:, 0]")
        return Points(**{name: function(array) for name, array in self.present.items()})

    def __repr__(self) -> str:
        return shortened(f"Points {np.shape(self.i_xt)}: {', '.join(self.present)}", 100)


def joined(points: Sequence[Points], axis: int) -> Points:
    """Joins points along an axis; a column that only some of them have is NaN in the others."""
    present = [batch.present for batch in points]
    names = dict.fromkeys(name for columns in present for name in columns)
    absent = [np.full(np.shape(batch.i_xt), np.nan) for batch in points]
    arrays = {
        name: [columns.get(name, nan) for columns, nan in zip(present, absent, strict=True)]
        for name in names
    }
    return Points(**{name: np.concatenate(columns, axis=axis) for name, columns in arrays.items()})
