"""docs/labels.md is run, not believed: every block prints what stands under it.

`python -m tests.test_labels_page` writes what they print anew.
"""

from __future__ import annotations

import warnings

from tests import ROOT
from tests.pages import run, written

PAGE = ROOT / "docs/labels.md"


def test_every_block_prints_what_stands_under_it():
    scope, blocks = run(PAGE)
    assert len(blocks) >= 9
    for code, expected, found in blocks:
        assert found == expected, code
    # what the page says in words
    report, truth = scope["report"], scope["truth"]
    assert report.value > 2.5 > 1.25 > truth.mean_upper > truth.mean_lower > 1.1
    assert report.verdict == "bounded"
    assert 0 < report.mean_lower < 0.1
    assert report.chance > 0.9 * report.value
    assert report.interval.reason
    corrected = list(scope["rows"].values())[5:]
    assert min(corrected) > 1.5 * truth.mean_upper
    assert max(corrected) - min(corrected) > 0.9
    assert scope["half"].interval.low < scope["half"].value < scope["half"].interval.high
    assert all(abs(documented - found) < 1e-4 for _, documented, found in scope["examples"])
    assert scope["mine"][0] == 0
    assert scope["mine"][1] < 1e-4 < scope["theirs"][1]


if __name__ == "__main__":
    warnings.simplefilter("error")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
