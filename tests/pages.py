"""Pages that are run, not believed: their blocks in order, and what stands under each."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


def printed(code: str, scope: dict[str, Any], name: str = "page") -> str:
    """Runs a block -> what it prints, without spaces at the ends of lines."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, name, "exec"), scope)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def run(page: Path) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """Runs all blocks -> their variables; code, what stands under it, what it prints, of each."""
    scope: dict[str, Any] = {}
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return scope, [(code, said, printed(code, scope, page.name)) for code, said in blocks]


def written(text: str) -> str:
    """The page with what its blocks print now."""
    scope: dict[str, Any] = {}

    def block(match: re.Match[str]) -> str:
        shown = printed(match[1], scope)
        return f"```python\n{match[1]}```\n" + (f"\n```text\n{shown}```\n" if shown else "")

    return BLOCK.sub(block, text)


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def assert_alike(said: str, found: str, within: float) -> None:
    """The same words, and numbers as near as a training on another machine comes."""
    assert NUMBER.sub("#", said).split() == NUMBER.sub("#", found).split()
    assert numbers(found) == pytest.approx(numbers(said), abs=within)
