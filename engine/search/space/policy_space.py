"""The searched space: which levers it may hold, and from a sampler's point to a whole policy."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import ValidationError

from engine.errors import InputError
from engine.search.space.conditions import Conditions
from engine.search.space.rules import LinearRules
from engine.spec.base import Dated
from engine.spec.explain import explain, nearest
from engine.spec.levers import LeverEntry, policy_value, set_levers
from engine.spec.policy import Policy
from engine.spec.space import Choice, SearchedLever, Space

_Point = Mapping[str, Any]
"""Values by the names of what is searched: `price.cap`, `price.cap@2020-06-16`."""

_NEAR: Final = 0.01
"""Share of a range within which a bound or a rule counts as reached."""

_ROUND: Final = 1e-9
"""By how much knots may differ and still be the same."""

_MONTHS: Final = 12

_WEIGHT_LIMIT: Final = math.log(4)
"""A segment may weigh from a quarter to four times its share of the base shape."""

KNOTS: Final = "target.knots"


class PolicySpace:
    """The levers that move around one base policy.

    `distributions` are their ranges by the names of what is searched.

    Parameters
    ----------
    space
        Levers with ranges, conditions and rules, and whether the target's trajectory is free.
    base
        Gives every value that is not searched.
    known
        The levers that there are: `engine.spec.levers.levers_of` the scenario's kinds.

    Raises
    ------
    InputError
        If a lever is unknown, its bounds leave its own range or break a rule of the
        policy, a condition or a rule cannot be met, or nothing is searched.
    """

    def __init__(self, space: Space, base: Policy, known: Mapping[str, LeverEntry]) -> None:
        for path, lever in space.levers.items():
            _check_lever(path, lever, known)
        if not space.levers and not space.trajectory:
            raise InputError(
                "space",
                "nothing is searched: no lever and no trajectory",
                "at least one lever, or trajectory=true",
                "take another space, or simulate the one policy there is",
            )
        self._base, self._levers, self._known = base, space.levers, known
        whole = {p for p, lever in space.levers.items() if lever.integer or known[p].integer}
        self._conditions = Conditions(space.levers, whole)
        self._rules = LinearRules(space, known)
        count = space.trajectory_knots_count if space.trajectory else 0
        self._weights = _weight_names(count)
        self.distributions: dict[str, BaseDistribution] = {
            name: _distribution(lever, known[path])
            for path, lever in space.levers.items()
            for name in lever.names(path)
        } | {name: FloatDistribution(-_WEIGHT_LIMIT, _WEIGHT_LIMIT) for name in self._weights}
        self._base_values = self._values_of(base)
        self._check_corners()

    def policy(self, point: _Point, name: str) -> Policy:
        """Return the base policy with the levers at `point`, as its rules allow."""
        repaired = self._rules.repaired(point)
        return self._moved(repaired, self._conditions.inactive(repaired, self._base_values), name)

    def point_of(self, policy: Policy) -> dict[str, Any] | None:
        """Return the point that is `policy`, or None if the space does not hold it.

        A policy that differs from the base in anything that is not searched is not held:
        the sampler would learn from a point that is another policy. The trajectory counts
        as held where some weights give it, to rounding. A lever that does not count there may be
        anywhere in its range.
        """
        point = self.nearest_point(policy)
        ours = self.policy(point, policy.name)
        same_shape = policy.target.knots == self._base.target.knots or (
            bool(self._weights)
            and np.allclose(_monthly(policy.target.knots), ours.target.knots, rtol=0, atol=_ROUND)
        )
        there = set_levers(policy, {KNOTS: ours.target.knots}, policy.name)
        return point if same_shape and there == ours else None

    def nearest_point(self, policy: Policy) -> dict[str, Any]:
        """Return the point whose policy is most like another, lever by lever.

        Numbers go to the nearest bound, choices that there are not to the first; levers outside
        the space are the base's. Of the trajectory each segment keeps its share of the year.
        """
        point: dict[str, Any] = dict(zip(self._weights, self._weights_of(policy), strict=True))
        for path, lever in self._levers.items():
            for name, value in self._own_values(policy, path).items():
                within = _within(lever, value, self.distributions[name])
                point[name] = _nearest(lever, value) if within is None else within
        return point

    def _weights_of(self, policy: Policy) -> list[float]:
        """Return the weights that give each segment of the trajectory its share of the year.

        z_k = ln(share of segment k / its share in the base shape), moved alike to lie around 0.
        """
        count = len(self._weights)
        if not count or policy.target.knots == self._base.target.knots:
            return [0.0] * count
        segment = np.arange(_MONTHS) * count // _MONTHS
        own, base = (
            np.bincount(segment, np.diff(_monthly(one.target.knots), prepend=0.0), count)
            for one in (policy, self._base)
        )
        ratios = np.log(np.maximum(own, _ROUND) / np.maximum(base, _ROUND))
        middle = (ratios.max() + ratios.min()) / 2
        return [float(z) for z in np.clip(ratios - middle, -_WEIGHT_LIMIT, _WEIGHT_LIMIT)]

    def off_point(self) -> dict[str, Any]:
        """Return the point at which levers are off, or as in the base policy, within their bounds.

        Levers with neither there are at their least or first value; the trajectory is the base's.
        """
        point: dict[str, Any] = dict.fromkeys(self._weights, 0.0)
        for path, lever in self._levers.items():
            for name, base in self._own_values(self._base, path).items():
                off = self._known[path].off
                wanted = base if off is None else off
                found = _within(lever, wanted, self.distributions[name])
                point[name] = lever.ends[0] if found is None else found
        return point

    def lever_columns(self, policy: Policy) -> dict[str, Any]:
        """Return the columns `lever.<name>`: what was simulated; None where it changes."""
        columns = {f"lever.{name}": value for name, value in self._values_of(policy).items()}
        if self._weights:
            monthly = _trajectory_knots(policy.target.knots, [0.0])
            columns |= {f"lever.{KNOTS}.{m + 1:02d}": knot for m, knot in enumerate(monthly)}
        return columns

    def at_bound(self, point: _Point) -> list[str]:
        """Name the levers that count and lie within 1 % of a bound, and the rules at theirs."""
        repaired = self._rules.repaired(point)
        inactive = self._conditions.inactive(repaired, self._base_values)
        found = []
        for path, lever in self._levers.items():
            if path in inactive or lever.choices is not None:
                continue
            low, high = lever.bounds
            for name in lever.names(path):
                if repaired[name] <= low + _NEAR * (high - low):
                    found.append(f"{name} at its least")
                elif repaired[name] >= high - _NEAR * (high - low):
                    found.append(f"{name} at its most")
        return found + [f"rule {name}" for name in self._rules.binding(repaired, _NEAR)]

    def _moved(self, point: _Point, inactive: set[str], name: str) -> Policy:
        values: dict[str, Any] = {}
        for path, lever in self._levers.items():
            if path in inactive:
                continue
            free = {day: point[own] for own, day in lever.names(path).items()}
            values[path] = free if lever.dates else point[path]
        if self._weights:
            weights = [point[weight] for weight in self._weights]
            values[KNOTS] = _trajectory_knots(self._base.target.knots, weights)
        return set_levers(self._base, values, name)

    def _values_of(self, policy: Policy) -> dict[str, Any]:
        """Return every searched value of a policy by its name."""
        return {
            name: value
            for path in self._levers
            for name, value in self._own_values(policy, path).items()
        }

    def _own_values(self, policy: Policy, path: str) -> dict[str, Any]:
        names = self._levers[path].names(path)
        return {name: _lever_value(policy, path, day) for name, day in names.items()}

    def _check_corners(self) -> None:
        """Refuse a space whose least or highest values break a rule between levers."""
        for side in (0, 1):
            point = {
                name: lever.ends[side]
                for path, lever in self._levers.items()
                for name in lever.names(path)
            }
            try:
                self._moved(point | dict.fromkeys(self._weights, 0.0), set(), "corner")
            except ValidationError as error:
                raise explain(error, Policy, "policy") from None


def _within(lever: SearchedLever, value: Any, distribution: BaseDistribution) -> Any:
    """Return a policy's value as the sampler has it; None if it lies outside."""
    if lever.choices is not None:
        return next((choice for choice in lever.choices if choice == value), None)
    low, high = lever.bounds
    if value is None or not low <= value <= high:
        return None
    return int(value) if isinstance(distribution, IntDistribution) else value


def _nearest(lever: SearchedLever, value: Any) -> Any:
    """Return the end of a range that lies next to a value outside; the first where none does."""
    if lever.choices is not None or lever.when is not None or not isinstance(value, int | float):
        return lever.ends[0]
    low, high = lever.bounds
    return low if value < low else high


def _distribution(lever: SearchedLever, limits: LeverEntry) -> BaseDistribution:
    if lever.choices is not None:
        return CategoricalDistribution(lever.choices)
    low, high = lever.bounds
    if lever.integer or limits.integer:
        return IntDistribution(int(low), int(high), log=lever.log)
    return FloatDistribution(low, high, log=lever.log)


def _weight_names(count: int) -> list[str]:
    """Return the names of the free weights of `count` segments."""
    return [f"trajectory.weight_{k + 1}" for k in range(count)]


def _trajectory_knots(base: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """Return the twelve monthly knots of the target, from free increments.

    Month m (0…11) has the base shape's increment d_m. The horizon is cut into K segments;
    segment k has a free weight z_k in [-ln 4, ln 4], and

        increment_m = d_m exp(z_k(m)) / Σ_j d_j exp(z_k(j)),    knot_m = Σ_{j ≤ m} increment_j

    so that every draw gives knots that never fall and end at 1, and all weights equal is the
    base shape.

    Parameters
    ----------
    base
        The base policy's knots, evenly spaced over the horizon, the last 1; shares of the
        year's target.
    weights
        z_k, one per segment.
    """
    segment = np.arange(_MONTHS) * len(weights) // _MONTHS
    increments = np.diff(_monthly(base), prepend=0.0) * np.exp(np.asarray(weights))[segment]
    rising = np.cumsum(increments) / increments.sum()
    rising[-1] = 1.0
    return tuple(float(knot) for knot in np.minimum(rising, 1.0))


def _monthly(base: Sequence[float]) -> NDArray[np.float64]:
    """Read the base shape, straight between its knots and from zero, at the months' ends."""
    at = np.arange(len(base) + 1) / len(base)
    return np.interp(np.arange(1, _MONTHS + 1) / _MONTHS, at, [0.0, *base])


def _lever_value(policy: Policy, path: str, day: date | None = None) -> Any:
    """Return the lever's value, or that on a day; without one, None if it changes over time."""
    value = policy_value(policy, path)
    if isinstance(value, Dated):
        if day is not None:
            return value.on(day)
        return value.steps[0][1] if len(value.steps) == 1 else None
    return value if isinstance(value, bool | str) else float(value)


def _check_lever(path: str, lever: SearchedLever, known: Mapping[str, LeverEntry]) -> None:
    """Refuse a searched lever that the policy does not have, or not with such values.

    Raises
    ------
    InputError
        Naming the lever's own range.
    """
    where = f"space.levers.{path}"
    if path not in known:
        raise _unknown_lever(path, where, known)
    limits = known[path]
    if lever.dates and not limits.dated:
        raise InputError(
            where,
            f"{path} holds for the whole year: it takes no dates",
            "dates of levers that may change, such as subsidy.rate.source",
            f"leave {where}.dates out",
        )
    if lever.choices is not None:
        _check_choices(where, lever.choices, limits)
    elif limits.choices:
        allowed = ", ".join(map(str, limits.choices))
        raise InputError(
            where, "is no number: it has no bounds", allowed, f"give {where}.choices=[{allowed}]"
        )
    else:
        _check_bounds(where, lever, limits)


def _check_choices(where: str, choices: tuple[Choice, ...], limits: LeverEntry) -> None:
    allowed = ", ".join(map(str, limits.choices)) if limits.choices else _range(limits)
    for choice in choices:
        is_number = isinstance(choice, int | float) and not isinstance(choice, bool)
        is_known = (
            choice in limits.choices
            if limits.choices
            else is_number and limits.low <= float(choice) <= limits.high
        )
        if not is_known or (limits.integer and not float(choice).is_integer()):
            raise InputError(
                f"{where}.choices", f"{choice!r} is not in the lever's own range", allowed,
                f"take {choice!r} out",
            )  # fmt: skip


def _check_bounds(where: str, lever: SearchedLever, limits: LeverEntry) -> None:
    low, high = lever.bounds
    allowed = _range(limits)
    if low < limits.low or high > limits.high:
        raise InputError(
            where,
            f"the bounds {low:g} to {high:g} leave the lever's own range",
            allowed,
            f"set {where}.low={max(low, limits.low):g} {where}.high={min(high, limits.high):g}",
        )
    whole = low.is_integer() and high.is_integer()
    if (limits.integer or lever.integer) and not whole:
        raise InputError(
            where,
            f"the bounds {low:g} to {high:g} of a whole number are not whole",
            f"whole numbers {allowed}",
            "round the bounds",
        )


def _range(limits: LeverEntry) -> str:
    return f"from {limits.low:g} to {limits.high:g}"


def _unknown_lever(path: str, where: str, known: Collection[str]) -> InputError:
    """Say that there is no such lever, and which is nearest."""
    match = nearest(path, known)
    hint = f"did you mean {match}?" if match else f"choose one of {', '.join(known)}"
    if path == KNOTS or path.startswith(f"{KNOTS}."):
        hint = "set space.trajectory=true to search the knots"
    group = path.rpartition(".")[0]
    beside = [name for name in known if group and name.startswith(f"{group}.")] or list(known)
    return InputError(where, "the policy has no such lever", ", ".join(beside), hint)
