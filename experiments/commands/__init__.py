"""The commands of `python -m experiments`: `parser` says what may be asked, a file each does it."""
