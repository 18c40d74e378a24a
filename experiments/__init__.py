"""The published runs as data: `python -m experiments list`, `python -m experiments run NAME`."""
