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

from engine.jit import kernel
from engine.market.calendar.events import turn_calendar
from engine.market.learning.learn import fold_day, learn_day
from engine.market.ledger.recorder import Diary
from engine.market.ledger.totals import coupons_of, forget, pour
from engine.market.market import Market
from engine.market.pacing.controls import Pace, set_pace
from engine.market.showcase.morning import open_streams
from engine.market.slot import run_slot
from engine.market.supply.trade import trade
from engine.market.tables import N_BUCKETS, Tally
from engine.rng import Purpose, key

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
    folded = fold_day(market, tally, day)
    learn_day(market, pace, tally, folded, day)
    diary.write(market, pace, tally, folded, joins, day)


def supply(market: Market, pace: Pace, day: int) -> int:
    """Step 3; returns how many suppliers joined."""
    joins: int = trade(
        market.suppliers,
        market.sellers,
        market.goods,
        market.supply,
        market.days[day],
        day,
        pace.recruiting,
        pace.boost,
        pace.reach / N_BUCKETS,
        day % PLAN_DAYS == 0,
        market.kind_counts,
    )
    return joins


def selection(market: Market, pace: Pace, day: int) -> None:
    """Step 4: weekly showcases, spread over the week; all of them on the first day."""
    scenario = market.case.scenario
    open_streams(
        market.shop,
        market.anchors,
        market.suppliers,
        market.sellers,
        market.goods,
        market.standing,
        market.selection,
        market.supply,
        market.days[day],
        key(market.case.luck_seed, Purpose.SHOWCASE),
        day,
        pace.boost,
        scenario.anchors.live_response,
        scenario.attention.crowding,
        market.appraisal,
        market.candidates,
        market.window,
        market.airtime,
    )


def sell(market: Market, pace: Pace, day: int) -> Tally:
    """Steps 5 to 7 in every slot; purses and stock are booked as they are spent.

    A slot may spend what its share of the day brings and what earlier slots left.
    """
    shares = market.case.scenario.calendar.slot_share
    own = partner = 0
    so_far = 0.0
    forget(market.sold)
    for slot, share in enumerate(shares):
        so_far = 1.0 if slot == len(shares) - 1 else so_far + share
        allowed = int(pace.own_allowance * so_far), int(pace.partner_allowance * so_far)
        tally = run_slot(market, pace, (allowed[0] - own, allowed[1] - partner), day, slot)
        spent = coupons_of(tally.ledger)
        own, partner = own + spent[0], partner + spent[1]
        take_from_stock(market.sellers.stock, tally.demand, market.weight)
        pour(tally, market.sold)
    market.accounts.own_purse -= own
    market.accounts.partner_purse -= partner
    return market.sold


@kernel
def take_from_stock(stock, demand, weight):
    """Take what was sold from `stock` (real units); `demand` of the simulated sample."""
    for s in range(stock.size):
        stock[s] -= min(demand[s], stock[s] // weight) * weight
