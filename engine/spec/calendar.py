"""What happens when: days, slots, seasons, festivals, exits, guests, the rival's campaigns.

What is yearly is dated by month and day, `06-12`, and recurs; a full date, `2020-06-12`, is
that day alone.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from engine.spec.base import Spec, quantity

_LONGEST_HORIZON_DAYS: Final = 1_096
"""Three years, one of them a leap year."""
LONGEST_HISTORY_DAYS: Final = 3_653
"""From the scenario's first day to the last of the horizon."""

_AVERAGE_MONTH_DAYS: Final = 365.25 / 12

_MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
"""A day of every year, such as 06-12; 02-29 is 28 February where there is no 29th."""


class _Period(Spec):
    """Days from `start` to `end`, both included: of one year, or of every year."""

    name: str
    start: date | _MonthDay
    end: date | _MonthDay

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if isinstance(self.start, date) != isinstance(self.end, date):
            raise ValueError(
                f"{self.name!r} has one end with a year and one without; "
                "give both as 2020-06-12, or both as 06-12 for every year"
            )
        if isinstance(self.start, date) and isinstance(self.end, date) and self.end < self.start:
            raise ValueError(f"{self.name!r} ends before it starts")
        return self

    def in_year(self, year: int) -> tuple[date, date] | None:
        """First and last day of the period that starts in a calendar year, if one does."""
        if isinstance(self.start, date) and isinstance(self.end, date):
            return (self.start, self.end) if self.start.year == year else None
        start, end = _in_year(str(self.start), year), _in_year(str(self.end), year)
        return (start, end) if start <= end else (start, _in_year(str(self.end), year + 1))

    def spans(self, year: int) -> list[tuple[date, date]]:
        """First and last days of all its periods that may reach into a calendar year."""
        if isinstance(self.start, date) and isinstance(self.end, date):
            return [(self.start, self.end)]
        return [span for y in (year - 1, year) if (span := self.in_year(y))]


def _in_year(month_day: str, year: int) -> date:
    month, day = map(int, month_day.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month, 28 if month == 2 else 30)


def by_day(monthly: Sequence[float], month: int, today: date) -> float:
    """Value of a monthly path on a day, linear between the middles of the months.

    Parameters
    ----------
    monthly : one value per month, in any unit; before the first and after the last it stays.
    month : place in `monthly` of the month of `today`; may lie outside.
    today : the day.
    """
    middle = (monthrange(today.year, today.month)[1] + 1) / 2
    way = (today.day - middle) / _AVERAGE_MONTH_DAYS
    first = month if way >= 0 else month - 1
    share = way if way >= 0 else 1 + way
    last = len(monthly) - 1
    low, high = (monthly[min(max(place, 0), last)] for place in (first, first + 1))
    return low + (high - low) * share


class Festival(_Period):
    """A sales festival of the platform: more traffic, more attention, more coupon."""

    traffic: float = quantity("factor", "visits on its days", gt=0, le=10)
    attention: float = quantity("factor", "serious looks on its days", gt=0, le=5)
    plan: bool = Field(description="whether the brand plan may choose it for its price cap")


class _Absence(Spec):
    """An anchor leaves and may come back (M7)."""

    rank: int = quantity("rank by fans, 0 the largest", "who leaves", ge=0, le=1_000_000)
    leaves: date
    returns: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.returns is not None and self.returns <= self.leaves:
            raise ValueError("an anchor returns after it leaves; give a later `returns`")
        return self


class _TrialStream(Spec):
    """One big stream of a guest anchor that shows what this audience buys (M15)."""

    name: str
    day: date
    kind: str
    category: str
    traffic_share: float = quantity("share of the day's public visits", "audience", gt=0, lt=1)
    price_rmb: float = quantity("RMB", "price elsewhere of its goods, mean", gt=0, le=100_000)
    cost_share: float = quantity("share of the price elsewhere", "unit cost", gt=0, lt=1)
    attention: float = quantity("factor", "serious looks on the stream", gt=0, le=10)
    forecast_rmb: float = quantity("RMB", "sales the platform forecast", gt=0, le=1e13)


class Campaign(_Period):
    """A campaign of the rival that pulls buyers to the outside option (M22)."""

    pull: float = quantity("utility", "added to the outside option", ge=-5, le=5)


class Calendar(Spec):
    """Days, slots, seasons and dated events."""

    first_day: date | None = Field(
        None, description="the scenario's first day, whose market is drawn; none: start"
    )
    start: date = Field(description="first day of the horizon: earlier ones are not reported")
    end: date = Field(description="last day of the horizon")
    slot_share: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(min_length=1, max_length=4)
    demand_season: tuple[Annotated[float, Field(gt=0, le=100)], ...] = Field(
        min_length=12, max_length=12
    )
    season_by_day: dict[date, Annotated[float, Field(gt=0, le=100)]] = Field(
        default_factory=dict, description="factor of the season on days that have one of their own"
    )
    coupon_draw: float = quantity(
        "factor per coupon share",
        "more of a festival's extra visits where coupons are given",
        ge=0,
        le=100,
    )
    festivals: tuple[Festival, ...] = ()
    absences: tuple[_Absence, ...] = ()
    trial_streams: tuple[_TrialStream, ...] = ()
    rival_campaigns: tuple[Campaign, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("end lies before start; give an end on or after the start")
        if self.start < self.origin:
            raise ValueError(
                f"start {self.start} lies before first_day {self.origin}, on which the scenario "
                "begins; give a start on or after it, or an earlier first_day"
            )
        if self.n_days > _LONGEST_HORIZON_DAYS:
            raise ValueError(
                f"the horizon has {self.n_days} days, and three years are the most, "
                f"{_LONGEST_HORIZON_DAYS} days; give an earlier end or a later start"
            )
        if (self.end - self.origin).days >= LONGEST_HISTORY_DAYS:
            raise ValueError(
                "the horizon ends more than ten years after first_day; "
                "give an earlier end or a later first_day"
            )
        if abs(sum(self.slot_share) - 1) > 1e-6:
            raise ValueError("slot_share must add up to 1")
        return self

    def season_on(self, today: date) -> float:
        """Factor of the season on a day: its own, or the months', linear between their middles."""
        if today in self.season_by_day:
            return self.season_by_day[today]
        december, january = self.demand_season[-1], self.demand_season[0]
        return by_day((december, *self.demand_season, january), today.month, today)

    @property
    def origin(self) -> date:
        """The scenario's first day: day 0 of all day numbers."""
        return self.first_day or self.start

    @property
    def days_simulated(self) -> int:
        """Days from the scenario's first to the last of the horizon."""
        return (self.end - self.origin).days + 1

    @property
    def n_days(self) -> int:
        """Days of the horizon, both ends included."""
        return (self.end - self.start).days + 1
