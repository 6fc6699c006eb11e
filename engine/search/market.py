"""The market as a problem: a point is a policy, a replication a simulated run of each world.

Every run is a case of its own for the pool. Of a run of the search only its measures come
back from the worker, of a finalist's all tables: its days and months stay at hand, its segments
and anchors on the disk, until it is known of which policies they are shown.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np
from optuna.distributions import BaseDistribution

from engine.case import Case, RunResult
from engine.cases import population_seed
from engine.compute import Failure, Pool
from engine.compute.pool import Finished, WorkerCall
from engine.measures.catalogue import KEY_MEASURES
from engine.measures.periods import amount_of, split_measure
from engine.measures.run_off import NET_PRESENT_VALUE, VALUED, discounts
from engine.rng import Purpose, derive_seed
from engine.search.checkpoint.finalist_runs import FinalistRuns
from engine.search.problem import Candidate, Evaluation, Point, Sample, Stage, Urgency
from engine.search.space.policy_space import PolicySpace
from engine.spec.jobs import Scale
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario
from engine.spec.worlds import worlds
from engine.stats.arrays import Floats

_CONTRIBUTION: Final = VALUED[0]

_LATEST: Final = 50
"""Runs of one size whose median says how long the next will take."""

_FRESH_TABLES: Final = ("daily", "monthly", "segments", "anchors")
"""What comes back of a finalist's run."""


class _EvaluationResults(NamedTuple):
    """The runs of an evaluation, in order, as far as they are there."""

    evaluation: Evaluation
    found: dict[int, RunResult | Failure | None]


class MarketProblem:
    """Simulates policies for a search.

    Replication r has the run seed derived from (seed, purpose, r) and the population of
    `engine.cases.population_seed`, the same for every policy: common random numbers. Fresh
    replications have fresh populations too, unless the job counts them. Fewer buyers, never
    fewer days: a short horizon would turn budgets upside down.

    Parameters
    ----------
    job
        Scenario, ensemble, scale, seeds and baselines.
    space
        Makes policies of points.
    pool
        Simulates the runs.
    needed
        Measures that goals and constraints read: not a number in one is a failure.
    kept
        Has the fresh runs of finalists that finished before, and gets the others.
    earlier
        Policies of an earlier search by name, given beside the baselines.
    """

    def __init__(
        self,
        job: OptimizeJob,
        space: PolicySpace,
        pool: Pool,
        needed: Sequence[str],
        kept: FinalistRuns,
        earlier: Mapping[str, Policy] | None = None,
    ) -> None:
        self._job, self._space, self._pool = job, space, pool
        self._scenarios = worlds(job.scenario, job.ensemble)
        self._needed, self._kept = needed, kept
        self._reader = _MeasureReader(job, self._scenarios)
        self._shown = tuple(dict.fromkeys((*needed, *KEY_MEASURES)))
        self._given = [
            policy.model_copy(update={"name": name})
            for name, policy in (job.baselines | dict(earlier or {})).items()
        ]
        self._fresh: dict[int, list[RunResult]] = {}
        self._stages: dict[int, list[Stage]] = {}
        self._under_way: dict[int, tuple[_EvaluationResults, int]] = {}
        self._calls: dict[int, WorkerCall] = {}
        self._ready: deque[tuple[Evaluation, Sample]] = deque()
        self.spent = _Spent()
        self.fresh_runs_count = 0  # of finalists, those kept from before included

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return the levers and their bounds."""
        return self._space.distributions

    @property
    def baselines(self) -> Sequence[tuple[str, Point | None]]:
        """Return the given policies."""
        return [(policy.name, self._space.point_of(policy)) for policy in self._given]

    @property
    def worlds_count(self) -> int:
        """Return how many runs a replication is."""
        return len(self._scenarios)

    def policy(self, candidate: Candidate) -> Policy:
        """Return the whole policy that a candidate is."""
        if candidate.is_baseline:
            return self._given[candidate.number]
        assert candidate.point is not None
        return self._space.policy(candidate.point, candidate.name)

    def results(self, candidate: Candidate) -> list[RunResult]:
        """Return a finalist's fresh runs, world by world, without segments and anchors."""
        places = {world: place for place, world in enumerate(self._scenarios)}
        labels = [result.labels for result in self._fresh[candidate.number]]
        keys = [(places[own["world"]], own["replication"], k) for k, own in enumerate(labels)]
        return [self._fresh[candidate.number][k] for _, _, k in sorted(keys)]

    def detailed_results(self, candidate: Candidate) -> Iterator[RunResult]:
        """Yield a finalist's fresh runs with segments and anchors, as they lie on the disk."""
        for stage in self._stages.get(candidate.number, []):
            yield from self._kept.get(candidate, stage) or []

    def evaluate(self, candidates: Sequence[Candidate], stage: Stage) -> Iterator[Sample]:
        """Yield the sample of each candidate, in order."""
        for place, candidate in enumerate(candidates):
            self.begin(Evaluation(candidate, stage), (place,))
        early: dict[int, Sample] = {}
        for candidate in candidates:
            while candidate.number not in early:
                evaluation, sample = self.end()
                assert isinstance(evaluation, Evaluation)
                early[evaluation.candidate.number] = sample
            yield early[candidate.number]

    def begin(self, todo: Evaluation | WorkerCall, urgency: Urgency) -> None:
        """Hand the runs of an evaluation to the pool, unless they are kept from before."""
        if isinstance(todo, WorkerCall):
            self._calls[self._pool.submit(todo, urgency)] = todo
            return
        stage = todo.stage
        kept = self._kept.get(todo.candidate, stage) if stage.is_fresh else None
        if kept is not None:
            self._ready.append(self._ended(todo, kept, is_new=False))
            return
        results = _EvaluationResults(todo, {})
        for place, case in enumerate(self._cases(*todo)):
            results.found[place] = None
            ticket = self._pool.submit(case, urgency, self._tables(stage))
            self._under_way[ticket] = results, place

    def end(self) -> tuple[Evaluation | WorkerCall, Any]:
        """Wait until all runs of some evaluation are there, or a call is done."""
        while not self._ready:
            done = self._pool.next()
            if done.ticket in self._calls:
                self.spent.calls_s += done.cpu_s
                return self._calls.pop(done.ticket), done.outcome
            results, place = self._under_way.pop(done.ticket)
            results.found[place] = done.outcome
            self.spent.add(results.evaluation.stage.population_share, done)
            outcomes = [one for one in results.found.values() if one is not None]
            if len(outcomes) == len(results.found):
                self._ready.append(self._ended(results.evaluation, outcomes, is_new=True))
        return self._ready.popleft()

    def feed(self) -> None:
        """Keep idle workers busy."""
        self._pool.feed()

    def _ended(
        self, evaluation: Evaluation, outcomes: Sequence[RunResult | Failure], *, is_new: bool
    ) -> tuple[Evaluation, Sample]:
        sample = self._sample(outcomes, evaluation.stage)
        if evaluation.stage.is_fresh and sample.reason is None:
            self._keep(evaluation.candidate, evaluation.stage, outcomes, is_new=is_new)
        return evaluation, sample

    def _keep(
        self, candidate: Candidate, stage: Stage, outcomes: Sequence[Any], *, is_new: bool
    ) -> None:
        if is_new:
            self._kept.put(candidate, stage, list(outcomes))
        small = [replace(one, segments={}, anchors={}) for one in outcomes]
        self._fresh.setdefault(candidate.number, []).extend(small)
        self.fresh_runs_count += len(small)
        self._stages.setdefault(candidate.number, []).append(stage)

    def _cases(self, candidate: Candidate, stage: Stage) -> Iterator[Case]:
        """Yield the runs of one policy, world by world."""
        policy, replications = self.policy(candidate), range(stage.first, stage.last)
        some = dict(islice(self._scenarios.items(), stage.worlds_count))
        found = _cases_of(self._job, policy, replications, some, is_fresh=stage.is_fresh)
        scale = self._scale(stage)
        return (
            self._reader.followed(replace(case, scale=scale, trial=candidate.number))
            for case in found
        )

    def _tables(self, stage: Stage) -> Sequence[str]:
        """Return the tables that come back with a run."""
        if stage.is_fresh:
            return _FRESH_TABLES
        return ("daily",) if self._reader.needs_days else ()

    def _scale(self, stage: Stage) -> Scale:
        return self._job.sampled_scale(stage.population_share, stage.anchors_share)

    def _sample(self, outcomes: Sequence[RunResult | Failure], stage: Stage) -> Sample:
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                outcome.raise_refusal()  # input to mend, not a bad policy to leave out
        results = [outcome for outcome in outcomes if isinstance(outcome, RunResult)]
        sessions = sum(self._sessions(result, stage) for result in results)
        wall_s = math.fsum(result.run["wall_s"] for result in results)
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                where = "" if stage.is_fresh else f"{outcome.case}: "  # finalists are named anyway
                return Sample({}, sessions, wall_s, f"{where}{outcome.reason}")
        values = {
            name: np.array([self._reader.of(result, name) for result in results]).reshape(
                -1, stage.last - stage.first
            )
            for name in self._shown
        }
        for name in self._needed:
            if not np.isfinite(values[name]).all():
                bad = float(values[name].mean())
                return Sample({}, sessions, wall_s, f"{name} is {bad}, not a number")
        return Sample(values, sessions, wall_s)

    def _sessions(self, result: RunResult, stage: Stage) -> int:
        """Return the sessions really simulated; the measure counts those of the whole pool."""
        people = self._scenarios[result.labels["world"]].platform.pool_count
        pool_sessions: int = result.run["sessions_count"]
        return round(pool_sessions * self._scale(stage).buyers_count / people)


def fresh_cases(job: OptimizeJob, policy: Policy, replications: range) -> Iterator[Case]:
    """Yield a policy's runs on the replications that finalists meet, world by world."""
    scenarios = worlds(job.scenario, job.ensemble)
    return _cases_of(job, policy, replications, scenarios, is_fresh=True)


@dataclass
class _Spent:
    """Seconds of the runs that are done."""

    cpu_s: float = 0.0
    busy_s: float = 0.0
    runs_count: int = 0
    calls_s: float = 0.0
    first_s: float | None = None
    """When the first run began, on `time.perf_counter`."""
    _latest: dict[float, deque[float]] = field(default_factory=dict)

    def add(self, population_share: float, done: Finished) -> None:
        """Count a run of a sample of so many buyers."""
        if self.first_s is None:
            self.first_s = time.perf_counter() - done.busy_s
        self.cpu_s += done.cpu_s
        self.busy_s += done.busy_s
        self.runs_count += 1
        latest = self._latest.setdefault(population_share, deque(maxlen=_LATEST))
        latest.append(done.busy_s)

    def seconds_of_years(self, guess: Callable[[float], float]) -> Callable[[float], float]:
        """Return how long a run of some share of the buyers takes, as measured.

        Where none of a share was measured, by the guess, put right by those that were.

        Parameters
        ----------
        guess
            Seconds of a run by its share of the buyers.
        """
        known = {share: median(latest) for share, latest in self._latest.items()}
        ratio = median([own / guess(share) for share, own in known.items()]) if known else 1.0
        return lambda share: known.get(share, ratio * guess(share))


def _cases_of(
    job: OptimizeJob,
    policy: Policy,
    replications: range,
    scenarios: Mapping[str, Scenario],
    *,
    is_fresh: bool,
) -> Iterator[Case]:
    purpose = Purpose.FRESH if is_fresh else Purpose.REPLICATION
    before = max(rung.replications for rung in job.search.rungs) if is_fresh else 0
    for world, scenario in scenarios.items():
        for replication in replications:
            yield Case(
                scenario=scenario,
                policy=policy,
                scale=job.scale,
                world_seed=population_seed(job, world, before + replication),
                run_seed=derive_seed(job.seed, purpose, replication),
                world=world,
                replication=replication,
                threads=job.threads,
                history=job.history,
                decision_date=job.decision_date,
                tables=job.tables,
            )


class _MeasureReader:
    """Reads off a simulated run what goals and constraints name: of it, of a part, or its value.

        of the run        its column of `runs`
        of a period        the sum over the period's days (`engine.measures.periods`)
        present value      sum over t < T + H of δ^max(t - d, 0) contribution_t

    T days of the horizon, H = `objective.horizon_days` after it, under today's policy, and d the
    day of the decision, from which on δ = (1 + discount a year)^(-1/365) discounts.

    Parameters
    ----------
    job
        Names the measures, and what is discounted over how many days.
    scenarios
        Of the worlds, by name.
    """

    def __init__(self, job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> None:
        self._job, self._scenarios = job, scenarios
        named = (*job.objective.measures, job.reached_measure)
        days_beyond = job.objective.horizon_days
        self.needs_days = any(split_measure(name)[1] for name in named) or (
            NET_PRESENT_VALUE.name in named and not days_beyond
        )
        """Whether the days of a run are read, and not the run alone."""

    def of(self, result: RunResult, measure: str) -> float:
        """Return a measure of a run, in its unit."""
        if measure == NET_PRESENT_VALUE.name:
            return self._present_value(result)
        start = self._scenarios[result.labels["world"]].calendar.start
        return amount_of(result.run, result.daily, measure, start)

    def followed(self, case: Case) -> Case:
        """Return a run with the days after it that the objective counts, under today's policy."""
        job = self._job
        if not job.objective.horizon_days:
            return case
        after = job.baselines[job.today] if job.today is not None else None
        return replace(case, after=after, run_off_days=job.objective.horizon_days)

    def _present_value(self, result: RunResult) -> float:
        days = result.valued_days if self._job.objective.horizon_days else result.daily
        amounts = np.asarray(days[_CONTRIBUTION], np.float64)
        return float(self._weights(result, amounts.size) @ amounts)

    def _weights(self, result: RunResult, days_count: int) -> Floats:
        start = self._scenarios[result.labels["world"]].calendar.start
        decided = ((self._job.decision_date or start) - start).days
        return discounts(days_count, decided, self._job.discount_per_year)
