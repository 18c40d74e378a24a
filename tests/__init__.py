"""The tests, in folders that mirror the modules; the oracle and the runs that several share."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"


def told(value: object) -> str:
    """Names a test by a value: as str, but the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))
