"""The runs as data, their samples and networks, and what the runner makes of them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments import datasets, mnist, networks, runner, training
from experiments.catalog import CATALOG
from experiments.datasets import load, simple_truth
from experiments.drawing import picture
from experiments.networks import build, watched
from experiments.runner import execute
from experiments.summary import findings, summary
from experiments.training import Seeds, Trainer, seeds_of
from fastmi import Ensemble, LoopWarning, PlaneEstimator, tables, use_backend
from tests import DATA, naive

SHORT = CATALOG["tishby-extended"].varied(epochs=3, n_samples=200, copies=3)
SEEDED = SHORT.varied(seed=4, seeds=3, copies=2)


@pytest.fixture(scope="module")
def result():
    return execute(SHORT)


@pytest.fixture(scope="module")
def seeded():
    return execute(SEEDED)


@pytest.fixture(scope="module")
def stand_in():
    """As many images as MNIST has, but for the test images, of which there are 200; a bright rim at
    the top.
    """
    n = 60_200
    pixels = (
        np.frombuffer(np.random.default_rng(0).bytes(n * 784), np.uint8).reshape(n, 28, 28).copy()
    )
    pixels[:, :4] = 255
    return mnist.Images(pixels, np.arange(n, dtype=np.uint8) % 10)


@pytest.fixture
def images(monkeypatch, stand_in):
    monkeypatch.setattr(mnist, "find", lambda: stand_in)
    return stand_in


def rows_of(sample):
    return {row.tobytes() for row in sample.x}


# --- data -----------------------------------------------------------------------------------------


def test_the_simple_data_has_the_distribution_that_enumeration_gives():
    for sample in load("simple", 200_000, seed=0).read.values():
        assert set(np.unique(sample.x)) == {-1, 0, 1, 2, 3}
        assert abs(sample.classes.mean() - 0.7601) < 0.004
        assert (sample.x.dtype, sample.classes.dtype) == (np.float32, np.int64)


def test_the_truth_of_the_simple_data_by_enumeration():
    assert simple_truth() == pytest.approx((0.7601, 0.7949, 0.6036), abs=5e-5)


@pytest.mark.parametrize("name", list(datasets.DATASETS))
def test_data_depend_on_the_seed_alone(name, images):
    n = 4096 if name == "var-u" else 300
    one, same, other = (load(name, n, seed=seed) for seed in (3, 3, 4))
    for key, sample in one.read.items():
        assert np.array_equal(sample.x, same.read[key].x)
        assert np.array_equal(sample.classes, same.read[key].classes)
        assert len(sample.x) == len(sample.classes)
    # of which nothing is drawn
    assert np.array_equal(one.trained.x, other.trained.x) == (name == "mnist")


@pytest.mark.parametrize("name", list(datasets.DATASETS))
def test_every_data_set_is_read_on_a_published_and_on_a_held_out_sample(name, images):
    data = load(name, 4096 if name == "var-u" else 300, seed=0)
    published, held_out, *_ = data.read
    assert (published, held_out) == ("all patterns" if name == "var-u" else "training", "held-out")
    assert name == "var-u" or data.read["training"] is data.trained
    # draws from 5^12 patterns
    if name not in ("simple", "simple-and-fresh", "complicated", "complicated-intended"):
        assert not rows_of(data.trained) & rows_of(data.read["held-out"])


def test_an_unknown_data_set_names_those_that_are_there():
    with pytest.raises(ValueError, match=r"data is 'cifar'.*simple"):
        load("cifar", 10, seed=0)


def test_the_simple_samples_are_draws_of_their_own():
    data = load("simple", 1000, seed=0)
    assert len(data.read["held-out"].x) == 1000
    assert len(rows_of(data.trained) & rows_of(data.read["held-out"])) <= 1


def test_the_rules_for_stopping_are_judged_on_samples_that_nothing_else_saw():
    data, simple = load("simple-and-fresh", 1000, seed=0), load("simple", 1000, seed=0)
    assert list(data.read) == ["training", "held-out", "fresh"]
    assert data.name == "simple"
    assert len(data.read["fresh"].x) == 20_000
    assert all(np.array_equal(data.read[name].x, sample.x) for name, sample in simple.read.items())
    assert (
        len(rows_of(data.read["fresh"]) & (rows_of(data.trained) | rows_of(data.read["held-out"])))
        <= 2
    )


def by_hand(rule, sample, threshold=None):
    """The share of classes that are those of the rule without its noise: above the mean score, that
    of the sample or given.
    """
    scores = [rule([int(value) for value in row]) for row in sample.x.tolist()]
    threshold = np.mean(scores) if threshold is None else threshold
    return (sample.classes == (np.array(scores) > threshold)).mean(), threshold


@pytest.mark.parametrize(
    ("name", "rule", "share"),
    [
        # noise of 0.2 against steps of one and more
        ("complicated", lambda row: -(row[0] ** 2), 0.99),
        (
            "complicated-intended",
            lambda row: sum(row[i] * row[i + 1] for i in (2, 4, 6, 8, 10)) - row[0] ** 2,
            0.97,
        ),
    ],
)
def test_the_complicated_labels_follow_their_rule_and_held_out_ones_the_same_threshold(
    name, rule, share
):
    data = load(name, 4000, seed=0)
    right, threshold = by_hand(rule, data.trained)
    assert right > share
    assert by_hand(rule, data.read["held-out"], threshold)[0] > share
    assert data.name == name


def test_held_out_labels_keep_the_training_sample_s_threshold_where_their_own_mean_is_another():
    """With one sample the threshold is its own score, so the noise alone decides; held-out ones are
    decided by their scores.
    """
    classes = []
    for seed in range(300):
        data = load("complicated", 1, seed)
        (x,), (held,) = data.trained.x, data.read["held-out"].x
        if held[0] ** 2 != x[0] ** 2:
            classes.append(data.read["held-out"].classes[0] == (held[0] ** 2 < x[0] ** 2))
    assert len(classes) > 100
    assert all(classes)


def test_pooling_wraps_as_published_and_does_not_as_intended(images):
    wrapped, widened = (load(name, 200, seed=1) for name in ("mnist-pooled", "mnist-widened"))
    for key in ("training", "held-out"):
        assert np.array_equal(wrapped.read[key].classes, widened.read[key].classes)
        assert widened.read[key].x.reshape(-1, 14, 14)[:, :2].min() == 4 * 255 // 20
        assert wrapped.read[key].x.reshape(-1, 14, 14)[:, :2].max() == (4 * 255 % 256) // 20
        assert wrapped.read[key].x.max() <= 255 // 20
        assert widened.read[key].x.shape == (200, 196)


def test_a_pooled_pixel_is_the_sum_of_its_block(images):
    data = load("mnist-widened", 1, seed=3)
    block = images.pixels[
        np.random.default_rng(3).integers(len(images.pixels), size=1)[0], 10:12, 6:8
    ]
    assert (
        data.trained.x[0].reshape(14, 14)[5, 3] == sum(int(value) for value in block.ravel()) // 20
    )


@pytest.mark.parametrize("name", ["mnist-pooled", "digits"])
def test_no_image_that_was_drawn_is_held_out(name, monkeypatch, stand_in):
    few = mnist.Images(stand_in.pixels[:600], stand_in.labels[:600])
    monkeypatch.setattr(mnist, "find", lambda: few)
    data = load(name, 400, seed=0)  # of 600 images: two draws would share 300
    assert len(rows_of(data.trained)) < 400  # with replacement, as published
    assert not rows_of(data.trained) & rows_of(data.read["held-out"])
    assert len(data.read["held-out"].x) == 400


def test_the_whole_of_mnist_is_its_training_images_and_its_test_images(images):
    data = load("mnist", 60_000, seed=0)
    training, test = data.read["training"], data.read["held-out"]
    assert (training.x.shape, test.x.shape) == ((60_000, 784), (200, 784))
    assert np.array_equal(test.x, images.pixels[60_000:].reshape(200, 784) / np.float32(255))
    assert np.array_equal(training.x[59_999] * 255, images.pixels[59_999].ravel())
    assert np.array_equal(np.concatenate([training.classes, test.classes]), images.labels)
    assert (training.x.min(), training.x.max()) == (0, 1)
    fewer = load("mnist", 100, seed=0)
    assert np.array_equal(fewer.trained.x, training.x[:100])
    assert np.array_equal(fewer.read["held-out"].x, test.x)
    with pytest.raises(
        ValueError, match="n_samples is 60001, but MNIST has 60,000 training images"
    ):
        load("mnist", 60_001, seed=0)


def test_the_digits_need_no_files():
    data = load("digits", 300, seed=0)
    assert (data.name, data.trained.x.shape, data.trained.x.max()) == ("digits", (300, 196), 16)
    assert set(data.trained.classes) == set(range(10))


def test_var_u_is_the_whole_population_of_the_paper():
    everything = load("var-u", 4096, seed=0).read["all patterns"]
    assert np.array_equal(everything.x @ (1 << np.arange(12)[::-1]), np.arange(4096))
    h_y = naive.entropy(everything.classes.tolist())
    assert h_y == pytest.approx(0.9991571208502711, abs=1e-15)
    # the reference's own copy of the labels, for its own copy of the patterns
    with np.load(DATA / "idnns.npz") as golden:
        rows = golden["tanh_init/X"] @ (1 << np.arange(12)[::-1])
        # columns: class 1, class 0
        assert np.array_equal(everything.classes[rows], golden["tanh_init/labels"][:, 0])


def test_of_var_u_four_fifths_are_trained_on_and_the_others_held_out():
    data = load("var-u", 4096, seed=0)
    everything, held_out = data.read["all patterns"], data.read["held-out"]
    assert (len(data.trained.x), len(held_out.x)) == (3276, 820)
    numbers = [
        (sample.x @ (1 << np.arange(12)[::-1])).astype(int) for sample in (data.trained, held_out)
    ]
    assert sorted(np.concatenate(numbers)) == list(range(4096))
    for sample, rows in zip((data.trained, held_out), numbers, strict=True):
        assert np.array_equal(sample.classes, everything.classes[rows])
    assert numbers[1].std() > 1000  # drawn, not cut off


def test_a_part_of_var_u_is_refused():
    with pytest.raises(
        ValueError, match=r"n_samples is 100, but 'var-u' is a whole population of 4096 patterns"
    ):
        load("var-u", 100, seed=0)


# --- networks -------------------------------------------------------------------------------------


def test_the_network_is_drawn_from_its_seed_and_leaves_torch_alone():
    before = torch.get_rng_state()
    a, b, c = (build("tanh", (12, 5, 1), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a[0].weight, c[0].weight)
    assert [name for name, _ in a.named_children()] == ["linear 1", "layer 1", "linear 2", "output"]


def test_the_convolutional_network_is_the_published_one():
    network = build("digits-cnn", (10, 10), seed=0)
    assert watched(network) == ["layer 1", "output"]
    out = network(torch.rand(5, 196))
    assert out.shape == (5, 10)
    assert torch.allclose(out.sum(dim=1), torch.ones(5))
    assert sum(parameter.numel() for parameter in network.parameters()) == (16 + 1) + (90 + 10) + (
        100 + 10
    )


def test_lenet_is_of_its_size():
    network = build("lenet", (120, 84, 10), seed=0)
    assert watched(network) == ["layer 1", "layer 2", "layer 3", "layer 4", "output"]
    assert torch.allclose(network(torch.rand(5, 784)).sum(dim=1), torch.ones(5))
    convolutions = 6 * (25 + 1) + 16 * (6 * 25 + 1)
    assert (
        sum(parameter.numel() for parameter in network.parameters())
        == convolutions + 257 * 120 + 121 * 84 + 85 * 10
    )


def test_the_original_network_is_the_published_one():
    network = build("tanh-softmax", (12, 10, 7, 5, 4, 3, 2), seed=0)
    assert watched(network) == ["layer 1", "layer 2", "layer 3", "layer 4", "layer 5", "output"]
    assert [type(module).__name__ for module in network[1::2]] == ["Tanh"] * 5 + ["Softmax"]
    assert all(
        (module.bias == 0).all() and module.weight.abs().max() <= 2 * module.in_features**-0.5
        for module in network[::2]
    )
    assert type(build("relu-softmax", (12, 3, 2), seed=0)[1]).__name__ == "ReLU"


# --- training -------------------------------------------------------------------------------------


def trainer_of(run):
    training = run.training
    data = [load(training.data, training.n_samples, seeds.data) for seeds in seeds_of(training)]
    return Trainer(training, data, torch.device("cpu"))


def test_an_epoch_is_one_step_of_rows_drawn_without_replacement():
    x, y = next(iter(trainer_of(SHORT)._batches()))
    assert (x.shape, y.shape) == ((3, 101, 12), (3, 101, 1))
    assert not torch.equal(x[0], x[1])


def test_a_pass_is_every_row_once_for_every_copy():
    trainer = trainer_of(SHORT.varied(epoch="pass", batch_size=64))
    batches = [x for x, _ in trainer._batches()]
    assert [tuple(x.shape) for x in batches] == [(3, 64, 12), (3, 64, 12), (3, 64, 12), (3, 8, 12)]
    for copy in torch.cat(batches, dim=1):
        assert sorted(map(tuple, copy.tolist())) == sorted(map(tuple, trainer._x[0].tolist()))
    assert not torch.equal(batches[0][0], batches[0][1])


def test_the_cross_entropy_is_that_of_torch():
    scores, classes = (
        torch.randn(6, 3, generator=torch.Generator().manual_seed(0)),
        torch.tensor([0, 1, 2, 2, 1, 0]),
    )
    one_hot = torch.nn.functional.one_hot(classes, 3).float()
    found = training.LOSSES["cross-entropy"](scores.softmax(dim=1), one_hot)
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(scores, classes))
    assert torch.isfinite(
        training.LOSSES["cross-entropy"](torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]]))
    )


def test_one_hot_targets_and_single_values():
    classes = np.array([0, 2, 1])
    one_hot = training.targets(CATALOG["digits"].varied(widths=(10, 3)).training, classes)
    assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert training.targets(SHORT.varied(targets=(-1.0, 1.0, 5.0)).training, classes).tolist() == [
        [-1],
        [5],
        [1],
    ]


def weights_of(run):
    return trainer_of(run).ensemble.parameters


def test_copies_share_their_initialisation_unless_they_are_independent():
    shared = weights_of(SHORT)["linear 1.weight"]
    assert torch.equal(shared[0], shared[1])
    assert torch.equal(
        shared[0], build("tanh", SHORT.training.widths, Seeds(SHORT.training.seed).init)[0].weight
    )
    independent = weights_of(SHORT.varied(init="independent"))
    assert all(not torch.equal(leaf[0], leaf[1]) for leaf in independent.values())


def test_independent_copies_are_drawn_as_the_network_is_built():
    run = SHORT.varied(
        network="tanh-softmax", widths=(12, 40, 2), targets=None, copies=4, init="independent"
    )
    weights = weights_of(run)
    # torch's own are uniform
    assert all((leaf == 0).all() for name, leaf in weights.items() if name.endswith("bias"))
    assert weights["linear 1.weight"].abs().max() <= 2 * 12**-0.5
    for copy in weights["linear 1.weight"]:
        # of a normal cut at two standard deviations
        assert copy.std().item() == pytest.approx(0.88 * 12**-0.5, rel=0.1)


def test_an_independent_copy_is_the_same_among_however_many():
    two, three = (trainer_of(SHORT.varied(init="independent", copies=copies)) for copies in (2, 3))
    for name, leaf in two.ensemble.parameters.items():
        assert torch.equal(leaf, three.ensemble.parameters[name][:2])
    assert torch.equal(two.ensemble.draw(200, 50), three.ensemble.draw(200, 50)[:2])


@pytest.mark.parametrize("init", ["shared", "independent"])
def test_seeds_side_by_side_are_the_seeds_alone(init):
    run = SEEDED.varied(init=init)
    together, alone = (
        trainer_of(run),
        [trainer_of(run.varied(seed=one.seed, seeds=1)) for one in run.training.alone],
    )
    assert together.ensemble.n_copies == 6
    for k, one in enumerate(alone):
        assert torch.equal(together._x[k], one._x[0])
        assert torch.equal(together._y[k], one._y[0])
    for name, leaf in together.ensemble.parameters.items():
        assert torch.equal(leaf, torch.cat([one.ensemble.parameters[name] for one in alone]))
    (x, y), *_ = together._batches()
    batches = [next(iter(one._batches())) for one in alone]
    assert torch.equal(x, torch.cat([batch[0] for batch in batches]))
    assert torch.equal(y, torch.cat([batch[1] for batch in batches]))


def test_a_snapshot_s_copies_are_told_apart_by_their_seed():
    trainer = trainer_of(SEEDED)
    snapshot = trainer.ensemble.snapshot()
    for name, leaf in snapshot.items():
        assert torch.equal(torch.cat([trainer.of_seed(snapshot, k)[name] for k in range(3)]), leaf)


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
    found = seeded.plane("mixture", "held-out", 6)
    assert (found.reading, found.sample, found.seed) == ("mixture", "held-out", 6)


def test_at_the_shared_initialisation_all_readings_agree(result):
    for sample in ("training", "held-out"):
        single = result.plane("each", sample).i_xt[0, 0]
        for reading in ("mean", "sampled", "mixture"):
            np.testing.assert_allclose(result.plane(reading, sample).i_xt[0, 0], single, atol=1e-12)


def test_the_recorded_numbers_are_those_of_the_definition():
    """The last epoch again, by hand: train, forward copy by copy, and count in the oracle."""
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
    found = execute(small)
    for name, sample in data.read.items():
        who = np.random.default_rng([who_seed, *name.encode()]).integers(3, size=(3, 120))[2]
        for i, layer in enumerate(layer.numpy() for layer in ensemble.activations(sample.x)):
            codes = naive.digitise(layer[who, np.arange(120)].tolist(), edges)
            plane = found.plane("sampled", name)
            assert plane.i_xt[-1, 0, i] == pytest.approx(naive.entropy(codes), abs=1e-12)
            assert plane.i_ty[-1, 0, i] == pytest.approx(
                naive.mutual_information(codes, sample.classes.tolist()), abs=1e-12
            )


def test_scores_of_a_single_output_by_hand():
    """Before any training, so that every copy is the network that was built."""
    small = SHORT.varied(epochs=1, targets=(0.0, 1.0))
    seeds = Seeds(small.training.seed)
    network, data = (
        build("tanh", small.training.widths, seeds.init),
        load("simple", 200, seeds.data),
    )
    for score, (name, sample) in zip(execute(small).scores, data.read.items(), strict=True):
        answers = network(torch.from_numpy(sample.x)).detach().numpy()[:, 0]
        assert (score.sample, score.seed, score.epochs.tolist(), score.loss.shape) == (
            name,
            0,
            [0, 1],
            (2, 3),
        )
        np.testing.assert_allclose(
            score.loss[0], np.mean((answers - sample.classes) ** 2), rtol=1e-5
        )
        assert set(score.accuracy[0]) == {np.mean((answers > 0.5) == sample.classes)}
        assert 0 < score.accuracy[0, 0] < 1


def test_scores_of_one_output_a_class_by_hand():
    small = CATALOG["original"].varied(epochs=1)
    seeds = Seeds(small.training.seed)
    network, data = (
        build("tanh-softmax", small.training.widths, seeds.init),
        load("var-u", 4096, seeds.data),
    )
    for score, sample in zip(execute(small).scores, data.read.values(), strict=True):
        answers = network(torch.from_numpy(sample.x)).detach().double().numpy()
        n = len(sample.classes)
        assert score.loss[0, 0] == pytest.approx(
            -np.log(answers[np.arange(n), sample.classes]).mean(), rel=1e-5
        )
        assert score.accuracy[0, 0] == pytest.approx(
            np.mean(answers.argmax(axis=1) == sample.classes), abs=1e-12
        )


def test_one_copy_has_one_reading():
    assert [plane.reading for plane in execute(CATALOG["warm-up"].varied(epochs=1)).planes] == [
        "each",
        "each",
    ]


def test_the_chunks_of_snapshots_leave_no_trace(result, monkeypatch):
    monkeypatch.setattr(runner, "MODELS", 1)
    again = execute(SHORT)
    for plane, other in zip(result.planes, again.planes, strict=True):
        assert np.array_equal(plane.i_xt, other.i_xt)
        assert np.array_equal(plane.i_ty, other.i_ty)


def test_the_planes_so_far_are_there_after_every_chunk(monkeypatch):
    monkeypatch.setattr(runner, "MODELS", 3)  # one snapshot of three copies
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
        own = execute(SEEDED.varied(seed=alone.seed, seeds=1))
        for plane in own.planes:
            other = seeded.plane(plane.reading, plane.sample, alone.seed)
            assert np.array_equal(plane.i_xt[0], other.i_xt[0])
            assert np.array_equal(plane.i_ty[0], other.i_ty[0])
            # one rounding may move a sample to another bin
            np.testing.assert_allclose(plane.i_xt, other.i_xt, atol=0.1)
        for score in own.scores:
            (other,) = [
                found
                for found in seeded.scores
                if (found.sample, found.seed) == (score.sample, alone.seed)
            ]
            np.testing.assert_allclose(score.loss, other.loss, rtol=1e-4)
    # data of their own
    assert len({plane.i_xt[0].tobytes() for plane in seeded.planes if plane.reading == "each"}) == 6


def test_several_seeds_are_drawn_as_their_mean_with_a_band(seeded, result, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "experiments.drawing.figures.information_plane",
        lambda grid, **options: drawn.append((grid, options)),
    )
    for found in (seeded, result):
        picture(found.run, found.planes)
    (banded, options), (single, _) = drawn
    assert options["rows"] == ["training", "held-out"]
    assert [len(row) for row in banded] == [3, 3]  # "mean" stands for "each"
    bits = np.stack([seeded.plane("mixture", "held-out", seed).i_ty[:, 0] for seed in (4, 5, 6)])
    np.testing.assert_array_equal(banded[1][2].i_ty, bits.mean(axis=0))
    np.testing.assert_array_equal(banded[1][2].spread_ty, bits.std(axis=0, ddof=1))
    assert all(panel.spread_xt.shape == (4, 6) for row in banded for panel in row)
    assert all(panel.spread_xt is None for row in single for panel in row)


def test_a_finding_of_several_seeds_is_their_mean_and_spread(seeded):
    planes = [seeded.plane("mean", "training", seed) for seed in (4, 5, 6)]
    ends = [plane.i_xt[-1, 0, 4] for plane in planes]
    row = findings(planes)[4]
    assert row["i_xt_end"] == pytest.approx(np.mean(ends))
    assert row["i_xt_end_sd"] == pytest.approx(np.std(ends, ddof=1))
    assert "i_xt_end_sd" not in findings(planes[:1])[4]
    assert "mean of single copies, mean of 3 seeds" in summary(seeded)


def reduced(name):
    run = CATALOG[name].varied(epochs=2)
    return run.varied(n_samples=300) if run.training.data == "mnist" else run


@pytest.mark.parametrize("name", list(CATALOG))
@pytest.mark.parametrize("twin", ["numba", "torch"])
def test_every_entry_runs_a_few_epochs_on_both_twins(name, twin, images):
    with use_backend(twin):
        found = execute(reduced(name))
    assert all(np.isfinite(plane.i_xt).all() for plane in found.planes)
    assert all((plane.i_ty <= plane.entropy_y).all() for plane in found.planes)
    assert found.remark == ""


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", list(CATALOG))
def test_every_entry_runs_a_few_epochs_on_a_gpu(name, images):
    found = execute(reduced(name), device="cuda")
    assert found.device.startswith("cuda")
    assert all(np.isfinite(plane.i_xt).all() for plane in found.planes)


def test_the_runner_gives_torch_its_threads_back():
    before = torch.get_num_threads()
    execute(SHORT.varied(epochs=1))
    assert torch.get_num_threads() == before


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
        found = execute(
            SHORT.varied(network="looped", n_samples=110, copies=2, epochs=2, seeds=seeds)
        )
    assert reason in found.remark
    assert summary(found).endswith(found.remark)
    assert found.plane("each").layers == ("layer 1", "output")
    assert not np.array_equal(found.plane("each").i_xt[0], found.plane("each").i_xt[2])


# --- the words ------------------------------------------------------------------------------------


def test_findings_read_the_path(result):
    plane = result.plane("mean")
    for i, row in enumerate(findings([plane])):
        assert row["i_xt_start"] == plane.i_xt[0, 0, i]
        assert row["i_xt_peak"] == plane.i_xt[:, 0, i].max()
        assert plane.i_xt[int(row["peak_epoch"]), 0, i] == row["i_xt_peak"]
        assert row["i_ty_end"] == plane.i_ty[-1, 0, i]
        assert row["coverage_end"] == plane.coverage[-1, 0, i]


def test_the_summary_says_what_the_sample_cannot_support(result):
    text = summary(result)
    assert "In layer 1" in text
    assert "cannot size" in text
    assert "not information lost" in text
    right = result.scores[1].accuracy[-1].mean()
    assert f"held-out {right:.1%}" in text


def test_the_summary_says_when_rows_of_x_repeat(result):
    planes = [replace(plane, entropy_x=2.0) for plane in result.planes]
    assert "Rows of x repeat: H(X) = 2.000" in summary(replace(result, planes=planes))


def test_the_estimator_of_a_run_takes_repeated_x():
    plane = PlaneEstimator(np.array([[0], [0], [1], [1]]), [0, 0, 1, 1], SHORT.reads[0].binning)
    assert plane.entropy_x == 1.0


def test_a_panel_of_seeds_is_that_of_their_planes(seeded):
    panel = tables.panel([seeded.plane("each", "training", seed) for seed in (4, 5, 6)])
    means = np.stack([seeded.plane("mean", "training", seed).i_xt[:, 0] for seed in (4, 5, 6)])
    np.testing.assert_array_equal(panel.i_xt, means.mean(axis=0))
    assert "2 copies, 3 seeds" in panel.caption
