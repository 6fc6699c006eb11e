"""What is known of every trial now: its figures at the top rung's level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.search.evaluator import Judge
from engine.search.fidelity.ladder import Ladder, Trial
from engine.stats.arrays import Flags, Floats


@dataclass(frozen=True)
class Estimates:
    """Costs (n, goals) and excesses (n, constraints) of trials; not-a-number where failed.

    `cost_errors` and `excess_errors` are their standard errors beside the others', without
    the luck that all share; 0 where nothing tells.
    """

    costs: Floats
    excesses: Floats
    cost_errors: Floats
    excess_errors: Floats

    @property
    def violation(self) -> Floats:
        """Return the sum of what each violates, (n,)."""
        return np.asarray(np.maximum(self.excesses, 0.0).sum(axis=1))

    @property
    def able(self) -> Flags:
        """Tell which did not fail and satisfy every constraint, (n,)."""
        return np.asarray((self.violation == 0) & ~np.isnan(self.costs[:, 0]))


def estimates(trials: Sequence[Trial], ladder: Ladder, judge: Judge) -> Estimates:
    """Estimate each trial from the highest rung that it has visited."""
    costs = np.full((len(trials), len(judge.goals)), np.nan)
    excesses = np.full((len(trials), len(judge.constraints)), np.nan)
    cost_errors, excess_errors = np.zeros_like(costs), np.zeros_like(excesses)
    for rung in range(ladder.top + 1):
        here = [k for k, t in enumerate(trials) if rung in t.samples and t.reason is None]
        own = [place for place, k in enumerate(here) if trials[k].rung == rung]
        if own:
            places = [here[place] for place in own]
            stand = ladder.standing([trials[k] for k in here], rung)
            costs[places], excesses[places] = stand.costs[own], stand.excesses[own]
            (goals, limits), (goal_doubt, limit_doubt) = stand.own_errors(), ladder.doubts(rung)
            cost_errors[places] = np.hypot(goals, goal_doubt)
            excess_errors[places] = np.hypot(limits, limit_doubt)
    return Estimates(costs, excesses, cost_errors, excess_errors)
