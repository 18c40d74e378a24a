"""docs/your-own-model.md is run, not believed: its blocks, in their order, in one folder."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import warnings
from typing import Any

import pytest

from tests import ROOT

PAGE = ROOT / "docs/your-own-model.md"
FRAMEWORKS = {"Lightning": "lightning", "transformers": "transformers"}
SECTION = re.compile(r"^## (.*?)$|^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """The section that each block stands in, and the block."""
    found, section = [], ""
    for match in SECTION.finditer(PAGE.read_text(encoding="utf-8")):
        section = match[1] or section
        if match[2]:
            found.append((section, match[2]))
    return found


def run(of: list[str], scope: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for code in of:
            exec(compile(code, PAGE.name, "exec"), scope)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:unresolved")  # wide layers, counted alone
def test_every_block_runs_and_shows_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = [code for section, code in blocks() if section not in FRAMEWORKS]
    assert len(plain) >= 9
    scope: dict[str, Any] = {}
    printed = run(plain, scope)
    for name in ("plane.png", "seeds.png", "seeds-counted.png"):
        assert (tmp_path / name).stat().st_size > 10_000
    recorder, numbers = scope["recorder"], scope["numbers"]
    assert recorder.layers == ("1", "5")
    assert recorder.verdicts["held-out/counted/verdict/1"] == "unresolved"
    # the count stands still, where chance stands; the codes move
    counted, codes = scope["before"], scope["codes"]
    assert counted.i_ty[:, 0, 0] == pytest.approx(counted.entropy_y, abs=0.01)
    assert counted.chance[:, 0, 0] == pytest.approx(counted.entropy_y, abs=0.01)
    assert codes.i_ty[-1, 0, 1] > codes.i_ty[0, 0, 1] + 0.2
    assert numbers["held-out/vector-quantized/mean_lower/5"] > 1.5
    # the null is no more than nothing
    assert scope["found"]["shuffled/vector-quantized/mean_lower/5"] < 0
    assert scope["found"]["even/vector-quantized/mean_lower/5"] > 0.3
    assert {
        len({run.plane(measure=name).binning for run in scope["runs"]})
        for name in ("counted", "vector-quantized")
    } == {1}
    assert scope["later"].steps == [0, 1, 2, 3]
    assert "bounded" in printed


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("section", FRAMEWORKS)
def test_the_block_of_a_framework_runs_where_it_is_installed(section, tmp_path, monkeypatch):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(FRAMEWORKS[section])
    except ImportError:
        if os.environ.get("FASTMI_FRAMEWORKS"):
            raise
        pytest.skip(f"{FRAMEWORKS[section]} is not installed: make test-frameworks")
    monkeypatch.chdir(tmp_path)
    first = next(code for _, code in blocks())
    imports = "from torch.utils.data import DataLoader, TensorDataset\n"
    own = [code for name, code in blocks() if name == section]
    scope: dict[str, Any] = {}
    run([first, imports, *own], scope)
    assert scope["watch"].recorder.steps == [0, 1, 2]
    assert (tmp_path / f"{FRAMEWORKS[section]}.png").stat().st_size > 10_000
