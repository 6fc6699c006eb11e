"""How often people come.

visits = base_i * engagement_i * (1 + c * habit_i) * load^p * festival * slot share
"""

import numpy as np

from engine.jit import rule

_ONE = np.float32(1.0)


@rule
def visits_rate(base, habit, habit_visits, level):
    """Expected sessions of one buyer in one slot; `level` is what all buyers share."""
    return base * (_ONE + habit_visits * habit) * level
