"""The former place of `fastmi.networks.stopping`; it goes with the release after this one."""

import warnings

from fastmi.networks import stopping

__all__ = []
__all__ += stopping.__all__


def __getattr__(name: str) -> object:
    value = getattr(stopping, name)
    warnings.warn(
        f"{__name__}.{name} has moved: {stopping.__name__}.{name}", DeprecationWarning, stacklevel=2
    )
    return value
