"""Minimising many functions at once, against minima that are known."""

import pytest
import torch

from fastmi.measures.lbfgs import minimised

N_STEPS = 200


def quadratic(curvatures, centres):
    """sum_i c_i (x_i - m_i)^2 / 2 of each problem."""

    def function(x):
        return (curvatures * (x - centres) ** 2).sum(1) / 2, curvatures * (x - centres)

    return function


def rosenbrock(x):
    a, b = x[:, 0], x[:, 1]
    value = (1 - a) ** 2 + 100 * (b - a**2) ** 2
    slope = torch.stack([2 * (a - 1) - 400 * a * (b - a**2), 200 * (b - a**2)], dim=1)
    return value, slope


@pytest.fixture
def problems():
    generator = torch.Generator().manual_seed(0)
    curvatures = torch.rand(5, 7, generator=generator, dtype=torch.float64) * 100 + 0.01
    return curvatures, torch.randn(5, 7, generator=generator, dtype=torch.float64)


def test_the_minima_of_quadratic_functions_are_found(problems):
    curvatures, centres = problems
    found = minimised(quadratic(curvatures, centres), 0 * centres, N_STEPS, 1e-24)
    assert torch.allclose(found, centres, atol=1e-9)


def test_a_problem_is_solved_as_if_it_were_alone(problems):
    together = minimised(quadratic(*problems), 0 * problems[1], 4, 0)
    for i in range(5):
        one = [each[i : i + 1] for each in problems]
        alone = minimised(quadratic(*one), 0 * one[1], 4, 0)
        assert torch.allclose(together[i], alone[0], atol=1e-12)


def test_a_curved_valley_is_followed():
    starts = torch.tensor([[-1.2, 1.0], [3.0, -2.0], [1.0, 1.0]], dtype=torch.float64)
    found = minimised(rosenbrock, starts, N_STEPS, 1e-20)
    assert torch.allclose(found, torch.ones(3, 2, dtype=torch.float64), atol=1e-8)


def test_what_rests_stays_and_no_step_is_no_step(problems):
    curvatures, centres = problems
    function = quadratic(curvatures, centres)
    assert torch.equal(minimised(function, centres, N_STEPS, 0), centres)
    assert torch.equal(minimised(function, 0 * centres, 0, 0), 0 * centres)


def test_it_ends_where_no_step_gains_anything():
    """A slope that is wrong promises what never comes."""
    start = torch.zeros(1, 2, dtype=torch.float64)
    found = minimised(lambda x: (x.square().sum(1), x - 1), start, N_STEPS, 0)
    assert torch.equal(found, start)
