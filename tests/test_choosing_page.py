"""docs/choosing.md is run, not believed.

`python -m tests.test_choosing_page` writes what its blocks print anew.
"""

from __future__ import annotations

import warnings

import pytest

from tests import ROOT
from tests.pages import assert_alike, numbers, run, written

PAGE = ROOT / "docs/choosing.md"


@pytest.mark.filterwarnings("ignore:unresolved")  # the wide layer, on purpose
def test_every_block_prints_what_stands_under_it_and_the_page_says_it_right():
    scope, blocks = run(PAGE)
    assert len(blocks) == 3
    for _, said, found in blocks:
        assert_alike(said, found, within=0.02)
    counted, codes, unit = blocks[0][2].splitlines()
    assert counted.endswith("unresolved")
    assert codes.endswith(("bounded", "resolved"))
    assert numbers(counted)[0] == pytest.approx(numbers(counted)[1], abs=0.01)
    assert numbers(codes)[2] > numbers(unit)[2] > 0
    best = scope["chosen"].candidates.best
    assert best.binning == scope["chosen"]
    assert 2 < scope["chosen"].n_bins < 64
    as_it_is, fitted, scaled, fitted_to_scaled = map(numbers, blocks[2][2].splitlines())
    assert fitted[-3:] == fitted_to_scaled[-3:]
    assert scaled[-3] < as_it_is[-3] - 0.05


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "unresolved")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
