"""Training: what a step is, and what copies and seeds share."""

import numpy as np
import pytest
import torch

from experiments import training
from experiments.catalog import CATALOG
from experiments.checkpoints import Checkpoints
from experiments.execution import execute
from experiments.networks import build
from experiments.training import Seeds, Trainer, data_of
from fastmi.networks import replay
from tests.experiments.shortened import SEEDED, SHORT


def trainer_of(run):
    return Trainer(run.training, data_of(run.training), torch.device("cpu"))


def test_the_streams_of_a_seed_are_those_that_they_were_before_labels_had_one():
    seeds = Seeds(7)
    before = np.random.SeedSequence(7).generate_state(4, np.uint64).tolist()
    assert [seeds.data, seeds.init, seeds.copies, seeds.assignment] == [
        before[0],
        before[1] >> 1,
        before[2] >> 1,
        before[3],
    ]
    assert seeds.labels not in before


def test_shuffled_labels_meet_the_same_data_networks_and_batches():
    run = SEEDED.varied(init="independent")
    real, null = trainer_of(run), trainer_of(run.varied(labels="shuffled"))
    for name, leaf in real.ensemble.parameters.items():
        assert torch.equal(leaf, null.ensemble.parameters[name])
    for _ in range(3):
        for (x, y), (same_x, other_y) in zip(real._batches(), null._batches(), strict=True):
            assert torch.equal(x, same_x)
            assert not torch.equal(y, other_y)
    for y, other in zip(real._y, null._y, strict=True):
        assert torch.equal(y.sort(dim=0).values, other.sort(dim=0).values)


def test_every_seed_shuffles_in_an_order_of_its_own_that_of_that_seed_alone(images):
    run = CATALOG["mnist-mlp"].varied(n_samples=300, seed=4, seeds=2, labels="shuffled")
    first, second = data_of(run.training)  # one data set, whole
    assert np.array_equal(first.trained.x, second.trained.x)
    assert not np.array_equal(first.trained.classes, second.trained.classes)
    (alone,) = data_of(run.varied(seed=5, seeds=1).training)
    assert np.array_equal(alone.trained.classes, second.trained.classes)


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
    loss = training.LOSSES["cross-entropy"](scores.softmax(dim=1), one_hot)
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(scores, classes))
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
        [trainer_of(run.varied(seed=record.seed, seeds=1)) for record in run.training.alone],
    )
    assert together.ensemble.n_copies == 6
    for k, trainer in enumerate(alone):
        assert torch.equal(together._x[k], trainer._x[0])
        assert torch.equal(together._y[k], trainer._y[0])
    for name, leaf in together.ensemble.parameters.items():
        leaves = [trainer.ensemble.parameters[name] for trainer in alone]
        assert torch.equal(leaf, torch.cat(leaves))
    (x, y), *_ = together._batches()
    batches = [next(iter(trainer._batches())) for trainer in alone]
    assert torch.equal(x, torch.cat([batch[0] for batch in batches]))
    assert torch.equal(y, torch.cat([batch[1] for batch in batches]))


def test_a_snapshot_s_copies_are_told_apart_by_their_seed():
    trainer = trainer_of(SEEDED)
    snapshot = trainer.ensemble.snapshot()
    for name, leaf in snapshot.items():
        assert torch.equal(torch.cat([trainer.of_seed(snapshot, k)[name] for k in range(3)]), leaf)


def test_a_snapshot_crosses_whole_to_be_kept_and_to_be_read_again(
    tmp_path, at_every_epoch, monkeypatch
):
    """Not leaf by leaf, each of which a device is waited for."""
    crossed = []

    def counted(way):
        move = getattr(training, way)

        def moved(leaves, *where):
            crossed.append((way, sorted(leaves)))
            return move(leaves, *where)

        monkeypatch.setattr(training, way, moved)

    counted("to_host")
    counted("to_device")
    kept, leaves = Checkpoints(tmp_path / "snapshots"), sorted(weights_of(SHORT))
    execute(SHORT, checkpoints=kept)
    execute(SHORT, checkpoints=kept, train=False)
    assert crossed == [("to_host", leaves)] * 4 + [("to_device", leaves)] * 4


@pytest.mark.parametrize("name", ["tishby-extended", "original", "digits", "mnist-mlp"])
def test_planes_of_replayed_training_are_those_of_plain_training(name, images, monkeypatch):
    """Every column, bit for bit: SGD and Adam, a convolution, both losses, seeds side by side."""
    fewer = {"n_samples": 300} if name == "mnist-mlp" else {}
    record = CATALOG[name].varied(epochs=8, seeds=2, **fewer)
    recordings = []
    real = replay.Recording

    def counted(function, inputs):
        recordings.append(real(function, inputs))
        return recordings[-1]

    monkeypatch.setattr(replay, "Recording", counted)
    results = []
    for n_plain in (10**9, 2):
        monkeypatch.setattr(replay, "PLAIN_STEPS", n_plain)
        results.append(execute(record))
        assert bool(recordings) == (n_plain == 2)
    plain, replayed = results
    assert len(plain.planes) == len(replayed.planes) > 2
    for one, other in zip(plain.planes, replayed.planes, strict=True):
        for column in one.points.columns():
            values = [getattr(plane.points, column.name) for plane in (one, other)]
            if values[0] is not None:
                assert values[0].tobytes() == values[1].tobytes(), column.name
    for one, other in zip(plain.scores, replayed.scores, strict=True):
        assert one.loss.tobytes() == other.loss.tobytes()
