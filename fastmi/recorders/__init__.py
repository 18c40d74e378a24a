"""Somebody's model, in her own training loop: watched, and a row of a table at each update."""

from fastmi.recorders.opening import watch
from fastmi.recorders.recorder import Recorder

__all__ = ["Recorder", "watch"]
