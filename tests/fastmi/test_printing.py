"""What is printed where nobody reads it: a quiet end, and no other fault is taken for it."""

import os
import sys
from contextlib import redirect_stdout

import pytest

from fastmi import printing
from tests.outputs import read_by, unread


def test_where_nobody_reads_the_rest_goes_nowhere():
    with unread():
        with pytest.raises(BrokenPipeError) as caught, printing.flushed():
            print("a line")
        assert printing.unread(caught.value)
        with printing.flushed():
            print("another")


def test_another_pipe_that_breaks_is_a_fault():
    with read_by() as reader:
        assert not printing.unread(BrokenPipeError())
        with printing.flushed():
            print("a line")
        assert os.read(reader, 100) == b"a line\n"
        os.close(reader)
        assert not printing.unread(OSError())


def test_what_was_printed_is_written_however_it_ends():
    with read_by() as reader:
        with pytest.raises(SystemExit), printing.flushed():
            sys.exit(print("usage"))
        assert os.read(reader, 100) == b"usage\n"
        os.close(reader)


def test_an_output_that_was_closed_before_is_no_fault():
    with redirect_stdout(None):
        with printing.flushed():
            print("a line")
        assert not printing.unread(BrokenPipeError())
