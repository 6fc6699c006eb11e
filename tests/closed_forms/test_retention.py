"""A cohort of buyers who buy with a constant probability P a day.

Geometric first purchase and binomial repeats: Fader & Hardie, How to Project Customer
Retention, Journal of Interactive Marketing 21, 2007 (the case without heterogeneity);
Feller, An Introduction to Probability Theory and Its Applications I, 3rd ed. 1968, ch. VI.
"""

import numpy as np
import pytest

from engine.market.run import simulate
from tests.closed_forms.worlds import (
    ALIKE,
    FIXED_PRICES,
    logit,
    near,
    only,
    open_market,
    share,
    size,
)
from tests.worlds import case

BUYERS, DAYS, ALPHA, OUTSIDE = 5_000, 91, 3.0, 3.0  # January to March
JANUARY, FEBRUARY, MARCH = 31, 29, 31


@pytest.fixture(scope="module")
def cohort():
    """A quarter of buyers who never bought before, and P."""
    asked = case(
        *ALIKE,
        *FIXED_PRICES,
        *only("source"),
        *size(BUYERS, anchors=5),
        *logit(0, ALPHA, OUTSIDE),
        days=DAYS,
    )
    price = int(open_market(asked).state.sellers.price[0])
    return simulate(asked), share(price, 0, ALPHA, OUTSIDE)


def binomial_error(probability: float, count: float) -> float:
    return float(np.sqrt(probability * (1 - probability) / count))


def test_those_who_never_bought_decline_geometrically(cohort):
    """Survivors of day t: N (1 - P)^(t + 1)."""
    year, p = cohort
    assert 0.02 < p < 0.2
    survivors = 1 - np.cumsum(year.daily["new_buyers_count"]) / BUYERS
    expected = (1 - p) ** np.arange(1, DAYS + 1)
    near(survivors, expected, np.sqrt(expected * (1 - expected) / BUYERS) + 1 / BUYERS)


def test_a_day_has_as_many_payers_as_orders(cohort):
    """One session a day: N P orders, each by another buyer."""
    year, p = cohort
    assert np.array_equal(year.daily["paying_buyers_count"], year.daily["orders_count"])
    near(year.daily["orders_count"] / BUYERS, p, binomial_error(p, BUYERS))


def test_monthly_repeats_are_binomial(cohort):
    """P(any) = 1 - (1 - P)^d; of these twice 1 - d P (1 - P)^(d - 1) / P(any)."""
    year, p = cohort
    some = np.array([1 - (1 - p) ** d for d in (JANUARY, FEBRUARY, MARCH)])
    once = np.array([d * p * (1 - p) ** (d - 1) for d in (JANUARY, FEBRUARY, MARCH)])
    buyers = year.monthly["paying_buyers_count"]
    near(buyers / BUYERS, some, [binomial_error(s, BUYERS) for s in some])
    twice = 1 - once / some
    near(
        year.monthly["repeat_twice_share"],
        twice,
        [binomial_error(t, n) for t, n in zip(twice, buyers, strict=True)],
    )
    near(
        year.monthly["repeat_next_share"][1:],
        some[1:],
        [binomial_error(s, n) for s, n in zip(some[1:], buyers[:-1], strict=True)],
    )
