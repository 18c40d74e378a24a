"""docs/first-plane.md is run, not believed: a tutorial whose numbers a training may move a little.

`python -m tests.test_first_plane_page` writes what its blocks print, and its figure, anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings

import pytest

from tests import ROOT
from tests.pages import assert_alike, run, written

PAGE = ROOT / "docs/first-plane.md"
FIGURE = ROOT / "docs/first-plane/plane.png"


@pytest.mark.filterwarnings("ignore:unresolved")  # the untrained network, on purpose
def test_every_block_prints_what_stands_under_it_and_the_page_says_it_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope, blocks = run(PAGE)
    assert len(blocks) == 5
    for _, said, found in blocks:
        assert_alike(said, found, within=0.03)
    truth = scope["fastmi"].entropy(scope["y_val"]) - scope["wrong"]
    point, plane = scope["point"], scope["plane"]
    assert point.mean_lower.item() < 0 < point.i_ty.item()
    first, output = plane.i_ty[-1, 0, [0, -1]]
    assert plane.mean_lower[-1, 0, 0] < truth < truth + 0.1 < first
    assert truth - 0.1 < output < truth < scope["trained_on"]
    assert plane.i_xt[-1, 0, 0] < plane.i_xt[0, 0, 0] - 0.5
    assert [reason.split()[0] for reason in plane.reasons().values()][::2] == [
        "bounded",
        "resolved:",
    ]
    assert (tmp_path / "plane.png").stat().st_size > 10_000
    assert FIGURE.stat().st_size > 10_000


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "unresolved")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        FIGURE.parent.mkdir(exist_ok=True)
        shutil.copy("plane.png", FIGURE)
