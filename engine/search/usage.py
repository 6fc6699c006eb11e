"""What the workers' time went into, how many runs a search simulates, and how long the rest takes.

Of the core-seconds between its start and its end, workers times seconds, a search tells

    simulated   processor seconds of the workers in runs
    displaced   seconds in runs without a processor: the driver or other programs had it
    start       before the first run began: workers start and load compiled code
    proposals   processor seconds of the workers in choosing what to try
    waiting     the rest: workers without work

of which the first two are those in which workers were busy with runs, by the clock. Beside
them stand the driver's own processor seconds: promotions, files, messages.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from engine.cases import seconds_of_run
from engine.compute import Pool
from engine.search.fidelity.climb import promotion_count, stages
from engine.search.finalists.choice import ROWS_SHARE
from engine.search.finalists.selection import planned_replications
from engine.search.market import MarketProblem
from engine.search.polish.stage import CLOSING
from engine.search.study import SearchStudy
from engine.spec.optimize import OptimizeJob

_ROWS_COUNT: Final = 6
"""Of a price table whose targets nobody named: about so many (`levels_between`)."""

_CONFIRMED_PER_ROW: Final = 3
"""Policies of a row that meet all fresh replications: twice the cheapest so far, a late entry."""


@dataclass(frozen=True)
class Usage:
    """Where the workers' time went: shares of `workers_count * total_s`."""

    workers_count: int
    total_s: float
    runs_count: int
    simulated_share: float
    displaced_share: float
    start_share: float
    proposals_share: float
    waiting_share: float
    driver_share: float

    def sentence(self) -> str:
        """Return it as one line."""
        parts = {
            "displaced": self.displaced_share,
            "start": self.start_share,
            "proposals": self.proposals_share,
            "waiting": self.waiting_share,
        }
        named = ", ".join(f"{name} {share:.1%}" for name, share in parts.items())
        return (
            f"{self.workers_count} for {self.total_s:.0f} s, {self.runs_count} runs: "
            f"{self.simulated_share:.1%} simulated, {named}; the driver {self.driver_share:.1%}"
        )


class UsageClock:
    """Measures a search from where it is made."""

    def __init__(self) -> None:
        self._start_s, self._cpu_s = time.perf_counter(), time.process_time()

    def read(self, market: MarketProblem, workers: int, *, is_here: bool) -> Usage:
        """Return where the time went until now.

        Parameters
        ----------
        market
            Has the workers' seconds.
        workers
            How many there are.
        is_here
            Whether this process simulates the runs itself.
        """
        spent, total = market.spent, time.perf_counter() - self._start_s
        core_s = max(workers * total, 1e-9)
        driver = time.process_time() - self._cpu_s - (spent.cpu_s + spent.calls_s) * is_here
        start = 0.0 if spent.first_s is None else max(0.0, spent.first_s - self._start_s)
        simulated, busy, began, proposed, other = (
            min(1.0, part / core_s)
            for part in (spent.cpu_s, spent.busy_s, workers * start, spent.calls_s, driver)
        )
        displaced, waiting = busy - simulated, 1 - busy - began - proposed
        return Usage(
            workers, total, spent.runs_count, simulated, max(0.0, displaced), began, proposed,
            max(0.0, waiting), max(0.0, other),
        )  # fmt: skip


class Forecast:
    """How long what is left takes: runs by their size, as planned, and seconds, as measured."""

    def __init__(self, job: OptimizeJob, market: MarketProblem, pool: Pool) -> None:
        self._job, self._market, self._pool = job, market, pool

    def of_search(self, study: SearchStudy) -> float:
        """Return the seconds that are left of search and finalists."""
        *rungs, finalists = planned_runs(self._job, study.ladder.visited)
        left: Counter[float] = Counter()
        for share, count in rungs:
            left[share] += count
        left.subtract(study.replications)
        left = Counter({share: max(0, count) for share, count in left.items()})
        left[finalists[0]] += max(0, finalists[1] - self._market.fresh_runs_count)
        return self._seconds(left)

    def of_finalists(self, replications: int) -> float:
        """Return the seconds that so many replications of a policy take."""
        return self._seconds({1.0: replications * self._market.worlds_count})

    def _seconds(self, runs: Mapping[float, int]) -> float:
        seconds_of = partial(
            seconds_of_run, self._job, run_off_days=self._job.objective.horizon_days
        )
        seconds = self._market.spent.seconds_of_years(seconds_of)
        return _seconds_left(runs, seconds, self._pool.workers_count)


def planned_runs(job: OptimizeJob, visited: Sequence[int] | None = None) -> list[tuple[float, int]]:
    """Return (share of the buyers, runs) of each rung and of all that meets fresh seeds.

    As if as many went up as may; of a price table's rows as many meet fresh seeds as usually do.

    Parameters
    ----------
    job
        What is searched.
    visited
        Rungs that trials visit after the pilot; none: all, as if every rung were trusted.
    """
    search, given = job.search, len(job.baselines)
    pilot = min(given + search.batch_count, search.trials_count)
    plan: list[tuple[float, int]] = []
    worlds_count = len(job.ensemble.worlds)
    for rungs, count, reduction in (
        (range(len(search.rungs)), pilot, 1.0),
        (visited or range(len(search.rungs)), search.trials_count - pilot, search.reduction),
    ):
        climbing = count
        for stage in stages(search.rungs, rungs).values():
            seen = min(stage.worlds_count or worlds_count, worlds_count)
            plan.append((stage.population_share, climbing * seen * (stage.last - stage.first)))
            climbing = promotion_count(climbing, reduction)
    top = search.rungs[-1]
    seen = min(top.worlds_count or worlds_count, worlds_count) * top.replications
    polished, confirmed, others = 0, 0, search.finalists_count
    if job.today is not None and search.polish_count:
        polished = search.polish_count
        rows_count = len(job.targets_bn_rmb or ()) or _ROWS_COUNT
        confirmed = polished // CLOSING + _CONFIRMED_PER_ROW * rows_count
        others -= round(ROWS_SHARE * others)  # the rows have the rest of the places
    plan.append((top.population_share, polished * seen))
    final = planned_replications(given + confirmed, others, search)
    return [*plan, (1.0, final * worlds_count)]


def _seconds_left(
    runs: Mapping[float, int], seconds: Callable[[float], float], workers: int
) -> float:
    """Return how long so many runs take.

    Parameters
    ----------
    runs
        Runs that are left, by their share of the buyers.
    seconds
        What one takes, by the same.
    workers
        How many are simulated at once.
    """
    return sum(count * seconds(share) for share, count in runs.items()) / max(workers, 1)
