"""How commerce drives people off, one by one, and how slowly they come back (M18).

engagement g_i multiplies the visits of person i: 1 as on the historical path, 0 gone for good.

    level_i = exp(-a_i (l^2 - 1) / 2)
    l = max(0, load / historical load + ad_aversion (ad load - usual ad load))
    g += (level - g) / leave_days where the level lies below, / return_days where above
    g -= b on a returned order,  g += b u / (1 - u) on one that is kept

At the historical load with the usual ads the level is 1. The harm of one more unit of load grows
with the load, so that for everybody some load is too much; a_i is lognormal over people. With u
the share of orders that people expect to send back, returns at that share move nobody on average.
Below `gone_below` nobody comes back. That ads drive people off, and slowly, was seen in an
experiment of 21 months: its last month showed three times the effect of its first (Goli,
Huang, Reiley & Riabov, Quantitative Marketing and Economics 23(3), 2025).
"""

import math

from engine.jit import rule


@rule
def felt_load(load_ratio, ad_load, usual_ad_load, ad_aversion):
    """Load as people feel it, >= 0: a share of the feed offered for ads weighs `ad_aversion`."""
    return max(0.0, load_ratio + ad_aversion * (ad_load - usual_ad_load))


@rule
def load_level(aversion, felt):
    """Engagement at which a person settles under a felt load >= 0."""
    return math.exp(-aversion * (felt * felt - 1.0) / 2.0)


@rule
def settled(engagement, level, leave_days, return_days, gone_below):
    """Engagement after a night: quickly down towards its level, slowly up; 0 stays 0."""
    if engagement < gone_below:
        return 0.0
    days = leave_days if level < engagement else return_days
    return engagement + (level - engagement) / days


@rule
def order_step(bad_purchase, usual_returns, returned):
    """What one order does to engagement; its mean is 0 at the usual share of returns."""
    if returned:
        return -bad_purchase
    return bad_purchase * usual_returns / (1.0 - usual_returns)
