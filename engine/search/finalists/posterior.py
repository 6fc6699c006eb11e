"""What fresh seeds say of the finalists: P(feasible), P(best), and what a wrong choice costs.

Replications are draws of a normal law with unknown mean and variance and a flat prior, so
that a figure with mean x̄ and residuals e_r over R replications has the posterior

    μ = x̄ + √(c) Σ_r e_r z_r / √(R (R - 1)),    z_r ~ N(0, 1),  c = (R - 1) / χ²_{R-1},

Student's t with R - 1 degrees of freedom (Gelman et al., Bayesian Data Analysis, 3rd ed.,
sec. 3.2). All figures of all policies share z and c: together they are a multivariate t
with the covariance that was seen, pairing included. A truth value that always held has no
residuals, and yet is not certain: its probability has the posterior of Jeffreys' prior,
Beta(k + ½, R - k + ½), k its mean over worlds times R (Brown, Cai & DasGupta, Stat. Sci.
16(2), 2001), independent of the others. No figure leaves its measure's own range: a limit
at the end of it always holds.

Drawn `_DRAWS` times from streams named by the seed: the error of a probability near 0.95 is
0.002.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.design.draws import normal_draws, open_unit, uniform_draws
from engine.rng import Purpose
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.paired_scores import PairedScores
from engine.search.problem import Candidate, Sample, Values
from engine.stats.arrays import Flags, Floats

_DRAWS: Final = 8192
"""Draws of every posterior."""


class PosteriorDraws:
    """The draws behind all posteriors of one selection.

    Parameters
    ----------
    seed
        Names the streams.
    replications
        The most that a sample has.
    """

    def __init__(self, seed: int, replications: int) -> None:
        self._seed = seed
        self._normals = normal_draws(seed, Purpose.SELECTION, (_DRAWS, replications))
        self._levels = open_unit(uniform_draws(seed, Purpose.SELECTION, (_DRAWS,), 1))
        self._scales: dict[int, Floats] = {}

    def means(self, by: Floats) -> Floats:
        """Return draws of the means of figures, (DRAWS, n) float64.

        Parameters
        ----------
        by
            (n, R) float64, figures by replication, in any unit, which the draws keep.
        """
        count = by.shape[-1]
        rest = by - by.mean(axis=-1, keepdims=True)
        moves = self._normals[:, :count] @ rest.T / (count * (count - 1)) ** 0.5
        return np.asarray(by.mean(axis=-1) + self._scale(count)[:, None] * moves)

    def _scale(self, count: int) -> Floats:
        """Return draws of √c; they take long, and are the same for all."""
        from scipy.special import chdtri

        if count not in self._scales:
            self._scales[count] = np.sqrt((count - 1) / chdtri(count - 1, self._levels))
        return self._scales[count]

    def probabilities(self, sample: Floats, stream: int) -> Floats:
        """Return draws of the probabilities behind truth values, (DRAWS, worlds) float64.

        Parameters
        ----------
        sample
            (worlds, R) float64, truth values or their means over worlds, from 0 to 1.
        stream
            Names the draws: one for each constraint.
        """
        from scipy.special import betaincinv

        count, draws = sample.shape[-1], []
        for world, times in enumerate(sample.sum(axis=-1)):
            draw = 2 + stream * 1000 + world
            levels = uniform_draws(self._seed, Purpose.SELECTION, (_DRAWS,), draw)
            draws.append(betaincinv(times + 0.5, count - times + 0.5, levels))
        return np.stack(draws, axis=-1)

    def constraint_holds(
        self, evaluator: ObjectiveEvaluator, values: Values, scores: PairedScores, place: int
    ) -> Flags:
        """Return in which draws a policy holds each constraint, (DRAWS, constraints) bool.

        Parameters
        ----------
        evaluator
            Has the constraints.
        values
            The policy's measures, (worlds, R) float64 or bool, over the replications of `scores`.
        scores, place
            Policies on common random numbers, and the row that is this policy's.
        """
        excesses = self.means(scores.excesses_by[place])
        for k, constraint in enumerate(evaluator.constraints.values()):
            sample = values[constraint.measure]
            if sample.dtype == np.bool_:
                shares = np.asarray(sample, np.float64)
                if evaluator.objective.constraints_in == "mean":
                    shares = shares.mean(axis=0, keepdims=True)
                excesses[:, k] = evaluator.excess(
                    constraint, self.probabilities(shares, k)[..., None]
                )
            excesses[:, k] = np.minimum(excesses[:, k], evaluator.largest_excess(constraint))
        return np.asarray(excesses <= 0)

    def selection_certainty(self, gaps_by: Mapping[int, Floats]) -> tuple[float, float]:
        """Return P(correct selection) and the expected opportunity cost of a chosen policy.

        Parameters
        ----------
        gaps_by
            By rival: the chosen policy's cost less the rival's, (R,) float64, in the goal's unit.

        Returns
        -------
        A probability, 1 without rivals, and a cost of 0 or more in the goal's unit.
        """
        if not gaps_by:
            return 1.0, 0.0
        worst = np.max([self.means(gaps[None])[:, 0] for gaps in gaps_by.values()], axis=0)
        return float((worst <= 0).mean()), float(np.maximum(worst, 0.0).mean())


@dataclass(frozen=True)
class Finalist:
    """A candidate, and its sample on fresh seeds so far."""

    candidate: Candidate
    sample: Sample


@dataclass(frozen=True)
class Assessment:
    """What is known of a finalist: its place among those with as many replications or more.

    `place` is its row of `scores`; `constraint_holds` (draws, constraints) bool tells in which
    draws of the posterior a constraint holds; `level` (goals,) float64, in the goals' units, is
    to be added to the costs before those of others with more replications are compared: what
    later replications changed for all alike.
    """

    scores: PairedScores
    place: int
    constraint_holds: Flags
    level: Floats

    @property
    def costs(self) -> Floats:
        """Return the goals' figures, (goals,) float64, less is better."""
        return np.asarray(self.scores.costs[self.place])

    @property
    def p_feasible(self) -> float:
        """Return the probability that all constraints hold."""
        return float(self.constraint_holds.all(axis=1).mean())

    @property
    def on_frontier(self) -> bool:
        """Return whether it is feasible and no other feasible one dominates it."""
        rivals = self.scores.costs[self.scores.is_feasible]
        beaten = np.all(rivals <= self.costs, axis=1) & np.any(rivals < self.costs, axis=1)
        return bool(self.scores.is_feasible[self.place] and not beaten.any())
