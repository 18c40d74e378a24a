"""Panels, and grids of them, to draw."""

import numpy as np

from fastmi.figures import Panel

TITLES = ("mean of single copies", "sampled: one copy a sample", "mixture over copies")
CAPTION = "data: made up, n = 1,000; 5 copies; plug-in estimate, 49 bins on [-1, 1), outside: wrap"


def panel(n_layers=6, n_epochs=20, layers=None, **changes):
    """Layers that drift from the right-hand corner to the left, each in its own way."""
    layers = [f"layer {i + 1}" for i in range(n_layers)] if layers is None else layers
    way = np.linspace(0, 1, n_epochs)[:, None] * np.linspace(0.1, 0.9, len(layers))
    values = {
        "title": "a single network",
        "epochs": np.arange(n_epochs),
        "layers": layers,
        "i_xt": 9.9 * (1 - way),
        "i_ty": 0.8 * (1 - way**2),
        "ceiling_x": np.log2(1000),
        "ceiling_y": 0.803,
        "caption": CAPTION,
    }
    return Panel(**(values | changes))


def panels(n, **options):
    return [panel(title=title, **options) for title in TITLES[:n]] if n > 1 else [panel(**options)]
