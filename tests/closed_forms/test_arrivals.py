"""Buyers and anchors that come during the year, evenly over the days after the first.

A share s of the pool arrives on days 1 to 365, each on any day with the same probability:
who is there on day t is binomial with mean N (1 - s (1 - t / 365)). In a world of one
visit a day they all come.
"""

import numpy as np
import pytest

from engine.market.run import simulate
from engine.market.streams import LIVE
from engine.population.anchors import ARRIVAL_DAYS
from engine.population.buyers import AFFINITY_ONE, DAY_ZERO, FLAG_BOUGHT, HABIT_ONE
from tests.closed_forms.worlds import (
    ALIKE,
    FIXED_PRICES,
    days_of,
    hold_slot,
    logit,
    near,
    only,
    open_market,
    size,
)
from tests.worlds import case

BUYERS, DAYS = 5000, 366
WORLD = (
    *ALIKE,
    *FIXED_PRICES,
    *only("source"),
    *size(BUYERS, anchors=5),
    *logit(0, 3.0, 0.5),
)


def newcomers(share: float) -> str:
    """That part of the pool arrives during the year."""
    return f"scenario.buyers.newcomers_share={share}"


@pytest.mark.parametrize("share", [0, 0.1, 0.6, 0.95])
def test_the_pool_fills_evenly(share):
    """Sessions on day t: N (1 - s (1 - t / 365)), within 4 SE of a binomial; all on day 365."""
    sessions = simulate(case(*WORLD, newcomers(share), days=DAYS)).daily["sessions_count"]
    present = 1 - share * (1 - np.arange(DAYS) / ARRIVAL_DAYS)
    near(sessions / BUYERS, present, np.sqrt(present * (1 - present) / BUYERS) + 1e-9)
    assert np.all(np.diff(sessions) >= 0)
    assert sessions[-1] == BUYERS


@pytest.mark.parametrize("day", [0, 1, 100, 364, 365])
def test_nobody_visits_before_arriving(day):
    """Everybody who has arrived by the day looks, and nobody else."""
    market = open_market(case(*WORLD, newcomers(0.7), days=DAYS))
    arrives = market.state.buyers.seen.astype(int) - DAY_ZERO
    assert arrives.max() == ARRIVAL_DAYS
    looks = hold_slot(market, day)
    assert np.array_equal(np.sort(looks["buyer"]), np.flatnonzero(arrives <= day))


def test_newcomers_follow_nobody_and_have_not_bought():
    """The others of this world all follow, have all bought, and have a habit."""
    asked = case(
        *WORLD,
        newcomers(0.4),
        "scenario.buyers.follows_count=8",
        "scenario.buyers.initial_affinity=0.5",
        "scenario.buyers.initial_habit=0.4",
        "scenario.buyers.bought_before_share=1",
    )
    buyers = open_market(asked).state.buyers
    new = buyers.seen > DAY_ZERO
    near(new.mean(), 0.4, np.sqrt(0.4 * 0.6 / BUYERS))
    bought = buyers.person["flags"] & FLAG_BOUGHT > 0
    assert np.array_equal(bought, ~new)
    assert np.array_equal((buyers.person["affinities"] & AFFINITY_ONE).any(axis=1), ~new)
    assert np.all(buyers.habit[new] == 0)
    habit = buyers.habit[~new] / HABIT_ONE  # uniform on (0, 2 x 0.4)
    near(habit.mean(), 0.4, 0.8 / np.sqrt(12 * habit.size))


def test_anchors_begin_evenly_with_their_fans_and_signal():
    """The k-th of n newcomers begins on day 1 + floor(365 (k + 1/2) / n), and not before."""
    fans, part, days = 1234.0, 0.3, 200
    asked = case(
        *WORLD,
        "scale.anchors_count=10",
        "scenario.anchors.newcomers_share=0.4",
        f"scenario.anchors.newcomer_fans_count={fans}",
        f"scenario.anchors.newcomer_signal={part}",
        "policy.traffic.exponent=1",
        "policy.traffic.floor=0.2",  # it would give visits to who is live without a signal
        days=days,
    )
    begins = np.array([0] * 6 + [46, 137, 229, 320])
    visited = np.zeros(10)
    for day, market in enumerate(days_of(asked)):
        so_far = market.state.record.anchor_visits
        visits, visited = so_far - visited, so_far.copy()
        assert np.array_equal(market.world.anchors.arrives, begins)
        assert not visits[begins > day].any()
        assert np.all(market.state.anchors.fans[6:] == fans * (begins[6:] <= day))
        signal = market.state.anchors.signal
        if day in begins[6:]:
            # c / (n + c) in the morning; by night the day's visits have moved it a little.
            n = np.sum(begins < day)
            assert visits[begins == day] > 0
            assert signal[begins == day] / signal.sum() == pytest.approx(part / (n + part), rel=0.1)


def test_who_has_not_begun_does_not_count_in_the_means():
    """Among the six there on day 0: weight s / mean s + floor, attention 2 / (1 + a / mean a)."""
    asked = case(
        *WORLD,
        "scale.anchors_count=10",
        "scenario.anchors.newcomers_share=0.4",
        "scenario.attention.crowding=1",
        "policy.traffic.exponent=1",
        "policy.traffic.floor=0.2",
    )
    market = open_market(asked)
    market.state.anchors.signal[:6] = signal = np.arange(1.0, 7.0)
    market.state.anchors.audience[:] = audience = np.arange(10.0)
    hold_slot(market)
    live = market.streams.presence == LIVE
    assert live.sum() > 3
    assert not live[6:].any()
    weights = (signal / signal.mean() + 0.2) * live[:6]
    assert market.scratch.airtime.weights[:10] == pytest.approx([*weights, 0, 0, 0, 0])
    attention = 2 / (1 + audience[:6] / audience[:6].mean())
    assert market.streams.attention[:6] == pytest.approx(attention)
