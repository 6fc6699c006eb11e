"""From a case to its tables: open a market, advance it, finish.

    world = open_world(scenario, scale, world_seed)
    state = open_state(world, run_seed)
    advance(world, policy, state, until)        # the only way forward
    Tables.of(world, state, start)

A state may be copied between two calls of `advance`, or saved and loaded: each copy goes on
with the bits of the uninterrupted run.

What happens before a decision is the same whatever is decided, so it is simulated once a process
and gone on from in copies, all of one world, which nobody writes. A past is the market on the
morning of the decision; it is a function of (scenario, history, scale, world seed, run seed, own
tables, that morning), and by all of these it is found again: compared by value, so that no other
past can be taken for it. How many threads made it changes no bit.

Of a loop over more pasts than fit, a store that gave up the oldest would keep none until its
turn comes; what has to go is picked by a count instead, so that of n pasts the m that fit are
found in about m of n cases.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from engine.case import Branch, Case, RunResult
from engine.market.day import run_day
from engine.market.exchange import WHOLE, Exchange, Whole, numbers_of
from engine.market.ledger.results import Columns, ReportStart, Tables, daily_table
from engine.market.plan import Plan
from engine.market.scratch import Scratch, new_scratch
from engine.market.state import State, open_state
from engine.market.world import World, open_world
from engine.measures.run_off import FLOWS, VALUED
from engine.spec.jobs import Scale
from engine.spec.mechanisms import switched_policy
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario
from engine.spec.tables import OwnTables
from engine.tables import read_given

_MOST_BYTES: Final = 256 * 2**20
"""Of all pasts that a process keeps: about a hundred of 20,000 buyers."""

_STRIDE: Final = 0x9E3779B1
"""A prime near 2^32 / golden ratio: its multiples spread evenly (Knuth, TAOCP 3, 6.4)."""


class _Past(NamedTuple):
    """The market on the morning of a decision, in its world, and what the report begins from."""

    world: World
    state: State
    start: ReportStart


def simulate(case: Case, exchange: Exchange = WHOLE) -> RunResult:
    """Simulate a case from the scenario's first day; report the days of its horizon.

    Cases of one process that share a history go on from one past.

    The tables are made on the horizon's last night: what comes after does not change them.

    Parameters
    ----------
    exchange : this shard's way to the others, of whom each simulates the same case and finds the
        same result; a case with branches is not sharded.
    """
    assert exchange.count == 1 or not case.branches
    started = time.perf_counter()
    calendar = case.scenario.calendar
    simulated = partial(_past, case, exchange)
    is_kept = case.history is not None and isinstance(exchange, Whole)
    world, state, start = _PASTS.of(case, simulated) if is_kept else simulated()
    branches: dict[str, RunResult] = {}
    with new_scratch(world, state, case.threads, exchange) as scratch:
        for branch in sorted(case.branches, key=lambda one: one.start):
            advance(world, case.policy, state, branch.start, scratch)
            branches[branch.name] = _branched(world, state, branch, case)
        advance(world, case.policy, state, calendar.end + timedelta(days=1), scratch)
        made = Tables.of(world, state, start)
        beyond = _with_days_beyond(world, case, state, scratch)
    made.run["wall_s"] = time.perf_counter() - started
    found = _result(case, made, branches)
    return replace(found, **_beyond(beyond, start.day, calendar.n_days)) if beyond else found


def _past(case: Case, exchange: Exchange) -> _Past:
    """The market on the morning from which the case's policy is in force, or a later saved one."""
    given = read_given(case.tables, case.scale, case.scenario.vocabulary)
    world = open_world(case.scenario, case.scale, case.world_seed, given)
    state, start = exchange.saved(world) or (_opened(world, case, exchange), None)
    before = case.history or case.policy
    with new_scratch(world, state, case.threads, exchange) as scratch:
        advance(world, before, state, case.scenario.calendar.start, scratch)
        start = start or ReportStart.of(state)
        exchange.report_from(start)
        if case.history:
            advance(world, before, state, case.decided_on, scratch)
            if state.day == world.day_of(case.decided_on):
                _begin_term(world, state)
    return _Past(world, state, start)


def _opened(world: World, case: Case, exchange: Exchange) -> State:
    """The first morning, with the buyers of this shard."""
    numbers = numbers_of(exchange.number, exchange.count, world.scale.buyers_count)
    return open_state(world, case.run_seed, numbers)


def _branched(world: World, state: State, branch: Branch, case: Case) -> RunResult:
    """Let a copy of `state` go on under the branch's policy; `state` stays as it is."""
    if branch.holds_prices:
        world = replace(world, supply=world.supply._replace(speed=0.0))
    own = state.copy()
    _begin_term(world, own)
    start = ReportStart.of(own)
    with new_scratch(world, own, case.threads) as scratch:
        until = branch.start + timedelta(days=branch.days)
        advance(world, branch.policy, own, until, scratch)
    return _result(case, Tables.of(world, own, start), {})


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
        _begin_term(world, state)
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
    state.record.reserve(last, 0)
    while state.day < last:
        run_day(world, plan, state, scratch)
        scratch.exchange.end_day(world, state)


def plan_of(world: World, policy: Policy, state: State) -> Plan:
    """What a policy plans from the state's term on."""
    platform = state.platform
    neutral = switched_policy(world.scenario, policy)
    return Plan(world.almanac, neutral, platform.term_day, platform.term_paid_fen)


def _begin_term(world: World, state: State) -> None:
    """Begin a new term this morning: the next policy opens its own purse and target path."""
    today = world.date_of(state.day)
    new_year = (today.month, today.day) == (1, 1)
    state.platform.term_day = state.day
    state.platform.term_paid_fen = 0 if new_year else state.platform.year_paid_fen


class _Made(NamedTuple):
    """All that a past is made from; what tells most pasts apart stands first."""

    run_seed: int
    world_seed: int
    until: date
    scale: Scale
    history: Policy
    scenario: Scenario
    tables: OwnTables


class _KeptPasts:
    """Pasts of this process, of `most_bytes` together at most."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: list[tuple[_Made, _Past, int]] = []
        self._dropped_count = 0
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes of all arrays that are kept."""
        return sum(size for _, _, size in self._kept)

    def of(self, case: Case, simulated: Callable[[], _Past]) -> _Past:
        """Return the past of a case with a history, its state a copy that may be changed.

        Parameters
        ----------
        case
            Whose past is meant.
        simulated
            Simulates it; called if it is not kept.
        """
        assert case.history is not None
        made = _Made(
            run_seed=case.run_seed,
            world_seed=case.world_seed,
            until=case.decided_on,
            scale=case.scale,
            history=case.history,
            scenario=case.scenario,
            tables=case.tables,
        )
        with self._lock:
            past = self._found(made)
        if past is None:
            new = simulated()
            with self._lock:
                past = self._found(made)  # by another thread, which simulated it meanwhile
                if past is None:
                    past = new
                    self._keep(made, past)
        return past._replace(state=past.state.copy())

    def _found(self, made: _Made) -> _Past | None:
        return next((past for own, past, _ in self._kept if own == made), None)

    def _keep(self, made: _Made, past: _Past) -> None:
        size = bytes_of(past.state) + _drawn_bytes(past.world)
        if size > self._most_bytes:
            return
        while self.held_bytes + size > self._most_bytes:
            self._dropped_count += 1
            del self._kept[self._dropped_count * _STRIDE % len(self._kept)]
        self._kept.append((made, past, size))


_PASTS: Final = _KeptPasts()


def bytes_of(state: State) -> int:
    """Bytes of a state's arrays, room for days to come among them."""
    owners = (array if array.base is None else array.base for array in state.arrays().values())
    return sum({id(owner): int(owner.nbytes) for owner in owners}.values())


def _drawn_bytes(world: World) -> int:
    """Bytes of what was drawn of a world."""
    drawn = (*world.anchors, *world.suppliers, *world.goods)
    return sum(int(column.nbytes) for column in drawn if isinstance(column, np.ndarray))
