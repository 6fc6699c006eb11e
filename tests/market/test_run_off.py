"""After the horizon the market goes on, and what it brings changes nothing of the horizon."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.case import RunResult
from engine.market.run import simulate
from engine.measures.run_off import FLOWS, VALUED, with_run_off
from tests.worlds import case

SMALL = ("scale.buyers_count=400", "scale.anchors_count=50", "scale.suppliers_count=50")
NEXT = ("scenario.calendar.start=2021-01-01", "scenario.calendar.end=2021-12-31")


def small(policy: str, *more: str, days: int = 2000):
    return case(f"policy={policy}", *SMALL, *more, days=days)


def same_tables(a: RunResult, b: RunResult) -> bool:
    for name in ("daily", "monthly", "segments", "anchors"):
        one, other = getattr(a, name), getattr(b, name)
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[column], other[column]) for column in one), name
    aside = {"wall_s": 0}
    return a.run | aside == b.run | aside


def test_without_days_of_run_off_the_run_is_what_it_was():
    asked = small("h1_2020", days=60)
    plain, none = simulate(asked), simulate(replace(asked, after=small("all_levers").policy))
    assert same_tables(plain, none)
    assert plain.run_off == none.run_off == {}
    assert with_run_off(plain.run, {})["gmv_paid_with_run_off_fen"] == plain.run["gmv_paid_fen"]


def test_the_days_that_are_valued_are_those_of_the_horizon_and_of_the_run_off():
    asked = small("h1_2020", "scenario.calendar.start=2020-11-01")
    seen = simulate(replace(asked, after=asked.policy, run_off_days=59))
    whole = simulate(small("h1_2020", "scenario.calendar.first_day=2020-01-01",
                           "scenario.calendar.start=2020-11-01",
                           "scenario.calendar.end=2021-02-28"))  # fmt: skip
    plain = simulate(replace(asked, run_off_days=0))
    assert set(seen.valued_days) == set(VALUED)
    assert plain.valued_days == {}
    for name, days in seen.valued_days.items():
        assert days.size == 61 + 59
        assert np.array_equal(days[:61], seen.daily[name])
        assert days[61:].sum() == seen.run_off[name]
    assert whole.daily["gmv_paid_fen"].size == 120


def test_what_comes_after_changes_nothing_of_the_horizon():
    asked = small("all_levers", days=45)  # it ends within a month
    long = simulate(replace(asked, after=small("laissez_faire").policy, run_off_days=70))
    assert same_tables(simulate(asked), long)
    assert set(long.run_off) == set(FLOWS)


@pytest.mark.parametrize("policy", ["h1_2020", "double_ten_billion"])
def test_a_run_off_under_the_same_policy_is_the_second_of_two_years(policy):
    """A year that ends on 31 December: purse and target are opened on 1 January either way."""
    asked = small(policy)
    second = simulate(small(policy, *NEXT))
    for after in (asked.policy, None):
        seen = simulate(replace(asked, after=after, run_off_days=365)).run_off
        assert seen == {name: second.run[name] for name in FLOWS}
    half = simulate(replace(asked, after=asked.policy, run_off_days=181)).run_off
    days = (date(2021, 7, 1) - date(2021, 1, 1)).days
    assert half == {name: int(second.daily[name][:days].sum()) for name in FLOWS}


def test_another_policy_after_the_horizon_is_the_branch_with_that_history():
    asked, after = small("laissez_faire"), small("double_ten_billion").policy
    seen = simulate(replace(asked, after=after, run_off_days=365)).run_off
    late = small("double_ten_billion", *NEXT)
    branch = simulate(replace(late, history=asked.policy))
    assert seen == {name: branch.run[name] for name in FLOWS}
    assert seen["subsidy_fen"] > 0


def test_a_policy_that_takes_over_within_a_year_begins_a_term_of_its_own():
    """Its purse is opened on the first day of run-off, as after a history."""
    asked = small("h1_2020", "scenario.calendar.end=2020-06-30")
    dates = ("scenario.calendar.start=2020-07-01", "scenario.calendar.end=2020-08-29")
    late = small("double_ten_billion", *dates)
    seen = simulate(replace(asked, after=late.policy, run_off_days=60)).run_off
    branch = simulate(replace(late, history=asked.policy))
    assert seen == {name: branch.run[name] for name in FLOWS}
