"""Subset simulation: points of the small region that emulators do not rule out.

The region that is left may be a millionth of the cube. Subset simulation (Au & Beck,
Probabilistic Engineering Mechanics 16, 2001) walks there through ever tighter levels: each
keeps the best quarter of a population and moves copies of it by differential evolution
(ter Braak, Statistics and Computing 16, 2006) within the level.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from engine.design.draws import uniform_draws
from engine.design.sequences import latin_hypercube
from engine.rng import Purpose, derive_seed
from engine.stats.arrays import Flags, Floats

Implausibility = Callable[[Floats], Floats]
"""Takes points of the unit cube, (points, unknowns) float64; returns (points,) float64, in
standard deviations."""

_POPULATION: Final = 1000
_LEVELS: Final = 30
_STEPS: Final = 6
"""Walkers, levels at most, and moves of each walker at a level."""

_KEPT: Final = 0.25
_SETTLING: Final = 5
"""Share that outlives a level; times `_STEPS` until walkers do not depend on where they began."""

_JITTER: Final = 0.01
"""Half width of what is added to a move, as a share of the cube."""


def sample_plausible(
    rule: Implausibility, unknowns: int, count: int, cutoff: float, seed: int
) -> Floats:
    """Draw points with `rule` at or below the cutoff, or as low as can be reached.

    Parameters
    ----------
    rule
        What is to be small: of (points, unknowns) float64 it returns (points,) float64.
    unknowns
        Dimensions of the cube.
    count
        Points to return, at the most.
    cutoff
        In standard deviations.
    seed
        Names the draws.

    Returns
    -------
    (points, unknowns) float64 in the unit cube, no two alike.
    """
    x = latin_hypercube(unknowns, max(_POPULATION, count), derive_seed(seed, Purpose.TRIAL, 0))
    y = rule(x)
    for level in range(1, _LEVELS + 1):
        limit = max(cutoff, float(np.quantile(y, _KEPT)))
        survivors = np.flatnonzero(y <= limit)
        places = survivors[np.arange(len(x)) % survivors.size]
        done = limit <= cutoff or level == _LEVELS
        steps = _STEPS * _SETTLING if done else _STEPS
        x, y = _walk(rule, x[places], limit, steps, derive_seed(seed, Purpose.TRIAL, level))
        if done:
            break
    unique = np.unique(x, axis=0, return_index=True)[1]
    chosen = np.sort(unique)[np.linspace(0, unique.size - 1, min(count, unique.size)).astype(int)]
    return np.asarray(x[chosen])


def _walk(
    rule: Implausibility, x: Floats, limit: float, steps: int, seed: int
) -> tuple[Floats, Floats]:
    """Move every walker by the difference of two others, as long as it stays in the level."""
    y = rule(x)
    for step in range(steps):
        moved, inside = moved_walkers(x, step, seed)
        value = rule(moved)
        better = (value <= limit) & inside
        x, y = np.where(better[:, None], moved, x), np.where(better, value, y)
    return x, y


def moved_walkers(x: Floats, step: int, seed: int) -> tuple[Floats, Flags]:
    """Propose for every walker a move by the difference of two others.

    Parameters
    ----------
    x
        (walkers, unknowns) float64 in the unit cube.
    step
        Number of the move; every third goes the whole way, from one part of a split region to
        another.
    seed
        Names the draws.

    Returns
    -------
    Where they would go, (walkers, unknowns) float64, and whether that is inside the cube,
    (walkers,) bool.
    """
    size, unknowns = x.shape
    own = derive_seed(seed, Purpose.TRIAL, step)
    first, second = (
        (uniform_draws(own, Purpose.TRIAL, (size,), k) * size).astype(int) for k in (0, 1)
    )
    noise = uniform_draws(own, Purpose.FRESH, (size, unknowns))
    length = 1.0 if step % 3 == 2 else 2.38 / np.sqrt(2 * unknowns)
    moved = x + length * (x[first] - x[second]) + _JITTER * (2.0 * noise - 1.0)
    moved = 1.0 - np.abs(1.0 - np.abs(moved))  # back from the walls
    return moved, ((moved >= 0.0) & (moved <= 1.0)).all(axis=1)
