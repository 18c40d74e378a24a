"""material -> the figures of the page, as `fastmi` draws a plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from matplotlib.figure import Figure

from experiments.lesson.material import N, Material
from fastmi import InformationPlane, figures

__all__ = ["drawn"]


def drawn(material: Material) -> dict[str, Figure]:
    """Draws all figures: name -> figure."""
    planes: dict[str, Mapping[str, InformationPlane]] = {
        "point": {"its own labels": material.plane, "labels shuffled": material.shuffled},
        "sizes": {f"n = {n:,}": plane for n, plane in material.sizes.items()},
        "samples": {"training": material.training, f"held-out, n = {N:,}": material.plane},
        "copies": {plane.panel().title: plane for plane in material.copies.values()},
    }
    return {name: _side_by_side(of) for name, of in planes.items()}


def _side_by_side(planes: Mapping[str, InformationPlane]) -> Figure:
    panels = [replace(plane.panel(), title=title) for title, plane in planes.items()]
    figure = figures.information_plane(panels)
    figure.set_dpi(110)
    return figure
