"""What is known of every trial now: its figures at the top rung's level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.ladder import Ladder, Trial
from engine.stats.arrays import Flags, Floats


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
