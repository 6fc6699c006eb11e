"""From a case to its tables: open a market, advance it, finish.

    world = open_world(scenario, scale, world_seed)
    state = open_state(world, run_seed)
    advance(world, policy, state, until)        # the only way forward
    tables(world, state, start)

A state may be copied between two calls of `advance`, or saved and loaded: each copy goes on
with the bits of the uninterrupted run.
"""

import time
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np

from engine.case import Branch, Case, RunResult
from engine.market.day import run_day
from engine.market.exchange import WHOLE, Exchange, Whole, numbers_of
from engine.market.ledger.results import Columns, Tables, daily_table, report_start, tables
from engine.market.past import KeptPasts, Past
from engine.market.plan import Plan
from engine.market.scratch import Scratch, new_scratch
from engine.market.state import State, open_state
from engine.market.world import World, open_world
from engine.measures.run_off import FLOWS, VALUED
from engine.spec.mechanisms import switched_policy
from engine.spec.policy import Policy
from engine.tables import read_given

_PASTS = KeptPasts()


def simulate(case: Case, exchange: Exchange = WHOLE) -> RunResult:
    """Simulate a case from the scenario's first day; report the days of its horizon.

    Cases of one process that share a history go on from one past (`engine.market.past`).

    The tables are made on the horizon's last night: what comes after does not change them.

    Parameters
    ----------
    exchange : this shard's way to the others, of whom each simulates the same case and finds the
        same result; a case with branches is not sharded.
    """
    assert exchange.count == 1 or not case.branches
    started = time.perf_counter()
    calendar = case.scenario.calendar
    given = read_given(case.tables, case.scale)
    world = open_world(case.scenario, case.scale, case.world_seed, given)
    simulated = partial(_past, world, case, exchange)
    is_kept = case.history is not None and isinstance(exchange, Whole)
    state, start = _PASTS.of(case, simulated) if is_kept else simulated()
    branches: dict[str, RunResult] = {}
    with new_scratch(world, state, case.threads, exchange) as scratch:
        for branch in sorted(case.branches, key=lambda one: one.start):
            advance(world, case.policy, state, branch.start, scratch)
            branches[branch.name] = _branched(world, state, branch, case)
        advance(world, case.policy, state, calendar.end + timedelta(days=1), scratch)
        made = tables(world, state, start)
        beyond = _with_days_beyond(world, case, state, scratch)
    made.run["wall_s"] = time.perf_counter() - started
    found = _result(case, made, branches)
    return replace(found, **_beyond(beyond, start.day, calendar.n_days)) if beyond else found


def _past(world: World, case: Case, exchange: Exchange) -> Past:
    """The market on the morning from which the case's policy is in force, or a later saved one."""
    state, start = exchange.saved(world) or (_opened(world, case, exchange), None)
    before = case.history or case.policy
    with new_scratch(world, state, case.threads, exchange) as scratch:
        advance(world, before, state, case.scenario.calendar.start, scratch)
        start = start or report_start(state)
        exchange.report_from(start)
        if case.history:
            advance(world, before, state, case.decided_on, scratch)
            if state.day == world.day_of(case.decided_on):
                begin_term(world, state)
    return Past(state, start)


def _opened(world: World, case: Case, exchange: Exchange) -> State:
    """The first morning, with the buyers of this shard."""
    numbers = numbers_of(exchange.number, exchange.count, world.scale.buyers_count)
    return open_state(world, case.run_seed, numbers)


def _branched(world: World, state: State, branch: Branch, case: Case) -> RunResult:
    """Let a copy of `state` go on under the branch's policy; `state` stays as it is."""
    if branch.holds_prices:
        world = replace(world, supply=world.supply._replace(speed=0.0))
    own = state.copy()
    begin_term(world, own)
    start = report_start(own)
    with new_scratch(world, own, case.threads) as scratch:
        until = branch.start + timedelta(days=branch.days)
        advance(world, branch.policy, own, until, scratch)
    return _result(case, tables(world, own, start), {})


def _result(case: Case, made: Tables, branches: dict[str, RunResult]) -> RunResult:
    return RunResult(
        labels=case.labels(),
        run=made.run,
        daily=made.daily,
        monthly=made.monthly,
        segments=made.segments,
        anchors=made.anchors,
        branches=branches,
    )


def _with_days_beyond(world: World, case: Case, state: State, scratch: Scratch) -> Columns:
    """Go on after the horizon; the daily table of all days, empty where none was asked for."""
    if case.run_off_days == 0:
        return {}
    if case.after:
        begin_term(world, state)
    until = world.date_of(state.day + case.run_off_days)
    advance(world, case.after or case.policy, state, until, scratch)
    return daily_table(world, state)


def _beyond(days: Columns, first: int, horizon_days: int) -> dict[str, Any]:
    """What is kept of the days after the horizon, real fen and counts; see `RunResult`."""
    return {
        "run_off": {name: int(days[name][first + horizon_days :].sum()) for name in FLOWS},
        "valued_days": {name: np.array(days[name][first:], np.int64) for name in VALUED},
    }


def advance(
    world: World, policy: Policy, state: State, until: date, scratch: Scratch | None = None
) -> None:
    """Simulate the days before `until` under `policy`, changing `state`.

    The purse and the target go on as they stand in `state`; the year's are opened anew on
    1 January. A date that `state` has passed changes nothing.

    Parameters
    ----------
    scratch : room of this state, kept over several calls; without it, room for one thread.
    """
    last = world.day_of(until)
    if state.day >= last:
        return
    if scratch is None:
        with new_scratch(world, state) as own:
            advance(world, policy, state, until, own)
        return
    plan = plan_of(world, policy, state)
    while state.day < last:
        run_day(world, plan, state, scratch)
        scratch.exchange.end_day(world, state)


def plan_of(world: World, policy: Policy, state: State) -> Plan:
    """What a policy plans from the state's term on."""
    platform = state.platform
    neutral = switched_policy(world.scenario.mechanisms, policy)
    return Plan(world.scenario, neutral, platform.term_day, platform.term_paid_fen)


def begin_term(world: World, state: State) -> None:
    """Begin a new term this morning: the next policy opens its own purse and target path."""
    today = world.date_of(state.day)
    new_year = (today.month, today.day) == (1, 1)
    state.platform.term_day = state.day
    state.platform.term_paid_fen = 0 if new_year else state.platform.year_paid_fen
