"""Samples: as published, held out, drawn from their seed alone."""

from dataclasses import replace

import numpy as np
import pytest

from experiments import datasets, mnist
from experiments.datasets import load, simple, simple_truth
from tests import DATA, naive


def rows_of(sample):
    return {row.tobytes() for row in sample.x}


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
    first, same, other = (load(name, n, seed=seed) for seed in (3, 3, 4))
    for key, sample in first.read.items():
        assert np.array_equal(sample.x, same.read[key].x)
        assert np.array_equal(sample.classes, same.read[key].classes)
        assert len(sample.x) == len(sample.classes)
    # of which nothing is drawn
    assert np.array_equal(first.trained.x, other.trained.x) == (name == "mnist")


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
    """Computes the share of classes that are those of the rule without its noise.

    The rule is: above the mean score, that of the sample or given.
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
    """With one sample the threshold is its own score, so the noise alone decides.

    Held-out ones are decided by their scores.
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


@pytest.mark.parametrize("name", list(datasets.DATASETS))
def test_shuffled_labels_are_those_of_the_training_sample_in_another_order(name, images):
    data = load(name, 4096 if name == "var-u" else 300, seed=0)
    null, again, other = (datasets.shuffled(data, "training, shuffled", seed) for seed in (1, 1, 2))
    first, *others = null.read
    assert first == "training, shuffled"
    assert null.read[first] is null.trained
    assert null.trained.x is data.trained.x
    assert sorted(null.trained.classes.tolist()) == sorted(data.trained.classes.tolist())
    assert null.trained.classes.dtype == data.trained.classes.dtype
    assert not np.array_equal(null.trained.classes, data.trained.classes)
    assert np.array_equal(null.trained.classes, again.trained.classes)
    assert not np.array_equal(null.trained.classes, other.trained.classes)
    # all else keeps the true ones, and what was not read of it is read
    assert others == [sample for sample in data.read if sample != "training"]
    assert all(null.read[sample] is data.read[sample] for sample in others)
    assert null.name == f"{data.name} (trained on shuffled labels)"


def test_rows_that_were_trained_on_are_noticed_in_another_sample(rng):
    data = simple(50, rng)
    assert data.shared("training") == 50
    assert data.shared("held-out") == 0
    x = data.read["held-out"].x.copy()
    x[[3, 7]] = data.trained.x[[0, 0]]
    x[9] = -0.0
    trained = data.trained._replace(x=np.concatenate([data.trained.x, np.zeros((1, 12), "f4")]))
    read = {"held-out": data.read["held-out"]._replace(x=x)}
    assert replace(data, trained=trained, read=read).shared("held-out") == 3
