"""Step 2, target and pacing (M14): the day's push, purse, coupon reach and load.

The purse of the year is spread by day weights (season x festival x coupon rate); a
forecast of the day's spend at full reach sets which share of the buyers gets a coupon, so
that the purse lasts the day. What the forecast misses is rationed exactly in the slot.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel
from engine.market.market import Market
from engine.market.plan import Levers
from engine.market.tables import N_BUCKETS
from engine.rules.pacing import allowance, coupon_reach, push, shortfall
from engine.rules.rival import rival_pull
from engine.units import BP, Kind

_PARTNER = int(Kind.PARTNER)


class Pace(NamedTuple):
    """What the platform set this morning. Purses in fen of the simulated sample."""

    push: float
    boost: float
    recruiting: float
    load_ratio: float
    visit_level: float
    reach: int
    own_allowance: int
    partner_allowance: int
    forecast: float
    rival: float


def demand_weight(levers: Levers) -> float:
    """How much more than on a plain day is bought, by season and festival."""
    return levers.season * levers.festival_traffic * levers.festival_attention


def coupon_weights(days: list[Levers]) -> NDArray[np.float64]:
    """Weights by which the purse is spread over the days, shape (days,)."""
    return np.array(
        [
            demand_weight(day) * day.festival_boost * max(day.rate.mean(), day.new_buyer_rate / 10)
            for day in days
        ]
    )


def own_rate(market: Market, levers: Levers) -> float:
    """Mean coupon rate on what is bought that the platform itself pays."""
    rate: float = mean_own_rate(
        levers.rate,
        levers.tier_factor,
        levers.festival_boost,
        levers.partner_share_bp,
        market.accounts.kind_share,
    )
    return rate


@kernel
def mean_own_rate(rate, tier_factor, boost, partner_share_bp, kind_share):
    """Mean of the rates by what is bought of each kind, less the partner's part of its own."""
    mean = 0.0
    for kind in range(rate.size):
        own = 1.0 - partner_share_bp / BP if kind == _PARTNER else 1.0
        mean += rate[kind] * np.mean(tier_factor) * boost * own * kind_share[kind]
    return mean


def set_pace(market: Market, day: int, target: float, weights: NDArray[np.float64]) -> Pace:
    """Compare with the target and set the day's push, purse, reach and load."""
    levers, accounts, policy = market.days[day], market.accounts, market.case.policy.target
    error = shortfall(accounts.gmv_paid, target)
    pushed = push(error, accounts.error_sum, policy.proportional_gain, policy.integral_gain)
    pushes_more = policy.load_push + policy.recruiting_push > 0.0
    if pushed < 1.0 and (accounts.own_purse > 0 or pushes_more):  # anti-windup
        accounts.error_sum += error
    accounts.push = pushed
    boost = 1.0 + policy.coupon_push * pushed
    left = float(weights[day:].sum())
    own = allowance(accounts.own_purse, weights[day] * boost, left)
    forecast = accounts.forecast * demand_weight(levers)
    spend = forecast * own_rate(market, levers) * boost * accounts.uptake
    partner = allowance(accounts.partner_purse, weights[day] * boost, left)
    reach = coupon_reach(own, spend) if own > 0.0 or partner > 0.0 else 0.0
    ratio = levers.commercial_load * (1.0 + policy.load_push * pushed)
    exponent = market.case.scenario.platform.load_exponent
    rival = market.case.scenario.rival
    return Pace(
        push=pushed,
        boost=boost,
        recruiting=1.0 + policy.recruiting_push * pushed,
        load_ratio=ratio,
        visit_level=(levers.historical_load * ratio) ** exponent
        * accounts.activity
        * levers.festival_traffic,
        reach=int(reach * N_BUCKETS),
        own_allowance=int(own),
        partner_allowance=int(partner),
        forecast=forecast,
        rival=rival_pull(rival.pull, levers.campaign_pull, rival.reaction, accounts.intensity),
    )
