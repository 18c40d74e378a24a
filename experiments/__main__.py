"""`python -m experiments`: see experiments.command, which takes seconds to be loaded; how it all
ends is said here.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from experiments import endings

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: 0 where all succeeded, 1 where a run failed, 2 where the request was wrong,
    130 if interrupted (143 by
    SIGTERM, 129 by SIGHUP). What fastmi logs goes to standard error.
    """
    with endings.heard() as listener, _logged():
        try:
            from experiments import command

            return command.main(argv, loaded=listener.loaded)
        except (ValueError, OSError, MemoryError) as error:
            print(
                f"error: {' '.join(str(error).split()) or 'there is not enough memory'}",
                file=sys.stderr,
            )
            return 2
        except KeyboardInterrupt as error:
            stopped = error if isinstance(error, endings.Stopped) else endings.Stopped(2)
            print(stopped, file=sys.stderr)
            return stopped.code


@contextmanager
def _logged() -> Iterator[None]:
    logger, handler = logging.getLogger("fastmi"), logging.StreamHandler(sys.stderr)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


if __name__ == "__main__":
    sys.exit(main())
