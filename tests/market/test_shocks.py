"""Aggregate demand that nobody controls: the same days for all who share a run seed."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.market.calendar.shocks import demand_shock
from engine.market.run import advance, simulate
from engine.market.saved import load_state, save_state
from engine.spec.scenario import Shocks
from tests.closed_forms.worlds import ALIKE, FIXED_PRICES, near, open_market
from tests.worlds import case

SHOCKS = case(days=1).scenario.shocks
STILL = ("scenario.shocks.week_sd=0", "scenario.shocks.month_sd=0")
YEAR = 366


def path(run_seed: int, days: int = YEAR, shocks: Shocks = SHOCKS) -> np.ndarray:
    """The factors of the first days."""
    return np.array([demand_shock(shocks, run_seed, day) for day in range(days)])


def covariance(step: int, sd: float, persistence: float, days: int = YEAR) -> np.ndarray:
    """Covariance of the ln levels of one process between days, by its closed form."""
    knots = np.arange(days // step + 2)
    between = sd**2 * persistence ** np.abs(np.subtract.outer(knots, knots))
    weights = np.zeros((days, knots.size))
    day = np.arange(days)
    weights[day, day // step] = 1 - day % step / step
    weights[day, day // step + 1] += day % step / step
    return weights @ between @ weights.T


def year_sd(shocks: Shocks = SHOCKS) -> float:
    """Standard deviation of the factor's mean over a year: of a lognormal's mean over days."""
    ln = covariance(7, shocks.week_sd, shocks.week_persistence)
    ln += covariance(30, shocks.month_sd, shocks.month_persistence)
    return float(np.sqrt(np.expm1(ln).mean()))


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    """Years of many run seeds, (seeds, days)."""
    return np.array([path(seed) for seed in range(1500)])


def test_the_mean_is_one_on_every_day():
    """Large ones: without what is taken off, or with that of a knot, it would be far from 1."""
    large = Shocks(week_sd=0.3, week_persistence=0.1, month_sd=0.4, month_persistence=0.1)
    seen = np.array([path(seed, 90, large) for seed in range(1500)])
    near(seen.mean(axis=0), 1.0, seen.std(axis=0, ddof=1) / len(seen) ** 0.5, times=4.5)


def test_days_move_together_as_the_closed_form_says(many):
    ln = np.log(many) - np.log(many).mean(axis=0)
    expected = covariance(7, SHOCKS.week_sd, SHOCKS.week_persistence)
    expected += covariance(30, SHOCKS.month_sd, SHOCKS.month_persistence)
    for first, second in ((0, 0), (3, 3), (15, 15), (0, 7), (10, 24), (100, 160), (0, 300)):
        products = ln[:, first] * ln[:, second]
        near(products.mean(), expected[first, second], products.std() / len(many) ** 0.5)


def test_a_year_varies_as_the_closed_form_says(many):
    squares = (many.mean(axis=1) - 1) ** 2
    near(squares.mean(), year_sd() ** 2, squares.std() / len(many) ** 0.5)
    assert 0.025 < year_sd() < 0.035


def test_days_beyond_a_year_go_on_and_change_nothing_before():
    long = path(7, 1500)
    assert np.array_equal(long[:YEAR], path(7))
    assert np.abs(np.diff(np.log(long))).max() < 0.05
    assert long[420:].std() > 0.01


def test_another_run_seed_has_other_shocks_and_size_zero_has_none():
    assert not np.array_equal(path(1), path(2))
    still = SHOCKS.model_copy(update={"week_sd": 0.0, "month_sd": 0.0})
    assert (path(1, shocks=still) == 1.0).all()


def test_weeks_and_months_have_streams_of_their_own():
    week = SHOCKS.model_copy(update={"month_sd": 0.0})
    month = SHOCKS.model_copy(update={"week_sd": 0.0})
    both = path(3, shocks=week) * path(3, shocks=month)
    assert path(3) == pytest.approx(both, rel=1e-12)
    assert abs(np.corrcoef(path(3, shocks=week), path(3, shocks=month))[0, 1]) < 0.5


def test_policies_share_what_is_recorded():
    years = [simulate(case(f"policy={name}", days=40)) for name in ("laissez_faire", "h1_2020")]
    for year in years:
        assert np.array_equal(year.daily["demand_shock"], path(1, 40))


def test_a_horizon_that_begins_later_has_the_same_days():
    one = case(days=40)
    calendar = one.scenario.calendar.model_copy(
        update={"first_day": date(2020, 1, 1), "start": date(2020, 1, 21)}
    )
    later = replace(one, scenario=one.scenario.model_copy(update={"calendar": calendar}))
    assert np.array_equal(simulate(later).daily["demand_shock"], path(1, 40)[20:])


def test_a_saved_state_goes_on_with_the_same_shocks(tmp_path):
    asked = case(days=30)
    market = open_market(asked)
    advance(market.world, asked.policy, market.state, date(2020, 1, 11))
    save_state(market.state, market.world, tmp_path / "state.npz")
    loaded = load_state(market.world, tmp_path / "state.npz")
    for state in (market.state, loaded):
        advance(market.world, asked.policy, state, date(2020, 1, 31))
    assert np.array_equal(loaded.record.values["demand_shock"][:30], path(1, 30))
    assert loaded.digest() == market.state.digest()


def test_serious_looks_answer_to_it_and_visits_do_not():
    large = ("scenario.shocks.week_sd=0.3", "scenario.shocks.month_sd=0.3")
    world = (*ALIKE, *FIXED_PRICES, "scenario.attention.base=0.2")
    moved, still = (simulate(case(*world, *own, days=60)).daily for own in (large, ()))
    assert np.array_equal(moved["sessions_count"], still["sessions_count"])
    sessions = moved["sessions_count"] / (217_000_000 // 2_000)
    share = moved["looks_count"] / moved["sessions_count"]
    expected = 0.2 * moved["demand_shock"]
    near(share, expected, np.sqrt(expected * (1 - expected) / sessions), times=4.5)
    assert moved["demand_shock"].std() > 0.05


def test_the_platform_does_not_foresee_them():
    """Ten days without shocks, then one of a very good or bad week: forecast alike, sold not."""
    large = ("scenario.shocks.week_sd=0.9", "scenario.shocks.month_sd=0")
    asked = [case("policy=h1_2020", *own, days=12) for own in (STILL, large)]
    before = open_market(asked[0])
    advance(before.world, asked[0].policy, before.state, date(2020, 1, 11))
    days = []
    for one in asked:
        state = before.state.copy()
        advance(open_market(one).world, one.policy, state, date(2020, 1, 13))
        days.append(state.record.values[10:12])
    still, moved = days
    assert abs(moved["demand_shock"][0] - 1) > 0.1
    assert moved["head_gmv_fen"][0] != still["head_gmv_fen"][0]
    assert moved["forecast_gmv_fen"][0] == still["forecast_gmv_fen"][0] > 0
    assert moved["forecast_gmv_fen"][1] != still["forecast_gmv_fen"][1]


@pytest.mark.slow
def test_sales_of_a_year_move_with_the_mean_factor():
    """Where nobody learns, GMV follows the factor; the sd of its year is thus `year_sd`."""
    world = (*ALIKE, *FIXED_PRICES, "scenario.attention.base=0.2")
    default = tuple(f"scenario.shocks.{name}={value}" for name, value in SHOCKS)
    for run_seed in range(4):
        moved, still = (simulate(case(*world, *own, run_seed=run_seed)) for own in (default, ()))
        gain = moved.run["expected_gmv_paid_fen"] / still.run["expected_gmv_paid_fen"]
        looks = still.run["looks_count"] / (217_000_000 // 2_000)
        near(gain, moved.daily["demand_shock"].mean(), 2 * looks**-0.5)


@pytest.mark.slow
def test_a_goal_at_the_median_is_neither_sure_nor_out_of_reach():
    years = [
        simulate(replace(case("policy=laissez_faire", run_seed=run_seed), world_seed=run_seed)).run
        for run_seed in range(1, 25)
    ]
    sales = np.array([year["gmv_paid_fen"] for year in years], float)
    goal = np.median(sales[:10])
    assert 0 < np.mean(sales[10:] >= goal) < 1
    assert sales.std(ddof=1) / sales.mean() > 0.8 * year_sd()
