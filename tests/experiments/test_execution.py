"""What the runner makes of a run: planes of every measure, seed, sample and reading."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from experiments import execution, networks
from experiments.catalog import CATALOG
from experiments.datasets import load
from experiments.execution import execute
from experiments.networks import build
from experiments.summary import summary
from fastmi import Ensemble, LoopWarning, PlaneEstimator, use_backend
from tests import naive
from tests.experiments.shortened import SEEDED, SHORT

# --- the runner -----------------------------------------------------------------------------------


def test_three_readings_of_two_samples_for_every_epoch(result):
    assert [(plane.sample, plane.reading) for plane in result.planes] == list(
        itertools.product(["training", "held-out"], ["mean", "each", "sampled", "mixture"])
    )
    for plane in result.planes:
        assert plane.epochs.tolist() == [0, 1, 2, 3]
        assert plane.layers == ("layer 1", "layer 2", "layer 3", "layer 4", "layer 5", "output")
        assert plane.i_xt.shape == (4, 3 if plane.reading == "each" else 1, 6)
        assert (plane.data, plane.n_copies, plane.seed) == ("simple", 3, 0)


def test_a_plane_is_asked_for_by_its_reading_sample_and_seed(seeded):
    assert seeded.plane("each") is seeded.plane("each", "training", 4)
    plane = seeded.plane("mixture", "held-out", 6)
    assert (plane.reading, plane.sample, plane.seed) == ("mixture", "held-out", 6)


def test_at_the_shared_initialisation_all_readings_agree(result):
    for sample in ("training", "held-out"):
        single = result.plane("each", sample).i_xt[0, 0]
        for reading in ("mean", "sampled", "mixture"):
            np.testing.assert_allclose(result.plane(reading, sample).i_xt[0, 0], single, atol=1e-12)


def test_the_recorded_numbers_are_those_of_the_definition():
    """Computes the last epoch by hand: trains, forwards copy by copy, and counts in the oracle."""
    small = SHORT.varied(epochs=2, n_samples=120)
    streams = np.random.SeedSequence(small.training.seed).generate_state(4, np.uint64)
    data_seed, init_seed, copies_seed, who_seed = streams.tolist()
    data = load("simple", 120, data_seed)
    x, y = (
        torch.from_numpy(data.trained.x),
        torch.from_numpy(data.trained.classes * 2.0 - 1).float()[:, None],
    )
    ensemble = Ensemble(
        build("tanh", small.training.widths, init_seed >> 1),
        3,
        watch=torch.nn.Tanh,
        seed=copies_seed >> 1,
    )
    for _ in range(2):
        rows = ensemble.draw(120, 101)
        ensemble.step(x[rows], y[rows])
    edges = [float(edge) for edge in small.reads[0].binning.edges]
    result = execute(small)
    for name, sample in data.read.items():
        assignment = np.random.default_rng([who_seed, *name.encode()]).integers(3, size=(3, 120))[2]
        for i, layer in enumerate(layer.numpy() for layer in ensemble.activations(sample.x)):
            codes = naive.digitise(layer[assignment, np.arange(120)].tolist(), edges)
            plane = result.plane("sampled", name)
            assert plane.i_xt[-1, 0, i] == pytest.approx(naive.entropy(codes), abs=1e-12)
            assert plane.i_ty[-1, 0, i] == pytest.approx(
                naive.mutual_information(codes, sample.classes.tolist()), abs=1e-12
            )


def test_one_copy_has_one_reading():
    assert [plane.reading for plane in execute(CATALOG["warm-up"].varied(epochs=1)).planes] == [
        "each",
        "each",
    ]


def test_the_chunks_of_snapshots_leave_no_trace(result, monkeypatch):
    monkeypatch.setattr(execution, "NETWORKS_AT_ONCE", 1)
    again = execute(SHORT)
    for plane, other in zip(result.planes, again.planes, strict=True):
        assert np.array_equal(plane.i_xt, other.i_xt)
        assert np.array_equal(plane.i_ty, other.i_ty)


def test_the_planes_so_far_are_there_after_every_chunk(monkeypatch):
    monkeypatch.setattr(execution, "NETWORKS_AT_ONCE", 3)  # one snapshot of three copies
    seen = []
    execute(
        SHORT,
        on_planes=lambda planes, done: seen.append(
            (done, [plane.epochs.tolist() for plane in planes()])
        ),
    )
    assert [done for done, _ in seen] == [0, 1 / 3, 2 / 3, 1]
    assert [epochs for _, epochs in seen] == [[list(range(n))] * 8 for n in (1, 2, 3, 4)]


def test_copies_beyond_the_first_do_not_change_the_first(result):
    fewer = execute(SHORT.varied(copies=2))
    np.testing.assert_allclose(result.plane("each").i_xt[:, :2], fewer.plane("each").i_xt, atol=0.1)
    assert np.array_equal(result.plane("each").i_xt[0, :2], fewer.plane("each").i_xt[0])


def test_a_seed_among_several_has_the_path_of_that_seed_alone(seeded):
    assert len(seeded.planes) == 3 * 2 * 4
    for alone in SEEDED.training.alone:
        single = execute(SEEDED.varied(seed=alone.seed, seeds=1))
        for plane in single.planes:
            other = seeded.plane(plane.reading, plane.sample, alone.seed)
            assert np.array_equal(plane.i_xt[0], other.i_xt[0])
            assert np.array_equal(plane.i_ty[0], other.i_ty[0])
            # one rounding may move a sample to another bin
            np.testing.assert_allclose(plane.i_xt, other.i_xt, atol=0.1)
        for score in single.scores:
            (other,) = [
                candidate
                for candidate in seeded.scores
                if (candidate.sample, candidate.seed) == (score.sample, alone.seed)
            ]
            np.testing.assert_allclose(score.loss, other.loss, rtol=1e-4)
    # data of their own
    assert len({plane.i_xt[0].tobytes() for plane in seeded.planes if plane.reading == "each"}) == 6


def reduced(name):
    """The entry with fewer epochs, images and channels: all else, and every layer, is its own."""
    run = CATALOG[name].varied(epochs=2)
    if run.training.network == "resnet":  # most of its time goes into the codes of each reading
        return run.varied(epochs=1, n_samples=130, widths=(2, run.training.widths[-1]))
    return run.varied(n_samples=300) if run.training.data == "mnist" else run


@pytest.mark.parametrize("name", list(CATALOG))
@pytest.mark.parametrize("twin", ["numba", "torch"])
def test_every_entry_runs_a_few_epochs_on_both_twins(name, twin, images):
    with use_backend(twin):
        result = execute(reduced(name))
    assert all(np.isfinite(plane.i_xt).all() for plane in result.planes)
    assert all((plane.i_ty <= plane.entropy_y).all() for plane in result.planes)
    assert result.remark == ""


@pytest.mark.gpu
@pytest.mark.parametrize("name", list(CATALOG))
def test_every_entry_runs_a_few_epochs_on_a_gpu(name, images, cuda):
    result = execute(reduced(name), device=str(cuda))
    assert result.device.startswith(cuda.type)
    assert all(np.isfinite(plane.i_xt).all() for plane in result.planes)


def test_the_runner_gives_torch_its_threads_back():
    before = torch.get_num_threads()
    execute(SHORT.varied(epochs=1))
    assert torch.get_num_threads() == before


def test_a_default_device_of_the_caller_changes_nothing(result):
    """ "meta" stands in for a GPU: what is made there has no numbers."""
    torch.set_default_device("meta")
    try:
        again = execute(SHORT)
    finally:
        torch.set_default_device(None)
    for plane, other in zip(result.planes, again.planes, strict=True):
        assert plane.i_xt.tobytes() == other.i_xt.tobytes()
        assert plane.i_ty.tobytes() == other.i_ty.tobytes()
    for score, other in zip(result.scores, again.scores, strict=True):
        assert score.loss.tobytes() == other.loss.tobytes()
        assert score.accuracy.tobytes() == other.accuracy.tobytes()


def test_scores_cross_in_one_transfer_a_chunk(monkeypatch):
    waits, wait = [], torch.Tensor.cpu

    def counted(tensor):
        waits.append(tuple(tensor.shape))
        return wait(tensor)

    monkeypatch.setattr(torch.Tensor, "cpu", counted)
    monkeypatch.setattr(execution, "NETWORKS_AT_ONCE", 6)  # two snapshots of three copies
    execute(SHORT)
    # loss and accuracy of each chunk and sample; the losses of all steps at the end
    assert waits == [(2, 2, 3)] * 4 + [(3,)]


@pytest.mark.parametrize(("device", "waits"), [("cuda", 3), ("cuda:1", 3), ("cpu", 0)])
def test_the_clock_waits_for_a_device_at_the_end_of_a_stage(device, waits, monkeypatch):
    """A device computes until it is waited for: ten seconds belong to the stage that asked."""
    now, waited = [0.0], []

    def synchronize(which):
        waited.append(str(which))
        now[0] += 10

    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    monkeypatch.setattr(execution, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    clock = execution._Clock(torch.device(device))
    with clock("forward"):
        now[0] += 1
    assert list(clock.timed("train", iter("a"))) == ["a"]
    assert waited == [device] * waits
    per_wait = 10 if waits else 0
    assert clock.seconds == {"forward": 1 + per_wait, "train": 2 * per_wait}


class Recurrent(torch.nn.GRU):
    """Its last state, of one input at a time."""

    def forward(self, x):
        return super().forward(x[:, :, None])[0][:, -1]


class Undecided(torch.nn.Linear):
    """Control flow that depends on the data."""

    def forward(self, x):
        return super().forward(x if x.sum() > 0 else 2 * x)


def sequence(hidden):
    modules = {"layer 1": hidden, "linear": torch.nn.Linear(4, 1), "output": torch.nn.Tanh()}
    network = torch.nn.Sequential()
    for name, module in modules.items():
        network.add_module(name, module)
    return network


@pytest.mark.parametrize(
    ("build_it", "reason"),
    [
        (lambda widths: sequence(Recurrent(1, 4, batch_first=True)), "recurrent layers"),
        (lambda widths: sequence(Undecided(12, 4)), "data-"),
    ],
    ids=["recurrent", "undecided"],
)
@pytest.mark.parametrize("seeds", [1, 2])
def test_a_network_that_is_looped_over_trains_and_the_result_says_so(
    build_it, reason, seeds, monkeypatch
):
    monkeypatch.setitem(networks.NETWORKS, "looped", build_it)
    with pytest.warns(LoopWarning, match="one after the other"):
        result = execute(
            SHORT.varied(network="looped", n_samples=110, copies=2, epochs=2, seeds=seeds)
        )
    assert reason in result.remark
    assert summary(result).endswith(result.remark)
    assert result.plane("each").layers == ("layer 1", "output")
    assert not np.array_equal(result.plane("each").i_xt[0], result.plane("each").i_xt[2])


# --- shuffled labels ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def null():
    return execute(SHORT.varied(labels="shuffled"))


def test_the_training_sample_is_read_by_the_labels_it_learned_all_others_by_the_true_ones(
    result, null
):
    shuffled = "training (shuffled labels)"
    assert [(plane.sample, plane.reading) for plane in null.planes] == list(
        itertools.product([shuffled, "held-out"], ["mean", "each", "sampled", "mixture"])
    )
    assert {plane.data for plane in null.planes} == {"simple (trained on shuffled labels)"}
    assert [score.sample for score in null.scores] == [shuffled, "held-out"]
    for reading in ("each", "sampled", "mixture"):
        # at the initialisation, before any label is learned: x, network and assignment are the same
        for sample, its_name in (("training", shuffled), ("held-out", "held-out")):
            real, other = result.plane(reading, sample), null.plane(reading, its_name)
            assert np.array_equal(real.i_xt[0], other.i_xt[0])
            assert np.array_equal(real.i_ty[0], other.i_ty[0]) == (sample == "held-out")
            assert not np.array_equal(real.i_xt[-1], other.i_xt[-1])
            assert real.entropy_y == other.entropy_y  # class counts stay


def test_shuffled_labels_stand_at_chance_before_they_are_learned():
    real, null = (
        execute(CATALOG["tishby"].varied(epochs=1, labels=labels)).plane("each").points
        for labels in ("true", "shuffled")
    )
    assert np.array_equal(real.chance[0], null.chance[0])  # the same codes and class counts
    assert np.abs(null.i_ty - null.chance)[0].max() < 0.02
    assert (real.i_ty - real.chance)[0].max() > 0.1


def test_numbers_by_shuffled_labels_are_those_of_the_definition(null):
    """Computes the first epoch by hand, and shuffles by hand."""
    training = null.run.training
    streams = np.random.SeedSequence(training.seed).generate_state(5, np.uint64).tolist()
    data = load("simple", training.n_samples, streams[0])
    labels = np.random.default_rng(streams[4]).permutation(data.trained.classes)
    network = build("tanh", training.widths, streams[1] >> 1)
    edges = [float(edge) for edge in null.run.reads[0].binning.edges]
    outputs = Ensemble(network, 1, watch=torch.nn.Tanh).activations(data.trained.x)[-1].numpy()[0]
    codes = naive.digitise(outputs.tolist(), edges)
    assert null.plane("each").i_ty[0, 0, -1] == pytest.approx(
        naive.mutual_information(codes, labels.tolist()), abs=1e-12
    )
    answers = (outputs[:, 0] > 0).astype(int)  # of the targets -1 and 1 the nearest
    assert null.scores[0].accuracy[0, 0] == (answers == labels).mean()
    (held_out,) = (score for score in null.scores if score.sample == "held-out")
    outputs = Ensemble(network, 1, watch=torch.nn.Tanh).activations(data.read["held-out"].x)[-1]
    answers = (outputs.numpy()[0, :, 0] > 0).astype(int)
    assert held_out.accuracy[0, 0] == (answers == data.read["held-out"].classes).mean()


def test_of_a_population_what_was_trained_on_is_read_apart():
    null = execute(CATALOG["original"].varied(epochs=1, labels="shuffled"))
    assert [(plane.sample, plane.n_samples) for plane in null.planes] == [
        ("training (shuffled labels)", 3276),
        ("all patterns", 4096),
        ("held-out", 820),
    ]
    assert null.planes[0].chance is not None
    assert null.planes[1].chance is None  # a population, of which the true labels are known


# --- the words ------------------------------------------------------------------------------------


def test_the_estimator_of_a_run_takes_repeated_x():
    plane = PlaneEstimator(np.array([[0], [0], [1], [1]]), [0, 0, 1, 1], SHORT.reads[0].binning)
    assert plane.entropy_x == 1.0
