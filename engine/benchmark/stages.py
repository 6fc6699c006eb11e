"""Seconds by stage of the day: the functions that do a stage, each with a clock around it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from engine.benchmark.days import simulate_days
from engine.benchmark.worker import Tell, ignore_progress
from engine.case import Case
from engine.market import day, slot

STAGES: Final[tuple[tuple[str, Any, str], ...]] = (
    ("calendar", day, "turn_calendar"),
    ("pacing", day, "set_controls"),
    ("supply", day, "supply"),
    ("showcase", day, "showcase"),
    ("traffic", slot, "open_traffic"),
    ("decide", slot, "hold_sessions"),
    ("ration", slot, "ration"),
    ("settle", slot, "settle_looks"),
    ("gather", slot, "gather"),
    ("learning", day, "learn_day"),
    ("ledger", day, "write_day"),
)
"""(stage, where its function is looked up when the day runs, the function's name); none
calls another of them."""

REST: Final = "rest"
"""What no stage takes: the loops around them."""


class StageTimes(NamedTuple):
    """Seconds of each stage over some days, and their sessions."""

    seconds: dict[str, float]
    sessions_count: int


def time_stages(_: Tell, case: Case, count: int) -> StageTimes:
    """Simulate the first `count` days of `case` with clocks around the stages.

    The clocks cost time themselves: totals are measured without them.
    """
    with _clocks() as seconds:
        days = simulate_days(ignore_progress, case, count)
    seconds[REST] = days.days_s - sum(seconds.values())
    return StageTimes(seconds, days.sessions_count)


@contextmanager
def _clocks() -> Iterator[dict[str, float]]:
    """Yield the seconds by stage, which grow while the market runs inside."""
    seconds = dict.fromkeys((stage for stage, _, _ in STAGES), 0.0)
    plain = [(place, name, getattr(place, name)) for _, place, name in STAGES]
    for stage, place, name in STAGES:
        setattr(place, name, _clocked(getattr(place, name), stage, seconds))
    try:
        yield seconds
    finally:
        for place, name, function in plain:
            setattr(place, name, function)


def _clocked(
    function: Callable[..., Any], stage: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[stage] += time.perf_counter() - started

    return timed
