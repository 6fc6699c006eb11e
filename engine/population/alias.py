"""Drawing from a discrete law in constant time: Vose's alias method (IEEE TSE 1991)."""

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, rule

_Words = NDArray[np.uint64]
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_SCALE = 4294967296.0


def alias_table(weights: NDArray[np.float64]) -> _Words:
    """The table of non-negative `weights` with a positive sum, shape (n,).

    Word k keeps k below its upper 32 bits, of 2^32, else gives its lower 32 bits: both in
    one word, so that a draw reads memory once.
    """
    table = np.zeros(weights.size, np.uint64)
    total = float(np.cumsum(weights)[-1])
    fill_alias(weights, total, table, np.empty(weights.size, np.int64), np.empty(weights.size))
    return table


@kernel
def fill_alias(weights, total, table, work, scaled):
    """Fill a table in place; `work` (int64) and `scaled` (float64) are room of the same length.

    `total` (float64) is the sum of the weights.
    """
    n = weights.size
    scale = n / total
    # `work` holds the small ones from the front and the large ones from the back.
    small, large = 0, n
    for k in range(n):
        table[k] = np.uint64(k)  # what is not paired below gives itself
        scaled[k] = weights[k] * scale
        if scaled[k] < 1.0:
            work[small] = k
            small += 1
        else:
            large -= 1
            work[large] = k
    while small > 0 and large < n:
        small -= 1
        less, more = work[small], work[large]
        table[less] = np.uint64(scaled[less] * _SCALE) << _SHIFT | np.uint64(more)
        scaled[more] -= 1.0 - scaled[less]
        if scaled[more] < 1.0:
            large += 1
            work[small] = more
            small += 1


@rule
def draw_alias(random_bits, table):
    """The entry drawn by `random_bits` from a `table`, both uint64, without a branch; int64."""
    column = ((random_bits >> _SHIFT) * np.uint64(table.size)) >> _SHIFT
    word = table[column]
    keeps = np.int64((random_bits & _LOW) < word >> _SHIFT)
    other = np.int64(word & _LOW)
    return other + keeps * (np.int64(column) - other)
