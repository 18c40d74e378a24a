"""A captured recording replays to the same bits; what is not captured is replayed all the same.

There is no GPU here: torch.cuda's graphs are played by `Capture`, on tensors of the CPU. As on a
device, nothing that is captured is computed before the graph is replayed.
"""

import contextlib
import copy
import functools
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import fastmi
from fastmi.networks import graphs, replay
from fastmi.networks.ensemble import one_thread
from fastmi.networks.graphs import Graph
from fastmi.networks.recordings import Recording
from tests.fastmi.networks.one_by_one import assert_same_arrays, mlp, numbers

CPU = torch.device("cpu")


class Capture:
    """torch.cuda.CUDAGraph: the calls that were made while it was captured."""

    def __init__(self):
        self.calls, self.n_replays = [], 0
        captured.append(self)

    def replay(self):
        self.n_replays += 1
        for call in self.calls:
            call()


class Capturing(TorchDispatchMode):
    """torch.cuda.graph: what is called in it is kept, and leaves no trace but its memory."""

    wrong = 0.0  # what is computed otherwise than it should
    fails: Exception | None = None

    def __init__(self, graph, *, stream, capture_error_mode):
        super().__init__()
        assert capture_error_mode == "thread_local"
        self.graph, self.stream = graph, stream

    def __enter__(self):
        said.append(f"capture on {self.stream.name} {{")
        current.append(self.stream.name)
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        if self.fails is None:  # as torch's: whose capture cannot end keeps the stream
            said.append("}")
            current.pop()

    def __torch_dispatch__(self, target, types, args=(), kwargs=None):
        if self.fails:
            raise self.fails
        kwargs = kwargs or {}
        memory = {each.untyped_storage() for each in tensors((args, kwargs))}
        before = [storage.clone() for storage in memory]
        result = target(*args, **kwargs)
        for storage, old in zip(memory, before, strict=True):
            storage.copy_(old)
        known = {storage.data_ptr() for storage in memory}

        def again():
            computed = target(*args, **kwargs)
            for old, new in zip(tensors(result), tensors(computed), strict=True):
                if old.untyped_storage().data_ptr() not in known:
                    old.copy_(new)
            if self.wrong and "out" in kwargs:
                kwargs["out"].add_(self.wrong)

        self.graph.calls.append(again)
        return result


def tensors(value):
    return [each for each in tree_leaves(value) if isinstance(each, torch.Tensor)]


captured: list[Capture] = []
said: list[str] = []
current = ["the caller's"]  # streams, the last one set is the current one


@contextlib.contextmanager
def said_around(name):
    said.append(f"{name} {{")
    yield
    said.append("}")


@contextlib.contextmanager
def streaming(stream):
    """torch.cuda.stream: gives back the stream that it found."""
    before = current[:]
    current.append(stream.name)
    try:
        with said_around(f"on {stream.name}"):
            yield
    finally:
        current[:] = before


def stream(name):
    return SimpleNamespace(
        name=name, wait_stream=lambda other: said.append(f"{name} waits for {other.name}")
    )


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    """A CPU that has graphs, and few plain steps."""
    monkeypatch.setattr(graphs, "DEVICES", ("cpu",))
    monkeypatch.setattr("fastmi.networks.ensemble.DEVICES", ("cpu",))
    monkeypatch.setattr(replay, "PLAIN_STEPS", 2)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Capture)
    monkeypatch.setattr(torch.cuda, "graph", Capturing)
    monkeypatch.setattr(torch.cuda, "device", lambda device: said_around(f"on {device}"))
    made = iter(range(99))
    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream(f"stream {next(made)}"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream(current[-1]))
    monkeypatch.setattr(torch.cuda, "stream", streaming)
    captured.clear()
    said.clear()
    with one_thread():
        yield
    assert current == ["the caller's"]


@pytest.fixture
def by_calls(monkeypatch):
    """How often a recording was replayed call by call."""
    replayed, by_call = [], Recording.replay
    monkeypatch.setattr(Recording, "replay", lambda self: replayed.append(self) or by_call(self))
    return replayed


def made(network, asked=True, **options):
    torch.manual_seed(7)
    return fastmi.Ensemble(network(), 3, seed=3, replay=asked, **options)


def trained(ensemble, n_steps):
    x, y = numbers(40, 3, seed=1), numbers(40, 1, seed=2)
    losses = []
    for _ in range(n_steps):
        rows = ensemble.draw(40, 8)
        losses.append(ensemble.step(x[rows], y[rows]))
    return torch.stack(losses)


def raced(network, n_steps=30, **options):
    plain, replayed = (made(network, asked, **options) for asked in (False, True))
    assert replayed.graph_reason == ""
    assert torch.equal(trained(plain, n_steps), trained(replayed, n_steps))
    assert_same_arrays(plain.state(), replayed.state())
    assert replayed._replay.n_recordings == 1
    return replayed


OPTIMIZERS = [None, functools.partial(torch.optim.Adam, lr=0.01)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("between", [(), (nn.BatchNorm1d(4),), (nn.LayerNorm(4), nn.ReLU(True))])
def test_a_captured_step_is_the_plain_one(between, optimizer, by_calls):
    ensemble = raced(lambda: mlp(*between), optimizer=optimizer)
    assert ensemble.graph_reason == ""
    (graph,) = captured
    assert graph.n_replays == 30 - 2  # its proof, and every step after it
    assert len(by_calls) == 2  # the warm-up, and the capture


def test_a_capture_goes_as_torch_asks_for_it():
    raced(mlp)
    assert said == [
        "on cpu {",
        "stream 0 waits for the caller's",
        "on stream 0 {",
        "}",
        "the caller's waits for stream 0",
        "on the caller's {",
        "capture on stream 1 {",
        "}",
        "}",
        "}",
    ]


def test_what_draws_is_replayed_call_by_call(by_calls):
    ensemble = raced(lambda: mlp(nn.Dropout(0.5)))
    assert ensemble.graph_reason == "it draws random numbers"
    assert not captured
    assert len(by_calls) == 30 - 2


@pytest.mark.parametrize("fails", [RuntimeError("operation\nnot permitted"), MemoryError("full")])
def test_what_cannot_be_captured_is_replayed_call_by_call(fails, monkeypatch, by_calls):
    monkeypatch.setattr(Capturing, "fails", fails)
    ensemble = raced(mlp)
    words = " ".join(str(fails).split())
    assert ensemble.graph_reason == f"it cannot be captured ({words})"
    assert ensemble.replay_reason == ""
    assert len(by_calls) == 2 + 30 - 2
    monkeypatch.setattr(Capturing, "fails", None)
    copied = copy.deepcopy(ensemble)  # which tries again
    assert copied.graph_reason == ""
    trained(copied, 4)
    assert copied.graph_reason == ""
    assert ensemble.graph_reason == f"it cannot be captured ({words})"


def test_what_was_captured_otherwise_is_replayed_call_by_call(monkeypatch, by_calls):
    monkeypatch.setattr(Capturing, "wrong", 1e-6)
    ensemble = raced(mlp)
    assert ensemble.graph_reason == ("captured, a replayed step was not the plain one, bit for bit")
    assert ensemble.replay_reason == ""
    assert captured[0].n_replays == 1
    assert len(by_calls) == 2 + 30 - 2


def test_an_interrupt_is_no_reason(monkeypatch):
    monkeypatch.setattr(Capturing, "fails", KeyboardInterrupt())
    ensemble = made(mlp)
    trained(ensemble, 2)
    before = ensemble.snapshot()
    with pytest.raises(KeyboardInterrupt):
        trained(ensemble, 1)
    assert all(torch.equal(leaf, before[name]) for name, leaf in ensemble.snapshot().items())
    monkeypatch.setattr(Capturing, "fails", None)
    trained(ensemble, 1)
    assert (ensemble.replay_reason, ensemble.graph_reason) == ("", "")
    assert ensemble._replay.n_recordings == 1


def test_a_copy_has_graphs_of_its_own():
    ensemble = made(mlp)
    trained(ensemble, 5)
    copied = copy.deepcopy(ensemble)
    assert torch.equal(trained(ensemble, 5), trained(copied, 5))
    assert_same_arrays(ensemble.state(), copied.state())
    assert len(captured) == 2


@pytest.mark.parametrize(
    ("devices", "types", "reason"),
    [
        ({"cpu"}, ("cuda",), "it computes on cpu"),
        ({"cpu", "meta"}, ("cpu",), "it computes on cpu and meta"),
        ({"cuda:0", "cuda:1"}, ("cuda",), "it computes on cuda:0 and cuda:1"),
        (set(), ("cuda",), "it computes on "),
    ],
)
def test_one_device_that_has_graphs_is_captured(devices, types, reason, monkeypatch):
    monkeypatch.setattr(graphs, "DEVICES", types)
    outputs = [torch.zeros(2)]
    recording = SimpleNamespace(
        devices=set(map(torch.device, devices)), draws=False, replay=lambda: outputs
    )
    graph = Graph(recording)  # pyright: ignore[reportArgumentType]
    assert graph.reason == reason
    assert graph.replay() is outputs
    assert not captured


def test_a_device_without_graphs_says_so(monkeypatch):
    monkeypatch.setattr("fastmi.networks.ensemble.DEVICES", ("cuda",))
    assert made(mlp).graph_reason == "its device is cpu"


def test_what_is_not_replayed_is_no_graph():
    assert made(mlp, asked=False).graph_reason == "it was not asked for (replay=False)"


# --- on a GPU -------------------------------------------------------------------------------------


@pytest.mark.gpu(alone="graphs")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("between", [(), (nn.BatchNorm1d(4),), (nn.Dropout(0.5),)])
def test_steps_on_cuda_are_captured_to_the_same_bits(between, optimizer, monkeypatch, cuda):
    monkeypatch.undo()
    monkeypatch.setattr(replay, "PLAIN_STEPS", 2)
    plain, replayed = (
        made(lambda: mlp(*between).to(cuda), asked, optimizer=optimizer) for asked in (False, True)
    )
    x, y = numbers(40, 3, seed=1).to(cuda), numbers(40, 1, seed=2).to(cuda)
    for _ in range(30):
        losses = []
        for ensemble in (plain, replayed):
            rows = ensemble.draw(40, 8)
            losses.append(ensemble.step(x[rows], y[rows]))
        assert torch.equal(*losses)
    assert_same_arrays(plain.state(), replayed.state())
    assert replayed.replay_reason == ""
    drawing = any(isinstance(module, nn.Dropout) for module in between)
    assert replayed.graph_reason == ("it draws random numbers" if drawing else "")
