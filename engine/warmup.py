"""The first compile: every kernel, on two cores at once.

Numba compiles under one lock, so threads would wait for one another. On an empty compile
cache a second process compiles supply, traffic, settlement and learning by an empty day, while
this one compiles showcases and sessions; then a small market runs two days, which compiles what
is left and finds the rest in the cache.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from engine.cache import is_cold, mark_warm
from engine.case import Case
from engine.market import day, slot
from engine.market.learning.learn import learn_day
from engine.market.learning.users import keep_users
from engine.market.ledger.recorder import DayOutcome, write_day
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers, Plan
from engine.market.run import plan_of, simulate
from engine.market.scratch import Scratch, new_scratch
from engine.market.settlement.ration import ration, withdraw_coupons
from engine.market.state import State, open_state
from engine.market.totals import book_slot
from engine.market.world import World, open_world
from engine.spec.base import Dated
from engine.units import FEN_PER_BN_RMB

_BUYERS = 500


def warm_up(case: Case) -> None:
    """Compile every kernel, so that workers started afterwards find them in the cache."""
    poor = _poor_case(case)
    if is_cold() and (os.cpu_count() or 1) > 1:
        with _helper(poor):
            _compile_sessions(poor)
    simulate(poor)
    mark_warm()


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
        threads=1,
    )


@contextmanager
def _helper(case: Case) -> Iterator[None]:
    """A second process that compiles the other half; what it fails at is compiled here.

    It is a program of its own: Python's would run the user's script again.
    """
    root = str(Path(__file__).parents[1])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH")) if path)
    with TemporaryFile() as stored:
        pickle.dump(case, stored)
        stored.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.warmup"],
            stdin=stored,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": paths},
        )
    try:
        yield
        process.wait()
    finally:
        process.kill()


class _Opened(NamedTuple):
    """A market on the morning of its first day."""

    world: World
    plan: Plan
    state: State
    scratch: Scratch
    levers: DayLevers
    controls: DayControls


def _compile_sessions(case: Case) -> None:
    """Compile showcases and sessions."""
    with _opened(case) as (world, _, state, scratch, levers, controls):
        day.showcase(world, state, scratch, levers, controls)
        slot.hold_sessions(scratch)
        withdraw_coupons(scratch, 0, partner_only=False)


def _compile_rest(case: Case) -> None:
    """Compile supply and traffic, and settlement and learning of a day on which nobody came."""
    with _opened(case) as (world, plan, state, scratch, levers, controls):
        joins = day.supply(state, scratch, levers, controls)
        slot.open_traffic(world, scratch, levers, controls, 0)
        slot.settle_looks(scratch)
        ration(world, state, scratch, (0, 0))
        sealed, stock = scratch.sealed, state.sellers.stock
        book_slot(sealed.slot_totals[0], stock, world.weight, sealed.sold)
        outcome = DayOutcome(levers, controls, joins)
        learn_day(world, state, scratch, outcome)
        keep_users(world, state, scratch, levers, controls)
        write_day(world, plan, state, scratch, outcome)


@contextmanager
def _opened(case: Case) -> Iterator[_Opened]:
    """The case's market on the morning of its first day."""
    world = open_world(case.scenario, case.scale, case.world_seed)
    state = open_state(world, case.run_seed)
    plan = plan_of(world, case.policy, state)
    with new_scratch(world, state) as scratch:
        yield _Opened(world, plan, state, scratch, *day.morning(world, plan, state, scratch))


if __name__ == "__main__":
    _compile_rest(pickle.load(sys.stdin.buffer))
