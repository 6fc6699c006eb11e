"""What fades and what returns: habit, memory and need after a purchase on the first day.

Everybody who looks on day 0 may buy; on day t the sales expected of those who did and of
those who did not follow from geometric fading, x_t = x_0 (1 - f)^t (exponential smoothing:
Brown, Smoothing, Forecasting and Prediction, 1963).
"""

import numpy as np
import pytest

from engine.market.run import simulate
from engine.population.buyers import DAY_ZERO, HABIT_ONE, MEMORY_UNIT
from engine.units import EXPECTED_ONE
from tests.closed_forms.worlds import (
    ALIKE,
    ELSEWHERE_FEN,
    FIXED_PRICES,
    coupon,
    hold_slot,
    logit,
    near,
    only,
    open_market,
    size,
)
from tests.worlds import case

ALPHA, OUTSIDE, BUYERS = 3.0, 0.5, 20_000
WORLD = (
    *ALIKE,
    *FIXED_PRICES,
    *only("source"),
    *size(BUYERS, anchors=3),
    *logit(0, ALPHA, OUTSIDE),
)
KEPT = "scenario.returns.base=0"


def after_first_day(*overrides: str, day: int):
    """Run day 0, leave out the days between, hold day `day`; the market, its looks, who bought."""
    asked = case(*WORLD, *overrides, days=day + 1)
    market = open_market(asked)
    market.run_day()
    bought = market.state.buyers.person["bought"][:, 0] == DAY_ZERO
    assert 0.1 < bought.mean() < 0.95
    return market, hold_slot(market, day), bought


def expected_sales(market) -> float:
    """Sales that the kernel expected of the slot."""
    return float(market.scratch.slot_totals[0].expected.sum() / EXPECTED_ONE)


def odds(market, extra: float = 0.0) -> float:
    """exp(V - V_0) without coupon, with `extra` utility of buying."""
    price = market.streams.price[0, 0]
    return float(np.exp(-ALPHA * np.log(price / ELSEWHERE_FEN) - OUTSIDE + extra))


@pytest.mark.parametrize("day", [1, 10, 60])
def test_habit_fades_geometrically(day):
    """V_0 = v_0 - beta_h h (1 - f)^t: sales expected on day t, to float32 and 2^-20 a look."""
    gain, fading, beta = 0.4, 0.03, 2.0
    market, looks, bought = after_first_day(
        KEPT,
        f"scenario.learning.habit_gain={gain}",
        f"scenario.learning.habit_fading={fading}",
        f"scenario.choice.habit={beta}",
        day=day,
    )
    habit = market.state.buyers.habit / HABIT_ONE
    assert np.allclose(habit, gain * bought, atol=1 / HABIT_ONE)
    habit_now = habit[looks["buyer"]] * (1 - fading) ** day
    ratio = odds(market) * np.exp(beta * habit_now)
    assert expected_sales(market) == pytest.approx(np.sum(ratio / (1 + ratio)), rel=3e-6)


@pytest.mark.parametrize("curvature", [0, 1])
@pytest.mark.parametrize("day", [1, 30])
def test_memory_of_a_discount_fades_geometrically(day, curvature):
    """x = paid / (elsewhere memory^w), ln memory_t = step ln(paid_0 / elsewhere) (1 - f)^t.

    The memory is kept in steps of 1 / 200; which byte a purchase leaves is part of the answer.
    """
    step, fading, weight = 0.6, 0.04, 0.5
    market, looks, bought = after_first_day(
        *coupon(0.5),
        "policy.subsidy.rate.source={2020-01-01:0.5,2020-01-02:0}",
        f"scenario.choice.price_curvature={curvature}",
        f"scenario.choice.memory_weight={weight}",
        f"scenario.choice.memory_step={step}",
        f"scenario.choice.memory_fading={fading}",
        day=day,
    )
    price = market.streams.price[0, 0]
    left = np.round(-step * np.log((price - price // 2) / ELSEWHERE_FEN) * MEMORY_UNIT)
    assert np.all(market.state.buyers.person["memory"] == left * bought)
    log_memory = -left / MEMORY_UNIT * bought[looks["buyer"]] * (1 - fading) ** day
    x = price / ELSEWHERE_FEN / np.exp(weight * log_memory)
    disutility = np.log(x) if curvature == 0 else x - 1
    ratio = np.exp(-ALPHA * disutility - OUTSIDE)
    assert np.ptp(ratio) > 0.01 * ratio.mean()  # it is still remembered
    assert expected_sales(market) == pytest.approx(np.sum(ratio / (1 + ratio)), rel=3e-6)


@pytest.mark.parametrize("day", [1, 5, 20])
def test_need_returns_with_the_days(day):
    """A look follows a visit with probability 1 - exp(-t / tau), t days after the purchase."""
    tau = 8.0
    market, looks, bought = after_first_day(f"scenario.attention.need_days.apparel={tau}", day=day)
    # One session a buyer and day, and never is nobody live: each buyer visits once.
    assert market.scratch.slot_totals[0].visits.sum() == BUYERS
    looked = np.isin(np.flatnonzero(bought), looks["buyer"])
    expected = 1 - np.exp(-day / tau)
    near(looked.mean(), expected, np.sqrt(expected * (1 - expected) / looked.size))


def test_visits_fall_with_the_habit():
    """Sessions a day = N (1 + c mean(h) (1 - f)^t) while nobody buys; rounding errs by < 1/2 each.

    A visit count is floor(rate + U): unbiased, variance at most 1 / 4.
    """
    effect, fading, days = 3.0, 0.05, 60
    asked = case(
        *WORLD,
        "scenario.choice.outside=50",
        "scenario.buyers.bought_before_share=1",
        "scenario.buyers.initial_habit=0.4",
        f"scenario.buyers.habit_visits={effect}",
        f"scenario.learning.habit_fading={fading}",
        days=days,
    )
    mean_habit = open_market(asked).state.buyers.habit.mean() / HABIT_ONE
    daily = simulate(asked).daily
    assert daily["orders_count"].sum() == 0
    expected = BUYERS * (1 + effect * mean_habit * (1 - fading) ** np.arange(days))
    near(daily["sessions_count"], expected, np.sqrt(BUYERS / 4))
