"""The former place of `fastmi.networks.watching`; it goes with the release after this one."""

import warnings

from fastmi.networks import watching

warnings.warn(f"{__name__} has moved: import {watching.__name__}", DeprecationWarning, stacklevel=2)

__all__ = []
__all__ += watching.__all__


def __getattr__(name: str) -> object:
    return getattr(watching, name)
