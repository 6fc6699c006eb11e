"""Steps from a policy that may make it cheaper: back towards another one, between two, around."""

from collections.abc import Sequence

import numpy as np

from engine.search.samplers.gaussian_sampler import points_around
from engine.stats.arrays import Floats

_BACK = (0.05, 0.1, 0.25, 0.5)
"""Shares of the way back to an anchor, all levers together."""

_BETWEEN = (-0.25, 0.25, 0.5, 0.75)
"""Shares of the way to a neighbouring row's policy; below 0 away from it."""

_STEPS = (0.1, 0.03, 0.01)
"""Standard deviations of small moves."""


def moves_from(
    centre: Floats, anchors: Floats, neighbours: Floats, count: int, seed: int
) -> Floats:
    """Return points near a policy, put back first.

    Single levers at an anchor's value, then half way there; all levers a part of the way; points
    on the line to each neighbour; random small moves.

    Parameters
    ----------
    centre
        (axes,) float64, a point of the unit cube.
    anchors, neighbours
        (points, axes) float64.
    count
        Random moves of each size.
    seed
        Names them.

    Returns
    -------
    (moves, axes) float64, within the unit cube.
    """
    found = [one for anchor in anchors for one in _put_back(centre, anchor)]
    found += [centre + share * (anchor - centre) for anchor in anchors for share in _BACK]
    found += [centre + share * (other - centre) for other in neighbours for share in _BETWEEN]
    single = np.reshape(found, (len(found), centre.size)) if found else np.zeros((0, centre.size))
    around = [points_around(centre[None], s, count, seed + k) for k, s in enumerate(_STEPS)]
    return np.clip(np.vstack([single, *around]), 0.0, 1.0)


def _put_back(centre: Floats, anchor: Floats) -> Sequence[Floats]:
    """Return the centre with one lever as in the anchor, or half way there, for each lever."""
    moved = np.flatnonzero(centre != anchor)
    found = []
    for share in (1.0, 0.5):
        for axis in moved:
            point = centre.copy()
            point[axis] += share * (anchor[axis] - centre[axis])
            found.append(point)
    return found
