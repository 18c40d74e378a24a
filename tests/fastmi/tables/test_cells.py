"""Cells of tables against the library's own writer, which goes a row at a time."""

import csv
import dataclasses
import io
import itertools

import numpy as np
import pytest

from fastmi.points import Points
from fastmi.tables import COLUMNS, write_csv
from tests.fastmi.tables.made_up import plane


def by_rows(tables):
    """The same CSV as csv.DictWriter writes it, a point at a time: the oracle of its bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for table in tables:
        for e, path, layer in itertools.product(*map(range, table.i_xt.shape)):
            row = {name: getattr(table, name) for name in COLUMNS if hasattr(table, name)}
            row |= {"h_x_bits": table.entropy_x, "h_y_bits": table.entropy_y}
            row |= {"epoch": int(table.epochs[e]), "layer": table.layers[layer]}
            for column in Points.columns():
                row.pop(column.name, None)
                array = getattr(table.points, column.name)
                if array is not None:
                    row[column.header] = column.shown(array[e, path, layer].item())
            row["copy"] = path if table.reading == "each" else ""
            writer.writerow(row)
    return text.getvalue()


def holes(table):
    """Every fifth point is missing, some numbers are -0.0."""
    at = np.arange(table.i_xt.size).reshape(table.i_xt.shape)
    columns = table.points.map(lambda column: np.where(at % 5 == 2, np.nan, column))
    signed = np.where((at % 7 == 3) & (at % 5 != 2), -0.0, columns.i_xt)
    return dataclasses.replace(table, points=dataclasses.replace(columns, i_xt=signed))


@pytest.mark.parametrize(
    "tables",
    [
        [plane()],
        [plane(n_epochs=1, n_paths=1, layers=["only"])],
        [plane(n_paths=1, reading="mixture"), plane(seed=7, sample="held-out")],
        [plane(layers=['a,"b"', "c\nd\r", "", "100 %s"], data="50 %, of 'all'", binning='"')],
        [plane(n_epochs=9, n_paths=3).mean()],
        [holes(plane(n_epochs=8))],
    ],
    ids=["each", "one row", "two", "names", "mean", "holes"],
)
def test_a_csv_has_the_bytes_that_the_library_writes_row_by_row(tmp_path, monkeypatch, tables):
    for rows in (2**14, 10, 1):
        monkeypatch.setattr("fastmi.tables.cells.ROWS_AT_ONCE", rows)
        write_csv(tmp_path / "plane.csv", tables)
        assert (tmp_path / "plane.csv").read_bytes().decode() == by_rows(tables)
