"""The read-offs as numbers: those that the catalogue says in words, and no others."""

import re

import pytest

from experiments import networks
from experiments.catalog import CATALOG
from experiments.read_offs import BESIDE, READ_OFFS

NUMBER = re.compile(r"\d*\.\d+|\d+")


def flat(*values):
    for value in values:
        yield from value if isinstance(value, tuple) else () if value is None else (value,)


def test_every_run_of_which_something_was_published_has_its_read_offs():
    assert set(READ_OFFS) == {name for name, run in CATALOG.items() if run.published}
    for run, other in BESIDE.items():
        assert run in CATALOG
        assert not CATALOG[run].published
        assert other in READ_OFFS


@pytest.mark.parametrize("name", list(READ_OFFS))
def test_they_are_what_the_catalogue_says_in_words(name):
    run = CATALOG[name]
    words = re.sub(r"layers? [\d-]+|at epochs [\d/]+|exp \d", "", run.published)
    numbers = {
        float(value) for read_off in READ_OFFS[name] for value in flat(read_off.i_xt, read_off.i_ty)
    }
    assert numbers == set(map(float, NUMBER.findall(words)))


@pytest.mark.parametrize("name", list(READ_OFFS))
def test_their_places_are_there(name):
    run, read_offs = CATALOG[name], READ_OFFS[name]
    layers = networks.watched(networks.outline(run.training.network, run.training.widths))
    assert {read_off.layer for read_off in read_offs} <= set(layers)
    assert len({(read_off.layer, read_off.at) for read_off in read_offs}) == len(read_offs)
    epochs = tuple(read_off.at for read_off in read_offs if isinstance(read_off.at, int))
    assert epochs == run.published_at
