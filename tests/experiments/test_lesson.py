"""The page that teaches: written whole, and the committed one is what its command writes."""

import re
from string import Formatter

import pytest

from experiments import lesson
from experiments.lesson import cuts, one_plane, several, sizing
from experiments.lesson.material import STEPS
from tests import ROOT

FOLDER, MOST_BYTES = ROOT / "docs", 150_000
TEMPLATES = [
    *(lesson.HEAD, one_plane.POINT, one_plane.CEILINGS, one_plane.CHANCE, one_plane.BRACKET),
    *(several.HELD_OUT, several.COPIES, cuts.BINS, cuts.RELU, cuts.WIDE),
    *(sizing.HOW_MANY, lesson.CITING),
]


@pytest.fixture(scope="module")
def written(lesson_page):
    return lesson_page


@pytest.fixture(scope="module")
def committed():
    return FOLDER / "reading-a-plane.md"


def links(page):
    return re.findall(r"\]\(([^)]+)\)", page.read_text())


def plain(text):
    return " ".join(text.split())


def missing(page):
    """The words of the templates that do not stand there in this order."""
    text, at, out = plain(page.read_text()), 0, []
    for template in TEMPLATES:
        for words, _, _, _ in Formatter().parse(template.replace("FIGURES/", f"{page.stem}/")):
            found = text.find(plain(words), at)
            if found < 0:
                out.append(words)
            else:
                at = found + len(plain(words))
    return out


@pytest.mark.parametrize("which", ["written", "committed"])
def test_every_word_stands_there_and_every_link_leads_somewhere(which, request):
    page = request.getfixturevalue(which)
    assert missing(page) == []
    figures = [link for link in links(page) if link.endswith(".png")]
    assert len(figures) == len(set(figures)) == 4
    written = {f"{page.stem}/{path.name}" for path in (page.parent / page.stem).iterdir()}
    assert written == {*figures, f"{page.stem}/first.png"}  # the README's
    for name in figures:
        content = (page.parent / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) < MOST_BYTES
    words = {link for link in links(page) if link.startswith("glossary.md#")}
    assert len(words) >= 6
    assert set(links(page)) - set(figures) - words == {"numbers.md"}
    assert (ROOT / "docs/numbers.md").is_file()
    for trace in ("nan", "{", "None"):
        assert trace not in page.read_text()


def test_prose_has_lines_of_a_hundred_columns(written):
    prose = [line for line in written.read_text().splitlines() if line[:1] not in ("|", ">", "!")]
    assert [line for line in prose if len(line) > 100 and not line.startswith("- ")] == []


def test_the_exact_table_of_the_committed_page_is_that_of_today(written, committed):
    for page in (written, committed):
        assert sizing.how_many() in page.read_text()


def test_the_committed_page_is_of_the_whole_command(committed):
    text = plain(committed.read_text())
    assert text.startswith(
        "# Reading an information plane Written by `python -m experiments reading-a-plane`, "
    )
    assert f"({STEPS:,} steps of 101, " in text


def numbers(page, head):
    """The table of that section: layer -> cells."""
    section = page.read_text().partition(f"\n## {head}")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return {cells[0]: cells[1:] for cells in rows}


def test_what_the_committed_page_says_is_what_its_numbers_show(committed):
    text = plain(committed.read_text())
    for none in (
        "Do not say:* no layer",
        "grows in no layer",
        "hold no bits",
        "0 of 6",
        "seen in no",
    ):
        assert none not in text
    point = numbers(committed, "1. ")
    assert {cells[-1] for cells in point.values()} >= {"unresolved", "bounded"}
    assert float(point["layer 1"][3]) > 0.604 > float(point["output"][3])
    assert float(re.search(r"lies within ([\d.]+) bits", text)[1]) < 0.05
    assert "in 2 of 2 the bracket" in text
    gaps = numbers(committed, "5. ")
    assert gaps["layer 1"][-1] == "unresolved"
    assert gaps["output"][-1] == "above the bracket"
    chosen = [row for row in numbers(committed, "7. ") if row.endswith("(chosen)")]
    assert len(chosen) == 1
    lower = [
        float(cells[3]) for row, cells in numbers(committed, "7. ").items() if row[0].isdigit()
    ]
    assert max(lower) not in (lower[0], lower[-1])
    assert float(numbers(committed, "9. ")["100"][3]) > 0.75


def test_a_place_that_cannot_be_is_refused_before_any_work(tmp_path):
    (tmp_path / "taken").touch()
    for out, words in (
        (tmp_path, "which is a folder"),
        (tmp_path / "page", "pass '.*page.md'"),
        (tmp_path / "taken.md", "cannot be written"),
    ):
        with pytest.raises(ValueError, match=f"out is .*{words}"):
            lesson.write(out, None, "")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
