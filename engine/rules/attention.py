"""Whether a session is a serious look.

gate = min(1, g0 * need * season * festival * shock * domain * crowding * (1 + c * habit))
domain = public on the feed, private * (1 - fatigue * (1 - affinity)) on a followed stream
need = 1 - exp(-days since the last purchase in the category / tau)
crowding = (2 / (1 + audience / mean audience))^psi
variety = N / (N + wanted),  N = 1 / sum of squared shares of the feed   (on the feed alone)

A followed anchor holds attention while it is liked, and looking without buying tires of it:
a platform of follows alone wears out, one of the feed alone never warms up (M9). A feed that shows
the same few streams again and again bores (M20): N is its effective number of streams, Hill's
number of order 2 (Ecology 54, 1973), and `wanted` that at which half of the attention is left.
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
def variety(collision, wanted):
    """Factor on attention to the feed, two visits of which meet one stream with P(collision)."""
    return 1.0 / (1.0 + wanted * collision)


@rule
def followed_attention(private, fatigue, affinity):
    """Factor on attention on a followed stream, by affinity in [0, 1]."""
    return private * (_ONE - fatigue * (_ONE - affinity))


@rule
def returning(habit_attention, habit):
    """Factor on attention by habit in [0, 1]: who is used to buying live looks again (M17)."""
    return _ONE + habit_attention * habit


@rule
def gate(level, need_now, domain, stream, habit):
    """Probability of a serious look; all but `level` are factors."""
    return min(_ONE, level * need_now * domain * stream * habit)
