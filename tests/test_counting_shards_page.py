"""docs/counting-shards.md is run, not believed: every block prints what stands under it.

`python -m tests.test_counting_shards_page` writes what they print anew.
"""

from __future__ import annotations

import warnings

from tests import ROOT
from tests.pages import run, written

PAGE = ROOT / "docs/counting-shards.md"


def test_every_block_prints_what_stands_under_it():
    _, blocks = run(PAGE)
    assert len(blocks) >= 4
    for code, expected, found in blocks:
        assert found == expected, code


if __name__ == "__main__":
    warnings.simplefilter("error")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
