"""points over epochs -> one table: epoch x copy x layer -> I(X;T), I(T;Y), saved whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.entropies import FloatArray
from fastmi.planes import PlaneEstimator, Points

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

__all__ = ["COLUMNS", "InformationPlane", "replacing", "write_csv"]

COLUMNS = (
    *("data", "reading", "n_copies", "epoch", "copy", "layer", "i_xt_bits", "i_ty_bits"),
    *("n_samples", "n_symbols", "coverage", "h_x_bits", "h_y_bits", "binning"),
)


@dataclass(frozen=True, eq=False)
class InformationPlane:
    """The path of every layer through the information plane, with what each point rests on.

    Attributes:
        epochs: (n_epochs,) the epoch after which each point was estimated; 0 is the initialisation.
        layers: their names, in the order of the network.
        i_xt, i_ty: (n_epochs, n_paths, n_layers) bits; a path is a single copy, or one reading over all copies.
        n_symbols: the distinct codes of each layer, same shape. coverage: the share of samples not alone with their code.
        n_samples: n; log2 n is the ceiling of I(X;T) where all x are distinct. entropy_x, entropy_y: H(X), H(Y) in bits.
        reading: "each" (one path per copy), "mean" (their mean), "sampled" or "mixture" (see `PlaneEstimator`).
        n_copies: the copies behind the points. data, binning: their names.
    """

    epochs: npt.NDArray[np.int64]
    layers: tuple[str, ...]
    i_xt: FloatArray
    i_ty: FloatArray
    n_symbols: FloatArray
    coverage: FloatArray
    n_samples: int
    entropy_x: float
    entropy_y: float
    reading: str
    n_copies: int
    data: str
    binning: str

    def __post_init__(self) -> None:
        checks.one_of("reading", self.reading, _TITLES)
        shape = (len(self.epochs), self.i_xt.shape[1] if self.i_xt.ndim == 3 else 0, len(self.layers))
        checks.table(shape, i_xt=self.i_xt, i_ty=self.i_ty, n_symbols=self.n_symbols, coverage=self.coverage)

    @classmethod
    def collect(
        cls,
        estimator: PlaneEstimator,
        points: Sequence[Points],
        *,
        epochs: Sequence[int],
        layers: Sequence[str],
        reading: str = "each",
        n_copies: int | None = None,
        data: str = "",
    ) -> InformationPlane:
        """Batches of points (n_epochs, [n_paths,] n_layers), in the order of the epochs -> the table.

        Args:
            estimator: what estimated them. points: what its `readings` returned, one batch or more, of one reading.
            epochs: one whole number for each. layers: their names.
            reading, data: what the table and its figure say they are.
            n_copies: the copies behind each point; None is the number of paths.

        Raises:
            TypeError: something else than points.
            ValueError: batches that do not hold one point per epoch and layer, epochs that are not whole.
        """
        checks.points(points, Points)
        columns = {}
        for name in ("i_xt", "i_ty", "n_symbols", "coverage"):
            joined = np.concatenate([getattr(batch, name) for batch in points])
            columns[name] = joined[:, None] if joined.ndim == 2 else joined
        return cls(
            checks.whole("epochs", epochs),
            tuple(map(str, layers)),
            **columns,
            n_samples=estimator.n_samples,
            entropy_x=estimator.entropy_x,
            entropy_y=estimator.entropy_y,
            reading=reading,
            n_copies=int(n_copies or (columns["i_xt"].shape[1] if columns["i_xt"].ndim == 3 else 1)),
            data=data,
            binning=str(estimator.binning),
        )

    def mean(self) -> InformationPlane:
        """The mean over the paths (of the symbols and the coverage too)."""
        averaged = {name: getattr(self, name).mean(axis=1, keepdims=True) for name in ("i_xt", "i_ty", "n_symbols", "coverage")}
        return replace(self, reading="mean", **averaged)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row per epoch, path and layer, under the names of `COLUMNS`; `copy` is empty where a point is over all copies."""
        constant = {"data": self.data, "reading": self.reading, "n_copies": self.n_copies, "n_samples": self.n_samples}
        constant |= {"h_x_bits": self.entropy_x, "h_y_bits": self.entropy_y, "binning": self.binning}
        for e, path, layer in np.ndindex(self.i_xt.shape):
            yield constant | {
                "epoch": int(self.epochs[e]),
                "copy": path if self.reading == "each" else "",
                "layer": self.layers[layer],
                "i_xt_bits": float(self.i_xt[e, path, layer]),
                "i_ty_bits": float(self.i_ty[e, path, layer]),
                "n_symbols": self.n_symbols[e, path, layer].item(),
                "coverage": float(self.coverage[e, path, layer]),
            }

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """A tidy CSV with the columns `COLUMNS`; floats are written so that they read back to the same bits."""
        write_csv(path, [self])

    def to_pandas(self) -> DataFrame:
        """The rows as a pandas.DataFrame. Raises ImportError where pandas is not installed."""
        import pandas

        return pandas.DataFrame(list(self.rows()), columns=list(COLUMNS))

    def save(self, path: str | os.PathLike[str]) -> None:
        """One .npz: the arrays, and the rest as JSON. Nothing is pickled."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays: dict[str, Any] = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in values.items() if name not in arrays}
        with replacing(path) as part, part.open("wb") as file:
            np.savez_compressed(file, plain=np.array(json.dumps(plain)), **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> InformationPlane:
        """What `save` wrote.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is not such a table.
        """
        with open(path, "rb") as opened:  # np.load leaves a file that is no zip open
            try:
                with np.load(opened, allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files}
                plain = json.loads(str(arrays.pop("plain")))
                return cls(**arrays, **(plain | {"layers": tuple(plain["layers"])}))
            except Exception as error:
                raise checks.not_a_table(path, error) from error

    def plot(self, *, color: str = "layer") -> Figure:
        """The information plane, one panel: a path per layer (the mean over the paths), start and end marked.

        Args:
            color: "layer" or "epoch".

        Returns:
            a matplotlib Figure; `.savefig(name)` writes PNG, SVG or PDF.
        """
        from fastmi import figures

        return figures.information_plane([self.panel()], color=color)

    def panel(self) -> Any:
        """What `fastmi.figures` draws of this table."""
        from fastmi import figures

        mean = self.mean()
        copies = f"{self.n_copies} cop{'y' if self.n_copies == 1 else 'ies'}"
        return figures.Panel(
            title=_TITLES[self.reading] if self.n_copies > 1 else "a single network",
            epochs=self.epochs,
            layers=self.layers,
            i_xt=mean.i_xt[:, 0],
            i_ty=mean.i_ty[:, 0],
            ceiling_x=float(np.log2(self.n_samples)),
            ceiling_y=self.entropy_y,
            caption=f"data: {self.data or 'unnamed'}, n = {self.n_samples:,}; {copies}; plug-in estimate, {self.binning}",
        )


_TITLES = {
    "each": "mean of single copies",
    "mean": "mean of single copies",
    "sampled": "sampled: one copy a sample",
    "mixture": "mixture over copies",
}


def write_csv(path: str | os.PathLike[str], planes: Sequence[InformationPlane]) -> None:
    """Several tables below each other in one tidy CSV, whole or not at all."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for plane in planes:
            writer.writerows(plane.rows())


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary neighbour that takes the name only once it is complete."""
    target = Path(path)
    if not target.parent.is_dir():
        raise checks.no_folder(target, target.parent)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        raise checks.not_written(target, error) from error
    finally:
        part.unlink(missing_ok=True)
