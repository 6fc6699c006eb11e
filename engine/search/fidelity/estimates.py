"""What is known of every trial now, at the top rung's level, with its noise.

`Estimates` are of goals and constraints, each trial's from the highest rung that it has visited.

`RowFigures` are what trials hold and cost for the rows of a price table. A trial that did not
reach the top rung is moved by the line of least squares through the m trials that were seen on
both: a small sample of buyers may show a share of an effect. With residuals of variance s² the
variance of a new one is s² (1 + 1/m) beside its noise there. Through fewer than `_FOR_A_LINE`
trials the line has slope 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.search.aim import Aim
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.ladder import Ladder, Trial
from engine.stats.arrays import Flags, Floats
from engine.stats.paired import paired_variance

_QUANTILE: Final = 1.5
"""Variance of a quantile over that of the mean, of values near a normal law's."""

_FOR_A_LINE: Final = 6
"""Trials on both rungs from which a line has a slope of its own."""


@dataclass(frozen=True)
class Estimates:
    """Costs (n, goals) and excesses (n, constraints) of trials; not-a-number where failed.

    float64; costs in the goals' units, turned so that less is better, excesses as
    `ObjectiveEvaluator.violations` scales them, feasible at 0 or less. `cost_errors` and
    `excess_errors` are their standard errors beside the others', without the noise that all
    share; 0 where they are unknown.
    """

    costs: Floats
    excesses: Floats
    cost_errors: Floats
    excess_errors: Floats

    @classmethod
    def of(
        cls, trials: Sequence[Trial], ladder: Ladder, evaluator: ObjectiveEvaluator
    ) -> "Estimates":
        """Estimate each trial from the highest rung that it has visited, at the top's level.

        Parameters
        ----------
        trials
            All settled trials; rows of the estimates are in their order.
        ladder
            Moves figures to the top's level.
        evaluator
            Counts goals and constraints.
        """
        costs = np.full((len(trials), len(evaluator.goals)), np.nan)
        excesses = np.full((len(trials), len(evaluator.constraints)), np.nan)
        cost_errors, excess_errors = np.zeros_like(costs), np.zeros_like(excesses)
        for rung in range(ladder.top + 1):
            here = [k for k, t in enumerate(trials) if rung in t.samples and t.reason is None]
            own = [place for place, k in enumerate(here) if trials[k].rung == rung]
            if own:
                places = [here[place] for place in own]
                scores = ladder.paired_scores([trials[k] for k in here], rung)
                costs[places], excesses[places] = scores.costs[own], scores.excesses[own]
                goals, limits = scores.paired_errors()
                goal_rung, limit_rung = ladder.rung_errors(rung)
                cost_errors[places] = np.hypot(goals, goal_rung)
                excess_errors[places] = np.hypot(limits, limit_rung)
        return cls(costs, excesses, cost_errors, excess_errors)

    @property
    def violation(self) -> Floats:
        """Return the sum of what each violates, (n,) float64; 0 is feasible."""
        return np.asarray(np.maximum(self.excesses, 0.0).sum(axis=1))

    @property
    def is_feasible(self) -> Flags:
        """Return which did not fail and satisfy every constraint, (n,) bool."""
        return np.asarray((self.violation == 0) & ~np.isnan(self.costs[:, 0]))


class RowFigures(NamedTuple):
    """What is known of n trials; float64 unless said otherwise, less is better but for `held`.

    `held` and `price` (n,) in the units of the aim's measures, their noise variances beside the
    others' `held_noise` and `price_noise` (n,), `excesses` and `excess_errors` (n, constraints),
    `on_top` (n,) bool: seen on the top rung. Failed trials have not-a-number.
    """

    held: Floats
    price: Floats
    held_noise: Floats
    price_noise: Floats
    excesses: Floats
    excess_errors: Floats
    on_top: Flags

    @classmethod
    def from_trials(
        cls, trials: Sequence[Trial], found: Estimates, top: int, aim: Aim
    ) -> "RowFigures":
        """Return what trials hold and cost.

        Parameters
        ----------
        trials, found
            Settled trials, and what is known of them, row by row.
        top
            The number of the top rung.
        aim
            Says what is held and what it costs.
        """
        figures = np.full((len(trials), 2), np.nan)
        noise = np.zeros((len(trials), 2))
        for rung in range(top + 1):
            here = [k for k, t in enumerate(trials) if t.reason is None and rung in t.samples]
            last = [place for place, k in enumerate(here) if trials[k].rung == rung]
            if not last:
                continue
            own = _figures([trials[k] for k in here], rung, aim)
            both = [place for place, k in enumerate(here) if top in trials[k].samples]
            above = _figures([trials[here[place]] for place in both], top, aim)
            shared = _noise([trials[k] for k in here], rung, aim)
            places = [here[place] for place in last]
            for k in range(2) if rung < top and both else ():
                slope, middle, base, variance = _line(own[both, k], above[:, k])
                own[:, k] = middle + slope * (own[:, k] - base)
                shared[k] += variance
            figures[places], noise[places] = own[last], shared
        on_top = np.array([t.reason is None and top in t.samples for t in trials], np.bool_)
        held, price = figures.T.copy()
        held_noise, price_noise = noise.T.copy()
        return cls(
            held, price, held_noise, price_noise, found.excesses, found.excess_errors, on_top
        )

    def of(self, places: NDArray[Any]) -> "RowFigures":
        """Return the figures of some of them."""
        return RowFigures(*(part[places] for part in self))

    @property
    def is_feasible(self) -> Flags:
        """Return which violate no constraint, (n,) bool."""
        return np.asarray((self.excesses <= 0).all(axis=1))


def _figures(trials: Sequence[Trial], rung: int, aim: Aim) -> Floats:
    """Return what trials held and cost on a rung, (n, 2)."""
    samples = [trial.samples[rung] for trial in trials]
    return np.array([[aim.held(own), aim.price_by(own.values).mean()] for own in samples])


def _line(here: Floats, above: Floats) -> tuple[float, float, float, float]:
    """Return slope, means above and here, and the variance of a new value around the line."""
    middle, base, count = float(above.mean()), float(here.mean()), len(here)
    spread = float(((here - base) ** 2).sum())
    has_slope = count >= _FOR_A_LINE and spread > 0
    slope = float(((here - base) * (above - middle)).sum() / spread) if has_slope else 1.0
    rest = above - middle - slope * (here - base)
    freedom = max(count - 1 - has_slope, 1)
    return slope, middle, base, float((rest**2).sum() / freedom) * (1 + 1 / count)


def _noise(trials: Sequence[Trial], rung: int, aim: Aim) -> Floats:
    """Return the variances of what trials held and cost on a rung, without shared noise, (2,)."""
    values = [trial.samples[rung].values for trial in trials]
    by = np.stack([[aim.reached_by(own), aim.price_by(own)] for own in values])
    pooled = paired_variance(by)
    if pooled is None:
        return np.zeros(2)
    return np.asarray(pooled * np.array([_QUANTILE, 1.0]) / by.shape[-1])
