"""Problems of a few NumPy lines with known answers, behind the search's own seam."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, FloatDistribution

from engine.search.problem import Candidate, Point, Sample, Stage
from engine.spec.search import Objective, Search

Figures = Callable[[Point, float], Mapping[str, Any]]
"""A point and a share of the population to true means: a number, or one for each world."""


@dataclass
class Toy:
    """True figures and normal noise, part of it common to all candidates of a replication."""

    figures: Figures
    noise: Mapping[str, float]
    seed: int = 0
    common: float = 0.9
    levers: int = 2
    given: Sequence[tuple[str, Point | None]] = ()
    scaled: bool = False
    """Whether noise is a share of the figure."""
    asked: list[tuple[int, Stage]] = field(default_factory=list)

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        return {f"x{k}": FloatDistribution(0, 1) for k in range(self.levers)}

    @property
    def baselines(self) -> Sequence[tuple[str, Point | None]]:
        return self.given

    def evaluate(self, candidates: Sequence[Candidate], stage: Stage) -> Iterator[Sample]:
        for one in candidates:
            self.asked.append((one.number, stage))
            yield self.sample(one, stage)

    def sample(self, one: Candidate, stage: Stage) -> Sample:
        assert one.point is not None
        runs = range(stage.first, stage.last)
        values = {}
        for place, (name, mean) in enumerate(
            self.figures(one.point, stage.population_share).items()
        ):
            worlds = np.atleast_1d(np.asarray(mean, float))[: stage.worlds_count]
            moves = [self._noise(place, one.number, stage, r) for r in runs]
            sizes = worlds[:, None] if self.scaled else 1.0
            values[name] = worlds[:, None] + sizes * self.noise.get(name, 0.0) * np.array(moves)
        return Sample(values, sessions_count=len(runs), wall_s=0.0)

    def _noise(self, place: int, number: int, stage: Stage, replication: int) -> float:
        """Variance 1, correlation `common` between candidates; no two rungs share it."""
        names = self._names(place, stage, replication)
        own = np.random.default_rng([*names, 1 + number]).normal()
        return self.chance(place, stage, replication) + float((1 - self.common) ** 0.5 * own)

    def chance(self, place: int, stage: Stage, replication: int) -> float:
        """The part of the noise of a measure, by its place, that all candidates share."""
        shared = np.random.default_rng([*self._names(place, stage, replication), 0]).normal()
        return float(self.common**0.5 * shared)

    def _names(self, place: int, stage: Stage, replication: int) -> list[int]:
        rung = round(1000 * stage.population_share)
        return [self.seed, stage.is_fresh, rung, replication, place]


@dataclass
class Remembering:
    """Memory that lives as long as the test, and stops the search at a chosen write."""

    stop_at: int = -1
    known: dict[Any, dict[str, Any]] = field(default_factory=dict)

    def sample(self, key: tuple[int, Stage]) -> dict[str, Any] | None:
        return self.known.get(key)

    def write(self, key: tuple[int, Stage], tree: dict[str, Any]) -> None:
        if len(self.known) == self.stop_at:
            raise KeyboardInterrupt
        self.known[key] = tree

    def add(self, trial: Any) -> None:
        pass


def search_of(**changes: Any) -> Search:
    """A short search on one rung."""
    tree: dict[str, Any] = {
        "name": "tiny",
        "sampler": "tpe",
        "trials_count": 40,
        "batch_count": 8,
        "window_count": 8,
        "startup_count": 10,
        "rungs": [{"population_share": 1.0, "replications": 2}],
        "reduction": 2,
        "trusted_correlation": 0.8,
        "finalists_count": 8,
        "first_replications": 4,
        "final_replications": 16,
    }
    return Search.model_validate(tree | changes)


def objective_of(*goals: tuple[str, str], **more: Any) -> Objective:
    """Goals by measure and direction."""
    named = [{"measure": name, "direction": direction} for name, direction in goals]
    return Objective.model_validate({"name": "toy", "goals": named, **more})


def candidates(points: Sequence[Point]) -> list[Candidate]:
    """Number points as found ones."""
    return [Candidate(k, f"trial-{k}", point) for k, point in enumerate(points)]
