"""Recorder: somebody's model in her own loop -> a table of its layers, a row at each update."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmi import checks
from fastmi.binning import Binning
from fastmi.inputs import shortened, shown
from fastmi.pages import Curve
from fastmi.planes import unsized, warn_of_unresolved
from fastmi.points import Points
from fastmi.ranks import ALONE, Ranks
from fastmi.recorders import checkpoints, numbers, pooling, rules, storage
from fastmi.recorders.estimators import Estimators, Place
from fastmi.recorders.passes import Pass, one_pass
from fastmi.recorders.reading import Watching, device_of, rows_of, values_of
from fastmi.recorders.samples import Sample
from fastmi.recorders.tables import Path, described, mixed, supported
from fastmi.tables import InformationPlane, plot, write_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Recorder"]

HANG_TOGETHER = (
    "no verdict: its samples are positions, and those of one sample hang together; what is said of "
    "chance, brackets and coverage needs samples that do not"
)
LONG = 60  # letters, of what a caption says of how layers are measured
MOST_MARKS = 10  # steps of layers that a page names
LAST_STEP = 2**63 - 1  # that a column of a table holds


class Recorder:
    """Records the layers of a model that somebody trains; `fastmi.watch` makes one.

    Attributes:
        layers: their names, in the order of their calls. steps: of the readings so far.
        marked: step -> layer -> why it was not read; its point in the row of that step is missing.
        verdicts: of the last reading, as "verdict/relu1" -> "resolved".
    """

    def __init__(
        self,
        watching: Watching,
        samples: Sequence[Sample],
        estimators: Estimators,
        log: numbers.Log,
        stops: bool = False,
        supported: bool = False,
        ranks: Ranks = ALONE,
        seed: int = 0,
    ) -> None:
        self._watching, self._samples, self._estimators = watching, samples, estimators
        self._log, self._stops, self._supported = log, stops, supported
        self._ranks, self._seed = ranks, seed
        self._paths = {place: Path(*place) for place in estimators.places}
        self._closed, self._warned = False, False
        self.steps: list[int] = []
        self.marked: dict[int, dict[str, str]] = {}
        self.verdicts: dict[str, str] = {}
        watching.read(samples[0], lambda layer, rows: None, most_batches=1)
        if ranks.size > 1:
            ranks.check_same("samples", storage.digests(samples))
            ranks.check_same("batch_size", samples[0].batch_size)
            ranks.check_same("layers", watching.names)
        pooling.check_layers(watching.pool, watching.names)
        for rule in estimators.rules.values():
            for layer in watching.names:
                rules.rule_of(rule, layer)

    @property
    def layers(self) -> tuple[str, ...]:
        """Lists the layers in the order of their calls."""
        return self._watching.names

    def update(self, step: int) -> dict[str, float]:
        """Reads all layers on all samples, which becomes a row of each table.

        The model, its training and every generator are left bit for bit as they were.

        Args:
            step: of the training (or an epoch), a whole number above that of the last update.

        Returns:
            numbers by name, for any logger: "i_ty/relu1", "chance/relu1", ... Where there are
            several samples, sets of labels or measures, their names stand before, in this order:
            "held-out/i_ty/relu1". What a measure does not state is left out; a layer with NaN has
            none but "nan/relu1", their share.

        Raises:
            TypeError, ValueError: no step above the last one; a closed recorder; what `watch`
                refuses, where it shows only now. Then nothing has been recorded.
            FloatingPointError: NaN in a layer, under on_nan="raise".

        Warns:
            UserWarning: NaN in a layer; the step is marked, in its row the layer's point is
                missing (NaN, an empty cell, a gap in the figure), and the training can go on.
            CoverageWarning: once, where a sample cannot size a layer.
        """
        self._check_step(step)
        self._ranks.check_same("step", int(step))
        self._fix()
        self._fit()
        read = {
            sample.name: one_pass(self._watching, sample, self._estimators, self._ranks)
            for sample in self._samples
        }
        found_numbers: dict[str, float] = {}
        verdicts: dict[str, str] = {}
        for one in read.values():
            for place, points in one.points.items():
                found_numbers |= numbers.flat(points, one.layers, self._prefix(place))
                verdicts |= numbers.words(points, one.layers, self._prefix(place))
        found_numbers |= _shares_of_nan(read)
        marks = self._marks(int(step), read)
        rows = {place: read[place[0]].row(place, self.layers) for place in self._paths}
        self._warn_once(rows)
        self._record(int(step), rows, marks)
        self.verdicts = verdicts
        if self._ranks.rank == 0:
            self._log(found_numbers, int(step))
        return found_numbers

    def plane(
        self, sample: str | None = None, measure: str | None = None, labels: str | None = None
    ) -> InformationPlane:
        """Gives the table so far; what there is one of may be left out.

        Args:
            sample: its name. measure: as in the names of `update`. labels: a set of labels' name.

        Raises:
            ValueError: before the first update; a name that is none, or left out of several.
        """
        self._check_read()
        place: Place = (
            self._one_of("sample", sample, [each.name for each in self._samples]),
            self._one_of("labels", labels, list(self._samples[0].labels)),
            self._one_of("measure", measure, list(self._estimators.rules)),
        )
        return self._plane(place)

    @property
    def measures(self) -> list[Any]:
        """Lists what layers are measured by, with the bins that were fixed at the first update.

        For a recorder of another run: watch(..., measures=recorder.measures).

        Raises:
            ValueError: before the first update.
        """
        self._check_read()
        return list(self._estimators.rules.values())

    @property
    def planes(self) -> list[InformationPlane]:
        """Lists all tables so far, for each sample, set of labels and measure.

        Raises:
            ValueError: before the first update.
        """
        self._check_read()
        return [self._plane(place) for place in self._paths]

    def reasons(
        self, sample: str | None = None, measure: str | None = None, labels: str | None = None
    ) -> dict[str, str]:
        """Says why each layer has its verdict after the last step, or why it has none.

        Raises:
            ValueError: as `plane`.
        """
        reasons = self.plane(sample, measure, labels).reasons()
        positions = [layer for layer, pool in self._pools.items() if pool == "positions"]
        return reasons | dict.fromkeys(positions, HANG_TOGETHER)

    def plot(
        self, *, color: str = "layer", measure: str | None = None, over: str | None = None
    ) -> Figure:
        """Draws all tables in one figure, a row for each sample; see `fastmi.plot`.

        Where `measures` were left out each layer is drawn by the measure that its verdict supports
        after the last step, which stands behind its name: "relu1 (vector-quantized)". That is the
        highest verdict, the weakest over the samples; below "resolved" the larger mean_lower
        decides, and else it is counted.

        Args:
            color: as `fastmi.plot`. measure: the one to draw; None draws all that were asked for.
            over: "plane", I(T;Y) over I(X;T), or "step", I(T;Y) over the training. None takes the
                steps where a layer is drawn by codes that were fitted to it, or by a probe: I(X;T)
                is there about log2 of how many codes there may be, or is not known.

        Raises:
            ValueError: before the first update; another color or `over`; a measure that there is
                not.
        """
        self._check_read()
        if measure is not None:
            one = self._one_of("measure", measure, list(self._estimators.rules))
            planes, drawn = [self._drawn(place) for place in self._paths if place[2] == one], [one]
        elif self._supported:
            planes, drawn = self._supported_planes(), supported(list(self._paths.values()))
        else:
            planes, drawn = map(self._drawn, self._paths), list(self._estimators.rules)
        says_x = all(self._estimators.says_x(one) for one in drawn)
        return plot(list(planes), color=color, over=over or ("plane" if says_x else "step"))

    def to_html(
        self, path: str | os.PathLike[str], *, title: str = "", curves: Sequence[Curve] = ()
    ) -> None:
        """Writes all tables in one HTML file to look around in; see `fastmi.write_html`.

        Marked steps, and layers whose samples hang together, stand among what to know first. Where
        `measures` were left out it opens with the one that the verdicts of most layers support.

        Args:
            path: of the file. title: above the page. curves: what else there is over the steps, as
                `fastmi.pages.Curve("accuracy", steps, values)`.

        Raises:
            ValueError: before the first update; else as `fastmi.write_html`.
        """
        self._check_read()
        chosen = supported(list(self._paths.values())) if self._supported else []
        places = sorted(self._paths, key=lambda place: -chosen.count(place[2]))
        planes = [self._drawn(place) for place in places]
        marks = [
            f"Step {step}, {layer}: {why}; it was not read there"
            for step, layers in self.marked.items()
            for layer, why in layers.items()
        ]
        positions = [layer for layer, pool in self._pools.items() if pool == "positions"]
        together = [f"{', '.join(positions)}: {HANG_TOGETHER}."] if positions else []
        write_html(
            path,
            planes,
            title=title,
            curves=curves,
            warnings=[*together, *_first_of(marks)],
        )

    def read_checkpoints(
        self, paths: Sequence[str | os.PathLike[str]] | Mapping[int, str | os.PathLike[str]]
    ) -> list[dict[str, float]]:
        """Reads the layers of state dicts that were saved, in the order of their steps.

        Each is loaded into the model and read; after the last the model is again as it was. Nothing
        is unpickled (`torch.load(weights_only=True)`, or safetensors).

        Args:
            paths: files whose name ends in the step ("epoch-12.pt": 12), or step -> file.

        Returns:
            the numbers of each, as `update` returns them.

        Raises:
            TypeError, ValueError: a name without a number, two of one step; no state dict, or of
                another model; else as `update`. FileNotFoundError: no such file.
        """
        read = checkpoints.in_order(paths)
        for step in read:
            self._check_step(step)
            break
        found_numbers = []
        with checkpoints.lent(self._watching.model) as load:
            for step, path in read.items():
                load(path)
                found_numbers.append(self.update(step))
        return found_numbers

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all readings and the bins in one .npz, whole or not at all; nothing is pickled.

        Raises:
            TypeError, ValueError: as `fastmi.files.as_path`. OSError: it cannot be written.
        """
        storage.save(path, self._about(), list(self._paths.values()), self._estimators.bins)

    def load(self, path: str | os.PathLike[str]) -> Recorder:
        """Goes on from what `save` wrote: its readings, and its bins, for the updates to come.

        To be called on a recorder that was made as that one was, before its first update.

        Returns:
            this recorder.

        Raises:
            FileNotFoundError: no such file. ValueError: no such file's content, of other layers,
                samples, labels, measures or poolings; after an update.
        """
        if self.steps:
            raise ValueError(
                f"this recorder has read at step {self.steps[-1]} already: load into a new one, "
                "made as the saved one was"
            )
        held, bins = storage.load(path, self._about(), list(self._paths.values()))
        self.marked = held.marked
        self._estimators.take(bins, self.layers)
        for path_of, (steps, points) in zip(self._paths.values(), held.paths, strict=True):
            path_of.steps, path_of.points = list(steps), points
        self.steps = list(held.paths[0][0])
        return self

    def close(self) -> None:
        """Ends the recording; tables and figures stay. No hook is left, as none is between."""
        self._closed = True

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        read = f"{len(self.steps)} readings of {len(self.layers)} layers"
        names = ", ".join(sample.name for sample in self._samples)
        return f"Recorder: {read} of {type(self._watching.model).__name__} on {shortened(names)}"

    # --- a reading --------------------------------------------------------------------------------

    def _record(
        self, step: int, rows: Mapping[Place, Points], marks: Mapping[int, dict[str, str]]
    ) -> None:
        """Adds a row to every table, or, where an interrupt falls amid it, to none."""
        n = len(self.steps)
        try:
            for place, points in rows.items():
                self._paths[place].steps.append(step)
                self._paths[place].points.append(points)
            self.marked.update(marks)
            self.steps.append(step)
        except BaseException:
            for path in self._paths.values():
                del path.steps[n:], path.points[n:]
            self.marked.pop(step, None)
            del self.steps[n:]
            raise

    def _marks(self, step: int, read: Mapping[str, Pass]) -> dict[int, dict[str, str]]:
        """Says at which step, this one, layers held NaN, and how much; warns of it."""
        if not any(one.nan for one in read.values()):
            return {}
        layers = [layer for layer in self.layers if any(layer in one.nan for one in read.values())]
        said = (
            f"NaN in the layers {', '.join(map(repr, layers))} at step {step}: the step is marked "
            "(recorder.marked), their points in its row are missing; did the training diverge?"
        )
        if self._stops:
            raise FloatingPointError(said)
        warnings.warn(said, stacklevel=checks.depth_of_caller())
        return {
            step: {
                layer: _said_of_nan(max(one.nan.get(layer, 0) for one in read.values()))
                for layer in layers
            }
        }

    def _warn_once(self, read: Mapping[Place, Points]) -> None:
        """Warns at the first reading in which a sample cannot size a layer.

        Where measures were left out, by the one that the layer's verdict supports.
        """
        judged = {
            place: points
            for place, points in read.items()
            if self._estimators.of(place).variables.judged
        }
        if self._supported and judged:
            judged = _by_supported(judged)
        if self._warned or not judged:
            return
        self._warned = any(unsized(points).any() for points in judged.values())
        fewest = min(self._estimators.of(place).n_samples for place in judged)
        said = {"/".join(place): points for place, points in judged.items()}
        warn_of_unresolved(said, self.layers, fewest)

    def _fix(self) -> None:
        """Fixes bins at the first reading, by the first sample; they stay for all that follow."""
        needed = self._estimators.needs_values
        values = values_of(self._watching, self._samples[0]) if needed else {}
        self._estimators.fix(self.layers, self._ranks.together(values)[0])

    def _fit(self) -> None:
        """Fits measures that are fitted to layers, at each update, by rows of one sample.

        All ranks take what the first one fitted: their codes are counted together.
        """
        most = self._estimators.most_rows
        if most:
            rows = rows_of(self._watching, self._estimators.fit_on, most)
            device = device_of(self._watching.model)
            self._estimators.fit(rows, lambda fitted: self._ranks.together(fitted, device)[0])

    def _check_step(self, step: Any) -> None:
        if self._closed:
            raise ValueError("the recorder is closed: make another one to go on (fastmi.watch)")
        if isinstance(step, bool) or not isinstance(step, int | np.integer) or step < 0:
            raise ValueError(f"step is {shown(step)}: pass a whole number from 0 on")
        if step > LAST_STEP:
            raise ValueError(f"step is {step}: pass one below 2^63, which a table can hold")
        last = self.steps[-1] if self.steps else -1
        if step <= last:
            raise ValueError(
                f"step is {step}, and step {last} was read before: steps grow, one update each"
            )

    # --- names ------------------------------------------------------------------------------------

    def _plane(self, place: Place) -> InformationPlane:
        path, estimator = self._paths[place], self._estimators.of(place)
        how = f"{estimator.measured}; {self._read_as(place)}"
        return path.plane(estimator, self.layers, self._data(place), how, self._seed)

    def _drawn(self, place: Place) -> InformationPlane:
        """Gives a table to be drawn, whose caption is in few words; all are in `plane`."""
        of_several = f"{place[2]}: " if place[2] else ""
        how = f"{of_several}{self._in_short(place)}; {self._read_as(place)}"
        return replace(self._plane(place), binning=how)

    def _in_short(self, place: Place) -> str:
        """Says how layers are measured; of bins of each layer, that they are."""
        rule, measured = self._estimators.rules[place[2]], self._estimators.of(place).measured
        binned = isinstance(rule, Mapping) and all(
            isinstance(one, Binning) for one in rule.values()
        )
        return "bins of each layer" if binned and len(measured) > LONG else measured

    def _supported_planes(self) -> list[InformationPlane]:
        """Makes a table for each sample and set of labels, each layer by a measure it supports."""
        measures = supported(list(self._paths.values()))
        layers = [f"{layer} ({name})" for layer, name in zip(self.layers, measures, strict=True)]
        by_table: dict[tuple[str, str], list[Place]] = {}
        for place in self._paths:
            by_table.setdefault(place[:2], []).append(place)
        planes = []
        for places in by_table.values():
            measured = "; ".join(
                f"{place[2]}: {self._in_short(place)}" for place in places if place[2] in measures
            )
            path = mixed([self._paths[place] for place in places], measures)
            how = f"each layer by the measure its verdict supports; {measured}"
            planes.append(
                path.plane(
                    self._estimators.of(places[0]),
                    layers,
                    self._data(places[0]),
                    f"{how}; {self._read_as(places[0])}",
                    self._seed,
                )
            )
        return planes

    def _check_read(self) -> None:
        if not self.steps:
            raise ValueError("nothing was read yet: call update(step) first")

    def _data(self, place: Place) -> str:
        several = len(self._samples[0].labels) > 1
        return type(self._watching.model).__name__ + (f", y: {place[1]}" if several else "")

    def _read_as(self, place: Place) -> str:
        return described(self._pools, self._watching.dtypes, self._estimators.x_of(place))

    @property
    def _pools(self) -> dict[str, str]:
        pool = self._watching.pool
        return {layer: pooling.named(pooling.pool_of(pool, layer)) for layer in self.layers}

    def _prefix(self, place: Place) -> str:
        several = (
            len(self._samples) > 1,
            len(self._samples[0].labels) > 1,
            len(self._estimators.rules) > 1,
        )
        return "".join(f"{name}/" for name, one in zip(place, several, strict=True) if one)

    def _about(self) -> storage.About:
        return storage.About(
            layers=list(self.layers),
            paths=["/".join(place) for place in self._paths],
            pools=list(self._pools.values()),
            marked={str(step): why for step, why in self.marked.items()},
            labels=storage.digests(self._samples),
        )

    def _one_of(self, name: str, given: str | None, there: Sequence[str]) -> str:
        if given is None and len(there) == 1:
            return there[0]
        if given not in there:
            raise ValueError(
                f"{name} is {shown(given)}: choose one of {', '.join(map(repr, there))}"
            )
        return str(given)


def _first_of(marks: Sequence[str]) -> list[str]:
    """Lists as many as are read, and says how many there are beyond."""
    more = len(marks) - MOST_MARKS
    return [*marks[:MOST_MARKS], *([f"... and {more} more"] if more > 0 else [])]


def _said_of_nan(share: float) -> str:
    return "all of it NaN" if share == 1 else f"{100 * share:.3g} % of it NaN"


def _shares_of_nan(read: Mapping[str, Pass]) -> dict[str, float]:
    """Names the shares of activations that are NaN, as `Recorder.update` returns them."""
    return {
        f"{name}/nan/{layer}" if len(read) > 1 else f"nan/{layer}": share
        for name, one in read.items()
        for layer, share in one.nan.items()
    }


def _by_supported(read: Mapping[Place, Points]) -> dict[Place, Points]:
    """Takes of one reading by several measures each layer by the one its verdict supports."""
    paths = [Path(*place, [0], [points]) for place, points in read.items()]
    measures = supported(paths)
    tables: dict[tuple[str, str], list[Path]] = {}
    for path in paths:
        tables.setdefault((path.sample, path.labels), []).append(path)
    return {
        (*table, measures[0]): mixed(held, measures).points[0] for table, held in tables.items()
    }
