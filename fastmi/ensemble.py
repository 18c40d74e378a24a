"""The former place of `fastmi.networks.ensemble`; it goes with the release after this one."""

import warnings

from fastmi.networks import ensemble

__all__ = []
__all__ += ensemble.__all__


def __getattr__(name: str) -> object:
    value = getattr(ensemble, name)
    warnings.warn(
        f"{__name__}.{name} has moved: {ensemble.__name__}.{name}", DeprecationWarning, stacklevel=2
    )
    return value
