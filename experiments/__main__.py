"""`python -m experiments`: hands the arguments to `commands.parser`, and says how it all ended."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from fastmi import printing

from . import signals

__all__ = ["main"]


def main(
    argv: Sequence[str] | None = None,
    prog: str = "python -m experiments",
    also: Mapping[str, str] | None = None,
) -> int:
    """Does what the command line asks -> the status with which the process ends.

    Args:
        argv: the arguments; None takes those of the process.
        prog: what was typed before them: usage, messages and pages name it.
        also: commands that `prog` has besides, with what they do: the usage lists them.

    0 where all succeeded, 1 where a run failed, 2 where the request was wrong, 130 if interrupted
    (143 by SIGTERM, 129 by SIGHUP), 141 where nobody reads what is printed any more. What fastmi
    logs goes to standard error.
    """
    with signals.heard() as listener, _logged():
        try:
            with printing.flushed():
                from .commands import parser  # takes seconds to be loaded

                status = parser.main(argv, prog, also or {}, loaded=listener.loaded)
                signals.check()
                return status
        except (ValueError, OSError, MemoryError) as error:
            if printing.unread(error):
                return printing.UNREAD
            print(
                f"error: {' '.join(str(error).split()) or 'there is not enough memory'}",
                file=sys.stderr,
            )
            return 2
        except KeyboardInterrupt as error:
            stopped = error if isinstance(error, signals.Stopped) else signals.Stopped(2)
            print(stopped, file=sys.stderr)
            return stopped.code


@contextmanager
def _logged() -> Iterator[None]:
    """Sends what is logged, and warnings, each a line, to standard error."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, category, *_: f"{category.__name__}: {message}\n"
    logger, handler = logging.getLogger("fastmi"), logging.StreamHandler(sys.stderr)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        warnings.formatwarning = before
        logger.removeHandler(handler)
        logger.setLevel(level)


if __name__ == "__main__":
    sys.exit(main())
