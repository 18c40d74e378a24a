"""The command of the lesson: the page comes out the same again, in small."""

import pytest

from experiments import __main__ as cli
from experiments import lesson
from experiments.commands import teach
from experiments.lesson.material import STEPS
from tests.experiments.shortened import page_of


def test_the_command_writes_the_page_and_the_same_again(lesson_page, material, tmp_path, capsys):
    page = page_of(tmp_path, "reading-a-plane", "--steps", material.steps)
    assert capsys.readouterr().out == f"written: {tmp_path / 'page.md'}\n"
    assert page == lesson_page.read_text()
    assert "Written by `python -m experiments reading-a-plane --steps 3`, " in page
    for figure in (tmp_path / "page").iterdir():
        assert figure.read_bytes() == (lesson_page.parent / "page" / figure.name).read_bytes()


def test_as_a_rule_it_is_trained_as_long_as_in_the_catalogue(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(lesson, "write", lambda *given: asked.append(given))
    assert cli.main(["reading-a-plane", "--out", str(tmp_path / "x.md")]) == 0
    ((out, material, command),) = asked
    assert (out, material.steps) == (tmp_path / "x.md", STEPS)
    assert command == "python -m experiments reading-a-plane"


@pytest.mark.parametrize("steps", [teach.MOST_STEPS + 1, 10**12])
def test_too_many_steps_are_refused(steps, tmp_path, capsys):
    out = tmp_path / "x.md"
    assert cli.main(["reading-a-plane", "--steps", str(steps), "--out", str(out)]) == 2
    assert f"steps is {steps}: pass --steps of at most 100,000" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
