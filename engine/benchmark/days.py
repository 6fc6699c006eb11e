"""The first days of a year, timed one by one; the only file here that runs the market."""

import gc
import time
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from engine.benchmark.resident import forget_peak, peak_bytes, resident_bytes
from engine.benchmark.worker import Tell
from engine.market.day import run_day
from engine.market.ledger.recorder import Diary
from engine.market.market import open_market
from engine.market.pacing.controls import coupon_weights
from engine.market.target import target_path
from engine.spec.mechanisms import switched
from engine.warmup import warm_up
from engine.year import Case


class Days(NamedTuple):
    """What some days cost.

    `open_s` to create the market; `day_s` and `sessions` (simulated) of each day;
    `held_bytes` the most memory that the market added, None where it is not known.
    """

    open_s: float
    day_s: tuple[float, ...]
    sessions: tuple[int, ...]
    held_bytes: int | None

    @property
    def days_s(self) -> float:
        """Seconds of all days."""
        return sum(self.day_s)

    @property
    def sessions_count(self) -> int:
        """Sessions of all days."""
        return sum(self.sessions)


def simulate_days(tell: Tell, case: Case, count: int) -> Days:
    """Simulate the first `count` days of the year of `case`, telling seconds as they pass.

    As `engine.market.run.simulate_year`, but purse and target are those of the whole year however
    few of its days are simulated.
    """
    gc.collect()
    forget_peak()
    before = resident_bytes()
    started = time.perf_counter()
    scenario, policy = switched(case.scenario, case.policy)
    case = replace(case, scenario=scenario, policy=policy)
    target = target_path(policy, scenario.calendar)
    market = open_market(case)
    try:
        diary = Diary(market, target)
        weights = coupon_weights(market.days)
        marks = [time.perf_counter()]
        tell(marks[0] - started)
        for day in range(count):
            run_day(market, diary, day, target[day - 1] if day > 0 else 0.0, weights)
            marks.append(time.perf_counter())
            tell(marks[-1] - marks[-2])
    finally:
        market.threads.close()
    peak = peak_bytes()
    sessions = diary.daily["sessions_count"][:count] // market.weight
    return Days(
        open_s=marks[0] - started,
        day_s=tuple(end - start for start, end in pairwise(marks)),
        sessions=tuple(sessions.tolist()),
        held_bytes=None if peak is None or before is None else peak - before,
    )


def fill_cache(_: Tell, case: Case) -> None:
    """Compile what `case` needs, for processes started afterwards."""
    warm_up(case)
