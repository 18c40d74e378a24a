"""Noise is rejected as often as it may be, and no oftener."""

import pytest

from benchmarks import selection
from benchmarks.selection import Rejected


def test_a_share_is_judged_by_its_error():
    assert Rejected(0.1, 0.1 + 3 * 0.03, 100).holds
    assert not Rejected(0.1, 0.191, 100).holds
    assert str(Rejected(0.1, 0.13, 100)) == "at 0.1: 0.1300 of 100 (+1.0 errors): holds"


def test_a_little_noise_is_not_rejected_too_often():
    assert all(rejected.holds for rejected in selection.rejected_columns(100, 99))
    assert selection.rejected_families(8, 39).n == 8


@pytest.mark.parametrize(("share", "code"), [(0.05, 0), (0.5, 1), (0.0, 1)])
def test_the_command_says_whether_it_holds(monkeypatch, capsys, share, code):
    monkeypatch.setattr(selection, "rejected_columns", lambda: [Rejected(0.1, 0.1, 1000)])
    monkeypatch.setattr(selection, "rejected_families", lambda: Rejected(0.05, share, 400))
    assert selection.main([]) == code
    assert "families of 20 columns" in capsys.readouterr().out
