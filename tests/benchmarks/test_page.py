"""The page on speed is written from the files, and holds no number that does not stand in them."""

from __future__ import annotations

import copy
import re

import pytest

from benchmarks import command, page
from benchmarks.report import write_json
from tests.benchmarks.records import candidate

LINKS = re.compile(r"\[([^]]*)\]\([^)]*\)")
NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e[+-]?\d+)?")


def leaves(value):
    """All that a record holds, keys left out."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
        if isinstance(value, list):
            yield len(value)  # of rounds
    elif value is not None:
        yield value


def spellings(number):
    """Every way in which a page may write it."""
    scaled = [number * scale for scale in (1, 100, 1e3, 1e6, 1e-9, 1e-6, 1 / (1 << 20))] + (
        [1 / number] if number else []
    )
    return {
        format(value, form) for value in scaled for form in (",.0f", ",.1f", ".2f", ".1g", ".2g")
    }


def foreign_numbers(text, record):
    """The numbers of a page that stand nowhere in its record."""
    known = set()
    for leaf in leaves(record):
        known |= set(NUMBER.findall(leaf)) if isinstance(leaf, str) else spellings(leaf)
    # words, not numbers
    known |= {number for name in ["float32", "2-D"] for number in NUMBER.findall(name)}
    return [
        number
        for number in NUMBER.findall(LINKS.sub(r"\1", text.removeprefix(page.OPENING)))
        if number.rstrip(".,") not in known
    ]


def written(record, out):
    """All pages in one text."""
    return "\n".join(page.pages([record], {}, out / "performance.md").values())


def test_every_number_stands_in_the_file(record, tmp_path):
    text = written(record, tmp_path)
    assert len(NUMBER.findall(text)) > 60
    assert foreign_numbers(text, record) == []
    assert NUMBER.findall(page.OPENING) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["cases"][0]["candidates"][1].update(median=0.0987),
        lambda record: record["cases"][0]["candidates"][1].update(minimum=0.0986),
        lambda record: record["cases"][0]["candidates"][1].update(spread=0.48),
        lambda record: record["cases"][0]["candidates"][1]["ratio"].update(median=85.3),
        lambda record: record["cases"][0]["read"].update(share=0.0943),
        lambda record: record["cases"][1].update(largest_difference=8.7e-13),
        lambda record: record["curves"][0]["points"][1]["candidates"][0].update(median=0.0946),
        lambda record: record["limits"].update(read=9.46e10),
        lambda record: record["cold"].update(compiling=94.6),
        lambda record: record["machine"].update(load=0.94),
    ],
)
def test_a_number_that_changes_in_the_file_changes_on_the_page(record, tmp_path, change):
    changed = copy.deepcopy(record)
    change(changed)
    text = written(changed, tmp_path)
    assert foreign_numbers(text, changed) == []
    assert foreign_numbers(text, record) != []


def test_who_is_faster_is_listed_with_the_case(record, tmp_path):
    text = written(record, tmp_path)
    listed = text.partition("### Faster than fastmi anywhere\n")[2].partition("###")[0].strip()
    assert listed == "- polars, on tall: fastmi is 15 times slower (14 .. 17)"
    record["cases"][0]["candidates"].pop()
    assert "### Faster than fastmi anywhere\n\nNobody.\n" in written(record, tmp_path)
    record["curves"][0]["points"][1]["candidates"].append(
        candidate("NumPy", [0.001], (0.5, 0.5, 0.5))
    )
    assert "- NumPy, on the curve over samples, at 7,000: fastmi is 2.0 times slower" in written(
        record, tmp_path
    )


def test_the_page_says_what_a_reader_must_know(record, tmp_path):
    record["cases"][0]["candidates"][0]["peak_bytes"] = 3_100_000
    text = written(record, tmp_path)
    assert "--quick" not in text
    assert "every candidate held to 1 thread" in text
    assert "- not here: cuDF: cudf is not installed" in text
    assert "Not run: pyitlib (too slow: about 57 s expected)." in text
    assert "What tall is (777 rows)." in text
    assert "Not run: NumPy (more than 63 activations)." in text
    row = "| 1.82 ms | 3.1 MB | polars | 120 us |  | 15 times slower (14 .. 17) |"
    assert f"| [tall](performance/cpu/tall.md) {row}" in text
    record["quick"] = True
    record["machine"]["busy"] = True
    text = written(record, tmp_path)
    assert "**Measured with --quick: a look, not a measurement.**" in text
    assert "BUSY" in text


def test_the_command_writes_page_and_figures_from_the_folder(record, tmp_path, capsys):
    results, out = tmp_path / "results", tmp_path / "docs" / "performance.md"
    gpu = record | {"device": "Some GPU", "curves": [], "cold": None, "cases": []}
    write_json(results / "cpu.json", record)
    write_json(results / "Another.json", gpu)
    write_json(results / "Checked.json", {"device": "Checked GPU", "parts": {}})
    assert command.main(["report", "--results", str(results), "--out", str(out)]) == 0
    text = out.read_text()
    assert text.index("## cpu") < text.index("## Some GPU")
    assert "Checked GPU" not in text  # docs/gpu.md tells of it
    assert "![Median seconds over samples](../results/curve-samples.svg)" in text
    drawn = (results / "curve-samples.svg").read_bytes()
    assert drawn.startswith(b"<?xml")
    assert command.main(["report", "--results", str(results), "--out", str(out)]) == 0
    assert (results / "curve-samples.svg").read_bytes() == drawn
    assert str(tmp_path) not in text + drawn.decode()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no file in"),
        ({"Some-GPU.json": {"device": "Some GPU", "parts": {}}}, "no file in"),
        ({"cpu.json": {"quick": False, "cases": []}}, "was written by an older version"),
    ],
)
def test_without_a_file_of_today_there_is_no_page(tmp_path, capsys, files, words):
    for name, content in files.items():
        write_json(tmp_path / name, content)
    assert (
        command.main(["report", "--results", str(tmp_path), "--out", str(tmp_path / "page.md")])
        == 2
    )
    assert words in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


def test_pages_of_cases_that_are_gone_are_taken_away(record, tmp_path):
    write_json(tmp_path / "results" / "cpu.json", record)
    out = tmp_path / "performance.md"
    command = ["report", "--results", str(tmp_path / "results"), "--out", str(out)]
    assert page.main(command[1:]) == 0
    folder = tmp_path / "performance" / "cpu"
    assert {path.name for path in folder.iterdir()} == {"over-samples.md", "runs.md", "tall.md"}
    for target in re.findall(r"\]\(([^)]*)\)", out.read_text()):
        assert (tmp_path / target).is_file()
    for path in folder.iterdir():
        assert (folder / re.findall(r"\]\(([^)]*)\)", path.read_text())[0]).resolve() == out
    (folder / "other.md").write_text("# somebody else's\n")
    del record["cases"][1]
    write_json(tmp_path / "results" / "cpu.json", record)
    assert page.main(command[1:]) == 0
    assert {path.name for path in folder.iterdir()} == {"other.md", "over-samples.md", "tall.md"}
