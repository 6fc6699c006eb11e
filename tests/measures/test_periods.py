"""Parts of a year: which days they are, what adds up over them, and what has none."""

from datetime import date

import numpy as np
import pytest

from engine.measures.catalogue import FLOWS, MEASURES, _measure_of, possible_range
from engine.measures.periods import (
    ADDED_UP,
    _MeasurePeriod,
    period_of,
    split_measure,
    sum_of_period,
)
from engine.report.formatting import label, show
from engine.results.schemas import unit_of

START = date(2020, 6, 20)
DAILY = {
    "gmv_paid_fen": np.arange(1, 31, dtype=np.int64) * 10**9,
    "platform_contribution_fen": np.full(30, -5, np.int64),
}
"""30 days from 20 June on: 11 of June, 19 of July."""


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("2020-H1", date(2020, 1, 1), date(2020, 6, 30)),
        ("2020-H2", date(2020, 7, 1), date(2020, 12, 31)),
        ("2020-Q1", date(2020, 1, 1), date(2020, 3, 31)),
        ("2021-Q4", date(2021, 10, 1), date(2021, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2020-12", date(2020, 12, 1), date(2020, 12, 31)),
    ],
)
def test_periods_are_whole_months_of_the_calendar(words: str, first: date, last: date) -> None:
    assert period_of(f"gmv_paid_fen@{words}") == _MeasurePeriod(first, last)


@pytest.mark.parametrize("words", ["", "H2", "2020-H3", "2020-13", "2020-Q0", "2020-6", "june"])
def test_other_words_are_no_periods(words: str) -> None:
    with pytest.raises(ValueError, match=r"is no period; .*2020-H2.*; write gmv_paid_fen@2020-H2"):
        period_of(f"gmv_paid_fen@{words}")


@pytest.mark.parametrize("measure", ["top10_share", "target_attained", "dau_mean_count", "gini"])
def test_what_does_not_add_up_has_no_period(measure: str) -> None:
    with pytest.raises(ValueError, match=f"{measure} does not add up over days.*gmv_paid_fen"):
        period_of(f"{measure}@2020-H2")


def test_months_add_up_by_hand() -> None:
    assert sum_of_period(DAILY, "gmv_paid_fen@2020-06", START) == sum(range(1, 12)) * 10**9
    assert sum_of_period(DAILY, "gmv_paid_fen@2020-07", START) == sum(range(12, 31)) * 10**9
    assert sum_of_period(DAILY, "gmv_paid_fen@2020", START) == 465 * 10**9
    assert sum_of_period(DAILY, "gmv_paid_fen@2020-H1", START) == 66 * 10**9
    assert sum_of_period(DAILY, "gmv_paid_fen@2020-Q1", START) == 0


def test_net_cost_is_minus_the_contribution() -> None:
    assert sum_of_period(DAILY, "cost_fen@2020-06", START) == 55
    assert set(ADDED_UP) == {*FLOWS, "cost_fen", "gmv_paid_cumulative_fen"}


def test_of_what_runs_up_over_the_year_a_period_has_what_stands_at_its_end() -> None:
    measure = "gmv_paid_cumulative_fen"
    daily = {measure: np.r_[np.arange(100, 112), np.arange(1, 4)]}  # from 20 to 31 December, then
    start = date(2020, 12, 20)
    assert sum_of_period(daily, f"{measure}@2020", start) == 111
    assert sum_of_period(daily, f"{measure}@2021", start) == 3
    assert sum_of_period(daily, f"{measure}@2019", start) == 0
    with pytest.raises(ValueError, match=r"a part of a year; .*gmv_paid_fen@2020-H2"):
        period_of(f"{measure}@2020-H2")


def test_a_part_has_the_unit_the_label_and_the_range_of_the_whole() -> None:
    half = "gmv_paid_fen@2020-H2"
    assert split_measure(half) == ("gmv_paid_fen", "2020-H2")
    assert unit_of(f"{half}_se") == unit_of(half) == "fen"
    assert unit_of("lever.subsidy.rate.source@2020-06-16") == "1"
    assert label(half) == f"{MEASURES['gmv_paid_fen'].label}, 2020-H2"
    assert show(half, 1.5e13) == "150.0"
    assert possible_range(half) == possible_range("gmv_paid_fen")
    assert _measure_of("net_present_value_fen").label == "Net present value"
