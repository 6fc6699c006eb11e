"""The policy and the calendar, day by day, in the numbers that kernels read.

Everything here depends on the date alone, never on how long is simulated: what a calendar
year is planned for (purse, target, brand plan) reaches to its 31 December.
"""

from collections import namedtuple
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.market.almanac import Almanac, CalendarDay
from engine.rules.visits import plain_demand
from engine.spec.base import Dated, Spec
from engine.spec.calendar import Calendar
from engine.spec.kinds import Kind
from engine.spec.levers import levers_of, policy_value
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario
from engine.units import FEN_PER_BN_RMB

_Floats = NDArray[np.float64]


_COLUMNS = tuple(
    dict.fromkeys(lever.column for lever in levers_of((Kind(name="any"),)).values() if lever.dated)
)
if TYPE_CHECKING:
    DayLevers = Any  # its fields are those of the catalogue
else:
    _FIELDS = (*CalendarDay._fields, "has_plan", "plan_day", *_COLUMNS, "built")
    DayLevers = namedtuple("DayLevers", _FIELDS)  # noqa: PYI024 - from data
"""Every lever's value on one day, and what the calendar brings.

Of the catalogue (`engine.spec.levers`): a column for each dated lever, float64, as it says;
levers of a group are one array: `rate` by kind, `tier_factor` by city tier, `library_open` by
anchor tier. Money in fen, `_bp` in basis points.

Of the calendar: the fields of `almanac.CalendarDay`; `has_plan` whether the year has plan days of
the brands, `plan_day` whether this is one.

`built`, the last: the share done of what investment can do.
"""


class _PlannedDay(NamedTuple):
    """What one policy plans for a day.

    Its `levers`, of which `built` is still 0; whether it `opens_purse` in the morning, as the
    term's first day and 1 January do; its `weight` in the year's purse, and that of it and all days
    that follow (`weight_left`); what should have been paid this calendar year before the day, 0
    where it opens a purse (`target_before_fen`), and by its end (`target_fen`).
    """

    levers: DayLevers
    opens_purse: bool
    weight: float
    weight_left: float
    target_before_fen: float
    target_fen: float


@dataclass(frozen=True)
class Plan:
    """One policy from the day on which its term began.

    `policy` has its switched-off mechanisms neutral; `term_paid_fen` had been paid that
    calendar year when the term began: from there the target path starts.
    """

    almanac: Almanac
    policy: Policy
    term_day: int
    term_paid_fen: int

    def on(self, day: int) -> _PlannedDay:
        """What is planned for a day, by its number."""
        if day not in self._days:
            self._plan_year_of(day)
        return self._days[day]

    @cached_property
    def _days(self) -> dict[int, _PlannedDay]:
        """By number, the days of the years that were asked for."""
        return {}

    def _plan_year_of(self, day: int) -> None:
        """Plan the calendar year of a day, from its first day in the policy's term on."""
        calendar = self.almanac.scenario.calendar
        year = (calendar.origin + timedelta(days=day)).year
        first = max(self.term_day, (date(year, 1, 1) - calendar.origin).days)
        days = _planned_days(calendar, first, year)
        paid = self.term_paid_fen if first == self.term_day else 0
        levers = self._timetable(first, days, year)
        weights = _coupon_weights(levers, self.policy.subsidy.late_weight)
        start = calendar.origin + timedelta(days=first)
        target = _target_path(self.policy, start, days, paid).tolist()
        for n in range(days):
            self._days[first + n] = _PlannedDay(
                levers=levers[n],
                opens_purse=n == 0,
                weight=float(weights[n]),
                weight_left=float(weights[n:].sum()),
                target_before_fen=target[n - 1] if n > 0 else 0.0,
                target_fen=target[n],
            )

    def _timetable(self, first: int, days: int, year: int) -> list[DayLevers]:
        """The `DayLevers` of `days` days of a year from day number `first` on."""
        calendar = self.almanac.scenario.calendar
        changes, table = _change_dates(self.policy), []
        plan = _plan_days(self.policy, calendar, year)
        for n in range(first, first + days):
            today, known = calendar.origin + timedelta(days=n), self.almanac.on(n)
            if n == first or today in changes:  # until the next change every lever keeps its value
                values = _policy_on(self.policy, self.almanac.scenario, today)
                plain = values | {"festival_boost": 1.0}
            is_plan_day = any(start <= today <= end for start, end in plan)
            table.append(
                DayLevers(
                    **known._asdict(),
                    has_plan=bool(plan),
                    plan_day=is_plan_day,
                    **(values if known.is_festival else plain),
                    built=0.0,
                )
            )
        return table


def _planned_days(calendar: Calendar, first: int, year: int) -> int:
    """Days of a calendar year's plan that begins on day `first`: to 31 December."""
    return (date(year, 12, 31) - calendar.origin).days - first + 1


def _change_dates(spec: Spec) -> set[date]:
    """The days on which some lever takes a new value."""
    if isinstance(spec, Dated):
        return {day for day, _ in spec.steps}
    return set().union(*(_change_dates(field) for _, field in spec if isinstance(field, Spec)))


def _plan_days(policy: Policy, calendar: Calendar, year: int) -> list[tuple[date, date]]:
    """First and last days of a year's festivals on which the brand plan caps prices.

    They are the year's first festivals among those that may be chosen.
    """
    spans = (festival.in_year(year) for festival in calendar.festivals if festival.plan)
    return sorted(span for span in spans if span)[: policy.price.plan_festivals_count]


def _coupon_weights(days: list[DayLevers], late_weight: float) -> _Floats:
    """Weights by which a purse is spread over the days, shape (days,).

        w_t = D_t * boost_t * max(mean rate_t, new-buyer rate_t / 10) * late_weight^(t / (T - 1))

    t counts from the day on which the purse is opened, T days until 31 December.
    """
    rates = np.array([day.rate for day in days]).mean(axis=1).tolist()
    plain = np.array(
        [
            plain_demand(day.season, day.festival_traffic, day.festival_attention)
            * day.festival_boost
            * max(rate, day.new_buyer_rate / 10)
            for day, rate in zip(days, rates, strict=True)
        ]
    )
    return np.asarray(plain * late_weight ** (np.arange(len(days)) / max(len(days) - 1, 1)))


def _policy_on(policy: Policy, scenario: Scenario, today: date) -> dict[str, Any]:
    """The columns of `DayLevers` that are the policy's, as they stand on a day."""
    values: dict[str, Any] = {}
    for path, lever in levers_of(scenario.kinds).items():
        if not lever.dated:
            continue
        value = lever.convert(policy_value(policy, path).on(today))
        if lever.group:
            values.setdefault(lever.column, []).append(value)
        else:
            values[lever.column] = value
    return {
        column: np.array(value) if isinstance(value, list) else value
        for column, value in values.items()
    }


def _target_path(policy: Policy, start: date, days: int, paid_fen: int) -> _Floats:
    """Cumulative target of a calendar year at the end of each day in fen, shape (days,).

        T(t) = G0 + (G - G0) * S(t);  after a revision to G' on day d:
        T(t) = T(d) + (G' - T(d)) * (S(t) - S(d)) / (1 - S(d))

    S is piecewise linear through the policy's knots, which stand at equal distances from
    `start` with the last on the last day; G0 had been paid in the year before `start`.
    Zeros without a target.

    Raises
    ------
    InputError
        Where a revision lies below what the target has already reached.
    """
    target = policy.target
    grid = np.linspace(0.0, days, len(target.knots) + 1)
    shape = np.interp(np.arange(1, days + 1), grid, (0.0, *target.knots))
    before = [r.year_end_bn_rmb for r in target.revisions if r.day < start]
    goal, paid = (before or [target.year_end_bn_rmb])[-1], paid_fen / FEN_PER_BN_RMB
    path = paid + max(goal - paid, 0.0) * shape if goal else np.zeros(days)
    for revision in target.revisions:
        day = (revision.day - start).days
        if not 0 <= day < days:
            continue
        reached = path[day - 1] if day > 0 else paid
        passed = shape[day - 1] if day > 0 else 0.0
        if revision.year_end_bn_rmb < reached and not paid_fen:
            raise InputError(
                "policy.target.revisions",
                f"{revision.year_end_bn_rmb:g} bn RMB on {revision.day} lies below the "
                f"{reached:g} bn that the target has reached by then, so it would fall over time",
                f"at least {reached:g} bn RMB",
                "raise the revision, date it earlier, or lower the first target",
            )
        if passed >= 1.0:
            raise InputError(
                "policy.target.revisions",
                f"on {revision.day} the knots have reached 1, so a new target has no days left",
                "a day before the knots reach 1",
                "date the revision earlier, or let policy.target.knots rise until the end",
            )
        left = (shape[day:] - passed) / max(1.0 - passed, 1e-12)
        path[day:] = reached + max(revision.year_end_bn_rmb - reached, 0.0) * left
    return np.asarray(path * FEN_PER_BN_RMB)


def check_target(policy: Policy, calendar: Calendar) -> None:
    """Refuse a target that falls over time in a calendar year of the horizon.

    Raises
    ------
    InputError
        See `_target_path`.
    """
    for year in range(calendar.origin.year, calendar.end.year + 1):
        start = max(calendar.origin, date(year, 1, 1))
        first = (start - calendar.origin).days
        _target_path(policy, start, _planned_days(calendar, first, year), 0)
