"""Records: frozen, varied, from JSON and back, and what they say of themselves."""

import itertools
import json
from dataclasses import replace

import pytest

from experiments.catalog import CATALOG, Run
from experiments.measures import Counted
from tests.experiments.shortened import SEEDED, SHORT


def test_a_record_is_frozen():
    for record in (SHORT, SHORT.training, SHORT.reads[0]):
        with pytest.raises(AttributeError):
            record.epochs = 5


def test_a_run_is_varied_in_whichever_record_has_the_field():
    varied = SHORT.varied(name="other", epochs=9, edges=(0.0, 1.0, 5))
    assert varied == Run(
        "other", replace(SHORT.training, epochs=9), (Counted((0.0, 1.0, 5)),), **story(SHORT)
    )
    assert SHORT.varied() == SHORT
    with pytest.raises(TypeError, match="colour"):
        SHORT.varied(colour="red")


def story(run):
    return {
        key: value for key, value in vars(run).items() if key not in ("name", "training", "reads")
    }


@pytest.mark.parametrize("name", list(CATALOG))
def test_a_record_comes_back_from_json(name):
    several = CATALOG[name].varied(reads=(*CATALOG[name].reads, Counted((0.0, 1.0, 9), "clip")))
    for run in (CATALOG[name], several):
        again = Run.from_fields(json.loads(json.dumps(run.fields())))
        assert again == run
        assert again.ids == run.ids


def without(fields, *keys):
    inner = without(fields[keys[0]], *keys[1:]) if len(keys) > 1 else None
    return {key: value for key, value in fields.items() if key != keys[0]} | (
        {keys[0]: inner} if inner is not None else {}
    )


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda fields: fields | {"colour": "red"}, TypeError, "colour"),
        (lambda fields: without(fields, "training"), TypeError, "training"),
        (lambda fields: without(fields, "training", "epochs"), TypeError, "epochs"),
        (
            lambda fields: without(fields, "reads"),
            ValueError,
            "run.reads is None, where a list should be",
        ),
        (
            lambda fields: fields | {"reads": [3]},
            ValueError,
            r"run.reads\[0\] is 3, where an object should be",
        ),
        (
            lambda fields: fields | {"reads": []},
            ValueError,
            "reads are 0, 0 of them different: they are 1 to 100",
        ),
        (
            lambda fields: fields | {"reads": fields["reads"] * 2},
            ValueError,
            "reads are 2, 1 of them different",
        ),
        (
            lambda fields: fields | {"reads": [{}]},
            ValueError,
            r"run.reads\[0\].measure is None: this version knows counted",
        ),
        (
            lambda fields: fields | {"reads": [{"measure": []}]},
            ValueError,
            r"measure is \[\]: this version knows counted",
        ),
        (
            lambda fields: fields | {"reads": [{"measure": "felt"}]},
            ValueError,
            "measure is 'felt': this version knows",
        ),
        (
            lambda fields: fields | {"training": fields["training"] | {"epochs": "ten"}},
            ValueError,
            "run.training.epochs is",
        ),
        (
            lambda fields: fields | {"training": fields["training"] | {"labels": "noisy"}},
            ValueError,
            "run.training.labels is 'noisy'",
        ),
        (
            lambda fields: fields | {"training": fields["training"] | {"epochs": 0}},
            ValueError,
            "epochs is 0: it is from 1",
        ),
        (
            lambda fields: fields | {"name": "../x"},
            ValueError,
            "name is '../x': it is letters, digits",
        ),
    ],
)
def test_fields_that_are_no_run_s_are_refused(change, error, message):
    with pytest.raises(error, match=message):
        Run.from_fields(change(SHORT.fields()))


def test_the_recorded_epochs_are_spaced_in_the_logarithm():
    recorded = CATALOG["original"].training.recorded
    assert recorded[:4] == [0, 1, 2, 3]
    assert recorded[-1] == 8000
    assert len(recorded) == len(set(recorded)) == 276
    assert max(b / a for a, b in itertools.pairwise(recorded[10:])) < 1.15
    assert SHORT.training.recorded == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("epochs", "every", "recorded"),
    [(10, 5, [0, 5, 10]), (11, 5, [0, 5, 10, 11]), (3, 5, [0, 3]), (2, 1, [0, 1, 2])],
)
def test_every_so_many_epochs_are_recorded_and_the_last(epochs, every, recorded):
    assert SHORT.varied(epochs=epochs, record_every=every).training.recorded == recorded


def test_a_training_of_several_seeds_is_the_training_of_each():
    assert SEEDED.training.alone == [
        SEEDED.varied(seed=seed, seeds=1).training for seed in (4, 5, 6)
    ]
    assert SHORT.training.alone == [SHORT.training]


@pytest.mark.parametrize(
    ("change", "length"),
    [
        (
            {"epochs": 1200, "batch_size": 256, "n_samples": 60_000},
            "1,200 steps of 256, 5.1 passes",
        ),
        ({"epochs": 1000, "n_samples": 1000}, "1,000 steps of 101, 101 passes"),
        ({"epochs": 1, "n_samples": 1010}, "1 step of 101, 0.1 passes"),
        ({"epochs": 3, "batch_size": 500, "n_samples": 200}, "3 steps of 200, 3.0 passes"),
        ({"epochs": 8000, "epoch": "pass"}, "8,000 epochs"),
        ({"epochs": 1, "epoch": "pass"}, "1 epoch"),
    ],
)
def test_steps_are_called_steps_with_their_batch_and_the_passes_that_they_make(change, length):
    assert SHORT.varied(**change).training.length == length


def test_labels_are_true_unless_it_is_said_and_titles_say_it():
    nulls = SHORT.varied(labels="shuffled")
    assert Run.from_fields(json.loads(json.dumps(nulls.fields()))) == nulls
    assert (
        Run.from_fields(without(SHORT.fields(), "training", "labels")) == SHORT
    )  # of earlier ones
    assert SHORT.varied(labels="true").ids == SHORT.ids
    assert (SHORT.training.sample, SHORT.training.label_note) == ("training", "")
    assert nulls.training.sample == "training (shuffled labels)"
    assert nulls.training.label_note == ", trained on shuffled labels"
