"""points over epochs -> one table: epoch x copy x layer -> columns.

It is saved whole or not at all, drawn, and read back.
"""

from fastmi.tables.beliefs import Gap
from fastmi.tables.drawing import panel, plot
from fastmi.tables.plane import COLUMNS, InformationPlane
from fastmi.tables.storage import FORMAT, load_planes, save_planes, write_csv
from fastmi.tables.views import write_html

__all__ = [
    "COLUMNS",
    "FORMAT",
    "Gap",
    "InformationPlane",
    "load_planes",
    "panel",
    "plot",
    "save_planes",
    "write_csv",
    "write_html",
]
