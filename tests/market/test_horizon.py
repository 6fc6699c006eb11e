"""Everything that depends on time depends on the date, not on how long is simulated."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.market.ledger.results import ReportStart, Tables
from engine.market.run import _begin_term, advance, simulate
from engine.market.state import open_state
from engine.market.world import open_world
from engine.measures.catalogue import DAILY
from engine.spec.calendar import Festival
from tests.worlds import case

SMALL = ("scale.buyers_count=400", "scale.anchors_count=50", "scale.suppliers_count=50")
POLICIES = ("laissez_faire", "h1_2020", "double_ten_billion", "all_levers")
FIRST = date(2020, 1, 1)
hurried = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def over(policy: str, start: str = "2020-01-01", end: str = "2020-12-31", *more: str):
    """A small case over a horizon."""
    dates = (f"scenario.calendar.start={start}", f"scenario.calendar.end={end}")
    return case(f"policy={policy}", *SMALL, *dates, *more, days=2000)


@cache
def year_of(policy: str):
    """The whole of 2020."""
    return simulate(over(policy))


@hurried
@given(days=st.integers(1, 365), policy=st.sampled_from(POLICIES))
def test_a_horizon_that_ends_earlier_gives_the_same_bits(days, policy):
    end = FIRST + timedelta(days=days - 1)
    short, whole = simulate(over(policy, end=str(end))), year_of(policy)
    for name in DAILY:
        assert np.array_equal(short.daily[name], whole.daily[name][:days]), name
    for name, column in short.segments.items():
        assert np.array_equal(column, whole.segments[name][:days]), name


@hurried
@given(first=st.integers(1, 365), policy=st.sampled_from(POLICIES))
def test_a_horizon_that_starts_later_reports_the_days_of_the_whole(first, policy):
    late = simulate(over(policy, start=str(FIRST + timedelta(days=first))))
    for name in DAILY:
        assert np.array_equal(late.daily[name], year_of(policy).daily[name][first:]), name
    assert late.run["gmv_fen"] == year_of(policy).daily["gmv_fen"][first:].sum()


def test_two_horizons_make_up_the_anchors_of_the_whole():
    early = simulate(over("h1_2020", end="2020-05-12")).anchors
    late = simulate(over("h1_2020", start="2020-05-13")).anchors
    whole = year_of("h1_2020").anchors
    assert np.array_equal(early["visits_count"] + late["visits_count"], whole["visits_count"])
    gmv = early["expected_gmv_fen"] + late["expected_gmv_fen"]
    assert gmv == pytest.approx(whole["expected_gmv_fen"], rel=1e-9)


def test_another_policy_before_the_horizon_is_the_branch_of_its_state():
    asked = over("all_levers", start="2020-04-15", end="2020-06-30")
    history = over("h1_2020").policy
    seen = simulate(replace(asked, history=history))
    world = open_world(asked.scenario, asked.scale, asked.world_seed)
    state = open_state(world, asked.run_seed)
    advance(world, history, state, date(2020, 4, 15))
    branch = state.copy()
    _begin_term(world, branch)
    start = ReportStart.of(branch)
    advance(world, asked.policy, branch, date(2020, 7, 1))
    made = Tables.of(world, branch, start)
    for name, column in made.daily.items():
        assert np.array_equal(seen.daily[name], column), name
    budget = round(asked.policy.subsidy.budget_bn_rmb * 1e11)
    assert seen.run["budget_fen"] == budget  # what history spent is history's
    assert 0 <= seen.run["subsidy_fen"] <= budget


def test_a_purse_that_a_decision_replaces_is_no_part_of_the_budget():
    """Asked of the rest of a year or of the year: what the new policy may spend is the same."""
    history, day = over("h1_2020").policy, date(2020, 7, 1)
    rest = simulate(replace(over("all_levers", start=str(day)), history=history)).run
    year = simulate(replace(over("all_levers"), history=history, decision_date=day)).run
    assert year["subsidy_fen"] > rest["subsidy_fen"]  # that of the months before counts as subsidy
    assert year["budget_fen"] == rest["budget_fen"] > 0
    assert year["budget_spent_share"] == rest["budget_spent_share"] > 0
    without = over("all_levers", "2020-01-01", "2020-12-31", "policy.subsidy.budget_bn_rmb=0")
    none = simulate(replace(without, history=history, decision_date=day)).run
    assert none["subsidy_fen"] > 0
    assert (none["budget_fen"], none["budget_spent_share"]) == (0, 0.0)


def test_purses_of_two_years_both_count():
    asked = over("all_levers", "2020-01-01", "2021-01-31")
    run = simulate(asked).run
    assert run["budget_fen"] == 2 * round(asked.policy.subsidy.budget_bn_rmb * 1e11)
    assert run["budget_spent_share"] == run["subsidy_fen"] / run["budget_fen"]


def test_across_new_year_nothing_jumps_back():
    daily = simulate(over("laissez_faire", end="2021-03-31")).daily
    assert np.array_equal(
        daily["orders_count"][:366], year_of("laissez_faire").daily["orders_count"]
    )
    users = daily["dau_count"] / daily["activity_share"]
    assert users[366:] == pytest.approx(users[365])  # the path stays at its last month
    assert daily["commercial_load"][366:] == pytest.approx(daily["commercial_load"][365])
    assert daily["gmv_paid_cumulative_fen"][366] == daily["gmv_paid_fen"][366]


def test_what_is_yearly_recurs():
    """The festivals of 2021 are those of 2020; purse and target begin anew on 1 January."""
    brands = "scenario.suppliers.domestic.joined_share=0.5"  # some in so small a market
    asked = over("double_ten_billion", "2021-01-01", "2021-12-31", brands)
    late = simulate(asked)
    plain = simulate(over("double_ten_billion", "2021-01-01", "2021-12-31", brands,
                               "scenario.calendar.festivals=[]"))  # fmt: skip
    day = (date(2021, 6, 15) - date(2021, 1, 1)).days
    assert late.daily["sessions_count"][day] > 1.1 * plain.daily["sessions_count"][day]
    assert late.daily["cap_binding_share"][day] > 0
    assert late.run["budget_fen"] == round(asked.policy.subsidy.budget_bn_rmb * 1e11)
    assert late.daily["budget_spent_share"][0] < 0.02
    target = late.daily["target_cumulative_fen"]
    assert 0 < target[0] < 0.02 * target[-1]


def test_three_years_count_every_month():
    run = simulate(over("h1_2020", end="2022-12-31"))
    buyers = run.monthly["paying_buyers_count"]
    assert buyers.shape == (36,)
    assert run.monthly["repeat_next_share"][1:].min() > 0
    # Nobody is taken for one who bought this month because it bought fifteen months ago.
    assert np.array_equal(buyers[:12], year_of("h1_2020").monthly["paying_buyers_count"])
    pool = 400 * over("h1_2020").scenario.platform.pool_count // 400
    assert buyers.max() <= pool


def test_the_goal_is_that_of_its_own_year():
    two = simulate(over("laissez_faire", end="2021-12-31"))
    one = year_of("laissez_faire")
    assert two.run["attainment_share"] == one.run["attainment_share"]
    assert two.run["gmv_paid_fen"] > 1.5 * one.run["gmv_paid_fen"]
    late = simulate(over("laissez_faire", start="2020-10-01"))
    assert late.run["attainment_share"] == one.run["attainment_share"]
    after = simulate(over("laissez_faire", "2021-01-01", "2021-01-31"))
    assert (after.run["target_fen"], after.run["target_attained"]) == (0.0, False)


def test_one_day_is_a_horizon():
    assert simulate(over("all_levers", end="2020-01-01")).daily["orders_count"].shape == (1,)
    late = simulate(over("all_levers", "2020-03-31", "2020-03-31"))
    whole = year_of("all_levers").daily["orders_count"]
    assert late.daily["orders_count"][0] == whole[(date(2020, 3, 31) - FIRST).days]


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"end": "2023-01-02"}, "three years"),
        ({"start": "2019-12-31"}, "before first_day"),
        ({"end": "2019-12-31"}, "before start"),
    ],
)
def test_a_horizon_beyond_reason_is_refused(dates, words):
    calendar = over("h1_2020").scenario.calendar
    tree = calendar.model_dump(mode="json") | dates
    with pytest.raises(ValidationError, match=words):
        type(calendar).model_validate(tree)


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        (
            "12-28",
            "01-03",
            ("2020-12-30", "2021-01-02", "2023-01-03"),
            ("2021-01-04", "2020-12-27"),
        ),
        ("02-29", "02-29", ("2020-02-29", "2021-02-28"), ("2021-03-01", "2020-02-28")),
        ("2020-06-12", "2020-06-18", ("2020-06-12",), ("2021-06-12",)),
    ],
)
def test_a_period_with_a_year_is_of_that_year_and_one_without_of_every_year(
    start, end, inside, outside
):
    def holds_on(day: date) -> bool:
        return any(first <= day <= last for first, last in period.spans(day.year))

    period = Festival(name="f", start=start, end=end, traffic=1, attention=1, plan=True)
    assert all(holds_on(date.fromisoformat(day)) for day in inside)
    assert not any(holds_on(date.fromisoformat(day)) for day in outside)


def test_half_a_year_in_a_period_is_refused():
    with pytest.raises(ValidationError, match="one end with a year"):
        Festival(name="f", start="06-12", end="2020-06-18", traffic=1, attention=1, plan=True)
