"""The gallery: every run of the catalogue, its figure where there is one, and its command."""

import re

from experiments import __main__ as cli
from experiments import gallery
from experiments.catalog import CATALOG
from tests import ROOT

DOCS = ROOT / "docs"


def test_the_page_in_docs_is_that_of_the_catalogue():
    found = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert found == gallery.page(DOCS), f"run {gallery.COMMAND}"


def test_it_names_every_run_with_its_command_and_its_figure():
    page = gallery.page(DOCS)
    sections = dict(re.findall(r"^## `(.*?)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(CATALOG)
    for name, section in sections.items():
        assert f"python -m experiments run {name}" in section
        assert (f"(reproduction/{name}.png)" in section) == (
            DOCS / f"reproduction/{name}.png"
        ).is_file()
        assert ("--mnist FOLDER" in section) == CATALOG[name].training.data.startswith("mnist")
    assert sum("![" in section for section in sections.values()) >= 14
    assert "(compression.png)" in page


def test_without_figures_it_says_so(tmp_path):
    assert cli.main(["gallery", "--out", str(tmp_path / "gallery.md")]) == 0
    page = (tmp_path / "gallery.md").read_text()
    assert page.count("No figure of it is kept here.") == len(CATALOG)
    assert "![" not in page
    assert "Its numbers" not in page


def test_a_place_that_cannot_be_written_is_said(tmp_path, capsys):
    out = tmp_path / "none" / "gallery.md"
    assert cli.main(["gallery", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "none/gallery.md cannot be written" in said
    assert "pass the name of a file in a folder that is there" in said


def test_lines_are_of_a_page_s_width():
    lines = gallery.page(DOCS).splitlines()
    assert [line for line in lines if len(line) > 100 and not line.startswith("![")] == []
