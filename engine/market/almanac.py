"""What the calendar and the platform's own history bring day by day, whatever the policy."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from engine.spec.calendar import Campaign, Festival, by_day
from engine.spec.scenario import Scenario


class CalendarDay(NamedTuple):
    """One day, the same for all policies.

    `day` counts from 0 on the scenario's first day, `month` from 0 in its month; `month_start` is
    the day on which the month began, `last_month_start` that of the month before; `season`,
    `festival_traffic` and `festival_attention` factors, `is_festival` whether one runs;
    `campaign_pull` a utility, `historical_load` an index, `app_users` people a day.
    """

    day: int
    month: int
    month_start: int
    last_month_start: int
    season: float
    festival_traffic: float
    festival_attention: float
    is_festival: bool
    campaign_pull: float
    historical_load: float
    app_users: float


class _Events(NamedTuple):
    """What happens in a calendar year: first and last days with what they are of."""

    festivals: list[tuple[date, date, Festival]]
    campaigns: list[tuple[date, date, Campaign]]


class Almanac:
    """The days of one scenario; each is made when it is first asked for."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._load = _load_path(scenario)
        self._years: dict[int, _Events] = {}
        self._days: dict[int, CalendarDay] = {}

    def on(self, day: int) -> CalendarDay:
        """What is known of a day, by its number."""
        if day not in self._days:
            self._days[day] = self._made(day)
        return self._days[day]

    def _made(self, day: int) -> CalendarDay:
        calendar = self.scenario.calendar
        today = calendar.origin + timedelta(days=day)
        events = self._events_of(today.year)
        running = [f for first, last, f in events.festivals if first <= today <= last]
        pulls = (c.pull for first, last, c in events.campaigns if first <= today <= last)
        month = _months_between(calendar.origin, today)
        first_of_month = max(today.replace(day=1), calendar.origin)
        month_before = max((first_of_month - timedelta(days=1)).replace(day=1), calendar.origin)
        return CalendarDay(
            day=day,
            month=month,
            month_start=(first_of_month - calendar.origin).days,
            last_month_start=(month_before - calendar.origin).days,
            season=calendar.season_on(today),
            festival_traffic=max((f.traffic for f in running), default=1.0),
            festival_attention=max((f.attention for f in running), default=1.0),
            is_festival=bool(running),
            campaign_pull=sum(pulls, 0.0),
            historical_load=self._load[min(day, len(self._load) - 1)],
            # After its last month it stays.
            app_users=by_day(self.scenario.platform.app_dau_million, month, today) * 1e6,
        )

    def _events_of(self, year: int) -> _Events:
        if year not in self._years:
            calendar = self.scenario.calendar
            self._years[year] = _Events(
                festivals=[(*span, f) for f in calendar.festivals for span in f.spans(year)],
                campaigns=[(*span, c) for c in calendar.rival_campaigns for span in c.spans(year)],
            )
        return self._years[year]


def _load_path(scenario: Scenario) -> list[float]:
    """The historical commercial load by day of the scenario's first calendar year.

    It grows by a constant rate from `load_start` on the first day to `load_end` on the last
    of the year, and stays there.
    """
    calendar, platform = scenario.calendar, scenario.platform
    n_days = (date(calendar.origin.year, 12, 31) - calendar.origin).days + 1
    growth = np.arange(n_days) / max(n_days - 1, 1)
    load = platform.load_start * (platform.load_end / platform.load_start) ** growth
    return [float(value) for value in load]


def _months_between(first: date, last: date) -> int:
    """Calendar months from the month of one date to that of another."""
    return (last.year - first.year) * 12 + last.month - first.month
