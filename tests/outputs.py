"""Standard output as a pipe, for as long as a block lasts: pytest takes it back before a test."""

import os
from contextlib import contextmanager, redirect_stdout

__all__ = ["read_by", "unread"]


@contextmanager
def read_by():
    """Gives the end from which standard output is read, for the test to close."""
    reader, writer = os.pipe()
    with open(writer, "w") as output, redirect_stdout(output):
        yield reader


@contextmanager
def unread():
    """Leaves nobody to read standard output, as after `| head`."""
    with read_by() as reader:
        os.close(reader)
        yield
