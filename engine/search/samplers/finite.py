"""Spaces of whole numbers and choices alone: how many points they have, and which are left."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from engine.search.problem import Point

_Key = tuple[Any, ...]
"""A point's values, in the order of the space."""


class TriedPoints:
    """The points of a space that were asked before; `size` is how many it has.

    `size` is None where some value is continuous: then none need be passed over.

    Parameters
    ----------
    distributions
        The space, by the coordinate's name.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self._axes = {name: _values(one) or [] for name, one in distributions.items()}
        is_finite = all(self._axes.values())
        self.size = math.prod(map(len, self._axes.values())) if is_finite else None
        self._keys: set[_Key] = set()

    def add(self, point: Point) -> None:
        """Count a point among those that were tried."""
        self._keys.add(self._key(point))

    def distinct_count(self, points: Iterable[Point]) -> int:
        """Return how many points of the space some are, each counted once."""
        return len({self._key(point) for point in points})

    def untried(self, point: Point) -> dict[str, Any]:
        """Return a point of a finite space, or the next one of those that were not tried.

        Points are counted with the last value running fastest, and begin anew after the last; one
        is left at least.
        """
        axes = self._axes
        places = [values.index(point[name]) for name, values in axes.items()]
        while True:
            found = {n: own[k] for (n, own), k in zip(axes.items(), places, strict=True)}
            if self._key(found) not in self._keys:
                return found
            for axis in range(len(places) - 1, -1, -1):
                places[axis] = (places[axis] + 1) % len(list(axes.values())[axis])
                if places[axis]:
                    break

    def _key(self, point: Point) -> _Key:
        """Return what tells a point from others: its values in the order of the space."""
        return tuple(point[name] for name in self._axes)


def _values(one: BaseDistribution) -> list[Any] | None:
    if isinstance(one, CategoricalDistribution):
        return list(one.choices)
    if isinstance(one, IntDistribution):
        return list(range(one.low, one.high + 1, one.step))
    return None
