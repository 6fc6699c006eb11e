"""Step 9: what is written down of each day, and what only the day itself knows.

A day is noted in few numbers: its ledger, counts and sums, and the state that it ends in.
The columns of the tables are made from them for all days at once: see `ledger.results`.

Among what only the day knows is how its expected sales spread over anchors, by tier, and how
unequally: a row counts as the anchors that it stands for, all equal.
"""

from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from engine.jit import kernel, step
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers, Plan
from engine.market.scratch import Scratch
from engine.market.state import State
from engine.market.streams import TO_COME
from engine.market.totals import (
    AMOUNT_ANCHORS,
    AMOUNT_COMMISSION,
    AMOUNT_GMV,
    BRANDS,
    N_BUCKETS,
    add_up_in_pairs,
)
from engine.market.world import World
from engine.measures.catalogue import CONCENTRATION
from engine.population.anchors import HEAD, TAIL, WAIST
from engine.population.draws import Floats
from engine.rules.adoption import recruits_cost
from engine.units import FEN_PER_RMB


class DayOutcome(NamedTuple):
    """What a day brought beside what the scratch added up.

    Its `levers`, what the platform had set (`controls`), how many suppliers joined (`joins`), and
    what `add_spread` counted (`spread`).
    """

    levers: DayLevers
    controls: DayControls
    joins: int
    spread: tuple[float, int, float]


def write_day(
    world: World, plan: Plan, state: State, scratch: Scratch, outcome: DayOutcome
) -> None:
    """Write the day on which `state` stands into its record."""
    record, day, month = state.record, state.day, outcome.levers.month
    record.ledgers[day], record.counts[day] = scratch.sold.ledger, scratch.sold.counts
    record.sums[day], record.month[day] = scratch.day_totals.sums, month
    values = _state_of(world, state, scratch, outcome) | _by_anchor(scratch, *outcome.spread)
    values["target_cumulative_fen"] = plan.on(day).target_fen
    record.values[day] = tuple(map(values.__getitem__, record.value_names))


def _by_anchor(scratch: Scratch, streamed: float, sellers: int, others: float) -> dict[str, float]:
    """How the day's sales spread over anchors, of what `add_spread` counted."""
    spread = scratch.spread
    gmv, commission, members = spread.groups.tolist()
    return {
        "head_gmv_fen": gmv[HEAD],
        "waist_gmv_fen": gmv[WAIST],
        "tail_gmv_fen": gmv[TAIL],
        "brand_account_gmv_fen": gmv[BRANDS],
        "tail_commission_fen": commission[TAIL],
        "tail_anchors_count": members[TAIL],
        "live_anchors_count": streamed,
        **concentration(spread.sold[:sellers], spread.stands_for[:sellers], others),
    }


def _state_of(world: World, state: State, scratch: Scratch, outcome: DayOutcome) -> dict[str, Any]:
    """What the platform spent on supply and had set, and the state in which the day ends."""
    levers, controls, *_ = outcome
    platform, joined = state.platform, scratch.kind_counts.joined.tolist()
    return {
        "budget_fen": platform.budget_fen,
        "purse_day": platform.purse_day,
        "recruiting_fen": _recruiting_fen(world, outcome),
        "incubation_fen": _incubation_fen(world, levers, joined),
        "investment_fen": int(levers.investment_fen),
        "dau_count": levers.app_users * platform.activity,
        "activity_share": platform.activity,
        "commercial_load": levers.historical_load * controls.load_ratio,
        "push_share": controls.push,
        "coupon_reach_share": controls.reach / N_BUCKETS,
        "allowance_fen": controls.own_allowance * world.weight,
        "forecast_gmv_fen": controls.forecast * world.weight,
        "rival_pull": controls.rival,
        "demand_shock": controls.shock,
        "plan_members_count": sum(scratch.kind_counts.in_plan.tolist()),
        **dict(zip(world.joined_columns, joined, strict=True)),
    }


def _incubation_fen(world: World, levers: DayLevers, joined: list[int]) -> int:
    """What the platform's own brands cost today (M2), of how many have `joined` by kind."""
    if not levers.platform_brand_support:
        return 0
    cost = world.scenario.platform.incubation_cost_rmb * FEN_PER_RMB
    brands = _percent(world, sum(compress(joined, world.learning.is_incubated)))
    return int(levers.platform_brand_support * cost * brands)


def _recruiting_fen(world: World, outcome: DayOutcome) -> int:
    """Cost of the joins that recruiting brought (M3): all but the share 1 / factor."""
    levers = outcome.levers
    factor = levers.recruiting * outcome.controls.recruiting if levers.day > 0 else 1.0
    platform, joins = world.scenario.platform, _percent(world, outcome.joins)
    cost = platform.recruiting_cost_rmb * FEN_PER_RMB
    return int(recruits_cost(joins, factor, cost, platform.recruiting_cost_power))


def _percent(world: World, suppliers: int) -> float:
    """Simulated suppliers as per cent of all."""
    return 100.0 * suppliers / world.scale.suppliers_count


@kernel
def add_spread(market, month_gmv, total_visits):
    """Add up the day by row, and by tier and brand accounts, into the market's `spread`.

    Returns how many anchors streamed, how many rows sold, and how many anchors have begun and
    sold nothing. Adds to `month_gmv` (float64, fen) and `total_visits` (int64) by row, both real.
    """
    gmv, commission = market.day_totals.anchor_gmv, market.day_totals.anchor_commission
    anchors, weight = market.anchors, market.learning.weight
    presence, streamed = market.streams.presence, market.airtime.streamed
    visits, spread, groups = market.sold.visits, market.spread, market.spread.groups
    begun, live, sellers = 0.0, 0.0, 0
    groups[:] = 0.0
    for m in range(gmv.size):
        many, tier, is_regular = anchors.stands_for[m], anchors.tier[m], m < anchors.guests_from
        has_begun = np.float64(presence[m] != TO_COME)
        begun += many * has_begun
        live += many * np.float64(streamed[m])
        groups[AMOUNT_ANCHORS, tier] += many * has_begun * np.float64(is_regular)
        if visits[m] == 0:
            continue
        total_visits[m] += visits[m] * weight
        month_gmv[m] += gmv[m] * weight
        if is_regular:
            groups[AMOUNT_GMV, tier] += gmv[m] * weight
            groups[AMOUNT_COMMISSION, tier] += commission[m] * weight
        if anchors.is_brand[m]:
            groups[AMOUNT_GMV, BRANDS] += gmv[m] * weight
        if gmv[m] > 0.0:
            spread.sold[sellers] = gmv[m] / many
            spread.stands_for[sellers] = many
            sellers += 1
    return live, sellers, begun - add_up_in_pairs(spread.stands_for[:sellers])


def concentration(values: Floats, stands_for: Floats, others: float = 0.0) -> dict[str, float]:
    """Top shares, Gini and Herfindahl index of what anchors sold, and `others` sold nothing.

    `values`, float64 (rows,), of one anchor of each row, which stands for so many (`stands_for`,
    float64 (rows,)). With k the rank from below, n anchors and x rising:

    Gini = sum_k (2k - n - 1) x_k / (n sum x); HHI = sum of squared shares.
    """
    found = _concentrate(values, stands_for, np.argsort(values), others)
    return dict(zip(CONCENTRATION, found, strict=True))


@kernel
def _concentrate(values, stands_for, order, others):
    """The measures of `CONCENTRATION` of values that rise in `order`, and `others` of 0.

    Of w equal anchors above s smaller ones the factors 2k - n - 1 add up to w (2s + w - n).
    """
    total, weighted, squares = 0.0, 0.0, 0.0
    top1, top10, top100 = 0.0, 0.0, 0.0
    n, above = add_up_in_pairs(stands_for) + others, 0.0
    for k in order:
        above += stands_for[k]
    below = n - above
    for k in order:
        value, many = values[k], stands_for[k]
        total += many * value
        weighted += many * (2.0 * below + many - n) * value
        squares += many * value * value
        below += many
        top1 += _among(below, many, n - 1.0) * value
        top10 += _among(below, many, n - 10.0) * value
        top100 += _among(below, many, n - 100.0) * value
    if total <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    return (
        top1 / total,
        top10 / total,
        top100 / total,
        weighted / (n * total),
        squares / (total * total),
    )


@step
def _among(last, many, edge):
    """How many of the `many` anchors up to rank `last` lie beyond rank `edge`."""
    return min(max(last - edge, 0.0), many)
