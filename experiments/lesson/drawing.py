"""material -> the figures of the page, as `fastmi` draws a plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from fastmi import InformationPlane, figures
from fastmi.files import replacing

from .material import Material

__all__ = ["drawn", "save"]

DPI = 120  # three panels are about a thousand pixels wide


def drawn(material: Material) -> dict[str, Figure]:
    """Draws all figures: name -> figure."""
    planes: dict[str, Mapping[str, InformationPlane]] = {
        "first": {"one network, held-out": material.sizes[max(material.sizes)]},  # the README's
        "point": {"its own labels": material.plane, "labels shuffled": material.shuffled},
        "sizes": {f"n = {n:,}": plane for n, plane in material.sizes.items()},
        "samples": {"training": material.training, "held-out": material.plane},
        "copies": {plane.panel().title: plane for plane in material.copies.values()},
    }
    return {name: _side_by_side(of) for name, of in planes.items()}


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG of a page's width, whole or not at all."""
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=DPI)


def _side_by_side(planes: Mapping[str, InformationPlane]) -> Figure:
    return figures.information_plane(
        [replace(plane.panel(), title=title) for title, plane in planes.items()]
    )
