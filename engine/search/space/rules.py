"""Linear rules among levers: what is proposed beside them is pulled in before it is simulated.

The rules A x <= b and the bounds make a convex set. Its Chebyshev centre c, the middle of the
largest ball inside (Boyd & Vandenberghe, Convex Optimization, 2004, 4.3.1), is found once, with
every range as the unit of its axis and whole numbers whole. A proposal x outside moves along
the line to c until it is inside,

    x + t (c - x),  t = max_i (A_i x - b_i) / (A_i x - A_i c)  over the rules i it breaks,

and its whole numbers go to neighbours that satisfy the rules, or it moves on. No simulation is
spent on a policy that is not allowed, and equal proposals become equal policies.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np

from engine.errors import InputError
from engine.spec.explain import nearest
from engine.spec.levers import LeverEntry
from engine.spec.space import Rule, Space
from engine.stats.arrays import Floats

_SLACK: Final = 1e-9
"""Share of a rule's reach by which rounding may miss its limit."""

_ROOM: Final = 1e-6
"""Least radius of the ball, as a share of the ranges: less is rounding to a solver."""

_MOVES, _WHOLE = 8, 8
"""Places tried on the way from the edge to the centre; whole numbers moved both ways."""


class _RuleTerm(NamedTuple):
    """A searched value as a rule sees it; `why_not` says why it can be in none."""

    low: float
    high: float
    integer: bool
    why_not: str = ""


class LinearRules:
    """The linear rules of one space.

    Parameters
    ----------
    space
        Has the rules, and what is searched.
    known
        The levers that there are, by path.

    Raises
    ------
    InputError
        If a rule names what is not searched or cannot be in one, or no policy, or hardly
        any, satisfies all of them.
    """

    def __init__(self, space: Space, known: Mapping[str, LeverEntry]) -> None:
        rules, terms = space.rules, _terms(space, known)
        for name, rule in rules.items():
            _check_terms(name, rule, terms)
            _check_alone(name, rule, terms)
        self._names = list(dict.fromkeys(path for rule in rules.values() for path in rule.terms))
        self._terms = [terms[name] for name in self._names]
        self._low = np.array([term.low for term in self._terms])
        self._span = np.array([term.high for term in self._terms]) - self._low
        self._whole = np.array([term.integer for term in self._terms], np.bool_)
        rows = [row for name, rule in rules.items() for row in self._rows(name, rule)]
        self._owners = [owner for owner, _, _ in rows]
        self._left = np.array([left for _, left, _ in rows]).reshape(len(rows), len(self._names))
        self._right = np.array([right for _, _, right in rows])
        self._reach = np.abs(self._left) @ self._span
        if rows:
            self._centre = self._find_centre()

    def repaired(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values, those in rules pulled in so that all rules are satisfied.

        Parameters
        ----------
        values
            All searched values by name, in the levers' units.
        """
        point = np.array([float(values[name]) for name in self._names])
        if self._are_satisfied(point):
            return dict(values)
        over = self._left @ point - self._right
        toward = self._left @ (point - self._centre)
        first = float(np.max(np.where(over > 0, over / np.where(over > 0, toward, 1.0), 0.0)))
        for share in np.linspace(min(first * (1.0 + _SLACK), 1.0), 1.0, _MOVES):
            for moved in self._rounded(point + share * (self._centre - point)):
                if self._are_satisfied(moved):
                    return dict(values) | self._values(moved)
        return dict(values) | self._values(self._centre)

    def binding(self, values: Mapping[str, Any], share: float) -> list[str]:
        """Name the rules whose sum lies within `share` of its reach of a limit."""
        point = np.array([float(values[name]) for name in self._names])
        room = self._right - self._left @ point
        near = room <= share * self._reach
        return list(
            dict.fromkeys(n for n, is_near in zip(self._owners, near, strict=True) if is_near)
        )

    def _values(self, point: Floats) -> dict[str, Any]:
        return {
            name: int(value) if term.integer else float(value)
            for name, term, value in zip(self._names, self._terms, point, strict=True)
        }

    def _are_satisfied(self, point: Floats) -> bool:
        return bool(np.all(self._left @ point <= self._right + _SLACK * self._reach))

    def _rounded(self, point: Floats) -> Iterator[Floats]:
        """Yield a point with its whole numbers at the neighbours, the nearest first."""
        places = np.flatnonzero(self._whole)
        doubt = np.abs(point[places] - np.round(point[places]))
        moved = places[np.argsort(-doubt, kind="stable")[:_WHOLE]]
        base = point.copy()
        base[places] = np.round(point[places])
        options = list(product(*((np.floor(point[k]), np.ceil(point[k])) for k in moved)))
        far = [float(np.sum((np.array(own) - point[moved]) ** 2)) for own in options]
        for k in np.argsort(far, kind="stable"):
            base[moved] = options[k]
            yield base.copy()

    def _rows(self, name: str, rule: Rule) -> Iterator[tuple[str, Floats, float]]:
        left = np.array([rule.terms.get(path, 0.0) for path in self._names])
        if rule.at_most is not None:
            yield name, left, rule.at_most
        if rule.at_least is not None:
            yield name, -left, -rule.at_least

    def _find_centre(self) -> Floats:
        from scipy.optimize import Bounds, LinearConstraint, milp

        # Whole numbers stay in their own units: only so can the solver keep them whole.
        low, span = (np.where(self._whole, w, x) for w, x in ((0.0, self._low), (1.0, self._span)))
        left = self._left * span
        free = ~self._whole
        size = len(span)
        box = np.diag(free.astype(np.float64))[free]
        radius = np.ones((len(box), 1))
        rows = np.vstack([
            np.hstack([left, np.linalg.norm(left, axis=1, keepdims=True)]),
            np.hstack([-box, radius]),
            np.hstack([box, radius]),
        ])  # fmt: skip
        right = [*(self._right - self._left @ low), *np.zeros(len(box)), *np.ones(len(box))]
        ends = ((self._low - low) / span, (self._low + self._span - low) / span)
        found = milp(
            np.append(np.zeros(size), -1.0),
            integrality=np.append(self._whole.astype(np.int64), 0),
            bounds=Bounds(np.append(ends[0], 0.0), np.append(ends[1], np.inf)),
            constraints=LinearConstraint(rows, -np.inf, right),
        )
        if found.x is None or found.x[-1] < _ROOM:
            raise self._without_room()
        point = np.where(self._whole, np.round(found.x[:-1]), found.x[:-1])
        return np.asarray(low + span * point)

    def _without_room(self) -> InputError:
        names = list(dict.fromkeys(self._owners))
        one = len(names) == 1
        return InputError(
            f"space.rules.{names[0]}" if one else "space.rules",
            "leaves no room: no policy, or a single one, satisfies it"
            if one
            else f"{', '.join(names)} together leave no room: no policy, or a single one, "
            "satisfies all of them",
            "rules that leave some room between the bounds; an equation leaves none",
            "move a limit, or take a lever that follows from the others out of the space",
        )


def _check_terms(name: str, rule: Rule, terms: Mapping[str, _RuleTerm]) -> None:
    for path, coefficient in rule.terms.items():
        where = f"space.rules.{name}.terms"
        if path not in terms:
            raise _not_searched(path, where, list(terms))
        if terms[path].why_not:
            raise InputError(
                where,
                f"{path} {terms[path].why_not}",
                "searched numbers that are always free",
                f"leave {path} out of the rule",
            )
        if coefficient == 0:
            raise InputError(
                where, f"the coefficient of {path} is 0", "any other number", "leave it out"
            )


def _check_alone(name: str, rule: Rule, terms: Mapping[str, _RuleTerm]) -> None:
    """Refuse a rule that no policy can satisfy, whatever the others."""
    ends = [
        sorted((coefficient * terms[path].low, coefficient * terms[path].high))
        for path, coefficient in rule.terms.items()
    ]
    least, most = (sum(side) for side in zip(*ends, strict=True))
    at_least = least if rule.at_least is None else rule.at_least
    at_most = most if rule.at_most is None else rule.at_most
    if at_least > most or at_most < least:
        raise InputError(
            f"space.rules.{name}",
            "no policy can satisfy it: between the bounds of its levers the sum goes from "
            f"{least:g} to {most:g}",
            "a limit within these",
            f"change the limit, or the bounds of {', '.join(rule.terms)}",
        )


def _not_searched(path: str, where: str, known: Sequence[str]) -> InputError:
    match = nearest(path, known)
    return InputError(
        where,
        f"{path} is not searched",
        ", ".join(known),
        f"did you mean {match}?" if match else "name one of them, or add it to space.levers",
    )


def _terms(space: Space, known: Mapping[str, LeverEntry]) -> dict[str, _RuleTerm]:
    """Return every searched value as a rule sees it."""
    found: dict[str, _RuleTerm] = {}
    for path, lever in space.levers.items():
        why_not = ""
        if lever.choices is not None:
            why_not = "has choices: there is no way from one to another along a line"
        elif lever.when is not None:
            why_not = "is only free under a condition: without it the rule could not be kept"
        ends = (0.0, 1.0) if lever.choices is not None else lever.bounds
        whole = lever.integer or known[path].integer
        found |= {name: _RuleTerm(*ends, whole, why_not) for name in lever.names(path)}
    return found
