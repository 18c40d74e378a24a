"""The former place of `fastmi.networks.states`; it goes with the release after this one."""

import warnings

from fastmi.networks import states

__all__ = []
__all__ += states.__all__


def __getattr__(name: str) -> object:
    value = getattr(states, name)
    warnings.warn(
        f"{__name__}.{name} has moved: {states.__name__}.{name}", DeprecationWarning, stacklevel=2
    )
    return value
