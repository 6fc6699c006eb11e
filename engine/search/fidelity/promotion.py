"""Which trials are promoted to the next rung.

None that a rival surely dominates or that surely violates a constraint, and at most a share.

Policies on one rung share their random numbers; with s² the variance that they do not share
(`engine.stats.paired.paired_variance`) over (n - 1)(R - 1) degrees of freedom, two
replications suffice once there are many pairs. Policy j dominates i if
x̄_i. - x̄_j. > t √(2 s² / R) in every goal, one-sided at `_CONFIDENCE`, and j violates no
more than i. The rest are promoted by rank of domination in those goals that the rung is
known to rank as the top does.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from engine.search.paired_scores import PairedScores
from engine.stats.arrays import Flags, Floats
from engine.stats.intervals import student_quantile
from engine.stats.paired import paired_variance
from engine.stats.pareto import select_best

_CONFIDENCE: Final = 0.95
"""Level of the one-sided tests by which a policy is dropped."""


class RungTrust(NamedTuple):
    """What a rung is good for.

    `ranked_goals` (goals,) tells by which goals it may choose, `trusted_constraints`
    (constraints,) whose violation it may hold against a policy; `shift_errors` (constraints,)
    are the standard errors of its shift to the top, in units of the excesses.
    """

    ranked_goals: Flags
    trusted_constraints: Flags
    shift_errors: Floats


def promote(scores: PairedScores, batch: Sequence[int], count: int, trust: RungTrust) -> list[int]:
    """Return those of the batch that are promoted, ascending.

    Parameters
    ----------
    scores
        All on the rung: the batch, and its rivals among the trials that it was asked from.
    batch
        Places of the batch in it.
    count
        The most that are promoted.
    trust
        What the rung is good for.
    """
    lost = np.zeros(len(scores.costs), np.bool_)
    if scores.is_feasible.any():
        lost = _surely_infeasible(scores, trust)
    alive = [k for k in batch if not lost[k] and not _is_surely_dominated(scores, k)]
    costs = [list(row) for row in scores.costs[:, trust.ranked_goals]]
    return sorted(select_best(costs, list(scores.violation), alive, count))


def _is_surely_dominated(scores: PairedScores, place: int) -> bool:
    """Return whether some rival is surely better in every goal, and no less feasible."""
    least = _significant_difference(scores)
    if least is None:
        return False
    better = (scores.costs[place] - scores.costs > least).all(axis=1)
    return bool((better & (scores.violation <= scores.violation[place])).any())


def _significant_difference(scores: PairedScores) -> Floats | None:
    """Return the paired difference from which a goal counts as better; None if unknown.

    (goals,) float64, in the goals' units.
    """
    count, _, replications = scores.costs_by.shape
    variance = paired_variance(scores.costs_by)
    if variance is None:
        return None
    freedom = (count - 1) * (replications - 1)
    return np.asarray(student_quantile(freedom, _CONFIDENCE) * np.sqrt(2 * variance / replications))


def _surely_infeasible(scores: PairedScores, trust: RungTrust) -> Flags:
    """Return which policies surely violate a constraint, (n,) bool.

    The variance of an excess is that pooled over the policies, or the policy's own if larger:
    many that always reach a target say nothing of one that reaches it at times. Since they
    share their random numbers, the degrees of freedom are still those of one, R - 1.
    """
    replications = scores.replications
    if replications < 2:
        return np.zeros(len(scores.costs), np.bool_)
    own = scores.excesses_by.var(axis=2, ddof=1)
    variance = np.maximum(own, own.mean(axis=0)) / replications + trust.shift_errors**2
    least = student_quantile(replications - 1, _CONFIDENCE) * np.sqrt(variance)
    return np.asarray(((scores.excesses > least) & trust.trusted_constraints).any(axis=1))


def promotion_count(count: int, reduction: float) -> int:
    """Return how many of the `count` policies of a batch that a rung has seen may go up.

    Parameters
    ----------
    count
        Policies of one batch that were evaluated on the rung.
    reduction
        1 or more: one in so many goes up, rounded up.
    """
    return math.ceil(count / reduction - 1e-9)
