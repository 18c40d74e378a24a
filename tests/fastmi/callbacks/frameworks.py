"""Frameworks that callbacks are tested against, where they are installed."""

import importlib
import os
import warnings

import pytest


def framework(name):
    """Imports a framework, or skips the tests of a module and says how to run them.

    Where `make test-frameworks` runs them, a framework that is not there fails.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        if os.environ.get("FASTMI_FRAMEWORKS"):
            raise
        pytest.skip(f"{name} is not installed: make test-frameworks", allow_module_level=True)
