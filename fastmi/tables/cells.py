"""a table -> its cells as they are shown, a column at a time, and these as the lines of a CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from fastmi.points import Points
from fastmi.tables.plane import COLUMNS, InformationPlane

__all__ = ["blocks", "columns", "lines"]

ROWS_AT_ONCE = 2**14
NUMBERS = {column.header for column in Points.columns()}  # their cells are numbers and plain words


def columns(plane: InformationPlane, epochs: slice = slice(None)) -> dict[str, list[Any]]:
    """Lists what the rows of some epochs hold in each of `COLUMNS`.

    There is a row for each epoch, path and layer; what is missing is "".
    """
    n_epochs, n_paths, n_layers = plane.points.i_xt[epochs].shape
    n = n_epochs * n_paths * n_layers
    same = {
        "data": plane.data,
        "sample": plane.sample,
        "seed": plane.seed,
        "reading": plane.reading,
        "n_copies": plane.n_copies,
        "n_samples": plane.n_samples,
    }
    same |= {
        "h_x_bits": plane.entropy_x,
        "h_y_bits": plane.entropy_y,
        "binning": plane.binning,
        "method": plane.method,
    }
    cells = {name: [same.get(name, "")] * n for name in COLUMNS}
    cells["epoch"] = np.repeat(plane.epochs[epochs], n_paths * n_layers).tolist()
    cells["layer"] = [*plane.layers] * (n_epochs * n_paths)
    if plane.reading == "each":
        cells["copy"] = np.tile(np.repeat(np.arange(n_paths), n_layers), n_epochs).tolist()
    for column in Points.columns():
        if (array := getattr(plane.points, column.name)) is not None:
            cells[column.header] = column.cells(array[epochs])
    return cells


def blocks(plane: InformationPlane) -> Iterator[dict[str, list[Any]]]:
    """Lists the columns of some epochs after the other: what is held at once stays small."""
    n_epochs, *of_each = plane.points.i_xt.shape
    many = max(1, ROWS_AT_ONCE // math.prod(of_each))
    for first in range(0, n_epochs, many):
        yield columns(plane, slice(first, first + many))


def lines(cells: Mapping[str, list[Any]]) -> str:
    """Writes columns as lines: what all rows have stands in a pattern, the rest is filled in.

    Cell by cell, as `csv` does it, takes four times as long.
    """
    pattern, varying = [], list[list[Any]]()
    for name, column in cells.items():
        number = name in NUMBERS and column[0] != ""
        if not number and column.count(column[0]) == len(column):
            pattern.append(_quoted(column[:1])[column[0]].replace("%", "%%"))
            continue
        if name not in NUMBERS:
            texts = _quoted(set(column))
            column = [texts[cell] for cell in column]
        pattern.append("%s")
        varying.append(column)
    line = ",".join(pattern) + "\n"
    rows = zip(*varying, strict=True) if varying else [()] * len(cells["epoch"])
    return "".join(map(line.__mod__, rows))


def _quoted(values: Iterable[Any]) -> dict[Any, str]:
    """Writes each value as a CSV does, in quotes where it has to."""
    texts = {}
    for value in values:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow([value, ""])  # "" alone would be quoted
        texts[value] = line.getvalue().removesuffix(",\n")
    return texts
