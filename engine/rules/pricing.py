"""The price that pays a seller best (M12): a logit price setter inside the gate.

First-order condition for profit (p (1 - f) - c) * P(p), utility -alpha B(x) of price over
price elsewhere x, goods of a look in one nest of dissimilarity mu against buying nothing:

    p (1 - f) - c = theta * p (1 - f) / eta
    eta = alpha / mu * x^lambda * (1 - ((1 - mu) s + mu P)) * dln paid / dln p

with conduct theta (1 monopolist of its look, 0 price at cost), P the good's share of the
looks that show it and s its share of what is bought there. At mu = 1 only P is left: the plain
logit. As mu falls buyers move between goods more readily than they give up buying, and a seller
minds its neighbours more than the outside option. An uncapped coupon rate leaves
dln paid / dln p = 1 and raises P: sellers keep a part of it. A coupon at its cap makes demand
steeper. Anderson, de Palma & Thisse 1992, ch. 6-7; nested logit: McFadden 1978; Train,
Discrete Choice Methods with Simulation, 2nd ed. 2009, ch. 4.
"""

from engine.jit import rule

LARGEST_MARKUP = 0.8
"""Ceiling on the Lerner index: below eta = 1 the condition has no solution."""


@rule
def sensitivity_at(sensitivity, ratio, curvature):
    """Alpha x^lambda for price over price elsewhere x."""
    return sensitivity if curvature == 0.0 else sensitivity * ratio**curvature


@rule
def own_elasticity(sensitivity, nest, share, within):
    """Elasticity of a good's sales in what is paid for it, > 0.

    `sensitivity` is alpha x^lambda, `nest` mu in (0, 1], `share` P and `within` s in [0, 1].
    """
    return sensitivity / nest * (1.0 - ((1.0 - nest) * within + nest * share))


@rule
def lerner_index(elasticity, conduct):
    """(p (1 - f) - c) / (p (1 - f)) that pays best under `elasticity` in the price."""
    return min(conduct / max(elasticity, 1e-9), LARGEST_MARKUP)


@rule
def best_price(cost, fee, lerner):
    """The price (fen, float) for unit `cost` (fen), `fee` share of price, Lerner index."""
    return cost / ((1.0 - fee) * (1.0 - lerner))


@rule
def repriced(price, best, speed, lerner, curvature, paid_slope):
    """The price after a day's step towards `best`, which itself answers to the price.

    With shares at rest dln eta / dln p = g = lambda z + 1 - z, z = dln paid / dln p, so that
    dln best / dln p = -g L / (1 - L), L the Lerner index. A step of Newton's method on
    ln best - ln p divides the gap by 1 + g L / (1 - L): at speed 1 it is exact for linear prices
    (lambda 1), and no speed up to 1 passes the price sought. Where g <= 0 the plain step does
    not pass it either.
    """
    steepening = max(curvature * paid_slope + 1.0 - paid_slope, 0.0)
    return price + speed * (best - price) / (1.0 + lerner / (1.0 - lerner) * steepening)


@rule
def paid_slope(price, coupon, is_capped):
    """Dln paid / dln price: 1 for a rate coupon, price / paid for a fixed amount."""
    if is_capped and coupon < price:
        return price / (price - coupon)
    return 1.0
