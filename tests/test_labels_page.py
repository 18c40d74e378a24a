"""docs/labels.md is run, not believed: every block prints what stands under it.

`python -m tests.test_labels_page` writes what they print anew.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from typing import Any

from tests import ROOT

PAGE = ROOT / "docs/labels.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def printed(code: str, scope: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, PAGE.name, "exec"), scope)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def written(text: str) -> str:
    """The page with what its blocks print now."""
    scope: dict[str, Any] = {}

    def block(match: re.Match[str]) -> str:
        return f"```python\n{match[1]}```\n\n```text\n{printed(match[1], scope)}```\n"

    return BLOCK.sub(block, text)


def test_every_block_prints_what_stands_under_it():
    scope: dict[str, Any] = {}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 9
    for code, expected in blocks:
        assert printed(code, scope) == expected, code
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
