"""What the site promises of its pages; it is built elsewhere, by `make site`."""

from __future__ import annotations

import re

import pytest

import fastmi
from fastmi import belief, callbacks, compat, distributed, measures
from fastmi.points import Points
from tests import ROOT
from tests.links import links, pages

DOCS = ROOT / "docs"
WORDS = (  # of the house, each with a heading of its own in the glossary
    *("symbol", "code", "tally", "reading", "each", "sampled", "mixture", "coverage"),
    *("pair coverage", "chance", "excess", "bracket", "mean_lower", "mean_upper", "growth"),
    *("funnel", "verdict", "measure", "method", "binning", "cut", "copy", "step", "epoch"),
    *("charge", "ceiling", "outside", "plane", "point", "I(X;T)", "I(T;Y)"),
)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def headings(name: str, level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", text(name), re.MULTILINE)


def test_the_glossary_has_every_word_of_the_house_once():
    said = headings("glossary.md", 3)
    assert [word for word in WORDS if word not in said] == []
    assert len(set(said)) == len(said)


def test_the_glossary_has_every_verdict_sample_and_column_of_belief():
    said = set(headings("glossary.md", 3))
    assert {*filter(None, belief.VERDICTS), *belief.SAMPLES} <= said
    columns = {column.name.replace("_", " ") for column in Points.columns()}
    beside = {word for word in WORDS if word in columns}
    assert {"coverage", "pair coverage", "chance", "growth", "outside", "charge"} <= beside


def test_every_entry_of_the_glossary_says_something():
    entries = re.split(r"^#{2,3} .+$", text("glossary.md"), flags=re.MULTILINE)[1:]
    assert len([entry for entry in entries if len(entry.split()) > 8]) >= len(WORDS)


def test_the_words_are_linked_where_they_are_used():
    pointing = {
        page
        for page, words in pages().items()
        if any("glossary.md#" in link.target for link in links(page, words))
    }
    names = ("first-plane", "reading-a-plane", "your-own-model", "labels", "choosing", "faq")
    assert {f"docs/{name}.md" for name in (*names, "many-copies", "design")} <= pointing


def test_the_reference_has_every_public_name():
    shown = "\n".join(path.read_text() for path in (DOCS / "reference").glob("*.md"))
    found = set(re.findall(r"\.\. auto\w+:: ([\w.]+)$", shown, re.MULTILINE))
    public = {f"fastmi.{name}" for name in fastmi.__all__}
    public |= {f"fastmi.measures.{name}" for name in measures.__all__}
    public |= {f"fastmi.distributed.{name}" for name in distributed.__all__}
    public |= {f"fastmi.compat.{name}" for name in compat.MODULES}
    public |= {f"fastmi.callbacks.{name}.Watch" for name in callbacks.MODULES}
    assert found == public


def test_every_page_is_in_a_list_of_the_site():
    listed = set()
    for page in (DOCS / "index.md", DOCS / "reference.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), re.DOTALL):
            entries = [line for line in block.splitlines() if line and line[0] != ":"]
            listed |= {re.sub(r".*<(.*)>", r"\1", entry).removeprefix("../") for entry in entries}
    there = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    cases = {name for name in there if name.startswith("performance/")}  # linked, not listed
    assert listed == (there - cases - {"index"}) | {"README", "CONTRIBUTING", "CHANGELOG", "report"}
    linked = {link.target for link in links("", text("performance.md"))}
    assert {f"{name}.md" for name in cases} <= linked


QUESTIONS = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text("faq.md"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("question", "answer"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_an_answer_is_short_and_leads_on(question, answer):
    assert question.endswith("?")
    assert 3 <= len(re.findall(r"[.?!](?:\s|$)", answer)) <= 7
    assert "](" in answer


def test_the_questions_that_are_asked_are_answered():
    asked = " ".join(question for question, _ in QUESTIONS)
    for words in ("log2 n", "more bins", "Training or held-out", "nats", "ReLU", "compression"):
        assert words in asked
