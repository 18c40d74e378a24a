"""The former place of `fastmi.networks.stopping`; it goes with the release after this one."""

import warnings

from fastmi.networks import stopping

warnings.warn(f"{__name__} has moved: import {stopping.__name__}", DeprecationWarning, stacklevel=2)

__all__ = []
__all__ += stopping.__all__


def __getattr__(name: str) -> object:
    return getattr(stopping, name)
