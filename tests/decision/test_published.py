"""What is published of the year so far, by months to whose end the periods of figures lead."""

from datetime import date

import pytest

from engine.decision.published import published_rows, published_sales, published_so_far
from tests.decision.test_weights import known
from tests.worlds import CONF, job

LATE = date(2020, 12, 31)


def rows(*periods: tuple[str, float]) -> list[str]:
    return [f"fit,gmv,{period},{value},bn RMB,,3" for period, value in periods]


def test_periods_that_follow_one_another_add_up(tmp_path):
    told = known(tmp_path, LATE, *rows(("Q2 2020", 72.5), ("Q1 2020", 37.1), ("Jul 2020", 30)))
    found = published_so_far(told)
    assert {month: amount / 1e11 for month, amount in found.items()} == pytest.approx(
        {date(2020, 3, 1): 37.1, date(2020, 6, 1): 109.6, date(2020, 7, 1): 139.6}
    )


def test_of_a_half_year_and_its_quarters_the_half_year_counts(tmp_path):
    told = known(tmp_path, LATE, *rows(("Q2 2020", 70), ("Q1 2020", 37), ("H1 2020", 109)))
    assert published_so_far(told)[date(2020, 6, 1)] == pytest.approx(109e11)


def test_a_period_with_a_gap_before_it_and_other_figures_say_nothing(tmp_path):
    told = known(tmp_path, LATE, *rows(("Q1 2020", 37), ("Q3 2020", 94)),
                 "fit,order_value,Jan 2020,70,RMB,,6")  # fmt: skip
    assert list(published_so_far(told)) == [date(2020, 3, 1)]
    assert published_so_far([]) == {}


def test_sales_of_a_table_are_read_whatever_else_is_in_it():
    address = str(CONF / "observed" / "kuaishou_2020.csv")
    rows = published_rows(published_sales(address, job().scenario))
    assert [(row["month"], round(row["so_far_fen"] / 1e11, 1)) for row in rows] == [
        (date(2020, 3, 1), 37.1),
        (date(2020, 6, 1), 109.6),
        (date(2020, 9, 1), 204.1),
    ]


def test_a_table_that_is_not_there_or_cannot_be_read_says_nothing(tmp_path):
    assert published_sales(str(tmp_path / "none.csv"), job().scenario) == []
    (tmp_path / "bad.csv").write_text("key,value\ngmv,\n", encoding="utf-8")
    assert published_sales(str(tmp_path / "bad.csv"), job().scenario) == []
