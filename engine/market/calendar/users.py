"""Step 1, the calendar: daily users of the app on its published path."""

from datetime import date, timedelta
from functools import lru_cache

from engine.spec.calendar import by_day
from engine.spec.scenario import Scenario

_BLOCK_DAYS = 420
"""Days that are looked up at once: more than a year."""


def app_users(scenario: Scenario, day: int) -> float:
    """Daily users of the app on a day, counted from 0 on the scenario's first; people.

    The path stays at its last month.
    """
    path = tuple(scenario.platform.app_dau_million)
    return _path(path, scenario.calendar.origin, day // _BLOCK_DAYS)[day % _BLOCK_DAYS]


@lru_cache(maxsize=64)  # policies in one world share it
def _path(by_month: tuple[float, ...], origin: date, block: int) -> list[float]:
    """Users on each day of a block of days."""
    days = (
        origin + timedelta(days=day)
        for day in range(block * _BLOCK_DAYS, (block + 1) * _BLOCK_DAYS)
    )
    return [
        by_day(by_month, 12 * (today.year - origin.year) + today.month - 1, today) * 1e6
        for today in days
    ]
