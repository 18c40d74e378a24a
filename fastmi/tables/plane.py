"""InformationPlane, the table: the path of every layer, with what each point rests on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Bits, IntArray
from fastmi.belief import SAMPLES
from fastmi.inputs import container, is_tensor, shortened, shown
from fastmi.measures import Counted
from fastmi.planes import PlaneEstimator
from fastmi.points import BITS, FINITE, Column, Points, joined

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from fastmi.figures import Panel
    from fastmi.tables.beliefs import Gap

__all__ = ["COLUMNS", "InformationPlane"]

_FIRST = (  # what stood in the first tables keeps its place
    *(
        "data",
        "sample",
        "seed",
        "reading",
        "n_copies",
        "epoch",
        "copy",
        "layer",
        "i_xt_bits",
        "i_ty_bits",
    ),
    *("n_samples", "n_symbols", "coverage", "h_x_bits", "h_y_bits", "binning", "method"),
)
COLUMNS = (*_FIRST, *(column.header for column in Points.columns() if column.header not in _FIRST))
SAME_BITS = 1e-9  # differences within it are rounding
READINGS = ("each", "mean", "sampled", "mixture")
_NAMES = {column.name for column in Points.columns()}


@dataclass(frozen=True, eq=False, repr=False)
class InformationPlane:
    """The path of every layer through the information plane, with what each point rests on.

    Attributes:
        epochs: (n_epochs,) the epoch after which each point was estimated; 0 is the initialisation.
        layers: their names, in the order of the network.
        points: (n_epochs, n_paths, n_layers) of every column; a path is a single copy, or one
            reading over all copies. They are attributes of the table, too: plane.i_xt.
        n_samples: n; log2 n is the ceiling of I(X;T) where all x are distinct. entropy_x,
            entropy_y: H(X), H(Y) in bits.
        reading: "each" (one path per copy), "mean" (their mean), "sampled" or "mixture" (see
            `PlaneEstimator`).
        n_copies: the copies behind the points. data, binning: their names.
        sample: which sample of the data was counted, as "training" or "held-out". seed: of the run,
            where there are several.
        sample_kind: what the sample is said to be, as `PlaneEstimator` takes it: "held-out",
            "training", "population", or "" where that is not known. What is said of its numbers
            rests on it.
        method: how entropies were estimated. Other methods than "plugin" may give entropies and
            information below 0.

    Raises:
        TypeError: columns that are no arrays of numbers, names that are no strings, counts that are
            no integers.
        ValueError: epochs that are not whole, negative or do not increase; layers of the same name;
            columns of other shapes; bits that are NaN, infinite or negative, a coverage outside
            0..1, fewer than one symbol, sample or copy.
    """

    epochs: IntArray
    layers: tuple[str, ...]
    points: Points
    n_samples: int
    entropy_x: float
    entropy_y: float
    reading: str
    n_copies: int
    data: str
    binning: str
    sample: str = "training"
    seed: int = 0
    method: str = "plugin"
    sample_kind: str = ""

    def __post_init__(self) -> None:
        """Checks every field, and makes it what a file gives back.

        Those are plain Python values, and arrays of int64 and float64.
        """
        given = vars(self)
        checks.one_of("reading", self.reading, READINGS)
        checks.one_of("sample_kind", self.sample_kind, ("", *SAMPLES))
        values: dict[str, Any] = {
            "epochs": _epochs(self.epochs),
            "layers": _names("layers", self.layers),
        }
        values |= {
            name: _text(name, given[name])
            for name in ("reading", "data", "binning", "sample", "sample_kind", "method")
        }
        values["points"] = _checked_points(
            self.points, len(values["epochs"]), len(values["layers"]), self.method
        )
        values |= {
            name: checks.positive_integer(name, given[name]) for name in ("n_samples", "n_copies")
        }
        values |= {
            name: _entropy(name, given[name], self.method) for name in ("entropy_x", "entropy_y")
        }
        for name, value in (values | {"seed": checks.seed(self.seed)}).items():
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        """Gives the columns of the points, which are attributes of the table."""
        if name.startswith("_") or "points" not in vars(self) or name not in _NAMES:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.points, name)

    def __repr__(self) -> str:
        n_epochs, n_paths, n_layers = self.points.i_xt.shape
        return (
            f"InformationPlane of {n_epochs} epochs, {n_paths} paths, {n_layers} layers: "
            f"{shortened(self.data or 'unnamed', 40)} ({shortened(self.sample, 40)}), "
            f"{self.reading}, {shortened(self.binning)}"
        )

    @classmethod
    def collect(
        cls,
        estimator: PlaneEstimator,
        points: Sequence[Points] | Sequence[Bits] | Bits,
        *,
        epochs: Sequence[int],
        layers: Sequence[str],
        reading: str = "each",
        n_copies: int | None = None,
        data: str = "",
        sample: str | None = None,
        seed: int = 0,
    ) -> InformationPlane:
        """Collects batches of points (n_epochs, [n_paths,] n_layers), in the order of the epochs.

        Args:
            estimator: what estimated them. points: what its `readings` returned, one batch or more,
                of one reading; or what its `estimate` did, which has no other columns: a batch
                (n_epochs, [n_paths,] n_layers, 2), or (n_layers, 2) of a single network each epoch.
            epochs: one whole number for each. layers: their names, or the mapping name -> layer
                itself.
            reading, data, sample, seed: what the table and its figure say they are. A sample that
                is not named is the estimator's, and "training" where it was not told either.
            n_copies: the copies behind each point; None is the number of paths.

        Raises:
            TypeError: something else than an estimator and points; else as the table itself.
            ValueError: batches that do not hold one point per epoch and layer, that other samples
                were counted for than the estimator's, that it cannot have given (no symbols of one
                that counts, more bits than its H), or that are of different shapes; else as the
                table itself.
        """
        whole = _joined(estimator, points)
        n_paths = whole.i_xt.shape[1] if whole.i_xt.ndim == 3 else 1
        return cls(
            epochs,  # type: ignore[arg-type]  # made an array by the table
            layers,  # type: ignore[arg-type]
            whole,
            n_samples=estimator.n_samples,
            entropy_x=estimator.entropy_x,
            entropy_y=estimator.entropy_y,
            reading=reading,
            n_copies=n_paths if n_copies is None else n_copies,
            data=data,
            binning=estimator.measured,
            sample=(estimator.sample or "training") if sample is None else sample,
            seed=seed,
            method=estimator.method,
            sample_kind=estimator.sample or "",
        )

    def mean(self) -> InformationPlane:
        """Averages over the paths (the symbols and the coverage too); of words, the weakest."""
        words = {column.name for column in Points.columns() if column.names}
        with np.errstate(under="ignore"):  # what is too small is 0
            averaged = {
                name: (array.min if name in words else array.mean)(axis=1, keepdims=True)
                for name, array in self.points.present.items()
            }
        return replace(self, reading="mean", points=Points(**averaged))

    def funnel_violations(self) -> npt.NDArray[np.bool_]:
        """Finds where a layer is above the one before it.

        That is I(X;T_i) < I(X;T_i+1) at [..., i, 0], and I(T_i;Y) < I(T_i+1;Y) at [..., i, 1].

        The data-processing inequality forbids both of the activations themselves; binned ones may
        break it, because layer i+1 is no function of the bins of layer i. So each violation says
        that this binning, not the network, is being seen.

        Returns:
            (n_epochs, n_paths, n_layers - 1, 2) bools; differences within 1e-9 bits are none.
        """
        return np.diff(self.points.bits, axis=2) > SAME_BITS

    def reasons(self) -> dict[str, str]:
        """Says why each layer has its verdict after the last epoch: layer -> a line.

        By the path with the weakest verdict. Empty where nothing is judged, as of a mixture.
        """
        from fastmi.tables import beliefs

        return beliefs.reasons_of(self)

    def gap(self, held_out: InformationPlane) -> Gap:
        """Subtracts I(T;Y) on a held-out sample from that on this one, the training sample.

        Returns:
            a record: bits (n_epochs, n_layers), and of each layer what it means after the last
                epoch: "above the bracket" where the lower end of the training sample is above the
                upper end of the held-out one.

        Raises:
            TypeError: no table. ValueError: tables of other epochs, layers, readings, bins or data;
                columns that are missing, as of a mixture; samples that are said to be others than
                these two, as where they are swapped.
        """
        from fastmi.tables import beliefs

        return beliefs.gap(self, held_out)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Gives one row per epoch, path and layer, under the names of `COLUMNS`.

        `copy` is empty where a point is over all copies.
        """
        from fastmi.tables import cells

        for columns in cells.blocks(self):
            for row in zip(*columns.values(), strict=True):
                yield dict(zip(COLUMNS, row, strict=True))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes a tidy CSV with the columns `COLUMNS`.

        Floats are written so that they read back to the same bits.
        """
        from fastmi.tables import storage

        storage.write_csv(path, [self])

    def to_html(self, path: str | os.PathLike[str], *, title: str = "") -> None:
        """Writes one HTML file to look around in: a slider over the epochs, curves, numbers.

        It needs a browser and no network. `fastmi.write_html` takes several tables, and more.

        Raises:
            TypeError: title is no string. ImportError: Plotly is not installed.
        """
        from fastmi.tables import views

        views.write_html(path, self, title=title)

    def to_pandas(self) -> DataFrame:
        """Makes a pandas.DataFrame of the rows.

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas

        from fastmi.tables import cells

        frame = pandas.DataFrame(cells.columns(self), columns=list(COLUMNS))
        for column in Points.columns():
            if column.names:
                continue
            # an empty cell is NaN
            frame[column.header] = pandas.to_numeric(frame[column.header], errors="coerce")
        return frame

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes one .npz: the arrays, and the rest as JSON. Nothing is pickled."""
        from fastmi.tables import storage

        storage.save_planes(path, [self])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> InformationPlane:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is not such a table.
        """
        from fastmi.tables import storage

        return storage.load_plane(path)

    def plot(self, *, color: str = "layer", ax: Axes | None = None, over: str = "plane") -> Figure:
        """Draws the information plane, one panel, start and end marked.

        It is a path per layer, the mean over the paths.

        Args:
            color: "layer" or "epoch".
            ax: axes of yours to draw in, with a legend of the layers; None makes a figure.
            over: "plane", or the "epoch" or "step": I(T;Y) over the training, without I(X;T).

        Returns:
            a matplotlib Figure; `.savefig(name)` writes PNG, SVG or PDF.
        """
        from fastmi import figures

        return (
            figures.information_plane([self.panel(over)], color=color)
            if ax is None
            else figures.draw(ax, self.panel(over), color)
        )

    def _repr_html_(self) -> str:
        """Shows the figure, and the layers from start to end, in a notebook."""
        from fastmi.tables import drawing

        return drawing.html(self)

    def panel(self, over: str = "plane") -> Panel:
        """Gives what `fastmi.figures` draws of this table, `over` as in `plot`."""
        from fastmi.tables import drawing

        return drawing.panel([self], over)


def _joined(estimator: Any, points: Any) -> Points:
    """Joins the columns of all batches, one after the other, with an axis of paths."""
    if not isinstance(estimator, PlaneEstimator):
        raise TypeError(
            f"estimator is a {type(estimator).__qualname__}: pass the PlaneEstimator that estimated"
            " the points"
        )
    if _is_bits(points):
        points = [points]
    if isinstance(points, list | tuple):
        points = [_as_points(batch) if _is_bits(batch) else batch for batch in points]
    if (
        not isinstance(points, Sequence)
        or not points
        or not all(isinstance(batch, Points) for batch in points)
    ):
        raise TypeError(
            f"points is {shown(points)}: pass a non-empty list of what PlaneEstimator.readings "
            "returned for a reading, or estimate"
        )
    for name in (column.name for column in Points.columns()):
        arrays = [np.asarray(batch.present[name]) for batch in points if name in batch.present]
        if arrays and (len({array.shape[1:] for array in arrays}) > 1 or not arrays[0].ndim):
            shapes = ", ".join(str(array.shape) for array in arrays[:5])
            raise ValueError(
                f"points have {name} of shapes {shapes}: pass batches (n_epochs, [n_paths,] "
                "n_layers) of one reading"
            )
    for i, batch in enumerate(points):
        if batch.n_samples is not None and np.any(
            np.asarray(batch.n_samples) != estimator.n_samples
        ):
            raise ValueError(
                f"points[{i}] rest on {np.asarray(batch.n_samples).flat[0]} samples, the estimator "
                f"on {estimator.n_samples}: pass the estimator that estimated them"
            )
        _check_estimator(estimator, i, batch)
    whole = replace(joined(points, axis=0), n_samples=None)
    return whole.map(lambda column: column[:, None] if column.ndim == 2 else column)


def _check_estimator(estimator: PlaneEstimator, i: int, batch: Points) -> None:
    """Refuses points that an estimator which only counts cannot have given.

    Points do not name their estimator, but counting gives symbols, and shares are not above H.
    """
    if not all(isinstance(measure, Counted) for measure, _ in estimator.measures):
        return
    if batch.n_samples is not None and batch.n_symbols is None:
        raise ValueError(
            f"points[{i}] have no n_symbols, but the estimator counts ({shown(estimator)}): pass "
            "the estimator that estimated them"
        )
    if estimator.method != "plugin":
        return
    for name, of, ceiling in (
        ("i_xt", "H(X)", estimator.entropy_x),
        ("i_ty", "H(Y)", estimator.entropy_y),
    ):
        bits = np.asarray(getattr(batch, name))
        highest = np.max(bits, initial=0) if bits.dtype.kind in "iuf" else 0  # the table says why
        if ceiling + SAME_BITS < highest < np.inf:
            raise ValueError(
                f"points[{i}] hold {name} = {highest:g} bits, above the {of} = {ceiling:g} of the "
                "estimator: pass the estimator that estimated them"
            )


def _is_bits(batch: Any) -> bool:
    """Judges whether it is what `estimate` returned: I(X;T) and I(T;Y) along the last axis."""
    return isinstance(batch, np.ndarray) and batch.ndim >= 2 and batch.shape[-1] == 2


def _as_points(bits: Bits) -> Points:
    """Takes what `estimate` returned as points; of a single network it is one epoch."""
    i_xt, i_ty = np.moveaxis(bits if bits.ndim > 2 else bits[None], -1, 0)
    return Points(i_xt, i_ty)


def _epochs(given: Any) -> IntArray:
    """Checks whole numbers that increase, from 0 on."""
    try:
        epochs = np.asarray(given.cpu() if is_tensor(given) else given)
    except ValueError:
        epochs = np.empty(0, object)
    if epochs.ndim != 1 or (
        epochs.dtype.kind not in "iu" and (epochs.size or epochs.dtype == object)
    ):
        raise ValueError(
            f"epochs has dtype {epochs.dtype} and shape {epochs.shape}: pass whole numbers, one for"
            " each"
        )
    if epochs.size and (epochs.min() < 0 or epochs.max() > np.iinfo(np.int64).max):
        wrong = epochs.min() if epochs.min() < 0 else epochs.max()
        raise ValueError(f"epochs holds {wrong}: epochs are counted from 0, the initialisation")
    epochs = epochs.astype(np.int64)
    (falls,) = np.nonzero(np.diff(epochs) <= 0)
    if falls.size:
        before, after = epochs[falls[0]], epochs[falls[0] + 1]
        raise ValueError(
            f"epochs must increase, but {after} follows {before}: sort the points by epoch, one "
            "batch for each"
        )
    return epochs


def _names(name: str, given: Any) -> tuple[str, ...]:
    """Checks different strings; a string is a single name, not a sequence of them."""
    given = list(given) if isinstance(given, Mapping) else given
    if isinstance(given, str) or not isinstance(given, Sequence):
        way = f"[{name}]" if isinstance(given, str) else f"list({name})"
        raise TypeError(f"{name} is {shown(given)}: pass a list of names ({way})")
    names = tuple(_text(f"{name}[{i}]", value) for i, value in enumerate(given))
    for i, value in enumerate(names):
        if value in names[:i]:
            raise ValueError(
                f"{name} holds {shown(value)} twice, and its points could not be told apart: name "
                "each once"
            )
    return names


def _text(name: str, value: Any) -> str:
    """Checks a string, and makes it a plain one."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {shown(value)}: pass a string")
    return str.__str__(value)  # also of what is derived from it, which JSON would not give back


def _entropy(name: str, value: Any, method: str) -> float:
    """Checks H(X) or H(Y); a corrected one may be a little below 0."""
    if method != "plugin" and isinstance(value, float | np.floating) and -np.inf < value < 0:
        return float(value)
    return checks.not_negative(name, value)


def _checked_points(given: Any, n_epochs: int, n_layers: int, method: str) -> Points:
    """Checks that every column is within its limits and (n_epochs, n_paths, n_layers)."""
    if not isinstance(given, Points):
        raise TypeError(
            f"points is {shown(given)}: pass Points, as PlaneEstimator.readings returns them"
        )
    arrays = {
        column: _numbers(column.name, array)
        for column in Points.columns()
        if (array := getattr(given, column.name)) is not None or not column.optional
    }
    missing = _missing(arrays)
    columns = {}
    for column, array in arrays.items():
        free = not column.optional and method != "plugin"
        limits = column._replace(low=-np.inf, words=FINITE) if free else column
        columns[column.name] = _column(limits, array, missing)
    first = columns["i_xt"]
    _same_shapes((n_epochs, first.shape[1] if first.ndim == 3 else 0, n_layers), **columns)
    counts = columns.get("n_symbols")
    if counts is not None and (np.isnan(first) & ~np.isnan(counts)).any():
        raise ValueError(f"i_xt holds nan where symbols were counted: {BITS}")
    return Points(**columns)


def _numbers(name: str, given: Any) -> npt.NDArray[Any]:
    """Makes an array of numbers."""
    array = container(name, given)
    array = array.cpu().numpy() if is_tensor(array) else array
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} has dtype {array.dtype}: pass numbers")
    return array


def _missing(arrays: Mapping[Column, npt.NDArray[Any]]) -> npt.NDArray[np.bool_]:
    """Finds the points that are missing: NaN in every column, whole or not at all."""
    if len({array.shape for array in arrays.values()}) > 1:
        return np.zeros((), np.bool_)  # the shapes are refused later
    return np.all([np.isnan(array) for array in arrays.values()], axis=0)


def _column(
    column: Column, array: npt.NDArray[Any], missing: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    """Checks numbers within their limits, in float64, or int64 if they are whole by their type.

    They are NaN at points that are missing, and where a layer has none.
    """
    right = np.isfinite(array) & (array >= column.low) & (array <= column.high)
    right |= missing
    # a layer may lack a column, and I(X;T) where its measure says nothing of that
    if (column.optional or column.name == "i_xt") and array.ndim == 3 and array.size:
        right |= np.isnan(array).all(axis=(0, 1), where=~missing)
    wrong = array[~right]
    if wrong.size:
        raise ValueError(f"{column.name} holds {wrong[0]}: {column.words}")
    whole = column.whole and array.dtype.kind in "iu"
    with np.errstate(under="ignore"):
        return array.astype(np.int64 if whole else np.float64, copy=False)


def _same_shapes(shape: tuple[int, ...], **columns: Any) -> None:
    """Checks that every column is (n_epochs, n_paths, n_layers)."""
    for name, column in columns.items():
        if column.shape != shape or 0 in shape:
            raise ValueError(
                f"{name} has shape {column.shape}: {shape[0]} epochs and {shape[2]} layers need "
                "(epochs, paths, layers)"
            )
