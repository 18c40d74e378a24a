"""`python -m benchmarks`: see benchmarks.command."""

import sys

from benchmarks.threads import hold

hold()  # before NumPy, torch and polars are loaded

from benchmarks.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
