"""docs/many-copies.md is run, not believed.

`python -m tests.test_many_copies_page` writes what its blocks print, and its figure, anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings

import pytest

from tests import ROOT
from tests.pages import assert_alike, run, written

PAGE = ROOT / "docs/many-copies.md"
FIGURE = ROOT / "docs/many-copies/copies.png"


@pytest.mark.filterwarnings("ignore:unresolved")  # the first layers, on purpose
def test_every_block_prints_what_stands_under_it_and_the_page_says_it_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope, blocks = run(PAGE)
    assert len(blocks) == 3
    for _, said, found in blocks:
        assert_alike(said, found, within=0.1)
    ends = {name: table.points.bits[-1, 0] for name, table in scope["tables"].items()}
    assert (ends["mixture"] <= ends["mean"] + 1e-9).all()
    assert scope["tables"]["mixture"].points.verdict is None
    assert (tmp_path / "copies.png").stat().st_size > 10_000
    assert FIGURE.stat().st_size > 10_000


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "unresolved")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        FIGURE.parent.mkdir(exist_ok=True)
        shutil.copy("copies.png", FIGURE)
