"""What this project's own samplers share: points of the unit cube from the finished trials."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from engine.design.cube import UnitCube
from engine.design.sequences import sobol_points
from engine.rng import Purpose, derive_seed
from engine.stats.arrays import Floats

Distributions = Mapping[str, BaseDistribution]


class Observations(NamedTuple):
    """What the finished trials have shown, in order of their numbers; all float64.

    `points` (trials, axes) of the unit cube, `costs` (trials, goals), less is better, `excesses`
    (trials,) by the constraint's name, feasible at 0 or less.
    """

    points: Floats
    costs: Floats
    excesses: Mapping[str, Floats]

    @property
    def violation(self) -> Floats:
        """Sum of what each trial violates, (trials,) float64."""
        parts = [np.maximum(excess, 0.0) for excess in self.excesses.values()]
        return np.sum(parts, axis=0) if parts else np.zeros(len(self.points))


class CubeSampler(BaseSampler, ABC):
    """Proposes points of the unit cube; without state but its seed and its trial's number.

    Parameters
    ----------
    distributions
        The space, by the coordinate's name: an axis each, in this order.
    seed
        Of the search.
    number
        Of the trial that is to be proposed.
    """

    def __init__(self, distributions: Distributions, seed: int, number: int) -> None:
        self._distributions, self._cube = dict(distributions), UnitCube(distributions)
        self._number, self._own = number, derive_seed(seed, Purpose.TRIAL, number)
        self._scramble = derive_seed(seed, Purpose.TRIAL) >> 31

    @abstractmethod
    def propose(self, study: Study) -> Floats:
        """Return the point of this trial, (axes,) float64 in the unit cube."""

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the whole space: every trial is asked for all of it."""
        del study, trial
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the values of this trial."""
        del trial, search_space
        return self._cube.values(self.propose(study))

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Refuse: there is nothing outside the space.

        Raises
        ------
        NotImplementedError
            Always; Optuna does not ask for it.
        """
        raise NotImplementedError(param_name)

    def _sobol(self, size: int = 0) -> Floats:
        """Return the trial's own point of one scrambled Sobol sequence, over all axes or few."""
        axes = size or self._cube.size
        return np.asarray(sobol_points(axes, 1, self._scramble, first=self._number)[0])

    def _observations(self, study: Study) -> tuple[list[FrozenTrial], Observations]:
        """Return the finished trials, in order of their numbers."""
        trials = _finished(study)
        signs = [1.0 if way.name == "MINIMIZE" else -1.0 for way in study.directions]
        names = dict.fromkeys(name for trial in trials for name in trial.constraints)
        values = [[s * v for s, v in zip(signs, t.values, strict=True)] for t in trials]
        return trials, Observations(
            self._cube.points([trial.params for trial in trials]),
            np.array(values, np.float64).reshape(len(trials), len(signs)),
            {name: np.array([t.constraints[name] for t in trials]) for name in names},
        )


def _finished(study: Study) -> list[FrozenTrial]:
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return sorted(trials, key=lambda trial: trial.number)
