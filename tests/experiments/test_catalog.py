"""The catalogue: the published settings, ids for ever, a story for every run."""

import re

import numpy as np
import pytest

from benchmarks import cases
from experiments import analyses
from experiments.catalog import CATALOG


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
    "resnet": "resnet-7795f6ee22/counted-29625aadaf",
    "stopping": "stopping-d26a1c556d/counted-44136fa355",
}


ALSO = {  # of other measures of the same training
    "resnet": [
        "resnet-7795f6ee22/vector-quantized-44136fa355",
        "resnet-7795f6ee22/per-unit-29625aadaf",
    ]
}


@pytest.mark.parametrize("name", list(CATALOG))
def test_ids_are_for_ever(name):
    """A new field leaves them as they are, and so does another default, for there is none.

    Results are found by them.
    """
    first, *others = CATALOG[name].ids
    assert first == IDS[name]
    assert others == ALSO.get(name, [])
