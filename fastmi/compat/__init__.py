"""Drop-ins: other people's modules by their names, so that a script changes its import line alone.

`experimental_setup` and `information_process` stand in for the files of a replication study of the
information bottleneck in deep learning (github.com/vadim0x60/IDNN-Replication-Study), `sklearn` for
scikit-learn's functions. Nothing in fastmi imports them.
"""

from importlib import import_module

__all__: list[str] = []

MODULES = ("experimental_setup", "information_process", "sklearn")


def __getattr__(name: str) -> object:
    """Loads a drop-in where it is first asked for."""
    if name not in MODULES:
        raise AttributeError(
            f"module 'fastmi.compat' has no attribute {name!r}: it has {', '.join(MODULES)}"
        )
    return import_module(f"fastmi.compat.{name}")


def __dir__() -> list[str]:
    return [*MODULES]
