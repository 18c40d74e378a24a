"""The former place of `fastmi.networks.states`; it goes with the release after this one."""

import warnings

from fastmi.networks import states

warnings.warn(f"{__name__} has moved: import {states.__name__}", DeprecationWarning, stacklevel=2)

__all__ = []
__all__ += states.__all__


def __getattr__(name: str) -> object:
    return getattr(states, name)
