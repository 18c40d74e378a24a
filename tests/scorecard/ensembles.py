"""Ensemble: networks, recipes, batches and states that are none.

And those that a tool's own words would answer.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

import fastmi

from .judge import Case, Either, Holds, Refused, SkipCase, Surfaced

X, Y = torch.zeros(6, 3), torch.zeros(6, 1)
ADAM = functools.partial(torch.optim.Adam, lr=0.01)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1))


def ensemble(**given: Any) -> Any:
    return fastmi.Ensemble(
        given.pop("network", None) or network(), given.pop("n_copies", 2), **given
    )


def stepped(**given: Any) -> Any:
    made = ensemble(**given)
    made.step(torch.ones(2, 4, 3), torch.ones(2, 4, 1))
    return made


def _made(
    name: str, about: str, call: Callable[[], Any], *words: Any, kind: Any = (TypeError, ValueError)
) -> Case:
    return Case(name, call, Refused(*words, kind=kind), f"Ensemble({about})")


def _called(
    name: str,
    method: str,
    parameter: str,
    call: Callable[[Any], Any],
    *words: Any,
    kind: Any = (TypeError, ValueError),
) -> Case:
    """Expects the error, once it was seen that the ensemble is as it was."""

    def tried() -> Any:
        made = stepped(optimizer=ADAM, watch=[nn.Tanh])
        before = made.state()
        try:
            return call(made)
        except Exception:
            after = made.state()
            if before.keys() != after.keys() or any(
                before[key].tobytes() != after[key].tobytes() for key in before
            ):
                raise Surfaced("the ensemble has changed") from None
            raise

    return Case(name, tried, Refused(*words, kind=kind), f"Ensemble.{method}({parameter})")


class Shared(nn.Module):
    """A submodule under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = self.first
        self.last = nn.Linear(3, 1)

    def forward(self, x: Any) -> Any:
        return self.last(torch.tanh(self.second(torch.tanh(self.first(x)))))


class Several(nn.Module):
    """Returns two tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x: Any) -> Any:
        return self.linear(x), x


class Never(nn.Module):
    """Has a module that it does not call."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.idle = nn.Linear(3, 1), nn.Tanh()

    def forward(self, x: Any) -> Any:
        return self.linear(x)


def _restored(**changes: Any) -> Callable[[Any], Any]:
    return lambda made: made.restore({**made.state(), **changes})


def _without(name: str) -> Callable[[Any], Any]:
    return lambda made: made.restore(
        {key: value for key, value in made.state().items() if key != name}
    )


CONSTRUCTED = [
    *(
        _made(
            f"network {value!r:.20}",
            "network",
            lambda value=value: fastmi.Ensemble(value, 2),
            "network",
            kind=TypeError,
        )
        for value in (None, 3, "tanh", nn.Linear, len, [nn.Linear(3, 1)], {"a": 1})
    ),
    _made(
        "no parameters",
        "network",
        lambda: fastmi.Ensemble(nn.Tanh(), 2),
        "network",
        "no parameters",
    ),
    _made(
        "lazy",
        "network",
        lambda: ensemble(network=nn.Sequential(nn.LazyLinear(2))),
        "network",
        ("LazyLinear", "lazy"),
        ("call", "once", "forward"),
    ),
    *(
        _made(f"n_copies {n!r}", "n_copies", lambda n=n: ensemble(n_copies=n), "n_copies", repr(n))
        for n in (0, -1, 1.5, 2.0, True, "3", None, float("nan"), [2])
    ),
    _made(
        "n_copies 1e9",
        "n_copies",
        lambda: ensemble(n_copies=10**9),
        "n_copies",
        "1000000000",
        kind=ValueError,
    ),
    *(
        _made(
            f"init {init!r}",
            "init",
            lambda init=init: ensemble(init=init),
            "init",
            "'shared'",
            "'independent'",
        )
        for init in ("equal", "", None, 3, ["shared"])
    ),
    _made(
        "cannot be drawn anew",
        "init",
        lambda: ensemble(network=_with_parameter(), init="independent"),
        "reset_parameters",
        'init="shared"',
        kind=TypeError,
    ),
    *(
        _made(
            f"loss {loss!r:.20}",
            "loss",
            lambda loss=loss: ensemble(loss=loss),
            "loss",
            kind=TypeError,
        )
        for loss in (0, "mse", False, [], 1.5)
    ),
    *(
        _made(
            f"optimizer {made!r:.20}",
            "optimizer",
            lambda made=made: ensemble(optimizer=made),
            "optimizer",
            kind=TypeError,
        )
        for made in ([], 0, "sgd", False, {}, 0.2)
    ),
    _made(
        "an optimiser as it is",
        "optimizer",
        lambda: ensemble(optimizer=torch.optim.SGD(network().parameters(), lr=0.1)),
        "optimizer",
        ("lambda", "partial", "parameters ->"),
    ),
    _made(
        "LBFGS",
        "optimizer",
        lambda: ensemble(optimizer=torch.optim.LBFGS),
        "optimizer",
        "LBFGS",
        "SGD",
        kind=TypeError,
    ),
    _made(
        "a recipe that returns nothing",
        "optimizer",
        lambda: ensemble(optimizer=lambda parameters: None),
        "optimizer",
        "NoneType",
        kind=TypeError,
    ),
    _made(
        "a recipe over other parameters",
        "optimizer",
        lambda: ensemble(
            optimizer=lambda parameters: torch.optim.SGD(network().parameters(), lr=0.1)
        ),
        "optimizer",
        "lambda",
        kind=ValueError,
    ),
    *(
        _made(f"watch {watch!r:.20}", "watch", lambda watch=watch: ensemble(watch=watch), "watch")
        for watch in (
            [],
            (),
            "tanh",
            nn.Tanh(),
            3,
            [3],
            [None],
            int,
            nn.Conv2d,
            ["1", "nope"],
            0,
            False,
            "",
        )
    ),
    *(
        _made(
            f"replay {asked!r}",
            "replay",
            lambda asked=asked: ensemble(replay=asked),
            "replay",
            repr(asked),
        )
        for asked in (1, "auto", 0.0, [])
    ),
    *(
        _made(f"seed {seed!r}", "seed", lambda seed=seed: ensemble(seed=seed), "seed", repr(seed))
        for seed in (-1, 1.5, "0", None, True, [0], float("nan"))
    ),
]


def _with_parameter() -> nn.Module:
    made = nn.Sequential(nn.Linear(3, 1))
    made.extra = nn.Module()
    made.extra.weight = nn.Parameter(torch.zeros(1))
    return made


STEPPED = [
    *(
        _called(
            f"x {x!r:.20}",
            "step",
            "x",
            lambda made, x=x: made.step(x, torch.ones(2, 4, 1)),
            "x",
            kind=TypeError,
        )
        for x in (None, "x", [[1.0]], 3, {"x": 1})
    ),
    *(
        _called(
            f"y {y!r:.20}",
            "step",
            "y",
            lambda made, y=y: made.step(torch.ones(2, 4, 3), y),
            "y",
            kind=TypeError,
        )
        for y in (None, "y", [[1.0]], 3)
    ),
    _called(
        "no axis of copies",
        "step",
        "x",
        lambda made: made.step(X, torch.ones(2, 6, 1)),
        "x",
        "(6, 3)",
        "2 copies",
    ),
    _called(
        "another number of copies",
        "step",
        "x",
        lambda made: made.step(torch.ones(3, 4, 3), torch.ones(3, 4, 1)),
        "x",
        "(3, 4, 3)",
        "2 copies",
    ),
    _called(
        "y of no copies", "step", "y", lambda made: made.step(torch.ones(2, 4, 3), Y), "y", "(6, 1)"
    ),
    _called(
        "an empty batch",
        "step",
        "x",
        lambda made: made.step(torch.ones(2, 0, 3), torch.ones(2, 0, 1)),
        ("empty", "n = 0", "no samples", "nothing"),
        kind=ValueError,
    ),
    _called(
        "an empty batch of an array",
        "step",
        "x",
        lambda made: made.step(np.ones((2, 0, 3)), np.ones((2, 0, 1))),
        ("empty", "n = 0", "no samples", "nothing"),
        kind=ValueError,
    ),
    _called(
        "targets that would be broadcast",
        "step",
        "y",
        lambda made: made.step(torch.ones(2, 4, 3), torch.ones(2, 4)),
        "y",
        "(4,)",
        "(4, 1)",
        "y[:, None]",
        kind=ValueError,
    ),
    _called(
        "targets of the report",
        "step",
        "y",
        lambda made: made.step(torch.ones(2, 4, 3), torch.ones(2, 4, 1, 1)),
        "y",
        "(4, 1, 1)",
        kind=ValueError,
    ),
    _called(
        "targets of another batch",
        "step",
        "y",
        lambda made: made.step(torch.ones(2, 4, 3), torch.ones(2, 3, 1)),
        "y",
        "(3, 1)",
        kind=ValueError,
    ),
    _called(
        "on the meta device",
        "step",
        "x",
        lambda made: made.step(torch.ones(2, 4, 3, device="meta"), torch.ones(2, 4, 1)),
        "x",
        "meta",
        kind=ValueError,
    ),
    _called(
        "y on the meta device",
        "step",
        "y",
        lambda made: made.step(torch.ones(2, 4, 3), torch.ones(2, 4, 1, device="meta")),
        "y",
        "meta",
        kind=ValueError,
    ),
    _called(
        "objects",
        "step",
        "x",
        lambda made: made.step(np.ones((2, 4, 3), object), torch.ones(2, 4, 1)),
        "x",
        "object",
    ),
    _called(
        "words",
        "step",
        "x",
        lambda made: made.step(np.full((2, 4, 3), "a"), torch.ones(2, 4, 1)),
        "x",
        "<U1",
    ),
    Case(
        "a loss of many numbers",
        lambda: ensemble(loss=nn.MSELoss(reduction="none")).step(
            torch.ones(2, 4, 3), torch.ones(2, 4, 1)
        ),
        Refused("loss", "(4, 1)", "scalar", kind=ValueError),
        "Ensemble(loss)",
    ),
    Case(
        "a loss that is a class",
        lambda: ensemble(loss=nn.MSELoss).step(torch.ones(2, 4, 3), torch.ones(2, 4, 1)),
        Refused("loss"),
        "Ensemble(loss)",
    ),
    Case(
        "a loss that is a number",
        lambda: ensemble(loss=lambda prediction, target: 0.0).step(
            torch.ones(2, 4, 3), torch.ones(2, 4, 1)
        ),
        Refused("loss", "float"),
        "Ensemble(loss)",
    ),
    Case(
        "a network that returns two tensors",
        lambda: ensemble(network=Several()).step(torch.ones(2, 4, 3), torch.ones(2, 4, 1)),
        Refused("network", "tuple", kind=TypeError),
        "Ensemble(network)",
    ),
]

DRAWN = [
    *(
        _called(
            f"{name} {value!r}",
            "draw",
            name,
            lambda made, name=name, value=value: made.draw(
                **{"n_samples": 9, "batch_size": 2, name: value}
            ),
            name,
            repr(value),
        )
        for name in ("n_samples", "batch_size")
        for value in (0, -1, 2.0, "3", None, True)
    ),
    _called(
        "more than there are",
        "draw",
        "batch_size",
        lambda made: made.draw(3, 4),
        "batch_size",
        "4",
        "3",
        kind=ValueError,
    ),
]

READ = [
    *(
        _called(
            f"x {x!r:.20}",
            "activations",
            "x",
            lambda made, x=x: made.activations(x),
            "x",
            kind=TypeError,
        )
        for x in (None, "x", [[1.0, 2.0, 3.0]], 3, {"x": 1})
    ),
    _called(
        "on the meta device",
        "activations",
        "x",
        lambda made: made.activations(X.to("meta")),
        "x",
        "meta",
        kind=ValueError,
    ),
    _called(
        "objects",
        "activations",
        "x",
        lambda made: made.activations(np.ones((2, 3), object)),
        "x",
        "object",
    ),
    *(
        _called(
            f"snapshots {given!r:.20}",
            "activations",
            "snapshots",
            lambda made, given=given: made.activations(X, given),
            "snapshots",
        )
        for given in ([], {}, "abc", 3, [None], [{}], [{"0.weight": torch.zeros(2, 2, 3)}], [3])
    ),
    _called(
        "one snapshot without a list",
        "activations",
        "snapshots",
        lambda made: made.activations(X, made.snapshot()),
        "snapshots",
        "list",
    ),
    _called(
        "a snapshot of more copies",
        "activations",
        "snapshots",
        lambda made: made.activations(X, [ensemble(n_copies=3).snapshot()]),
        "snapshots[0]",
    ),
    *(
        _called(
            f"assignment {assignment!r:.25}",
            "activations",
            "assignment",
            lambda made, assignment=assignment: made.activations(X, None, assignment),
            "assignment",
        )
        for assignment in (
            [0] * 5,
            [2] * 6,
            [-1] * 6,
            [0.0] * 6,
            "010101",
            [[0] * 6],
            0,
            [None] * 6,
            [True] * 6,
            [[0], [1, 1]],
        )
    ),
    Case(
        "a module that is never called",
        lambda: ensemble(network=Never(), watch="idle").activations(X),
        Refused("watch", "never calls", kind=ValueError),
        "Ensemble(watch)",
    ),
    Case(
        "a watched module that returns two tensors",
        lambda: ensemble(network=Several(), watch="network").activations(X),
        Refused("network", "tuple", kind=TypeError),
        "Ensemble(watch)",
    ),
    Case(
        "a watched module whose samples are elsewhere",
        lambda: ensemble(
            network=nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)), watch="1"
        ).activations(torch.zeros(6, 2, 3)),
        Refused("'1'", "6 samples", kind=ValueError),
        "Ensemble(watch)",
    ),
]

STATES = [
    *(
        _called(
            f"state {given!r:.20}",
            "restore",
            "state",
            lambda made, given=given: made.restore(given),
            "state",
        )
        for given in (None, 3, "state", [], [("a", 1)], {}, {"parameters/0.weight": np.zeros(3)})
    ),
    _called("a name too many", "restore", "state", _restored(more=np.zeros(3)), "state", "more"),
    _called("a name too few", "restore", "state", _without("batches/1"), "state", "batches/1"),
    _called(
        "another shape",
        "restore",
        "state",
        _restored(**{"parameters/0.weight": np.zeros((3, 2, 3), np.float32)}),
        "state",
        "parameters/0.weight",
    ),
    _called(
        "another type",
        "restore",
        "state",
        _restored(**{"parameters/0.weight": np.zeros((2, 2, 3))}),
        "state",
        "parameters/0.weight",
    ),
    _called(
        "objects",
        "restore",
        "state",
        _restored(**{"parameters/0.weight": np.full((2, 2, 3), None)}),
        "state",
        "parameters/0.weight",
    ),
    *(
        _called(
            f"learning rate {rate!r}",
            "restore",
            "state",
            _restored(**{"optimizer/Adam/0/lr": np.array(rate)}),
            "state",
            ("lr", "learning rate"),
        )
        for rate in ("fast", -1.0, float("nan"), None)
    ),
    _called(
        "betas of words",
        "restore",
        "state",
        _restored(**{"optimizer/Adam/0/betas": np.array(["a", "b"])}),
        "state",
        "betas",
    ),
    _called(
        "a generator's state of zeros",
        "restore",
        "state",
        _restored(**{"batches/0": np.zeros(5056, np.uint8)}),
        "state",
        "batches/0",
    ),
    _called(
        "a state of one copy",
        "restore",
        "state",
        lambda made: made.restore(ensemble(n_copies=1, optimizer=ADAM).state()),
        "state",
    ),
    _called(
        "a state under SGD",
        "restore",
        "state",
        lambda made: made.restore(ensemble().state()),
        "state",
    ),
    *(
        _called(
            f"parts of {given!r:.20}",
            "parts",
            "snapshot",
            lambda made, given=given: made.parts(given),
            "snapshot",
        )
        for given in (None, {}, [], {"a": torch.zeros(1)}, 3)
    ),
    *(
        Case(
            f"joined of {given!r:.20}",
            lambda given=given: fastmi.Ensemble.joined(given),
            Refused("ensembles", kind=TypeError),
            "Ensemble.joined(ensembles)",
        )
        for given in (None, [], 3, "ab", [3], {}, [None], network())
    ),
    *(
        Case(
            f"joined with {name}",
            lambda make=make: fastmi.Ensemble.joined([ensemble(), make()]),
            Refused("ensembles[1]"),
            "Ensemble.joined(ensembles)",
        )
        for name, make in (
            ("another network", lambda: ensemble(network=nn.Sequential(nn.Linear(3, 1)))),
            ("another loss", lambda: ensemble(loss=nn.L1Loss())),
            ("another optimiser", lambda: ensemble(optimizer=ADAM)),
            (
                "another learning rate",
                lambda: ensemble(optimizer=functools.partial(torch.optim.SGD, lr=0.5)),
            ),
            ("another watch", lambda: ensemble(watch=nn.Tanh)),
            ("one of another type", lambda: ensemble(network=network().double())),
            ("none", lambda: None),
        )
    ),
    Case(
        "joined after steps",
        lambda: fastmi.Ensemble.joined([stepped(optimizer=ADAM)]),
        Refused("ensembles[0]", "before", kind=ValueError),
        "Ensemble.joined(ensembles)",
    ),
]


def _outputs(made: Any) -> Any:
    """Compares every member's own output on X with the ensemble's."""
    alone = [float(member(X + 1).sum()) for member in made.networks()]
    *_, last = made.activations(X + 1)
    return np.allclose(alone, last.sum(dim=(1, 2)).tolist(), atol=1e-5)


def _on_default_device(device: str) -> Any:
    made = ensemble()
    torch.set_default_device(device)
    try:
        return tuple(made.draw(9, 4).shape)
    finally:
        torch.set_default_device(None)


def _again(*, optimizer: Any) -> bool:
    """Restores a state, which goes on as the one that was not stopped."""
    straight, restored = (ensemble(optimizer=optimizer, seed=3) for _ in range(2))
    batch = torch.ones(2, 4, 3), torch.ones(2, 4, 1)
    for _ in range(3):
        straight.step(*batch)
    restored.restore(straight.state())
    losses = [made.step(*batch).tolist() for made in (straight, restored)]
    drawn = [made.draw(9, 4).tolist() for made in (straight, restored)]
    return losses[0] == losses[1] and drawn[0] == drawn[1]


def _quiet(call: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def _weight_norm() -> Any:
    return ensemble(
        network=nn.Sequential(
            nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), nn.Linear(2, 1)
        )
    )


def _old_weight_norm() -> Any:
    if not hasattr(nn.utils, "weight_norm"):
        raise SkipCase("this torch has no nn.utils.weight_norm")
    return ensemble(network=nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 2)), nn.Linear(2, 1)))


RIGHT = [
    Case(
        "activations of no samples",
        lambda: [tuple(a.shape) for a in stepped(watch=[nn.Tanh]).activations(X[:0])],
        [(2, 0, 2)],
    ),
    Case(
        "one submodule under two names: networks",
        lambda: len(ensemble(network=Shared()).networks()),
        2,
        "Ensemble(network)",
    ),
    Case(
        "one submodule under two names: networks after a step",
        lambda: len(stepped(network=Shared()).networks()),
        2,
    ),
    Case(
        "one submodule under two names: joined",
        lambda: _outputs(fastmi.Ensemble.joined([ensemble(network=Shared())] * 2)),
        True,
    ),
    Case(
        "one submodule under two names: their outputs",
        lambda: _outputs(stepped(network=Shared())),
        True,
    ),
    Case("networks and the ensemble agree", lambda: _outputs(stepped()), True),
    *(
        Case(
            f"draw where the default device is {device}",
            lambda device=device: _on_default_device(device),
            [2, 4],
        )
        for device in ("cpu", "meta")
    ),
    *(
        Case(
            f"goes on from a state: {optimizer.func.__name__}",
            lambda optimizer=optimizer: _again(optimizer=optimizer),
            True,
        )
        for optimizer in (ADAM, functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9))
    ),
    Case(
        "weight_norm under watch=None",
        lambda: len(_quiet(_weight_norm).activations(X)) > 0,
        Either(True, Refused("watch")),
        "Ensemble(network)",
    ),
    Case(
        "the older weight_norm",
        lambda: len(_quiet(_old_weight_norm).activations(X)) > 0,
        Either(True, Refused("network")),
        "Ensemble(network)",
    ),
    Case(
        "DataParallel",
        lambda: len(ensemble(network=nn.DataParallel(network())).activations(X)),
        Either(Holds("layers", lambda n: n > 0), Refused("network", "DataParallel", ".module")),
        "Ensemble(network)",
    ),
    Case(
        "a NumPy seed",
        lambda: (
            ensemble(seed=np.int64(3)).draw(9, 4).tolist() == ensemble(seed=3).draw(9, 4).tolist()
        ),
        True,
    ),
    Case("a NumPy number of copies", lambda: ensemble(n_copies=np.int64(2)).n_copies, 2),
    Case("one copy", lambda: tuple(ensemble(n_copies=1).activations(X)[0].shape), [1, 6, 2]),
    Case("one sample", lambda: tuple(ensemble().activations(X[:1])[0].shape), [2, 1, 2]),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*CONSTRUCTED, *STEPPED, *DRAWN, *READ, *STATES, *RIGHT]
