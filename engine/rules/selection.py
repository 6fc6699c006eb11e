"""Weekly selection (M5, M6): what a good is worth to an anchor's showcase.

score = ln(commission per sale) + utility to a mean buyer / nest + plan bonus + spread * shock
shock = -ln w, w = -ln u: Gumbel's standard law, from a uniform draw u in [0, 1)
quality shown = quality * (1 - mismatch * openness)          for goods of the library

Of what it did not make, an anchor chooses and describes the less well the more of the library
lies open to it: the goods disappoint. Lower quality raises returns, and lowers trust and appeal.
"""

import math

import numpy as np

from engine.jit import rule


@rule
def showcase_score(price, cps, utility, plan_bonus):
    """Log of expected earnings per look, up to a constant; price > 0 in fen."""
    return math.log(price * max(cps, 1e-4)) + utility + plan_bonus


@rule
def above_zero(u):
    """A uniform draw in [0, 1), at least 1e-12: its logarithm is finite."""
    return max(u, 1e-12)


@rule
def exponential(u, waited):
    """-ln u to float32's precision; `waited` (float32) is that of `u` rounded.

    Near 1 it is the series in 1 - u, where the logarithm of a float32 is lost.
    """
    rest = max(1.0 - u, 1e-12)
    series = rest + rest * rest * (0.5 + rest / 3.0)
    return np.float32(series) if rest < 0.01 else waited


@rule
def quality_shown(quality, mismatch, open_share):
    """Quality in [0, 1] of a good of the library, `open_share` of which is open to its anchor."""
    return quality * (1.0 - mismatch * open_share)
