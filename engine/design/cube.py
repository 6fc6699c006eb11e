"""The unit cube in which samplers of our own work: one axis per searched value.

A number is its place between its bounds, on a log axis in logarithms; a whole number or a
choice is the middle of its cell. Models see whole numbers at those middles, so that all of
a cell is one point to them, and choices one-hot, each 1 apart from every other.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

_Floats = NDArray[np.float64]
_Values = Mapping[str, Any]

_APART: Final = math.sqrt(0.5)
"""One-hot coordinate of a choice: two choices then lie 1 apart."""


class _Axis(NamedTuple):
    """One axis.

    `low` and `high` end its own scale, `ends` are the values there; `cells` is 0 where it is
    continuous.
    """

    low: float
    high: float
    ends: tuple[float, float]
    log: bool
    cells: int
    choices: tuple[Any, ...] = ()

    def value(self, share: float) -> Any:
        """Return the value at a place from 0 to 1."""
        if self.choices:
            return self.choices[min(int(share * self.cells), self.cells - 1)]
        found = float(self.numbers(np.array(share)))
        return int(found) if self.cells else found

    def numbers(self, shares: _Floats) -> _Floats:
        """Return the numbers at places, whole where the axis has cells."""
        found = self.low + (self.high - self.low) * shares
        found = np.exp(found) if self.log else found
        found = np.floor(found + 0.5) if self.cells else found
        return np.clip(found, *self.ends)

    def share(self, value: Any) -> float:
        """Return where a value lies."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / self.cells
        at = math.log(value) if self.log else float(value)
        return min(max((at - self.low) / (self.high - self.low), 0.0), 1.0)


class UnitCube:
    """Maps points of the unit cube to what a sampler proposes, and back."""

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self._axes = {name: _axis(found) for name, found in distributions.items()}
        self.size = len(self._axes)

    def values(self, point: _Floats) -> dict[str, Any]:
        """Return each axis's value, a number or a choice, at a point, (axes,) float64 in [0, 1]."""
        return {
            name: axis.value(float(share))
            for (name, axis), share in zip(self._axes.items(), point, strict=True)
        }

    def points(self, values: Sequence[_Values]) -> _Floats:
        """Return the points at which values lie, (values, axes) float64 in [0, 1].

        Raises
        ------
        KeyError
            If a value of some axis is missing.
        """
        shares = [[axis.share(own[name]) for name, axis in self._axes.items()] for own in values]
        return np.array(shares, np.float64).reshape(len(values), self.size)

    def features(self, points: _Floats) -> _Floats:
        """Return what a regression model takes in place of points, (points, features) float64.

        A continuous axis stays as it is, a whole number goes to its place in the range, and a
        choice becomes a column for each option, 0 but for the one that is taken.

        Parameters
        ----------
        points
            (points, axes) float64 in [0, 1].
        """
        parts = [
            _features(axis, points[:, k : k + 1]) for k, axis in enumerate(self._axes.values())
        ]
        return np.hstack(parts)


def _axis(found: BaseDistribution) -> _Axis:
    if isinstance(found, CategoricalDistribution):
        return _Axis(0.0, 1.0, (0.0, 1.0), False, len(found.choices), found.choices)
    assert isinstance(found, FloatDistribution | IntDistribution)
    ends = (float(found.low), float(found.high))
    low, high, cells = *ends, 0
    if isinstance(found, IntDistribution):
        low, high, cells = low - 0.5, high + 0.5, found.high - found.low + 1
    if found.log:
        low, high = math.log(low), math.log(high)
    return _Axis(low, high, ends, found.log, cells)


def _features(axis: _Axis, shares: _Floats) -> _Floats:
    if axis.choices:
        place = np.minimum((shares * axis.cells).astype(np.int64), axis.cells - 1)
        return np.where(place == np.arange(axis.cells), _APART, 0.0)
    if axis.cells:
        whole = axis.numbers(shares)
        return ((np.log(whole) if axis.log else whole) - axis.low) / (axis.high - axis.low)
    return shares
