"""Suite `search`: what each run says, and the figures made of it.

The best plain method of a problem is the one with the largest median volume at its end.
What this search needs to get as far is compared with that one, seed by seed.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

from engine.benchmark.contest import OURS, PLAIN
from engine.benchmark.figures import Row, Setting
from engine.spec.study import BenchmarkJob

_SESSIONS_GOAL: Final = 0.1
_SECONDS_GOAL: Final = 1 / 3
_INFEASIBLE_GOAL: Final = 0.05
"""What this search should not exceed: sessions and seconds as shares of the best plain one's,
and the share of its recommendations that are not feasible in truth."""

_STOOD_FOR: Final = (20_000, 1_000)
"""Buyers and anchors of the market whose years the known problems stand for."""


class Reached(NamedTuple):
    """Sessions and seconds of this search, as shares of a plain one's whole."""

    sessions: float
    seconds: float


NEVER: Final = Reached(float("inf"), float("inf"))


class Result(NamedTuple):
    """One problem and seed, by method: volume, sessions and seconds at the end.

    `feasible` says of a recommendation whether it is so in truth, None if there was none;
    `reached`, by plain method, when this search had got as far.
    """

    volumes: Mapping[str, float]
    sessions: Mapping[str, int]
    seconds: Mapping[str, float]
    feasible: Mapping[str, bool | None]
    reached: Mapping[str, Reached]


def search_rows(job: BenchmarkJob, found: Mapping[str, Sequence[Result]]) -> Iterator[Row]:
    """All figures, problem by problem."""
    for problem, results in found.items():
        size = _STOOD_FOR
        if problem == "market":
            size = job.market.buyers_count, job.market.anchors_count
        at = Setting("search", *size, job.scenario.calendar.n_days)
        for method in (OURS, *PLAIN):
            yield at.row(problem, method, "volume_share", [r.volumes[method] for r in results])
            spent = [r.sessions[method] / max(r.sessions[k] for k in PLAIN) for r in results]
            yield at.row(problem, method, "spent_share", spent)
            yield at.row(problem, method, "total_s", [r.seconds[method] for r in results])
            yield _infeasible(at, problem, method, results)
        best = _best_plain(results)
        reached = [result.reached[best] for result in results]
        sessions, seconds = ([own[k] for own in reached] for k in (0, 1))
        yield at.row(problem, best, "sessions_ratio", sessions, _SESSIONS_GOAL)
        yield at.row(problem, best, "seconds_ratio", seconds, _SECONDS_GOAL)


def _best_plain(results: Sequence[Result]) -> str:
    """Name the plain method that gets farthest."""
    return max(PLAIN, key=lambda kind: median(result.volumes[kind] for result in results))


def _infeasible(at: Setting, problem: str, method: str, results: Sequence[Result]) -> Row:
    """Share of a method's recommendations that are not feasible; the mean, not the median."""
    told = [result.feasible[method] for result in results]
    wrong = [float(not own) for own in told if own is not None]
    goal = _INFEASIBLE_GOAL if method == OURS else None
    row = at.row(problem, method, "infeasible_share", wrong, goal)
    return row | {"value": sum(wrong) / len(wrong) if wrong else None}
