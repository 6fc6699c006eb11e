"""The problems of suite `search`: how each is made, and what is true of a point of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.benchmark.known import Floats, Known
from engine.benchmark.problems import KNOWN
from engine.case import RunResult
from engine.compute.pool import ProcessPool
from engine.rng import Purpose, derive_seed
from engine.search.checkpoint.finalist_runs import FinalistRuns
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.market import MarketProblem
from engine.search.paired_scores import PairedScores
from engine.search.problem import Candidate, Point, Problem, Stage
from engine.search.space.policy_space import PolicySpace
from engine.spec.jobs import BenchmarkJob, OptimizeJob
from engine.stats.pareto import hypervolume

_Key = tuple[tuple[str, float], ...]


class Arena(Protocol):
    """A problem with the means to say what a point is really worth."""

    @property
    def judge(self) -> ObjectiveEvaluator:
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
        self.judge = ObjectiveEvaluator(problem.objective)
        self._most = hypervolume(problem.front().tolist(), problem.reference)

    def costs(self, points: Sequence[Point]) -> Floats:
        """Return the true costs of the feasible ones."""
        truths = [self.problem.truth(point) for point in points]
        able = [self.judge.costs(own) for own in truths if self.judge.total_violation(own) <= 1e-9]
        return np.array(able).reshape(-1, len(self.judge.goals))

    def volume(self, front: Sequence[Point], rivals: Iterable[Sequence[Point]]) -> float:
        """Return the hypervolume as a share of the true front's."""
        del rivals
        return hypervolume(self.costs(front).tolist(), self.problem.reference) / self._most


class _MarketArena:
    """The market at a small size: figures are means over many fresh years.

    The most there is is what all methods' final fronts cover together, and the reference
    the worst of their costs and a tenth of their range beyond.
    """

    def __init__(self, job: BenchmarkJob, seed: int) -> None:
        own = _market_job(job, seed)
        self.judge = ObjectiveEvaluator(own.objective)
        space = PolicySpace(own.space, own.policy)
        kept = _NothingKept(Path(), "")
        self.problem = MarketProblem(own, space, ProcessPool(), self.judge.measures, kept)
        # Other random streams than those of the search and of its finalists.
        other = own.model_copy(update={"seed": derive_seed(seed, Purpose.BENCHMARK)})
        self._truth = MarketProblem(other, space, ProcessPool(), self.judge.measures, kept)
        self._stage = Stage(True, 1.0, 0, job.truth_replications)
        self._known: dict[_Key, Floats | None] = {}

    def costs(self, points: Sequence[Point]) -> Floats:
        """Return the true costs of the feasible ones."""
        found = [own for own in map(self._of, points) if own is not None]
        return np.array(found).reshape(-1, len(self.judge.goals))

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
            able = sample.reason is None
            stand = PairedScores.of(self.judge, [sample.values]) if able else None
            is_good = stand is not None and bool(stand.is_feasible[0])
            self._known[key] = stand.costs[0] if stand is not None and is_good else None
        return self._known[key]


@dataclass(frozen=True)
class _NothingKept(FinalistRuns):
    """Keeps no years: a benchmark is not resumed."""

    def get(self, trial: int, stage: Stage) -> None:
        """Return that there are none."""

    def put(self, trial: int, stage: Stage, years: list[RunResult]) -> None:
        """Keep nothing of them."""


def _market_job(job: BenchmarkJob, seed: int) -> OptimizeJob:
    """Return what a user would search, at the size that the benchmark asks for."""
    shared: dict[str, Any] = {
        name: getattr(job, name)
        for name in ("world_seed", "replications", "threads", "scenario", "ensemble", "ray")
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


def arena(job: BenchmarkJob, name: str, seed: int) -> Arena:
    """Make a problem by its name, with all its random streams named by the seed."""
    return _MarketArena(job, seed) if name == "market" else _KnownArena(KNOWN[name](seed))
