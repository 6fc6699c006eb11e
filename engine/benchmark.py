"""How fast the market is: whole years at several populations, and one more session.

A year costs a fixed part per day (supply, showcases, learning) and a part per session.
Between two populations of one market the fixed part cancels:

    seconds per session = (wall(n2) - wall(n1)) / (sessions(n2) - sessions(n1))

Every figure is the median of several runs after one that is not counted. The first
population is run by the side of each other one, so that a change of the machine's speed
meets both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from engine.kernels.market import weight_of
from engine.run import simulate_year
from engine.world.buyers import bytes_per_buyer
from engine.year import Case


@dataclass(frozen=True)
class Speed:
    """Median wall seconds and simulated sessions of one population."""

    buyers: int
    wall_s: float
    sessions: int


def kernel_suite(
    case: Case, populations: Sequence[int], runs: int, on_run: Callable[[int], None]
) -> list[dict[str, Any]]:
    """Rows of `benchmark`: one per population, on one core.

    Parameters
    ----------
    case
        Scenario, policy, anchors and suppliers; its population is replaced.
    populations
        Simulated buyers, rising.
    runs
        Counted runs of each population.
    on_run
        Hears the population of every finished run.
    """
    walls: dict[int, list[float]] = {count: [] for count in populations}
    sessions: dict[int, int] = {}
    for turn in range(runs + 1):
        for count in populations:
            one = replace(case, scale=case.scale.model_copy(update={"buyers_count": count}))
            year = simulate_year(one)
            sessions[count] = year.run["sessions_count"] // weight_of(one)
            if turn > 0:
                walls[count].append(year.run["wall_s"])
            on_run(count)
    speeds = [Speed(count, median(walls[count]), sessions[count]) for count in populations]
    days = case.scenario.calendar.n_days
    return [_row(speed, speeds[0], days) for speed in speeds]


def _row(speed: Speed, smallest: Speed, days: int) -> dict[str, Any]:
    session_ns = None
    if speed.sessions > smallest.sessions:
        extra = speed.wall_s - smallest.wall_s
        session_ns = extra / (speed.sessions - smallest.sessions) * 1e9
    return {
        "suite": "kernel",
        "buyers_count": speed.buyers,
        "days_count": days,
        "sessions_count": speed.sessions,
        "wall_s": speed.wall_s,
        "sessions_per_s": speed.sessions / speed.wall_s,
        "buyer_days_per_s": speed.buyers * days / speed.wall_s,
        "session_ns": session_ns,
        "bytes_per_buyer": bytes_per_buyer(),
    }
