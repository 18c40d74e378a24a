"""runs -> all that the page shows, read once: one network in many ways, and a few other layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastmi import InformationPlane, QuantileBins, UniformBins, choose_binning
from fastmi.binning import Candidates

from ..catalog import CATALOG
from ..datasets import simple_truth
from ..records import Run
from .network import Layers, Network
from .planes import Known, read, read_once, readings

__all__ = ["STEPS", "Material"]

STEPS = CATALOG["tishby"].training.epochs  # as long as in the catalogue
SIZES = (250, 1000, 20_000)
USUAL = SIZES[1]  # where nothing else is said
N_BINS = (2, 4, 8, 16, 32, 64)
CHOSEN_FOR = "layer 4"
SCALES = {"as trained": 1.0, "times 4": 4.0, "divided by 4": 0.25}  # powers of two: exact
RELU_LAYER = "layer 5"
WIDTHS = (1, 2, 3, 5, 10, 100)
RECORDED = 200


@dataclass(frozen=True)
class Material:
    """What is shown, made when it is first asked for.

    Attributes:
        steps: how long the networks are trained, the ReLU one a third of that.
    """

    steps: int

    @property
    def run(self) -> Run:
        """The tanh network of exp 2, in copies, with samples to spare that are held out."""
        run = CATALOG["tishby-extended"].varied(data="simple-and-fresh", n_recorded=RECORDED)
        return run.varied(epochs=self.steps)

    @cached_property
    def network(self) -> Network:
        """That network, trained."""
        return Network(self.run)

    @cached_property
    def truth(self) -> tuple[float, float]:
        """H(Y) and I(X;Y) of the law of the data, in bits."""
        _, entropy, information = simple_truth()
        return entropy, information

    def held_out(self, n: int = USUAL) -> Known:
        """The first n samples that no network has seen."""
        return Known.of(self.network.data.read["fresh"], "held-out", n)

    @cached_property
    def sizes(self) -> dict[int, InformationPlane]:
        """The first copy, read on ever more held-out samples."""
        return {n: read(self.network, self.held_out(n)) for n in SIZES}

    @cached_property
    def plane(self) -> InformationPlane:
        """The first copy on held-out samples."""
        return self.sizes[USUAL]

    @cached_property
    def shuffled(self) -> InformationPlane:
        """The same with its labels shuffled."""
        sample = self.held_out()
        classes = np.random.default_rng(0).permutation(sample.classes)
        labelled = sample._replace(classes=classes, data="simple, labels shuffled")
        return read(self.network, labelled)

    @cached_property
    def training(self) -> InformationPlane:
        """The first copy on the sample that it was trained on."""
        return read(self.network, Known.of(self.network.data.trained, "training"))

    @cached_property
    def copies(self) -> dict[str, InformationPlane]:
        """All copies in their three readings."""
        return readings(self.network, self.held_out())

    @cached_property
    def candidates(self) -> Candidates:
        """Binnings that were tried for one layer, the best of them among the others."""
        sample = self.held_out()
        layer = self.network.at_end(sample.x)[CHOSEN_FOR]
        tried = [UniformBins(n, range=(-1, 1)) for n in N_BINS]
        chosen = choose_binning(layer, sample.classes, tried, n_classes=2)
        assert chosen.candidates is not None
        return chosen.candidates

    @cached_property
    def under_bins(self) -> dict[str, float]:
        """I(X;T) of the layer under each of these binnings: number of bins -> bits."""
        sample = self.held_out()
        layer = self.network.at_end(sample.x)[CHOSEN_FOR]
        names = [f"{n}" for n in N_BINS]
        binnings = {name: one.binning for name, one in zip(names, self.candidates, strict=True)}
        plane = read_once(dict.fromkeys(names, layer), sample, binnings)
        return dict(zip(names, plane.i_xt[0, 0].tolist(), strict=True))

    @cached_property
    def relu(self) -> dict[str, InformationPlane]:
        """A ReLU layer times some factors, under bins that are fixed and bins that are fitted."""
        run = CATALOG["tishby"].varied(
            data="simple-and-fresh",
            epochs=max(1, self.steps // 3),
            n_recorded=2,
            network="relu-softmax",
            widths=(12, 10, 7, 5, 4, 3, 2),
            targets=None,
            loss="cross-entropy",
        )
        sample = self.held_out(SIZES[-1])
        layer = Network(run).at_end(sample.x)[RELU_LAYER]
        scaled = {words: layer * np.float32(factor) for words, factor in SCALES.items()}
        fitted = {words: QuantileBins(8).fit(array) for words, array in scaled.items()}
        return {
            "30 bins on [-1, 1)": read_once(scaled, sample),
            "8 bins of equal mass, fitted to each": read_once(scaled, sample, fitted),
        }

    @cached_property
    def wide(self) -> dict[int, InformationPlane]:
        """Untrained tanh layers of ever more units, on few and on many samples."""
        weights = np.random.default_rng(0).normal(size=(12, max(WIDTHS))) / np.sqrt(12)
        samples = {n: self.held_out(n) for n in SIZES[1:]}
        return {n: read_once(_widened(sample, weights), sample) for n, sample in samples.items()}


def _widened(sample: Known, weights: np.ndarray) -> Layers:
    layer = np.tanh(sample.x @ weights).astype(np.float32)
    return {f"{width}": layer[:, :width] for width in WIDTHS}
