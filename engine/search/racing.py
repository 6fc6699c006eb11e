"""Who goes up a rung: nobody that a rival surely beats, and no more than there is room for.

Policies on one rung met the same luck. With x_ir the cost of policy i in replication r,

    x_ir = μ_i + luck_r + ε_ir,

the variance of a paired difference is twice that of ε, estimated over all pairs at once:

    s² = Σ_ir (x_ir - x̄_i. - x̄_.r + x̄_..)² / ((n - 1)(R - 1)),

with that many degrees of freedom: two replications say something once there are many
pairs (two-way layout without interaction; Scheffé, The Analysis of Variance, 1959, ch. 4).
Policy j beats i if x̄_i. - x̄_j. > t √(2 s² / R) in every goal, one-sided at `CONFIDENCE`,
and j violates no more than i.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.search import frontier
from engine.search.risk import Flags, Floats
from engine.search.standing import Standing

CONFIDENCE: Final = 0.95
"""Of the one-sided tests that drop a policy."""


def promoted(
    stand: Standing, batch: Sequence[int], count: int, told: Flags, doubt: Floats
) -> list[int]:
    """Return those of the batch that go up, ascending.

    Parameters
    ----------
    stand
        All that are known on the rung: the batch and its rivals of earlier batches.
    batch
        Places of the batch in it.
    count
        The most that go up.
    told
        (constraints,): whether the rung can tell who violates the constraint.
    doubt
        (constraints,): standard errors of the rung's shift to the top.
    """
    lost = hopeless(stand, told, doubt) if stand.able.any() else np.zeros(len(stand.costs), bool)
    alive = [k for k in batch if not lost[k] and not is_beaten(stand, k)]
    costs = [list(row) for row in stand.costs]
    return sorted(frontier.best(costs, list(stand.violation), alive, count))


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
    freedom = (count - 1) * (replications - 1)
    if freedom < 1:
        return None
    rest = stand.costs_by - stand.costs_by.mean(axis=2, keepdims=True)
    rest = rest - rest.mean(axis=0)
    variance = (rest**2).sum(axis=(0, 2)) / freedom
    return np.asarray(student(freedom) * np.sqrt(2 * variance / replications))


def hopeless(stand: Standing, told: Flags, doubt: Floats) -> Flags:
    """Tell which policies surely violate a constraint.

    The variance of an excess is pooled over the policies; since they share their luck, its
    degrees of freedom are still those of one, R - 1.
    """
    replications = stand.replications
    if replications < 2:
        return np.zeros(len(stand.costs), np.bool_)
    variance = stand.excesses_by.var(axis=2, ddof=1).mean(axis=0) / replications + doubt**2
    least = student(replications - 1) * np.sqrt(variance)
    return np.asarray(((stand.excesses > least) & told).any(axis=1))


def student(freedom: int) -> float:
    """Return the one-sided quantile of Student's t at `CONFIDENCE`."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, CONFIDENCE))


def room(batch_count: int, reduction: float) -> int:
    """Return how many of a batch may go up."""
    return math.ceil(batch_count / reduction - 1e-9)
