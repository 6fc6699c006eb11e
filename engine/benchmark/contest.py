"""One problem and one seed: this search and plain ones, each with the same sessions.

The plain ones are used as most people do: Optuna's sampler as it comes, a batch asked at a
time, every policy on the whole population with the same number of replications and random
streams of its own; the front is what no other feasible one beats in the means that were seen,
and recommended is the best of them in the first goal.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import Trial

from engine.rng import Purpose, derive_seed
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.finalists.choice import choose_finalists
from engine.search.finalists.selection import (
    Selection,
    planned_replications,
)
from engine.search.paired_scores import PairedScores
from engine.search.problem import Candidate, Point, Problem, Sample, Stage
from engine.search.study import SearchStudy
from engine.spec.benchmark import BenchmarkJob
from engine.spec.search import Search
from engine.stats.pareto import pareto_ranks

OURS: Final = "poquan"

PLAIN: Final[Mapping[str, Callable[[int], BaseSampler]]] = {
    "random": lambda seed: RandomSampler(seed=seed),
    "tpe": lambda seed: TPESampler(seed=seed),
    "nsga2": lambda seed: NSGAIISampler(seed=seed),
}
"""Optuna's samplers as they come."""


@dataclass(frozen=True)
class _Effort:
    """What the plain ones spend, and how this search goes about it."""

    trials_count: int
    replications: int
    search: Search


@dataclass(frozen=True)
class _Snapshot:
    """What a method would report after so many sessions and seconds."""

    sessions: int
    seconds: float
    front: tuple[Point, ...]


@dataclass(frozen=True)
class MethodTrace:
    """What a method reported as it went on, and what it recommends in the end."""

    snapshots: tuple[_Snapshot, ...]
    recommended: Point | None


class _Clocked:
    """A problem that counts what is asked of it.

    Seconds are those of the process, with those that simulating took replaced by those that
    the samples name: a known problem stands for runs of the market.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._start, self._inside, self._simulated = time.perf_counter(), 0.0, 0.0
        self.sessions = 0

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return the space."""
        return self._problem.distributions

    @property
    def baselines(self) -> Sequence[tuple[str, Point | None]]:
        """Return what is given."""
        return self._problem.baselines

    def evaluate(self, candidates: Sequence[Candidate], stage: Stage) -> Iterator[Sample]:
        """Yield the sample of each candidate, in order."""
        fresh = self._problem.evaluate(candidates, stage)
        for _ in candidates:
            start = time.perf_counter()
            sample = next(fresh)
            self._inside += time.perf_counter() - start
            self._simulated += sample.wall_s
            self.sessions += sample.sessions_count
            yield sample

    @property
    def seconds(self) -> float:
        """Return the seconds so far."""
        return time.perf_counter() - self._start - self._inside + self._simulated

    def snapshot(self, front: Sequence[Point]) -> _Snapshot:
        """Return what is reported now."""
        return _Snapshot(self.sessions, self.seconds, tuple(front))


class _NoMemory:
    """A search that is not resumed keeps nothing."""

    def sample(self, key: Any) -> None:
        """Return that nothing is known."""

    def write(self, key: Any, tree: Any) -> None:
        """Keep nothing of a sample."""

    def add(self, trial: Any) -> None:
        """Keep nothing of a trial."""


def compete(
    problem: Problem, evaluator: ObjectiveEvaluator, job: BenchmarkJob, seed: int
) -> dict[str, MethodTrace]:
    """Search by every one of `PLAIN`, then as `OURS` with as many sessions; return all by name."""
    effort = _effort_of(job)
    courses = {kind: _plain(kind, problem, evaluator, effort, seed) for kind in PLAIN}
    sessions = max(course.snapshots[-1].sessions for course in courses.values())
    return courses | {OURS: _ours(problem, evaluator, effort, seed, sessions)}


def _effort_of(job: BenchmarkJob) -> _Effort:
    """Return what the plain ones spend on a problem."""
    return _Effort(job.plain_trials_count, job.plain_replications, job.search)


def _plain(
    kind: str, problem: Problem, evaluator: ObjectiveEvaluator, effort: _Effort, seed: int
) -> MethodTrace:
    """Search by one of `PLAIN`."""
    clock, size = _Clocked(problem), effort.search.batch_count
    study = optuna.create_study(
        directions=evaluator.directions, sampler=PLAIN[kind](derive_seed(seed, Purpose.TRIAL) >> 31)
    )
    points: list[Point] = []
    costs, excesses = np.zeros((0, len(evaluator.goals))), np.zeros((0, len(evaluator.constraints)))
    snapshots = []
    for start in range(0, effort.trials_count, size):
        count = min(size, effort.trials_count - start)
        asked = [study.ask(dict(clock.distributions)) for _ in range(count)]
        stands = [_seen(clock, evaluator, trial, effort.replications) for trial in asked]
        costs = np.concatenate([costs, *(own.costs for own in stands)])
        excesses = np.concatenate([excesses, *(own.excesses for own in stands)])
        for trial, own in zip(asked, stands, strict=True):
            for name, excess in zip(evaluator.constraints, own.excesses[0], strict=True):
                trial.set_constraint(name, float(excess))
            study.tell(trial, evaluator.values(own.costs[0]).tolist())
            points.append(trial.params)
        snapshots.append(clock.snapshot([points[k] for k in _front_of(costs, excesses)]))
    best = min(_front_of(costs, excesses), key=lambda k: costs[k, 0], default=None)
    return MethodTrace(tuple(snapshots), None if best is None else points[best])


def _seen(clock: _Clocked, evaluator: ObjectiveEvaluator, trial: Trial, replications: int) -> Any:
    """Return how a policy stands by itself, on random streams of its own."""
    first = trial.number * replications
    stage = Stage(False, 1.0, first, first + replications)
    candidate = Candidate(trial.number, f"trial-{trial.number}", trial.params)
    return PairedScores.of(evaluator, [next(clock.evaluate([candidate], stage)).values])


def _front_of(costs: Any, excesses: Any) -> list[int]:
    """Return which feasible policies no other feasible one beats; costs may be missing."""
    feasible = np.flatnonzero((excesses <= 0).all(axis=1) & ~np.isnan(costs).any(axis=1))
    levels = pareto_ranks(costs[feasible].tolist()) if len(feasible) else []
    return [int(k) for k, level in zip(feasible, levels, strict=True) if level == 0]


def _ours(
    problem: Problem, evaluator: ObjectiveEvaluator, effort: _Effort, seed: int, sessions: int
) -> MethodTrace:
    """Search as `optimize` does, finalists included, for about so many sessions."""
    clock, search = _Clocked(problem), effort.search
    study = SearchStudy(search, seed, clock, evaluator, _NoMemory())
    runs = planned_replications(0, search.finalists_count, search)
    search_sessions = sessions * (1 - runs / (effort.trials_count * effort.replications))
    snapshots: list[_Snapshot] = []
    for found in study.steps(_ignore_progress):
        front = _front_of(found.costs, found.excesses)
        snapshots.append(clock.snapshot([_point(study.trials[k].candidate) for k in front]))
        if clock.sessions > search_sessions:
            break
    chosen = choose_finalists(study.trials, found, search.finalists_count)
    selection = Selection(clock, evaluator, search, seed)
    best = selection.run([trial.candidate for trial in chosen], _ignore_progress)
    both = zip(selection.finalists, selection.assessments(), strict=True)
    snapshots.append(
        clock.snapshot([_point(one.candidate) for one, own in both if own.on_frontier])
    )
    winner = None if best is None else _point(selection.finalists[best].candidate)
    return MethodTrace(tuple(snapshots), winner)


def _ignore_progress(*_: object) -> None:
    """Do nothing with progress."""


def _point(candidate: Candidate) -> Point:
    assert candidate.point is not None
    return candidate.point
