"""Step 9: what is written down of each day, and what only the day itself knows.

A day is noted in few numbers: its ledger, counts and sums, and the state that it ends in.
The columns of the tables are made from them for all days at once: see `ledger.results`.
"""

from typing import Any, NamedTuple

import numpy as np

from engine.market.calendar.users import app_users
from engine.market.ledger.concentration import add_spread, concentration
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers, Plan
from engine.market.scratch import Scratch
from engine.market.state import State
from engine.market.totals import BRANDS, N_BUCKETS
from engine.market.world import World
from engine.population.anchors import HEAD, TAIL, WAIST
from engine.rules.adoption import recruits_cost
from engine.units import FEN_PER_RMB, IS_INCUBATED, KINDS

_JOINED = tuple(f"joined_{kind}_count" for kind in KINDS)


class DayOutcome(NamedTuple):
    """What a day brought beside what the scratch added up.

    Its `levers`, what the platform had set (`controls`), how many suppliers joined (`joins`).
    """

    levers: DayLevers
    controls: DayControls
    joins: int


def write_day(
    world: World, plan: Plan, state: State, scratch: Scratch, outcome: DayOutcome
) -> None:
    """Write the day on which `state` stands into its record."""
    record, day, month = state.record, state.day, outcome.levers.month
    record.reserve(day + 1, month + 1)
    record.ledgers[day], record.counts[day] = scratch.sold.ledger, scratch.sold.counts
    record.sums[day], record.month[day] = scratch.day_totals.sums, month
    values = (
        _state_of(world, state, scratch, outcome)
        | _by_anchor(world, state, scratch, month)
        | {
            "target_cumulative_fen": plan.target_fen(day),
            "budget_fen": state.platform.budget_fen,
            "purse_day": state.platform.purse_day,
        }
    )
    for name, value in values.items():
        record.values[name][day] = value


def _by_anchor(world: World, state: State, scratch: Scratch, month: int) -> dict[str, float]:
    """Add to the anchors' months, and say how the day's sales spread over anchors."""
    sealed, record, room = scratch.sealed, state.record, scratch.spread
    streamed, sellers, others = add_spread(
        sealed.day_totals,
        sealed.sold,
        scratch.shop.presence,
        scratch.airtime.streamed,
        sealed.anchors,
        world.weight,
        record.anchor_gmv[month],
        record.anchor_visits,
        sealed.spread,
    )
    gmv, commission, members = room.groups.tolist()
    return {
        "head_gmv_fen": gmv[HEAD],
        "waist_gmv_fen": gmv[WAIST],
        "tail_gmv_fen": gmv[TAIL],
        "brand_account_gmv_fen": gmv[BRANDS],
        "tail_commission_fen": commission[TAIL],
        "tail_anchors_count": members[TAIL],
        "live_anchors_count": streamed,
        **concentration(room.sold[:sellers], room.stands_for[:sellers], others),
    }


def _state_of(world: World, state: State, scratch: Scratch, outcome: DayOutcome) -> dict[str, Any]:
    """What the platform spent on supply and had set, and the state in which the day ends."""
    levers, controls, _ = outcome
    activity = state.platform.activity
    joined = scratch.kind_counts.joined.tolist()
    return {
        "recruiting_fen": _recruiting_fen(world, outcome),
        "incubation_fen": _incubation_fen(world, levers, joined),
        "investment_fen": int(levers.investment_fen),
        "dau_count": app_users(world.scenario, levers.day) * activity,
        "activity_share": activity,
        "commercial_load": levers.historical_load * controls.load_ratio,
        "push_share": controls.push,
        "coupon_reach_share": controls.reach / N_BUCKETS,
        "allowance_fen": controls.own_allowance * world.weight,
        "forecast_gmv_fen": controls.forecast * world.weight,
        "rival_pull": controls.rival,
        "demand_shock": controls.shock,
        "plan_members_count": sum(scratch.kind_counts.in_plan.tolist()),
        **dict(zip(_JOINED, joined, strict=True)),
    }


_INCUBATED = np.flatnonzero(IS_INCUBATED).tolist()
"""The kinds of the platform's own brands."""


def _incubation_fen(world: World, levers: DayLevers, joined: list[int]) -> int:
    """What the platform's own brands cost today (M2), of how many have `joined` by kind."""
    cost = world.scenario.platform.incubation_cost_rmb * FEN_PER_RMB
    brands = _percent(world, sum(joined[kind] for kind in _INCUBATED))
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
