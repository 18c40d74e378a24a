"""A case and its expected answer -> one of six outcomes.

It is told from what was returned or raised, and from nothing else.
"""

from __future__ import annotations

import linecache
import re
import signal
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any

import numpy as np

from tests import ROOT

FAMILY = (TypeError, ValueError, OSError)  # what the docstrings document
LONGEST_LETTERS = 400  # of a message
CLOSE_BITS = 1e-12
Word = str | tuple[str, ...]  # a tuple: one of these

OURS = tuple(str(ROOT / name) + "/" for name in ("fastmi", "experiments"))


class Outcome(StrEnum):
    """What became of a case."""

    RIGHT = "right"
    CLEAR = "refused clearly"
    POOR = "refused poorly"
    WRONG = "wrong"
    SILENT = "silent"
    CRASHED = "crashed"
    SKIPPED = "skipped"


GOOD = (Outcome.RIGHT, Outcome.CLEAR, Outcome.SKIPPED)


class SkipCase(Exception):
    """What the case needs is not installed here."""


class Surfaced(Exception):
    """What a program showed its user in place of an answer.

    A traceback, say, or a status that means nothing.
    """


class CommandRefused(ValueError):
    """The command line's own refusal: status 2 and a line."""

    ours = True


class TookTooLong(BaseException):
    """No answer within the limit."""


# --- expected answers -----------------------------------------------------------------------------


class Refused:
    """An exception of these kinds, raised by fastmi itself.

    Its message is one line and holds all the words.

    Args:
        kind: what the docstring documents; TypeError, ValueError by default.
        foreign: another tool's exception is what is documented (the drop-ins for scikit-learn).
    """

    def __init__(
        self, *words: Word, kind: Any = (TypeError, ValueError), foreign: bool = False
    ) -> None:
        self.words, self.kind, self.foreign = words, kind, foreign

    def __repr__(self) -> str:
        return f"a refusal with {', '.join(map(repr, self.words))}" if self.words else "a refusal"


class Holds:
    """Any answer of which this is true."""

    def __init__(self, words: str, true_of: Callable[[Any], Any]) -> None:
        self.words, self.true_of = words, true_of

    def __repr__(self) -> str:
        return self.words


class Warned:
    """This answer, and beside it a warning of a class by this name.

    The warning's message holds the words.
    """

    def __init__(self, value: Any, name: str, *words: Word) -> None:
        self.value, self.name, self.words = value, name, words

    def __repr__(self) -> str:
        return f"{self.value!r} with a {self.name}"


class Either:
    """Any of these."""

    def __init__(self, *options: Any) -> None:
        self.options = options

    def __repr__(self) -> str:
        return " or ".join(map(repr, self.options))


@dataclass(frozen=True)
class Case:
    """What is called, and what must come of it.

    `about` names the callables and parameters that a bad input is for: "Stream.update(y)"; several
    stand apart by spaces. `alone`: nothing else runs beside it, since it measures time.
    """

    name: str
    call: Callable[[], Any]
    expected: Any
    about: str = ""
    seconds: float = 30.0
    megabytes: float = 400.0
    alone: bool = False


@dataclass(frozen=True)
class Verdict:
    """The outcome, and what came out in a line."""

    outcome: Outcome
    came: str
    seconds: float = 0.0


# --- judging --------------------------------------------------------------------------------------


def judge(case: Case) -> Verdict:
    """Runs the case here and now; what it leaves behind (settings, files) stays."""
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            with deadline(case.seconds):
                answer = case.call()
        except SkipCase as reason:
            return Verdict(Outcome.SKIPPED, str(reason))
        except TookTooLong:
            return Verdict(Outcome.CRASHED, f"no answer within {case.seconds:g} s", case.seconds)
        except BaseException as error:
            return Verdict(*of_error(case.expected, error), time.perf_counter() - start)
    return Verdict(*of_value(case.expected, answer, heard), time.perf_counter() - start)


def of_value(
    expected: Any, answer: Any, heard: Sequence[warnings.WarningMessage] = ()
) -> tuple[Outcome, str]:
    """Judges an answer that came."""
    options = _options(expected)
    values = [option for option in options if not isinstance(option, Refused)]
    came = _line(answer)
    try:
        if any(_meets(option, answer, heard) for option in values):
            return Outcome.RIGHT, came
    except Exception as error:  # the answer cannot even be looked at
        return Outcome.WRONG, f"{came}: {type(error).__name__}: {_line(str(error))}"
    if not values:
        return Outcome.SILENT, came
    if any(isinstance(option, Warned) and same(answer, option.value) for option in values):
        return (
            Outcome.SILENT,
            f"{came}, warned of {[warning.category.__name__ for warning in heard]}",
        )
    return Outcome.WRONG, came


def of_error(expected: Any, error: BaseException) -> tuple[Outcome, str]:
    """Judges an exception that came."""
    message = str(error)
    came = f"{type(error).__name__}: {_line(message)}"
    refusals = [option for option in _options(expected) if isinstance(option, Refused)]
    meant = [refusal for refusal in refusals if isinstance(error, refusal.kind)]
    if any(not faults(refusal, error) for refusal in meant):
        return Outcome.CLEAR, came
    if isinstance(error, FAMILY) or meant:
        if not refusals:
            return Outcome.WRONG, f"{came} where an answer was due"
        why = "; ".join(
            min(
                (faults(refusal, error) for refusal in meant),
                key=len,
                default=["of another kind than documented"],
            )
        )
        return Outcome.POOR, f"{came} [{why}]"
    return Outcome.CRASHED, came


def faults(refusal: Refused, error: BaseException) -> list[str]:
    """Says what is wrong with a refusal's message."""
    message, complaints = str(error), list[str]()
    if not (refusal.foreign or is_ours(error)):
        complaints.append("another tool's words")
    if len(message.splitlines()) > 1 and not refusal.foreign:
        complaints.append(f"{len(message.splitlines())} lines")
    if len(message) > LONGEST_LETTERS and not refusal.foreign:
        complaints.append(f"{len(message)} letters")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", message).lower()  # 1,000,000 is 1000000
    missing = [
        word
        for word in refusal.words
        if not any(option.lower() in text for option in _either(word))
    ]
    return complaints + [f"without {word!r}" for word in missing]


def is_ours(error: BaseException) -> bool:
    """Tells whether a `raise` of fastmi or the experiments made the error.

    Not a line of theirs that called something unchecked.
    """
    if getattr(error, "ours", False):
        return True
    last: TracebackType | None = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return False
    file = last.tb_frame.f_code.co_filename
    return file.startswith(OURS) and "raise" in linecache.getline(file, last.tb_lineno).split()


def same(given: Any, expected: Any) -> bool:
    """Tells whether both are equal, floats within 1e-12; arrays of the same shape."""
    if isinstance(expected, Holds):
        return bool(expected.true_of(given))
    if isinstance(expected, Mapping):
        return (
            isinstance(given, Mapping)
            and given.keys() == expected.keys()
            and all(same(given[k], expected[k]) for k in expected)
        )
    if isinstance(expected, str | bytes | bool | None):
        return type(given) is type(expected) and given == expected
    if isinstance(expected, list | tuple) and not all(
        isinstance(value, int | float) for value in expected
    ):
        return len(given) == len(expected) and all(map(same, given, expected))
    if isinstance(expected, int | float | list | tuple | np.ndarray | np.generic):
        given, expected = np.asarray(given), np.asarray(expected)
        if given.shape != expected.shape or given.dtype.kind not in "biuf":
            return False
        return bool(
            np.allclose(
                given.astype(float),
                expected.astype(float),
                rtol=CLOSE_BITS,
                atol=CLOSE_BITS,
                equal_nan=True,
            )
        )
    return bool(given == expected)


def _meets(expected: Any, answer: Any, heard: Sequence[warnings.WarningMessage]) -> bool:
    if isinstance(expected, Warned):
        said = [
            str(warning.message) for warning in heard if warning.category.__name__ == expected.name
        ]
        told = any(
            all(any(w.lower() in text.lower() for w in _either(word)) for word in expected.words)
            for text in said
        )
        return told and same(answer, expected.value)
    return same(answer, expected)


def _options(expected: Any) -> list[Any]:
    return (
        [inner for option in expected.options for inner in _options(option)]
        if isinstance(expected, Either)
        else [expected]
    )


def _either(word: Word) -> tuple[str, ...]:
    return (word,) if isinstance(word, str) else word


def _line(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception as error:
        text = f"something whose repr raises {type(error).__name__}"
    return " ".join(text.split())[:300]


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises TookTooLong after so many seconds.

    Where the platform has alarms, and this is the main thread.
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def ring(*_: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def within_megabytes(limit: float) -> Iterator[None]:
    """Raises Surfaced where the block held more at once than so many megabytes.

    As Python and NumPy count them.
    """
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    if peak > limit:
        raise Surfaced(f"{peak:.0f} MB at once")
