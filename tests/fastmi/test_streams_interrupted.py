"""A stream that is interrupted, or shared by threads, has counted all of a chunk or none of it."""

import copy
import gc
import itertools
import os
import random
import signal
import sys
import threading
from inspect import CO_GENERATOR

import numpy as np
import pytest

from fastmi import Edges, Stream, spilling, streams

BINS = Edges(np.linspace(-1, 1, 6))
NAMES = ("n_samples", "entropy", "entropy_y", "mutual_information", "n_symbols", "coverage")


def chunk(n, seed):
    rng = np.random.default_rng(seed)
    t = rng.choice([-0.7, 0.1, 0.65], (n, 2)).astype(np.float32)
    return t, rng.integers(0, 2 + seed % 3, n)


def stream_of(*sizes, first_seed=0, **options):
    stream = Stream(BINS, **options)
    for seed, n in enumerate(sizes, first_seed):
        stream.update(*chunk(n, seed))
    return stream


def answers(stream):
    """From a copy: a reading must not mend what it reads."""
    twin = copy.deepcopy(stream)
    return tuple(getattr(twin, name) for name in NAMES)


MORE = chunk(30, 7)  # a label that is new, and runs that are joined
OTHER = stream_of(20, 5, first_seed=3)
CHANGES = {
    "update": lambda stream: stream.update(*MORE),
    "merge": lambda stream: stream.merge(OTHER),
    "read": lambda stream: stream.mutual_information,
}


def interrupted(change, moment, event="opcode", error=KeyboardInterrupt, **options):
    """(a stream, whether the interrupt came): `change` ends at the moment-th opcode, line or return
    of fastmi/streams.py, or return of spilling.py.
    """
    stream = stream_of(40, 12, 3, **options)
    left, before = itertools.count(moment, -1), sys.gettrace()

    def trace(frame, what, _):
        places = (streams.__file__, spilling.__file__)[: 1 + (event == "return")]
        if frame.f_code.co_filename not in places:
            return None
        if frame.f_code.co_name.startswith("_remove") or frame.f_code.co_flags & CO_GENERATOR:
            return None  # what a finalizer raises reaches nobody
        frame.f_trace_opcodes = event == "opcode"
        if what == event and not next(left):
            raise error
        return trace

    sys.settrace(trace)
    try:
        change(stream)
    except error:
        return stream, True
    finally:
        sys.settrace(before)
    return stream, False


def in_order(change, **options):
    """The answers before and after."""
    stream = stream_of(40, 12, 3, **options)
    before = answers(stream)
    change(stream)
    after = answers(stream)
    return before, after


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize(
    ("event", "error"),
    [("opcode", KeyboardInterrupt), ("line", MemoryError), ("return", KeyboardInterrupt)],
)
def test_an_interrupt_at_every_moment_leaves_before_or_after(name, event, error):
    change = CHANGES[name]
    before, after = in_order(change)
    further = {found: answers_after_one_more(found, before, change) for found in {before, after}}
    seen = set()
    for moment in itertools.count():
        stream, came = interrupted(change, moment, event, error)
        found = answers(stream)
        assert found in (before, after)
        seen.add(found)
        if moment % 10 == 0:
            stream.update(*chunk(11, 5))
            assert answers(stream) == further[found]
        if not came:
            break
    assert moment > {"opcode": 150, "line": 30, "return": 5}[event]
    assert seen == {before, after}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("event", ["line", "return"])
def test_an_interrupt_of_a_stream_that_spills(tmp_path, monkeypatch, name, event):
    """Nothing but the files of what is counted is left, and those go with the stream."""
    monkeypatch.setattr(spilling, "MOST_RUNS", 3)
    options = {"spill": tmp_path, "memory": 10 * spilling.PAIR_BYTES}
    change = CHANGES[name]
    before, after = in_order(change)
    assert in_order(change, **options) == (before, after)
    seen = set()
    for moment in itertools.count():
        stream, came = interrupted(change, moment, event, KeyboardInterrupt, **options)
        found = answers(stream)
        assert found in (before, after)
        seen.add(found)
        if moment % 20 == 0:
            gc.collect()  # of exceptions and their frames
            held = {os.fspath(run.file) for run in stream._now().spilled}
            assert {str(path) for path in tmp_path.rglob("*") if path.is_file()} == held
        del stream
        if not came:
            break
    assert seen == {before, after}
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def answers_after_one_more(found, before, change):
    stream = stream_of(40, 12, 3)
    if found != before:
        change(stream)
    stream.update(*chunk(11, 5))
    return answers(stream)


def failing_at(left, work, error):
    """`work`, which fails when nothing is left."""

    def failing(*arguments, **options):
        if not next(left):
            raise error
        return work(*arguments, **options)

    return failing


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_error_of_what_a_stream_calls_leaves_before_or_after(monkeypatch, name, error):
    change = CHANGES[name]
    before, after = in_order(change)
    n_calls = 0
    for function in ("distinct", "kinds_of", "encode_layers", "identify_rows"):
        for moment in itertools.count():
            stream, left = stream_of(40, 12, 3), itertools.count(moment, -1)

            with monkeypatch.context() as patch:
                patch.setattr(
                    streams, function, failing_at(left, getattr(streams, function), error)
                )
                try:
                    change(stream)
                except error:
                    n_calls += 1
                else:
                    break
                finally:
                    patch.undo()
            # what is left to do after the one step calls none of these
            assert answers(stream) == before
        assert answers(stream) == after
    assert n_calls > 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")
def test_a_signal_at_any_moment_leaves_before_or_after():
    rng, n_interrupted = random.Random(0), 0
    chunks = [chunk(50, seed) for seed in range(40)]
    whole = stream_of(*[50] * 40)
    prefixes = [answers(stream_of(*[50] * k)) for k in range(1, 41)]

    def ring(*_):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, ring)
    try:
        for _ in range(300):
            stream = Stream(BINS)
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 8e-3))
                for part in chunks:
                    stream.update(*part)
                    assert stream.n_samples
                    _ = stream.mutual_information
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                n_interrupted += 1
            done = stream.n_samples // 50
            assert stream.n_samples == 50 * done
            assert not done or answers(stream) == prefixes[done - 1]
            for part in chunks[done:]:
                stream.update(*part)
            assert answers(stream) == answers(whole)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert n_interrupted > 0


# --- threads --------------------------------------------------------------------------------------


def in_threads(*tasks):
    """All begin together; the first error of any of them is raised here."""
    errors, begin = [], threading.Barrier(len(tasks))

    def run(task):
        try:
            begin.wait()
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    for error in errors:
        raise error


@pytest.fixture(autouse=True)
def turns_by_the_microsecond():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_eight_threads_count_right():
    for _ in range(100):
        stream, labels = Stream(BINS), np.arange(64)

        def feed(stream=stream, labels=labels):
            for part in np.split(labels, 4):
                stream.update(np.zeros((16, 1)), part)

        in_threads(*[feed] * 8)
        assert (stream.n_samples, stream.entropy_y, stream.mutual_information) == (512, 6.0, 0.0)


def test_a_reading_beside_updates_is_of_whole_chunks():
    t, y = np.float32([[-0.5], [0.5]]), np.array([0, 1])
    stream = Stream(BINS)
    stream.update(t, y)

    def feed():
        for i in range(60):
            stream.update(t, y + 2 * (i % 2))

    def read():
        for _ in range(60):
            assert stream.entropy == pytest.approx(1, abs=1e-12)
            assert stream.mutual_information == pytest.approx(1, abs=1e-12)
            assert 0 < copy.deepcopy(stream).n_samples <= 242

    in_threads(feed, read, feed, read)
    assert (stream.n_samples, stream.entropy_y) == (242, pytest.approx(2, abs=1e-3))


def test_streams_that_merge_both_ways_at_once_end():
    for _ in range(50):
        a, b = stream_of(20, 5), stream_of(30, 4, first_seed=4)
        in_threads(lambda a=a, b=b: a.merge(b), lambda a=a, b=b: b.merge(a))
        assert {a.n_samples, b.n_samples} in ({59}, {59, 84}, {59, 93})


def test_a_stream_merged_with_itself_counts_its_samples_twice():
    stream = stream_of(20, 5)
    before = stream.entropy, stream.mutual_information, stream.n_symbols
    stream.merge(stream)
    assert stream.n_samples == 50
    assert (stream.entropy, stream.mutual_information, stream.n_symbols) == pytest.approx(
        before, abs=1e-12
    )


def test_threads_that_differ_in_their_chunks_are_refused_one_by_one():
    """Whoever is first says what a chunk is, whichever it is."""
    for _ in range(20):
        stream, refused = Stream(BINS), []

        def feed(width, stream=stream, refused=refused):
            try:
                stream.update(np.zeros((4, width)), np.arange(4))
            except ValueError:
                refused.append(width)

        in_threads(*[lambda width=width: feed(width) for width in (1, 2, 3, 4)])
        assert len(refused) == 3
        assert stream.n_samples == 4


def test_states_that_follow_each_other_are_let_go():
    """A long chain, which only a reader in the middle of its work holds on to, ends without a
    word.
    """
    first = (stream := stream_of(3))._now()
    for _ in range(30_000):
        now = stream._now()
        now.after.setdefault("state", now._replace(after={}))
    stream._state = first
    assert stream._now() is not first
    del first, now
    assert stream._now().after == {}
