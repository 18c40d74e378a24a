"""A recorder as a callback of the framework that trains: one line in its Trainer.

`lightning.Watch` and `transformers.Watch`; each imports its framework where it is first asked for.
"""

from importlib import import_module

__all__: list[str] = []

MODULES = ("lightning", "transformers")


def __getattr__(name: str) -> object:
    """Loads a callback where it is first asked for."""
    if name not in MODULES:
        raise AttributeError(
            f"module 'fastmi.callbacks' has no attribute {name!r}: it has {', '.join(MODULES)}"
        )
    return import_module(f"fastmi.callbacks.{name}")


def __dir__() -> list[str]:
    return [*MODULES]
