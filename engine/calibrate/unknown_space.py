"""The space of unknowns: from a point of the unit cube to changes of the scenario and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from engine.errors import CombinedInputError, InputError
from engine.spec.explain import explain, nearest
from engine.spec.scenario import Scenario
from engine.spec.space import LeverRange
from engine.spec.worlds import Tree
from engine.stats.arrays import Floats

Values = dict[str, float]
_DIGITS: Final = 5
"""Significant digits of a value: what a file says is exactly what was simulated."""


class UnknownSpace:
    """The ranges of the unknowns of one scenario.

    Parameters
    ----------
    ranges
        By the unknown's path in the scenario.
    scenario
        What the unknowns change.

    Raises
    ------
    InputError
        If a path leads to no number of the scenario, or an end of a range breaks its rules.
    """

    def __init__(self, ranges: Mapping[str, LeverRange], scenario: Scenario) -> None:
        self._ranges, self._scenario = ranges, scenario
        self._tree: Tree = scenario.model_dump(mode="json")
        self.names = list(ranges)
        self._check_paths()
        whole = {name: _numbers(_at(self._tree, name.split("."))) for name in self.names}
        self._whole = {
            name
            for name, numbers in whole.items()
            if ranges[name].integer or any(isinstance(number, int) for number in numbers)
        }
        self._check_ends()

    def values(self, cube: Floats) -> list[Values]:
        """Return the unknowns' values at points of the unit cube, by path and in their units.

        Parameters
        ----------
        cube
            (points, unknowns) float64 in [0, 1].
        """
        return [
            {name: self._value(name, share) for name, share in zip(self.names, point, strict=True)}
            for point in cube
        ]

    def cube(self, points: Sequence[Mapping[str, float]]) -> Floats:
        """Return where values lie in the unit cube, (points, unknowns) float64."""
        return np.array(
            [[self._share(name, point[name]) for name in self.names] for point in points]
        )

    def changes(self, point: Mapping[str, float]) -> Tree:
        """Return the changes to the scenario as a tree, as `ensemble.worlds` takes them."""
        tree: Tree = {}
        for path, value in self.places(point).items():
            _put(tree, self._tree, path, value)
        return tree

    def places(self, point: Mapping[str, float]) -> dict[tuple[str, ...], float]:
        """Return the value of every single number that moves, by its path."""
        return {
            path: value
            for name, value in point.items()
            for path in _paths(_at(self._tree, name.split(".")), tuple(name.split(".")))
        }

    def scenario(self, point: Mapping[str, float], name: str) -> Scenario:
        """Return the scenario at a point, under a name of its own."""
        tree = self.whole(self.changes(point)) | {"name": name}
        return Scenario.model_validate(tree)

    def whole(self, changes: Tree) -> Tree:
        """Return the scenario's tree with changes."""
        return dict(_merged(self._tree, changes))

    def _value(self, name: str, share: float) -> float:
        limits = self._ranges[name]
        low, high = _ends(limits)
        value = low + (high - low) * float(share)
        value = float(np.exp(value)) if limits.log else value
        value = float(round(value)) if name in self._whole else float(f"{value:.{_DIGITS}g}")
        return min(max(value, limits.low), limits.high)

    def _share(self, name: str, value: float) -> float:
        limits = self._ranges[name]
        low, high = _ends(limits)
        return (float(np.log(value) if limits.log else value) - low) / (high - low)

    def _check_paths(self) -> None:
        mistakes = [
            mistake
            for mistake in (self._path_mistake(name) for name in self.names)
            if mistake is not None
        ]
        if mistakes:
            raise CombinedInputError(mistakes)

    def _check_ends(self) -> None:
        """Try every range's ends, one unknown at a time and then all together."""
        for share in (0.0, 1.0):
            ends = {name: self._value(name, share) for name in self.names}
            for name, end in ends.items():
                self._check_point({name: end}, f"unknowns.ranges.{name} at {end:g}: scenario")
            side = "high" if share else "low"
            self._check_point(ends, f"unknowns.ranges, all at their {side}: scenario")

    def _check_point(self, point: Values, where: str) -> None:
        try:
            self.scenario(point, self._scenario.name)
        except ValidationError as error:
            raise explain(error, Scenario, root=where) from None

    def _path_mistake(self, name: str) -> InputError | None:
        try:
            found = _numbers(_at(self._tree, name.split(".")))
        except (KeyError, IndexError, ValueError, TypeError):
            found = []
        if found:
            return None
        known = [".".join(path) for path in _paths(self._tree, ())]
        match = nearest(name, known)
        return InputError(
            f"unknowns.ranges.{name}",
            "leads to no number of the scenario",
            "a path such as choice.outside, or of a group of numbers",
            f"did you mean {match}?" if match else f"leave {name} out",
        )


def _ends(limits: LeverRange) -> tuple[float, float]:
    if limits.log:
        return float(np.log(limits.low)), float(np.log(limits.high))
    return limits.low, limits.high


def _at(tree: Any, path: Sequence[str]) -> Any:
    for part in path:
        tree = tree[int(part)] if isinstance(tree, list) else tree[part]
    return tree


def _paths(node: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the paths of the numbers at or below a node."""
    if isinstance(node, Mapping):
        return [found for key, entry in node.items() for found in _paths(entry, (*path, key))]
    if isinstance(node, list):
        return [found for k, entry in enumerate(node) for found in _paths(entry, (*path, str(k)))]
    is_number = isinstance(node, int | float) and not isinstance(node, bool)
    return [path] if is_number else []


def _numbers(node: Any) -> list[float]:
    return [float(_at(node, path)) for path in _paths(node, ())]


def _put(tree: Tree, whole: Tree, path: Sequence[str], value: float) -> None:
    """Set a value in a tree of changes; a list is changed whole, beginning as in `whole`."""
    node: Any = tree
    origin: Any = whole
    for part, after in zip(path, [*path[1:], ""], strict=True):
        key: Any = int(part) if isinstance(origin, list) else part
        if not after:
            node[key] = _like(origin[key], value)
            return
        origin = origin[key]
        if isinstance(node, dict) and key not in node:
            node[key] = _copied(origin) if isinstance(origin, list) else {}
        node = node[key]


def _copied(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _copied(entry) for key, entry in node.items()}
    return [_copied(entry) for entry in node] if isinstance(node, list) else node


def _like(old: Any, value: float) -> float | int:
    """Keep whole numbers whole."""
    return int(value) if isinstance(old, int) and float(value).is_integer() else value


def _merged(tree: Any, changes: Any) -> Any:
    if not (isinstance(tree, Mapping) and isinstance(changes, Mapping)):
        return changes
    return {
        **tree,
        **{key: _merged(tree[key], change) for key, change in changes.items()},
    }
