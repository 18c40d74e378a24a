"""Workers of a Dask cluster, wherever it runs. Nothing else here knows of Dask."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastmi import files
from fastmi.inputs import shown

from .executors import Workers
from .working import Terms, unfit

__all__ = ["TIMEOUT_SECONDS", "connected"]

TIMEOUT_SECONDS = 10.0  # in which a scheduler has to answer, and a worker to be there
ADDRESS = re.compile(r"([a-z]+://)?[^/\s]+:\d{1,5}")
LOAD_SECONDS = 120.0  # in which a worker has to load what it needs, and to answer


@contextmanager
def connected(address: str, timeout: float = TIMEOUT_SECONDS) -> Iterator[Workers]:
    """Lends the workers of the cluster whose scheduler has that address.

    What is lost with a worker Dask makes again on another, as often as the scheduler's
    `distributed.scheduler.allowed-failures` says.

    Raises:
        ValueError: Dask is not installed, no scheduler answers there, or it has no workers.
    """
    try:
        from distributed import Client  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ValueError(
            f"scheduler is {address!r}, and Dask cannot be loaded ({error}): pip install "
            "'fastmi[cluster]'"
        ) from None
    if not ADDRESS.fullmatch(address):  # a client would be half made, and complain at its end
        raise ValueError(
            f"scheduler is {shown(address)}, which is no address: pass the one that `dask "
            "scheduler` says, as tcp://HOST:8786"
        )
    with _silent():
        try:
            client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise ValueError(
                f"scheduler is {address!r}, where none answers ({files.reason(error):.200}): pass "
                "the address that `dask scheduler` says, as tcp://HOST:8786"
            ) from None
        with client:
            try:
                client.wait_for_workers(1, timeout=timeout)
            except TimeoutError:
                raise ValueError(
                    f"the scheduler {address!r} has no workers: start some (`dask worker "
                    f"{address}`)"
                ) from None
            executor = client.get_executor(pure=False)
            yield Workers(executor, None, 1, None, lambda terms: _faults(client, address, terms))


def _faults(client: Any, address: str, terms: Terms) -> list[str]:
    """Asks all workers, and the scheduler, which loads what it passes on."""
    try:
        client.submit(unfit, terms, pure=False).result(timeout=LOAD_SECONDS)
    except Exception as error:
        return [
            f"the scheduler {address!r} passes nothing on ({files.reason(error):.200}): install "
            "the same fastmi where it runs, too"
        ]
    return [
        f"the worker {worker} cannot work here ({files.reason(answer):.200}): install the same "
        "fastmi there"
        if isinstance(answer, Exception)
        else answer
        for worker, answer in client.run(unfit, terms, on_error="return").items()
        if answer
    ]


@contextmanager
def _silent() -> Iterator[None]:
    """Keeps Dask from logging how a connection failed or broke, in pages: we say it in a line."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
