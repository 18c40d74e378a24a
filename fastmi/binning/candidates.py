"""binnings that were tried -> a table of them, and what the chosen one remembers of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

from fastmi import checks
from fastmi.inputs import shortened

if TYPE_CHECKING:
    from fastmi.binning.base import Binning

    AnyBinning = TypeVar("AnyBinning", bound=Binning)

__all__ = ["Candidate", "Candidates", "Chosen", "chosen_from"]

HEADERS = (
    *("", "candidate", "n_symbols", "coverage", "information"),
    *("uncharged", "charge", "mean_lower", "verdict", "outside"),
)
WORDS = ("", "candidate", "verdict")  # columns of words begin in one place, numbers end in one


class Candidate(NamedTuple):
    """What one binning says of a layer and its labels; bits are a sample.

    Attributes:
        name: the binning as it was offered, in words. binning: fitted, with the charge of the
            choice.
        n_symbols, coverage: of the codes. information: the plug-in I(T;Y). uncharged: its lower
            end before the charge of any choice. charge: what the choices cost. mean_lower: the
            lower end after it, by which candidates are compared.
        verdict: of I(T;Y), charged. outside: the share of activations outside the binning.
    """

    name: str
    binning: Binning
    n_symbols: int
    coverage: float
    information: float
    uncharged: float
    charge: float
    mean_lower: float
    verdict: str
    outside: float

    def __repr__(self) -> str:
        return shortened(
            f"Candidate: {self.mean_lower:.4g} bits in mean at least, {self.verdict}: {self.name}"
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """Says its numbers as a line of the table does."""
        return (
            self.name,
            f"{self.n_symbols:,}",
            f"{self.coverage:.3f}",
            *(f"{bits:.4f}" for bits in (self.information, self.uncharged)),
            f"{self.charge:.2g}",
            f"{self.mean_lower:.4f}",
            self.verdict,
            f"{self.outside:.1%}",
        )


class Candidates(tuple[Candidate, ...]):
    """All binnings that were tried, in the order in which they were offered."""

    __slots__ = ()

    @property
    def best(self) -> Candidate:
        """Finds the one with the largest mean_lower, the first of several."""
        return max(self, key=lambda candidate: candidate.mean_lower)

    def __repr__(self) -> str:
        best = self.best
        rows = [HEADERS, *(("*" if one is best else "", *one.cells) for one in self)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                f"{cell:<{width}}" if header in WORDS else f"{cell:>{width}}"
                for header, cell, width in zip(HEADERS, row, widths, strict=True)
            )
            for row in rows
        ]
        title = f"Candidates: {len(self)}, in bits a sample; * has the largest mean_lower"
        return "\n".join([title, *(line.rstrip() for line in lines)])


@dataclass(frozen=True, eq=False, repr=False)
class Chosen:
    """What a binning remembers of having been chosen, which is charged wherever it is used.

    Attributes:
        n_candidates: of how many, with the labels; 1 is of no others. candidates: the table of them
            where `fastmi.choose_binning` chose; no part of what the binning is equal to.
    """

    candidates: ClassVar[Candidates | None] = None
    n_candidates: int = field(default=1, kw_only=True)

    def _settle_choice(self, n_candidates: int) -> None:
        n_candidates = checks.positive_integer("n_candidates", n_candidates)
        object.__setattr__(self, "n_candidates", n_candidates)


def chosen_from(
    binning: AnyBinning, n_candidates: int, candidates: Candidates | None = None
) -> AnyBinning:
    """Copies a binning as one that was chosen from so many more.

    Choices multiply: the best of five, each the best of three, is one of fifteen.
    """
    chosen = copy.copy(binning)
    object.__setattr__(chosen, "n_candidates", binning.n_candidates * n_candidates)
    object.__setattr__(chosen, "candidates", candidates)
    return chosen
