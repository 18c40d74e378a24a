"""The tables of one run on the page: their cells, and those that stay empty."""

from experiments import run_tables
from experiments.results import read
from tests import runs
from tests.runs import trained


def test_the_published_reading_is_the_sampled_one_or_the_first(short_runs):
    for name, expected in (("seeds", "each"), ("stopping", "sampled")):
        table = run_tables.published_reading(read(short_runs[name]).manifest)
        assert (table["sample"], table["reading"]) == ("training", expected)


def test_beliefs_are_of_the_published_reading_of_every_sample(short_runs):
    finished = read(short_runs["stopping"])
    _, _, head, _, *rows, _ = run_tables.beliefs(finished.run, finished.manifest)
    assert head.endswith("| verdict | why |")
    assert [row.split(" | ")[0] for row in rows] == [
        f"| {sample}" for sample in ("training", "held-out", "fresh") for _ in range(6)
    ]


def test_a_layer_that_lacks_a_number_has_an_empty_cell(short_runs):
    finished = read(short_runs["warm-up"])
    del finished.manifest["readings"][0]["layers"][0]["mean_lower"]
    del finished.manifest["readings"][0]["layers"][0]["growth"]
    row = run_tables.beliefs(finished.run, finished.manifest)[4]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert [i for i, cell in enumerate(cells) if not cell] == [4, 5]


def test_a_gap_has_a_line_for_each_held_out_sample(short_runs):
    finished = read(short_runs["stopping"])
    manifest, lines = finished.manifest, run_tables.gaps(finished)
    assert [line.partition(":")[0] for line in lines[::2]] == [
        f"I(T;Y) of single networks, training minus {sample}"
        for sample in dict.fromkeys(gap["held_out"] for gap in manifest["gaps"])
    ]
    assert lines[1::2] == [""] * len(lines[::2])


def test_earlier_manifests_have_no_gaps_and_empty_cells():
    for folder in trained(runs.FORMAT_1):
        if folder.name.startswith("warm-up"):
            finished = read(folder)
            assert run_tables.gaps(finished) == []
            for row in run_tables.beliefs(finished.run, finished.manifest)[4:-1]:
                assert row.endswith(" |  |  |  |  |  |  |")
