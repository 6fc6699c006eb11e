"""Spaces of whole numbers and choices alone: how many points they have, and which are left."""

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from engine.search.problem import Point

Key = tuple[Any, ...]
"""A point's values, in the order of the space."""


def space_size(distributions: Mapping[str, BaseDistribution]) -> int | None:
    """Return how many points a space has, int; None if some value is continuous."""
    values = [_values(one) for one in distributions.values()]
    if any(own is None for own in values):
        return None
    return math.prod(len(own) for own in values if own is not None)


def point_key(point: Point, distributions: Mapping[str, BaseDistribution]) -> Key:
    """Return what tells a point from others: its values in the order of `distributions`."""
    return tuple(point[name] for name in distributions)


def untried(
    point: Point, tried: AbstractSet[Key], distributions: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Return a point of a finite space, or the next one of those that were not tried.

    Points are counted with the last value running fastest, and begin anew after the last.

    Parameters
    ----------
    point
        What was proposed.
    tried
        Keys of the points to pass over; not all there are.
    distributions
        The space, by the coordinate's name.
    """
    axes = {name: _values(one) or [] for name, one in distributions.items()}
    places = [values.index(point[name]) for name, values in axes.items()]
    while True:
        found = {n: own[k] for (n, own), k in zip(axes.items(), places, strict=True)}
        if point_key(found, distributions) not in tried:
            return found
        for axis in range(len(places) - 1, -1, -1):
            places[axis] = (places[axis] + 1) % len(list(axes.values())[axis])
            if places[axis]:
                break


def _values(one: BaseDistribution) -> list[Any] | None:
    if isinstance(one, CategoricalDistribution):
        return list(one.choices)
    if isinstance(one, IntDistribution):
        return list(range(one.low, one.high + 1, one.step))
    return None
