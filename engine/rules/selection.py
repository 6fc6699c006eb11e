"""Weekly selection (M5, M6): what a good is worth to an anchor's showcase.

score = ln(commission per sale) + utility to a mean buyer + plan bonus, and a taste shock
"""

import math

from engine.jit import rule


@rule
def showcase_score(price, cps, utility, plan_bonus):
    """Log of expected earnings per look, up to a constant; price > 0 in fen."""
    return math.log(price * max(cps, 1e-4)) + utility + plan_bonus


@rule
def gumbel(u):
    """Standard Gumbel shock from a uniform in (0, 1)."""
    return -math.log(-math.log(min(max(u, 1e-12), 1.0 - 1e-12)))
