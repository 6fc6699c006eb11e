"""The take rate that brings the platform most: a grid of runs against the closed form."""

import numpy as np
import pytest

from tests.closed_forms.worlds import (
    ALIKE,
    ELSEWHERE_FEN,
    bisect,
    logit,
    only,
    run_days,
    share,
    size,
)
from tests.worlds import case

ALPHA, OUTSIDE, COST_SHARE = 5.0, 8.0, 0.5
RATES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


def price_at(rate: float) -> float:
    """p (1 - f) (1 - 1 / (alpha (1 - s(p)))) = c, by bisection."""

    def gap(price):
        eta = ALPHA * (1 - share(price, 0, ALPHA, OUTSIDE))
        return price * (1 - rate) * (1 - 1 / eta) - COST_SHARE * ELSEWHERE_FEN

    return bisect(gap, 0.5 * ELSEWHERE_FEN, 2.9 * ELSEWHERE_FEN)


def revenue(rate: float) -> float:
    """Take of one look, fen: f p(f) s(p(f))."""
    price = price_at(rate)
    return rate * price * share(price, 0, ALPHA, OUTSIDE)


def test_the_best_take_rate_is_one_over_the_elasticity():
    """R(f) = f p s, p ~ 1 / (1 - f), s ~ p^-alpha: R ~ f (1 - f)^(alpha - 1), f* = 1 / alpha.

    Each run's take per look is R(f) of the seller's own price; the best of the grid is
    1 / alpha, since shares are small. Derived from the Lerner condition, Tirole 1988,
    sec. 1.1; ad-valorem fees of platforms: Wang & Wright, RAND Journal of Economics 48, 2017.
    """
    seen = []
    for rate in RATES:
        overrides = (
            *ALIKE,
            *only("source"),
            *size(1000),
            *logit(0, ALPHA, OUTSIDE),
            "scenario.suppliers.repricing_speed=0.5",
            f"scenario.platform.take_share.source={rate}",
        )
        market = run_days(case(*overrides, days=120))
        daily = market.daily
        looks = daily["looks_count"][-1]
        price = market.streams.price[0, 0]
        take = rate * price * daily["expected_orders_count"][-1] / looks
        # Expected sales of a look are rounded to 2^-20, here 1 in 1,000 of a share.
        assert take == pytest.approx(revenue(rate), rel=2e-3)
        seen.append(take)
    assert RATES[int(np.argmax(seen))] == pytest.approx(1 / ALPHA)
    fine = np.linspace(0.01, 0.6, 5901)
    assert fine[np.argmax([revenue(f) for f in fine[::10]]) * 10] == pytest.approx(0.2, abs=0.002)
