"""A record as the command writes it."""

from __future__ import annotations


def candidate(name, seconds, ratio, difference=0.0):
    """As a record holds it.

    The numbers do not fit each other, so that each must come from its own place.
    """
    ends = dict(zip(("low", "median", "high"), ratio, strict=True))
    timing = {"seconds": seconds, "median": seconds[0], "minimum": seconds[-1], "spread": 0.3719}
    return {"name": name, **timing, "ratio": ends, "difference": difference}


def case(name, *candidates, absent=None, read=None, **more):
    said = {
        "name": name,
        "what": f"what {name} is",
        "about": "",
        "unit": "run",
        "scale": "bits",
        "largest_difference": 6.413e-15,
    }
    return said | {"candidates": list(candidates), "absent": absent or {}, "read": read} | more
