"""docs/report.ipynb is run, not believed: its cells in order, and what they say in words.

What it shows is made where the site is built, so it is kept without outputs.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import Any

import numpy as np
import pytest

from tests import ROOT

NOTEBOOK = json.loads((ROOT / "docs/report.ipynb").read_text(encoding="utf-8"))
CELLS = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_it_is_kept_without_outputs():
    assert 8 <= len(CELLS) <= 12
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CELLS)


@pytest.mark.filterwarnings("ignore:unresolved")
def test_the_cells_run_and_what_they_show_is_what_is_said():
    scope: dict[str, Any] = {}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for cell in CELLS:
            code = re.sub(r"^%.*$", "", "".join(cell["source"]), flags=re.MULTILINE)
            exec(compile(code, "report.ipynb", "exec"), scope)
    runs = scope["runs"]
    planes = [run.plane("held-out", "counted") for run in runs]
    wide, narrow = (np.stack([plane.mean_lower[:, 0, i] for plane in planes]) for i in (0, 1))
    assert planes[0].entropy_y == pytest.approx(3.32, abs=0.01)
    assert planes[0].n_samples == 1197
    # the wide layer starts in the corner
    assert min(plane.i_ty[0, 0, 0] for plane in planes) > 3.1
    assert min(plane.chance[0, 0, 0] for plane in planes) > 2.5
    # the bottleneck climbs, and is bounded
    assert narrow[:, 0].max() < 0.6
    assert narrow[:, -1].min() > 1.8
    assert "bounded from below" in out.getvalue()
    assert wide.shape == narrow.shape
    codes = [run.plane("held-out", "vector-quantized").mean_lower[:, 0, 0] for run in runs]
    assert np.min(codes) > 1.4
    # of shuffled labels nothing is learned that holds for others
    assert scope["null"].mean_lower[-1, 0, 1] < scope["null"].mean_lower[0, 0, 1] + 0.3
    paths = [plane.i_xt[:, 0, 1] for plane in planes]
    assert all(path[0] < path[-1] - 2 and abs(path[-1] - path[-2]) < 0.5 for path in paths)


def test_its_last_cell_of_prose_names_its_numbers():
    prose = "".join(NOTEBOOK["cells"][-1]["source"])
    assert "n = 1,197" in prose
    assert "H(Y) = 3.32 bits" in prose
