"""The former place of `fastmi.networks.ensemble`; it goes with the release after this one."""

import warnings

from fastmi.networks import ensemble

warnings.warn(f"{__name__} has moved: import {ensemble.__name__}", DeprecationWarning, stacklevel=2)

__all__ = []
__all__ += ensemble.__all__


def __getattr__(name: str) -> object:
    return getattr(ensemble, name)
