"""Which parameters of the public callables no bad input is tried on.

Which options of the command line and kinds of files, too.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import fastmi
from fastmi.answers import Answers

from .judge import Case, Refused

MODULES = {
    "measures": ("Counted", "KDEBounds", "PerUnit", "Probe", "SoftCodes", "SoftmaxChannel"),
    "tables": ("save_planes", "load_planes", "write_csv", "panel"),
    "figures": ("draw", "information_plane", "save"),
    "pages": ("Curve",),
    "distributed": None,
    "compat.experimental_setup": None,  # all that it lists
    "compat.information_process": None,
    "compat.sklearn": None,
}
FILES = ("table", "state", "snapshots", "manifest", "ledger", "IDX", "IDX.gz", "npz", "times")
JUDGED = "a record between a measure and the table, which judges it"
UNUSED = "of the original's signature, and not used"
ANYTHING = {  # parameters that every value is right for, and why
    **{
        f"compat.information_process.{name}({parameter})": UNUSED
        for name in ("calc_information_sampling", "calc_information_for_layer_with_other")
        for parameter in ("label", "b", "b1", "len_unique_a", "p_YgX", "percent_of_sampling")
    },
    **{
        f"Points({name})": JUDGED
        for name in (
            *("i_xt", "i_ty", "n_symbols", "coverage", "n_samples", "coding"),
            *("i_xt_lower", "i_xt_upper", "i_ty_lower", "i_ty_upper"),
            *("pair_coverage", "chance", "mean_lower", "mean_upper", "growth"),
            *("outside", "verdict", "verdict_xt", "charge", "i_ty_se", "n_scored"),
            *("units_i_ty", "units_chance", "i_xt_sd", "i_ty_sd", "chance_sd"),
        )
    },
    **{
        f"measures.{name}.reader(variables)": "PlaneEstimator makes it"
        for name in ("Counted", "KDEBounds", "PerUnit", "Probe", "SoftCodes", "SoftmaxChannel")
    },
    **{
        f"Recorder({name})": "`watch` makes it"
        for name in (
            *("watching", "samples", "estimators", "log", "stops", "supported", "ranks", "seed"),
        )
    },
    "compat.information_process.narrowed(data)": (
        "between the drop-ins: what it gives is judged where it goes"
    ),
    **{
        f"{record.__name__}({name})": f"a record that {maker} makes"
        for record, maker in (
            (fastmi.FeatureInformation, "feature_information"),
            (fastmi.PairwiseInformation, "pairwise_mutual_information"),
        )
        for name in inspect.signature(record).parameters
    },
    **{
        f"Report({one.name})": "a record that mutual_information_report and Stream.report make"
        for one in dataclasses.fields(fastmi.Report)
    },
    **{
        f"UnitInformation({one.name})": "a record that unit_information makes"
        for one in dataclasses.fields(fastmi.UnitInformation)
    },
    **{
        f"compat.sklearn.LabelEncoderTransformer.{method}(y)": "scikit-learn passes it; not used"
        for method in ("fit", "fit_transform")
    },
    **{
        f"distributed.Answers({one.name})": "a record that `count` makes"
        for one in dataclasses.fields(Answers)
    },
    "compat.experimental_setup.Copies(networks)": "a record that `experiment` makes",
    "compat.experimental_setup.Copies(plane)": "a record that `experiment` makes",
}


def gaps(cases: Iterable[Case]) -> list[str]:
    """Lists what is public and has no case whose right answer may be a refusal."""
    covered = {place for case in cases if _may_refuse(case.expected) for place in named(case.about)}
    return [place for place in wanted() if place not in covered and place not in ANYTHING]


def named(about: str) -> Iterator[str]:
    """Yields the parameters that are named, each with its callable.

    "Stream.update(activations y) entropy(x)" -> Stream.update(activations), Stream.update(y),
    entropy(x).
    """
    for name, parameters in re.findall(r"([\w.-]+)\(([^)]*)\)", about):
        for parameter in parameters.split():
            yield f"{name}({parameter})"


def wanted() -> Iterator[str]:
    for name, function in public():
        for parameter in _parameters(function):
            yield f"{name}({parameter})"
    for command, option in options():
        yield f"{command}({option})"
    for kind in FILES:
        yield f"file({kind})"


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yields every public callable, and the public methods of classes."""
    for name in fastmi.__all__:
        yield from _with_methods(name, getattr(fastmi, name))
    for room, names in MODULES.items():
        module = importlib.import_module(f"fastmi.{room}")
        for name in names or module.__all__:
            member = getattr(module, name)
            if callable(member):
                yield from _with_methods(f"{room}.{name}", member)


def _with_methods(name: str, member: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    if inspect.isclass(member) and issubclass(member, Warning):
        return
    yield name, member
    if inspect.isclass(member):
        for key, value in vars(member).items():
            if not key.startswith("_") and (
                inspect.isfunction(value) or isinstance(value, classmethod | staticmethod)
            ):
                yield f"{name}.{key}", getattr(member, key)


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        return [name for name in inspect.signature(function).parameters if name != "self"]
    except ValueError:  # built in
        return []


def options() -> Iterator[tuple[str, str]]:
    """Yields (command, option or operand), but for switches, which take nothing."""
    command_line = importlib.import_module("experiments.commands.parser")
    (commands,) = (
        action
        for action in command_line._parser("", {})._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    for command, parser in commands.choices.items():
        for action in parser._actions:
            if action.nargs != 0:
                yield (
                    command,
                    (
                        action.option_strings[-1]
                        if action.option_strings
                        else action.metavar or action.dest
                    ),
                )


def _may_refuse(expected: Any) -> bool:
    options = getattr(expected, "options", [expected])
    return any(isinstance(option, Refused) for option in options)
