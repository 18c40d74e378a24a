"""An id changes with every field that decides, and with no other."""

from dataclasses import dataclass, field, make_dataclass

import pytest

from experiments import identity
from experiments.measures import Counted
from tests.experiments.shortened import SEEDED, SHORT


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 7},
        {"seed": 1},
        {"seeds": 2},
        {"data": "other"},
        {"init": "independent"},
        {"n_recorded": 3},
        {"labels": "shuffled"},
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
        ("tags", tuple, ()),
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
