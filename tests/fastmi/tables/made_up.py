"""Tables made up of arrays, and what two of them have in common."""

import dataclasses

import numpy as np

from fastmi import InformationPlane
from fastmi.points import Points

BITS = ("i_xt", "i_ty", "n_symbols", "coverage")
NAMES = {column.name for column in Points.columns()}


def plane(n_epochs=3, n_paths=2, layers=("hidden", "output"), **changes):
    """A table of made-up numbers, no two alike, and other ones for another seed."""
    shape = (n_epochs, n_paths, len(layers))
    rng = np.random.default_rng([5, changes.get("seed", 0)])
    values = {
        "epochs": np.arange(n_epochs) * 10,
        "layers": tuple(layers),
        **{name: rng.random(shape) for name in ("i_xt", "i_ty", "coverage")},
        "n_symbols": rng.integers(1, 1000, shape),
        "n_samples": 1000,
        "entropy_x": 9.965784284662087,
        "entropy_y": 0.1 + 0.2,
        "reading": "each",
        "n_copies": n_paths,
        "data": "made up",
        "binning": "none",
    }
    values |= changes
    columns = {name: values.pop(name) for name in list(values) if name in NAMES}
    return InformationPlane(points=Points(**columns), **values)


def replaced(table, **changes):
    """With other fields, or other columns of its points."""
    columns = {name: changes.pop(name) for name in list(changes) if name in NAMES}
    return dataclasses.replace(
        table, points=dataclasses.replace(table.points, **columns), **changes
    )


def assert_same_bits(one, other):
    names = {field.name for field in dataclasses.fields(InformationPlane)} - {"points"}
    assert one.points.present.keys() == other.points.present.keys()
    for name in [*names, *one.points.present]:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name
        else:
            assert (type(a), a) == (type(b), b), name


def several(**changes):
    return [
        plane(seed=seed, sample=sample, **changes)
        for seed in range(3)
        for sample in ("training", "held-out")
    ]
