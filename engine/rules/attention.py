"""Whether a session is a serious look.

gate = min(1, g0 * need * season * festival * shock * domain * crowding)
domain = public on the feed, private * (1 - fatigue * (1 - affinity)) on a followed stream
need = 1 - exp(-days since the last purchase in the category / tau)
crowding = (2 / (1 + audience / mean audience))^psi

A followed anchor holds attention while it is liked, and looking without buying tires of it:
a platform of follows alone wears out, one of the feed alone never warms up (M9).
"""

import math

import numpy as np

from engine.jit import rule
from engine.rules.fastmath import pow32

_ONE = np.float32(1.0)


@rule
def need(days, tau_days):
    """Need in [0, 1) after `days` >= 0 without a purchase; tau 0 means always in need."""
    if tau_days <= 0.0:
        return 1.0
    return 1.0 - math.exp(-days / tau_days)


@rule
def crowding(relative_audience, power):
    """Factor on attention by a stream's audience, 1 at the mean audience (M20)."""
    return pow32(np.float32(2.0 / (1.0 + relative_audience)), np.float32(power))


@rule
def followed_attention(private, fatigue, affinity):
    """Factor on attention on a followed stream, by affinity in [0, 1]."""
    return private * (_ONE - fatigue * (_ONE - affinity))


@rule
def gate(level, need_now, domain, stream):
    """Probability of a serious look."""
    return min(_ONE, level * need_now * domain * stream)
