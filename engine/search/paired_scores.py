"""Policies under the same random numbers beside one another: costs and excesses.

Everything is kept by replication as well, as pseudo-values (`engine.stats.risk`), so that
differences can be paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Values
from engine.spec.search import RiskKind
from engine.stats.arrays import Flags, Floats
from engine.stats.paired import paired_variance
from engine.stats.risk import pseudo_values, risk_figures


@dataclass(frozen=True)
class PairedScores:
    """n policies on the same worlds and replications.

    `costs` (n, goals), less is better, in the goals' units; `excesses` (n, constraints),
    feasible at 0 or less, as `ObjectiveEvaluator.violations` scales them; `costs_by` and
    `excesses_by` the same by replication, on a last axis. All float64.
    """

    costs: Floats
    excesses: Floats
    costs_by: Floats
    excesses_by: Floats

    @classmethod
    def of(
        cls,
        evaluator: ObjectiveEvaluator,
        samples: Sequence[Values],
        risk: RiskKind | None = None,
    ) -> "PairedScores":
        """Compare samples of the same worlds and replications.

        Parameters
        ----------
        evaluator
            Reads goals and constraints off the samples.
        samples
            One per policy; every measure (worlds, replications).
        risk
            What the goals count; the objective's own choice if none is given.
        """
        excesses, excesses_by = _excesses(evaluator, samples)
        feasible = np.asarray((excesses <= 0).all(axis=1), np.bool_)
        costs = np.stack([evaluator.cost_sample(one) for one in samples])
        kind, share = risk or evaluator.objective.risk, evaluator.objective.cvar_share

        def figure(sample: Floats) -> Floats:
            return risk_figures(sample, kind, share, feasible)

        return cls(figure(costs), excesses, pseudo_values(figure, costs), excesses_by)

    @property
    def violation(self) -> Floats:
        """Return the sum of what each violates, (n,) float64; 0 is feasible."""
        return np.asarray(np.maximum(self.excesses, 0.0).sum(axis=1))

    @property
    def is_feasible(self) -> Flags:
        """Return which satisfy every constraint, (n,) bool."""
        return np.asarray(self.violation == 0)

    @property
    def replications(self) -> int:
        """Return how many replications they share."""
        return int(self.costs_by.shape[-1])

    def excess_errors(self) -> Floats:
        """Return the excesses' standard errors, (n, constraints); NaN for one replication."""
        return _errors(self.excesses_by)

    def paired_errors(self) -> tuple[Floats, Floats]:
        """Return the standard errors of a policy's costs and excesses beside the others'.

        (goals,) and (constraints,) float64. Noise that all share is left out: it changes no
        rank. 0 where unknown.
        """
        pooled = (paired_variance(by) for by in (self.costs_by, self.excesses_by))
        goals, limits = (
            np.zeros(by.shape[1]) if own is None else np.sqrt(own / self.replications)
            for own, by in zip(pooled, (self.costs_by, self.excesses_by), strict=True)
        )
        return goals, limits

    def capped(self, most: Floats) -> "PairedScores":
        """Return it with no excess above (constraints,) `most`, what its measure's range allows."""
        return replace(self, excesses=np.minimum(self.excesses, most))

    def shifted(self, costs: Floats, excesses: Floats) -> "PairedScores":
        """Return it with costs and excesses added to those of every policy.

        Parameters
        ----------
        costs
            (goals,) float64, in the goals' units.
        excesses
            (constraints,) float64, in units of the limits.
        """
        return PairedScores(
            self.costs + costs,
            self.excesses + excesses,
            self.costs_by + costs[:, None],
            self.excesses_by + excesses[:, None],
        )


def _excesses(evaluator: ObjectiveEvaluator, samples: Sequence[Values]) -> tuple[Floats, Floats]:
    parts = [_of(evaluator, name, samples) for name in evaluator.constraints]
    count = next(iter(samples[0].values())).shape[1]
    if not parts:
        return np.zeros((len(samples), 0)), np.zeros((len(samples), 0, count))
    return np.stack([part[0] for part in parts], 1), np.stack([part[1] for part in parts], 1)


def _of(
    evaluator: ObjectiveEvaluator, name: str, samples: Sequence[Values]
) -> tuple[Floats, Floats]:
    """Return one constraint's excesses, (n,), and by replication, (n, R).

    To the excess of one that violates a constraint on a truth value is added how far it falls
    short, mean max(0, 1 - share): where nobody attains it, the nearest still ranks first.
    """
    constraint = evaluator.constraints[name]
    sample = np.stack([np.asarray(one[constraint.measure], np.float64) for one in samples])
    figure = partial(evaluator.excess, constraint)
    excess, by = figure(sample), pseudo_values(figure, sample)
    measure = evaluator.shortfall_measure(constraint)
    if measure is None or any(measure not in one for one in samples):
        return excess, by
    short = np.maximum(1.0 - np.stack([np.asarray(one[measure], float) for one in samples]), 0.0)
    violates = excess > 0
    return (
        excess + violates * short.mean(axis=(1, 2)),
        by + violates[:, None] * short.mean(axis=1),
    )


def _errors(by: Floats) -> Floats:
    count = by.shape[-1]
    if count < 2:
        return np.full(by.shape[:-1], np.nan)
    return np.asarray(by.std(axis=-1, ddof=1) / count**0.5)
