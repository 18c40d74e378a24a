"""Rows that were drawn ahead are those that would have been drawn one epoch after the other."""

import copy
import random

import pytest
import torch

from fastmi import Ensemble
from fastmi.networks import batches
from fastmi.networks.batches import Batches
from tests.fastmi.networks.one_by_one import mlp

CPU = torch.device("cpu")


def generators(n_copies=3, seed=0):
    return [torch.Generator().manual_seed(seed + i) for i in range(n_copies)]


class OneByOne:
    """The definition: each copy's generator permutes all samples, at every draw."""

    def __init__(self, n_copies=3, seed=0):
        self.own = generators(n_copies, seed)

    def draw(self, n_samples, batch_size):
        return torch.stack(
            [torch.randperm(n_samples, generator=own)[:batch_size] for own in self.own]
        )

    def states(self):
        return [own.get_state() for own in self.own]


def assert_same_states(drawing, truth):
    for generator, state in zip(drawing.generators(), truth.states(), strict=True):
        assert torch.equal(generator.get_state(), state)


@pytest.fixture
def permutations(monkeypatch):
    """Counts the permutations that are drawn."""
    drawn, permute = [], torch.randperm
    monkeypatch.setattr(
        torch, "randperm", lambda *args, **options: drawn.append(args) or permute(*args, **options)
    )
    return drawn


def test_many_epochs_are_those_of_one_by_one():
    drawing, truth = Batches(generators(), CPU), OneByOne()
    kept = [(drawing.draw(50, 20), truth.draw(50, 20)) for _ in range(300)]
    assert all(torch.equal(*pair) for pair in kept)  # and they stay as they are
    assert_same_states(drawing, truth)


def test_what_is_asked_for_may_change_at_any_time():
    drawing, truth, chosen = Batches(generators(), CPU), OneByOne(), random.Random(0)
    for _ in range(60):
        kind = chosen.choice([(50, 20), (50, 7), (31, 7), (7, 7)])
        for _ in range(chosen.randrange(9)):
            assert torch.equal(drawing.draw(*kind), truth.draw(*kind))
        assert_same_states(drawing, truth)


def test_the_generators_at_any_time_are_those_of_one_by_one():
    drawing, truth = Batches(generators(), CPU), OneByOne()
    for _ in range(150):
        assert_same_states(drawing, truth)
        assert torch.equal(drawing.draw(9, 4), truth.draw(9, 4))


def test_looking_at_the_generators_changes_nothing():
    drawing, truth = Batches(generators(), CPU), OneByOne()
    for _ in range(20):
        for generator in drawing.generators():
            torch.randperm(9, generator=generator)
        assert torch.equal(drawing.draw(9, 4), truth.draw(9, 4))


def test_few_draws_are_in_vain(permutations):
    drawing = Batches(generators(1), CPU)
    for _ in range(100):
        drawing.draw(9, 4)
    assert len(permutations) == 1 + 2 + 4 + 8 + 16 + 32 + 64


def test_who_asks_for_this_and_that_in_turn_draws_nothing_in_vain(permutations):
    drawing = Batches(generators(1), CPU)
    for _ in range(10):
        drawing.draw(9, 4)
        drawing.draw(8, 4)
    assert len(permutations) == 20


@pytest.mark.parametrize(("most", "expected"), [(1, 10), (3 * 9 * 4 - 1, 1 + 2 + 3 + 3 + 3)])
def test_no_more_is_drawn_ahead_than_memory_may_hold(most, expected, permutations, monkeypatch):
    monkeypatch.setattr(batches, "MOST_NUMBERS", most)
    drawing, truth = Batches(generators(), CPU), OneByOne()
    for _ in range(10):
        drawing.draw(9, 4)
    assert len(permutations) == 3 * expected
    truth_rows = [truth.draw(9, 4) for _ in range(11)]
    assert torch.equal(drawing.draw(9, 4), truth_rows[-1])


@pytest.mark.parametrize("when", range(1, 40, 4))
def test_an_interrupt_loses_no_draw(when, monkeypatch):
    """Wherever in a block it comes: the next draw is the one that it kept from being made."""
    drawing, truth, permute, left = Batches(generators(), CPU), OneByOne(), torch.randperm, [when]

    def interrupted(*args, **options):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return permute(*args, **options)

    drawn = []
    with monkeypatch.context() as patch:
        patch.setattr(torch, "randperm", interrupted)
        with pytest.raises(KeyboardInterrupt):
            drawn.extend(drawing.draw(9, 4) for _ in range(40))
    assert all(torch.equal(rows, truth.draw(9, 4)) for rows in drawn)
    assert drawn or when <= 3
    assert_same_states(drawing, truth)
    for _ in range(9):
        assert torch.equal(drawing.draw(9, 4), truth.draw(9, 4))


def test_what_a_caller_does_to_its_rows_reaches_no_later_draw():
    drawing, truth = Batches(generators(), CPU), OneByOne()
    for _ in range(30):
        rows = drawing.draw(9, 4)
        assert torch.equal(rows, truth.draw(9, 4))
        rows.fill_(-1)
    assert_same_states(drawing, truth)


# --- of ensembles ---------------------------------------------------------------------------------


def draws(ensemble, n):
    return [ensemble.draw(30, 8).tolist() for _ in range(n)]


@pytest.mark.parametrize("taken", [0, 1, 2, 5, 13])
def test_a_state_is_that_of_what_was_asked_for(taken):
    ensemble, other = (Ensemble(mlp(), 3, seed=seed) for seed in (1, 2))
    draws(ensemble, taken)
    kept, later = ensemble.state(), draws(ensemble, 20)
    draws(other, 7)
    other.restore(kept)
    assert draws(other, 20) == later
    ensemble.restore(kept)
    assert draws(ensemble, 20) == later
    ours, theirs = ensemble.state(), other.state()
    for copy_ in range(3):
        name = f"batches/{copy_}"
        assert ours[name].tobytes() == theirs[name].tobytes()


@pytest.mark.parametrize("taken", [0, 1, 2, 5])
def test_a_copy_draws_what_the_ensemble_would_have_drawn(taken):
    ensemble = Ensemble(mlp(), 3, seed=1)
    draws(ensemble, taken)
    copied = copy.deepcopy(ensemble)
    truth = draws(ensemble, 20)
    assert draws(copied, 20) == truth


@pytest.mark.parametrize("taken", [0, 1, 2, 5])
def test_joined_ensembles_draw_on(taken):
    parts = [Ensemble(mlp(), 2, seed=seed) for seed in (1, 2)]
    draws(parts[0], taken)
    joined = Ensemble.joined(parts)
    together = draws(joined, 20)
    apart = [draws(part, 20) for part in parts]
    assert together == [one + other for one, other in zip(*apart, strict=True)]


def test_a_default_device_is_no_matter():
    truth = draws(Ensemble(mlp(), 3, seed=1), 20)
    ensemble = Ensemble(mlp(), 3, seed=1)
    with torch.device("meta"):
        assert draws(ensemble, 20) == truth
        assert draws(copy.deepcopy(ensemble), 3)
        state = ensemble.state()
    ensemble.restore(state)
    assert ensemble.draw(30, 8).device == CPU
