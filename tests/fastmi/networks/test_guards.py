"""Every guard of ensembles fires in its own words, on one line, and what it advises works."""

import copy
import functools
import re
import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from fastmi import Ensemble
from fastmi.networks import guards

X, Y = torch.linspace(-1, 1, 24).reshape(2, 4, 3), torch.linspace(-1, 1, 8).reshape(2, 4, 1)
ADAM = functools.partial(torch.optim.Adam, lr=0.01)
UNBATCHED = pytest.mark.filterwarnings(
    "ignore:There is a performance drop", "ignore:network .* cannot be vectorised"
)


def refused(call, error, *parts):
    """The message, which is one line and begins as said."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    assert [part for part in parts if part not in message] == [], message
    return message


def trains(network, x=X, y=Y, **options):
    """It steps, is read and is taken apart."""
    made = Ensemble(network, 2, **options)
    losses = made.step(x, y)
    assert torch.isfinite(losses).all()
    assert len(made.activations(x[0])) == len(made.layers)
    assert len(made.networks()) == 2
    return made


# --- networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_copies", [2**20 + 1, 10**9, np.int64(2**40)])
def test_no_absurd_number_of_copies_is_begun(n_copies):
    refused(
        lambda: Ensemble(nn.Linear(3, 1), n_copies),
        ValueError,
        "n_copies must be at most 1,048,576, not",
        "several ensembles",
    )


def lazy():
    return nn.Sequential(nn.LazyLinear(4), nn.Tanh(), nn.LazyLinear(1))


def test_a_lazy_network_is_called_first():
    network = lazy()
    refused(
        lambda: Ensemble(network, 2),
        ValueError,
        "network has no values at '0.weight' yet (a lazy module)",
        "network(x[:1])",
    )
    network(X[0][:1])
    trains(network)
    convolution = nn.Sequential(nn.Linear(3, 1), nn.LazyConv2d(1, 3))
    refused(lambda: Ensemble(convolution, 2), ValueError, "network has no values at '1.weight' yet")
    refused(
        lambda: Ensemble(nn.LazyBatchNorm1d(), 2),
        ValueError,
        "network has no values at 'weight' yet",
    )


def test_a_wrapper_of_devices_is_taken_off():
    wrapped = nn.DataParallel(nn.Linear(3, 1))
    refused(
        lambda: Ensemble(wrapped, 2),
        TypeError,
        "network is a DataParallel",
        "pass the module that it wraps (network.module)",
    )
    trains(wrapped.module)
    inner = nn.Sequential(nn.Linear(3, 3), nn.DataParallel(nn.Linear(3, 1)))
    refused(
        lambda: Ensemble(inner, 2), TypeError, "network.1 is a DataParallel", "(network.1.module)"
    )


def test_scripted_and_traced_modules_are_passed_as_they_were():
    linear = nn.Linear(3, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is on its way out
        scripted, traced = torch.jit.script(linear), torch.jit.trace(linear, X[0])
    for network, where in (
        (scripted, "network"),
        (traced, "network"),
        (nn.Sequential(scripted), "network.0"),
    ):
        refused(
            lambda network=network: Ensemble(network, 2),
            TypeError,
            f"{where} is a ",
            "the module that it was scripted from",
        )
    trains(linear)


def test_a_compiled_module_is_passed_as_it_was():
    compiled = torch.compile(nn.Linear(3, 1), backend="eager")
    refused(
        lambda: Ensemble(compiled, 2),
        TypeError,
        "network is compiled for a single copy",
        "(network._orig_mod)",
    )
    trains(compiled._orig_mod)
    inside = nn.Sequential(nn.Linear(3, 3), compiled)
    refused(
        lambda: Ensemble(inside, 2), TypeError, "network.1 is compiled", "(network.1._orig_mod)"
    )
    in_place = nn.Linear(3, 1)
    in_place.compile(backend="eager")
    trains(in_place)


def test_a_network_of_the_meta_device_is_given_values():
    network = nn.Linear(3, 1, device="meta")
    refused(
        lambda: Ensemble(network, 2),
        ValueError,
        "network has no values at 'weight' (device 'meta')",
        "to_empty(device='cpu')",
    )
    network = network.to_empty(device="cpu")
    network.reset_parameters()
    trains(network)
    partly = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, device="meta"))
    refused(
        lambda: Ensemble(partly, 2),
        ValueError,
        "network has no values at '1.weight' (device 'meta')",
    )


@pytest.mark.gpu
def test_a_network_on_two_devices_is_moved_to_one(cuda):
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1).to(cuda))
    refused(
        lambda: Ensemble(network, 2),
        ValueError,
        f"network lies on cpu and {cuda}",
        "network.to('cpu')",
    )
    trains(network.to("cpu"))


def test_a_network_on_two_devices_is_refused_without_a_second_one(monkeypatch):
    class Elsewhere:
        requires_grad, device = True, torch.device("cuda:1")

    network = nn.Linear(3, 1)
    monkeypatch.setattr(guards, "_plain_leaf", lambda name, leaf: None)
    monkeypatch.setattr(network, "buffers", lambda: [Elsewhere()])
    refused(
        lambda: guards.network(network),
        ValueError,
        "network lies on cpu and cuda:1: move it to one device",
        "network.to('cpu')",
    )


def test_a_frozen_network_is_unfrozen():
    network = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1)).requires_grad_(False)
    refused(
        lambda: Ensemble(network, 2),
        ValueError,
        "network is frozen",
        "(network.requires_grad_(True))",
    )
    trains(copy.deepcopy(network).requires_grad_(True))
    network[1].requires_grad_(True)
    made = trains(network)
    assert torch.equal(made.parameters["0.weight"][0], network[0].weight)


@pytest.mark.filterwarnings("ignore:ComplexHalf")
@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.complex32])
def test_parameters_that_cannot_be_trained_are_cast(dtype):
    network = nn.Linear(3, 1)
    network.weight = nn.Parameter(network.weight.detach().to(dtype))
    refused(
        lambda: Ensemble(network, 2),
        TypeError,
        f"network holds {dtype} at 'weight'",
        "network.to(torch.float32)",
    )
    if not dtype.is_complex:
        trains(network.to(torch.float32))


class Halved(nn.Module):
    """Its first parameter is a whole number."""

    def __init__(self):
        super().__init__()
        self.by = nn.Parameter(torch.tensor([2]), requires_grad=False)
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        return self.linear(x) / self.by


def test_floats_take_the_type_of_the_parameters_that_are_floats():
    from_numpy, from_tensors = (trains(Halved(), init="shared") for _ in range(2))
    from_tensors.restore(from_numpy.state())
    halves = np.full((2, 4, 3), 0.5)
    assert torch.equal(
        from_numpy.step(halves, Y.numpy()), from_tensors.step(torch.full((2, 4, 3), 0.5), Y)
    )
    assert from_numpy.parameters["by"].tolist() == [[2], [2]]


def test_quantised_networks_have_nothing_to_train():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao is on its way out
        network = torch.ao.quantization.quantize_dynamic(
            nn.Sequential(nn.Linear(3, 1)), {nn.Linear}
        )
    refused(
        lambda: Ensemble(network, 2),
        ValueError,
        "network (Sequential) has no parameters: there is nothing to train",
    )


def keeping(network, x):
    network.last = network(x)
    return network


@UNBATCHED
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        (
            lambda: weight_norm(nn.Linear(3, 1)),
            lambda: parametrizations.weight_norm(nn.Linear(3, 1)),
        ),
        (lambda: keeping(nn.Linear(3, 1), X[0]), lambda: nn.Linear(3, 1)),
        (lambda: locked(nn.Linear(3, 1)), lambda: nn.Linear(3, 1)),
    ],
    ids=["weight_norm", "outputs", "a lock"],
)
def test_a_network_that_cannot_be_copied_is_refused(broken, mended):
    network = broken()
    refused(
        lambda: Ensemble(network, 2),
        TypeError,
        "network (Linear) cannot be copied (",
        "keep no outputs in its attributes unless detached",
        "torch.nn.utils.parametrizations",
    )
    trains(mended())


def locked(network):
    network.lock = threading.Lock()
    return network


# --- weights that are computed, wrapped, lent -----------------------------------------------------


@UNBATCHED
@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm", "orthogonal"])
def test_parametrized_modules_are_layers_and_what_computes_their_weights_is_none(name):
    wrap = getattr(parametrizations, name)
    network = nn.Sequential(wrap(nn.Linear(3, 3)), nn.Tanh(), nn.Linear(3, 1))
    made = trains(network)
    assert made.layers == ("0", "1", "2")
    first = made.activations(X[0])[0]
    torch.testing.assert_close(
        first[1], made.networks()[1].eval()[0](X[0]).detach(), rtol=0, atol=1e-6
    )
    assert trains(wrap(nn.Linear(3, 1))).layers == ("network",)


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.out = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.attention(x, x, x)[0][:, 0])


class Encoding(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.out = (
            nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True),
            nn.Linear(4, 1),
        )

    def forward(self, x):
        return self.out(self.encoder(x)[:, 0])


@UNBATCHED
def test_attention_is_read_by_the_modules_that_it_calls():
    x = torch.linspace(-1, 1, 192).reshape(2, 4, 6, 4)
    assert trains(Attending(), x).layers == ("out",)
    made = trains(Encoding(), x)
    assert {"encoder.linear1", "encoder.norm2", "out"} <= set(made.layers)
    torch.testing.assert_close(
        made.activations(x[0])[-1][1], made.networks()[1](x[0]).detach(), rtol=0, atol=1e-5
    )


class Remembering(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.recurrent, self.out = kind(3, 2, batch_first=True), nn.Linear(2, 1)

    def forward(self, x):
        return self.out(self.recurrent(x)[0][:, -1])


@pytest.mark.filterwarnings("ignore::fastmi.LoopWarning")
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_layer_that_returns_several_things_is_left_out_by_naming_the_others(kind):
    x = torch.linspace(-1, 1, 120).reshape(2, 4, 5, 3)
    made = Ensemble(Remembering(kind), 2)
    message = refused(
        lambda: made.activations(x[0]),
        TypeError,
        "the watched module 'recurrent' returns a tuple, not a tensor",
    )
    watch = re.search(r"watch others \(watch=(\[.*\])\)", message)[1]
    assert trains(Remembering(kind), x, watch=eval(watch)).layers == ("out",)


@pytest.mark.filterwarnings("ignore::fastmi.LoopWarning")
def test_a_layer_alone_that_returns_several_things_is_wrapped():
    made = Ensemble(nn.LSTM(3, 2, batch_first=True), 2)
    x = torch.zeros(4, 5, 3)
    message = refused(
        lambda: made.activations(x),
        TypeError,
        "'network' returns a tuple, not a tensor: wrap it in a module that",
    )
    assert "watch=" not in message
    refused(
        lambda: made.step(torch.zeros(2, 4, 5, 3), Y),
        TypeError,
        "the network returns a tuple",
        "wrap it in a module",
    )

    class Last(nn.LSTM):
        def forward(self, x):
            return super().forward(x)[0][:, -1, :1]

    trains(nn.Sequential(Last(3, 2, batch_first=True)), torch.zeros(2, 4, 5, 3))


class Functional(nn.Module):
    """Calls none of its modules."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x):
        return nn.functional.linear(x, self.layer.weight, self.layer.bias)


@pytest.mark.parametrize("watch", [None, "layer", nn.Linear])
def test_where_no_module_is_called_the_whole_network_can_be_watched(watch):
    made = Ensemble(Functional(), 2, watch=watch)
    refused(lambda: made.activations(X[0]), ValueError, "forward never calls", '(watch="network")')
    made = trains(Functional(), watch="network")
    assert made.layers == ("network",)
    torch.testing.assert_close(
        made.activations(X[0])[0][1], made.networks()[1](X[0]).detach(), rtol=0, atol=1e-6
    )


# --- batches --------------------------------------------------------------------------------------

EXOTIC = {
    "float8": (
        lambda t: t.to(torch.float8_e4m3fn),
        "is of dtype torch.float8_e4m3fn",
        ".to(torch.float32)",
    ),
    "float8, other": (
        lambda t: t.to(torch.float8_e5m2),
        "is of dtype torch.float8_e5m2",
        ".to(torch.float32)",
    ),
    "quantised": (
        lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8),
        "is quantised (torch.qint8)",
        ".dequantize()",
    ),
    "quantised, other": (
        lambda t: torch.quantize_per_tensor(t, 0.1, 9, torch.quint8),
        "is quantised",
        ".dequantize()",
    ),
    "nested": (
        lambda t: torch.nested.nested_tensor(list(t)),
        "is a nested tensor",
        ".to_padded_tensor(0.0)",
    ),
    "jagged": (
        lambda t: torch.nested.nested_tensor(list(t), layout=torch.jagged),
        "is a nested",
        ".to_padded_tensor(0.0)",
    ),
    "sparse": (lambda t: t.to_sparse(), "is a torch.sparse_coo tensor", ".to_dense()"),
    "sparse rows": (lambda t: t[0].to_sparse_csr(), "is a torch.sparse_csr tensor", ".to_dense()"),
    "half complex": (
        lambda t: t.to(torch.complex32),
        "is of dtype torch.complex32",
        ".to(torch.complex64)",
    ),
    "uint16": (lambda t: t.abs().to(torch.uint16), "is of dtype torch.uint16", ".to(torch.int64)"),
    "uint64": (lambda t: t.abs().to(torch.uint64), "is of dtype torch.uint64", ".to(torch.int64)"),
}


@pytest.mark.filterwarnings("ignore:.*([Nn]ested|[Ss]parse|quantiz|ComplexHalf).*")
@pytest.mark.parametrize("kind", EXOTIC)
def test_tensors_that_networks_do_not_compute_with_are_made_plain(kind):
    make, what, way = EXOTIC[kind]
    made = Ensemble(nn.Linear(3, 1), 2)
    before = made.state()
    for name, call in {
        "x": lambda given: made.step(given, Y),
        "y": lambda given: made.step(X, given),
        "x ": made.activations,
    }.items():
        given = make(Y if name == "y" else X)
        message = refused(
            lambda call=call, given=given: call(given), TypeError, f"{name.strip()} {what}", way
        )
        advised = eval(
            re.search(r"([xy]\.[^:]*?\))(?:\)|$)", message)[1],
            {"x": given, "y": given, "torch": torch},
        )
        guards.batch("x", advised)
    assert {key: array.tobytes() for key, array in made.state().items()} == {
        k: a.tobytes() for k, a in before.items()
    }


@pytest.mark.parametrize(
    ("array", "parts"),
    [
        (np.full((2, 4, 3), "1.5"), ("x has dtype <U3", "x.astype(np.float32)")),
        (np.full((2, 4, 3), 1.5, object), ("x has dtype object", "x.astype(np.float32)")),
        (np.full((2, 4, 3), 3, np.uint64), ("x has dtype uint64", "x.astype(np.int64)")),
        (
            np.ma.masked_equal(np.arange(24.0).reshape(2, 4, 3), 5),
            ("x is a masked array", "x.filled(0)"),
        ),
    ],
)
def test_arrays_that_torch_does_not_take_are_cast_as_it_is_said(array, parts):
    made = Ensemble(nn.Linear(3, 1), 2)
    for call in (lambda x: made.step(x, Y), lambda x: made.activations(x[0])):
        refused(lambda call=call: call(array), TypeError, *parts)
    advised = eval(parts[1], {"x": array, "np": np})
    assert torch.isfinite(made.step(advised.astype(np.float64), Y)).all()


@pytest.mark.parametrize("dtype", [">f4", ">f8", np.longdouble, np.float16, "<f4"])
def test_any_floats_of_numpy_take_the_type_of_the_parameters(dtype):
    network = nn.Linear(3, 1)
    plain, other = Ensemble(network, 2), Ensemble(network, 2)
    assert torch.equal(
        plain.step(X.half().float(), Y), other.step(X.half().numpy().astype(dtype), Y)
    )


@pytest.mark.parametrize("dtype", [">i8", np.uint16, np.uint32, np.int64])
def test_any_class_numbers_of_numpy_are_taken(dtype):
    network, y = nn.Linear(3, 5), np.arange(8).reshape(2, 4) % 5
    plain, other = (Ensemble(network, 2, loss=nn.functional.cross_entropy) for _ in range(2))
    assert torch.equal(plain.step(X, torch.from_numpy(y)), other.step(X, y.astype(dtype)))


def test_whole_numbers_of_numpy_keep_their_values():
    for dtype in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, bool):
        given = np.array([0, 1, np.iinfo(dtype).max if dtype is not bool else 1]).astype(dtype)
        assert torch.from_numpy(guards.numbers("y", given)).tolist() == given.tolist()


def test_a_list_of_tensors_is_not_a_tensor():
    made = Ensemble(nn.Linear(3, 1), 2)
    given = [row.clone().requires_grad_() for row in X]
    refused(
        lambda: made.step(given, Y), TypeError, "x is a list: pass a torch tensor or a NumPy array"
    )
    refused(
        lambda: made.step(X, tuple(Y)),
        TypeError,
        "y is a tuple: pass a torch tensor or a NumPy array",
    )
    made.step(torch.stack(given), Y)


def test_what_x_was_computed_from_receives_no_gradient():
    made = Ensemble(nn.Linear(3, 1), 2)
    x, y = X.clone().requires_grad_(), Y.clone().requires_grad_()
    computed = x * 2
    for _ in range(2):  # the caller's graph is not used up
        made.step(computed, y)
    assert x.grad is None
    assert y.grad is None
    computed.sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize(
    ("x", "y", "wrong"),
    [((2, 0, 3), (2, 0, 1), "x"), ((2, 4, 3), (2, 0, 1), "y"), ((2, 4, 0), (2, 4, 1), "x")],
)
def test_a_batch_without_samples_is_refused(x, y, wrong):
    made = Ensemble(nn.Linear(3, 1), 2)
    before = made.snapshot()
    refused(
        lambda: made.step(torch.zeros(x), torch.zeros(y)),
        ValueError,
        f"{wrong} is empty, {x if wrong == 'x' else y}: a batch without samples has no loss",
    )
    assert all(torch.equal(leaf, before[name]) for name, leaf in made.snapshot().items())


def test_a_single_sample_needs_its_axis():
    made = Ensemble(nn.Linear(1, 1), 2)
    refused(
        lambda: made.activations(torch.tensor(1.0)),
        ValueError,
        "x has shape (): pass samples",
        "x[None]",
    )
    refused(lambda: made.activations(np.array(1.0)), ValueError, "x has shape (): pass samples")
    assert made.activations(torch.tensor(1.0)[None][None])[0].shape == (2, 1, 1)


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, "", [], (), False, {}, "mse", 0.0])
@pytest.mark.parametrize("option", ["loss", "optimizer"])
def test_a_setting_is_not_dropped_because_it_is_falsy(option, value):
    refused(
        lambda: Ensemble(nn.Linear(3, 1), 2, **{option: value}),
        TypeError,
        f"{option} is {value!r}, which cannot be called",
    )
    trains(nn.Linear(3, 1), **{option: None})


@pytest.mark.parametrize("nothing", [[], (), set(), frozenset()])
def test_watching_nothing_is_not_watching_everything(nothing):
    refused(
        lambda: Ensemble(nn.Linear(3, 1), 2, watch=nothing),
        ValueError,
        "watch is empty",
        "leave it out (None)",
    )
    assert trains(nn.Linear(3, 1), watch=None).layers == ("network",)


def test_an_empty_name_is_none_of_a_module():
    refused(
        lambda: Ensemble(nn.Linear(3, 1), 2, watch=""),
        ValueError,
        "watch holds '', which the network does not have",
    )


@pytest.mark.parametrize(
    "made",
    [nn.Tanh(), nn.Sequential(nn.Linear(3, 3), nn.Tanh()), [nn.Tanh()], 0, {"1": nn.Tanh}, [None]],
)
def test_a_module_is_watched_by_its_name_or_type(made):
    network = nn.Sequential(nn.Linear(3, 1), nn.Tanh())
    refused(
        lambda: Ensemble(network, 2, watch=made),
        TypeError,
        "watch holds ",
        "(torch.nn.Tanh, not torch.nn.Tanh())",
    )
    assert trains(network, watch=torch.nn.Tanh).layers == ("1",)


def test_a_long_list_of_modules_is_cut_short():
    network = nn.Sequential(*(nn.Linear(3, 3) for _ in range(300)))
    message = refused(
        lambda: Ensemble(network, 2, watch="first"),
        ValueError,
        "and 281 more (network.named_modules())",
    )
    assert "its modules are network, 0, 1, 2," in message


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
def test_an_optimiser_is_a_recipe_and_not_an_optimiser(kind):
    optimizer = kind(nn.Linear(3, 1).parameters())
    refused(
        lambda: Ensemble(nn.Linear(3, 1), 2, optimizer=optimizer),
        TypeError,
        "optimizer is ",
        "pass parameters -> an optimiser",
    )
    trains(nn.Linear(3, 1), optimizer=lambda parameters: kind(parameters, lr=0.01))


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.L1Loss])
def test_a_loss_is_one_of_its_class(kind):
    refused(
        lambda: Ensemble(nn.Linear(3, 1), 2, loss=kind),
        TypeError,
        f"loss is the class {kind.__name__}",
        f"{kind.__name__}()",
    )
    trains(nn.Linear(3, 1), loss=kind())


@pytest.mark.parametrize(
    ("loss", "error", "parts"),
    [
        (
            lambda p, y: 0.5,
            TypeError,
            ("loss returned a float, not a tensor", "what torch computes from the prediction"),
        ),
        (lambda p, y: (p - y).square(), ValueError, ("loss returned shape (4, 1)", ".mean()")),
        (
            lambda p, y: (p - y).detach().square().mean(),
            ValueError,
            ("does not depend on any parameter", ".detach()"),
        ),
        (lambda p, y: y.square().mean(), ValueError, ("does not depend on any parameter",)),
        (lambda p, y: (p > y).sum(), ValueError, ("does not depend on any parameter",)),
        (
            lambda p, y: (p * 1j).sum(),
            ValueError,
            ("loss returned torch.complex64: it must be real", ".abs().square().mean()"),
        ),
    ],
    ids=["a float", "not reduced", "detached", "of the target", "a count", "complex"],
)
def test_a_loss_that_cannot_be_learnt_from_is_refused(loss, error, parts):
    made = Ensemble(nn.Linear(3, 1), 2, loss=loss)
    before = made.snapshot()
    refused(lambda: made.step(X, Y), error, *parts)
    assert all(torch.equal(leaf, before[name]) for name, leaf in made.snapshot().items())


def test_a_complex_network_learns_from_a_real_loss():
    network = nn.Linear(3, 1, dtype=torch.complex64)
    x, y = X.to(torch.complex64), Y.to(torch.complex64)
    made = trains(network, x, y, loss=lambda p, y: (p - y).abs().square().mean(), optimizer=ADAM)
    made.restore(made.state())


def test_arrays_are_no_snapshots_until_they_are_tensors():
    made = Ensemble(nn.Linear(3, 1), 2)
    kept = {name: leaf.numpy() for name, leaf in made.snapshot().items()}
    refused(
        lambda: made.activations(X[0], [kept]),
        ValueError,
        "snapshots[0] is not a snapshot",
        "torch.from_numpy(...)",
    )
    made.activations(
        X[0], [{name: torch.from_numpy(leaf).to(made.device) for name, leaf in kept.items()}]
    )
    wider = {name: leaf.double() for name, leaf in made.snapshot().items()}
    refused(
        lambda: made.activations(X[0], [made.snapshot(), wider]),
        ValueError,
        "snapshots[1] is not a snapshot",
    )


# --- states ---------------------------------------------------------------------------------------


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))


def changed(state, name, value):
    return {**state, name: np.asarray(value)}


def stepped(optimizer=None, **options):
    made = Ensemble(network(), 2, optimizer=optimizer, **options)
    made.step(X, Y)
    return made


def refuses_state(made, state, *parts):
    """And is left as it was."""
    before = {name: array.tobytes() for name, array in made.state().items()}
    message = refused(lambda: made.restore(state), ValueError, *parts)
    assert {name: array.tobytes() for name, array in made.state().items()} == before
    return message


@pytest.mark.parametrize(
    ("option", "value", "part"),
    [
        ("lr", "fast", "its 'optimizer/SGD/0/lr' is <U4 ()"),
        ("lr", None, "its 'optimizer/SGD/0/lr' is object ()"),
        ("lr", True, "its 'optimizer/SGD/0/lr' is bool ()"),
        ("lr", [0.1], "its 'optimizer/SGD/0/lr' is float64 (1,)"),
        ("lr", -1, "its 'optimizer/SGD/0' makes no SGD (Invalid learning rate: -1)"),
        ("lr", np.nan, "its 'optimizer/SGD/0/lr' is nan"),
        ("lr", np.inf, "its 'optimizer/SGD/0/lr' is inf"),
        ("momentum", -0.5, "its 'optimizer/SGD/0' makes no SGD (Invalid momentum value: -0.5)"),
        ("weight_decay", -np.inf, "its 'optimizer/SGD/0/weight_decay' is -inf"),
        (
            "nesterov",
            True,
            "its 'optimizer/SGD/0/nesterov' is True, where this ensemble's is False",
        ),
        ("maximize", 1, "its 'optimizer/SGD/0/maximize' is int64 ()"),
        (
            "maximize",
            True,
            "its 'optimizer/SGD/0/maximize' is True, where this ensemble's is False",
        ),
    ],
)
def test_options_that_no_optimiser_had_are_refused(option, value, part):
    made = stepped()
    refuses_state(made, changed(made.state(), f"optimizer/SGD/0/{option}", value), part)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("0/betas", [0.9, 1.5], "makes no Adam (Invalid beta parameter at index 1: 1.5)"),
        ("0/betas", [0.9, np.nan], "is (0.9, nan)"),
        ("0/eps", -1e-8, "makes no Adam (Invalid epsilon value: -1e-08)"),
        ("0/amsgrad", True, "is True, where this ensemble's is False"),
    ],
)
def test_options_of_other_optimisers_are_looked_at_too(name, value, part):
    made = stepped(ADAM)
    refuses_state(
        made,
        changed(made.state(), f"optimizer/Adam/{name}", value),
        "state is none that an ensemble had",
        part,
    )


def test_options_that_a_scheduler_changes_are_taken():
    made = stepped(functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9))
    state = made.state()
    for name, value in (("lr", 0), ("lr", 3), ("momentum", 0.5), ("weight_decay", 0.1)):
        made.restore(changed(state, f"optimizer/SGD/0/{name}", value))
        assert made.optimizer.param_groups[0][name] == value


def test_an_option_that_is_endless_here_may_be_so_in_a_state():
    made = stepped(functools.partial(torch.optim.Rprop, step_sizes=(1e-6, np.inf)))
    made.restore(made.state())
    assert made.optimizer.param_groups[0]["step_sizes"] == (1e-6, np.inf)


@pytest.mark.parametrize("name", ["optimizer/SGD/0/lr", "optimizer/SGD/0/momentum"])
def test_options_that_are_missing_are_named(name):
    made = stepped()
    state = made.state()
    del state[name]
    refuses_state(made, state, f"it has no {name!r}")


@pytest.mark.parametrize("value", [-1, 1.5, np.nan, np.inf, "3"])
def test_steps_are_whole_and_not_negative(value):
    made = stepped(ADAM)
    name = "optimizer/0/step"
    refuses_state(
        made,
        changed(made.state(), name, value),
        f"its {name!r} ",
        "<U1" if value == "3" else f"holds {float(value)}",
    )


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Adam", "exp_avg_sq"),
        ("RMSprop", "square_avg"),
        ("Adagrad", "sum"),
        ("Adadelta", "acc_delta"),
        ("Adamax", "exp_inf"),
    ],
)
def test_means_of_squares_are_not_negative(kind, name):
    made = stepped(functools.partial(getattr(torch.optim, kind), lr=0.01))
    state = made.state()
    wrong = state[f"optimizer/0/{name}"].copy()
    wrong.flat[3] = -0.25
    refuses_state(
        made, changed(state, f"optimizer/0/{name}", wrong), f"its 'optimizer/0/{name}' holds -0.25"
    )
    dead = np.full_like(wrong, np.nan)  # of a network that has died, honestly
    made.restore(changed(state, f"optimizer/0/{name}", dead))


@pytest.mark.parametrize("name", ["batches/1", "dropout/0"])
@pytest.mark.parametrize("fill", [0, 255, 7])
def test_bytes_that_are_no_generator_are_refused(name, fill):
    made = stepped()
    state = made.state()
    refuses_state(
        made,
        changed(state, name, np.full_like(state[name], fill)),
        f"its {name!r} is not the state of a generator",
    )


def test_batches_are_counted_from_zero():
    made = stepped()
    state = made.state()
    name = "buffers/1.num_batches_tracked"
    refuses_state(made, changed(state, name, [3, -2]), f"its {name!r} holds -2")
    made.restore(changed(state, name, [3, 0]))


class Named(nn.Module):
    """A buffer that has the name of what optimisers remember."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.register_buffer("mu", torch.tensor(-1.0))

    def forward(self, x):
        return self.linear(x) + self.mu


def test_a_buffer_may_hold_anything():
    made = trains(Named())
    made.restore(made.state())
    assert made.snapshot()["mu"].tolist() == [-1, -1]


@pytest.mark.parametrize("value", [3, True, [""]])
def test_the_reason_of_a_loop_is_a_string(value):
    made = stepped()
    refuses_state(made, changed(made.state(), "loop/reason", value), "its 'loop/reason' is ")


@pytest.mark.parametrize("value", [[1, 2], None, torch.zeros(3), {}])
def test_a_state_holds_arrays(value):
    made = stepped()
    state = made.state() | {"optimizer/SGD/0/lr": value}
    refused(
        lambda: made.restore(state),
        TypeError,
        f"state holds a {type(value).__name__} at 'optimizer/SGD/0/lr': its values are NumPy",
    )


@pytest.mark.parametrize("kind", guards.ELEMENTWISE)
def test_every_honest_state_is_taken(kind):
    made = stepped(functools.partial(getattr(torch.optim, kind), lr=0.01))
    made.step(X, Y)
    state = made.state()
    other = stepped(functools.partial(getattr(torch.optim, kind), lr=0.02))
    other.restore(state)
    assert {name: array.tobytes() for name, array in other.state().items()} == {
        k: a.tobytes() for k, a in state.items()
    }


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.uint8, torch.int64])
@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.Linear(3, 1),
        lambda: nn.Sequential(nn.Conv1d(4, 1, 1), nn.Flatten(1), nn.Linear(3, 1)),
    ],
)
def test_x_of_another_type_than_the_parameters_is_cast(build, dtype):
    made, x = Ensemble(build(), 2), X.to(dtype)
    x = x if made.parameters.keys() == {"weight", "bias"} else x[:, None].expand(2, 4, 4, 3)
    before = made.snapshot()
    for call in (lambda: made.step(x, Y), lambda: made.activations(x[0])):
        refused(
            call,
            TypeError,
            f"x is of dtype {dtype}, the network's parameters of torch.float32 (",
            "x.to(torch.float32)",
        )
    assert all(torch.equal(leaf, before[name]) for name, leaf in made.snapshot().items())
    made.step(x.to(torch.float32), Y)
    made.activations(x[0].numpy().astype(np.float32))


def test_a_network_that_casts_takes_any_type():
    class Casting(nn.Linear):
        def forward(self, x):
            return super().forward(x.to(self.weight.dtype))

    for dtype in (torch.float64, torch.uint8, torch.float32):
        trains(Casting(3, 1), X.to(dtype))
    embedding = nn.Sequential(nn.Embedding(5, 2), nn.Flatten(1), nn.Linear(6, 1))
    trains(embedding, (X.abs() * 4).long())
