"""`use_threads` and `use_backend`: from the call on, for a block, or while a function runs."""

import asyncio
import contextvars
import functools
import re
import threading

import numpy as np
import pytest
import torch

import fastmi
from fastmi import backends
from fastmi.backends import numba_twin, threads, torch_twin


@pytest.fixture(params=["use_threads", "use_backend"])
def setting(request):
    """(the call, what is in force, three values other than the one at first): run in a context of
    its own.
    """
    if request.param == "use_threads":
        return fastmi.use_threads, threads.n_threads, (2, 3, 4)
    names = {numba_twin: "numba", torch_twin: "torch"}
    return (
        fastmi.use_backend,
        lambda: names[backends.twin_for(np.zeros(1))],
        ("torch", "numba", "torch"),
    )


@pytest.fixture(autouse=True)
def nothing_stays():
    """What a test leaves in force ends with it."""
    before = backends._forced.get(), threads._allowed.get()
    yield
    backends._forced.set(before[0])
    threads._allowed.set(before[1])


def test_a_statement_holds_from_there_on(setting):
    use, found, (one, two, _) = setting
    use(one)
    assert found() == one
    use(two)
    assert found() == two


def test_a_block_goes_back_to_what_was_before_its_call(setting):
    use, found, (one, two, three) = setting
    first = found()
    with use(one):
        assert found() == one
        with use(two):
            assert found() == two
            with use(three):
                assert found() == three
            assert found() == two
        assert found() == one
    assert found() == first


def test_a_statement_in_a_block_ends_with_the_block(setting):
    use, found, (one, two, _) = setting
    first = found()
    with use(one):
        use(two)
        assert found() == two
        use(two)
    assert found() == first


def test_a_block_in_a_statement_goes_back_to_it(setting):
    use, found, (one, two, _) = setting
    use(one)
    with use(two):
        assert found() == two
    assert found() == one


def test_an_error_ends_a_block_and_comes_through(setting):
    use, found, (one, two, _) = setting
    first = found()
    with pytest.raises(KeyError), use(one), use(two):
        raise KeyError
    assert found() == first


def test_one_object_in_two_blocks_one_after_the_other(setting):
    use, found, (one, two, _) = setting
    first, held = found(), use(one)
    with held:
        assert found() == one
    assert found() == first
    use(two)
    with held:
        assert found() == one
    assert found() == two


def test_one_object_in_two_blocks_one_within_the_other(setting):
    use, found, (one, two, _) = setting
    first, held = found(), use(one)
    with held:
        with use(two), held:
            assert found() == one
        assert found() == one
        with held:
            pass
        assert found() == one
    assert found() == first


def test_an_object_that_is_entered_late_goes_back_to_what_it_found(setting):
    use, found, (one, two, _) = setting
    held = use(one)
    use(two)
    with held:
        assert found() == one
    assert found() == two


# --- functions ------------------------------------------------------------------------------------


def test_a_decorated_function_holds_while_it_runs_and_not_before(setting):
    use, found, (one, two, _) = setting
    first = found()

    @use(one)
    def decorated(depth=0):
        """What it says."""
        return (found(), decorated(depth - 1)) if depth else found()

    assert found() == first  # defining it changes nothing
    assert decorated() == one
    assert decorated(depth=1) == (one, one)
    assert found() == first
    use(two)
    assert decorated() == one
    assert found() == two
    assert (decorated.__name__, decorated.__doc__) == ("decorated", "What it says.")


def test_methods_lambdas_and_partial_functions_can_be_decorated(setting):
    use, found, (one, _, _) = setting

    class Owner:
        @use(one)
        def method(self):
            return found()

    for decorated in (
        Owner().method,
        use(one)(lambda: found()),
        use(one)(functools.partial(lambda _: found(), 0)),
    ):
        assert decorated() == one


def generates():
    yield


async def awaits():
    pass


async def generates_and_awaits():
    yield


@pytest.mark.parametrize(
    "function", [generates, awaits, generates_and_awaits, type("Owner", (), {}), 3, None]
)
def test_what_would_run_after_the_setting_has_ended_is_refused(setting, function):
    use, found, (one, _, _) = setting
    first = found()
    with pytest.raises(
        TypeError,
        match=(
            "is no function whose work is done when it returns: put a `with` block where the work"
        ),
    ):
        use(one)(function)
    assert found() == first


# --- threads, tasks, generators -------------------------------------------------------------------


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_another_thread_has_its_own(setting):
    use, found, (one, two, _) = setting
    first = found() if use is fastmi.use_threads else "numba"

    def elsewhere():
        before = found()
        use(two)
        return before, found()

    with use(one):
        assert in_a_thread(elsewhere) == (first, two)
        assert found() == one


def test_one_object_in_two_threads_at_once(setting):
    use, found, (one, two, _) = setting
    held, both = use(one), threading.Barrier(2, timeout=30)

    def work(own):
        use(own)
        with held:
            both.wait()
            inside = found()
            both.wait()
        return inside, found()

    results = []
    other = threading.Thread(target=lambda: results.append(work(two)))
    other.start()
    use(one)
    results.append(work(one))
    other.join()
    assert sorted(results) == sorted([(one, one), (one, two)])


def test_tasks_that_take_turns(setting):
    use, found, (one, two, three) = setting
    first = found()

    async def task(value):
        with use(value):
            await asyncio.sleep(0)
            inside = found()
            await asyncio.sleep(0)
        return inside, found()

    async def tasks():
        return await asyncio.gather(*map(task, (one, two, three)))

    assert asyncio.run(tasks()) == [(one, first), (two, first), (three, first)]


def test_a_generator_that_ends_before_the_block_around_its_end(setting):
    """Its block began first and ends first: what holds outside goes on, and goes back to what was
    before both.
    """
    use, found, (one, two, _) = setting
    first = found()

    def generator():
        with use(one):
            yield found()

    begun = generator()
    assert next(begun) == one
    with use(two):
        begun.close()
        assert found() == two
    assert found() == first


def test_a_generator_that_ends_in_another_context(setting):
    use, found, (one, two, _) = setting

    def generator():
        with use(one):
            yield found()

    begun = generator()
    assert contextvars.Context().run(next, begun) == one
    use(two)
    begun.close()  # no error, and nothing changes
    assert found() == two


# --- what is refused, and taken -------------------------------------------------------------------


@pytest.mark.parametrize(
    "n",
    [
        0,
        -1,
        1.5,
        4.0,
        True,
        np.True_,
        np.float64(4),
        "2",
        None,
        [4],
        np.array([4, 4]),
        1025,
        10**9,
        10**100,
        -(10**30),
    ],
)
def test_a_number_of_threads_is_checked_by_the_call(n):
    with pytest.raises(
        ValueError, match="n must be a whole number of threads, at least 1 and at most 1024, not "
    ) as caught:
        fastmi.use_threads(n)
    assert re.search(
        r": there are (\d+|None) cores, and more threads gain nothing$", str(caught.value)
    )
    assert threads.n_threads() == 1


@pytest.mark.parametrize("n", [4, np.int64(4), np.uint8(4), np.array(4)])
def test_whole_numbers_of_numpy_are_numbers_of_threads(n):
    fastmi.use_threads(n)
    assert threads.n_threads() == 4
    assert type(threads.n_threads()) is int


def test_as_many_threads_as_may_be():
    with fastmi.use_threads(1024):
        assert fastmi.entropy(np.arange(4)) == 2


@pytest.mark.parametrize(
    "name",
    ["cuda", "Torch", "", None, 3, ["numba"], np.array(["numba", "torch"]), np.zeros((40, 40))],
)
def test_the_name_of_a_backend_is_checked_by_the_call(name):
    with pytest.raises(
        ValueError,
        match=r"one of 'numba', 'torch', 'triton', not .*: to work on a GPU force none",
    ) as caught:
        fastmi.use_backend(name)
    assert "\n" not in str(caught.value)
    assert backends.twin_for(np.zeros(1)) is numba_twin


@pytest.mark.gpu
def test_the_way_out_of_a_backend_named_cuda(cuda):
    assert fastmi.entropy(torch.arange(4).to(cuda)) == 2


def test_what_a_statement_shows():
    assert repr(fastmi.use_threads(2)) == "<fastmi_threads = 2>"
    assert repr(fastmi.use_backend("torch")) == "<fastmi_backend = 'torch'>"
