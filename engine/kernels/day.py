"""The order of the day.

1. Calendar: festivals, anchors' first days, exits and returns, guests, rival campaigns.
2. Target and pacing: push, coupon reach, load, purse of the day.
3. Supply: join, list, enter the plan, re-price, restock.
4. Selection: a seventh of the anchors refill their showcases; all windows are priced.
5. Traffic, 6. sessions, 7. settlement: slot by slot.
8. Learning: anchors, suppliers, platform, rival, people's activity.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.diary import Diary
from engine.kernels.events import turn_calendar
from engine.kernels.learn import Folded, learn_day
from engine.kernels.market import Market
from engine.kernels.pacing import Pace, set_pace
from engine.kernels.showcase import DAYS_A_WEEK, appraise, dress_window, select
from engine.kernels.slots import run_slot, spent
from engine.kernels.state import N_BUCKETS, Tally
from engine.kernels.supply import adopt, enter_plan, reprice, restock, shares_by_kind
from engine.kernels.traffic import attract
from engine.rng import Purpose, key
from engine.units import N_KINDS

PLAN_DAYS = 28
"""Brands review the plan this often."""


def run_day(
    market: Market, diary: Diary, day: int, target: float, weights: NDArray[np.float64]
) -> None:
    """Simulate one day and write it down.

    `target` is what should have been sold by last night, `weights` spread the purse.
    """
    turn_calendar(market, day)
    pace = set_pace(market, day, target, weights)
    joins = supply(market, pace, day)
    selection(market, pace, day)
    tally = sell(market, pace, day)
    folded = Folded(market, tally, market.days[day])
    learn_day(market, pace, tally, folded, day)
    diary.write(market, pace, tally, folded, joins, day)


def supply(market: Market, pace: Pace, day: int) -> NDArray[np.int64]:
    """Step 3; returns the day's new suppliers by kind."""
    suppliers, sellers, terms, levers = (
        market.suppliers,
        market.sellers,
        market.supply,
        market.days[day],
    )
    joins = np.zeros(N_KINDS, np.int64)
    adopt(
        suppliers,
        sellers,
        terms,
        levers,
        day,
        pace.recruiting,
        joins,
        shares_by_kind(suppliers, sellers),
    )
    if day % PLAN_DAYS == 0:
        enter_plan(suppliers, sellers, market.goods, terms, levers)
    reprice(sellers, market.goods, terms, levers, pace.boost, pace.reach / N_BUCKETS)
    restock(suppliers, sellers, terms, levers)
    return joins


def selection(market: Market, pace: Pace, day: int) -> None:
    """Step 4: weekly showcases, spread over the week; all of them on the first day."""
    stream = key(market.case.luck_seed, Purpose.SHOWCASE)
    levers, sellers, goods = market.days[day], market.sellers, market.goods
    appraise(
        market.appeal, market.suppliers, sellers, goods, market.selection, market.supply, levers
    )
    for first in range(DAYS_A_WEEK) if day == 0 else (day % DAYS_A_WEEK,):
        select(
            first,
            market.shop,
            market.anchors,
            sellers,
            goods,
            market.appeal,
            market.selection,
            levers,
            stream,
            day // DAYS_A_WEEK,
            market.scores,
        )
    dress_window(
        market.shop,
        market.anchors,
        market.sellers,
        market.goods,
        market.selection,
        market.supply,
        levers,
        pace.boost,
    )
    attract(market.shop, market.anchors, market.standing, market.case.scenario.attention.crowding)


def sell(market: Market, pace: Pace, day: int) -> Tally:
    """Steps 5 to 7 in every slot; purses and stock are booked as they are spent.

    A slot may spend what its share of the day brings and what earlier slots left.
    """
    shares = market.case.scenario.calendar.slot_share
    allowed = np.array([pace.own_allowance, pace.partner_allowance], np.int64)
    used = np.zeros(2, np.int64)
    total: Tally | None = None
    for slot in range(len(shares)):
        last = slot == len(shares) - 1
        so_far = allowed if last else (allowed * sum(shares[: slot + 1])).astype(np.int64)
        tally = run_slot(market, pace, so_far - used, day, slot)
        used += spent(tally)
        book_stock(market, tally)
        total = (
            tally if total is None else Tally(*(a + b for a, b in zip(total, tally, strict=True)))
        )
    market.accounts.own_purse -= int(used[0])
    market.accounts.partner_purse -= int(used[1])
    assert total is not None
    return total


def book_stock(market: Market, tally: Tally) -> None:
    """Take what was sold from stock (real units)."""
    sold = np.minimum(tally.demand, market.sellers.stock // market.weight)
    market.sellers.stock[:] -= sold * market.weight
