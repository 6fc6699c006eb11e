"""How often people come, and how commerce drives them off (M18).

visits = base_i * (1 + c * habit_i) * load^p * activity * festival * slot share
target = (load / historical load)^(-eta) * (1 - b * max(0, return share - its first weeks'))
load counts the feed sold as ads: x (1 + ad load)
activity += (target - activity) / days
"""

import numpy as np

from engine.jit import rule

_ONE = np.float32(1.0)


@rule
def visits_rate(base, habit, habit_visits, level):
    """Expected sessions of one buyer in one slot; `level` is what all buyers share."""
    return base * (_ONE + habit_visits * habit) * level


@rule
def relaxed_activity(activity, load_ratio, response, excess_returns, bad_response, days):
    """Tomorrow's activity; 1 is the level at which the published DAU is reproduced."""
    target = load_ratio ** (-response) * (1.0 - bad_response * excess_returns)
    return activity + (max(target, 0.0) - activity) / days
