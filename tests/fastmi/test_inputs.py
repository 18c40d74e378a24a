"""Containers and dtypes: the plain list's answer, or a refusal whose advice works when typed."""

import pytest

from tests.scorecard import containers
from tests.scorecard.judge import GOOD, Outcome, judge

CASES = containers.cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_plain_answer_or_an_advice_that_works(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    verdict = judge(case)
    if verdict.outcome is Outcome.SKIPPED:
        pytest.skip(verdict.came)
    assert verdict.outcome in GOOD, f"{verdict.outcome}: {verdict.came}"


def test_the_walk_is_long():
    assert len({case.name for case in CASES}) == len(CASES) >= 100
