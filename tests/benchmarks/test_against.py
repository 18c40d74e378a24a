"""Two versions are asked the same, a block in each in turn; no time is asserted here."""

import pytest

from benchmarks import against
from tests import ROOT


def test_what_is_timed_are_calls_that_answer():
    cases = against.cases()
    assert len(cases) == 5
    assert cases["30 segments"]().shape == (5, 6, 2)
    assert set(cases["30 segments, readings"]()) == {"each", "mixture"}
    assert cases["one small layer"]().shape == (1, 2)
    assert cases["encode, 4096 x 10"]().shape == (4096,)
    assert 0 <= cases["labels, 100,000 pairs"]() < 0.1  # drawn apart


def test_a_version_works_in_a_process_of_its_own_until_it_is_ended():
    version = against.Version(ROOT)
    try:
        assert version.names == list(against.cases())
        assert version.seconds("one small layer", 2) > 0
    finally:
        version.end()
        version._process.stdout.close()
    assert version._process.returncode == 0


# its pipes are closed with it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_checkout_that_is_none_is_said(tmp_path):
    (tmp_path / "fastmi.py").write_text("raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="a version ended with status 3"):
        against.Version(tmp_path)


def test_every_case_is_compared(monkeypatch, capsys):
    class Steady:
        names = ("first", "second")

        def __init__(self, folder):
            self.here = folder == against.HERE

        def seconds(self, name, n):
            return 1.0 if self.here else 2.0

        def end(self):
            ended.append(self)

    ended = []
    monkeypatch.setattr(against, "Version", Steady)
    assert against.main(["elsewhere", "--rounds", "4", "--pairs", "2"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "case"
    assert [line.split()[0] for line in lines] == ["first", "second"]
    assert all(line.endswith("0.500 (0.500-0.500)") for line in lines)
    assert len(ended) == 4
