"""What problems with known answers share: truth, a mild bias, and noise as the market's.

A figure of a candidate on a share σ of the population, in replication r, is

    y_r = μ + b(μ) (1 - σ) + s / √σ (√c z_r + √(1 - c) ε_r)

with the truth μ, a mild bias of small populations b(μ) = `_BIAS` (u + μ), noise of standard
deviation s = `_NOISE` u for the whole population, u the measure's own size, and the share
c = `_COMMON` of the variance that all candidates of a replication have in common, as runs
of the market have under the same random streams. Its variance falls with σ and with
replications as the market's does. Sessions and seconds are those of a run of the market
(`_SESSIONS`, `_FIXED_S`, `_SESSIONS_S`: 20,000 buyers and 1,000 anchors on one core).

Measures have names of the catalogue; their units have no meaning here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from engine.population.draws import uniforms
from engine.rng import Purpose, derive_seed
from engine.search.problem import Candidate, Point, Sample, Stage
from engine.spec.search import Objective

Floats = NDArray[np.float64]

_NOISE: Final = 0.05
"""Standard deviation of a run of the whole population, in the measure's own size."""

_BIAS: Final = 0.03
"""What no population would add to a figure, in the measure's own size and in its own."""

_COMMON: Final = 0.9
"""Correlation between two candidates in one replication."""

_SESSIONS: Final = 5_300_000
_FIXED_S: Final = 0.24
_SESSIONS_S: Final = 0.21
"""Sessions of a run, and its seconds: `_FIXED_S` + σ `_SESSIONS_S`."""


@dataclass(frozen=True)
class Known(ABC):
    """A problem whose true figures and front are known; `seed` names all its noise."""

    seed: int = 0

    name: ClassVar[str]
    goals: ClassVar[tuple[tuple[str, str], ...]]
    sizes: ClassVar[Mapping[str, float]]
    """Each measure's own size u."""
    reference: ClassVar[tuple[float, ...]]
    """Costs beyond which a point counts for nothing in the hypervolume."""
    constraints: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @property
    @abstractmethod
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return the space."""

    @abstractmethod
    def truth(self, point: Point) -> dict[str, float]:
        """Return the true figures of a point."""

    @abstractmethod
    def front(self) -> Floats:
        """Return points of the true front closely spaced, (n, goals), as costs."""

    @property
    def baselines(self) -> Sequence[tuple[str, Point | None]]:
        """Return that no candidates are given."""
        return ()

    @property
    def objective(self) -> Objective:
        """Return the goals and constraints."""
        named = [{"measure": name, "direction": where} for name, where in self.goals]
        return Objective.model_validate(
            {"name": self.name, "goals": named, "constraints": self.constraints}
        )

    def evaluate(self, candidates: Sequence[Candidate], stage: Stage) -> Iterator[Sample]:
        """Yield the sample of each candidate, in order."""
        for one in candidates:
            assert one.point is not None
            truth, runs = self.truth(one.point), range(stage.first, stage.last)
            seen = np.stack([self._seen(truth, one.number, stage, run) for run in runs], axis=1)
            yield Sample(
                {name: seen[None, k] for k, name in enumerate(self.sizes)},
                round(_SESSIONS * stage.population_share) * len(runs),
                (_FIXED_S + _SESSIONS_S * stage.population_share) * len(runs),
            )

    def _seen(self, truth: Mapping[str, float], number: int, stage: Stage, run: int) -> Floats:
        """Return every figure of one replication."""
        from scipy.special import ndtri

        share = stage.population_share
        run_seed = derive_seed(
            self.seed, Purpose.BENCHMARK, stage.is_fresh, round(1e6 * share), run
        )
        shared, own = (
            ndtri(np.clip(uniforms(run_seed, Purpose.BENCHMARK, len(self.sizes), draw), 1e-12, 1))
            for draw in (0, 1 + number)
        )
        sizes = np.array(list(self.sizes.values()))
        means = np.array([truth[name] for name in self.sizes])
        noise = _NOISE * sizes * (_COMMON**0.5 * shared + (1 - _COMMON) ** 0.5 * own)
        return np.asarray(means + _BIAS * (sizes + means) * (1 - share) + noise / share**0.5)
