"""Step 2, target and pacing (M14): the day's push, purse, coupon reach and load.

The purse of the year is spread by day weights (season x festival x coupon rate); a
forecast of the day's spend at full reach sets which share of the buyers gets a coupon, so
that the purse lasts the day. What the forecast misses is rationed exactly in the slot.
"""

from typing import NamedTuple

import numpy as np

from engine.jit import kernel
from engine.market.plan import DayLevers, Plan, demand_weight
from engine.market.state import PlatformState, State
from engine.market.totals import N_BUCKETS
from engine.market.world import World
from engine.rules.investment import built_share
from engine.rules.pacing import allowance, coupon_reach, push, shortfall
from engine.rules.rival import rival_pull
from engine.rules.visits import festival_visits
from engine.units import BP, FEN_PER_BN_RMB, IS_CO_FUNDED


class DayControls(NamedTuple):
    """What the platform set this morning. Purses in fen of the simulated sample.

    `demand` is how much more than on a plain day is bought, with what coupons draw on festivals.
    """

    push: float
    boost: float
    recruiting: float
    load_ratio: float
    visit_level: float
    demand: float
    reach: int
    own_allowance: int
    partner_allowance: int
    forecast: float
    rival: float


def begin_day_of_year(world: World, plan: Plan, platform: PlatformState, day: int) -> None:
    """Open the year's purse and begin its target, where `day` begins a year or a term."""
    if not plan.opens_purse(day):
        return
    subsidy = plan.policy.subsidy
    platform.own_purse = int(subsidy.budget_bn_rmb * FEN_PER_BN_RMB) // world.weight
    platform.partner_purse = int(subsidy.partner_budget_bn_rmb * FEN_PER_BN_RMB) // world.weight
    platform.budget_fen = subsidy.budget_bn_rmb * FEN_PER_BN_RMB
    platform.purse_day = day
    platform.error_sum = 0.0
    today = world.date_of(day)
    if (today.month, today.day) == (1, 1):
        platform.year_paid_fen = 0


def invest(world: World, platform: PlatformState, levers: DayLevers) -> DayLevers:
    """Add the day's investment (M21) to what was invested; returns levers with what is built."""
    terms, before = world.scenario.suppliers.investment, platform.invested_fen
    day, scale = levers.day, terms.scale_bn_rmb * FEN_PER_BN_RMB
    built = float(built_share(before[max(day - terms.delay_days, 0)], scale))
    if day + 1 >= before.size:
        before = np.concatenate([before, np.zeros(before.size)])
        platform.invested_fen = before
    before[day + 1] = before[day] + levers.investment_fen
    return levers._replace(built=built)


def own_rate(state: State, levers: DayLevers) -> float:
    """Mean coupon rate on what is bought that the platform itself pays."""
    return _mean_rate(state, levers, levers.partner_share_bp)


def _mean_rate(state: State, levers: DayLevers, partner_share_bp: int) -> float:
    rate: float = _mean_of_rates(
        levers.rate,
        levers.tier_factor,
        levers.festival_boost,
        partner_share_bp,
        state.platform.kind_share,
    )
    return rate


@kernel
def _mean_of_rates(rate, tier_factor, boost, partner_share_bp, kind_share):
    """Mean of the rates by what is bought of each kind, less the partner's part of its own."""
    mean = 0.0
    for kind in range(rate.size):
        own = 1.0 - partner_share_bp / BP if IS_CO_FUNDED[kind] else 1.0
        mean += rate[kind] * np.mean(tier_factor) * boost * own * kind_share[kind]
    return mean


def set_controls(world: World, plan: Plan, state: State, levers: DayLevers) -> DayControls:
    """Compare with the target and set the day's push, purse, reach and load."""
    platform, policy = state.platform, plan.policy.target
    error = shortfall(platform.year_paid_fen, plan.target_before_fen(levers.day))
    pushed = push(error, platform.error_sum, policy.proportional_gain, policy.integral_gain)
    pushes_more = policy.load_push + policy.recruiting_push > 0.0
    if pushed < 1.0 and (platform.own_purse > 0 or pushes_more):  # anti-windup
        platform.error_sum += error
    platform.push = pushed
    boost = 1.0 + policy.coupon_push * pushed
    weight, left = plan.purse_weights(levers.day)
    own = allowance(platform.own_purse, weight * boost, left)
    plain_forecast = platform.forecast * demand_weight(levers)
    spend = plain_forecast * own_rate(state, levers) * boost * platform.uptake
    partner = allowance(platform.partner_purse, weight * boost, left)
    reach = coupon_reach(own, spend) if own > 0.0 or partner > 0.0 else 0.0
    # What coupons draw on a festival comes after the reach: what that misses is rationed.
    coupon = reach * boost * _mean_rate(state, levers, 0)
    draw = world.scenario.calendar.coupon_draw
    festival = festival_visits(levers.festival_traffic, draw, coupon)
    demand = levers.season * festival * levers.festival_attention
    ratio = levers.commercial_load * (1.0 + policy.load_push * pushed)
    exponent = world.scenario.platform.load_exponent
    rival = world.scenario.rival
    return DayControls(
        push=pushed,
        boost=boost,
        recruiting=1.0 + policy.recruiting_push * pushed,
        load_ratio=ratio,
        visit_level=(levers.historical_load * ratio) ** exponent * festival,
        demand=demand,
        reach=int(reach * N_BUCKETS),
        own_allowance=int(own),
        partner_allowance=int(partner),
        forecast=platform.forecast * demand,
        rival=rival_pull(rival.pull, levers.campaign_pull, rival.reaction, platform.intensity),
    )
