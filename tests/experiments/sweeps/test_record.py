"""The folder of a sweep says what it is the sweep of, and takes no other."""

import json

import pytest

from experiments import sweeps
from experiments.sweeps import record
from tests.experiments.sweeps.compared import BASE, plan

VERSIONS = {"fastmi": "1", "python": "3"}


def settled(out, planned):
    record.settle(out, planned, VERSIONS)
    return json.loads((out / "sweep.json").read_text())


def test_it_holds_the_run_the_axes_the_ids_and_the_versions(tmp_path):
    planned = plan(2, widths="12-3-1")
    content = settled(tmp_path, planned)
    assert content == {
        "format": 1,
        "run": json.loads(json.dumps(BASE.fields())),
        "axes": {"seed": [0, 1], "widths": [[12, 3, 1]]},
        "runs": [
            {"id": run.id, "values": {"seed": seed, "widths": [12, 3, 1]}}
            for seed, run in enumerate(planned.runs)
        ],
        "versions": VERSIONS,
    }


def test_the_same_sweep_and_one_that_has_grown_are_taken(tmp_path):
    first = settled(tmp_path, plan(2, learning_rate=[0.1]))
    assert settled(tmp_path, plan(2, learning_rate=[0.1])) == first
    grown = settled(tmp_path, plan(3, learning_rate=[0.2, 0.1]))
    assert grown["axes"] == {"seed": [0, 1, 2], "learning_rate": [0.2, 0.1]}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (plan(2, learning_rate=[0.1]), "seed is 0,1, and was 0,1,2; pass another --out"),
        (plan(3, learning_rate=[0.2]), "learning_rate is 0.2, and was 0.1;"),
        (plan(3), "learning_rate is none, and was 0.1;"),
        (plan(3, learning_rate=[0.1], copies=[1]), "copies was no axis;"),
        (
            sweeps.make(BASE.varied(epochs=9), {"seed": range(3), "learning_rate": [0.1]}),
            "epochs is 9, and was 3;",
        ),
    ],
)
def test_another_sweep_is_refused_and_what_differs_is_said(tmp_path, other, said):
    before = settled(tmp_path, plan(3, learning_rate=[0.1]))
    with pytest.raises(ValueError, match="holds another sweep: ") as caught:
        record.settle(tmp_path, other, VERSIONS)
    assert said in str(caught.value)
    assert json.loads((tmp_path / "sweep.json").read_text()) == before


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 1}', '{"format": 1, "run": {}, "axes": {}}']
)
def test_a_file_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(ValueError, match=r"sweep.json' is not what a sweep wrote .*: move it away"):
        record.settle(tmp_path, plan(), VERSIONS)
    assert (tmp_path / "sweep.json").read_text() == content


def test_that_of_a_later_version_is_refused(tmp_path):
    content = settled(tmp_path, plan()) | {"format": 99}
    (tmp_path / "sweep.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="99"):
        record.settle(tmp_path, plan(), VERSIONS)
