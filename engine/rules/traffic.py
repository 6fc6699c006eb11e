"""The public feed (M20): weight = (signal / mean signal)^r + floor, with growth support.

The signal is a smoothed expected GMV. r < 1 gives a stable split, r = 1 a lottery,
r > 1 a monopoly; the floor is inclusive, the support helps waist anchors that grow.
"""

import numpy as np

from engine.jit import rule
from engine.rules.fastmath import pow32


@rule
def feed_weight(relative_signal, exponent, floor, support, grows):
    """Weight of one live anchor in the feed."""
    earned = pow32(np.float32(relative_signal), np.float32(exponent))
    return earned * (1.0 + support if grows else 1.0) + floor


@rule
def live_probability(base, relative_commission, response):
    """Anchors stream more when their commission beats what is usually offered (M6, M12)."""
    relative = min(max(relative_commission, 0.25), 4.0)
    return min(0.98, base * pow32(np.float32(relative), np.float32(response)))
