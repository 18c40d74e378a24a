"""the kinds of a table of codes and labels -> all that a stream answers of its samples."""

from __future__ import annotations

from dataclasses import dataclass

from fastmi import entropies
from fastmi.contingency import Kinds
from fastmi.reports import Report, report

__all__ = ["Answers"]


@dataclass(frozen=True, eq=False, repr=False)
class Answers:
    """What samples come to that were counted: of a `Stream`, or of shards.

    Attributes:
        kinds: the cells of the table of codes and labels, by kind. labelled: whether there were
            labels. n_classes, sample: as in `PlaneEstimator`. n_candidates: how many binnings the
            bins were chosen from with the labels.
    """

    kinds: Kinds
    labelled: bool
    n_classes: int | None = None
    sample: str | None = None
    n_candidates: int = 1

    @property
    def n_samples(self) -> int:
        """Says how many samples have been counted."""
        return self.kinds.n_samples

    @property
    def entropy(self) -> float:
        """Estimates H(T) in bits."""
        return float(entropies.plugin(self.kinds.tallies[0])[0])

    @property
    def entropy_y(self) -> float:
        """Estimates H(Y) in bits; 0 without labels."""
        return float(entropies.plugin(self.kinds.tallies[1])[0])

    @property
    def mutual_information(self) -> float:
        """Estimates I(T;Y) in bits. Raises ValueError without labels."""
        self._check_labelled()
        h_t, h_y, joint = (entropies.plugin(tally) for tally in self.kinds.tallies)
        return float(entropies.information(h_t, h_y, joint)[0])

    @property
    def n_symbols(self) -> int:
        """Counts the distinct rows of bins."""
        return int(self.kinds.tallies[0].n_symbols[0])

    @property
    def coverage(self) -> float:
        """Estimates the Good-Turing coverage: the share of samples not alone with their bins."""
        return float(self.kinds.tallies[0].coverage[0])

    def report(self) -> Report:
        """Reports on I(T;Y), as `mutual_information_report` does of labels.

        X of the report is T, the rows of bins; where these were chosen with labels, it is charged.

        Raises:
            ValueError: without labels; n_classes below the classes seen.
        """
        self._check_labelled()
        return report(
            self.kinds,
            n_classes=self.n_classes,
            sample=self.sample,
            n_candidates=self.n_candidates,
        )

    def _check_labelled(self) -> None:
        if not self.labelled:
            raise ValueError("no labels have been counted: pass y with the activations")

    def __repr__(self) -> str:
        return f"Answers of {self.n_samples:,} samples of {self.n_symbols:,} symbols"
