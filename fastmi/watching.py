"""The former place of `fastmi.networks.watching`; it goes with the release after this one."""

import warnings

from fastmi.networks import watching

__all__ = []
__all__ += watching.__all__


def __getattr__(name: str) -> object:
    value = getattr(watching, name)
    warnings.warn(
        f"{__name__}.{name} has moved: {watching.__name__}.{name}", DeprecationWarning, stacklevel=2
    )
    return value
