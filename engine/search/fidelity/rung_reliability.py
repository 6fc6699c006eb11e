"""Whether a rung ranks policies as the top does, once noise is taken away.

Noise lowers a rank correlation r however right the rung is. What it would be without noise
is Spearman's correction for attenuation (Am. J. Psychol. 15(1), 1904):

    ρ = r / √(rel_k rel_top),    rel = 1 - s²_d / s²_x

with s²_d the mean squared standard error of a paired difference between two policies and
s²_x the mean squared difference that is seen: the reliability of figures that met the same
luck (Hoyt, Psychometrika 6, 1941). One replication tells no error: nothing is corrected.

A pilot of m policies knows r only so far: Fisher's z = artanh r has the standard error
1.06 / √(m - 3) (Fieller, Hartley & Pearson, Biometrika 44, 1957). A rung distorts if r lies
more than that below what a ρ at the threshold would show with so much noise.

Luck that a rung shares with the top (equal populations) makes r too high, which does no
harm: such a rung is not biased.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.stats.arrays import Flags, Floats
from engine.stats.paired import rank_correlation, reliability

TOLD_APART: Final = 0.5
"""Reliability on top below which policies are not told apart: there is no rank to distort."""

CONFIDENCE: Final = 0.95
"""Of the F test that they differ at all, which asks for more of a small pilot."""

LEAST_RELIABILITY: Final = 0.2
"""A lower one counts as this: what sees only noise is not made good by dividing by nothing."""

NEAR_ONE: Final = 1 - 1e-9
"""Fisher's z of a perfect correlation would be infinite."""

FEWEST: Final = 4
"""Policies of a pilot below which a rank correlation says nothing."""


@dataclass(frozen=True)
class Agreement:
    """How a rung ranks policies beside the top, figure by figure.

    `correlation` as seen, not-a-number where all are equal on both rungs; `reliability` and
    `top_reliability` from 0 to 1. All are not-a-number if the pilot was too small.
    `told_apart` says in which figures the top tells policies apart, so that ranks mean
    something; `count` is the number of policies.
    """

    correlation: Floats
    reliability: Floats
    top_reliability: Floats
    told_apart: Flags
    count: int

    @property
    def corrected(self) -> Floats:
        """Return the correlations without noise, from -1 to 1."""
        return np.asarray(np.clip(self.correlation / self._attenuation, -1.0, 1.0))

    @property
    def _attenuation(self) -> Floats:
        here, top = (
            np.maximum(own, LEAST_RELIABILITY) for own in (self.reliability, self.top_reliability)
        )
        return np.asarray(np.sqrt(here * top))

    @property
    def constant(self) -> Flags:
        """Tell in which figures all policies are equal."""
        return np.asarray(np.isnan(self.correlation) & ~np.isnan(self.reliability))

    def distorted(self, threshold: float) -> Flags:
        """Tell in which figures the rung ranks otherwise than the top."""
        expected = np.arctanh(np.clip(threshold * self._attenuation, -NEAR_ONE, NEAR_ONE))
        seen = np.arctanh(np.clip(self.correlation, -NEAR_ONE, NEAR_ONE))
        error = 1.06 / max(self.count - 3, 1) ** 0.5
        return np.asarray(self.told_apart & (seen < expected - error))

    def faithful(self, threshold: float) -> Flags:
        """Tell in which figures the rung ranks as the top, as far as can be seen."""
        return np.asarray(self.told_apart & ~self.distorted(threshold))


def agreement(here: tuple[Floats, Floats], top: tuple[Floats, Floats]) -> Agreement:
    """Compare the same policies on two rungs.

    Parameters
    ----------
    here, top
        Figures, (n, figures), and the same by replication, (n, figures, R).
    """
    (own, own_by), (best, best_by) = here, top
    if len(own) < FEWEST:
        return unknown(own.shape[1])
    found = np.array([rank_correlation(a, b) for a, b in zip(own.T, best.T, strict=True)])
    sure = reliability(best_by)
    told = (sure >= least_reliability(*best_by.shape[::2])) & ~np.isnan(found)
    return Agreement(found, reliability(own_by), sure, np.asarray(told), len(own))


def unknown(figures: int) -> Agreement:
    """Return that nothing is known of so many figures."""
    nothing = np.full(figures, np.nan)
    return Agreement(nothing, nothing, nothing, np.zeros(figures, np.bool_), 0)


def least_reliability(count: int, replications: int) -> float:
    """Return the reliability from which n policies over R replications are told apart.

    It is 1 - 1/F of the mean squares between policies and of noise.
    """
    from scipy.special import fdtri

    if replications < 2:
        return TOLD_APART
    between = count - 1
    ratio = fdtri(between, between * (replications - 1), CONFIDENCE)
    return max(TOLD_APART, 1 - 1 / float(ratio))
