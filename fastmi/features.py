"""tables (n, d), labels (n,) -> what each column tells of them, and what the counts say of that."""

from __future__ import annotations

import html
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmi import backends, belief, entropies, frames
from fastmi.arrays import FloatArray, IntArray, LabelsLike
from fastmi.belief import Within
from fastmi.counting import Tally
from fastmi.crossing import (
    Table,
    bare,
    joined_table,
    same_samples,
    samples_of,
    table_of,
    tally_pairs,
    without,
)
from fastmi.entropies.plugin import plugin_of
from fastmi.inputs import on_host, shown
from fastmi.labels import Labels
from fastmi.resampling import MOST_CODES, Segments, pvalues_of, resamples

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeatureInformation", "feature_information"]

MOST_ROWS = 20  # of a table that is shown
LONGEST_NAME = 32  # letters


class FeatureInformation(tuple[FloatArray, "FloatArray | None"]):
    """What each column tells of Y, in column order; as a tuple it is (scores, pvalues).

    Attributes:
        names: of the columns; of an array 0, 1, ...
        scores: the plug-in I(X_j;Y) in bits, (d,); given Z I(X_j;Y|Z).
        n: the samples that each rests on.
        chance: the exact mean of each score over all shuffles of Y, given Z within its symbols.
        mean_lower: at most the information in mean over held-out samples, where n_classes is known;
            a description otherwise. It is no end of a confidence interval.
        pvalues, pvalues_adjusted: by permutations of Y, of the column alone, and of all together
            (Westfall and Young); None where none were asked for.
        n_resamples: how many there were. conditional: whether there is a Z.
    """

    names: tuple[Hashable, ...]
    n: IntArray
    chance: FloatArray
    mean_lower: FloatArray
    pvalues_adjusted: FloatArray | None
    n_resamples: int
    conditional: bool

    def __new__(
        cls,
        scores: FloatArray,
        pvalues: FloatArray | None = None,
        *,
        names: tuple[Hashable, ...],
        n: IntArray,
        chance: FloatArray,
        mean_lower: FloatArray,
        pvalues_adjusted: FloatArray | None = None,
        n_resamples: int = 0,
        conditional: bool = False,
    ) -> FeatureInformation:
        record = super().__new__(cls, (scores, pvalues))
        record.names, record.n, record.chance, record.mean_lower = names, n, chance, mean_lower
        record.pvalues_adjusted, record.n_resamples = pvalues_adjusted, n_resamples
        record.conditional = conditional
        return record

    def __getnewargs_ex__(self) -> tuple[Any, Any]:
        return tuple(self), vars(self)

    @property
    def scores(self) -> FloatArray:
        """Gives the plug-in information of each column, in bits, (d,)."""
        return self[0]

    @property
    def pvalues(self) -> FloatArray | None:
        """Gives (1 + the permutations that tell as much) / (1 + n_resamples), of each column."""
        return self[1]

    @property
    def excess(self) -> FloatArray:
        """Subtracts chance from the scores: what shuffled labels do not give."""
        return self.scores - self.chance

    def to_pandas(self) -> pd.DataFrame:
        """Makes a DataFrame of it, a row for each column of X, by name."""
        import pandas as pd

        return pd.DataFrame(self._columns(), index=list(self.names))

    def __repr__(self) -> str:
        head, rows = self._rows()
        cells = [head, *rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if k == 0 else cell.rjust(width)
                for k, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in cells
        ]
        return "\n".join([self._title(), *(f"  {line.rstrip()}" for line in lines)])

    def _repr_html_(self) -> str:
        """Shows it as a table in a notebook."""
        head, rows = self._rows()
        names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        lines = "".join(
            "<tr>"
            + "".join(
                f"<{tag}>{html.escape(cell)}</{tag}>"
                for tag, cell in zip(["th", *["td"] * (len(row) - 1)], row, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        return (
            f"<table><caption>{html.escape(self._title())}</caption><tr>{names}</tr>{lines}</table>"
        )

    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "score": self.scores,
            "chance": self.chance,
            "excess": self.excess,
            "mean_lower": self.mean_lower,
            "n": self.n,
        }
        if self.pvalues is not None:
            columns |= {"pvalue": self.pvalues, "pvalue_adjusted": self.pvalues_adjusted}
        return columns

    def _title(self) -> str:
        d = len(self.names)
        number = "I(X;Y|Z)" if self.conditional else "I(X;Y)"
        some = f", the {MOST_ROWS} of most excess" if d > MOST_ROWS else ""
        by = f", p of {self.n_resamples:,} permutations" if self.n_resamples else ""
        return f"{number} of {d:,} column{'s' if d > 1 else ''} in bits{by}{some}"

    def _rows(self) -> tuple[list[str], list[list[str]]]:
        order = np.arange(len(self.names))
        if order.size > MOST_ROWS:
            above = np.nan_to_num(self.excess, nan=-np.inf)
            order = np.argsort(-above, kind="stable")[:MOST_ROWS]
        columns = self._columns()
        rows = [
            [
                _short(self.names[j]),
                *(
                    f"{values[j]:,}" if name == "n" else f"{values[j]:.4g}"
                    for name, values in columns.items()
                ),
            ]
            for j in order.tolist()
        ]
        return ["column", *(name.replace("_", " ") for name in columns)], rows


def _short(name: Any) -> str:
    text = name if isinstance(name, str) else shown(name, LONGEST_NAME)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def feature_information(
    X: LabelsLike,
    y: LabelsLike,
    *,
    conditional_on: LabelsLike | None = None,
    n_classes: int | None = None,
    missing: str = "raise",
    n_resamples: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> FeatureInformation:
    """Estimates I(X_j;Y) of every column of a discrete table, in bits, by the plug-in.

    Each score is the float of `mutual_information(X[:, j], y)`. Beside it stand its exact chance,
    by which a column of many symbols seems to tell what it does not, and mean_lower, which pays for
    them. It serves as `score_func=` of scikit-learn's SelectKBest once columns are encoded as whole
    numbers: there it is the tuple (scores, pvalues).

    Args:
        X: (n, d) labels, each column a variable of its own: a DataFrame, a table of polars or
            pyarrow, an array, a tensor, a list of rows. Continuous columns are binned first
            (`discretize`).
        y: (n,) labels, the answer; or rows, each one joint symbol.
        conditional_on: z, likewise: I(X_j;Y|Z), what a column adds to what is known (a step of CMIM
            and of joint selection). Scores are the floats of `conditional_mutual_information`.
        n_classes: how many classes Y has, known beforehand; None takes those seen.
        missing: what becomes of missing values: "raise", "symbol" (a label of their column), "drop"
            (the samples that lack y or z, and for each column those that lack its value).
        n_resamples: permutations of y for p-values, the same for all columns: pvalues, and
            pvalues_adjusted, of which any is at most a with probability at most a where no column
            tells anything of Y. None computes neither. rng: as in `permutation_test`.

    Returns:
        a record of arrays (d,); its repr is a table, `to_pandas` a DataFrame.

    Raises:
        TypeError, ValueError: as `mutual_information`, of a column that is named; the name of a
            column in the place of y; n_classes below the classes seen; n_resamples beside
            conditional_on, or where samples are left out of some columns.

    Example:
        >>> import fastmi
        >>> X = [["a", 0], ["a", 1], ["b", 0], ["b", 1]] * 10
        >>> fastmi.feature_information(X, ["no", "no", "yes", "yes"] * 10)
        I(X;Y) of 2 columns in bits
          column  score   chance    excess  mean lower   n
          0           1  0.01874    0.9813      0.8673  40
          1           0  0.01874  -0.01874     -0.1327  40
    """
    permutations = None if n_resamples is None else resamples(n_resamples, rng)
    if permutations is not None and conditional_on is not None:
        raise ValueError(
            f"n_resamples is {n_resamples} beside conditional_on: labels would have to be permuted "
            "within Z, which is not done; leave n_resamples out, and compare scores with chance"
        )
    xs, variables = _together(
        X,
        {"y": y} | ({} if conditional_on is None else {"conditional_on": conditional_on}),
        missing,
    )
    labels = _labels(variables["y"])
    if conditional_on is None:
        columns = _scored(xs, labels, n_classes)
    else:
        columns = _scored_given(xs, labels, _labels(variables["conditional_on"]), n_classes)
    if permutations is None:
        return FeatureInformation(
            names=xs.names,
            conditional=conditional_on is not None,
            **columns,
        )
    if xs.lacks.any():
        name = xs.names[int(np.flatnonzero(xs.lacks)[0])]
        raise ValueError(
            f"n_resamples is {n_resamples}, and samples are left out of X[{name!r}]: permutations "
            'are those of all labels; pass missing="symbol", or leave n_resamples out'
        )
    host = on_host(labels.columns.codes[0]).astype(np.int64)
    _, pvalues, adjusted = pvalues_of(
        _segments(xs), host, int(labels.columns.sizes[0]), permutations
    )
    return FeatureInformation(
        names=xs.names,
        pvalues=pvalues,
        pvalues_adjusted=adjusted,
        n_resamples=permutations.n,
        **columns,
    )


def _together(X: Any, given: dict[str, Any], missing: str) -> tuple[Table, dict[str, Labels]]:
    """Reads a table and the variables beside it, without the samples that one of these lacks."""
    for name, value in given.items():
        if isinstance(value, str) and value in (frames.table(X) or ()):
            left = f"columns={value!r}" if hasattr(X, "iloc") else repr(value)
            raise TypeError(
                f"{name} names a column: pass X[{value!r}], and leave it out of X (X.drop({left}))"
            )
    xs = table_of("X", X, missing)
    variables = {name: bare(name, value) for name, value in given.items()}
    same_samples(X=xs.columns.codes.T, **{name: of.array for name, of in variables.items()})
    lacking = [of.lacking for of in variables.values() if of.lacking is not None]
    if missing == "drop" and lacking:
        keep = ~lacking[0]
        for others in lacking[1:]:
            keep = keep & ~others
        if not bool(keep.any()):
            raise ValueError(
                f"every one of the {xs.n_samples} samples lacks {' or '.join(given)}: there is "
                "nothing to count (n = 0)"
            )
        xs = without(xs, keep)
        variables = {name: Labels(of.array[keep]) for name, of in variables.items()}
    return xs, {
        name: of if missing == "drop" else Labels(_all_there(name, of, missing))
        for name, of in variables.items()
    }


def _all_there(name: str, labels: Labels, missing: str) -> Any:
    if missing == "symbol" or labels.lacking is None:
        return labels.with_symbol()
    n = int(labels.lacking.sum())
    raise ValueError(
        f"{name} lacks {n} value{'s' if n > 1 else ''} ({labels.value}), and a missing value is no "
        'label: leave its samples out (missing="drop"), or let it be a label of its own '
        '(missing="symbol")'
    )


def _labels(variable: Labels) -> Table:
    return joined_table("y", [variable])


def _segments(xs: Table) -> Iterator[Segments]:
    """Hands columns on as codes (s, n), some at a time."""
    codes, sizes = xs.columns.codes, xs.columns.sizes
    step = max(1, MOST_CODES // xs.n_samples)
    for first in range(0, xs.n_columns, step):
        some = codes[first : first + step]
        whole = some.astype(np.int64) if isinstance(some, np.ndarray) else some.long()
        yield Segments(whole, int(sizes[first : first + step].max() - 1).bit_length())


# --- scores ---------------------------------------------------------------------------------------


def _scored(xs: Table, labels: Table, n_classes: int | None) -> dict[str, Any]:
    """Counts every column beside y: scores, n, chance and mean_lower."""
    d = xs.n_columns
    pairs = np.stack([np.arange(d), np.zeros(d, np.int64)], axis=1)
    counted = Tally(3 * d, xs.n_samples, tally_pairs(xs, labels, pairs, apart=True))
    n, (h_xy, h_x, h_y) = _bits(counted, d)
    scores = np.where(n > 0, entropies.information(h_x, h_y, h_xy), np.nan)
    chance, lower = np.full(d, np.nan), np.full(d, np.nan)
    for columns, size in _alike(xs, n):
        of_x = _only(counted, d + columns, size)
        classes = _counts(_only(counted, 2 * d + columns[:1], size))
        chance[columns] = belief.chance(of_x, classes)
        lower[columns] = belief.mean_lower(scores[columns], of_x, classes, n_classes)
    return {"scores": scores, "n": n, "chance": chance, "mean_lower": lower}


def _scored_given(xs: Table, labels: Table, strata: Table, n_classes: int | None) -> dict[str, Any]:
    """Counts every column beside z, and beside (y, z): scores, n, chance and mean_lower."""
    d = xs.n_columns
    y, z = labels.columns.codes[0], strata.columns.codes[0]
    beside = joined_table("y", [Labels(z), Labels(_rows(y, z))])
    pairs = np.stack([np.tile(np.arange(d), 2), np.repeat([0, 1], d)], axis=1)
    counted = Tally(6 * d, xs.n_samples, tally_pairs(xs, beside, pairs, apart=True))
    n, (h_xz, h_xyz, _, _, h_z, h_yz) = _bits(counted, d)
    bits = entropies.settle(entropies.information(h_xz, h_yz, h_xyz) - h_z)
    scores = np.where(n > 0, bits, np.nan)
    chance, lower = np.full(d, np.nan), np.full(d, np.nan)
    for columns, size in _alike(xs, n):
        there = xs.columns.codes[columns[0]] < int(xs.columns.kept[columns[0]])
        of_y = _within(y[there], z[there])
        classes = np.bincount(on_host(y[there]))
        of_xz = _only(counted, columns, size)
        lower[columns] = belief.mean_lower(scores[columns], of_xz, classes, n_classes)
        for j in columns.tolist():
            chance[j] = belief.chance_within(_within(xs.columns.codes[j][there], z[there]), of_y)
    return {"scores": scores, "n": n, "chance": chance, "mean_lower": lower}


def _rows(y: Any, z: Any) -> Any:
    if isinstance(y, np.ndarray):
        return np.stack([y.astype(np.int64), z.astype(np.int64)], axis=1)
    import torch

    return torch.stack([y, z], dim=1)


def _within(codes: Any, strata: Any) -> Within:
    """Counts the symbols of each stratum."""
    a, b = (of.astype(np.int64) if isinstance(of, np.ndarray) else of for of in (codes, strata))
    _, of_symbols, counts = backends.twin_for(a).distinct(a, b, int(b.max()) + 1)
    return Within(counts, on_host(of_symbols))


def _bits(counted: Tally, d: int) -> tuple[IntArray, FloatArray]:
    """Estimates the entropies of every kind, (kinds, d), and counts each column's samples."""
    n = samples_of(counted.occurrences, counted.n_segments)
    bits = plugin_of(counted.occurrences, np.maximum(n, 1))
    return n[:d], bits.reshape(-1, d)


def _alike(xs: Table, n: IntArray) -> Iterator[tuple[IntArray, int]]:
    """Groups columns of the same samples: those that lack none, then each of the others."""
    whole = np.flatnonzero(~xs.lacks)
    if whole.size:
        yield whole, xs.n_samples
    for j in np.flatnonzero(xs.lacks & (n > 0)):
        yield np.array([j]), int(n[j])


def _only(counted: Tally, segments: Sequence[int] | IntArray, n_samples: int) -> Tally:
    """Takes some ascending segments, of so many samples."""
    at = np.full(counted.n_segments, -1)
    at[segments] = np.arange(len(segments))
    occurrences = counted.occurrences
    inside = at[occurrences.segment] >= 0
    segment, times, symbols = (column[inside] for column in occurrences)
    return Tally(len(segments), n_samples, backends.Occurrences(at[segment], times, symbols))


def _counts(labels: Tally) -> IntArray:
    """Lists the counts of one segment's symbols."""
    return np.repeat(labels.occurrences.times, labels.occurrences.symbols)
