"""How often people come.

visits   = base_i * engagement_i * (1 + c * habit_i) * load^p * festival * slot share
festival = 1 + (traffic - 1) * (1 + draw * coupon)

What a festival adds is more where coupons are announced: advertised promotions raise the traffic
of shops (Blattberg, Briesch & Fox, Marketing Science 14(3), 1995). `coupon` is the mean share of
price that coupons promise on the day.
"""

import numpy as np

from engine.jit import rule

_ONE = np.float32(1.0)


@rule
def visits_rate(base, habit, habit_visits, level):
    """Expected sessions of one buyer in one slot; `level` is what all buyers share."""
    return base * (_ONE + habit_visits * habit) * level


@rule
def festival_visits(traffic, draw, coupon):
    """Factor of a festival on visits, 1 on a plain day; `coupon` >= 0 as a share of price."""
    return 1.0 + (traffic - 1.0) * (1.0 + draw * coupon)


@rule
def plain_demand(season, traffic, attention):
    """How much more than on a plain day is bought: factors of the season and of festivals."""
    return season * traffic * attention
