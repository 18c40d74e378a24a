"""The scorecard's own machinery: the six outcomes are told apart, and what is planted is found."""

import os
import signal
import time
import warnings

import numpy as np
import pytest

import fastmi
from tests.scorecard import completeness, isolation, judge
from tests.scorecard.judge import Case, Either, Holds, Outcome, Refused, SkipCase, Warned

CLEAR = Refused("n_bins", "at least 1", kind=ValueError)


def fails(error):
    """Raised here, so not by fastmi."""
    raise error


def refused(n_bins=0):
    """fastmi's own refusal."""
    return fastmi.UniformBins(n_bins, (0, 1))


def warned():
    warnings.warn("hashed to 64 bits", fastmi.CollisionWarning, stacklevel=1)
    return 1.0


PLANTED = {
    "the value": (lambda: 1.0, 1.0, Outcome.RIGHT),
    "the value within rounding": (lambda: 1.0 + 1e-15, 1.0, Outcome.RIGHT),
    "arrays": (lambda: np.arange(3), [0, 1, 2], Outcome.RIGHT),
    "nested lists": (lambda: [[1, "a"], None], [[1, "a"], None], Outcome.RIGHT),
    "what holds": (lambda: 3, Holds("odd", lambda n: n % 2), Outcome.RIGHT),
    "one of two": (lambda: 1.0, Either(2.0, 1.0), Outcome.RIGHT),
    "with its warning": (warned, Warned(1.0, "CollisionWarning", "64 bits"), Outcome.RIGHT),
    "another value": (lambda: 1.0 + 1e-9, 1.0, Outcome.WRONG),
    "another type": (lambda: "1.0", 1.0, Outcome.WRONG),
    "another shape": (lambda: [1.0], 1.0, Outcome.WRONG),
    "NaN": (lambda: float("nan"), 1.0, Outcome.WRONG),
    "what cannot be looked at": (lambda: None, Holds("odd", lambda n: n % 2), Outcome.WRONG),
    "a refusal where a value was due": (refused, 1.0, Outcome.WRONG),
    "a value or a refusal, and neither": (lambda: 3.0, Either(1.0, CLEAR), Outcome.WRONG),
    "its own words": (refused, CLEAR, Outcome.CLEAR),
    "a value or a refusal": (refused, Either(1.0, CLEAR), Outcome.CLEAR),
    "one of the words": (refused, Refused(("bins", "edges")), Outcome.CLEAR),
    "words that are missing": (refused, Refused("n_bins", "try 30"), Outcome.POOR),
    "another kind": (refused, Refused("n_bins", kind=TypeError), Outcome.POOR),
    "another tool's words": (lambda: int("n_bins at least 1"), CLEAR, Outcome.POOR),
    "words of whoever calls": (lambda: fails(ValueError("n_bins at least 1")), CLEAR, Outcome.POOR),
    "several lines": (
        lambda: fails(judge.CommandRefused("n_bins\nat least 1")),
        CLEAR,
        Outcome.POOR,
    ),
    "many letters": (
        lambda: fails(judge.CommandRefused("n_bins at least 1" + "!" * 400)),
        CLEAR,
        Outcome.POOR,
    ),
    "an answer where none is": (lambda: 1.0, CLEAR, Outcome.SILENT),
    "no warning": (lambda: 1.0, Warned(1.0, "CollisionWarning"), Outcome.SILENT),
    "a warning of other words": (
        warned,
        Warned(1.0, "CollisionWarning", "128 bits"),
        Outcome.SILENT,
    ),
    "an undocumented error": (lambda: None.ndim, CLEAR, Outcome.CRASHED),
    "an interrupt": (lambda: fails(KeyboardInterrupt()), CLEAR, Outcome.CRASHED),
    "no memory": (lambda: fails(MemoryError()), 1.0, Outcome.CRASHED),
    "an undocumented error where a value was due": (lambda: {}["a"], 1.0, Outcome.CRASHED),
    "what a program showed": (lambda: fails(judge.Surfaced("status 1")), CLEAR, Outcome.CRASHED),
    "what is not installed": (lambda: fails(SkipCase("no polars")), 1.0, Outcome.SKIPPED),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_outcome_is_told_from_the_others(name):
    call, expected, outcome = PLANTED[name]
    verdict = judge.judge(Case(name, call, expected))
    assert verdict.outcome is outcome, verdict.came
    assert "\n" not in verdict.came


def test_every_outcome_was_planted():
    assert {outcome for _, _, outcome in PLANTED.values()} == set(Outcome)


def test_a_call_without_end_is_ended():
    before = signal.getsignal(signal.SIGALRM)
    verdict = judge.judge(Case("sleeps", lambda: time.sleep(30), None, seconds=0.05))
    assert (verdict.outcome, verdict.came) == (Outcome.CRASHED, "no answer within 0.05 s")
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_large_claim_on_memory_is_found():
    with pytest.raises(judge.Surfaced, match="MB at once"), judge.within_megabytes(1):
        np.zeros(10_000_000)
    with judge.within_megabytes(1):
        np.zeros(1000)


@pytest.mark.skipif(not isolation.FORKS, reason="no processes can be forked off here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_each_case_has_a_process_of_its_own(tmp_path):
    state = []
    cases = [
        Case("leaves something", lambda: state.append(1) or os.chdir("/"), None),
        Case("is killed", lambda: os.kill(os.getpid(), signal.SIGKILL), None),
        Case("leaves at once", lambda: os._exit(3), None),
        Case("is alone", lambda: len(state), 0, alone=True),
        Case("writes where it is", lambda: open("mine", "w").close(), None),
        Case("is large", lambda: int(np.ones(30_000_000).sum()), 30_000_000, megabytes=100),
    ]
    here = os.getcwd()
    found = {case.name: verdict for case, verdict in isolation.judged(cases)}
    assert (
        found["leaves something"].outcome
        is found["is alone"].outcome
        is found["writes where it is"].outcome
        is Outcome.RIGHT
    )
    assert (found["is killed"].outcome, found["is killed"].came) == (
        Outcome.CRASHED,
        "the process ended with signal SIGKILL",
    )
    assert found["leaves at once"].came == "the process ended with status 3"
    assert found["is large"].outcome is Outcome.CRASHED
    assert "MB" in found["is large"].came
    assert (state, os.getcwd(), os.path.exists("mine")) == ([], here, False)


def test_a_parameter_that_nothing_is_tried_on_is_named():
    bad = Case("", lambda: None, Refused("x"), "entropy(x base) mutual_information(x)")
    good = Case("", lambda: None, 1.0, "mutual_information(y)")
    untried = completeness.gaps([bad, good])
    assert {"entropy(x)", "entropy(base)", "mutual_information(x)"}.isdisjoint(untried)
    assert {
        "mutual_information(y)",
        "Stream.update(y)",
        "InformationPlane.load(path)",
        "run(--epochs)",
    } <= set(untried)
    assert {
        "compat.sklearn.mutual_info_score(contingency)",
        "figures.save(path)",
        "draw(RESULT)",
        "file(ledger)",
    } <= set(untried)


def test_the_words_of_about_are_read():
    assert list(completeness.named("Stream.update(activations y) f(--out) g()")) == [
        "Stream.update(activations)",
        "Stream.update(y)",
        "f(--out)",
    ]
