"""Who goes up a rung: nobody that a rival surely beats, and no more than there is room for.

Policies on one rung met the same luck; with s² the variance that they do not share
(`engine.search.paired_scores.paired_variance`) over (n - 1)(R - 1) degrees of freedom, two
replications say something once there are many pairs. Policy j beats i if
x̄_i. - x̄_j. > t √(2 s² / R) in every goal, one-sided at `CONFIDENCE`, and j violates no
more than i. Who is left goes up by rank of domination in those goals that the rung is
known to rank as the top does.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from engine.search.paired_scores import Standing
from engine.stats.arrays import Flags, Floats
from engine.stats.intervals import student_quantile
from engine.stats.paired import paired_variance
from engine.stats.pareto import select_best

CONFIDENCE: Final = 0.95
"""Of the one-sided tests that drop a policy."""


class Verdict(NamedTuple):
    """What a rung is good for.

    `ranked` (goals,) tells by which goals it may choose, `told` (constraints,) whose
    violation it may hold against a policy; `doubt` (constraints,) are the standard errors of
    its shift to the top.
    """

    ranked: Flags
    told: Flags
    doubt: Floats


def promoted(stand: Standing, batch: Sequence[int], count: int, rung: Verdict) -> list[int]:
    """Return those of the batch that go up, ascending.

    Parameters
    ----------
    stand
        All that are known on the rung: the batch and its rivals of earlier batches.
    batch
        Places of the batch in it.
    count
        The most that go up.
    rung
        What the rung is good for.
    """
    lost = np.zeros(len(stand.costs), np.bool_)
    if stand.able.any():
        lost = hopeless(stand, rung.told, rung.doubt)
    alive = [k for k in batch if not lost[k] and not is_beaten(stand, k)]
    costs = [list(row) for row in stand.costs[:, rung.ranked]]
    return sorted(select_best(costs, list(stand.violation), alive, count))


def is_beaten(stand: Standing, place: int) -> bool:
    """Tell whether some rival is surely better in every goal, and no less feasible."""
    least = least_difference(stand)
    if least is None:
        return False
    better = (stand.costs[place] - stand.costs > least).all(axis=1)
    return bool((better & (stand.violation <= stand.violation[place])).any())


def least_difference(stand: Standing) -> Floats | None:
    """Return the paired difference from which a goal counts as better; None if unknown."""
    count, _, replications = stand.costs_by.shape
    variance = paired_variance(stand.costs_by)
    if variance is None:
        return None
    freedom = (count - 1) * (replications - 1)
    return np.asarray(student_quantile(freedom, CONFIDENCE) * np.sqrt(2 * variance / replications))


def hopeless(stand: Standing, told: Flags, doubt: Floats) -> Flags:
    """Tell which policies surely violate a constraint.

    The variance of an excess is that pooled over the policies, or the policy's own if larger:
    many that always reach a target say nothing of one that reaches it at times. Since they
    share their luck, the degrees of freedom are still those of one, R - 1.
    """
    replications = stand.replications
    if replications < 2:
        return np.zeros(len(stand.costs), np.bool_)
    own = stand.excesses_by.var(axis=2, ddof=1)
    variance = np.maximum(own, own.mean(axis=0)) / replications + doubt**2
    least = student_quantile(replications - 1, CONFIDENCE) * np.sqrt(variance)
    return np.asarray(((stand.excesses > least) & told).any(axis=1))


def room(count: int, reduction: float) -> int:
    """Return how many of those of a batch that were looked at on a rung may go up."""
    return math.ceil(count / reduction - 1e-9)
