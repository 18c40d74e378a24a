"""Recorders: models, samples, layers, poolings, steps and files that are none.

Each refusal leaves the model as it was, and the recorder able to go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset

import fastmi

from .judge import Case, Refused, Surfaced

X, Y = torch.arange(48.0).reshape(12, 4).sin(), torch.arange(12) % 2
BINS = fastmi.UniformBins(4, range=(-1, 1))


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, 2))


def _kept(network: nn.Module) -> list[Any]:
    """Lists what a refusal has to leave as it was."""
    state = [value.clone().numpy().tobytes() for value in network.state_dict().values()]
    return [
        *state,
        [module.training for module in network.modules()],
        [len(module._forward_hooks) for module in network.modules()],
        torch.get_rng_state().numpy().tobytes(),
    ]


def _watched(name: str, parameter: str, *words: Any, **given: Any) -> Case:
    def tried() -> Any:
        network = given.get("model")
        network = model() if network is None else network
        before = _kept(network) if isinstance(network, nn.Module) else []
        options = {key: value for key, value in given.items() if key != "model"}
        samples = options.pop("samples", (X, Y))
        try:
            return fastmi.watch(network, samples, options.pop("measures", BINS), **options)
        except Exception:
            if isinstance(network, nn.Module) and _kept(network) != before:
                raise Surfaced("the model has changed") from None
            raise

    return Case(name, tried, Refused(*words), f"watch({parameter})")


def _called(
    name: str, about: str, call: Callable[[Any], Any], *words: Any, kind: Any = None
) -> Case:
    def tried() -> Any:
        recorder = fastmi.watch(model(), (X, Y), BINS)
        recorder.update(3)
        try:
            return call(recorder)
        finally:
            recorder.update(99)  # it goes on

    expected = Refused(*words) if kind is None else Refused(*words, kind=kind)
    return Case(name, tried, expected, f"Recorder.{about}")


WATCHED = [
    *(
        _watched(f"model {given!r:.20}", "model", "model", "torch.nn.Module", model=given)
        for given in (3, "model", nn.Linear, [])
    ),
    _watched(
        "DataParallel", "model", "DataParallel", "model.module", model=nn.DataParallel(model())
    ),
    *(
        _watched(f"samples {name}", "samples", "samples", samples=given)
        for name, given in (
            ("None", None),
            ("a number", 3),
            ("without labels", TensorDataset(X)),
            ("x alone", X),
            ("an iterator", iter([(X, Y)])),
            ("empty", (X[:0], Y[:0])),
            ("no names", {}),
            ("a slash", {"a/b": (X, Y)}),
            ("of other lengths", (X, Y[:3])),
            ("labels that are not whole", (X, Y + 0.5)),
            ("a batch by name", {"x": X, "labels": Y}),
        )
    ),
    *(
        _watched(f"measures {given!r:.20}", "measures", "measures", measures=given)
        for given in (3, "counted", [], {}, fastmi.UniformBins, {"2": 3}, {"7": BINS})
    ),
    *(
        _watched(f"layers {given!r:.20}", "layers", "layers", layers=given)
        for given in (3, "tanh", [], nn.ReLU, nn.Tanh(), ["2", None], "encoder.*")
    ),
    *(
        _watched(f"pool {given!r:.20}", "pool", "pool", pool=given)
        for given in (3, "avg", {"2": "avg"}, {"7": "max"}, lambda output: None)
    ),
    *(_watched(f"log {given!r}", "log", "log", log=given) for given in (3, "wandb")),
    *(
        _watched(f"process_group {given!r}", "process_group", "process_group", process_group=given)
        for given in (3, "WORLD")
    ),
    *(_watched(f"unpack {given!r}", "unpack", "unpack", unpack=given) for given in (3, "x")),
    *(
        _watched(f"inputs {given!r:.20}", "inputs", "samples", inputs=given)
        for given in ({"other": Y}, np.arange(3))
    ),
    *(
        _watched(f"n_classes {given!r}", "n_classes", "n_classes", n_classes=given)
        for given in (0, 1, 2.5, "two")
    ),
    *(
        _watched(f"batch_size {given!r}", "batch_size", "batch_size", batch_size=given)
        for given in (0, -1, 2.5, None, True)
    ),
    *(
        _watched(f"on_nan {given!r}", "on_nan", "on_nan", "'warn'", on_nan=given)
        for given in ("stop", None, 3)
    ),
    *(
        _watched(f"seed {given!r}", "seed", "seed", seed=given)
        for given in (-1, 1.5, None, True, "0")
    ),
]

CALLED = [
    *(
        _called(
            f"step {given!r}", "update(step)", lambda one, given=given: one.update(given), "step"
        )
        for given in (3, 2, -1, 1.5, "4", None, True)
    ),
    *(
        _called(
            f"{method}, {name} {given!r}",
            f"{method}({name})",
            lambda one, method=method, name=name, given=given: getattr(one, method)(
                **{name: given}
            ),
            name,
            "choose one of",
        )
        for method in ("plane", "reasons")
        for name in ("sample", "measure", "labels")
        for given in ("other", 3)
    ),
    *(
        _called(
            f"color {given!r}",
            "plot(color)",
            lambda one, given=given: one.plot(color=given),
            "color",
        )
        for given in ("red", None)
    ),
    *(
        _called(
            f"plot, measure {given!r}",
            "plot(measure)",
            lambda one, given=given: one.plot(measure=given),
            "measure",
            "choose one of",
        )
        for given in ("other", 3)
    ),
    *(
        _called(
            f"over {given!r}", "plot(over)", lambda one, given=given: one.plot(over=given), "over"
        )
        for given in ("steps", 3)
    ),
    *(
        _called(
            f"paths {given!r}",
            "read_checkpoints(paths)",
            lambda one, given=given: one.read_checkpoints(given),
            "paths",
        )
        for given in (None, 3, "a-4.pt", [], ["a.pt"], ["a-4.pt", "b-4.pt"], {"x": "a"})
    ),
    _called(
        "no such checkpoint",
        "read_checkpoints(paths)",
        lambda one: one.read_checkpoints(["absent-4.pt"]),
        "absent-4.pt",
        kind=FileNotFoundError,
    ),
    *(
        _called(
            f"save to {given!r}", "save(path)", lambda one, given=given: one.save(given), "path"
        )
        for given in (None, 3, "")
    ),
    *(
        _called(
            f"to_html {name} {given!r}",
            f"to_html({name})",
            lambda one, name=name, given=given: one.to_html(**{"path": "page.html", name: given}),
            name,
        )
        for name, values in {"path": (None, 3, ""), "title": (3,), "curves": (3, [3])}.items()
        for given in values
    ),
    _called("loaded after an update", "load(path)", lambda one: one.load("a.npz"), "step 3"),
    *(
        Case(
            f"load {given!r}",
            lambda given=given: fastmi.watch(model(), (X, Y), BINS).load(given),
            Refused("path"),
            "Recorder.load(path)",
        )
        for given in (None, 3, "")
    ),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*WATCHED, *CALLED]
