"""The searched space: from a point of the sampler to a whole policy."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from pydantic import ValidationError

from engine.errors import InputError
from engine.search import trajectory
from engine.search.levers import (
    KNOTS,
    LeverLimits,
    known_levers,
    lever_value,
    set_levers,
    unknown_lever,
)
from engine.spec.explain import explain
from engine.spec.policy import Policy
from engine.spec.study import LeverRange, Space

Point = Mapping[str, float]


class PolicySpace:
    """The levers that move around one base policy.

    Raises
    ------
    InputError
        If a lever is unknown, its bounds leave its own range or break a rule of the
        policy, or nothing is searched.
    """

    def __init__(self, space: Space, base: Policy) -> None:
        known = known_levers()
        for path, limits in space.levers.items():
            _check(path, limits, known)
        if not space.levers and not space.trajectory:
            raise InputError(
                "space",
                "nothing is searched: no lever and no trajectory",
                "at least one lever, or trajectory=true",
                "take another space, or simulate the one policy there is",
            )
        self._base = base
        self._levers = space.levers
        count = space.trajectory_knots_count if space.trajectory else 0
        self._weights = trajectory.weight_names(count)
        self.distributions: dict[str, BaseDistribution] = {
            path: _distribution(limits, known[path]) for path, limits in space.levers.items()
        } | {
            name: FloatDistribution(-trajectory.WEIGHT_LIMIT, trajectory.WEIGHT_LIMIT)
            for name in self._weights
        }
        self._check_corners()

    def policy(self, point: Point, name: str) -> Policy:
        """Return the base policy with the levers at `point`."""
        values: dict[str, Any] = {path: point[path] for path in self._levers}
        if self._weights:
            weights = [point[weight] for weight in self._weights]
            values[KNOTS] = trajectory.knots(self._base.target.knots, weights)
        return set_levers(self._base, values, name)

    def point_of(self, policy: Policy) -> dict[str, float] | None:
        """Return the point that is `policy`, or None if the space does not hold it.

        A policy that differs from the base in anything that is not searched is not held:
        the sampler would learn from a point that is another policy. The trajectory counts
        as held only where it is the base's own.
        """
        point = dict.fromkeys(self._weights, 0.0)
        for path, limits in self._levers.items():
            value = lever_value(policy, path)
            if value is None or not limits.low <= value <= limits.high:
                return None
            point[path] = int(value) if limits.integer else value
        ours = self.policy(point, policy.name)
        same_shape = policy.target.knots == self._base.target.knots
        there = set_levers(policy, {KNOTS: ours.target.knots}, policy.name)
        return point if same_shape and there == ours else None

    def _check_corners(self) -> None:
        """Refuse a space whose least or highest values break a rule between levers."""
        for side in ("low", "high"):
            point = {path: getattr(limits, side) for path, limits in self._levers.items()}
            try:
                self.policy(point | dict.fromkeys(self._weights, 0.0), side)
            except ValidationError as error:
                raise explain(error, Policy, "policy") from None

    def lever_columns(self, policy: Policy) -> dict[str, float | None]:
        """Return the columns `lever.<path>`; None where a lever changes over time."""
        columns = {f"lever.{path}": lever_value(policy, path) for path in self._levers}
        if self._weights:
            monthly = trajectory.knots(policy.target.knots, [0.0])
            columns |= {f"lever.{KNOTS}.{m + 1:02d}": knot for m, knot in enumerate(monthly)}
        return columns

    def at_bound(self, point: Point) -> list[str]:
        """Name the searched levers that lie within 1 % of their range of a bound."""
        found = []
        for path, limits in self._levers.items():
            slack = 0.01 * (limits.high - limits.low)
            if point[path] <= limits.low + slack:
                found.append(f"{path} at its least")
            elif point[path] >= limits.high - slack:
                found.append(f"{path} at its most")
        return found


def _distribution(limits: LeverRange, lever: LeverLimits) -> BaseDistribution:
    if limits.integer or lever.integer:
        return IntDistribution(int(limits.low), int(limits.high), log=limits.log)
    return FloatDistribution(limits.low, limits.high, log=limits.log)


def _check(path: str, limits: LeverRange, known: Mapping[str, LeverLimits]) -> None:
    where = f"space.levers.{path}"
    if path not in known:
        raise unknown_lever(path, where)
    lever = known[path]
    allowed = f"from {lever.low:g} to {lever.high:g}"
    if limits.low < lever.low or limits.high > lever.high:
        raise InputError(
            where,
            f"the bounds {limits.low:g} to {limits.high:g} leave the lever's own range",
            allowed,
            f"set {where}.low={max(limits.low, lever.low):g} {where}.high="
            f"{min(limits.high, lever.high):g}",
        )
    whole = _are_whole((limits.low, limits.high))
    if (lever.integer or limits.integer) and not whole:
        raise InputError(
            where,
            f"the bounds {limits.low:g} to {limits.high:g} of a whole number are not whole",
            f"whole numbers {allowed}",
            "round the bounds",
        )


def _are_whole(bounds: Sequence[float]) -> bool:
    return all(float(bound).is_integer() for bound in bounds)
