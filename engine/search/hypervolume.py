"""How much a frontier covers: one number for a set of points with several costs.

The hypervolume is the volume of all that some point dominates below a reference point
(Zitzler & Thiele, PPSN V, LNCS 1498, 1998, as the size of the space covered). It grows with
every point that no other dominates. Computed by slices along the last cost (While,
Hingston, Barone & Huband, IEEE Trans. Evol. Comput. 10(1), 2006).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.search.frontier import Costs

Floats = NDArray[np.float64]


def hypervolume(costs: Costs, reference: Sequence[float]) -> float:
    """Return the volume that `costs` dominate below `reference`; every cost is minimised.

        HV = volume of {z <= reference : some point p has p_k <= z_k for every cost k}

    Exact up to rounding, in the product of the costs' units. Takes n^(m - 1) log n steps
    for n points of m costs: some hundred points of three costs, few of five.

    Parameters
    ----------
    costs : (n, m), one row per point; dominated points and duplicates add nothing
    reference : (m,); a point that is not below it in every cost adds nothing

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
