"""The seam between the search and what is searched: candidates in, samples out.

The search knows points, measures and replications, and no markets. A problem is whatever
can simulate a candidate: the market (`engine.search.market`), or a few NumPy functions. An
executor has many evaluations of candidates under way at once, and returns each when it has ended;
`SequentialExecutor` makes one of any problem.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from engine.compute.pool import WorkerCall

Values = Mapping[str, NDArray[Any]]
"""A measure's values by replication, (worlds, replications): floats, or truth values."""

Point = Mapping[str, float]


class Stage(NamedTuple):
    """Which runs are asked for: replications `first` to `last` - 1, of every world.

    Where `worlds_count` is given, only of the first so many. `population_share` and
    `anchors_share` are of the scale's buyers, and of its anchors and suppliers.
    Replication r of one kind, the search's or the fresh one, has the same random numbers for every
    candidate and world: common random numbers. No replication of the search is a fresh one.
    """

    is_fresh: bool
    population_share: float
    first: int
    last: int
    worlds_count: int | None = None
    anchors_share: float = 1.0


@dataclass(frozen=True)
class Candidate:
    """What is tried. `point` is None for a baseline that the space does not hold."""

    number: int
    name: str
    point: Point | None
    is_baseline: bool = False


class Evaluation(NamedTuple):
    """A candidate to be simulated on a stage, or just simulated."""

    candidate: Candidate
    stage: Stage

    @property
    def key(self) -> tuple[int, Stage]:
        """Return what tells it from others."""
        return self.candidate.number, self.stage


@dataclass(frozen=True)
class Sample:
    """What came of a candidate on one stage; `reason` says why there is nothing."""

    values: Values
    sessions_count: int = 0
    wall_s: float = 0.0
    reason: str | None = None

    @property
    def replications(self) -> int:
        """Return how many replications it has."""
        return next(iter(self.values.values())).shape[1] if self.values else 0

    @property
    def worlds(self) -> int:
        """Return how many worlds it is of."""
        return next(iter(self.values.values())).shape[0] if self.values else 0

    def means(self) -> dict[str, float]:
        """Return each measure's mean; every world weighs alike."""
        return {name: float(own.mean()) for name, own in self.values.items()}

    def joined(self, later: "Sample") -> "Sample":
        """Return this sample followed by the replications of `later`."""
        return Sample(
            {
                name: np.concatenate([own, later.values[name]], axis=1)
                for name, own in self.values.items()
                if name in later.values
            },
            self.sessions_count + later.sessions_count,
            self.wall_s + later.wall_s,
            self.reason or later.reason,
        )

    def first(self, count: int) -> Values:
        """Return the values of the first `count` replications.

        By measure, (worlds, count) float64 or bool, in the measure's unit.
        """
        return {name: own[:, :count] for name, own in self.values.items()}

    def as_tree(self) -> dict[str, Any]:
        """Return it as plain values, for the journal."""
        values = {name: own.tolist() for name, own in self.values.items()}
        return {**vars(self), "values": values}

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> "Sample":
        """Read what `as_tree` gave."""
        values = {name: np.array(own) for name, own in tree["values"].items()}
        return cls(**{**tree, "values": values})


class Problem(Protocol):
    """What a search needs to know of what it searches.

    Results must be a function of (candidate, stage) alone.
    """

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return the space that the sampler draws from, by the coordinate's name."""

    @property
    def baselines(self) -> Sequence[tuple[str, Point | None]]:
        """Return the candidates that are given: a name, and a point where the space holds it."""

    def evaluate(self, candidates: Sequence[Candidate], stage: Stage) -> Iterator[Sample]:
        """Yield the sample of each candidate, in order.

        A measure that a goal or a constraint names must be a number: else the sample
        fails, with a reason.
        """


Urgency = tuple[float, ...]
"""Evaluations are taken in this order, the least first; of a batch, longer ones first."""


class Executor(Protocol):
    """Where evaluations are simulated and calls done, many at once and in no certain order."""

    def begin(self, todo: Evaluation | WorkerCall, urgency: Urgency) -> None:
        """Have an evaluation simulated or a call done, without waiting for it."""

    def end(self) -> tuple[Evaluation | WorkerCall, Any]:
        """Wait until something has ended; return it with its sample, or what it returned."""

    def feed(self) -> None:
        """Keep idle workers busy; to be called now and then in long work."""


class SequentialExecutor:
    """An executor that does one thing after another, when it is waited for.

    Parameters
    ----------
    problem
        What simulates.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem, self._count = problem, 0
        self._waiting: list[tuple[Urgency, int, Evaluation | WorkerCall]] = []

    def begin(self, todo: Evaluation | WorkerCall, urgency: Urgency) -> None:
        """Put it into its place among what waits."""
        self._count += 1
        heappush(self._waiting, (urgency, self._count, todo))

    def end(self) -> tuple[Evaluation | WorkerCall, Any]:
        """Do what is most urgent."""
        todo = heappop(self._waiting)[-1]
        if isinstance(todo, WorkerCall):
            return todo, todo.function(*todo.args)
        return todo, next(iter(self._problem.evaluate([todo.candidate], todo.stage)))

    def feed(self) -> None:
        """Do nothing: there is nobody else to work."""
