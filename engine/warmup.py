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

import numpy as np

from engine.market import day
from engine.market import slot as slots
from engine.market.learning.learn import fold_day, learn_day
from engine.market.ledger.recorder import Diary
from engine.market.ledger.totals import pour
from engine.market.market import Market, open_market
from engine.market.pacing.controls import Pace, coupon_weights, set_pace
from engine.market.run import simulate_year
from engine.market.target import target_path
from engine.spec.base import Dated
from engine.spec.mechanisms import switched
from engine.units import FEN_PER_BN_RMB, KINDS
from engine.year import Case

BUYERS = 500


def warm_up(case: Case) -> None:
    """Compile every kernel, so that workers started afterwards find them in the cache."""
    poor = poor_case(case)
    if is_cold() and (os.cpu_count() or 1) > 1:
        with helper(poor):
            compile_sessions(poor)
    simulate_year(poor)


def is_cold() -> bool:
    """Whether the compile cache is empty."""
    return not any(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbi"))


def poor_case(case: Case) -> Case:
    """Two days of a market so small and poor that coupons and stock both run out."""
    scenario, subsidy = case.scenario, case.policy.subsidy
    calendar = scenario.calendar
    few_days = min(calendar.end, calendar.start + timedelta(days=1))
    weight = max(scenario.platform.pool_count, 10**10) // BUYERS
    rate = subsidy.rate.model_copy(update=dict.fromkeys(KINDS, Dated.model_validate(0.5)))
    budget = 2_000 * weight / FEN_PER_BN_RMB  # a purse of 2,000 sample fen
    return replace(
        case,
        scenario=scenario.model_copy(
            update={
                "calendar": calendar.model_copy(update={"end": few_days}),
                "platform": scenario.platform.model_copy(update={"pool_count": weight * BUYERS}),
            }
        ),
        policy=case.policy.model_copy(
            update={"subsidy": subsidy.model_copy(update={"budget_bn_rmb": budget, "rate": rate})}
        ),
        scale=case.scale.model_copy(update={"buyers_count": BUYERS}),
        threads=1,
    )


@contextmanager
def helper(case: Case) -> Iterator[None]:
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


def compile_sessions(case: Case) -> None:
    """Compile showcases and sessions."""
    with opened(case) as (market, pace):
        day.selection(market, pace, 0)
        moment = slots.moment_of(market, pace, market.days[0], 0, 0)
        slots.hold_sessions(market, moment)
        slots.withdraw_from(market, moment, 0, partner_only=False)


def compile_rest(case: Case) -> None:
    """Compile supply and traffic, and settlement and learning of a day on which nobody came."""
    with opened(case) as (market, pace):
        joins = day.supply(market, pace, 0)
        slots.direct_traffic(market, market.days[0], 0, 0)
        moment = slots.moment_of(market, pace, market.days[0], 0, 0)
        slots.settle_looks(market, moment)
        slots.allot_stock(market, moment)
        pour(slots.gather(market), market.sold)
        folded = fold_day(market, market.sold, 0)
        learn_day(market, pace, market.sold, folded, 0)
        target = target_path(case.policy, case.scenario.calendar)
        Diary(market, target).write(market, pace, market.sold, folded, joins, 0)


@contextmanager
def opened(case: Case) -> Iterator[tuple[Market, Pace]]:
    """The case's market on the morning of its first day."""
    scenario, policy = switched(case.scenario, case.policy)
    market = open_market(replace(case, scenario=scenario, policy=policy))
    try:
        yield market, set_pace(market, 0, 0.0, np.asarray(coupon_weights(market.days)))
    finally:
        market.threads.close()


if __name__ == "__main__":
    compile_rest(pickle.load(sys.stdin.buffer))
