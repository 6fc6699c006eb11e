"""A batch on its way up the rungs: which evaluations it needs, and who of it goes on.

Those of a batch that are promoted from a rung are chosen when all of it has been seen there,
from what it has shown and from its rivals: the trials that were known when the batch was
asked. Nothing depends on the order in which evaluations end, nor on what other batches do
meanwhile. A pilot visits every rung whatever it shows, and needs all evaluations at once.

Promoted is none that a rival surely dominates or that surely violates a constraint, and at most
a share. Policies on one rung share their random numbers; with s² the variance that they do not
share (`engine.stats.paired.paired_variance`) over (n - 1)(R - 1) degrees of freedom, two
replications suffice once there are many pairs. Policy j dominates i if
x̄_i. - x̄_j. > t √(2 s² / R) in every goal, one-sided at `_CONFIDENCE`, and j violates no
more than i. The rest are promoted by rank of domination in those goals that the rung is
known to rank as the top does.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.search.fidelity.ladder import Ladder, RungTrust, Trial
from engine.search.paired_scores import PairedScores
from engine.search.problem import Evaluation, Sample, Stage
from engine.spec.search import Rung
from engine.stats.arrays import Flags, Floats
from engine.stats.intervals import student_quantile
from engine.stats.paired import paired_variance
from engine.stats.pareto import select_best

_CONFIDENCE: Final = 0.95
"""Level of the one-sided tests by which a policy is dropped."""


def stages(rungs: Sequence[Rung], visited: Sequence[int]) -> dict[int, Stage]:
    """Return what is asked for on each visited rung: only what the one below has not shown.

    Parameters
    ----------
    rungs
        All rungs.
    visited
        Those that are visited, from the cheapest up.
    """
    found, below = {}, None
    for rung in visited:
        own, first = rungs[rung], 0
        if below is not None and _looks_alike(below, own):
            first = below.replications
        found[rung] = Stage(
            is_fresh=False,
            population_share=own.population_share,
            first=first,
            last=own.replications,
            worlds_count=own.worlds_count,
            anchors_share=own.anchors_share,
        )
        below = own
    return found


def _looks_alike(below: Rung, own: Rung) -> bool:
    """Return whether a rung only adds replications to what the one below has shown."""
    sample = below.population_share, below.worlds_count, below.anchors_share
    same = sample == (own.population_share, own.worlds_count, own.anchors_share)
    return same and own.replications > below.replications


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


class Climb:
    """The way of one batch.

    Parameters
    ----------
    batch
        Its trials, not yet simulated.
    ladder
        Says which rungs are visited, and what each is good for.
    rivals
        Trials that were known when the batch was asked.
    reduction
        One in so many is promoted, at the most.
    is_pilot
        Whether all of it visits every rung.
    """

    def __init__(
        self,
        batch: Sequence[Trial],
        ladder: Ladder,
        rivals: Sequence[Trial],
        reduction: float,
        *,
        is_pilot: bool,
    ) -> None:
        self._trials = {trial.candidate.number: trial for trial in batch}
        self._ladder, self._rivals, self._reduction = ladder, rivals, reduction
        self._is_pilot = is_pilot
        self._ways = stages(ladder.rungs, range(ladder.top + 1) if is_pilot else ladder.visited)
        self._open = list(self._ways)
        self._alive = list(self._trials)
        self._shown: dict[tuple[int, Stage], Sample] = {}

    @property
    def trials(self) -> list[Trial]:
        """Return the batch with what it has shown on the rungs that are done."""
        return list(self._trials.values())

    @property
    def is_settled(self) -> bool:
        """Return whether nobody of it goes any further."""
        return not (self._open and self._alive)

    def begin(self) -> list[Evaluation]:
        """Return the evaluations that it needs first."""
        return [evaluation for rung in self._open[: None if self._is_pilot else 1]
                for evaluation in self._evaluations(rung)]  # fmt: skip

    def take(self, evaluation: Evaluation, sample: Sample) -> list[Evaluation]:
        """Take what an evaluation has shown; return those that are needed next."""
        self._shown[evaluation.key] = sample
        needed: list[Evaluation] = []
        while not self.is_settled and self._is_seen(self._open[0]):
            self._leave(self._open.pop(0))
            if not self._is_pilot and not self.is_settled:
                needed = self._evaluations(self._open[0])
        return needed

    def _evaluations(self, rung: int) -> list[Evaluation]:
        return [Evaluation(self._trials[k].candidate, self._ways[rung]) for k in self._alive]

    def _is_seen(self, rung: int) -> bool:
        return all((k, self._ways[rung]) in self._shown for k in self._alive)

    def _leave(self, rung: int) -> None:
        """Write down what a rung has shown, and choose who goes on."""
        looked_at = len(self._alive)
        for k in self._alive:
            sample = self._shown[k, self._ways[rung]]
            self._trials[k] = self._trials[k].with_sample(rung, self._ways, sample)
        self._alive = [k for k in self._alive if self._trials[k].reason is None]
        if self._alive and self._open and not self._is_pilot:
            self._alive = self._promoted(rung, looked_at)

    def _promoted(self, rung: int, looked_at: int) -> list[int]:
        """Return the numbers of those that go up from a rung, of so many that were there."""
        alive = [self._trials[k] for k in self._alive]
        rivals = [t for t in self._rivals if rung in t.samples and t.reason is None]
        scores = self._ladder.paired_scores([*rivals, *alive], rung)
        places = range(len(rivals), len(rivals) + len(alive))
        count = promotion_count(looked_at, self._reduction)
        chosen = _promote(scores, places, count, self._ladder.trust(rung))
        return [self._alive[place - len(rivals)] for place in chosen]


def _promote(scores: PairedScores, batch: Sequence[int], count: int, trust: RungTrust) -> list[int]:
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
