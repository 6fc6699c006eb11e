"""Suite `search`: this search beside plain ones, at equal simulated sessions.

A task is one problem and one seed: all methods, one after another, in a process of its own.
What a method reports is judged by the truth, not by what it has seen. The best plain method of
a problem is the one with the largest median volume at its end; what this search needs to get as
far is compared with that one, seed by seed.
"""

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import optuna

from engine.benchmark.contest import OURS, PLAIN, MethodTrace, compete
from engine.benchmark.days import fill_cache
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.known import Floats, Known
from engine.benchmark.problems import KNOWN
from engine.benchmark.worker import Tell, Worker
from engine.case import Case, RunResult
from engine.compute.machine import cpus_count
from engine.compute.pool import ProcessPool
from engine.rng import Purpose, derive_seed
from engine.search.checkpoint.finalist_runs import FinalistRuns
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.market import MarketProblem
from engine.search.paired_scores import PairedScores
from engine.search.problem import Candidate, Point, Problem, Stage
from engine.search.space.policy_space import PolicySpace
from engine.spec.benchmark import BenchmarkJob
from engine.spec.levers import levers_of
from engine.spec.optimize import OptimizeJob
from engine.stats.pareto import hypervolume

_Key = tuple[tuple[str, float], ...]


class _Arena(Protocol):
    """A problem with the means to say what a point is really worth."""

    @property
    def evaluator(self) -> ObjectiveEvaluator:
        """Return what the goals and constraints say."""

    @property
    def problem(self) -> Problem:
        """Return what is searched."""

    def costs(self, points: Sequence[Point]) -> Floats:
        """Return the true costs of the feasible ones among points, (n, goals)."""

    def volume(self, front: Sequence[Point], rivals: Iterable[Sequence[Point]]) -> float:
        """Return the hypervolume of a front as a share of the most there is.

        `rivals` are all final fronts, its own among them.
        """


class _KnownArena:
    """A problem whose answer is known: figures are exact, and the most is its true front's."""

    def __init__(self, problem: Known) -> None:
        self.problem: Known = problem
        self.evaluator = ObjectiveEvaluator(problem.objective)
        self._most = hypervolume(problem.front().tolist(), problem.reference)

    def costs(self, points: Sequence[Point]) -> Floats:
        """Return the true costs of the feasible ones."""
        truths = [self.problem.truth(point) for point in points]
        feasible = [
            self.evaluator.costs(own)
            for own in truths
            if self.evaluator.total_violation(own) <= 1e-9
        ]
        return np.array(feasible).reshape(-1, len(self.evaluator.goals))

    def volume(self, front: Sequence[Point], rivals: Iterable[Sequence[Point]]) -> float:
        """Return the hypervolume as a share of the true front's."""
        del rivals
        return hypervolume(self.costs(front).tolist(), self.problem.reference) / self._most


class _MarketArena:
    """The market at a small size: figures are means over many fresh runs.

    The most there is is what all methods' final fronts cover together, and the reference
    the worst of their costs and a tenth of their range beyond.
    """

    def __init__(self, job: BenchmarkJob, seed: int) -> None:
        own = _market_job(job, seed)
        self.evaluator = ObjectiveEvaluator(own.objective)
        space = PolicySpace(own.space, own.policy, levers_of(own.scenario.kinds))
        kept = _NothingKept(Path(), "")
        self.problem = MarketProblem(own, space, ProcessPool(), self.evaluator.measures, kept)
        # Other random streams than those of the search and of its finalists.
        other = own.model_copy(update={"seed": derive_seed(seed, Purpose.BENCHMARK)})
        self._truth = MarketProblem(other, space, ProcessPool(), self.evaluator.measures, kept)
        self._stage = Stage(True, 1.0, 0, job.truth_replications)
        self._known: dict[_Key, Floats | None] = {}

    def costs(self, points: Sequence[Point]) -> Floats:
        """Return the true costs of the feasible ones."""
        found = [own for own in map(self._of, points) if own is not None]
        return np.array(found).reshape(-1, len(self.evaluator.goals))

    def volume(self, front: Sequence[Point], rivals: Iterable[Sequence[Point]]) -> float:
        """Return the hypervolume as a share of that of all final fronts together."""
        known = self.costs([point for one in rivals for point in one])
        if not len(known):
            return 0.0
        reference = known.max(axis=0) + 0.1 * np.ptp(known, axis=0)
        most = hypervolume(known.tolist(), reference.tolist())
        return hypervolume(self.costs(front).tolist(), reference.tolist()) / most if most else 0.0

    def _of(self, point: Point) -> Floats | None:
        """Return the costs of a point, None if it is not feasible."""
        key = tuple(sorted(point.items()))
        if key not in self._known:
            candidate = Candidate(len(self._known), "", point)
            sample = next(self._truth.evaluate([candidate], self._stage))
            is_measured = sample.reason is None
            stand = PairedScores.of(self.evaluator, [sample.values]) if is_measured else None
            is_good = stand is not None and bool(stand.is_feasible[0])
            self._known[key] = stand.costs[0] if stand is not None and is_good else None
        return self._known[key]


@dataclass(frozen=True)
class _NothingKept(FinalistRuns):
    """Keeps no runs: a benchmark is not resumed."""

    def get(self, one: Candidate, stage: Stage) -> None:
        """Return that there are none."""

    def put(self, one: Candidate, stage: Stage, results: list[RunResult]) -> None:
        """Keep nothing of them."""


def _market_job(job: BenchmarkJob, seed: int) -> OptimizeJob:
    """Return what a user would search, at the size that the benchmark asks for."""
    shared: dict[str, Any] = {
        name: getattr(job, name)
        for name in (
            "world_seed",
            "replications",
            "populations_count",
            "threads",
            "scenario",
            "ensemble",
            "ray",
        )
    }
    return OptimizeJob(
        **shared,
        seed=seed,
        scale=job.market,
        policy=job.searched,
        baselines={},
        space=job.space,
        objective=job.objective,
        search=job.search,
    )


def _arena(job: BenchmarkJob, name: str, seed: int) -> _Arena:
    """Make a problem by its name, with all its random streams named by the seed."""
    return _MarketArena(job, seed) if name == "market" else _KnownArena(KNOWN[name](seed))


_SESSIONS_GOAL: Final = 0.1
_SECONDS_GOAL: Final = 1 / 3
_INFEASIBLE_GOAL: Final = 0.05
"""What this search should not exceed: sessions and seconds as shares of the best plain one's,
and the share of its recommendations that are not feasible in truth."""

_STOOD_FOR: Final = (20_000, 1_000)
"""Buyers and anchors of the market whose runs the known problems stand for."""


class _Task(NamedTuple):
    """One problem and one seed."""

    problem: str
    seed: int


class _Reached(NamedTuple):
    """Sessions and seconds of this search, as shares of a plain one's whole."""

    sessions: float
    seconds: float


_NEVER: Final = _Reached(float("inf"), float("inf"))


class _Result(NamedTuple):
    """One problem and seed, by method: volume, sessions and seconds at the end.

    `feasible` says of a recommendation whether it is so in truth, None if there was none;
    `reached`, by plain method, when this search had got as far.
    """

    volumes: Mapping[str, float]
    sessions: Mapping[str, int]
    seconds: Mapping[str, float]
    feasible: Mapping[str, bool | None]
    reached: Mapping[str, _Reached]


def search_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Run every problem with every seed; return the rows of `benchmark`."""
    tasks = [
        _Task(name, derive_seed(job.seed, Purpose.BENCHMARK, k))
        for name in job.problems
        for k in range(job.seeds_count)
    ]
    steps = Steps(len(tasks), on_progress)
    # Two processes at once: more threads of linear algebra would only be in their way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    found: dict[str, list[_Result]] = {name: [] for name in job.problems}
    with ExitStack() as stack:
        count = min(cpus_count(), len(tasks))
        workers = [stack.enter_context(Worker()) for _ in range(count)]
        if "market" in job.problems:
            workers[0].ask(fill_cache, case)
        for start in range(0, len(tasks), count):
            busy = list(zip(workers, tasks[start : start + count], strict=False))
            for worker, task in busy:
                worker.start(_contest, job, task)
            for worker, task in busy:
                found[task.problem].append(worker.result())
                steps.step(task.problem)
    return list(_search_rows(job, found))


def _contest(_: Tell, job: BenchmarkJob, task: _Task) -> _Result:
    """Let all methods search one problem with one seed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    place = _arena(job, task.problem, task.seed)
    return _judged(place, compete(place.problem, place.evaluator, job, task.seed))


def _judged(place: _Arena, courses: Mapping[str, MethodTrace]) -> _Result:
    """Say how good each method's report was in truth, and when ours had got as far."""
    last = {name: course.snapshots[-1] for name, course in courses.items()}
    fronts = [snapshot.front for snapshot in last.values()]
    volumes = {name: place.volume(snapshot.front, fronts) for name, snapshot in last.items()}
    reached = dict.fromkeys(PLAIN, _NEVER)
    for snapshot in courses[OURS].snapshots:
        open_ones = [kind for kind in PLAIN if reached[kind] is _NEVER]
        volume = place.volume(snapshot.front, fronts) if open_ones else 0.0
        for kind in open_ones:
            if volume >= volumes[kind]:
                shares = (
                    snapshot.sessions / last[kind].sessions,
                    snapshot.seconds / last[kind].seconds,
                )
                reached[kind] = _Reached(*shares)
    feasible = {
        name: None if course.recommended is None else len(place.costs([course.recommended])) == 1
        for name, course in courses.items()
    }
    sessions = {name: snapshot.sessions for name, snapshot in last.items()}
    seconds = {name: snapshot.seconds for name, snapshot in last.items()}
    return _Result(volumes, sessions, seconds, feasible, reached)


def _search_rows(job: BenchmarkJob, found: Mapping[str, Sequence[_Result]]) -> Iterator[Row]:
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


def _best_plain(results: Sequence[_Result]) -> str:
    """Name the plain method that gets farthest."""
    return max(PLAIN, key=lambda kind: median(result.volumes[kind] for result in results))


def _infeasible(at: Setting, problem: str, method: str, results: Sequence[_Result]) -> Row:
    """Share of a method's recommendations that are not feasible; the mean, not the median."""
    told = [result.feasible[method] for result in results]
    wrong = [float(not own) for own in told if own is not None]
    goal = _INFEASIBLE_GOAL if method == OURS else None
    row = at.row(problem, method, "infeasible_share", wrong, goal)
    return row | {"value": sum(wrong) / len(wrong) if wrong else None}
