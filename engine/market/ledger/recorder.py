"""Step 9: what is written down of each day, and what only the day itself knows.

A day is noted in few numbers: its ledger, counts and sums, and the state that it ends in.
The columns of the tables are made from them for all days at once: see `ledger.results`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.market.calendar.shocks import demand_shock
from engine.market.ledger.concentration import BRANDS, N_AMOUNTS, concentration, spread
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers, Plan
from engine.market.state import State
from engine.market.supply.trade import KindCounts
from engine.market.totals import N_BUCKETS, DayTotals, SlotTotals
from engine.market.traffic.feed import Airtime
from engine.market.world import World
from engine.population.anchors import HEAD, TAIL, WAIST
from engine.rules.adoption import recruits_cost
from engine.spec.calendar import by_day
from engine.units import FEN_PER_RMB, IS_INCUBATED, KINDS

_JOINED = tuple(f"joined_{kind}_count" for kind in KINDS)


class DayOutcome(NamedTuple):
    """What a day brought.

    What the platform had set (`controls`), what was added up (`totals`, and `day_totals` from
    them), how many suppliers there are (`kind_counts`) and joined today (`joins`), which anchors
    were there (`presence`, uint8), and how long they streamed (`airtime`).
    """

    controls: DayControls
    totals: SlotTotals
    day_totals: DayTotals
    kind_counts: KindCounts
    joins: int
    presence: NDArray[np.uint8]
    airtime: Airtime


def write_day(
    world: World, plan: Plan, state: State, levers: DayLevers, outcome: DayOutcome
) -> None:
    """Write the day on which `state` stands into its record."""
    record, day = state.record, state.day
    record.reserve(day + 1, levers.month + 1)
    record.ledgers[day], record.counts[day] = outcome.totals.ledger, outcome.totals.counts
    record.sums[day], record.month[day] = outcome.day_totals.sums, levers.month
    values = (
        _costs(world, levers, outcome)
        | _state_of(world, state, levers, outcome)
        | _by_anchor(world, state, levers, outcome)
        | {
            "target_cumulative_fen": plan.target_fen(day),
            "budget_fen": state.platform.budget_fen,
            "purse_day": state.platform.purse_day,
        }
    )
    for name, value in values.items():
        record.values[name][day] = value


def _by_anchor(
    world: World, state: State, levers: DayLevers, outcome: DayOutcome
) -> dict[str, float]:
    """Add to the anchors' months, and say how the day's sales spread over anchors."""
    anchors, record = world.anchors, state.record
    groups = np.zeros((N_AMOUNTS, BRANDS + 1))
    sold, stands_for = np.empty((2, anchors.tier.size))
    begun, streamed, sellers = spread(
        outcome.day_totals.anchor_gmv,
        outcome.day_totals.anchor_commission,
        outcome.totals.visits,
        outcome.presence,
        outcome.airtime.streamed,
        anchors,
        world.weight,
        record.anchor_gmv[levers.month],
        record.anchor_visits,
        groups,
        sold,
        stands_for,
    )
    gmv, commission, members = groups
    others = begun - stands_for[:sellers].sum()
    return {
        "head_gmv_fen": gmv[HEAD],
        "waist_gmv_fen": gmv[WAIST],
        "tail_gmv_fen": gmv[TAIL],
        "brand_account_gmv_fen": gmv[BRANDS],
        "tail_commission_fen": commission[TAIL],
        "tail_anchors_count": members[TAIL],
        "live_anchors_count": streamed,
        **concentration(sold[:sellers], stands_for[:sellers], others),
    }


def _costs(world: World, levers: DayLevers, outcome: DayOutcome) -> dict[str, int]:
    """What the platform spends on supply: recruiting (M3), own brands (M2), investment (M21)."""
    brands = _percent(world, int(outcome.kind_counts.joined[IS_INCUBATED].sum()))
    incubation = world.scenario.platform.incubation_cost_rmb * FEN_PER_RMB
    return {
        "recruiting_fen": _recruiting_fen(world, levers, outcome),
        "incubation_fen": int(levers.platform_brand_support * incubation * brands),
        "investment_fen": int(levers.investment_fen),
    }


def _recruiting_fen(world: World, levers: DayLevers, outcome: DayOutcome) -> int:
    """Cost of the joins that recruiting brought: all but the share 1 / factor."""
    factor = levers.recruiting * outcome.controls.recruiting if levers.day > 0 else 1.0
    platform, joins = world.scenario.platform, _percent(world, outcome.joins)
    cost = platform.recruiting_cost_rmb * FEN_PER_RMB
    return int(recruits_cost(joins, factor, cost, platform.recruiting_cost_power))


def _percent(world: World, suppliers: int) -> float:
    """Simulated suppliers as per cent of all."""
    return 100.0 * suppliers / world.scale.suppliers_count


def _state_of(world: World, state: State, levers: DayLevers, outcome: DayOutcome) -> dict[str, Any]:
    """The state in which the day ends, and what the platform set for it."""
    controls, counts, activity = outcome.controls, outcome.kind_counts, state.platform.activity
    return {
        "dau_count": _app_users(world, levers.day) * activity,
        "activity_share": activity,
        "commercial_load": levers.historical_load * controls.load_ratio,
        "push_share": controls.push,
        "coupon_reach_share": controls.reach / N_BUCKETS,
        "allowance_fen": controls.own_allowance * world.weight,
        "forecast_gmv_fen": controls.forecast * world.weight,
        "rival_pull": controls.rival,
        "demand_shock": demand_shock(world.scenario.shocks, state.run_seed, levers.day),
        "plan_members_count": counts.in_plan.sum(),
        **dict(zip(_JOINED, counts.joined.tolist(), strict=True)),
    }


def _app_users(world: World, day: int) -> float:
    """Daily users of the app on the published path, which stays at its last month."""
    path, today = world.scenario.platform.app_dau_million, world.date_of(day)
    months = 12 * (today.year - world.scenario.calendar.origin.year) + today.month - 1
    return by_day(path, months, today) * 1e6
