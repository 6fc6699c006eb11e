"""Supply-chain investment (M21): more capacity, lower cost, better quality, after a delay.

built = 1 - exp(-invested until `delay` days ago / scale)
"""

import math

from engine.jit import rule


@rule
def built_share(invested, scale):
    """How much of what investment can do is done, in [0, 1)."""
    return 1.0 - math.exp(-invested / scale)


@rule
def enlarged(capacity, gain, built):
    """Daily capacity."""
    return capacity * (1.0 + gain * built)


@rule
def cheapened(cost, cut, built):
    """Unit cost."""
    return cost * (1.0 - cut * built)


@rule
def improved(quality, gain, built):
    """Quality in [0, 1]."""
    return quality + gain * built * (1.0 - quality)
