"""Aggregate demand by its rule: exact moments, without a draw."""

import math

import numpy as np
import pytest

from engine.rules.shocks import between_knots, demand_factor, next_knot, variance_between

SD, PERSISTENCE = 0.05, 0.6
KNOTS = 12


def weights() -> np.ndarray:
    """What each knot owes to each draw, (knots, draws): the rule is linear in its draws."""
    found = np.zeros((KNOTS, KNOTS))
    for j in range(KNOTS):
        level = SD if j == 0 else 0.0
        found[0, j] = level
        for k in range(1, KNOTS):
            level = next_knot(level, SD, PERSISTENCE, float(k == j))
            found[k, j] = level
    return found


def test_knots_are_a_stationary_autoregression():
    covariance = weights() @ weights().T
    lags = np.abs(np.subtract.outer(np.arange(KNOTS), np.arange(KNOTS)))
    assert covariance == pytest.approx(SD**2 * PERSISTENCE**lags, abs=1e-15)


@pytest.mark.parametrize("passed", [0.0, 0.25, 0.5, 6 / 7])
def test_the_variance_between_knots_is_that_of_the_interpolation(passed):
    level = between_knots(*weights()[4:6], passed)
    assert variance_between(SD, PERSISTENCE, passed) == pytest.approx(level @ level, abs=1e-15)


def test_half_way_the_variance_is_lowest_and_on_a_knot_it_is_that_of_the_knots():
    assert variance_between(0.05, 0.6, 0.0) == 0.05**2
    assert variance_between(0.05, 0.6, 0.5) == pytest.approx(0.05**2 * 0.8)


def test_the_factors_mean_is_one():
    """By Gauss-Hermite quadrature over a normal level."""
    nodes, weight = np.polynomial.hermite_e.hermegauss(40)
    factors = [demand_factor(0.3 * float(x), 0.3**2) for x in nodes]
    assert np.dot(weight, factors) / weight.sum() == pytest.approx(1.0, abs=1e-12)


def test_hand_worked():
    assert next_knot(0.1, 0.05, 0.6, 1.0) == pytest.approx(0.06 + 0.04)
    assert between_knots(0.1, 0.3, 0.25) == pytest.approx(0.15)
    assert demand_factor(0.1, 0.02) == pytest.approx(math.exp(0.09))
    assert demand_factor(0.0, 0.0) == 1.0
