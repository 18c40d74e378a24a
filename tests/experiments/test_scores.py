"""Losses and accuracies, by hand and from their file."""

import re

import numpy as np
import pytest
import torch

from experiments import results, saving, scores
from experiments.catalog import CATALOG
from experiments.datasets import load
from experiments.execution import execute
from experiments.networks import build
from experiments.training import Seeds
from tests.experiments.shortened import SHORT

# --- the runner -----------------------------------------------------------------------------------


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


pytestmark = pytest.mark.usefixtures("undrawn")


# --- what else lies among the results -------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: None, "FileNotFoundError"),
        (lambda text: "", "its columns are others"),
        (lambda text: text.replace("copy", "clone", 1), "its columns are others"),
        (lambda text: text + "training,0\n", "its columns are others"),
        (lambda text: text + "training,0,4,one,0.1,0.5\n", "ValueError"),
        (
            lambda text: text.replace("training,0,0,0,", "training,0,0,1,"),
            "'training', seed 0 is of other epochs or copies",
        ),
        (
            lambda text: text.replace("training,0,4", "training,0,5"),
            "'training', seed 0 is of other epochs or copies",
        ),
        (lambda text: text.replace("training,0,", "training,7,"), "seed 7 is none of the run's"),
        (
            lambda text: re.sub(r"[.0-9]+\n", "1.5\n", text),
            "'training', seed 0 holds an accuracy outside 0..1",
        ),
        (
            lambda text: re.sub(r"[.0-9]+\n", "nan\n", text),
            "'training', seed 0 holds an accuracy outside 0..1",
        ),
        (lambda text: text + '"' + "a" * 200_000, "field larger"),
    ],
)
def test_scores_that_are_none_are_named(old_result, change, reason):
    path = old_result / "scores.csv"
    text = change(path.read_text())
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(
        ValueError, match=rf"scores\.csv' is not what `run` wrote \(.*{reason}.*\): run it again"
    ):
        results.read(old_result).result()


def test_scores_come_back_to_the_same_bits(tmp_path):
    result = execute(CATALOG["warm-up"].varied(epochs=3, copies=2, seeds=2))
    saving.write_rows(tmp_path / "scores.csv", scores.COLUMNS, scores.rows(result.scores))
    again = scores.read(tmp_path / "scores.csv", result.run.training)
    assert [(score.sample, score.seed, score.epochs.tolist()) for score in again] == [
        (score.sample, score.seed, score.epochs.tolist()) for score in result.scores
    ]
    for one, other in zip(again, result.scores, strict=True):
        assert np.array_equal(one.loss, other.loss)
        assert np.array_equal(one.accuracy, other.accuracy)
