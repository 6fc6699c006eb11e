"""Goals and constraints: the sampler's numbers, and whether a policy is feasible."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.compare import Interval
from engine.errors import InputError
from engine.search.measures import MEASURES, possible_range
from engine.spec.explain import nearest
from engine.spec.study import Constraint, Objective
from engine.units import FEN_PER_BN_RMB

Means = Mapping[str, float]

NEAR_SHARE: Final = 0.02
"""A constraint binds within this share of its limit, or within one standard error."""


class Judge:
    """What an objective says of a policy's mean measures.

    Raises
    ------
    InputError
        If a measure is unknown, or no policy can satisfy the constraints.
    """

    def __init__(self, objective: Objective) -> None:
        _check_goals(objective)
        _check_constraints(objective)
        self.goals = objective.goals
        self.constraints = objective.constraints
        self.directions = [goal.direction for goal in objective.goals]
        named = [goal.measure for goal in objective.goals]
        named += [constraint.measure for constraint in objective.constraints.values()]
        self.measures = tuple(dict.fromkeys(named))

    def values(self, means: Means) -> list[float]:
        """Return the goals' values, as they are measured."""
        return [float(means[goal.measure]) for goal in self.goals]

    def costs(self, means: Means) -> list[float]:
        """Return the goals' values, turned so that less is better."""
        return [
            -value if goal.direction == "maximize" else value
            for goal, value in zip(self.goals, self.values(means), strict=True)
        ]

    def violations(self, means: Means) -> dict[str, float]:
        """Return every constraint's excess over its limit, feasible at 0 or less.

        In units of the limit (of one bn RMB or of one where the limit is zero), so that
        excesses can be added up.
        """
        return {
            name: max(excess for _, excess in _excesses(constraint, means[constraint.measure]))
            for name, constraint in self.constraints.items()
        }

    def standard_errors(
        self, errors: Mapping[str, float | None]
    ) -> tuple[list[float], dict[str, float]]:
        """Return the standard errors of `values` and of `violations`; 0 where none is known."""
        goals = [float(errors[goal.measure] or 0.0) for goal in self.goals]
        return goals, {
            name: float(errors[constraint.measure] or 0.0) / _least_scale(constraint)
            for name, constraint in self.constraints.items()
        }

    def total_violation(self, means: Means) -> float:
        """Return the sum of what is violated; 0 is feasible."""
        return math.fsum(max(0.0, excess) for excess in self.violations(means).values())

    def binding(self, estimates: Mapping[str, Interval]) -> list[str]:
        """Name the constraints that are violated, or so near their limit that they bind."""
        found = []
        for name, constraint in self.constraints.items():
            mean, error = estimates[constraint.measure][:2]
            assert mean is not None
            excesses = list(_excesses(constraint, mean))
            if any(excess > 0 for _, excess in excesses):
                found.append(f"{name} violated")
            elif any(
                abs(mean - limit) <= max(error or 0.0, NEAR_SHARE * abs(limit))
                for limit, _ in excesses
            ):
                found.append(name)
        return found


def _excesses(constraint: Constraint, mean: float) -> Iterator[tuple[float, float]]:
    """Yield (limit, scaled excess) of each side of a constraint."""
    if constraint.at_least is not None:
        limit = constraint.at_least
        yield limit, (limit - mean) / _scale(constraint.measure, limit)
    if constraint.at_most is not None:
        limit = constraint.at_most
        yield limit, (mean - limit) / _scale(constraint.measure, limit)


def _least_scale(constraint: Constraint) -> float:
    """Return the smaller unit of a constraint's sides: its excess is no noisier than in this."""
    limits = (constraint.at_least, constraint.at_most)
    return min(_scale(constraint.measure, limit) for limit in limits if limit is not None)


def _scale(measure: str, limit: float) -> float:
    if limit:
        return abs(limit)
    return FEN_PER_BN_RMB if measure.endswith("_fen") else 1.0


def _check_goals(objective: Objective) -> None:
    seen: set[str] = set()
    for k, goal in enumerate(objective.goals):
        _check_measure(goal.measure, f"objective.goals[{k}].measure")
        if goal.measure in seen:
            raise InputError(
                f"objective.goals[{k}].measure",
                f"{goal.measure} is a goal twice",
                "every measure once",
                "leave one of them out",
            )
        seen.add(goal.measure)


def _check_constraints(objective: Objective) -> None:
    """Refuse what no policy can satisfy: beyond the possible, or against one another."""
    limits: dict[str, list[Any]] = {}
    for name, constraint in objective.constraints.items():
        where = f"objective.constraints.{name}"
        _check_measure(constraint.measure, f"{where}.measure")
        least, most = possible_range(constraint.measure)
        low, high = _interval(constraint)
        if low > most or high < least:
            asked = f"at_least={low:g}" if low > most else f"at_most={high:g}"
            raise InputError(
                where,
                f"{asked} lies beyond what {constraint.measure} can be: no policy can satisfy it",
                f"from {least:g} to {most:g}",
                "change the limit, or leave the constraint out",
            )
        for other, other_low, other_high in limits.get(constraint.measure, ()):
            if max(low, other_low) > min(high, other_high):
                raise InputError(
                    where,
                    f"contradicts objective.constraints.{other}: no {constraint.measure} can lie "
                    f"from {low:g} to {high:g} and from {other_low:g} to {other_high:g}",
                    "constraints that some policy can satisfy together",
                    f"change one of the limits, or leave {name} or {other} out",
                )
        limits.setdefault(constraint.measure, []).append((name, low, high))


def _interval(constraint: Constraint) -> tuple[float, float]:
    low = -math.inf if constraint.at_least is None else constraint.at_least
    high = math.inf if constraint.at_most is None else constraint.at_most
    return low, high


def _check_measure(measure: str, where: str) -> None:
    if measure in MEASURES:
        return
    match = nearest(measure, MEASURES)
    raise InputError(
        where,
        f"{measure!r} is not measured",
        ", ".join(MEASURES),
        f"did you mean {match}?" if match else "name one of them",
    )
