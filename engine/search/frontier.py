"""Which points no other beats: non-dominated ranks, and thinning a crowded front.

A point dominates another if it is no worse in every cost and better in one. Ranks are
those of non-dominated sorting, distances the crowding distances (Deb, Pratap, Agarwal &
Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Costs = Sequence[Sequence[float]]


def ranks(costs: Costs) -> list[int]:
    """Return each point's rank: 0 on the frontier, 1 on it once the frontier is gone, …."""
    table = np.asarray(costs, np.float64)
    left = np.arange(len(table))
    found = np.zeros(len(table), np.int64)
    rank = 0
    while len(left):
        front = non_dominated(table[left])
        found[left[front]] = rank
        left = left[~front]
        rank += 1
    return [int(value) for value in found]


def spread(costs: Costs, count: int) -> list[int]:
    """Return `count` of the points (or all) that lie farthest apart, as ascending indices.

    The most crowded point goes first, one at a time; the ends of every cost stay longest.
    Of equally crowded points the later goes.
    """
    table = np.asarray(costs, np.float64)
    kept = list(range(len(table)))
    while len(kept) > count:
        distances = _crowding(table[kept])
        crowded = len(kept) - 1 - int(np.argmin(distances[::-1]))
        del kept[crowded]
    return kept


def best(costs: Costs, violations: Sequence[float], among: Sequence[int], count: int) -> list[int]:
    """Return up to `count` of the points `among`, best first.

    The feasible ones come rank by rank of domination among all feasible points, the last
    rank thinned by crowding; if they are too few, those follow that violate least.
    """
    able = [k for k, violation in enumerate(violations) if violation == 0]
    level = dict(zip(able, ranks([costs[k] for k in able]), strict=True))
    found: list[int] = []
    for rank in sorted(set(level.values())):
        front = [k for k in among if level.get(k) == rank]
        found += [front[k] for k in spread([costs[k] for k in front], count - len(found))]
    rest = sorted((k for k in among if k not in level), key=lambda k: (violations[k], k))
    return found + rest[: count - len(found)]


def non_dominated(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell of each point whether no other dominates it."""
    found = np.ones(len(table), np.bool_)
    for k, point in enumerate(table):
        found[k] = not np.any(np.all(table <= point, axis=1) & np.any(table < point, axis=1))
    return found


def _crowding(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum over costs of the gap between a point's neighbours, ends infinite."""
    distances = np.zeros(len(table))
    for cost in table.T:
        order = np.argsort(cost, kind="stable")
        span = cost[order[-1]] - cost[order[0]]
        if span > 0:
            distances[order[1:-1]] += (cost[order[2:]] - cost[order[:-2]]) / span
        distances[order[[0, -1]]] = np.inf
    return distances
