"""The commands of the analyses: what is asked is refused or understood before any work."""

import re

import pytest

from experiments import __main__ as cli
from experiments.commands import analyse


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["compression", "{seed 0}", "{seed 0}"],
            "RESULT holds seed 0 more than once: pass each result once",
        ),
        (
            ["compression", "{seed 0}", "{copies}"],
            "which differs from tishby-.* in more than its seeds: write a page of each",
        ),
        (
            ["stopping", "{seed 0}"],
            "tishby has no fresh sample, on which rules for stopping are judged: pass results of",
        ),
        (["compression", "nowhere"], "RESULT is 'nowhere', which is no folder that `run` left"),
        (
            ["compression", "--seeds", "100001"],
            "seeds is 100001: at most 100,000 are trained one after the other",
        ),
        (["stopping", "--epochs", "9" * 15], "would need about"),
        (["stopping", "--device", "meta"], "device is 'meta'"),
    ],
)
def test_what_cannot_be_analysed_is_said(analysed, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.setattr(analyse, "execute", lambda *words, **options: pytest.fail("it was trained"))
    words = [word.format(**analysed) for word in words]
    assert cli.main([*words, "--out", str(tmp_path / "page.md")]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "page.md").exists()
