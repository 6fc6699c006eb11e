"""Target and pacing (M14): the push of a one-sided controller, and the day's purse.

    e = max(0, 1 - cumulative GMV / cumulative target)
    push = clip(kp * e + ki * sum of e, 0, 1)

Being ahead never throttles. The sum stands still while the push is at its limit, and
with an empty purse where it can push coupons only (anti-windup; Astrom & Murray,
Feedback Systems 2008, sec. 10.4).
"""

from engine.jit import rule


@rule
def shortfall(cumulative, target):
    """Relative shortfall in [0, 1]; 0 without a target."""
    if target <= 0.0:
        return 0.0
    return max(0.0, 1.0 - cumulative / target)


@rule
def push(error, error_sum, proportional, integral):
    """The controller's output in [0, 1]."""
    return min(1.0, max(0.0, proportional * error + integral * error_sum))


@rule
def allowance(left, weight_today, weight_left):
    """The part of the purse that today may spend, by its share of the days left."""
    if weight_left <= 0.0:
        return 0.0
    return left * min(1.0, weight_today / weight_left)


@rule
def coupon_reach(allowed, forecast_spend):
    """Share of buyers who get a coupon in a slot so that the allowance lasts the day.

    1 where nothing is forecast: what that misses is rationed.
    """
    if forecast_spend <= 0.0:
        return 1.0
    return min(1.0, allowed / forecast_spend)


@rule
def coupon_reaches(own, partner, alone, shared, partners):
    """Shares of buyers with a coupon, and of those coupons on the partner's goods that are given.

    What is allowed of the `own` purse and of the `partner`'s, and forecasts of what all coupons
    would cost: `alone` on others' goods; on the partner's `shared`, the own part, and `partners`.
    Where the partner's purse is short, the own part of what it cannot pay is not spent either:
    reach * given * partners = partner, and reach * (alone + given * shared) = own.
    """
    reach = coupon_reach(own, alone + shared)
    if reach * partners <= partner:
        return reach, 1.0
    reach = coupon_reach(own - partner * shared / partners, alone)
    return reach, coupon_reach(partner, reach * partners)
