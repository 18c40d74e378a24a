"""x, y (n,) labels -> their information, with all that the counts say about the number."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from fastmi import backends, belief, entropies
from fastmi.arrays import CountsLike, IntArray, LabelsLike
from fastmi.belief import Evidence, Interval, Within
from fastmi.coding import identify_rows
from fastmi.contingency import Contingency, Kinds, read_table
from fastmi.contingency import contingency as table_of
from fastmi.counting import Tally
from fastmi.entropies import Entropy
from fastmi.information import Numbers, code_bits, instead, joined, numbered
from fastmi.inputs import on_host

__all__ = ["Report", "mutual_information_report", "report"]

UNCONDITIONAL = "unsupported: an interval is of unconditional information"
GLANCE_CELLS = 2**11  # of a table whose sd of chance a page computes unasked
NAMES = {
    None: "unknown sample",
    "held-out": "held-out sample",
    "training": "training sample",
    "population": "population",
}


class Symbols(NamedTuple):
    """How many different symbols were seen of X, of Y, and of the pairs."""

    x: int
    y: int
    pairs: int


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """The information of X and Y in bits, and how far it can be believed; None is not stated.

    Conditional on Z everything is of I(X;Y|Z): entropies are given Z, X and Y counted with it,
    chance is over shuffles within Z, and the bracket the mean of those of the strata.

    Attributes:
        value: I(X;Y) by `method`. plugin: the plug-in, of which all that follows speaks.
        n: the samples that were counted. n_dropped: those left out, which lacked a value.
        symbols: those seen of X, Y and (X,Y). h_x, h_y: the plug-in H(X) and H(Y), its ceilings.
        coverage, pair_coverage: the Good-Turing coverage of X and of (X,Y).
        chance: the exact mean of the plug-in over shuffles of Y.
        mean_lower, mean_upper: I(X;Y) lies between in mean over held-out samples, where n_classes
            is known; a description otherwise. They are no confidence interval. Y is the answer:
            swapping X and Y changes both.
        n_candidates: how many binnings X's was chosen from with the labels (a stream's). For that
            mean_lower pays `charge`, and with it the verdict and pvalue_bound.
        growth: bits that H(X) grew in the last doubling of the sample.
        interval: a confidence interval, or the reasons why there is none.
        verdict: "resolved", "bounded", "unresolved" or "exact". reason, growth_reason: in words.
        n_classes, sample, method: as they were given. conditional: whether there is a Z.
        margins: the counts of X's and of Y's symbols, how many have each, and in which stratum.
    """

    value: float
    plugin: float
    n: int
    symbols: Symbols
    h_x: float
    h_y: float
    coverage: float | None
    pair_coverage: float | None
    chance: float | None
    mean_lower: float | None
    mean_upper: float | None
    growth: float | None
    interval: Interval
    verdict: str
    reason: str
    growth_reason: str
    n_classes: int | None
    sample: str | None
    method: str
    conditional: bool
    margins: tuple[Within, Within]
    n_candidates: int = 1
    n_dropped: int = 0

    @property
    def charge(self) -> float | None:
        """Measures what the choice of X's bins costs: log2(n_candidates) / n, in bits a sample."""
        if self.mean_lower is None:
            return None
        return belief.charge(self.n_candidates, self.n)

    @property
    def excess(self) -> float | None:
        """Subtracts chance from the plug-in: what shuffled labels do not give."""
        return None if self.chance is None else self.plugin - self.chance

    @property
    def pvalue_bound(self) -> float | None:
        """Bounds the p-value of independence by min(1, 2^(-n mean_lower)), without a shuffle.

        None where X was made with these labels (sample="training"), and over a population.
        """
        if self.mean_lower is None or self.sample == "training":
            return None
        return float(belief.pvalue_bound(np.array(self.mean_lower), self.n))

    @property
    def chance_sd(self) -> float | None:
        """Gives the sd of the plug-in over shuffles of Y, computed when it is first asked for.

        Exact where the sum has at most `belief.SD_TERMS` terms, else of `belief.SD_RESAMPLES`
        drawn tables; `chance_sd_from` says which.
        """
        return None if self.chance is None else self._scatter[0]

    @property
    def chance_sd_from(self) -> str | None:
        """Says where `chance_sd` comes from: "exact", or "200 resamples"."""
        return None if self.chance is None else self._scatter[1]

    @cached_property
    def _scatter(self) -> tuple[float, str]:
        return belief.sd_within(*self.margins)

    def to_dict(self) -> dict[str, Any]:
        """Gives all of it as plain data, for JSON; what is not stated is None."""
        names = [one.name for one in fields(self) if one.name not in ("interval", "margins")]
        names += ["charge", "excess", "pvalue_bound", "chance_sd", "chance_sd_from"]
        values = {name: getattr(self, name) for name in names}
        values["interval"] = _without_nan(vars(self.interval))
        values["symbols"] = self.symbols._asdict()
        return _without_nan(values)

    def __repr__(self) -> str:
        title, lines = self._title(), self._lines()
        width = max(map(len, lines))
        return "\n".join([title, *(f"  {name:{width}}  {text}" for name, text in lines.items())])

    def _repr_html_(self) -> str:
        """Shows it as a table in a notebook."""
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>"
            for name, text in self._lines().items()
        )
        return f"<table><caption>{html.escape(self._title())}</caption>{rows}</table>"

    def _title(self) -> str:
        number = "I(X;Y|Z)" if self.conditional else "I(X;Y)"
        method = "plug-in" if self.method == "plugin" else self.method
        dropped = f" ({self.n_dropped:,} dropped)" if self.n_dropped else ""
        return (
            f"{number} = {self.value:.4g} bits ({method}), {self.symbols.x:,} x "
            f"{self.symbols.y:,} symbols, n = {self.n:,}{dropped}, {NAMES[self.sample]}"
        )

    def _lines(self) -> dict[str, str]:
        """Says the rest, a line each."""
        given = "|Z" if self.conditional else ""
        lines = {"verdict": self.reason, "interval": self._interval()}
        if self.chance is not None:
            within = " within Z" if self.conditional else ""
            lines |= {
                "chance": (
                    f"{self.chance:.4g} over shuffles of Y{within}{self._shown_sd()}; excess "
                    f"{self.excess:.4g}"
                ),
                "bracket": (
                    f"{self.mean_lower:.4g} to {self.mean_upper:.4g}, in mean{self._classes()}; "
                    "not a confidence interval"
                ),
            }
        if self.charge:
            lines["choice"] = (
                f"the bins are one of {self.n_candidates:,}: {self.charge:.2g} bits off the lower "
                "end; chance, the upper end and an interval do not know of it"
            )
        if self.pvalue_bound is not None:
            lines["p-value"] = f"at most {self.pvalue_bound:.2g}, by the bracket alone"
        if self.coverage is not None:
            lines |= {
                "coverage": f"{self.coverage:.3f} of X, {self.pair_coverage:.3f} of the pairs",
                "growth": self.growth_reason,
            }
        lines["ceilings"] = f"H(X{given}) = {self.h_x:.4g}, H(Y{given}) = {self.h_y:.4g} bits"
        return lines

    def _classes(self) -> str:
        if self.n_classes is not None:
            return f" over {self.n_classes:,} classes"
        return ", as if there were no classes but those seen (say n_classes=)"

    def _shown_sd(self) -> str:
        """Shows the sd where it takes no longer than a glance, or has been asked for before."""
        t, y = self.margins
        quick = t.n_symbols * y.n_symbols <= GLANCE_CELLS
        if quick or "_scatter" in vars(self):
            return f", sd {self.chance_sd:.2g} ({self.chance_sd_from})"
        return ", sd on request (chance_sd)"

    def _interval(self) -> str:
        return repr(self.interval).removeprefix("Interval: ")


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value != value else value for name, value in values.items()}


def mutual_information_report(
    x: LabelsLike | None = None,
    y: LabelsLike | None = None,
    *,
    conditional_on: LabelsLike | None = None,
    n_classes: int | None = None,
    sample: str | None = None,
    method: str = "plugin",
    missing: str = "raise",
    contingency: CountsLike | None = None,
) -> Report:
    """Estimates I(X;Y) and says how far the number can be believed, from the same counts.

    Beside it stand the exact chance level, a bracket that holds in mean, coverage, growth, the
    ceilings, a confidence interval where one can be given, and a verdict with its reason; formulas
    are those of `fastmi.belief`. All of it is of samples that are independent of each other.

    Args:
        x, y: labels or rows of labels, as in `mutual_information`. y is the answer, the classes.
        conditional_on: z, likewise; everything is then of I(X;Y|Z).
        n_classes: how many classes Y has, known beforehand, seen or not. None takes those seen, and
            the bracket is a description.
        sample: what the samples are: "held-out", used for nothing else; "training", x was made with
            these labels; "population", all there is; None where it is not known.
        method: how `value` is estimated, one of `fastmi.entropies.METHODS`.
        missing: as in `entropy`; "drop" leaves out the samples that lack a value of any variable,
            and the record says how many (n_dropped); n is the others.
        contingency: in place of x, y and conditional_on, the table of their counts, (k_x, k_y) or
            (k_x, k_y, k_z), as in `mutual_information`. Y is in columns; a class that was not seen
            is known by n_classes alone.

    Returns:
        a record; its repr is a page, `to_dict` plain data.

    Raises:
        TypeError, ValueError: as `mutual_information`; a batch; n_classes below the classes seen;
            another sample.

    Example:
        >>> import fastmi
        >>> x, y = [0, 0, 1, 1, 2, 2] * 50, [0, 0, 1, 1, 1, 0] * 50
        >>> report = fastmi.mutual_information_report(x, y, n_classes=2)
        >>> report.verdict, round(report.value, 3), round(report.chance, 3)
        ('resolved', 0.667, 0.005)
    """
    if contingency is not None:
        instead("contingency", x=x, y=y, conditional_on=conditional_on)
        counted = read_table("contingency", contingency, n_axes=(2, 3))
        table, strata = (counted, None) if isinstance(counted, Contingency) else _of_cube(counted)
        return report(table, strata, n_classes=n_classes, sample=sample, method=method)
    given = {"x": x, "y": y} | (
        {} if conditional_on is None else {"conditional_on": conditional_on}
    )
    numbers, n_dropped = numbered(given, missing)
    for name, number in zip(given, numbers, strict=True):
        if number.codes.ndim > 1:
            raise ValueError(
                f"{name} is a batch of {tuple(number.codes.shape[:-1])}: a report is of one pair; "
                f"ask for each, {name}[0] and so on"
            )
    if conditional_on is None:
        table, strata = _table(*numbers), None
    else:
        table, strata = _within(*numbers)
    return report(
        table, strata, n_classes=n_classes, sample=sample, method=method, n_dropped=n_dropped
    )


class Strata(NamedTuple):
    """The stratum of each row and column, from 0 on, and the samples of each class of Y alone."""

    of_rows: IntArray
    of_columns: IntArray
    class_counts: IntArray


def _table(x: Numbers, y: Numbers) -> Contingency:
    labels, n_labels = (y.codes, y.size) if y.size <= y.codes.shape[0] else identify_rows(y.codes)
    return table_of(x.codes, labels, n_labels, code_bits(x.size))


def _within(x: Numbers, y: Numbers, z: Numbers) -> tuple[Contingency, Strata]:
    """Counts the pairs of (x, z) and (y, z)."""
    strata, n_strata = identify_rows(z.codes)
    with_z = [identify_rows(joined(one.codes, one.size, strata, n_strata)[0]) for one in (x, y)]
    (rows, _), (columns, n_columns) = with_z
    counted = backends.twin_for(rows).distinct(rows, columns, n_columns)
    table = Contingency(counted[2], counted[0], counted[1])
    strata, rows, columns = map(on_host, (strata, rows, columns))
    of_rows, of_columns = (np.empty(ids.max() + 1, np.int64) for ids in (rows, columns))
    of_rows[rows], of_columns[columns] = strata, strata
    class_counts = np.bincount(on_host(identify_rows(y.codes)[0]))
    return table, Strata(of_rows, of_columns, class_counts)


def _of_cube(cube: IntArray) -> tuple[Contingency, Strata]:
    """Lays a table (k_x, k_y, k_z) out as the pairs of (x, z) and (y, z) that occur."""
    x, y, z = np.nonzero(cube)
    n_z = cube.shape[2]
    (rows, row), (columns, column) = (
        np.unique(one * n_z + z, return_inverse=True) for one in (x, y)
    )
    table = Contingency.of_cells(cube[x, y, z], row, column)
    return table, Strata(rows % n_z, columns % n_z, cube.sum((0, 2)))


def report(
    table: Contingency | Kinds,
    strata: Strata | None = None,
    *,
    n_classes: int | None = None,
    sample: str | None = None,
    method: str = "plugin",
    n_candidates: int = 1,
    n_dropped: int = 0,
) -> Report:
    """Reports on a table of X (rows) and Y (columns), of the strata of Z where there are any.

    Without strata the kinds of its cells are enough.

    n_candidates: how many binnings X's was chosen from with the labels. n_dropped: samples left
    out before. All else is as in `mutual_information_report`.
    """
    estimate = entropies.method(method, sample=sample)
    margins = _margins(table, strata)
    of_z = None if strata is None else Tally.of_counts(margins[0].sizes)
    h_x, h_y, plugin = _information(entropies.plugin, table, of_z)
    said = _said(table, strata, plugin, n_classes)
    said["mean_lower"] -= belief.charge(n_candidates, table.n_samples)
    n = table.n_samples
    pair_coverage, lower = np.array([said["pair_coverage"]]), np.array([said["mean_lower"]])
    evidence = Evidence(pair_coverage, np.array([plugin]), lower, h_y, n, sample)
    grown = np.array([said["growth"]])
    return Report(
        value=_information(estimate, table, of_z)[2],
        plugin=plugin,
        n=n,
        symbols=Symbols(*(int(tally.n_symbols[0]) for tally in table.tallies)),
        h_x=h_x,
        h_y=h_y,
        **(dict.fromkeys(said) if sample == "population" else said),
        interval=_interval(table, strata, n_classes, sample),
        verdict=belief.VERDICTS[int(belief.verdicts(evidence)[0])],
        reason=belief.reasons(evidence, "this pair")[0],
        growth_reason=belief.growth_reasons(grown, sample)[0].replace(
            "H(T)", "H(X)" if strata is None else "H(X|Z)"
        ),
        n_classes=None if n_classes is None else int(n_classes),  # NumPy's are no JSON
        sample=sample,
        method=method,
        conditional=strata is not None,
        margins=margins,
        n_candidates=n_candidates,
        n_dropped=n_dropped,
    )


def _margins(table: Contingency | Kinds, strata: Strata | None) -> tuple[Within, Within]:
    if strata is None or isinstance(table, Kinds):  # of which there are no strata
        return Within.one(table.tallies[0]), Within.one(table.tallies[1])
    counts = table.row_counts, table.column_counts
    return Within(counts[0], strata.of_rows), Within(counts[1], strata.of_columns)


def _information(
    estimate: Entropy, table: Contingency | Kinds, of_z: Tally | None
) -> tuple[float, float, float]:
    """Estimates H(X), H(Y) and I(X;Y), given Z where both are counted with it."""
    h_x, h_y, h_xy = (estimate(tally) for tally in table.tallies)
    bits = entropies.information(h_x, h_y, h_xy)
    if of_z is not None:
        h_z = estimate(of_z)
        h_x, h_y, bits = h_x - h_z, h_y - h_z, entropies.settle(bits - h_z)
    return float(h_x[0]), float(h_y[0]), float(bits[0])


def _said(
    table: Contingency | Kinds, strata: Strata | None, plugin: float, n_classes: int | None
) -> dict[str, float]:
    """States what the counts of a sample support; of a population none of it is stated."""
    of_x, _, of_pairs = table.tallies
    h_x, h_pairs = entropies.plugin(of_x), entropies.plugin(of_pairs)
    classes = table.column_counts if strata is None else strata.class_counts
    said = {
        "coverage": of_x.coverage,
        "pair_coverage": of_pairs.coverage,
        "mean_lower": belief.mean_lower(np.array([plugin]), of_x, classes, n_classes),
        "growth": belief.growth(of_x),
    }
    if strata is None:
        said["chance"] = belief.chance(of_x, classes)
        said["mean_upper"] = belief.mean_upper(h_x, h_pairs, classes, n_classes)
    else:
        x, y = _margins(table, strata)
        known = belief.known_classes(belief.margin(classes), n_classes)
        said["chance"] = np.array([belief.chance_within(x, y)])
        said["mean_upper"] = belief.label_code_within(y, known) - (h_pairs - h_x)
        said["growth"] = said["growth"] - belief.growth(Tally.of_counts(x.sizes))
    return {name: float(value[0]) for name, value in said.items()}


def _interval(
    table: Contingency | Kinds, strata: Strata | None, n_classes: int | None, sample: str | None
) -> Interval:
    if strata is not None and sample != "population":
        return Interval(math.nan, math.nan, 0.95, math.nan, math.nan, UNCONDITIONAL)
    return belief.interval_of(table, n_classes=n_classes, sample=sample)
