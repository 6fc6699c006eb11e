"""Drawing from a discrete law in constant time: Vose's alias method (IEEE TSE 1991)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, rule


class AliasTable(NamedTuple):
    """Entry k keeps itself below `threshold[k]` of 2^32, else gives `other[k]`."""

    threshold: NDArray[np.uint64]
    other: NDArray[np.int64]


def alias_table(weights: NDArray[np.float64]) -> AliasTable:
    """The table of non-negative `weights` with a positive sum, shape (n,)."""
    table = AliasTable(np.zeros(weights.size, np.uint64), np.zeros(weights.size, np.int64))
    work = np.empty(weights.size, np.int64)
    fill_alias(weights, table.threshold, table.other, work, np.empty(weights.size))
    return table


@kernel
def fill_alias(weights, threshold, other, work, scaled):
    """Fill a table in place; `work` (int64) and `scaled` (float64) are room of the same length."""
    n = weights.size
    total = 0.0
    for k in range(n):
        total += weights[k]
    scale = n / total
    # `work` holds the small ones from the front and the large ones from the back.
    small, large = 0, n
    for k in range(n):
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
        threshold[less] = np.uint64(scaled[less] * 4294967296.0)
        other[less] = more
        scaled[more] -= 1.0 - scaled[less]
        if scaled[more] < 1.0:
            large += 1
            work[small] = more
            small += 1
    # What is left differs from 1 by rounding only.
    for k in range(small):
        threshold[work[k]] = np.uint64(4294967296)
        other[work[k]] = work[k]
    for k in range(large, n):
        threshold[work[k]] = np.uint64(4294967296)
        other[work[k]] = work[k]


@rule
def draw_alias(random_bits, threshold, other):
    """The entry drawn by 64 random bits."""
    n = np.uint64(threshold.size)
    column = ((random_bits >> np.uint64(32)) * n) >> np.uint64(32)
    keep = (random_bits & np.uint64(0xFFFFFFFF)) < threshold[column]
    return np.int64(column) if keep else other[column]
