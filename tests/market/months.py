"""Readings by calendar month that tests and the model card share."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from engine.case import RunResult
from engine.spec.calendar import Calendar


def by_month(column: np.ndarray) -> np.ndarray:
    """Sums of a column of days over the calendar months of 2020, (12, ...)."""
    first = np.datetime64("2020-01-01")
    months = (first + np.arange(len(column))).astype("datetime64[M]").astype(int) % 12
    return np.array([column[months == month].sum(axis=0) for month in range(12)])


def conversions(run: RunResult) -> np.ndarray:
    """Orders per serious look by month, on followed streams and on the feed, (12, 2)."""
    orders = by_month(run.segments["orders_count"].sum(axis=(1, 2, 4)))
    feed = by_month(run.daily["feed_looks_count"])
    return orders / np.stack([by_month(run.daily["looks_count"]) - feed, feed], axis=1)


def first_days_over_last(runs: Sequence[RunResult], calendar: Calendar) -> dict[int, float]:
    """Sales of the first five days of a month over those of the last five before, by month.

    Summed over the runs, whose horizon is the calendar's; months with a festival on one of the
    ten days are left out.
    """
    sold = sum(run.daily["expected_gmv_paid_fen"] for run in runs)
    days = [calendar.start + timedelta(days=n) for n in range(len(sold))]
    festive = [
        any(first <= day <= last for f in calendar.festivals for first, last in f.spans(day.year))
        for day in days
    ]
    return {
        day.month: float(sold[n : n + 5].mean() / sold[n - 5 : n].mean())
        for n, day in enumerate(days)
        if day.day == 1 and n and not any(festive[n - 5 : n + 5])
    }
