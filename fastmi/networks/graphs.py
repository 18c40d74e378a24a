"""a recording -> one CUDA graph: launched at once, where its calls are some fifty launches.

However many copies take a step, a GPU waits for its launches: one after the other, by Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from fastmi.networks.recordings import Recording

__all__ = ["DEVICES", "Graph"]

DEVICES = ("cuda",)  # types of devices that have graphs


class Graph:
    """Replays a recording: captured in a CUDA graph where that can be done, call by call elsewhere.

    All that a recording computes with lies where it always does, which is what a graph asks for.

    Args:
        recording: its calls have been made before, but perhaps not on this stream.

    Attributes:
        reason: why it is replayed call by call; "" while it is a graph.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._graph = None
        self.reason = _refusal(recording)
        if not self.reason:
            try:
                self._capture()
            except Exception as error:
                self.release(f"it cannot be captured ({' '.join(str(error).split()):.200})")

    def replay(self) -> list[Tensor]:
        """Computes the outputs anew, which lie where they always do."""
        if self._graph is None:
            return self._recording.replay()
        self._graph.replay()
        return self._recording.outputs

    def release(self, reason: str) -> None:
        """Replays the recording call by call from now on."""
        self._graph, self.reason = None, reason

    def _capture(self) -> None:
        """Captures the calls as torch's documentation has it: a warm-up on a side stream first."""
        import torch

        (device,) = self._recording.devices
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(device):
            current, side = torch.cuda.current_stream(), torch.cuda.Stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):  # libraries make ready at their first call on a stream
                self._recording.replay()
            current.wait_stream(side)
            # a capture that fails does not give the stream back. Its own is given, since torch's is
            # one for all devices; what other threads do meanwhile is no concern of this one's
            with (
                torch.cuda.stream(current),
                torch.cuda.graph(
                    graph, stream=torch.cuda.Stream(), capture_error_mode="thread_local"
                ),
            ):
                self._recording.replay()
        self._graph = graph


def _refusal(recording: Recording) -> str:
    """Tells why a recording is not to be captured; "" if it may be."""
    others = [device for device in recording.devices if device.type not in DEVICES]
    if others or len(recording.devices) != 1:
        # a graph would keep what a tensor on the CPU held as it was captured
        return f"it computes on {' and '.join(sorted(map(str, recording.devices)))}"
    if recording.draws:
        return "it draws random numbers"  # from the ensemble's own generator, exchanged by Python
    return ""
