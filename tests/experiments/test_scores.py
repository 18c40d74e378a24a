"""Losses and accuracies, by hand and from their file."""

import numpy as np
import pytest
import torch

from experiments.catalog import CATALOG
from experiments.datasets import load
from experiments.networks import build
from experiments.runner import execute
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
