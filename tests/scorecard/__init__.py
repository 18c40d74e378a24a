"""A judge: bad inputs, extremes, kills, mutated files: `python -m tests.scorecard`."""
