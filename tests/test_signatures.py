"""What others rely on: every public name with its signature, the columns of the CSV. A change is a
line in CHANGELOG.

`python -m tests.test_signatures` writes the list anew.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

from tests import DATA

SNAPSHOT = DATA / "signatures.txt"
ROOMS = (
    "fastmi",
    "fastmi.measures",
    "fastmi.distributed",
    "fastmi.compat.experimental_setup",
    "fastmi.compat.information_process",
    "fastmi.compat.sklearn",
)


def signatures() -> Iterator[str]:
    """One line a name: functions, classes, their public methods, properties and fields."""
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in module.__all__:
            yield from described(f"{room}.{name}", getattr(module, name))
    yield f"columns: {', '.join(importlib.import_module('fastmi.tables').COLUMNS)}"


def described(name: str, member: Any) -> Iterator[str]:
    if not inspect.isclass(member):
        yield f"{name}{signature(member)}" if callable(member) else f"{name} = {member!r:.60}"
        return
    warning = issubclass(member, Warning)
    yield f"class {name}" if warning else f"class {name}{signature(member)}"
    own = [base for base in member.__mro__ if base.__module__.startswith("fastmi") and not warning]
    for key in sorted({key for base in own for key in vars(base) if not key.startswith("_")}):
        value = inspect.getattr_static(member, key)
        if isinstance(value, classmethod | staticmethod):
            yield f"  {type(value).__name__} {key}{signature(value.__func__)}"
        elif inspect.isfunction(value):
            yield f"  {key}{signature(value)}"
        elif isinstance(value, property):
            yield f"  {key}: property"


def signature(member: Any) -> str:
    """In one line; arrays among the defaults by their ends."""
    text = " ".join(str(inspect.signature(member)).split())
    return re.sub(r"array\(\[([^,\]]*),[^\]]*?([^,\]]*)\]\)", r"array([\1, ...,\2])", text)


def test_public_signatures_are_those_that_were_promised():
    now, promised = list(signatures()), SNAPSHOT.read_text().splitlines()
    assert [line for line in promised if line not in now] == [], (
        "gone or changed: a line in CHANGELOG says why"
    )
    assert [line for line in now if line not in promised] == [], (
        "new: python -m tests.test_signatures"
    )
    assert len(now) > 80


def test_a_changed_signature_is_seen():
    def public(x, *, base=2):
        return x, base

    assert list(described("public", public)) == ["public(x, *, base=2)"]


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(signatures()) + "\n")
