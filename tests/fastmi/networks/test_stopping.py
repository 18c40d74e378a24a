"""When the objective rests: against plain Python, what deceives the rule, what it refuses."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fastmi
from fastmi import InformationStopping
from tests import told

# --- the rule, in plain Python --------------------------------------------------------------------


def oracle(path, beta=1.0, tolerance=0.1, patience=3, floor=0.0):
    """[(i_xt, i_ty)] -> the first check at which the last patience + 1 values of J are less than
    `tolerance` apart.
    """
    objective = [i_ty - beta * i_xt for i_xt, i_ty in path]
    for t in range(patience, len(path)):
        distances = [
            abs(a - b)
            for a in objective[t - patience : t + 1]
            for b in objective[t - patience : t + 1]
        ]
        if max(distances) < tolerance and path[t][1] >= floor:
            return t
    return None


def stepwise(rule, path):
    """The check at which a trainer who asks each time would stop."""
    return next((t for t, (i_xt, i_ty) in enumerate(path) if rule.update(i_xt, i_ty)), None)


bits = st.one_of(st.sampled_from([0.0, 0.5, 0.75, 1.0]), st.floats(0, 12, allow_subnormal=False))
paths = st.lists(st.tuples(bits, bits), min_size=1, max_size=12)
rules = st.fixed_dictionaries(
    {},
    optional={
        "beta": st.sampled_from([0, 0.5, 1.0, 3]),
        "tolerance": st.sampled_from([0, 0.1, 0.25, 1.0, 5]),
        "patience": st.integers(1, 5),
        "floor": st.sampled_from([0, 0.5, 2.0]),
    },
)


@given(paths, rules)
def test_it_is_the_rule(path, settings):
    rule, expected = InformationStopping(**settings), oracle(path, **settings)
    assert stepwise(rule, path) == expected
    assert rule.stopped is (expected is not None)
    n_checks = len(path) if expected is None else expected + 1
    assert rule.objective == [
        i_ty - settings.get("beta", 1.0) * i_xt for i_xt, i_ty in path[:n_checks]
    ]


@given(paths, rules)
def test_a_recorded_path_is_stopped_where_training_would_have_been(path, settings):
    i_xt, i_ty = np.array(path).T
    rule = InformationStopping(**settings)
    assert rule.first_stop(i_xt, i_ty) == stepwise(InformationStopping(**settings), path)
    assert (rule.objective, rule.stopped) == ([], False)  # the rule's own checks are apart


@given(st.lists(st.tuples(bits, bits, bits, bits), min_size=1, max_size=9), rules)
def test_copies_are_watched_together(path, settings):
    i_xt, i_ty = np.array(path).T.reshape(2, 2, -1).swapaxes(1, 2)  # each (n_checks, 2 copies)
    alone, together = InformationStopping(**settings), InformationStopping(**settings)
    for t in range(len(path)):
        assert together.update(i_xt[t], i_ty[t]) == alone.update(i_xt[t].mean(), i_ty[t].mean())
    assert together.objective == alone.objective
    assert together.first_stop(i_xt, i_ty) == alone.first_stop(i_xt.mean(axis=1), i_ty.mean(axis=1))


@given(paths, st.floats(0.01, 2))
def test_patience_one_is_the_rule_of_fit(path, tolerance):
    rule = InformationStopping(tolerance=tolerance, patience=1)
    objective = []
    for i_xt, i_ty in path:
        objective.append(i_ty - 1 * i_xt)
        if rule.update(i_xt, i_ty):
            assert abs(objective[-1] - objective[-2]) < tolerance
            return
        assert len(objective) == 1 or not abs(objective[-1] - objective[-2]) < tolerance


@given(paths, rules, st.integers(1, 5))
def test_it_stops_no_earlier_when_more_is_asked(path, settings, more):
    def stop(**changes):
        found = InformationStopping(**settings | changes).first_stop(*np.array(path).T)
        return math.inf if found is None else found

    rule = InformationStopping(**settings)
    assert stop(patience=rule.patience + more) >= stop()
    assert stop(tolerance=rule.tolerance / 2) >= stop()
    assert stop(floor=rule.floor + more) >= stop()


# --- what it says and when ------------------------------------------------------------------------


def test_the_published_rule_stops_at_the_first_check_and_this_one_cannot():
    x, y = np.arange(64)[:, None], np.arange(64) % 2
    plane = fastmi.PlaneEstimator(x, y, fastmi.UniformBins(8, range=(-1, 1)))
    i_xt, i_ty = plane.estimate(np.random.default_rng(0).uniform(-1, 1, (20, 64, 1)))[..., 0, :].T
    objective = i_ty - i_xt
    assert (objective - 1e-19 < 0.1 * 1e-19).all()  # whatever the network does
    rule = InformationStopping(patience=1, tolerance=100)
    assert [rule.update(*point) for point in zip(i_xt[:2], i_ty[:2], strict=True)] == [False, True]


def test_with_beta_one_it_watches_the_spread_within_the_classes():
    t = np.array([[0.1], [0.1], [0.6], [0.9]])
    plane = fastmi.PlaneEstimator(
        np.arange(4)[:, None], [0, 0, 1, 1], fastmi.UniformBins(10, range=(0, 1))
    )
    rule = InformationStopping()
    rule.update(*plane.estimate(t)[0])
    assert rule.objective == [-0.5]  # -H(T|Y): one bit in half of the samples


def test_exactly_the_tolerance_is_not_below_it():
    assert InformationStopping(tolerance=0.5, patience=1).first_stop([1, 0.5, 0.25], [0, 0, 0]) == 2


def test_a_slow_drift_is_no_rest():
    drift = np.arange(0, 5, 0.06)  # each change is small, three of them are not
    assert InformationStopping(tolerance=0.1, patience=1).first_stop(drift, 0 * drift) == 1
    assert InformationStopping(tolerance=0.1, patience=3).first_stop(drift, 0 * drift) is None


def test_one_jump_starts_the_wait_anew():
    path = [2, 2, 2, 5, 2, 2, 2, 2, 2]
    assert InformationStopping(patience=3).first_stop(path, [0] * 9) == 7


def test_nothing_moves_by_less_than_zero():
    assert InformationStopping(tolerance=0, patience=1).first_stop([1] * 50, [1] * 50) is None


def test_it_stays_stopped():
    rule = InformationStopping(patience=1)
    assert [rule.update(i_xt, 0.5) for i_xt in (1, 1, 5, 1)] == [False, True, True, True]
    assert rule.stopped is True
    assert rule.objective == [-0.5, -0.5, -4.5, -0.5]


def test_a_plateau_at_the_start_deceives_it_and_a_floor_does_not():
    i_ty = np.concatenate([np.full(10, 0.01), np.linspace(0.01, 0.75, 10), np.full(10, 0.75)])
    i_xt = 1 + 4 * i_ty
    assert InformationStopping().first_stop(i_xt, i_ty) == 3
    found = InformationStopping(floor=0.4).first_stop(i_xt, i_ty)
    assert found == 22  # the last step of the ramp, check 19, and three changes
    assert InformationStopping(floor=0.4).first_stop(i_xt[:10], i_ty[:10]) is None


def test_a_dead_network_is_at_rest():
    zeros = np.zeros(9)
    assert InformationStopping().first_stop(zeros, zeros) == 3
    assert InformationStopping(floor=0.1).first_stop(zeros, zeros) is None


def test_a_plane_gives_its_path():
    x, y = np.arange(64)[:, None], np.arange(64) % 2
    estimator = fastmi.PlaneEstimator(x, y, fastmi.UniformBins(8, range=(-1, 1)))
    t = np.random.default_rng(1).uniform(-1, 1, (9, 3, 64, 1)).astype(np.float32)
    t[5:] = t[5]
    points = estimator.readings([t, t])["each"]
    plane = fastmi.InformationPlane.collect(
        estimator, [points], epochs=range(9), layers=["hidden", "output"]
    )
    rule = InformationStopping(tolerance=0.01, patience=3)
    assert rule.first_stop(plane.i_xt[:, :, -1], plane.i_ty[:, :, -1]) == 8
    assert rule.first_stop(plane.i_xt[:, 0, -1], plane.i_ty[:, 0, -1]) == 8


@pytest.mark.parametrize(
    "make",
    [
        float,
        np.float32,
        np.array,
        torch.tensor,
        lambda v: [v],
        lambda v: torch.tensor([v], requires_grad=True),
    ],
)
def test_numbers_of_many_kinds(make):
    rule = InformationStopping(patience=1)
    assert [rule.update(make(i_xt), make(0.5)) for i_xt in (2.0, 3.0, 3.0)] == [False, False, True]
    assert rule.objective == [-1.5, -2.5, -2.5]
    assert {type(value) for value in rule.objective} == {float}


def test_the_caller_keeps_his_arrays():
    i_xt, i_ty = np.ones(3), np.ones(3)
    rule = InformationStopping(patience=1)
    rule.update(i_xt, i_ty)
    i_xt[:] = 7
    assert rule.objective == [0.0]


# --- what it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"beta": -1}, ValueError, "beta must be finite and at least 0, not -1"),
        ({"beta": math.nan}, ValueError, "beta must be finite and at least 0, not nan"),
        ({"beta": "1"}, TypeError, "beta must be a number of at least 0, not '1'"),
        ({"tolerance": math.inf}, ValueError, "tolerance must be finite and at least 0, not inf"),
        (
            {"tolerance": np.float64(-0.1)},
            ValueError,
            "tolerance must be finite and at least 0, not -0.1",
        ),
        ({"tolerance": None}, TypeError, "tolerance must be a number of at least 0, not None"),
        ({"tolerance": True}, TypeError, "tolerance must be a number of at least 0, not True"),
        ({"floor": -1e-9}, ValueError, "floor must be finite and at least 0, not -1e-09"),
        ({"patience": 0}, ValueError, "patience must be at least 1, not 0"),
        ({"patience": 2.0}, TypeError, "patience must be an integer, not 2.0"),
    ],
)
def test_settings_are_refused(settings, error, message):
    with pytest.raises(error) as caught:
        InformationStopping(**settings)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("i_xt", "i_ty", "error", "message"),
    [
        (
            math.nan,
            0.5,
            ValueError,
            "i_xt holds nan: mutual information is finite and not negative",
        ),
        (1.0, [0.5, math.inf], ValueError, "i_ty holds inf"),
        (
            1.0,
            -1e-3,
            ValueError,
            "i_ty holds -0.001: mutual information is finite and not negative (np.maximum(..., 0)",
        ),
        (torch.tensor([1.0, -2.0]), 0.5, ValueError, "i_xt holds -2.0"),
        ("3", 0.5, TypeError, "i_xt is a builtins.str: pass a NumPy array"),
        (["3"], 0.5, TypeError, "i_xt is ['3']: pass numbers"),
        ([1.0, [2.0]], 0.5, ValueError, "i_xt is a ragged list: pass numbers"),
        (None, 0.5, TypeError, "i_xt is a builtins.NoneType: pass a NumPy array"),
        (True, 0.5, TypeError, "i_xt is True: pass numbers"),
        (1j * np.ones(2), np.ones(2), TypeError, "i_xt is array([0.+1.j, 0.+1.j]): pass numbers"),
        ([], [], ValueError, "i_xt has shape (0,): there is nothing to watch"),
        (np.ones(3), np.ones(2), ValueError, "i_xt has shape (3,), i_ty has shape (2,): pass"),
        (np.ones(3), 0.5, ValueError, "i_xt has shape (3,), i_ty has shape (): pass"),
    ],
)
@pytest.mark.parametrize("method", ["update", "first_stop"])
def test_values_are_refused_and_leave_no_trace(method, i_xt, i_ty, error, message):
    rule = InformationStopping()
    with pytest.raises(error) as caught:
        getattr(rule, method)(i_xt, i_ty)
    assert message in str(caught.value)
    assert (rule.objective, rule.stopped) == ([], False)


def test_a_path_has_an_axis_of_checks():
    with pytest.raises(
        ValueError,
        match=r"i_xt has shape \(\), i_ty has shape \(\): pass one shape, \(n_checks, ...\)",
    ):
        InformationStopping().first_stop(1.0, 0.5)


# --- numbers of many kinds, and what is none ------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        *(
            np.int8,
            np.uint64,
            np.float16,
            np.longdouble,
            lambda v: torch.tensor(v, dtype=torch.bfloat16),
        ),
        *(
            lambda v: torch.tensor(int(v)),
            lambda v: np.array([[v]]),
            lambda v: [np.float32(v)],
            lambda v: (v, v),
        ),
        lambda v: [torch.tensor(v, requires_grad=True), torch.tensor(v, dtype=torch.bfloat16)],
        lambda v: [torch.tensor([v, v], requires_grad=True) * 1, [v, v]],
        lambda v: torch.nn.Parameter(torch.full((2, 2), v)),
    ],
)
def test_bits_may_be_any_numbers(make):
    rule = InformationStopping(patience=1)
    assert [rule.update(make(i_xt), make(1.0)) for i_xt in (2.0, 3.0, 3.0)] == [False, False, True]
    assert rule.objective == [-1, -2, -2]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *(
            (value, TypeError)
            for value in (
                "3",
                ["3"],
                True,
                [True],
                np.True_,
                torch.tensor(True),
                [torch.tensor([True])],
            )
        ),
        *(
            (value, TypeError)
            for value in (
                b"3",
                {3},
                {"i": 3},
                None,
                [None],
                [object()],
                1j,
                [1j],
                torch.tensor(1j),
                iter([3]),
            )
        ),
        *(
            (value, TypeError)
            for value in (
                [1, "2"],
                np.array(["3"]),
                np.array([3], object),
                np.ma.masked_array([3.0]),
                range(3),
            )
        ),
        *(
            (value, ValueError)
            for value in ([[1], [1, 2]], [[1, 2], 3], [], (), np.zeros((0, 2)), torch.zeros(0))
        ),
        *(
            (value, ValueError)
            for value in (
                math.nan,
                [math.nan, 1],
                torch.tensor(math.nan),
                np.float32("inf"),
                [-1],
                -5e-324,
            )
        ),
        ([torch.tensor(math.inf), torch.tensor(1.0)], ValueError),
        (np.longdouble("1e400"), ValueError),
    ],
    ids=told,
)
@pytest.mark.parametrize("method", ["update", "first_stop"])
def test_what_is_no_number_of_bits_is_refused_in_one_line(method, value, error):
    rule = InformationStopping()
    for arguments in ((value, 0.5), (0.5, value)):
        with pytest.raises(error, match=r"^i_(xt|ty) (is|holds|has) ") as caught:
            getattr(rule, method)(*arguments)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 260
    assert (rule.objective, rule.stopped) == ([], False)


@pytest.mark.parametrize("name", ["beta", "tolerance", "floor"])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        *(
            (value, TypeError)
            for value in (
                "0.1",
                None,
                True,
                np.True_,
                [0.1],
                np.array(0.1),
                torch.tensor(0.1),
                1j,
                b"1",
            )
        ),
        *(
            (value, ValueError)
            for value in (-1, -5e-324, math.nan, -math.inf, np.float16("inf"), 10**400, -(10**400))
        ),
    ],
    ids=lambda value: f"{value!r:.20}",
)
def test_a_setting_is_a_number(name, value, error):
    with pytest.raises(error, match=f"^{name} must be ") as caught:
        InformationStopping(**{name: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize("value", [np.float16(0.5), np.longdouble(0.5), 0.5])
def test_a_setting_becomes_a_plain_number(value):
    rule = InformationStopping(value, value, np.int8(2), value)
    assert [
        type(setting) for setting in (rule.beta, rule.tolerance, rule.patience, rule.floor)
    ] == [float, float, int, float]


@pytest.mark.parametrize(
    "patience", ["3", None, True, 3.0, [3], np.float64(3), torch.tensor(3), 0, -1]
)
def test_patience_is_a_whole_number_of_at_least_one(patience):
    with pytest.raises((TypeError, ValueError), match=r"^patience must be ") as caught:
        InformationStopping(patience=patience)
    assert "\n" not in str(caught.value)


def test_no_setting_is_dropped_because_it_is_falsy():
    rule = InformationStopping(beta=0, tolerance=0, floor=0)
    assert (rule.beta, rule.tolerance, rule.floor) == (0.0, 0.0, 0.0)
    assert not rule.update(3, 0.5)
    assert rule.objective == [0.5]


def test_a_caller_who_lets_numpy_raise_can_stop():
    with np.errstate(all="raise"):
        rule = InformationStopping(beta=1e-10, patience=1)
        assert [rule.update([tiny, 5e-324], [1e-310, 5e-324]) for tiny in (1e-300, 5e-324)] == [
            False,
            True,
        ]
        with pytest.raises(ValueError, match="i_xt holds nan"):
            rule.update([math.nan, 1.0], 0.5)
