"""Pareto sets: non-dominated ranks, thinning of a crowded front, and the hypervolume.

A point dominates another if it is no worse in every cost and better in one. Ranks are
those of non-dominated sorting, distances the crowding distances (Deb, Pratap, Agarwal &
Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002).

The hypervolume is the volume of all that some point dominates below a reference point
(Zitzler & Thiele, PPSN V, LNCS 1498, 1998, as the size of the space covered). It grows with
every point that no other dominates. Computed by slices along the last cost (While,
Hingston, Barone & Huband, IEEE Trans. Evol. Comput. 10(1), 2006).
"""

from collections.abc import Sequence

import numpy as np

from engine.stats.arrays import Flags, Floats

_Costs = Sequence[Sequence[float]]
"""(points, goals), one row per point; less is better."""


def pareto_ranks(costs: _Costs) -> list[int]:
    """Return each point's rank: 0 on the frontier, 1 on it once the frontier is gone, ….

    Parameters
    ----------
    costs
        (points, goals), less is better, each goal in its own unit.
    """
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


def _thin_front(costs: _Costs, count: int) -> list[int]:
    """Return `count` of the points (or all) that lie farthest apart, as ascending indices.

    The most crowded point goes first, one at a time; the ends of every cost stay longest.
    Of equally crowded points the later goes.

    Parameters
    ----------
    costs
        (points, goals), less is better, each goal in its own unit.
    count
        How many points stay, 0 or more.
    """
    table = np.asarray(costs, np.float64)
    kept = list(range(len(table)))
    while len(kept) > count:
        distances = _crowding(table[kept])
        crowded = len(kept) - 1 - int(np.argmin(distances[::-1]))
        del kept[crowded]
    return kept


def select_best(
    costs: _Costs, violations: Sequence[float], among: Sequence[int], count: int
) -> list[int]:
    """Return up to `count` of the points `among`, best first.

    The feasible ones come rank by rank of domination among all feasible points, the last
    rank thinned by crowding; if they are too few, those follow that violate least.

    Parameters
    ----------
    costs
        Of all points, a sequence of the goals' costs each, less is better.
    violations
        Of all points, by how much constraints are exceeded in all; 0 is feasible.
    among
        Places of the points that may be taken.
    count
        Most places to return.
    """
    feasible = [k for k, violation in enumerate(violations) if violation == 0]
    level = dict(zip(feasible, pareto_ranks([costs[k] for k in feasible]), strict=True))
    found: list[int] = []
    for rank in sorted(set(level.values())):
        front = [k for k in among if level.get(k) == rank]
        found += [front[k] for k in _thin_front([costs[k] for k in front], count - len(found))]
    rest = sorted((k for k in among if k not in level), key=lambda k: (violations[k], k))
    return found + rest[: count - len(found)]


def non_dominated(table: Floats) -> Flags:
    """Return for each point whether no other dominates it.

    Parameters
    ----------
    table
        (points, goals) float64, less is better.

    Returns
    -------
    (points,) bool.
    """
    found = np.ones(len(table), np.bool_)
    for k, point in enumerate(table):
        found[k] = not np.any(np.all(table <= point, axis=1) & np.any(table < point, axis=1))
    return found


def _crowding(table: Floats) -> Floats:
    """Return the sum over costs of the gap between a point's neighbours, ends infinite."""
    distances = np.zeros(len(table))
    for cost in table.T:
        order = np.argsort(cost, kind="stable")
        span = cost[order[-1]] - cost[order[0]]
        if span > 0:
            distances[order[1:-1]] += (cost[order[2:]] - cost[order[:-2]]) / span
        distances[order[[0, -1]]] = np.inf
    return distances


def hypervolume(costs: _Costs, reference: Sequence[float]) -> float:
    """Return the volume that `costs` dominate below `reference`; every cost is minimised.

        HV = volume of {z <= reference : some point p has p_k <= z_k for every cost k}

    Exact up to rounding, in the product of the costs' units. Takes n^(m - 1) log n steps
    for n points of m costs: some hundred points of three costs, few of five.

    Parameters
    ----------
    costs
        (n, m), one row per point; dominated points and duplicates add nothing.
    reference
        (m,), in the costs' units; a point that is not below it in every cost adds nothing.

    Raises
    ------
    ValueError
        If a point has not as many costs as the reference.
    """
    corner = np.asarray(reference, np.float64)
    table = np.asarray(costs, np.float64).reshape(len(costs), corner.size)
    return _volume(table[np.all(table < corner, axis=1)], corner)


def _volume(points: Floats, corner: Floats) -> float:
    """Volume of points that all lie below the corner."""
    if len(points) == 0:
        return 0.0
    if corner.size == 1:
        return float(corner[0] - points.min())
    points = points[np.argsort(points[:, -1], kind="stable")]
    # Between the heights of two neighbours the section is that of all points below.
    thickness = np.diff(points[:, -1], append=corner[-1])
    if corner.size == 2:
        reached = np.minimum.accumulate(points[:, 0])
        return float(thickness @ (corner[0] - reached))
    return float(
        sum(
            depth * _volume(points[: k + 1, :-1], corner[:-1])
            for k, depth in enumerate(thickness)
            if depth > 0
        )
    )
