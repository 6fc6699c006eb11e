"""Sums over a buyer's follows, four at once.

Four affinities a, each below 2^12, lie in the four 16-bit lanes of a 64-bit word w; the lane of
the first is the lowest (on a little-endian machine).

    w * 0x0001_0001_0001_0001              lane k is a_0 + ... + a_k
    (2^15 + mark) in each lane - sums      the top bit of lane k tells whether mark >= its sum

Eight affinities add up to less than 2^15, so no lane runs over into the next. (Knuth, The Art of
Computer Programming, vol. 4A, 7.1.3: broadword computing.)
"""

import numpy as np

from engine.jit import step
from engine.population.buyers import AFFINITY_ONE, FOLLOWS, LANE_BITS, LANES, anchor_of

HIGHEST_MARK = (1 << (LANE_BITS - 1)) - 1
"""Marks from the sum of all affinities to here lie beyond the last follow."""

_EACH = np.uint64(0x0001_0001_0001_0001)
_AFFINITY = _EACH * np.uint64(AFFINITY_ONE)
_TOP = np.uint64(LANE_BITS - 1)
_LAST = np.uint64(LANE_BITS * (LANES - 1))


@step
def affinities_of(me):
    """The affinities to the first four and to the other follows, in lanes of nothing else."""
    return me.affinity_words[0] & _AFFINITY, me.affinity_words[1] & _AFFINITY


@step
def where(me, presence, state):
    """Masks on `affinities_of` that keep the follows whose anchors are in a state of presence."""
    low = high = np.uint64(0)
    for f in range(LANES):
        lane = np.uint64(f * LANE_BITS)
        low |= np.uint64(presence[anchor_of(me, f)] == state) << lane
        high |= np.uint64(presence[anchor_of(me, f + LANES)] == state) << lane
    return low * np.uint64(AFFINITY_ONE), high * np.uint64(AFFINITY_ONE)


@step
def sum_of(low, high):
    """Sum of the affinities in both words."""
    return np.int32(((low + high) * _EACH) >> _LAST)


@step
def place_at(low, high, mark):
    """The follow whose interval of summed affinities holds `mark`; beyond all, the last."""
    sums = low * _EACH
    more = high * _EACH + (sums >> _LAST) * _EACH
    marks = (np.uint64(mark) | np.uint64(1) << _TOP) * _EACH
    passed = (((marks - sums) >> _TOP) & _EACH) + (((marks - more) >> _TOP) & _EACH)
    return np.int32(min((passed * _EACH) >> _LAST, np.uint64(FOLLOWS - 1)))
