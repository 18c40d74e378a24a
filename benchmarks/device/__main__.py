"""`python -m benchmarks.device PART FILE [--rehearse]`: one part, in this process."""

import sys

from benchmarks.device.parts import alone

if __name__ == "__main__":
    sys.exit(alone(sys.argv[1:]))
