"""What a run can come to at the most: every sum of it must fit into 64 bits.

Money and counts are added up in whole fen and whole orders of the sample and multiplied by the
people that one simulated buyer stands for; ranges of single numbers do not say what their product
is. So the largest sums are bounded before a run, each by what limits it:

    orders <= people x visits a day x days
    a price <= what a full wallet and a coupon pay, or three times the dearest price elsewhere
    sales <= orders x a price, or what wallets hold and earn / (1 - returns of bad goods) + purses
    expected sales at the looks that are asked <= orders / 8 x 2^20 x a response to prices
    recruiting <= all suppliers x their cost x the highest factor ^ power
"""

from collections.abc import Iterator, Mapping, Sequence
from math import exp
from typing import Final, NamedTuple

from pydantic import ValidationError

from engine.errors import InputError
from engine.spec.base import Dated
from engine.spec.calendar import Calendar
from engine.spec.jobs import Job
from engine.spec.levers import set_levers
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario
from engine.spec.space import Space
from engine.units import EXPECTED_ONE, FEN_PER_BN_RMB, FEN_PER_RMB

MOST: Final = 2.0**62
"""Half of what 64 bits hold: differences of two such sums fit as well."""

MOST_VISITS: Final = 24.0
"""Of one buyer a day (`engine.market.sessions.decide`)."""

DEAREST: Final = 3.0
"""Highest price against the price elsewhere (`engine.market.supply.trade`)."""

EVERY: Final = 8
"""Of so many buyers one is asked how it answers to prices (`engine.market.sessions.responses`)."""

MOST_INCOME_RMB: Final = (20_000, 65_535)
"""A month's that is drawn, and that a table can give."""

_DAYS_A_MONTH: Final = 30.0
_MOST_ENGAGEMENT: Final = 2.0
_FAR_OUT: Final = 5.0
"""Standard deviations that one good of millions lies out, as in `engine.spec.suppliers`."""

_DEAREST_GIVEN_FEN: Final = 1e9
"""Of a table of goods: a price is kept in 32 bits."""

_BAD: Final = 2.0
"""Standard deviations below its kind's mean: the quality of goods that come back most."""

_SURE_RETURN: Final = 0.99


_LIMITING: Final = (
    "subsidy.budget_bn_rmb",
    "subsidy.partner_budget_bn_rmb",
    "subsidy.cap_rmb",
    "traffic.commercial_load",
    "target.load_push",
    "target.recruiting_push",
    "supply.recruiting",
)
"""Levers that the bounds rise with: of a space their upper ends count."""


class _GivenTables(NamedTuple):
    """Which tables of one's own take the place of what the scenario says."""

    goods: bool = False
    buyers: bool = False


NO_TABLES: Final = _GivenTables()


class _Bound(NamedTuple):
    """The most that a sum can come to, in its own unit, and what of.

    `key` is the number that is lowered to make it fit.
    """

    key: str
    what: str
    value: float
    unit: str
    size: float
    remedy: str


def overflow_mistakes(
    job: Job, scenarios: Mapping[str, Scenario], policies: Sequence[Policy]
) -> Iterator[InputError]:
    """Yield, once each, the sums of a job that 64 bits might not hold in some world.

    Parameters
    ----------
    job : its tables, spaces and days of run-off.
    scenarios : by world.
    policies : every policy that is named; the ends of spaces are added.
    """
    if not policies:
        return
    searched = [_at_upper_ends(policies[0], space) for space in job.all_spaces().values()]
    known = [*policies, *searched]
    given = _GivenTables(
        goods=job.tables.named("goods").get("goods") is not None,
        buyers=job.tables.named("buyers").get("buyers") is not None,
    )
    days_after = max(getattr(job, "run_off", ()) or (0,))
    told: set[str] = set()
    for world, scenario in scenarios.items():
        for bound in _bounds_of(scenario, known, days_after, given):
            if bound.value > MOST and bound.what not in told:
                told.add(bound.what)
                yield _mistake(bound, world, scenario.currency)


def _mistake(bound: _Bound, world: str, currency: str) -> InputError:
    return InputError(
        bound.key,
        f"in the world {world} {bound.what} {bound.value / bound.size:,.0f} {bound.unit}, which "
        "the 64 bits of a sum do not hold".replace("RMB", currency),
        f"sums up to {MOST / bound.size:,.0f} {bound.unit}".replace("RMB", currency),
        bound.remedy,
    )


def _at_upper_ends(policy: Policy, space: Space) -> Policy:
    """The policy with the levers of a space that make sums larger at the upper end of theirs."""
    ends = {
        path: max([lever.high or 0.0, *map(float, lever.choices or ())])
        for path, lever in space.levers.items()
        if path in _LIMITING
    }
    try:
        return set_levers(policy, ends, policy.name)
    except ValidationError:  # refused where the space is read
        return policy


def _bounds_of(
    scenario: Scenario,
    policies: Sequence[Policy],
    days_after: int = 0,
    given: _GivenTables = NO_TABLES,
) -> Iterator[_Bound]:
    """Yield the largest sums of a run under any of some policies.

    Parameters
    ----------
    scenario : its sizes and its days, from the first that is simulated.
    policies : all that may be in force.
    days_after : days simulated after the horizon.
    given : tables that take the place of the scenario's prices or incomes.
    """
    pool, days = scenario.platform.pool_count, scenario.calendar.days_simulated + days_after
    orders = pool * days * _most_visits(scenario, policies, days)
    who = f"{pool:,} people of {orders / pool / days:.3g} visits a day, over {days:,} days"
    price = _most_price_fen(scenario, policies, given)
    sales = min(orders * price, _most_money_fen(scenario, policies, days, given))
    yield _Bound(
        "scenario.platform.pool_count",
        f"{who}, at prices up to {price / FEN_PER_RMB:,.0f} RMB, may buy for",
        max(sales, sales / _least_ratio(scenario, policies)),
        "bn RMB",
        FEN_PER_BN_RMB,
        "lower it, scenario.buyers.visits_per_day or returns.base, or end the horizon earlier",
    )
    yield _Bound(
        "scenario.platform.pool_count",
        f"{who}, may answer to prices by",
        orders / EVERY * EXPECTED_ONE * _most_response(scenario),
        "bn orders in fixed point",
        EXPECTED_ONE * 1e9,
        "lower it, scenario.buyers.visits_per_day or choice.price, or end the horizon earlier",
    )
    yield _Bound(
        "scenario.platform.recruiting_cost_rmb",
        f"recruiting all suppliers {_most_recruiting(policies):,.0f} times as fast may cost",
        _most_recruiting_fen(scenario, policies),
        "bn RMB",
        FEN_PER_BN_RMB,
        "lower it, scenario.platform.recruiting_cost_power or supply.recruiting",
    )


def _most_visits(scenario: Scenario, policies: Sequence[Policy], days: int) -> float:
    """Of a mean buyer a day: base x engagement x habit x load x festivals, at most 24."""
    buyers, platform = scenario.buyers, scenario.platform
    levers = max(
        _highest(policy.traffic.commercial_load) * (1.0 + policy.target.load_push)
        for policy in policies
    )
    load = max(platform.load_start, platform.load_end) * levers
    visits = buyers.visits_per_day * _MOST_ENGAGEMENT * (1.0 + buyers.habit_visits)
    visits *= max(load, 1.0) ** platform.load_exponent * _festivals(scenario.calendar, days)
    return float(min(visits, MOST_VISITS))


def _festivals(calendar: Calendar, days: int) -> float:
    """Factor of all festivals on the visits of so many days, with a coupon of the whole price."""
    years = range(calendar.origin.year, calendar.origin.year + days // 365 + 2)
    more = 0.0
    for one in calendar.festivals:
        lift = max(one.traffic - 1.0, 0.0) * (1.0 + calendar.coupon_draw)
        spans = [span for year in years if (span := one.in_year(year)) is not None]
        more += lift * sum((last - first).days + 1 for first, last in spans)
    return 1.0 + more / days


def _most_price_fen(scenario: Scenario, policies: Sequence[Policy], given: _GivenTables) -> float:
    suppliers = scenario.suppliers
    dearest = max(kind.price_rmb for kind in suppliers.kinds(suppliers.words))
    dearest *= max(suppliers.category_price.of(scenario.categories))
    dearest = max([dearest, *(one.price_rmb for one in scenario.calendar.trial_streams)])
    listed = DEAREST * dearest * exp(_FAR_OUT * suppliers.price_log_sd) * FEN_PER_RMB
    if given.goods:
        listed = DEAREST * _DEAREST_GIVEN_FEN
    income = float(MOST_INCOME_RMB[given.buyers])
    wallet = income * scenario.buyers.wallet_days / _DAYS_A_MONTH * FEN_PER_RMB
    coupon = max(_highest(policy.subsidy.cap_rmb) for policy in policies) * FEN_PER_RMB
    return min(listed, wallet + coupon)


def _most_money_fen(
    scenario: Scenario, policies: Sequence[Policy], days: int, given: _GivenTables
) -> float:
    """What wallets hold and earn, over what is kept of an order, and all purses."""
    buyers, returns = scenario.buyers, scenario.returns
    worst = min(
        kind.quality - _BAD * kind.quality_sd
        for kind in scenario.suppliers.kinds(scenario.kind_names)
    )
    back = returns.base * exp(-returns.slope * (max(worst, 0.0) - returns.pivot))
    back *= max(returns.category.of(scenario.categories))
    if back > _SURE_RETURN:
        return float("inf")
    income = max(buyers.monthly_budget_rmb.values()) * buyers.wallet_level
    income = float(MOST_INCOME_RMB[True]) if given.buyers else income
    months = (days + buyers.wallet_days) / _DAYS_A_MONTH
    earned = scenario.platform.pool_count * max(income, 1.0) * months * FEN_PER_RMB
    years = days // 365 + 2  # calendar years that the days reach into
    purses = max(
        policy.subsidy.budget_bn_rmb + policy.subsidy.partner_budget_bn_rmb for policy in policies
    )
    return earned / (1.0 - back) + len(policies) * years * purses * FEN_PER_BN_RMB


def _least_ratio(scenario: Scenario, policies: Sequence[Policy]) -> float:
    """Lowest price against the price elsewhere: the cheapened cost, cut by anchors and caps."""
    suppliers = scenario.suppliers
    cost = min(kind.cost_share for kind in suppliers.kinds(suppliers.words))
    cost *= 1 - suppliers.investment.cost_cut
    cap = min(_lowest(policy.price.cap) for policy in policies)
    return max(min(cost * (1 - scenario.anchors.head_discount), cap, 1.0), 1e-6)


def _most_response(scenario: Scenario) -> float:
    """Fall of ln sales by ln price of one look's goods, at most; at least 1."""
    choice, tiers = scenario.choice, scenario.buyers.sensitivity.values()
    return max(1.0, choice.price * max(tiers) / choice.nest)


def _most_recruiting(policies: Sequence[Policy]) -> float:
    return max(
        _highest(policy.supply.recruiting) * (1.0 + policy.target.recruiting_push)
        for policy in policies
    )


def _most_recruiting_fen(scenario: Scenario, policies: Sequence[Policy]) -> float:
    platform, factor = scenario.platform, max(_most_recruiting(policies), 1.0)
    cost = 100.0 * platform.recruiting_cost_rmb * FEN_PER_RMB
    return float(cost * factor**platform.recruiting_cost_power)


def _highest(lever: Dated) -> float:
    return max(value for _, value in lever.steps)


def _lowest(lever: Dated) -> float:
    return min(value for _, value in lever.steps)
