"""What the polish tries next: for each level in turn, the step that should save most.

For a level T the points near its cheapest policies are ranked by the expected improvement of the
least price among what holds T,

    score(x) = mean_j max(0, s_j* - price_j(x)) P(held(x) >= T | draw j) prod_i P(g_i(x) <= 0 | j)

j the draws of Gaussian processes through what all trials hold, cost and violate
(`engine.search.samplers.gaussian_sampler`). One step is taken for each level in turn; those that
were proposed before count as being simulated. Where too little is known for a process, steps are
taken in the order of `_moves_from`: back towards another policy, between two, around.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from optuna.distributions import BaseDistribution

from engine.design.cube import UnitCube
from engine.rng import Purpose, derive_seed
from engine.search.aim import cheapest_first
from engine.search.fidelity.estimates import RowFigures
from engine.search.problem import Point
from engine.search.samplers.gaussian_process import NoisyValues, QuantityDraws
from engine.search.samplers.gaussian_sampler import (
    Score,
    excluding,
    expected_improvement,
    points_around,
)
from engine.stats.arrays import Floats, Ints

_KEPT: Final = 250
"""Most trials that a process learns from: its work grows with their cube."""

_LEAST: Final = 4
"""Trials below which nothing is learnt from them."""

_CENTRES, _AROUND, _BEST = 3, 48, 4
"""Policies of a level that steps begin from, random steps of a size, and what is refined."""

_FINER: Final = (0.03, 0.01, 0.003)
"""Standard deviations of the steps around the best."""

_BACK = (0.05, 0.1, 0.25, 0.5)
"""Shares of the way back to an anchor, all levers together."""

_BETWEEN = (-0.25, 0.25, 0.5, 0.75)
"""Shares of the way to a neighbouring row's policy; below 0 away from it."""

_STEPS = (0.1, 0.03, 0.01)
"""Standard deviations of small moves."""


class Turn(NamedTuple):
    """Which level is served, by its place, and the margin above it in standard errors."""

    level: int
    margin: float


class RowTask(NamedTuple):
    """What proposals follow from.

    `points` and `figures` of the trials that have a point and did not fail, in order; `levels`
    ascending, in the unit of what is held, `turns` what is served by one trial after another;
    `anchors` points that a policy may be put back to.
    """

    distributions: Mapping[str, BaseDistribution]
    points: Sequence[Point]
    figures: RowFigures
    levels: Sequence[float]
    turns: Sequence[Turn]
    anchors: Sequence[Point]
    seed: int

    def propose(self, numbers: range) -> list[tuple[float, Point]]:
        """Return a point for each number with the seconds that it took: see the module.

        Parameters
        ----------
        numbers
            Of the trials that are proposed; they name the draws.
        """
        rows, found, start = _RowSteps(self), [], time.perf_counter()
        for number, turn in zip(numbers, self.turns, strict=True):
            point = rows.step(turn, derive_seed(self.seed, Purpose.TRIAL, number))
            found.append((time.perf_counter() - start, point))
            start = time.perf_counter()
        return found


class _RowSteps:
    """The rows of a table, and what surrounds their policies."""

    def __init__(self, task: RowTask) -> None:
        self._task, self._cube = task, UnitCube(task.distributions)
        self._points = self._cube.points(task.points)
        self._anchors = self._cube.points(task.anchors)
        self._learnt = _relevant(task.figures, task.levels)
        seen = task.figures.held_noise[task.figures.on_top]
        self._doubt = float(np.sqrt(2 * np.median(seen))) if len(seen) else 0.0
        self._chosen: list[Floats] = []

    def step(self, turn: Turn, seed: int) -> Point:
        """Return the next step for a level."""
        level = self._task.levels[turn.level] + turn.margin * self._doubt
        centres = self._points[self._centres(level)]
        beside = [k for k in (turn.level - 1, turn.level + 1) if 0 <= k < len(self._task.levels)]
        firsts = [self._centres(self._task.levels[k])[0] for k in beside]
        moves = np.vstack([
            _moves_from(one, self._anchors, self._points[firsts], _AROUND, seed >> 8)
            for one in centres
        ])  # fmt: skip
        score = self._score(level, seed)
        best = self._refined(moves, score, seed)
        self._chosen.append(best)
        return self._cube.values(best)

    def _centres(self, level: float) -> list[int]:
        """Return the trials that are cheapest for a level, or the nearest to it."""
        own = self._task.figures
        everyone = range(len(own.held))
        among = [k for k in everyone if own.is_feasible[k]] or everyone
        good = cheapest_first(own.held, own.price, level, among)
        rest = sorted((k for k in among if k not in set(good)), key=lambda k: -own.held[k])
        return [*good, *rest][:_CENTRES]

    def _score(self, level: float, seed: int) -> Score:
        """Return the score of points for a level; points seen on the top rung have the least."""
        own = self._task.figures
        seen = self._points[own.on_top]
        tried = np.vstack([self._cube.features(part) for part in (seen, *self._pending())])
        if len(own.held) < _LEAST:
            return excluding(tried, lambda x: np.zeros(len(x)))
        price, held, *limits = self._quantities(seed)
        short = held._replace(values=held.values + level, mean=held.mean + level)
        weights = np.ones(1)
        return excluding(tried, expected_improvement([price], [short, *limits], weights, seed))

    def _pending(self) -> list[Floats]:
        return [np.array(self._chosen)] if self._chosen else []

    def _quantities(self, seed: int) -> list[QuantityDraws]:
        """Return draws of the price, of what is held with its sign turned, and of excesses."""
        own = self._task.figures.of(self._learnt)
        x = self._cube.features(self._points[self._learnt])
        pending = np.vstack([np.zeros((0, x.shape[1])), *map(self._cube.features, self._pending())])
        varying = [k for k in range(own.excesses.shape[1]) if np.ptp(own.excesses[:, k]) > 0]
        seen = [
            NoisyValues(own.price, own.price_noise),
            NoisyValues(-own.held, own.held_noise),
            *(NoisyValues(own.excesses[:, k], own.excess_errors[:, k] ** 2) for k in varying),
        ]
        everyone = np.arange(len(x))
        return [
            QuantityDraws.of(x, pending, one, everyone, len(x), derive_seed(seed, Purpose.TRIAL, k))
            for k, one in enumerate(seen)
        ]

    def _refined(self, points: Floats, score: Score, seed: int) -> Floats:
        """Return the best of points and of ever closer ones around the best."""

        def rated(some: Floats) -> Floats:
            return score(self._cube.features(some))

        scores = rated(points)
        if not scores.max() > 0:
            return np.asarray(points[int(np.argmax(scores))])
        for k, step in enumerate(_FINER):
            centres = points[np.argsort(-scores, kind="stable")[:_BEST]]
            near = points_around(centres, step, _AROUND, derive_seed(seed, Purpose.TRIAL, 50 + k))
            points, scores = np.vstack([points, near]), np.append(scores, rated(near))
        return np.asarray(points[int(np.argmax(scores))])


def _relevant(figures: RowFigures, levels: Sequence[float]) -> Ints:
    """Return the trials to learn from, ascending: all, or those nearest to the rows."""
    count = len(figures.held)
    if count <= _KEPT:
        return np.arange(count)
    queues = []
    for level in levels:
        holds = cheapest_first(figures.held, figures.price, level)
        short = sorted(set(range(count)) - set(holds), key=lambda k: -figures.held[k])
        queues += [holds, short]
    longest = max(map(len, queues))
    turns = (queue[k] for k in range(longest) for queue in queues if k < len(queue))
    return np.sort(np.array(list(dict.fromkeys(turns))[:_KEPT], np.int64))


def _moves_from(
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
