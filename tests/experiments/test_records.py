"""The runs as data: what trains and what reads, their ids, their story, and the records of earlier
versions.
"""

import itertools
import json
import re
from dataclasses import dataclass, field, make_dataclass, replace

import numpy as np
import pytest

from benchmarks import cases
from experiments import analyses, earlier, identity, readings
from experiments.catalog import CATALOG, Run
from experiments.readings import Counted
from tests import DATA

SHORT = CATALOG["tishby-extended"].varied(epochs=3, n_samples=200, copies=3)
SEEDED = SHORT.varied(seed=4, seeds=3, copies=2)
FORMAT_1 = DATA / "format-1"


# --- the catalogue --------------------------------------------------------------------------------


def test_the_catalogue_is_named_by_its_runs_and_no_two_share_an_id():
    assert all(name == run.name for name, run in CATALOG.items())
    assert len({run.id for run in CATALOG.values()}) == len(CATALOG) >= 3


def test_the_published_settings():
    extended, warm_up, original = (
        CATALOG[name].training for name in ("tishby-extended", "warm-up", "original")
    )
    assert extended.widths == (12, 10, 7, 5, 4, 3, 1)
    assert (extended.copies, extended.epochs, extended.batch_size, extended.learning_rate) == (
        5,
        1000,
        101,
        0.2,
    )
    assert extended.targets == (-1, 1)
    assert (warm_up.widths, warm_up.epochs, warm_up.copies, warm_up.targets) == (
        (12, 5, 1),
        300,
        1,
        (0, 1),
    )
    (reading,) = CATALOG["tishby-extended"].reads
    assert np.array_equal(reading.binning.edges, np.linspace(-1, 1, 50).astype(np.float32))
    assert (original.epoch, original.optimizer, original.batch_size, original.epochs) == (
        "pass",
        "adam",
        512,
        8000,
    )


def test_every_run_tells_its_story_and_every_case_and_analysis_is_one():
    assert all(run.about and run.shows for run in CATALOG.values())
    assert not any(re.search(r"\d\.\d", run.shows) for run in CATALOG.values())
    assert {run.case for run in CATALOG.values()} - {""} <= {case.name for case in cases.CASES}
    assert {name for run in CATALOG.values() for name in run.analyses} <= set(analyses.ANALYSES)
    for run in CATALOG.values():
        recorded = np.array(run.training.recorded)
        assert all(abs(recorded - epoch).min() <= 0.02 * epoch for epoch in run.published_at)


IDS = {
    "warm-up": "warm-up-e819604e46/counted-44136fa355",
    "tishby": "tishby-9f48161bca/counted-44136fa355",
    "tishby-extended": "tishby-extended-11c33715a0/counted-44136fa355",
    "complicated": "complicated-35b584030a/counted-44136fa355",
    "complicated-intended": "complicated-intended-637e4d05a8/counted-44136fa355",
    "mnist": "mnist-cba7f66470/counted-44136fa355",
    "mnist-widened": "mnist-widened-6818785770/counted-44136fa355",
    "digits": "digits-5b192864b0/counted-44136fa355",
    "original": "original-476ad9d2c7/counted-72cff755f9",
    "original-relu": "original-relu-9eb8728ac9/counted-db2b1d9318",
    "mnist-mlp": "mnist-mlp-11e1c3c5e1/counted-72cff755f9",
    "mnist-mlp-relu": "mnist-mlp-relu-5c45faccd5/counted-3356e3066b",
    "mnist-lenet": "mnist-lenet-40b2d836eb/counted-72cff755f9",
    "stopping": "stopping-d26a1c556d/counted-44136fa355",
}


@pytest.mark.parametrize("name", list(CATALOG))
def test_ids_are_for_ever(name):
    """A new field leaves them as they are, and so does another default, for there is none: results
    are found by them.
    """
    assert CATALOG[name].ids == [IDS[name]]


# --- identity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 7},
        {"seed": 1},
        {"seeds": 2},
        {"data": "other"},
        {"init": "independent"},
        {"n_recorded": 3},
    ],
)
def test_the_id_of_what_is_trained_changes_with_every_field_that_decides_snapshots(change):
    assert SHORT.varied(**change).id != SHORT.id
    assert SHORT.varied(**change).reads[0].id == SHORT.reads[0].id


@pytest.mark.parametrize("change", [{"edges": (-1.0, 1.0, 30)}, {"out_of_range": "clip"}])
def test_other_bins_have_another_id_and_what_is_trained_keeps_its_own(change):
    assert SHORT.varied(**change).id == SHORT.id
    assert SHORT.varied(**change).reads[0].id != SHORT.reads[0].id


def test_the_ids_are_of_the_numbers_not_of_the_words():
    assert (
        SHORT.varied(
            about="other words", published="other", shows="other", case="", analyses=()
        ).ids
        == SHORT.ids
    )


@pytest.mark.parametrize(
    "record", [SHORT.training, SEEDED.training, Counted(), Counted((0.0, 1.0, 9), "clip")]
)
def test_a_new_field_with_a_default_renames_nothing(record):
    fields = [
        ("momentum", float, 0.0),
        ("labels", tuple, ()),
        ("layers", dict, field(default_factory=dict)),
    ]
    more = make_dataclass("More", fields, bases=(type(record),), frozen=True)
    assert identity.digest(more(**vars(record))) == identity.digest(record)
    assert identity.digest(more(**vars(record), momentum=0.9)) != identity.digest(record)


def test_what_differs_is_plain_data_of_records_inside_too():
    @dataclass(frozen=True)
    class Outer:
        inner: Counted = field(default_factory=Counted)
        several: tuple = ()

    assert identity.differing(Outer()) == {}
    outer = Outer(Counted((0.0, 1.0, 9)), (Counted(out_of_range="clip"), 3))
    # which are equal
    assert identity.digest(Counted((0, 1.0, 9))) == identity.digest(Counted((0.0, 1, 9)))
    assert identity.differing(outer) == {
        "inner": {"edges": [0.0, 1.0, 9]},
        "several": [{"out_of_range": "clip"}, 3],
    }
    assert len(identity.digest(outer)) == 10


# --- records --------------------------------------------------------------------------------------


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
        again = Run.of(json.loads(json.dumps(run.fields())))
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
        Run.of(change(SHORT.fields()))


def test_a_reading_is_asked_for_by_its_measure():
    assert readings.of("reading", {"measure": "counted", "edges": [0, 1, 9]}) == Counted(
        (0.0, 1.0, 9)
    )
    with pytest.raises(ValueError, match=r"reading\.measure is None: this version knows counted"):
        readings.of("reading", 3)
    assert [*Counted((1.0, 0.0, 9)).faults()] == [
        "edges are 1.0, 0.0, 9: they are LOW below HIGH, and N from 2 to 16,777,216"
    ]
    assert str(Counted((0.0, 35.0, 501), "separate")) == "501 edges on 0..35, separate"


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


# --- of earlier versions --------------------------------------------------------------------------


def test_the_run_of_a_manifest_of_format_1_has_the_id_that_it_had():
    for path in FORMAT_1.glob("*/manifest.json"):
        manifest = json.loads(path.read_text())
        run = earlier.run_of(manifest["run"])
        assert earlier.id_of(run) == manifest["id"] == path.parent.name
        assert run.training == CATALOG["warm-up"].varied(epochs=4, copies=2, n_recorded=3).training
        assert (run.about, run.published) == (
            CATALOG["warm-up"].about,
            CATALOG["warm-up"].published,
        )


def test_what_could_not_be_said_earlier_had_no_id():
    assert earlier.id_of(SHORT.varied(reads=(Counted(), Counted((0.0, 1.0, 9))))) is None
    assert earlier.id_of(CATALOG["stopping"]) == "stopping-72c744c27b"


def test_another_measure_had_no_id_earlier():
    kind = make_dataclass("Other", [("measure", str, "other")], frozen=True)
    assert earlier.id_of(SHORT.varied(reads=(kind(),))) is None
