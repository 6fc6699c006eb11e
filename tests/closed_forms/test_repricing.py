"""Re-pricing settles where profit is largest, whatever its speed and the form of the price.

The best price answers to the price: under linear prices (curvature 1) a step of the whole gap
lands beyond it, and steps of half the gap once went round in a circle of two prices.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.closed_forms.worlds import (
    ALIKE,
    ELSEWHERE_FEN,
    box_cox,
    coupon,
    days_of,
    logit,
    only,
    size,
)
from tests.worlds import case

ALPHA, OUTSIDE, COST = 3.0, -0.5, 0.5
DAYS, SETTLED = 160, 20
SPEEDS = (0.1, 0.3, 0.5, 0.8, 1.0)


def prices(speed: float, curvature: float, *overrides: str, alpha=ALPHA) -> np.ndarray:
    """The seller's price at the end of every day, fen."""
    world = (*ALIKE, *only("domestic"), *size(300), *logit(curvature, alpha, OUTSIDE))
    asked = case(*world, f"scenario.suppliers.repricing_speed={speed}", *overrides, days=DAYS)
    return np.array([m.state.sellers.price[m.streams.good[0, 0]] for m in days_of(asked)])


def exact(curvature: float, paid_of, alpha=ALPHA) -> float:
    """Where the derivative of (p - c) P(paid(p)) is zero; by a complex step."""

    def slope(price: float) -> float:
        p = complex(price, 1e-20)
        weight = np.exp(-alpha * box_cox(paid_of(p) / ELSEWHERE_FEN, curvature))
        profit = (p - COST * ELSEWHERE_FEN) * weight / (np.exp(OUTSIDE) + weight)
        return float(profit.imag)

    return float(brentq(slope, 1.01 * COST * ELSEWHERE_FEN, 2.99 * ELSEWHERE_FEN, xtol=1e-9))


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("curvature", [0, 0.5, 1])
def test_prices_settle_at_the_best_one(speed, curvature):
    path, expected = prices(speed, curvature), exact(curvature, lambda p: p)
    assert path[-SETTLED:] == pytest.approx(expected, abs=2.0)
    assert np.ptp(path[-SETTLED:]) < 0.5


@pytest.mark.parametrize("speed", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("curvature", [0, 1])
@pytest.mark.parametrize("alpha", [3.0, 6.0])
def test_prices_settle_under_a_coupon_at_its_cap(speed, curvature, alpha):
    """An amount K off the price; whole fen of it leave two."""
    amount = 10_000
    path = prices(speed, curvature, *coupon(0.9, cap_rmb=amount / 100), alpha=alpha)
    assert path[-SETTLED:] == pytest.approx(exact(curvature, lambda p: p - amount, alpha), abs=2.0)
    assert np.ptp(path[-SETTLED:]) < 1.0


def test_under_linear_prices_a_whole_step_passes_nothing():
    """Each day it lands where the share known that morning says; from below, it only rises."""
    at_once, best = prices(1.0, 1), exact(1, lambda p: p)
    assert at_once[0] < 0.9 * best
    assert np.diff(at_once).min() > -0.5
    assert at_once.max() < best + 2.0
