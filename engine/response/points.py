"""The points of a sweep: one lever, or a group of levers, at one value.

A point sets the lever to one value for good: a constant replaces a dated lever's whole path,
all levers of a group get the same value, and a target loses its revisions. Everything else is
as in the base policy. Where the base policy itself holds one value, it is the point at that
value; where it holds several, it stands at their mean over the days of the horizon and the
levers of the group, and is no point of the curve of constants.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

import numpy as np

from engine.errors import InputError
from engine.spec.base import Dated
from engine.spec.calendar import Calendar
from engine.spec.explain import unknown_word
from engine.spec.levers import LEVERS, LeverEntry, policy_value, set_levers
from engine.spec.policy import Policy
from engine.spec.response import ResponseJob

BASE: Final = "base"
"""Name of the base policy among the points."""

_TARGET: Final = "target.year_end_bn_rmb"
_REVISIONS: Final = "target.revisions"
_DIGITS: Final = 4
"""Significant digits of a mean, and of a value between the ends of a range."""


class Swept(NamedTuple):
    """A lever or a group of levers of one unit and range; `name` is the path of either."""

    name: str
    levers: tuple[LeverEntry, ...]

    @property
    def first(self) -> LeverEntry:
        """The lever that stands for all: they share unit, range and off."""
        return self.levers[0]

    def range(self, job: ResponseJob) -> tuple[float, float]:
        """Lowest and highest value of the sweep."""
        first = self.first
        return (
            first.search_in(job.scenario.size) if job.range == "search" else (first.low, first.high)
        )


class LeverPoint(NamedTuple):
    """One value of one swept lever.

    `policy` has the name of the point; that of the base is `BASE`. `is_constant` says whether
    every date and every lever of the group holds the value.
    """

    swept: Swept
    value: float
    policy: Policy
    is_constant: bool

    @property
    def is_base(self) -> bool:
        """Whether this is the base policy itself."""
        return self.policy.name == BASE

    @property
    def is_off(self) -> bool:
        """Whether the lever does nothing at this value."""
        return self.is_constant and self.value == self.swept.first.off


def swept_levers(names: Sequence[str] | None) -> list[Swept]:
    """Find levers and groups by name; without names all numbers, those of a group together.

    Raises
    ------
    InputError
        For a name that is no lever, a lever that is no number, and one that is named twice.
    """
    groups: dict[str, list[LeverEntry]] = {}
    for lever in LEVERS.values():
        if not lever.choices:
            groups.setdefault(lever.group or lever.path, []).append(lever)
    if names is None:
        return [Swept(name, tuple(levers)) for name, levers in groups.items()]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                "levers", f"{name!r} is named twice", "every lever once", "leave it out once"
            )
    known = {path: [lever] for path, lever in LEVERS.items() if not lever.choices} | groups
    return [_found(name, known) for name in names]


def lever_points(swept: Swept, job: ResponseJob) -> list[LeverPoint]:
    """List the points of one lever, by value; the base policy is one of them.

    They are `points_count` values over the range, evenly spaced (by ratio, where the lever is
    declared so), the base policy's own value, and the value that means off if it lies inside.
    """
    own, is_constant = _base_value(swept, job.policy, job.scenario.calendar)
    low, high = swept.range(job)
    values = set(_grid(swept.first, low, high, job.points_count))
    if swept.first.off is not None and low <= swept.first.off <= high:
        values.add(float(swept.first.off))
    if is_constant:
        values.discard(own)
    base = LeverPoint(swept, own, job.policy.model_copy(update={"name": BASE}), is_constant)
    moved = [LeverPoint(swept, value, _moved(swept, job.policy, value), True) for value in values]
    return sorted([base, *moved], key=lambda point: (point.value, not point.is_base))


def _found(name: str, known: dict[str, list[LeverEntry]]) -> Swept:
    if name in known:
        return Swept(name, tuple(known[name]))
    said = "is no lever of the policy, nor a group of levers, that takes numbers"
    raise unknown_word("levers", said, name, known)


def _grid(lever: LeverEntry, low: float, high: float, count: int) -> list[float]:
    """Spread values from `low` to `high`; whole numbers where the lever takes only those."""
    spread = np.geomspace if lever.log and low > 0 else np.linspace
    inside = [float(f"{value:.{_DIGITS}g}") for value in spread(low, high, count)[1:-1]]
    values = [low, *inside, high]
    return [float(round(value)) if lever.integer else float(value) for value in values]


def _moved(swept: Swept, base: Policy, value: float) -> Policy:
    given: dict[str, Any] = {
        lever.path: int(value) if lever.integer else value for lever in swept.levers
    }
    if _TARGET in given:
        given[_REVISIONS] = ()
    return set_levers(base, given, f"{swept.name}={value:g}")


def _base_value(swept: Swept, base: Policy, calendar: Calendar) -> tuple[float, bool]:
    """Return the base policy's mean value over days and levers, and whether it has no other.

    Of a target that is revised it is the last: what the year is to end with.
    """
    if swept.name == _TARGET and base.target.revisions:
        return base.target.revisions[-1].year_end_bn_rmb, False
    held = [_dated(policy_value(base, lever.path)) for lever in swept.levers]
    values = {value for one in held for _, value in one.steps}
    if len(values) == 1:
        return values.pop(), True
    days = [calendar.start + timedelta(days=k) for k in range(calendar.n_days)]
    mean = np.mean([[one.on(day) for day in days] for one in held])
    return float(f"{mean:.{_DIGITS}g}"), False


def _dated(value: Dated | float) -> Dated:
    return value if isinstance(value, Dated) else Dated.model_validate(float(value))
