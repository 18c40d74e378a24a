"""The command: it runs in small, writes the page, and the committed page is one that it writes."""

import re

import pytest

from benchmarks import command, simulation
from benchmarks.simulation.lines import INDEPENDENT, LINES
from tests import ROOT


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(simulation, "LINES", (LINES[0], LINES[-1]))
    monkeypatch.setattr(simulation, "INDEPENDENT", INDEPENDENT[:1])
    monkeypatch.setattr(simulation, "POWER_SIZES", (50,))
    monkeypatch.setattr(simulation, "WIDTH_SIZES", (100,))


def test_the_page_is_written_and_the_same_again(few, tmp_path, capsys):
    pages = []
    for name in ("a.md", "b.md"):
        out = tmp_path / name
        given = ["simulation", "--samples", "9", "--null-samples", "8", "--out", str(out)]
        assert command.main(given) == 0
        pages.append(out.read_text())
    assert f"written to {out}" in capsys.readouterr().out
    assert pages[0] == pages[1]
    assert "9 samples a line" in pages[0]
    assert pages[0].count(f"| {LINES[-1].name} | 300 |") == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [(["--samples", "1"], "--samples must be at least 2"), (["--out", "."], "'.' is a folder")],
)
def test_what_cannot_be_is_refused_first(given, words, few, capsys):
    assert command.main(["simulation", *given]) == 2
    assert words in capsys.readouterr().err


def test_the_committed_page_has_every_line():
    text = (ROOT / "docs/simulation.md").read_text()
    rows = [row.split(" | ")[:2] for row in text.splitlines() if row.startswith("| ")]
    for line in (*LINES, *INDEPENDENT):
        for n in line.sizes:
            assert [f"| {line.name}", f"{n:,}"] in rows
    assert re.search(r"2,000 samples a line", text)
    assert re.search(r"5,000 samples a line", text)
    assert "does not hold" not in text
    assert sum(len(line.sizes) for line in LINES if line.known) >= 20
