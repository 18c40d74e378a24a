"""Records of earlier versions have the ids that they had."""

import json
from dataclasses import make_dataclass

from experiments import old_formats
from experiments.catalog import CATALOG
from experiments.measures import Counted
from tests import DATA
from tests.experiments.shortened import SHORT

FORMAT_1 = DATA / "format-1"


def test_the_run_of_a_manifest_of_format_1_has_the_id_that_it_had():
    for path in FORMAT_1.glob("*/manifest.json"):
        manifest = json.loads(path.read_text())
        run = old_formats.run_of(manifest["run"])
        assert old_formats.id_of(run) == manifest["id"] == path.parent.name
        assert run.training == CATALOG["warm-up"].varied(epochs=4, copies=2, n_recorded=3).training
        assert (run.about, run.published) == (
            CATALOG["warm-up"].about,
            CATALOG["warm-up"].published,
        )


def test_what_could_not_be_said_earlier_had_no_id():
    assert old_formats.id_of(SHORT.varied(reads=(Counted(), Counted((0.0, 1.0, 9))))) is None
    assert old_formats.id_of(CATALOG["stopping"]) == "stopping-72c744c27b"


def test_another_measure_had_no_id_earlier():
    kind = make_dataclass("Other", [("measure", str, "other")], frozen=True)
    assert old_formats.id_of(SHORT.varied(reads=(kind(),))) is None


def test_shuffled_labels_had_no_id_earlier():
    assert old_formats.id_of(SHORT) is not None
    assert old_formats.id_of(SHORT.varied(labels="shuffled")) is None
