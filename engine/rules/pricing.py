"""The price that pays a seller best (M12): a logit price setter inside the gate.

First-order condition for profit (p (1 - f) - c) * s(p), utility -alpha B(x):

    p (1 - f) - c = theta * p (1 - f) / eta,   eta = alpha x^lambda (1 - s) * dln paid / dln p

with conduct theta (1 monopolist of its look, 0 price at cost). An uncapped coupon rate
leaves dln paid / dln p = 1 and raises s: sellers keep a part of it. A coupon at its cap
makes demand steeper. Anderson, de Palma & Thisse 1992, ch. 6-7.
"""

from engine.jit import rule

LARGEST_MARKUP = 0.8
"""Ceiling on the Lerner index: below eta = 1 the condition has no solution."""


@rule
def sensitivity_at(sensitivity, ratio, curvature):
    """Alpha x^lambda for price over price elsewhere x."""
    return sensitivity if curvature == 0.0 else sensitivity * ratio**curvature


@rule
def best_price(cost, fee, sensitivity, share, conduct, paid_slope):
    """The price (fen, float) for unit `cost` (fen), `fee` share of price.

    `sensitivity` is alpha x^lambda, `share` the conditional share in [0, 1), `paid_slope`
    dln paid / dln p > 0.
    """
    elasticity = sensitivity * (1.0 - share) * paid_slope
    lerner = min(conduct / max(elasticity, 1e-9), LARGEST_MARKUP)
    return cost / ((1.0 - fee) * (1.0 - lerner))


@rule
def paid_slope(price, coupon, is_capped):
    """Dln paid / dln price: 1 for a rate coupon, price / paid for a fixed amount."""
    if is_capped and coupon < price:
        return price / (price - coupon)
    return 1.0
