"""The files of a sweep are made of what is finished, and the same whenever they are made."""

import csv

from experiments.sweeps import correlations, outcome, table
from tests.experiments.sweeps.compared import EDGES, plan
from tests.runs import names

FILES = ["correlations.csv", "sweep.csv", "sweep.png", "sweep.svg"]


def test_tables_and_figure_lie_in_the_folder(swept):
    planned, out = swept
    found = outcome.write(planned, out)
    assert found == correlations.correlations(table.rows(planned, out, "cpu"))
    first = {name: (out / name).read_bytes() for name in FILES}
    outcome.write(planned, out)
    assert {name: (out / name).read_bytes() for name in FILES} == first
    with (out / "sweep.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [float(row["i_xt_end"]) for row in read] == [
        row["i_xt_end"] for row in table.rows(planned, out, "cpu")
    ]


def test_without_a_finished_run_there_are_tables_without_rows(tmp_path):
    assert outcome.write(plan(edges=EDGES), tmp_path) == []
    assert names(tmp_path) == FILES[:2]
    assert len((tmp_path / "sweep.csv").read_text().splitlines()) == 1
