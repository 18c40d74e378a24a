"""The tests, in folders that mirror the modules; the oracle and the runs that several share."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"
