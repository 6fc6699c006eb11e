"""How many years a search simulates, and how long what is left of them takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from engine.cases import seconds_of_run
from engine.compute import Pool
from engine.search.fidelity.climb import stages
from engine.search.fidelity.promotion import promotion_count
from engine.search.finalists.selection import planned_replications, replication_rounds
from engine.search.market import MarketProblem
from engine.search.study import SearchStudy
from engine.search.usage import seconds_left
from engine.spec.optimize import OptimizeJob


class Forecast:
    """How long what is left takes: years by their size, as planned, and seconds, as measured."""

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
        left[finalists[0]] += finalists[1]
        return self._seconds(left)

    def of_finalists(self, replications: int) -> float:
        """Return the seconds that so many replications of a policy take."""
        return self._seconds({1.0: replications * self._market.worlds_count})

    def _seconds(self, years: Mapping[float, int]) -> float:
        seconds_of = partial(
            seconds_of_run, self._job, run_off_days=self._job.objective.horizon_days
        )
        seconds = self._market.spent.seconds_of_years(seconds_of)
        return seconds_left(years, seconds, self._pool.workers_count)


def planned_runs(job: OptimizeJob, visited: Sequence[int] | None = None) -> list[tuple[float, int]]:
    """Return (share of the buyers, years) of each rung and of the finalists, at the most.

    As if as many went up as may.

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
    polished = search.polish_count if job.today is not None else 0
    plan.append((top.population_share, polished * seen))
    counts = replication_rounds(search.first_replications, search.final_replications)
    final = planned_replications(given, search.finalists_count, counts)
    return [*plan, (1.0, final * worlds_count)]
