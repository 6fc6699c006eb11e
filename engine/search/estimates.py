"""What is known of every trial now: its figures at the top rung's level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.search.judge import Judge
from engine.search.ladder import Ladder, Trial
from engine.stats.arrays import Flags, Floats
from engine.stats.pareto import select_best


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


def finalists(trials: Sequence[Trial], found: Estimates, count: int) -> list[Trial]:
    """Return all baselines, then the `count` best of what was found; no failed ones, no twins."""
    good = [k for k, trial in enumerate(trials) if trial.reason is None]
    costs = [list(found.costs[k]) for k in good]
    single = without_twins([trials[k] for k in good])
    searched = [p for p in single if not trials[good[p]].candidate.is_baseline]
    best = select_best(costs, list(found.violation[good]), searched, count)
    given = [trials[k] for k in good if trials[k].candidate.is_baseline]
    return given + [trials[good[place]] for place in best]


def without_twins(trials: Sequence[Trial]) -> list[int]:
    """Return the places of trials, ascending, without those that showed what another had.

    Points may name one policy, by a rule between levers or by a lever that never acts: then all
    figures agree in every bit, since the luck is common. Of twins a baseline stays, or else who
    went highest, or else the first.
    """
    order = sorted(
        range(len(trials)), key=lambda k: (not trials[k].candidate.is_baseline, -trials[k].rung)
    )
    kept: list[int] = []
    seen: set[tuple[int, tuple[bytes, ...]]] = set()
    for k in order:
        figures = {
            (rung, tuple(own.tobytes() for own in sample.values.values()))
            for rung, sample in trials[k].samples.items()
        }
        if trials[k].candidate.is_baseline or not figures & seen:
            kept.append(k)
        seen |= figures
    return sorted(kept)
