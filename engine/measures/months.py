"""Columns of a calendar month."""

from typing import Final

import numpy as np

from engine.accounts import Count
from engine.measures.days import CONCENTRATION_MEASURES, PAYING_BUYERS
from engine.measures.measure import Column, Measure, MonthlyView

_TOP1, _TOP10, _TOP100, *_ = CONCENTRATION_MEASURES


def _repeat_twice(months: MonthlyView) -> Column:
    buyers, twice = months.counts[:, Count.MONTH_BUYERS], months.counts[:, Count.MONTH_TWICE]
    return np.asarray(twice / np.maximum(buyers, 1))


def _repeat_next(months: MonthlyView) -> Column:
    before = np.concatenate([[0], months.counts[:-1, Count.MONTH_BUYERS]])
    return np.asarray(months.counts[:, Count.MONTH_RETAINED] / np.maximum(before, 1))


MONTH_MEASURES: Final = (
    PAYING_BUYERS,
    Measure(
        "repeat_twice_share",
        "Repeated in the month",
        "Of the month's buyers, those with two or more orders in it.",
        month=_repeat_twice,
    ),
    Measure(
        "repeat_next_share",
        "Bought again",
        "Buyers who bought in the month before too, over the buyers of that month.",
        month=_repeat_next,
    ),
    _TOP1,
    _TOP10,
    Measure(
        "top25_share",
        "Top-25 share",
        "Share of the 25 largest anchors in the month's GMV.",
        month=lambda months: months.top_shares(25),
    ),
    _TOP100,
)
"""In the order of their columns."""
