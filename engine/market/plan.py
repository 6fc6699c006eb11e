"""The policy and the calendar, day by day, in the numbers that kernels read."""

from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.rules.investment import built_share
from engine.spec.base import Dated, Spec
from engine.spec.calendar import Calendar, Festival
from engine.spec.policy import Policy
from engine.spec.scenario import Investment, Scenario
from engine.units import FEN_PER_BN_RMB, FEN_PER_RMB, to_bp, to_fen

Floats = NDArray[np.float64]


class Levers(NamedTuple):
    """Every lever's value on one day, and what the calendar brings.

    Arrays: `rate` by kind, `tier_factor` by city tier, `library_open` by anchor tier.
    Money in fen, `_bp` in basis points, the rest as in `engine.spec.policy`.
    """

    rate: Floats
    cap_fen: int
    new_buyer_rate: float
    tier_factor: Floats
    festival_boost: float
    partner_share_bp: int
    price_cap_bp: int
    cps_floor: float
    public_share: float
    exponent: float
    floor: float
    support: float
    brand_support: float
    ad_load: float
    ad_reserve: float
    family_cap: float
    commercial_load: float
    library_open: Floats
    recruiting: float
    platform_brand_support: float
    investment_fen: float
    built: float
    closed_loop: float
    plan_day: bool
    has_plan: bool
    season: float
    festival_traffic: float
    festival_attention: float
    campaign_pull: float
    historical_load: float
    month: int
    month_start: int


def timetable(policy: Policy, scenario: Scenario) -> list[Levers]:
    """One `Levers` per day of the scenario's calendar."""
    calendar, platform = scenario.calendar, scenario.platform
    n_days = calendar.n_days
    growth = np.arange(n_days) / max(n_days - 1, 1)
    load = platform.load_start * (platform.load_end / platform.load_start) ** growth
    spend = investment(policy, scenario)
    paths = _Paths(
        plan=plan_festivals(policy, calendar),
        load=[float(value) for value in load],
        spend=[float(value) for value in spend],
        built=built(spend, scenario.suppliers.investment),
    )
    changes, days = change_dates(policy), []
    for n in range(n_days):
        today = calendar.start + timedelta(days=n)
        if n == 0 or today in changes:  # until the next change every lever keeps its value
            values = _policy_on(policy, today)
        days.append(_levers(values, calendar, paths, n))
    return days


def change_dates(spec: Spec) -> set[date]:
    """The days on which some lever takes a new value."""
    if isinstance(spec, Dated):
        return {day for day, _ in spec.steps}
    fields = (getattr(spec, name) for name in type(spec).model_fields)
    return set().union(*(change_dates(field) for field in fields if isinstance(field, Spec)))


class _Paths(NamedTuple):
    """What depends on the whole calendar, by day."""

    plan: tuple[Festival, ...]
    load: list[float]
    spend: list[float]
    built: list[float]


def investment(policy: Policy, scenario: Scenario) -> Floats:
    """Fen invested on each day, shape (days,)."""
    start = scenario.calendar.start
    rate = policy.supply.investment_bn_rmb
    days = [start + timedelta(days=n) for n in range(scenario.calendar.n_days)]
    return np.array([rate.on(day) * FEN_PER_BN_RMB / 365 for day in days])


def built(spend: Floats, terms: Investment) -> list[float]:
    """How much of what investment can do is done on each day (M21)."""
    before = np.concatenate([[0.0], np.cumsum(spend)])
    scale = terms.scale_bn_rmb * FEN_PER_BN_RMB
    return [
        float(built_share(before[max(n - terms.delay_days, 0)], scale)) for n in range(spend.size)
    ]


def plan_festivals(policy: Policy, calendar: Calendar) -> tuple[Festival, ...]:
    """The festivals on which the brand plan caps prices: the first ones that may be chosen."""
    able = sorted((f for f in calendar.festivals if f.plan), key=lambda f: f.start)
    return tuple(able[: policy.price.plan_festivals_count])


def _policy_on(policy: Policy, today: date) -> dict[str, Any]:
    """The fields of `Levers` that are the policy's, as they stand on a day."""
    subsidy, price, traffic, supply = policy.subsidy, policy.price, policy.traffic, policy.supply
    tiers, opens = subsidy.tier_factor, supply.library_open
    rates = [getattr(subsidy.rate, kind).on(today) for kind in type(subsidy.rate).model_fields]
    return {
        "rate": np.array(rates),
        "cap_fen": to_fen(subsidy.cap_rmb.on(today)),
        "new_buyer_rate": subsidy.new_buyer_rate.on(today),
        "tier_factor": np.array([tiers.tier12.on(today), tiers.tier3.on(today)]),
        "festival_boost": subsidy.festival_boost.on(today),
        "partner_share_bp": to_bp(subsidy.partner_share.on(today)),
        "price_cap_bp": to_bp(price.cap.on(today)),
        "cps_floor": price.cps_floor.on(today),
        "public_share": traffic.public_share.on(today),
        "exponent": traffic.exponent.on(today),
        "floor": traffic.floor.on(today),
        "support": traffic.support.on(today),
        "brand_support": traffic.brand_support.on(today),
        "ad_load": traffic.ad_load.on(today),
        "ad_reserve": traffic.ad_reserve_rmb.on(today) * FEN_PER_RMB / 1000,
        "family_cap": traffic.family_cap.on(today),
        "commercial_load": traffic.commercial_load.on(today),
        "library_open": np.array(
            [opens.head.on(today), opens.waist.on(today), opens.tail.on(today)]
        ),
        "recruiting": supply.recruiting.on(today),
        "platform_brand_support": supply.platform_brand_support.on(today),
        "closed_loop": supply.closed_loop.on(today),
    }


def _levers(values: dict[str, Any], calendar: Calendar, paths: _Paths, n: int) -> Levers:
    """The policy's `values` of day n, and what the calendar and what was built add to them."""
    today = calendar.start + timedelta(days=n)
    running = [f for f in calendar.festivals if f.start <= today <= f.end]
    first_of_month = max(today.replace(day=1), calendar.start)
    of_calendar = {
        "festival_boost": values["festival_boost"] if running else 1.0,
        "investment_fen": paths.spend[n],
        "built": paths.built[n],
        "has_plan": bool(paths.plan),
        "plan_day": any(f.start <= today <= f.end for f in paths.plan),
        "season": calendar.demand_season[today.month - 1],
        "festival_traffic": max((f.traffic for f in running), default=1.0),
        "festival_attention": max((f.attention for f in running), default=1.0),
        "campaign_pull": _campaigns(calendar, today),
        "historical_load": paths.load[n],
        "month": (today.year - calendar.start.year) * 12 + today.month - calendar.start.month,
        "month_start": (first_of_month - calendar.start).days,
    }
    return Levers(**(values | of_calendar))


def _campaigns(calendar: Calendar, today: date) -> float:
    pulls = (c.pull for c in calendar.rival_campaigns if c.start <= today <= c.end)
    return sum(pulls, 0.0)
