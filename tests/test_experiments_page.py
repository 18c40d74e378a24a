"""What docs/experiments.md and docs/clusters.md say of sweeps: commands are read, code runs."""

import re
import shlex

import pytest

from experiments import sweeps
from experiments.catalog import CATALOG
from experiments.commands import parser
from experiments.sweeps import axes
from tests import ROOT, pages
from tests.runs import undraw

PAGES = {name: (ROOT / "docs" / f"{name}.md") for name in ("experiments", "clusters")}
COMMANDS = [
    line.partition(" # ")[0]
    for page in PAGES.values()
    for line in page.read_text(encoding="utf-8").splitlines()
    if line.startswith("python -m experiments sweep")
]


def test_each_page_has_some():
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize("command", COMMANDS)
def test_a_sweep_that_is_shown_is_understood(command):
    words = shlex.split(command)[3:]
    arguments = parser._parser("python -m experiments", {}).parse_args(words)
    plan = sweeps.make(CATALOG[arguments.name], axes.split(arguments.axis))
    assert len(plan.points) > 1


def test_the_fields_that_are_named_are_fields():
    text = PAGES["experiments"].read_text(encoding="utf-8")
    said = re.search(r"what is trained \(([^)]*)\)[^(]*\(([^)]*)\)", text)
    named = re.findall(r"`(\w+)`", f"{said[1]}{said[2]}")
    fields = {*axes.TRAINED, *CATALOG["tishby"].fields()["reads"][0]}
    assert len(named) > 10
    assert set(named) <= fields


def test_the_code_prints_what_stands_below_it(monkeypatch):
    undraw(monkeypatch)
    _, blocks = pages.run(PAGES["experiments"])
    assert [said for _, said, _ in blocks] == [found for *_, found in blocks]
    assert len(blocks) == 1
