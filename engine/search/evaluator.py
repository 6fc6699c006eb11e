"""Goals and constraints: which measures they read, and how far a limit is exceeded."""

import math
from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np

from engine.errors import InputError
from engine.measures.catalogue import OUTCOMES, possible_range
from engine.measures.periods import period_of, split_measure
from engine.measures.run_off import NET_PRESENT_VALUE
from engine.search.problem import Values
from engine.spec.explain import nearest
from engine.spec.search import Constraint, Objective
from engine.stats.arrays import Floats
from engine.units import FEN_PER_BN_RMB

_Means = Mapping[str, float]

_SHORTFALL: Final = {"target_attained": "attainment_share"}
"""By truth value, the measure that reaches 1 where it becomes true."""

_NEAR_SHARE: Final = 0.02
"""A constraint binds within this share of its limit's scale, or within one standard error."""


class ObjectiveEvaluator:
    """Reads goals and constraints off a policy's measures.

    Costs are the goals' figures in their own units, turned so that less is better. Excesses are
    scaled by the limit, and feasible at 0 or less.

    Parameters
    ----------
    objective
        Goals, constraints, and what of the runs they count.

    Raises
    ------
    InputError
        If a measure is unknown, or no policy can satisfy the constraints.
    """

    def __init__(self, objective: Objective) -> None:
        _check_goals(objective)
        _check_constraints(objective)
        self.objective = objective
        self.goals = objective.goals
        self.constraints = objective.constraints
        named = objective.measures
        short = [_SHORTFALL[one] for one in named if one in _SHORTFALL]
        self.measures = tuple(dict.fromkeys((*named, *short)))
        self._signs = np.array([-1.0 if g.direction == "maximize" else 1.0 for g in self.goals])

    @property
    def directions(self) -> list[Literal["maximize", "minimize"]]:
        """Return where the goals' figures should go; a regret should always be small."""
        if self.objective.risk == "regret":
            return ["minimize"] * len(self.goals)
        return [goal.direction for goal in self.goals]

    def values(self, costs: Floats) -> Floats:
        """Turn costs into the goals' own figures, both (..., goals) float64, in `directions`."""
        return costs.copy() if self.objective.risk == "regret" else costs * self._signs

    def costs(self, means: _Means) -> list[float]:
        """Return the goals' mean measures, turned so that less is better, in their units."""
        found = zip(self.goals, self._signs, strict=True)
        return [float(sign * means[goal.measure]) for goal, sign in found]

    def cost_sample(self, values: Values) -> Floats:
        """Return the goals by replication, (goals, worlds, replications) float64, less is better.

        Parameters
        ----------
        values
            Every goal's measure, (worlds, replications) float64 or bool, in its unit.
        """
        sample = np.stack([np.asarray(values[goal.measure], np.float64) for goal in self.goals])
        return np.asarray(sample * self._signs[:, None, None])

    def violations(self, means: _Means) -> dict[str, float]:
        """Return every constraint's excess over its limit, feasible at 0 or less.

        In units of the limit (of one bn RMB or of one where the limit is zero), so that
        excesses can be added up.
        """
        return {
            name: float(_excess(constraint, np.float64(means[constraint.measure])))
            for name, constraint in self.constraints.items()
        }

    def total_violation(self, means: _Means) -> float:
        """Return the sum of what is violated; 0 is feasible."""
        return math.fsum(max(0.0, excess) for excess in self.violations(means).values())

    def excess(self, constraint: Constraint, sample: Floats) -> Floats:
        """Return the excesses of samples as `constraints_in` counts, (n,) float64.

        mean          e(mean over worlds and replications)
        every_world   max over worlds of e(mean over replications)

        Parameters
        ----------
        constraint
            One of the objective's.
        sample
            (n, worlds, replications) float64, its measure in its own unit.
        """
        by_world = sample.mean(axis=-1)
        if self.objective.constraints_in == "mean":
            by_world = by_world.mean(axis=-1, keepdims=True)
        return np.asarray(_excess(constraint, by_world).max(axis=-1))

    def shortfall_measure(self, constraint: Constraint) -> str | None:
        """Return the measure that tells how far one that violates a constraint falls short.

        A truth value such as `target_attained` is the same for all that never attain it: those
        are distinguished by the share of the way that they go.
        """
        asks = constraint.at_least is not None and constraint.at_least > 0
        return _SHORTFALL.get(constraint.measure) if asks else None

    def largest_excess(self, constraint: Constraint) -> float:
        """Return the largest excess that the measure's own range allows, shortfall included."""
        ends = np.array(possible_range(constraint.measure))
        short = 0.0 if self.shortfall_measure(constraint) is None else 1.0
        return float(_excess(constraint, ends).max()) + short

    def binding(self, excesses: Floats, errors: Floats) -> list[str]:
        """Name the constraints that are violated, or so near their limit that they bind.

        Parameters
        ----------
        excesses, errors
            (constraints,) float64, one policy's excesses and their standard errors.
        """
        found = []
        for name, excess, error in zip(self.constraints, excesses, errors, strict=True):
            if excess > 0:
                found.append(f"{name} violated")
            elif -excess <= max(float(error), _NEAR_SHARE):
                found.append(name)
        return found


def _excess(constraint: Constraint, means: Floats | np.float64) -> Floats:
    """Return the larger of the scaled excesses over the two sides of a constraint."""
    sides = []
    if constraint.at_least is not None:
        limit = constraint.at_least
        sides.append((limit - means) / _scale(constraint.measure, limit))
    if constraint.at_most is not None:
        limit = constraint.at_most
        sides.append((means - limit) / _scale(constraint.measure, limit))
    return np.asarray(np.max(sides, axis=0))


def _scale(measure: str, limit: float) -> float:
    if limit:
        return abs(limit)
    return FEN_PER_BN_RMB if split_measure(measure)[0].endswith("_fen") else 1.0


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
    name, _ = split_measure(measure)
    if measure == NET_PRESENT_VALUE.name:
        return
    if name in OUTCOMES:
        _check_period(measure, where)
        return
    known = (*OUTCOMES, NET_PRESENT_VALUE.name)
    match = nearest(name, known)
    raise InputError(
        where,
        f"{measure!r} is not measured",
        ", ".join(known),
        f"did you mean {match}?" if match else "name one of them",
    )


def _check_period(measure: str, where: str) -> None:
    """Refuse what is no period, and a period of a measure that has none."""
    try:
        period_of(measure)
    except ValueError as error:
        what, allowed, remedy = str(error).split("; ")
        raise InputError(where, what, allowed, remedy) from None
