"""Whether a rung ranks policies as the top does, once noise is taken away.

Noise lowers a rank correlation r however right the rung is. What it would be without noise
is Spearman's correction for attenuation (Am. J. Psychol. 15(1), 1904):

    ρ = r / √(rel_k rel_top),    rel = 1 - s²_d / s²_x

with s²_d the mean squared standard error of a paired difference between two policies and
s²_x the mean squared difference that is seen: the reliability of figures under common
random numbers (Hoyt, Psychometrika 6, 1941). One replication gives no error: nothing is corrected.

A pilot of m policies knows r only so far: Fisher's z = artanh r has the standard error
1.06 / √(m - 3) (Fieller, Hartley & Pearson, Biometrika 44, 1957). A rung distorts if r lies
more than that below what a ρ at the threshold would show with so much noise.

Noise that a rung shares with the top (equal populations) makes r too high, which does no
harm: such a rung is not biased.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.stats.arrays import Flags, Floats
from engine.stats.paired import rank_correlation, reliability

_DISTINGUISHABLE: Final = 0.5
"""Reliability on top below which policies are not distinguishable: there is no rank to distort."""

_CONFIDENCE: Final = 0.95
"""Of the F test that they differ at all, which asks for more of a small pilot."""

_LEAST_RELIABILITY: Final = 0.2
"""A lower one counts as this: the correction would divide by nearly nothing."""

_NEAR_ONE: Final = 1 - 1e-9
"""Fisher's z of a perfect correlation would be infinite."""

_FEWEST: Final = 4
"""Policies of a pilot below which a rank correlation says nothing."""


@dataclass(frozen=True)
class RankAgreement:
    """How a rung ranks policies beside the top, figure by figure.

    Arrays have the shape (figures,) and are float64, but `distinguishable`, which is bool.

    `correlation` as seen, not-a-number where all are equal on both rungs; `reliability` and
    `top_reliability` from 0 to 1. All are not-a-number if the pilot was too small.
    `distinguishable` says in which figures the top distinguishes policies, so that ranks mean
    something; `count` is the number of policies.
    """

    correlation: Floats
    reliability: Floats
    top_reliability: Floats
    distinguishable: Flags
    count: int

    @classmethod
    def between(cls, here: tuple[Floats, Floats], top: tuple[Floats, Floats]) -> "RankAgreement":
        """Compare the same policies on two rungs.

        Parameters
        ----------
        here, top
            Figures of n policies, (n, figures) float64, and the same by replication,
            (n, figures, R) float64.
        """
        (own, own_by), (best, best_by) = here, top
        if len(own) < _FEWEST:
            return cls.unknown(own.shape[1])
        found = np.array([rank_correlation(a, b) for a, b in zip(own.T, best.T, strict=True)])
        top_reliability = reliability(best_by)
        least = _least_reliability(*best_by.shape[::2])
        distinguishable = (top_reliability >= least) & ~np.isnan(found)
        return cls(
            found, reliability(own_by), top_reliability, np.asarray(distinguishable), len(own)
        )

    @classmethod
    def unknown(cls, figures: int) -> "RankAgreement":
        """Return that nothing is known of so many figures."""
        nothing = np.full(figures, np.nan)
        return cls(nothing, nothing, nothing, np.zeros(figures, np.bool_), 0)

    @property
    def corrected(self) -> Floats:
        """Return the correlations without noise, (figures,) float64, from -1 to 1.

        Spearman's correction for attenuation (1904): as seen, over the root of both reliabilities.
        """
        return np.asarray(np.clip(self.correlation / self._attenuation, -1.0, 1.0))

    @property
    def _attenuation(self) -> Floats:
        here, top = (
            np.maximum(own, _LEAST_RELIABILITY) for own in (self.reliability, self.top_reliability)
        )
        return np.asarray(np.sqrt(here * top))

    @property
    def constant(self) -> Flags:
        """Return in which figures all policies are equal, (figures,) bool."""
        return np.asarray(np.isnan(self.correlation) & ~np.isnan(self.reliability))

    def distorts_ranks(self, threshold: float) -> Flags:
        """Return in which figures the rung ranks otherwise than the top, (figures,) bool."""
        expected = np.arctanh(np.clip(threshold * self._attenuation, -_NEAR_ONE, _NEAR_ONE))
        seen = np.arctanh(np.clip(self.correlation, -_NEAR_ONE, _NEAR_ONE))
        error = 1.06 / max(self.count - 3, 1) ** 0.5
        return np.asarray(self.distinguishable & (seen < expected - error))

    def preserves_ranks(self, threshold: float) -> Flags:
        """Return in which figures the rung visibly ranks as the top, (figures,) bool."""
        return np.asarray(self.distinguishable & ~self.distorts_ranks(threshold))


def _least_reliability(count: int, replications: int) -> float:
    """Return the reliability from which n policies over R replications are distinguishable.

    It is 1 - 1/F of the mean squares between policies and of noise.
    """
    from scipy.special import fdtri

    if replications < 2:
        return _DISTINGUISHABLE
    between = count - 1
    ratio = fdtri(between, between * (replications - 1), _CONFIDENCE)
    return max(_DISTINGUISHABLE, 1 - 1 / float(ratio))
