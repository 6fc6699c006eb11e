"""What the trials of a search say together of each lever: a goal as one lever moves alone.

With f the Gaussian process through what all trials showed of a goal, and x the point of a policy,

    curve_d(v) = f(x with lever d at v) - f(x),    mean ± 1.96 standard deviations

(`engine.search.samplers.gaussian_process`). It is learnt from trials in which many levers move at
once, and no run of its own: the band says how little is known where few trials lie.
`experiments.response` simulates each lever alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from optuna.distributions import CategoricalDistribution

from engine.design.cube import UnitCube
from engine.search.samplers.gaussian_process import NoisyValues, posterior_differences
from engine.search.study import SearchStudy
from engine.stats.arrays import Floats

_Row = dict[str, Any]

_POINTS: Final = 9
"""Places of a lever's range that are told."""

_PATH: Final = "trajectory."
"""What the names of the target path's weights begin with in a space."""

_LEAST: Final = 16
"""Trials below which nothing is told."""

_WIDTH: Final = 1.96
"""Standard deviations of a 95 % interval on each side."""


def lever_curves(study: SearchStudy, around: Sequence[str]) -> list[_Row]:
    """Return the rows of `learnt`: by lever, goal and value what the goal changes by.

    Levers that are choices among words are left out, and so are knots of the target's path, which
    say little alone.

    Parameters
    ----------
    study
        A finished search.
    around
        Trials around which levers may move: the first that lies in the space is taken.
    """
    usable = [
        k for k, one in enumerate(study.trials)
        if one.reason is None and one.candidate.point is not None
    ]  # fmt: skip
    named = {study.trials[k].candidate.name: study.trials[k].candidate.point for k in usable}
    policy = next((name for name in around if name in named), None)
    if policy is None or len(usable) < _LEAST:
        return []
    start = dict(named[policy] or {})
    cube = UnitCube(study.distributions)
    x = cube.features(cube.points([dict(study.trials[k].candidate.point or {}) for k in usable]))
    centre = cube.points([start])
    found = []
    for name, points in _moved(study, cube, centre):
        at = cube.features(np.vstack([centre, points]))
        values = [cube.values(point)[name] for point in points]
        for place, goal in enumerate(study.evaluator.goals):
            costs = study.found.costs[usable, place]
            seen = NoisyValues(costs, study.found.cost_errors[usable, place] ** 2)
            mean, deviation = posterior_differences(x, seen, at)
            sign = -1.0 if goal.direction == "maximize" else 1.0
            for k, value in enumerate(values):
                middle, half = sign * float(mean[k]), _WIDTH * float(deviation[k])
                found.append(
                    {
                        "policy": policy,
                        "lever": name,
                        "value": float(value),
                        "base_value": float(start[name]),
                        "measure": goal.measure,
                        "difference": middle,
                        "ci_low": middle - half,
                        "ci_high": middle + half,
                    }
                )
    return found


def _moved(study: SearchStudy, cube: UnitCube, centre: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield each lever with the points at which it has moved, each value once."""
    for axis, (name, distribution) in enumerate(study.distributions.items()):
        if isinstance(distribution, CategoricalDistribution) or name.startswith(_PATH):
            continue
        points = np.repeat(centre, _POINTS, axis=0)
        points[:, axis] = np.linspace(0.0, 1.0, _POINTS)
        _, first = np.unique([cube.values(point)[name] for point in points], return_index=True)
        yield name, points[np.sort(first)]
