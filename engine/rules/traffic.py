"""The public feed (M20): weight = (signal / mean signal)^r + floor, with growth support.

The signal is a smoothed expected GMV a day on the air. r < 1 gives a stable split, r = 1 a
lottery, r > 1 a monopoly; the floor is inclusive, the support helps waist anchors that grow.

Of a slot's feed an anchor gets weight / sum of weights on the air: its sales are those of a
whole day with a usual crowd once they are divided by its exposure,

    exposure = sum over its slots on the air of slot share * usual sum of weights / sum of weights

so that neither hours off the air nor others' hours bend the exponent: where sellers of pull a
share a feed of signal^r, signals settle at a^(1 / (1 - r)). Off the air nothing is learned. A
signal that fades forgets (Arthur, Ermoliev & Kaniovski, European Journal of Operational
Research 30, 1987); the mean of all days is Polya's urn at r = 1, whose shares settle at random.
"""

import numpy as np

from engine.jit import rule
from engine.rules.fastmath import pow32

_GUESS_DAYS = 14.0
"""Days on the air that a first guess counts for where no signal fades."""


@rule
def feed_weight(relative_signal, exponent, floor, support, grows):
    """Weight of one live anchor in the feed."""
    earned = pow32(np.float32(relative_signal), np.float32(exponent))
    return earned * (1.0 + support if grows else 1.0) + floor


@rule
def signal_step(aired, aired_before, days):
    """Weight of today's sales in the signal, after `aired` days on the air (a part of one).

    `days` is the time of an exponential mean; 0 takes the mean of all days, in which the first
    guess counts as `_GUESS_DAYS`.
    """
    return aired / days if days > 0.0 else aired / (_GUESS_DAYS + aired_before + aired)


@rule
def live_probability(base, relative_commission, response):
    """Anchors stream more when their commission beats what is usually offered (M6, M12)."""
    relative = min(max(relative_commission, 0.25), 4.0)
    return min(1.0, base * pow32(np.float32(relative), np.float32(response)))
