"""The stand-in for experimental_setup.py: the published loop draws and finds what it did."""

import copy
import itertools
import re
import sys
import types
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from torch import nn

import fastmi
from benchmarks import reference
from fastmi import screens
from fastmi.compat import experimental_setup
from fastmi.compat.experimental_setup import (
    BufferedSequential,
    ReshapeLayer,
    ZivInformationPlane,
    experiment,
    fit,
    mutual_information_for_network_family,
)
from tests import told

# ruff: noqa: NPY002  (the published code draws from NumPy's global generator, and so must this)

EDGES = np.linspace(-1, 1, 50)


@pytest.fixture(autouse=True)
def seeded():
    """The same global generators for every test, and everybody else's back afterwards."""
    numpys, torchs = np.random.get_state(), torch.get_rng_state()
    np.random.seed(7)
    torch.default_generator.manual_seed(7)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    np.random.set_state(numpys)
    torch.set_rng_state(torchs)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mpl, "get_backend", lambda: "agg")  # no window opens, whatever the machine


def simple(n=200):
    return reference.simple_data(n)


def tanh(widths=(12, 5, 3, 1)):
    layers = [
        module for a, b in itertools.pairwise(widths) for module in (nn.Linear(a, b), nn.Tanh())
    ]
    return BufferedSequential(layers, [False, True] * (len(widths) - 1))


def conv():
    """14 x 14 images through one convolution, as in the report's last experiment."""
    layers = [
        ReshapeLayer((-1, 1, 14, 14)),
        nn.Conv2d(1, 2, 5, stride=3),
        nn.ReLU(),
        ReshapeLayer(-1, 32),
        nn.Linear(32, 9),
        nn.Tanh(),
        nn.Linear(9, 10),
        torch.tanh,
    ]
    return BufferedSequential(layers, [0, 0, 1, 0, 0, 1, 0, 1])


def same_state(one, other):
    return one[2:] == other[2:] and np.array_equal(one[1], other[1])


def family(n, c=5):
    x, y = simple(n)
    networks = [tanh() for _ in range(c)]
    return ZivInformationPlane(x, y, bins=EDGES), networks


# --- the information plane ------------------------------------------------------------------------


def test_every_golden_value_of_the_report(blog):
    for labels in (
        blog["Y"],
        blog["Y"][:, 0],
        blog["labels_passed"],
        np.eye(2)[blog["Y"][:, 0]],
        blog["Y"].tolist(),
    ):
        plane = ZivInformationPlane(blog["X"], labels, bins=blog["bins"])
        for i in range(6):
            copies = blog[f"L{i}/T_all_nets"]
            found = plane.mutual_information(copies[0])
            np.testing.assert_allclose(found, blog[f"L{i}/simple_net0_bits"], rtol=0, atol=1e-12)
            found = plane.mutual_information(torch.from_numpy(copies[blog["who"], np.arange(1000)]))
            np.testing.assert_allclose(found, blog[f"L{i}/extended_bits"], rtol=0, atol=1e-12)


def test_goldens_of_the_authors_under_the_default_bins(idnns):
    for case in ("edges_dupX", "noisy_dupX", "float64", "linear"):
        plane = ZivInformationPlane(idnns[f"{case}/X"], idnns[f"{case}/labels"])
        for name in (name for name in idnns if name.startswith(case) and name.endswith("/T")):
            expected = idnns[name.replace("/T", "/IXT_ITY_bits")][1]
            np.testing.assert_allclose(
                plane.mutual_information(idnns[name]), expected, rtol=0, atol=1e-12
            )


def test_a_layer_may_need_gradients_and_have_more_axes():
    x, y = simple()
    plane = ZivInformationPlane(torch.from_numpy(x), y)
    t = torch.rand(200, 4, requires_grad=True)
    found = plane.mutual_information(t)
    assert {type(value) for value in found} == {float}
    assert plane.mutual_information(t.reshape(200, 1, 2, 2)) == found


def test_labels_are_symbols_whatever_numbers_they_are():
    x, y = simple()
    t = np.tanh(x[:, :2] / 3)
    assert ZivInformationPlane(x, y * 0.3 - 0.1).mutual_information(t) == ZivInformationPlane(
        x, y
    ).mutual_information(t)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            np.zeros((200, 1, 1)),
            "y has shape (200, 1, 1): the labels of a plane are (n,) or (n, k)",
        ),
        (np.zeros(199), "different numbers of samples: x has 200, y has 199"),
    ],
)
def test_labels_of_another_shape_are_refused(y, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ZivInformationPlane(simple()[0], y)


# --- the networks ---------------------------------------------------------------------------------


def test_the_flagged_outputs_are_kept():
    network = tanh()
    assert (network.n_buffers, network.buffer) == (3, [])
    x = simple()[0]
    out = network(x)  # numbers, as in the published code
    assert [tuple(layer.shape) for layer in network.buffer] == [(200, 5), (200, 3), (200, 1)]
    assert torch.equal(network.buffer[-1], out)
    assert out.requires_grad
    assert not network.buffer[-1].requires_grad
    assert np.asarray(network.buffer[0]).dtype == np.float32
    expected = network.layers[1](network.layers[0](torch.tensor(x).float()))
    assert torch.equal(network.buffer[0], expected)


def test_one_sample_by_itself_is_buffered_too():
    network = tanh()
    network(simple()[0][0])
    assert [layer.data.numpy().shape for layer in network.buffer] == [(5,), (3,), (1,)]


def test_an_in_place_layer_does_not_reach_what_was_buffered():
    network = BufferedSequential([nn.Linear(3, 4), nn.ReLU(inplace=True)], [True, False])
    network(torch.randn(50, 3))
    assert (network.buffer[0] < 0).any()


def test_parameters_are_registered_and_the_network_can_be_copied():
    network = conv()
    network(torch.rand(2, 196))
    assert len(list(network.parameters())) == 6
    other = copy.deepcopy(network)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(torch.ones(2, 196)), network(torch.ones(2, 196)))
    assert (
        ReshapeLayer((-1, 9)).new_shape
        == ReshapeLayer(-1, 9).new_shape
        == ReshapeLayer([-1, 9]).new_shape
        == (-1, 9)
    )


@pytest.mark.parametrize(("flags", "n"), [([True], 1), ([True, False, True], 3)])
def test_a_flag_too_few_or_too_many_is_refused(flags, n):
    with pytest.raises(
        ValueError,
        match=f"buffer_or_not holds {n} flags for 2 layers: pass one flag for each layer",
    ):
        BufferedSequential([nn.Linear(3, 1), nn.Tanh()], flags)


@pytest.mark.parametrize(("make", "width", "outputs"), [(tanh, 12, 1), (conv, 196, 10)])
def test_they_work_inside_a_vmapped_ensemble(make, width, outputs):
    network = make()
    network(torch.zeros(3, width))
    before = [layer.clone() for layer in network.buffer]
    ensemble = fastmi.Ensemble(network, 3, watch=nn.Tanh, init="independent")
    x, y = torch.rand(3, 20, width), torch.rand(3, 20, outputs)
    losses = ensemble.step(x, y)
    layers = ensemble.activations(x[0])
    members = ensemble.networks()
    assert losses.shape == (3,)
    for i, member in enumerate(members):
        # nothing leaked
        assert all(
            torch.equal(kept, other) for kept, other in zip(member.buffer, before, strict=True)
        )
        member(x[0])
        assert [layer.data_ptr() != 0 for layer in member.buffer] == [True] * network.n_buffers
        last = [module for module in member.layers if isinstance(module, nn.Tanh)][-1]
        flagged = [
            module for module, flag in zip(member.layers, member.buffer_or_not, strict=True) if flag
        ]
        torch.testing.assert_close(
            layers[-1][i], member.buffer[flagged.index(last)], rtol=0, atol=1e-6
        )


# --- the extended estimator -----------------------------------------------------------------------


@pytest.mark.parametrize("c", [1, 2, 3, 5, 8, 50, 200])
def test_one_call_draws_what_scalar_calls_draw(c):
    start = np.random.get_state()
    one_by_one = [np.random.choice(range(c)) for _ in range(1000)]
    after = np.random.get_state()
    np.random.set_state(start)
    assert np.random.choice(c, 1000).tolist() == one_by_one
    assert same_state(np.random.get_state(), after)


def test_each_sample_goes_through_the_network_drawn_for_it(monkeypatch):
    infoplane, networks = family(200)
    seen = []
    measure = infoplane.mutual_information
    monkeypatch.setattr(
        infoplane, "mutual_information", lambda layer: seen.append(layer) or measure(layer)
    )
    start = np.random.get_state()
    found = mutual_information_for_network_family(infoplane, networks)
    after = np.random.get_state()

    np.random.set_state(start)  # the published way: one draw and one forward pass for each sample
    rows = [[], [], []]
    for x in infoplane.X:
        network = np.random.choice(networks)
        network(x)
        for row, value in zip(rows, network.buffer, strict=True):
            row.append(value.data.numpy())
    assert same_state(np.random.get_state(), after)
    x_ids, y_ids = reference.identify(infoplane.X), reference.identify(infoplane.Y)
    for layer, one_by_one, bits in zip(seen, rows, found, strict=True):
        np.testing.assert_allclose(layer, np.array(one_by_one), rtol=0, atol=1e-6)
        np.testing.assert_allclose(
            bits, reference.plane_point(x_ids, y_ids, layer, EDGES), rtol=0, atol=1e-12
        )


def test_a_family_of_more_networks_than_samples():
    infoplane, networks = family(6, c=40)
    assert len(mutual_information_for_network_family(infoplane, networks)) == 3


def test_networks_are_read_in_evaluation_mode_and_get_their_mode_back():
    x, y = simple()
    network = BufferedSequential(
        [nn.Linear(12, 4), nn.Dropout(0.5), nn.Tanh()], [False, False, True]
    )
    infoplane = ZivInformationPlane(x, y)
    first = mutual_information_for_network_family(infoplane, [network])
    assert mutual_information_for_network_family(infoplane, [network]) == first
    assert [module.training for module in network.modules()] == [True] * 5


def test_an_output_without_the_samples_is_refused():
    infoplane, _ = family(20)
    network = BufferedSequential([nn.Linear(12, 5), ReshapeLayer(-1, 20)], [False, True])
    with pytest.raises(
        ValueError, match=re.escape("buffer[0] has shape (5, 20) after a call on 20 samples")
    ):
        mutual_information_for_network_family(infoplane, [network])


def test_an_empty_family_is_refused():
    with pytest.raises(
        ValueError, match="buffered_networks is empty: there is nothing to draw from"
    ):
        mutual_information_for_network_family(family(20)[0], [])


# --- the published loop ---------------------------------------------------------------------------


def published_experiment(base_network, x, y, epochs, lr, batch_size, network_copies, estimate):
    """The shape of the notebook's loop; `estimate` is what it imports."""
    copies = [copy.deepcopy(base_network) for _ in range(network_copies)]
    solvers = [torch.optim.SGD(network.parameters(), lr=lr) for network in copies]
    infoplane = ZivInformationPlane(x, y, bins=EDGES)
    path = []
    for _ in range(epochs):
        for network, solver in zip(copies, solvers, strict=True):
            rows = np.random.permutation(range(len(x)))[:batch_size]
            x_batch, y_batch = (
                torch.from_numpy(x[rows]).float(),
                torch.from_numpy(y[rows, np.newaxis]).float(),
            )
            solver.zero_grad()
            nn.MSELoss()(network(x_batch), y_batch).backward()
            solver.step()
        path.append(estimate(infoplane, copies))
    return copies, np.array(path)


def recipe(infoplane, networks):
    """The report's estimate: scalar draws, and its recipe on the rows of the same batched forward
    passes.
    """
    who = np.array([np.random.choice(len(networks)) for _ in infoplane.X])
    layers = None
    for i, network in enumerate(networks):
        network(infoplane.X[who == i])
        outputs = [layer.numpy() for layer in network.buffer]
        layers = layers or [np.empty((len(who), output.shape[1]), np.float32) for output in outputs]
        for layer, output in zip(layers, outputs, strict=True):
            layer[who == i] = output
    x, y = reference.identify(infoplane.X), reference.identify(infoplane.Y)
    return [reference.plane_point(x, y, layer, EDGES) for layer in layers]


def test_the_published_loop_gives_the_published_values_and_draws():
    x, y = simple()
    base, start, arguments = (
        tanh(),
        np.random.get_state(),
        {"epochs": 4, "lr": 0.2, "batch_size": 101, "network_copies": 3},
    )
    _, found = published_experiment(
        base, x, y, **arguments, estimate=mutual_information_for_network_family
    )
    after = np.random.get_state()
    np.random.set_state(start)
    _, expected = published_experiment(base, x, y, **arguments, estimate=recipe)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert same_state(np.random.get_state(), after)


@pytest.mark.parametrize("network_copies", [1, 3])
def test_experiment_trains_and_draws_as_the_published_loop(network_copies):
    x, y = simple()
    base, start = tanh(), np.random.get_state()
    before = copy.deepcopy(base.state_dict())
    arguments = {"epochs": 6, "lr": 0.02, "batch_size": 101, "network_copies": network_copies}
    expected, path = published_experiment(
        base, x, y, **arguments, estimate=mutual_information_for_network_family
    )
    after = np.random.get_state()
    np.random.set_state(start)
    found = experiment(base, x, y, **arguments, plot=None)
    assert same_state(np.random.get_state(), after)
    assert isinstance(found, list)
    assert [type(network) for network in found] == [BufferedSequential] * network_copies
    for network, other in zip(found, expected, strict=True):
        for parameter, trained in zip(network.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(parameter, trained, rtol=0, atol=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in base.state_dict().items())
    bits = np.stack([found.plane.i_xt, found.plane.i_ty], axis=-1)[:, 0]
    # an activation on an edge may fall on its other side
    np.testing.assert_allclose(bits, path, rtol=0, atol=0.05)
    assert found.plane.epochs.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.plane.reading == ("sampled" if network_copies > 1 else "each")


def test_the_estimates_of_an_experiment_are_those_of_its_networks(monkeypatch):
    """On the activations of the ensemble, with the draws made at each epoch: the recipe's
    values.
    """
    seen = []
    sampled = experimental_setup._sampled

    def spy(estimator, layers, who):
        seen.append(([layer.numpy() for layer in layers], who))
        return sampled(estimator, layers, who)

    monkeypatch.setattr(experimental_setup, "_sampled", spy)
    monkeypatch.setattr(experimental_setup, "CHUNK_NETWORKS", 9)
    x, y = simple()
    plane = experiment(tanh(), x, y, epochs=7, network_copies=3, plot=None).plane
    assert [len(who) for _, who in seen] == [3, 3, 1]  # chunks
    x_ids, y_ids, epoch = reference.identify(x), reference.identify(y), 0
    for layers, who in seen:
        for e in range(len(who)):
            for i, layer in enumerate(layers):
                expected = reference.plane_point(
                    x_ids, y_ids, layer[e, who[e], np.arange(200)], EDGES
                )
                np.testing.assert_allclose(
                    (plane.i_xt[epoch, 0, i], plane.i_ty[epoch, 0, i]), expected, rtol=0, atol=1e-12
                )
            epoch += 1
    assert epoch == 7


def test_a_convolutional_experiment_on_one_hot_labels():
    x, classes = np.random.randint(50, size=(60, 196)), np.arange(60) % 10
    trained = experiment(
        conv(), x, np.eye(10)[classes], epochs=3, network_copies=2, batch_size=20, plot=None
    )
    assert trained.plane.i_xt.shape == (3, 1, 3)
    assert trained.plane.entropy_y == pytest.approx(np.log2(10))


def test_a_layer_that_stands_twice_is_read_where_it_is_flagged():
    shared = nn.Tanh()
    base = BufferedSequential(
        [nn.Linear(12, 4), shared, nn.Linear(4, 2), shared, nn.Linear(2, 1)], [0, 0, 0, 1, 1]
    )
    x, y = simple()
    trained = experiment(base, x, y, epochs=1, lr=0.01, plot=None)
    trained[0](x)
    expected = [
        ZivInformationPlane(x, y, bins=EDGES).mutual_information(layer)
        for layer in trained[0].buffer
    ]
    np.testing.assert_allclose(
        np.stack([trained.plane.i_xt[0, 0], trained.plane.i_ty[0, 0]], axis=-1),
        expected,
        rtol=0,
        atol=0.05,
    )


@pytest.mark.parametrize(
    "form", [lambda y: y, lambda y: y[:, None], lambda y: y.tolist(), torch.from_numpy, np.bool_]
)
def test_labels_take_the_shape_of_the_prediction(form):
    x, y = simple()
    base, start = tanh(), np.random.get_state()
    expected = experiment(base, x, y, epochs=2, plot=None)
    np.random.set_state(start)
    found = experiment(base, x, form(y), epochs=2, plot=None)
    np.testing.assert_array_equal(found.plane.i_xt, expected.plane.i_xt)
    assert torch.equal(found[0].layers[0].weight, expected[0].layers[0].weight)


def test_a_double_network_on_read_only_inputs():
    x, y = simple()
    x.flags.writeable = False
    trained = experiment(tanh().double(), x, y, epochs=2, network_copies=2, plot=None)
    assert trained[0].layers[0].weight.dtype == torch.float64


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [experiment, fit])
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"y": lambda y: y[:, None, None]}, ValueError, "y has shape (200, 1, 1)"),  # trap 1
        (
            {"y": lambda y: np.eye(2)[y]},
            ValueError,
            "y has shape (200, 2), but on 2 samples the network's prediction has (2, 1)",
        ),
        (
            {"network": lambda: nn.Linear(12, 1)},
            TypeError,
            "network is a Linear: pass a BufferedSequential(layers",
        ),
        (
            {"network": lambda: BufferedSequential([nn.Linear(12, 1)], [0])},
            ValueError,
            "network keeps no layer's output",
        ),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, not 0"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_any_step(run, changed, error, message):
    x, y = simple()
    numbers = {name: value for name, value in changed.items() if name not in ("network", "y")}
    network, y = changed.get("network", tanh)(), changed.get("y", np.asarray)(y)
    start = np.random.get_state()
    with pytest.raises(error, match=re.escape(message)):
        run(network, x, y, **numbers)
    assert same_state(np.random.get_state(), start)


def test_an_unknown_plot_is_refused():
    with pytest.raises(ValueError, match="plot must be one of 'dynamic', 'once', not 'always'"):
        experiment(tanh(), *simple(), plot="always")


# --- plots ----------------------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch):
    """What is shown, instead of showing it: [(epochs drawn, where)]."""
    calls = []

    def show(figure, where, path):
        calls.append((len(figure.axes[0].collections[0].get_offsets()), where))

    monkeypatch.setattr(screens, "show", show)
    return calls


@pytest.mark.parametrize("plot", ["dynamic", "once"])
def test_without_a_display_the_plane_is_one_file_and_one_line(plot, tmp_path, capsys):
    experiment(tanh(), *simple(), epochs=3, plot=plot)
    assert [path.name for path in tmp_path.iterdir()] == ["information_plane.png"]
    assert (tmp_path / "information_plane.png").read_bytes().startswith(b"\x89PNG")
    assert (
        capsys.readouterr().out
        == f"The information plane is in {tmp_path / 'information_plane.png'}\n"
    )


@pytest.mark.parametrize("plot", [None, False, ""])
def test_nothing_is_drawn_unless_asked_for(plot, tmp_path, capsys, shown):
    experiment(tanh(), *simple(), epochs=2, plot=plot)
    assert (shown, list(tmp_path.iterdir()), capsys.readouterr().out) == ([], [], "")


def test_networks_survive_a_folder_that_cannot_be_written(monkeypatch):
    def full(figure, where, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(screens, "show", full)
    with pytest.warns(
        UserWarning, match="the information plane could not be written: .*No space left"
    ):
        assert len(experiment(tanh(), *simple(), epochs=2, plot="once")) == 1


def test_once_is_drawn_once_at_the_end(shown, monkeypatch, capsys):
    monkeypatch.setattr(screens, "place", lambda: "window")
    monkeypatch.setattr(experimental_setup, "CHUNK_NETWORKS", 1)
    experiment(tanh(), *simple(), epochs=5, plot="once")
    assert shown == [(5, "window")]
    assert capsys.readouterr().out == ""


def test_dynamic_is_redrawn_while_the_plane_grows(shown, monkeypatch):
    monkeypatch.setattr(screens, "place", lambda: "notebook")
    monkeypatch.setattr(experimental_setup, "CHUNK_NETWORKS", 1)
    monkeypatch.setattr(screens, "MOST_SHARE", np.inf)  # as if drawing took no time
    experiment(tanh((12, 2, 1)), *simple(), epochs=4, plot="dynamic")
    assert shown == [
        (1, "notebook"),
        (2, "notebook"),
        (3, "notebook"),
        (4, "notebook"),
        (4, "notebook"),
    ]


def test_redrawing_is_bounded_in_number(shown, monkeypatch):
    monkeypatch.setattr(screens, "place", lambda: "window")
    monkeypatch.setattr(experimental_setup, "CHUNK_NETWORKS", 1)
    monkeypatch.setattr(screens, "MOST_SHARE", np.inf)
    assert screens.MOST_REDRAWINGS == 50
    monkeypatch.setattr(screens, "MOST_REDRAWINGS", 10)
    experiment(tanh((12, 2, 1)), *simple(), epochs=24, plot="dynamic")
    drawn = [epochs for epochs, _ in shown]
    assert len(drawn) == 10
    assert (drawn[0], drawn[-1]) == (1, 24)
    assert max(np.diff(drawn)) == 3  # spread over the whole training


def test_a_notebook_is_known_by_its_kernel(monkeypatch):
    shell = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert screens.place() == "file"  # IPython in a terminal
    shell.kernel = object()
    assert screens.place() == "notebook"


@pytest.mark.parametrize(
    ("backend", "place"),
    [("QtAgg", "window"), ("tkagg", "window"), ("agg", "file"), ("svg", "file")],
)
def test_windows_are_where_the_backend_has_them(backend, place, monkeypatch):
    monkeypatch.setattr(mpl, "get_backend", lambda: backend)
    # it can be loaded, whatever the machine
    monkeypatch.setattr("matplotlib.pyplot.switch_backend", lambda name: None)
    assert screens.place() == place


def test_a_notebook_cell_is_cleared_and_filled(monkeypatch):
    calls = []
    display = types.SimpleNamespace(
        clear_output=lambda wait: calls.append(("clear", wait)),
        display=calls.append,
        Image=lambda **image: image,
    )
    monkeypatch.setitem(
        sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None, display=display)
    )
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    plane = experiment(tanh(), *simple(), epochs=2, plot=None).plane
    screens.show(plane.plot(), "notebook", "unused.png")
    assert calls[0] == ("clear", True)
    assert calls[1]["data"].startswith(b"\x89PNG")
    assert not Path("unused.png").exists()


def test_a_window_shows_the_figure_in_place_of_the_last(monkeypatch):
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    monkeypatch.setattr(screens, "_interactive", lambda backend: True)
    calls = []
    monkeypatch.setattr(pyplot, "show", lambda block: calls.append(block))
    plane = experiment(tanh(), *simple(), epochs=2, plot=None).plane
    try:
        for _ in range(2):
            screens.show(plane.plot(), "window", "unused.png")
        (window,) = [pyplot.figure(number) for number in pyplot.get_fignums()]
        (image,) = window.axes[0].images
    finally:
        pyplot.close("all")
    assert calls == [False, False]
    assert image.get_array().std() > 0
    assert not Path("unused.png").exists()


# --- fit ------------------------------------------------------------------------------------------


def loss(network, x, y):
    with torch.no_grad():
        return nn.functional.mse_loss(network(x)[:, 0], torch.from_numpy(y).float()).item()


def test_fit_trains_in_place_checks_and_improves():
    x, y = simple(500)
    network = tanh()
    before = loss(network, x, y)
    checks = fit(network, x, y, epochs=12, epoch_length=10, mi_tol=0, lr=0.1)
    assert len(checks) == 12
    assert loss(network, x, y) < 0.8 * before
    assert checks[-1][1] > checks[0][1]  # I(T;Y) of the output
    for i_xt, i_ty in checks:
        assert 0 <= i_ty <= i_xt <= np.log2(500)


def test_fit_stops_when_the_objective_rests():
    x, y = simple()
    checks = fit(tanh(), x, y, epochs=40, epoch_length=2, mi_tol=0.1, beta=1)
    objective = [i_ty - i_xt for i_xt, i_ty in checks]
    moved = np.abs(np.diff(objective))
    # with beta = 1 the published one stops at its first check, or cannot run
    assert 2 <= len(checks) < 40
    assert moved[-1] < 0.1
    assert (moved[:-1] >= 0.1).all()


def test_beta_weighs_the_input():
    x, y = simple()
    base, start = tanh(), np.random.get_state()
    runs = []
    for beta in (0, 1):
        np.random.set_state(start)
        runs.append(
            fit(copy.deepcopy(base), x, y, epochs=40, epoch_length=2, mi_tol=0.02, beta=beta)
        )
    shorter, longer = sorted(runs, key=len)
    assert longer[: len(shorter)] == shorter
    i_ty = [point[1] for point in runs[0]]
    assert abs(i_ty[-1] - i_ty[-2]) < 0.02


def test_fit_stops_by_the_rule_of_the_package():
    path = np.array(fit(tanh(), *simple(), epochs=40, epoch_length=2, mi_tol=0.05, beta=0.5))
    assert 2 <= len(path) < 40
    assert (
        fastmi.InformationStopping(beta=0.5, tolerance=0.05, patience=1).first_stop(*path.T)
        == len(path) - 1
    )


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"mi_tol": -0.1}, ValueError, "mi_tol must be finite and at least 0, not -0.1"),
        ({"mi_tol": "0.1"}, TypeError, "mi_tol must be a number of at least 0, not '0.1'"),
        ({"beta": np.nan}, ValueError, "beta must be finite and at least 0, not nan"),
    ],
)
def test_fit_judges_the_rule_before_it_trains(changed, error, message):
    network = tanh()
    before = copy.deepcopy(network.state_dict())
    with pytest.raises(error) as caught:
        fit(network, *simple(), **changed)
    assert message in str(caught.value)
    assert all(torch.equal(before[name], leaf) for name, leaf in network.state_dict().items())


def test_fit_draws_batches_and_takes_a_loss():
    x, y = simple()
    calls, start = [], np.random.get_state()

    def spy(prediction, target):
        calls.append((prediction.shape, target.shape))
        return nn.functional.l1_loss(prediction, target)

    fit(tanh(), x, y, epochs=2, epoch_length=3, mi_tol=0, batch_size=50, loss=spy)
    assert calls == [((50, 1), (50, 1))] * 6
    after = np.random.get_state()
    np.random.set_state(start)
    for _ in range(2):
        for _ in range(3):
            np.random.permutation(range(200))
        for _ in range(200):
            np.random.choice(1)
    assert same_state(np.random.get_state(), after)


def test_threads_are_given_back():
    torch.set_num_threads(2)
    fit(tanh(), *simple(), epochs=1, epoch_length=1)
    experiment(tanh(), *simple(), epochs=1, plot=None)
    assert torch.get_num_threads() == 2


# --- nothing is taken unchecked -------------------------------------------------------------------


def refused(call, error, *parts):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert [part for part in parts if part not in message] == [], message


RATES = [
    ("fast", TypeError),
    (None, TypeError),
    (True, TypeError),
    (-0.1, ValueError),
    (np.nan, ValueError),
    (np.inf, ValueError),
]


@pytest.mark.parametrize(("lr", "error"), RATES, ids=told)
def test_a_learning_rate_is_a_number(lr, error):
    network = tanh()
    before = copy.deepcopy(network.state_dict())
    refused(
        lambda: experiment(network, *simple(), epochs=1, lr=lr, plot=None), error, "lr must be "
    )
    refused(lambda: fit(network, *simple(), epochs=1, lr=lr), error, "lr must be ")
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    experiment(network, *simple(), epochs=1, lr=np.float32(0.1), plot=None)


@pytest.mark.parametrize("plot", ["dynamics", 0, True, [], 1.0])
def test_a_plot_is_dynamic_or_once_or_none(plot):
    refused(
        lambda: experiment(tanh(), *simple(), epochs=1, plot=plot),
        ValueError,
        "plot must be one of 'dynamic', 'once', not ",
    )


@pytest.mark.parametrize("value", [0, [], "", "mse", False])
def test_a_loss_of_fit_is_not_dropped_because_it_is_falsy(value):
    refused(
        lambda: fit(tanh(), *simple(), epochs=1, loss=value),
        TypeError,
        f"loss is {value!r}, which cannot be called",
    )


@pytest.mark.parametrize(
    ("loss", "error", "part"),
    [
        (nn.MSELoss, TypeError, "loss is the class MSELoss: pass one of it, MSELoss()"),
        (lambda p, y: 0.5, TypeError, "loss returned a float, not a tensor"),
        (lambda p, y: p - y, ValueError, "loss returned shape (101, 1)"),
        (lambda p, y: (p - y).detach().mean(), ValueError, "loss does not depend on any parameter"),
    ],
    ids=["a class", "a float", "not reduced", "detached"],
)
def test_a_loss_of_fit_can_be_learnt_from(loss, error, part):
    refused(lambda: fit(tanh(), *simple(), epochs=1, loss=loss), error, part)
    assert len(fit(tanh(), *simple(), epochs=1, epoch_length=1, loss=nn.L1Loss())) == 1


def test_a_frozen_network_cannot_be_fitted():
    refused(
        lambda: fit(tanh().requires_grad_(False), *simple(), epochs=1),
        ValueError,
        "does not depend on any parameter that",
    )


@pytest.mark.parametrize(
    ("sizes", "error", "part"),
    [
        ((2.5,), TypeError, "new_shape holds 2.5: pass integers"),
        (("12",), TypeError, "new_shape holds '12': pass integers"),
        ((-1, None), TypeError, "new_shape holds None"),
        ((-1, True), TypeError, "new_shape holds True"),
        (([-1, 2.0],), TypeError, "new_shape holds 2.0"),
        ((), ValueError, "new_shape is (): pass sizes"),
        (([],), ValueError, "new_shape is (): pass sizes"),
        ((-1, -1), ValueError, "new_shape is (-1, -1): pass sizes of at least 1, and one -1"),
        ((-1, 0), ValueError, "new_shape is (-1, 0)"),
        (((-2, 3),), ValueError, "new_shape is (-2, 3)"),
    ],
    ids=told,
)
def test_a_shape_is_of_integers(sizes, error, part):
    refused(lambda: ReshapeLayer(*sizes), error, part)


@pytest.mark.parametrize(
    "sizes",
    [
        (-1, 9),
        ((-1, 9),),
        ([-1, 9],),
        (np.int64(-1), 9),
        (np.array([-1, 9]),),
        (torch.Size([1, 9]),),
    ],
    ids=told,
)
def test_a_shape_may_come_as_any_sequence(sizes):
    assert ReshapeLayer(*sizes).new_shape[-1] == 9
    assert {type(size) for size in ReshapeLayer(*sizes).new_shape} == {int}
    assert ReshapeLayer(9).new_shape == ReshapeLayer(np.int64(9)).new_shape == (9,)


@pytest.mark.parametrize(
    ("layers", "flags", "part"),
    [
        (
            [nn.Linear(3, 1), nn.Tanh],
            [False, True],
            "layers[1] is the class Tanh: pass one of it, Tanh(...)",
        ),
        (
            [nn.Linear(3, 1), 3],
            [False, True],
            "layers[1] is 3, which cannot be called: pass a module, or a function",
        ),
        (["tanh"], [True], "layers[0] is 'tanh', which cannot be called"),
        ([torch.tanh], ["no"], "buffer_or_not[0] is 'no': pass True or False for each layer"),
        ([torch.tanh, torch.tanh], "01", "buffer_or_not is '01': pass a list of flags"),
        ([torch.tanh, torch.tanh], [True, 2], "buffer_or_not[1] is 2: pass True or False"),
        ([torch.tanh], [None], "buffer_or_not[0] is None"),
        ([torch.tanh], [1.0], "buffer_or_not[0] is 1.0"),
    ],
    ids=told,
)
def test_layers_are_called_and_flags_are_true_or_false(layers, flags, part):
    refused(lambda: BufferedSequential(layers, flags), TypeError, part)
    assert BufferedSequential([torch.tanh] * 4, [np.True_, 1, False, np.int64(0)]).n_buffers == 2


def test_a_family_is_a_list_of_networks():
    infoplane, (network, *_) = family(20)
    call = mutual_information_for_network_family
    for given in (network, iter([network]), "networks", None, {network}):
        refused(
            lambda given=given: call(infoplane, given),
            TypeError,
            "buffered_networks is ",
            "pass a list of networks ([network])",
        )
    refused(
        lambda: call(infoplane, [network, None]),
        TypeError,
        "buffered_networks[1] is None, which cannot be called",
    )
    refused(
        lambda: call(infoplane, [nn.Linear(12, 1)]),
        TypeError,
        "buffered_networks[0] is a Linear without a list `buffer`",
    )
    for plane in (None, infoplane.estimator, (infoplane.X, infoplane.Y)):
        refused(
            lambda plane=plane: call(plane, [network]),
            TypeError,
            "infoplane is a ",
            "pass a ZivInformationPlane(X, Y)",
        )
    assert len(call(infoplane, (network,))) == 3


@pytest.mark.parametrize(
    ("widths", "units"),
    [((12, 5, 3), [5, 3]), ((12, 5, 3, 1, 1), [5, 3, 1, 1]), ((12, 4, 3, 1), [4, 3, 1])],
)
def test_a_family_keeps_the_same_layers(widths, units):
    """Of a layer that one network lacks, the samples of that network would be whatever was in
    memory.
    """
    infoplane, networks = family(40, c=3)
    networks.append(tanh(widths))
    message = (
        f"buffered_networks[3] keeps layers of {units} units, one before it of [5, 3, 1]: pass "
        "copies of one network"
    )
    refused(lambda: mutual_information_for_network_family(infoplane, networks), ValueError, message)


# --- whatever the caller has set ------------------------------------------------------------------


def lived(network, fitted):
    np.random.seed(3)
    x, y = simple()
    network(x)
    copies = experiment(network, x, y, epochs=3, network_copies=2, plot=None)
    path = fit(fitted, torch.from_numpy(x.copy()), y, epochs=2, epoch_length=3, mi_tol=0)
    bits = ZivInformationPlane(x, y).mutual_information(network.buffer[0])
    return [copies.plane.i_xt.tolist(), path, bits, [leaf.tolist() for leaf in fitted.parameters()]]


def raising():
    return np.errstate(all="raise")


def on_meta():
    return torch.device("meta")


@pytest.mark.parametrize("setting", [torch.no_grad, torch.inference_mode, on_meta, raising])
def test_what_the_caller_has_set_changes_nothing(setting):
    network, fitted = tanh(), tanh()
    again = copy.deepcopy(fitted)
    expected = lived(network, fitted)
    with setting():
        assert lived(network, again) == expected


def test_parameters_that_are_whole_numbers_do_not_decide_the_type():
    class Halving(nn.Module):
        def __init__(self):
            super().__init__()
            self.by = nn.Parameter(torch.tensor(2), requires_grad=False)

        def forward(self, x):
            return x / self.by

    network = BufferedSequential([Halving(), nn.Linear(3, 1)], [True, False])
    network(np.full((4, 3), 0.5))
    assert network.buffer[0].tolist() == [[0.25] * 3] * 4


@pytest.mark.parametrize(
    ("x", "part"),
    [
        (np.array([["a", "b", "c"]]), "x has dtype <U1"),
        (np.ma.masked_array(np.ones((2, 3))), "x is a masked array"),
        ([[object(), 1, 2]], "x has dtype object"),
    ],
    ids=["text", "masked", "objects"],
)
def test_a_network_is_called_on_numbers(x, part):
    network = BufferedSequential([nn.Linear(3, 1)], [True])
    refused(lambda: network(x), TypeError, part)
    assert network([[1, 2, 3]]).shape == network(np.ones((1, 3), ">f4")).shape == (1, 1)
