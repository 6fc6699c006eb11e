"""A measure, and what its formulas see of the days, months and the run."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.accounts import Account, Count

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Column = NDArray[Any]

_TYPES: Final[dict[str, type]] = {"_fen": int, "_count": int}
"""Types by suffix of the name; all else is a real number."""


@dataclass(frozen=True)
class Measure:
    """Everything that is known of one measure.

    Its name is its column; the suffix is the unit: `_fen` money, `_share` a fraction of one,
    `_count` a number of real (not simulated) things, `_s` seconds.

    Parameters
    ----------
    name, label, definition
        Name of the column; name for people; one sentence that says what it is.
    day
        The column of the day: an account of the ledger, a counter, or a formula of all days,
        shape (days,). Without one, the day's column is recorded in the evening.
    run
        Formula of the run. Without one, the run's amount is the sum of its days.
    month
        Formula of the calendar months, shape (months,).
    dtype
        Type of its values, where the suffix does not tell: `_fen` and `_count` are whole numbers.
    least, most
        Limits of its mean over runs; `most` is 1 for shares and truth values unless given.
    key
        Place among the measures that every row of `frontier` has, whatever the goals.
    """

    name: str
    label: str
    definition: str
    day: "Account | Count | Callable[[DailyView], Column] | None" = None
    run: "Callable[[RunView], float] | None" = None
    month: "Callable[[MonthlyView], Column] | None" = None
    dtype: type | None = None
    least: float = 0.0
    most: float | None = None
    key: int | None = None

    @property
    def column_type(self) -> type:
        """The type of its values: int, float or bool."""
        by_suffix = (kind for suffix, kind in _TYPES.items() if self.name.endswith(suffix))
        return self.dtype or next(by_suffix, float)

    @property
    def possible_mean(self) -> tuple[float, float]:
        """The least and the most that its mean over runs can be, in its unit."""
        is_share = self.name.endswith("_share") or self.dtype is bool
        most = (1.0 if is_share else math.inf) if self.most is None else self.most
        return self.least, most


@dataclass
class DailyView:
    """All days from the scenario's first, as the formulas of a day see them.

    `days[name]` is the column of another measure, shape (days,), recorded or computed.

    Parameters
    ----------
    ledger
        (day, kind, tier, domain, buyer, account), of the real market, fen and orders.
    counts
        (day, count), of the real market.
    sums
        (day, sum), of the simulated sample; see `engine.accounts`.
    weight
        Real buyers per simulated one.
    is_brand, is_incubated
        Whether each kind is, (kinds,) bool.
    year
        Calendar year of each day.
    columns
        What was recorded, by name; computed columns are added.
    measures
        Every measure by its name.
    """

    ledger: Ints
    counts: Ints
    sums: Ints
    weight: int
    is_brand: Flags
    is_incubated: Flags
    year: Ints
    columns: dict[str, Column]
    measures: Mapping[str, Measure]

    @cached_property
    def accounts(self) -> Ints:
        """The ledger over all segments, shape (days, accounts)."""
        return np.asarray(self.ledger.sum(axis=(1, 2, 3, 4)))

    def __getitem__(self, name: str) -> Column:
        if name not in self.columns:
            source = self.measures[name].day
            if isinstance(source, Account):
                self.columns[name] = self.accounts[:, source]
            elif isinstance(source, Count):
                self.columns[name] = self.counts[:, source]
            elif source is None:
                raise KeyError(f"{name} has no formula of the day and was not recorded")
            else:
                self.columns[name] = source(self)
        return self.columns[name]


@dataclass
class MonthlyView:
    """The reported calendar months, as the formulas of a month see them.

    `months[name]` is the column of another measure. `counts` (month, count), of the real
    market; `anchor_gmv` (month, row) expected GMV, fen, of the anchors that a row stands for;
    `stands_for` (row,) how many they are; `measures` every measure by its name.
    """

    counts: Ints
    anchor_gmv: Floats
    stands_for: Floats
    measures: Mapping[str, Measure]

    def __getitem__(self, name: str) -> Column:
        formula = self.measures[name].month
        if formula is None:
            raise KeyError(f"{name} has no formula of the month")
        return formula(self)

    def top_shares(self, count: int) -> Column:
        """Share of the `count` largest anchors in each month's expected GMV."""
        return np.array([_top_share(month, count, self.stands_for) for month in self.anchor_gmv])


@dataclass
class RunView:
    """The reported days, as the formulas of a run see them.

    `run[name]` is the run's value of another measure.

    Parameters
    ----------
    days
        All days from the scenario's first, those before the reported ones among them.
    first
        Number of the first reported day.
    daily
        The reported days' columns, shape (days,), in the types of the table.
    months
        The reported months.
    concentration
        How unequally the run's sales are spread over the anchors that have begun.
    suppliers_count, joined_count
        Simulated suppliers, and those of them that sell on the last day.
    goal_fen, goal_year
        The scenario's goal of GMV as paid, and the calendar year that it is for.
    """

    days: DailyView
    first: int
    daily: Mapping[str, Column]
    months: MonthlyView
    concentration: Mapping[str, float]
    suppliers_count: int
    joined_count: int
    goal_fen: int
    goal_year: int
    _values: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            measure = self.days.measures[name]
            value = measure.run(self) if measure.run else self.daily[name].sum()
            self._values[name] = measure.column_type(value)
        return self._values[name]

    def reported(self, name: str) -> Column:
        """A column of the reported days, of the table or of what else is recorded."""
        return self.days[name][self.first :]


def ratio(part: float, whole: float) -> float:
    """Part / whole, 0 where the whole is 0."""
    return float(part / whole) if whole else 0.0


def shares(parts: Column, wholes: Column) -> Floats:
    """Parts / wholes, 0 where the whole is 0."""
    return np.asarray(np.divide(parts, wholes, out=np.zeros(parts.shape), where=wholes != 0))


def cumulative(amounts: Column, period: Column) -> Column:
    """Running sums that begin anew where `period`, which never falls, changes."""
    total = amounts.cumsum()
    begins = np.searchsorted(period, period)
    return np.asarray(total - (total - amounts)[begins])


def _top_share(values: Floats, count: int, stands_for: Floats) -> float:
    """Share of the `count` largest anchors in the sum; 0 where nothing was sold.

    `values` (float64) of all the anchors that a row stands for (`stands_for`, float64), which
    are equal.
    """
    total = values.sum()
    if total <= 0.0:
        return 0.0
    rows, many = largest(values, count, stands_for)
    return float((many * (values / stands_for)[rows]).sum() / total)


def largest(values: Floats, count: int, stands_for: Floats) -> tuple[Ints, Floats]:
    """The rows of the `count` largest anchors, largest first, and how many of each are among them.

    Of rows with equal anchors the first comes first. Parameters as of `_top_share`.
    """
    order = np.argsort(-values / stands_for, kind="stable")
    before = np.cumsum(stands_for[order]) - stands_for[order]
    rows = order[before < count]
    return rows, np.minimum(stands_for[rows], count - before[: rows.size])
