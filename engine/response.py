"""Each lever alone: what it does to the horizon, and what it leaves behind.

**Points.** A point is one lever, or a group of levers, at one value for good: a constant replaces
a dated lever's whole path, all levers of a group get the same value, and a target loses its
revisions. Everything else is as in the base policy. Where the base policy itself holds one value,
it is the point at that value; where it holds several, it stands at their mean over the days of the
horizon and the levers of the group, and is no point of the curve of constants.

**Years and rows.** The base policy is simulated once for all levers, and every point under the same
worlds, populations and run seeds: a difference is that of a pair of runs that shared their random
numbers. After the horizon the base policy is in force again, for `run_off_days`: where a purse was
opened on 1 January it opens its own on that day, as the second of two years would.

**Answers.** A lever is judged by the contribution with run-off. Whether some point of m differs
from the base is asked of all m at once: a difference d with standard error s over n independent
replications is distinguishable from zero where

    |d| > t(1 - 0.05 / (2 m); n - 1) s

(Bonferroni; Miller, Simultaneous Statistical Inference, 1981), so that a lever without any
effect is taken for one that has one in at most 5 % of sweeps, on each measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from engine.case import Case, RunResult
from engine.cases import cases
from engine.compare import INCREMENTAL, paired
from engine.errors import InputError
from engine.measures import catalogue
from engine.measures.run_off import CONTRIBUTION, RUN_OFF_MEASURES, with_run_off
from engine.spec.base import Dated
from engine.spec.calendar import Calendar
from engine.spec.explain import unknown_word
from engine.spec.levers import LeverEntry, levers_of, policy_value, set_levers
from engine.spec.policy import Policy
from engine.spec.response import ResponseJob
from engine.stats.intervals import CONFIDENCE, student_quantile

_Row = Mapping[str, Any]

_Place = Literal["interior", "low end", "high end", "indistinguishable", "moves nothing"]
"""Where a lever is best: inside its range or at an end of it. `indistinguishable`: it moves
something, but no point's contribution with run-off is distinguishable from the base's.
`moves nothing`: no measure is."""

_GMV: Final = "gmv_paid_fen"

_BASE: Final = "base"
"""Name of the base policy among the points."""

_TARGET: Final = "target.year_end_bn_rmb"
_REVISIONS: Final = "target.revisions"
_DIGITS: Final = 4
"""Significant digits of a mean, and of a value between the ends of a range."""

_ALWAYS = ("gmv_paid_fen", CONTRIBUTION)
"""Measures by which levers are judged, whatever else is asked for."""


class _Swept(NamedTuple):
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


class _LeverPoint(NamedTuple):
    """One value of one swept lever.

    `policy` has the name of the point; that of the base is `BASE`. `is_constant` says whether
    every date and every lever of the group holds the value.
    """

    swept: _Swept
    value: float
    policy: Policy
    is_constant: bool

    @property
    def is_base(self) -> bool:
        """Whether this is the base policy itself."""
        return self.policy.name == _BASE

    @property
    def is_off(self) -> bool:
        """Whether the lever does nothing at this value."""
        return self.is_constant and self.value == self.swept.first.off


def check_response(job: ResponseJob) -> None:
    """Refuse measures and levers that are not there, before anything runs.

    Raises
    ------
    InputError
        Naming what was meant.
    """
    known = [*catalogue.OUTCOMES, *RUN_OFF_MEASURES]
    for measure in job.measures:
        if measure not in known:
            raise unknown_word("measures", "is not measured", measure, known)
    _points(job)


def response_cases(job: ResponseJob) -> list[Case]:
    """List the runs to simulate, the base policy's first and once."""
    policies = {point.policy.name: point.policy for point in _points(job)}
    base = policies.pop(_BASE)
    return [
        replace(case, after=job.policy, run_off_days=job.run_off_days)
        for case in cases(job, [base, *policies.values()])
    ]


def response_rows(job: ResponseJob, results: Sequence[RunResult]) -> list[dict[str, Any]]:
    """Return the rows of `response`: every point of every lever on every measure.

    Differences are those to the base policy, with Student's 95 % interval over the pairs; the
    base policy's own is 0 without an error.

    Parameters
    ----------
    job : what was asked.
    results : the runs of `response_cases`, in any order.
    """
    missing = [name for name in _ALWAYS if name not in job.measures]
    measures = list(dict.fromkeys([*missing, *job.measures]))
    whole = [replace(result, run=with_run_off(result.run, result.run_off)) for result in results]
    found = {
        (row["policy"], row["measure"]): row
        for row in paired(whole, _BASE, measures)
        if row["measure"] != INCREMENTAL
    }
    for measure in measures:
        found[_BASE, measure] = _base_row(
            next(r for r in found.values() if r["measure"] == measure)
        )
    return [
        _point_row(job, point, found[point.policy.name, measure])
        for point in _points(job)
        for measure in measures
    ]


class LeverAnswer(NamedTuple):
    """What is known of one lever; rows are those of `response`.

    `base`, `best` and `gmv` are rows on the contribution with run-off at the base policy's own
    value and at the best, and on GMV as paid at the best. `moved` are the measures on which some
    point is distinguishable from the base.
    """

    lever: str
    unit: str
    base: _Row
    best: _Row
    gmv: _Row
    place: _Place
    moved: tuple[str, ...]

    @property
    def is_distinguishable(self) -> bool:
        """Whether some value's contribution with run-off is distinguishable from the base's."""
        return CONTRIBUTION in self.moved

    @property
    def is_gain(self) -> bool:
        """Whether the best value's own interval lies above the base's contribution, if it has one.

        That some value differs from the base may be for the worse.
        """
        low = self.best["ci_low"]
        return self.is_distinguishable and not self.best["is_base"] and (low is None or low > 0)


def lever_answers(rows: Sequence[_Row]) -> list[LeverAnswer]:
    """Answer for every lever of the rows of `response`, in their order."""
    by_lever: dict[str, list[_Row]] = {}
    for row in rows:
        by_lever.setdefault(row["lever"], []).append(row)
    return [_answer(lever, own) for lever, own in by_lever.items()]


def _swept_levers(names: Sequence[str] | None, levers: Mapping[str, LeverEntry]) -> list[_Swept]:
    """Find levers and groups by name; without names all numbers, those of a group together.

    Raises
    ------
    InputError
        For a name that is no lever, a lever that is no number, and one that is named twice.
    """
    groups: dict[str, list[LeverEntry]] = {}
    for lever in levers.values():
        if not lever.choices:
            groups.setdefault(lever.group or lever.path, []).append(lever)
    if names is None:
        return [_Swept(name, tuple(group)) for name, group in groups.items()]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                "levers", f"{name!r} is named twice", "every lever once", "leave it out once"
            )
    known = {path: [lever] for path, lever in levers.items() if not lever.choices} | groups
    return [_found(name, known) for name in names]


def _lever_points(swept: _Swept, job: ResponseJob) -> list[_LeverPoint]:
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
    base = _LeverPoint(swept, own, job.policy.model_copy(update={"name": _BASE}), is_constant)
    moved = [
        _LeverPoint(swept, value, _policy_at(swept, job.policy, value), True) for value in values
    ]
    return sorted([base, *moved], key=lambda point: (point.value, not point.is_base))


def _found(name: str, known: dict[str, list[LeverEntry]]) -> _Swept:
    if name in known:
        return _Swept(name, tuple(known[name]))
    said = "is no lever of the policy, nor a group of levers, that takes numbers"
    raise unknown_word("levers", said, name, known)


def _grid(lever: LeverEntry, low: float, high: float, count: int) -> list[float]:
    """Spread values from `low` to `high`; whole numbers where the lever takes only those."""
    spread = np.geomspace if lever.log and low > 0 else np.linspace
    inside = [float(f"{value:.{_DIGITS}g}") for value in spread(low, high, count)[1:-1]]
    values = [low, *inside, high]
    return [float(round(value)) if lever.integer else float(value) for value in values]


def _policy_at(swept: _Swept, base: Policy, value: float) -> Policy:
    given: dict[str, Any] = {
        lever.path: int(value) if lever.integer else value for lever in swept.levers
    }
    if _TARGET in given:
        given[_REVISIONS] = ()
    return set_levers(base, given, f"{swept.name}={value:g}")


def _base_value(swept: _Swept, base: Policy, calendar: Calendar) -> tuple[float, bool]:
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


def _swept(job: ResponseJob) -> list[_Swept]:
    return _swept_levers(job.levers, levers_of(job.scenario.kinds))


def _points(job: ResponseJob) -> list[_LeverPoint]:
    return [point for swept in _swept(job) for point in _lever_points(swept, job)]


def _base_row(other: dict[str, Any]) -> dict[str, Any]:
    """Return the base policy's own row, from that of a policy paired with it."""
    zero = dict.fromkeys(("difference", "standard_error", "ci_low", "ci_high"), 0.0)
    return {**other, "mean": other["baseline_mean"], **zero}


def _point_row(job: ResponseJob, point: _LeverPoint, found: dict[str, Any]) -> dict[str, Any]:
    low, high = point.swept.range(job)
    copied = ("measure", "mean", "difference", "standard_error", "ci_low", "ci_high")
    return {
        "lever": point.swept.name,
        "unit": point.swept.first.unit,
        "value": point.value,
        "is_base": point.is_base,
        "is_off": point.is_off,
        "is_constant": point.is_constant,
        **{name: found[name] for name in copied},
        "pairs_count": found["pairs_count"],
        "units_count": found["units_count"],
        "range_low": float(low),
        "range_high": float(high),
    }


def _answer(lever: str, rows: Sequence[_Row]) -> LeverAnswer:
    judged = [row for row in rows if row["measure"] == CONTRIBUTION]
    base = next(row for row in judged if row["is_base"])
    # Of equals the base: a policy is not changed for nothing.
    best = max(judged, key=lambda row: (row["difference"], row["is_base"]))
    gmv = next(
        row
        for row in rows
        if row["measure"] == _GMV
        and (row["value"], row["is_base"]) == (best["value"], best["is_base"])
    )
    measures = dict.fromkeys(row["measure"] for row in rows)
    moved = tuple(
        name for name in measures if _is_moved([row for row in rows if row["measure"] == name])
    )
    place = _place(best, [row["value"] for row in judged], moved)
    return LeverAnswer(lever, rows[0]["unit"], base, best, gmv, place, moved)


def _place(best: _Row, values: Sequence[float], moved: Sequence[str]) -> _Place:
    if not moved:
        return "moves nothing"
    if CONTRIBUTION not in moved:
        return "indistinguishable"
    if best["is_constant"] and best["value"] == min(values):
        return "low end"
    if best["is_constant"] and best["value"] == max(values):
        return "high end"
    return "interior"


def _is_moved(rows: Sequence[_Row]) -> bool:
    """Whether some point of one lever and measure is distinguishable from the base."""
    others = [row for row in rows if not row["is_base"]]
    return any(_is_distinguishable(row, len(others)) for row in others)


def _is_distinguishable(row: _Row, points_count: int) -> bool:
    """Whether one of so many differences is distinguishable from zero.

    Without a standard error, since all pairs agree, any difference is.
    """
    if row["standard_error"] is None:
        return bool(row["difference"] != 0)
    beyond = (1 - CONFIDENCE) / (2 * points_count)
    half = student_quantile(row["units_count"] - 1, 1 - beyond) * row["standard_error"]
    return bool(abs(row["difference"]) > half)
