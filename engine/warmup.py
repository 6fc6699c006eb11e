"""The first compile: every kernel of a job, on up to four cores at once.

Numba compiles under one lock, so threads would wait for one another. On an empty compile
cache further processes compile parts of the day, on an empty market, while this one compiles
others; then a small market runs two days, which compiles what is left and finds the rest in the
cache.
"""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, NamedTuple

from engine.cache import is_cold, mark_warm
from engine.case import Case
from engine.market import day, fused, slot
from engine.market.learning.learn import learn_day
from engine.market.learning.users import keep_users
from engine.market.ledger.recorder import DayOutcome, add_spread, write_day
from engine.market.pacing.controls import DayControls, set_controls
from engine.market.plan import DayLevers, Plan
from engine.market.run import plan_of, simulate
from engine.market.scratch import Scratch, new_scratch
from engine.market.settlement.ration import ration, withdraw_coupons
from engine.market.showcase.pricing import price_without_partner
from engine.market.state import State, open_state
from engine.market.totals import book_slot, merge_into, reset
from engine.market.world import World, open_world
from engine.spec.base import Dated
from engine.units import FEN_PER_BN_RMB

_BUYERS = 500

_MOST_PROCESSES = 4
"""Each opens a market of its own, which compiles for some seconds, and needs some 500 MB."""


def warm_up(case: Case) -> None:
    """Compile every kernel that simulates `case`, so that later workers find it in the cache."""
    poor = _poor_case(case)
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    collects = gc.isenabled()
    gc.disable()  # a compiler makes so many objects that the search for cycles takes a seventh
    try:
        if is_cold(is_fused=case.is_fused) and processes > 1:
            own, *others = _shares(_parts_of(case), processes)
            with _helpers(poor, others):
                _compile(poor, own)
        simulate(poor)
    finally:
        if collects:
            gc.enable()
    mark_warm(is_fused=case.is_fused)


def _poor_case(case: Case) -> Case:
    """Two days of a market so small and poor that coupons and stock both run out."""
    scenario, subsidy = case.scenario, case.policy.subsidy
    calendar = scenario.calendar
    few_days = min(calendar.end, calendar.origin + timedelta(days=1))
    short = {"first_day": None, "start": calendar.origin, "end": few_days}
    weight = max(scenario.platform.pool_count, 10**10) // _BUYERS
    rate = subsidy.rate.model_copy(
        update=dict.fromkeys(scenario.kind_names, Dated.model_validate(0.5))
    )
    budget = 2_000 * weight / FEN_PER_BN_RMB  # a purse of 2,000 sample fen
    return replace(
        case,
        scenario=scenario.model_copy(
            update={
                "calendar": calendar.model_copy(update=short),
                "platform": scenario.platform.model_copy(update={"pool_count": weight * _BUYERS}),
            }
        ),
        policy=case.policy.model_copy(
            update={"subsidy": subsidy.model_copy(update={"budget_bn_rmb": budget, "rate": rate})}
        ),
        scale=case.scale.model_copy(update={"buyers_count": _BUYERS}),
        threads=1 if case.is_fused else 2,  # of two the one block of so few takes one
    )


@contextmanager
def _helpers(case: Case, shares: Sequence[Sequence[str]]) -> Iterator[None]:
    """Processes that compile other parts; what they fail at is compiled here.

    Each is a program of its own: Python's would run the user's script again.
    """
    root = str(Path(__file__).parents[1])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH")) if path)
    processes = []
    for parts in shares:
        with TemporaryFile() as stored:
            pickle.dump(case, stored)
            stored.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-m", "engine.warmup", *parts],
                stdin=stored,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": paths},
            )
        processes.append(process)
    try:
        yield
        for process in processes:
            process.wait()
    finally:
        for process in processes:
            process.kill()


_CONTROLS: Final = DayControls(
    push=0.0,
    boost=1.0,
    recruiting=1.0,
    load_ratio=1.0,
    visit_level=1.0,
    demand=1.0,
    reach=0,
    partner_reach=0.0,
    own_allowance=0,
    partner_allowance=0,
    forecast=0.0,
    rival=0.0,
    shock=1.0,
)
"""Of a day on which nothing is set."""


class _Opened(NamedTuple):
    """A market on the morning of its first day."""

    world: World
    plan: Plan
    state: State
    scratch: Scratch
    levers: DayLevers
    controls: DayControls


def _compile_opening(market: _Opened) -> None:
    world, plan, state, scratch, levers, _ = market
    fused.open_day(world, plan, state, scratch, levers)


def _compile_traffic(market: _Opened) -> None:
    slot.open_traffic(market.world, market.scratch, market.levers, market.controls, 0)


def _compile_sales(market: _Opened) -> None:
    fused.sell_slot(market.world, market.state, market.scratch, (0, 0))


def _compile_closing(market: _Opened) -> None:
    world, plan, state, scratch, levers, controls = market
    spread = fused.close_day(world, state, scratch, levers, controls)
    write_day(world, plan, state, scratch, DayOutcome(levers, controls, 0, spread))


def _decide(market: _Opened) -> None:
    """In one process: what decides once more is mostly what decided."""
    slot.hold_sessions(market.scratch)
    withdraw_coupons(market.scratch, 0, partner_only=False)


def _open_streams(market: _Opened) -> None:
    day.showcase(market.world, market.state, market.scratch, market.levers, market.controls)


def _settle(market: _Opened) -> None:
    slot.settle_looks(market.scratch)


def _learn(market: _Opened) -> None:
    learn_day(market.state, market.scratch, market.levers, market.controls)


def _do_the_rest(market: _Opened) -> None:
    """What is short: controls, supply, traffic, stock, booking, the buyers' night, the ledger."""
    world, plan, state, scratch, levers, controls = market
    set_controls(world, plan, state, scratch, levers)
    day.supply(state, scratch, levers, controls)
    _compile_traffic(market)
    ration(world, state, scratch, (0, 0))
    sealed, totals = scratch.sealed, scratch.sealed.slot_totals[0]
    price_without_partner(sealed.market)
    merge_into(totals, totals)  # of threads, of which there is one here
    reset(sealed.market)
    book_slot(sealed.market, totals, 0)
    keep_users(world, state, scratch, levers, controls)
    record = state.record
    spread = add_spread(sealed.market, record.anchor_gmv[levers.month], record.anchor_visits)
    write_day(world, plan, state, scratch, DayOutcome(levers, controls, 0, spread))


_Parts = dict[str, tuple[int, Callable[[_Opened], None]]]
_FUSED: Final[_Parts] = {
    "sales": (11, _compile_sales),
    "opening": (6, _compile_opening),
    "closing": (3, _compile_closing),
    "traffic": (2, _compile_traffic),
}
_BY_STEPS: Final[_Parts] = {
    "decisions": (10, _decide),
    "rest": (6, _do_the_rest),
    "showcase": (5, _open_streams),
    "learning": (3, _learn),
    "settlement": (2, _settle),
}
"""What compiles each part, the longest first, and its seconds beside those of the others."""


def _parts_of(case: Case) -> _Parts:
    return _FUSED if case.is_fused else _BY_STEPS


def _shares(parts: _Parts, processes: int) -> list[list[str]]:
    """The parts by process: each part goes to the one that has least to do."""
    shares: list[list[str]] = [[] for _ in range(processes)]
    for part in parts:
        min(shares, key=lambda share: sum(parts[own][0] for own in share)).append(part)
    return shares


def _compile(case: Case, parts: Iterable[str]) -> None:
    """Compile parts of the day by going through them on the first morning."""
    world = open_world(case.scenario, case.scale, case.world_seed)
    state = open_state(world, case.run_seed)
    plan = plan_of(world, case.policy, state)
    levers, controls = plan.on(0).levers, _CONTROLS
    known = _parts_of(case)
    with new_scratch(world, state, case.threads) as scratch:
        state.record.reserve(1, levers.month + 1)
        for part in parts:
            known[part][1](_Opened(world, plan, state, scratch, levers, controls))


if __name__ == "__main__":
    gc.disable()
    _compile(pickle.load(sys.stdin.buffer), sys.argv[1:])
