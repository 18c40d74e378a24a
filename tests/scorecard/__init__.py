"""A judge: bad inputs, extremes, kills, mutated files, and what must come of them.

Run `python -m tests.scorecard`.
"""

import sys
from pathlib import Path

_TESTS = str(Path(__file__).resolve().parent.parent)
if _TESTS not in sys.path:  # the oracle is `naive`, the same module as under pytest
    sys.path.append(_TESTS)
