"""Step 2, target and pacing (M14): the day's push, purse, coupon reach and load.

The purse of the year is spread by day weights (season x festival x coupon rate); a
forecast of the day's spend at full reach sets which share of the buyers gets a coupon, so
that the purse lasts the day. What the forecast misses is rationed exactly in the slot.
"""

from typing import Any, NamedTuple

import numpy as np

from engine.jit import kernel, step
from engine.market.calendar.shocks import demand_shock
from engine.market.plan import DayLevers, Plan
from engine.market.scratch import Scratch
from engine.market.state import PlatformState, State
from engine.market.totals import N_BUCKETS, add_up
from engine.market.world import World
from engine.rules.investment import built_share
from engine.rules.pacing import allowance, coupon_reach, coupon_reaches, push, shortfall
from engine.rules.rival import rival_pull
from engine.rules.subsidy import mean_share
from engine.rules.visits import festival_visits, plain_demand
from engine.units import BP, FEN_PER_BN_RMB


class DayControls(NamedTuple):
    """What the platform set this morning. Purses in fen of the simulated sample.

    `demand` is how much more than on a plain day is bought, with what coupons draw on festivals;
    `reach` of so many buckets of buyers hold coupons, and the partner's purse is to pay its part of
    the share `partner_reach` of those on its goods; `shock` is the day's factor on serious looks,
    which nobody set.
    """

    push: float
    boost: float
    recruiting: float
    load_ratio: float
    visit_level: float
    demand: float
    reach: int
    partner_reach: float
    own_allowance: int
    partner_allowance: int
    forecast: float
    rival: float
    shock: float


def begin_day_of_year(world: World, plan: Plan, platform: PlatformState, day: int) -> None:
    """Open the year's purse and begin its target, where `day` begins a year or a term."""
    if not plan.on(day).opens_purse:
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
    done = before[max(day - terms.delay_days, 0)]
    if day + 1 >= before.size:
        before = np.concatenate([before, np.zeros(before.size)])
        platform.invested_fen = before
    before[day + 1] = before[day] + levers.investment_fen
    return DayLevers(*levers[:-1], built_share(done, scale)) if done > 0.0 else levers


@step
def mean_coupons(levers, boost, kind_share, kind_price, is_co_funded):
    """Mean coupon on what is bought, as a share of price.

    `levers` the day's, `boost` float64 the push's, `kind_share` of sales and `kind_price` (mean of
    an order, fen; 0: not known yet) float64 and `is_co_funded` bool by kind. The cap per order
    counts at the mean price of a kind. Returns the part that the platform pays alone and the one
    that the partner shares in, which add up to the mean, float64.
    """
    alone = shared = 0.0
    boosted = add_up(levers.tier_factor) / levers.tier_factor.size * levers.festival_boost * boost
    for kind in range(levers.rate.size):
        coupon = mean_share(levers.rate[kind] * boosted, levers.cap_fen, kind_price[kind])
        if is_co_funded[kind]:
            shared += coupon * kind_share[kind]
        else:
            alone += coupon * kind_share[kind]
    return alone, shared


def set_controls(
    world: World, plan: Plan, state: State, scratch: Scratch, levers: DayLevers
) -> DayControls:
    """Compare with the target and set the day's push, purse, reach and load."""
    sealed = scratch.sealed.market, scratch.seal(levers)
    found = pace(*sealed, *pacing_input(plan, state.platform, levers.day))
    shock = demand_shock(world.scenario.shocks, state.run_seed, levers.day)
    return controls_of(state.platform, found, shock)


def pacing_input(plan: Plan, platform: PlatformState, day: int) -> tuple[Any, ...]:
    """What `pace` needs to know beside the market and the levers."""
    policy, today = plan.policy.target, plan.on(day)
    money = platform.year_paid_fen, today.target_before_fen, platform.own_purse
    return (
        (policy.proportional_gain, policy.integral_gain),
        (policy.coupon_push, policy.load_push, policy.recruiting_push),
        (today.weight, today.weight_left),
        (*money, platform.partner_purse),
        (platform.error_sum, platform.forecast, platform.uptake, platform.intensity),
        (platform.kind_share, platform.kind_price),
    )


def controls_of(platform: PlatformState, found: tuple[Any, ...], shock: float) -> DayControls:
    """The day's controls from what `pace` found; the platform keeps its push and errors."""
    platform.push, platform.error_sum, *values = found
    return DayControls._make([platform.push, *values, shock])


@kernel
def pace(market, levers, gains, pushes, weights, money, known, kinds):
    """The push, the sum of errors, and the fields of `DayControls` from `boost` to `rival`.

    `gains` proportional and integral; `pushes` of coupons, load and recruiting; `weights` of the
    day and of all days left in the purse; `money`: paid this year and the target before today
    (fen), purses of the platform and the partner (sample fen); `known`: sum of errors, forecast,
    uptake and intensity, `kinds`: shares and prices by kind (see `PlatformState`). Floats float64,
    fen in whole numbers int64.
    """
    terms = market.pacing
    proportional, integral = gains
    coupon_push, load_push, recruiting_push = pushes
    weight, left = weights
    paid, target, own_purse, partner_purse = money
    error_sum, plain, uptake, intensity = known
    shares, prices = kinds
    error = shortfall(paid, target)
    pushed = push(error, error_sum, proportional, integral)
    pushes_more = load_push + recruiting_push > 0.0
    if pushed < 1.0 and (own_purse > 0 or pushes_more):  # anti-windup
        error_sum += error
    boost = 1.0 + coupon_push * pushed
    own = allowance(own_purse, weight * boost, left)
    season, attention = levers.season, levers.festival_attention
    plain_forecast = plain * plain_demand(season, levers.festival_traffic, attention)
    alone, shared = mean_coupons(levers, boost, shares, prices, terms.is_co_funded)
    partners_part = levers.partner_share_bp / BP
    forecast = plain_forecast * uptake
    partner = allowance(partner_purse, weight * boost, left)
    if own <= 0.0 and partner <= 0.0:
        reach, partner_reach = 0.0, 0.0
    elif partner <= 0.0 < partners_part:
        reach, partner_reach = coupon_reach(own, forecast * alone), 0.0
    else:
        reach, partner_reach = coupon_reaches(
            own,
            partner,
            forecast * alone,
            forecast * shared * (1.0 - partners_part),
            forecast * shared * partners_part,
        )
    # What coupons draw on a festival comes after the reach: what that misses is rationed.
    given = reach * (alone + partner_reach * shared)
    festival = festival_visits(levers.festival_traffic, terms.coupon_draw, given)
    demand = plain_demand(season, festival, attention)
    ratio = levers.commercial_load * (1.0 + load_push * pushed)
    return (
        pushed,
        error_sum,
        boost,
        1.0 + recruiting_push * pushed,
        ratio,
        (levers.historical_load * ratio) ** terms.load_exponent * festival,
        demand,
        np.int64(reach * N_BUCKETS),
        partner_reach,
        np.int64(own),
        np.int64(partner),
        plain * demand,
        rival_pull(terms.rival, levers.campaign_pull, terms.reaction, intensity),
    )
