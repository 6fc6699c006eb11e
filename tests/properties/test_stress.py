"""Whatever a valid world and policy are: money adds up to the fen, and no figure is nonsense."""

from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.market.run import simulate
from engine.measures.catalogue import MEASURES
from engine.units import FEN_PER_BN_RMB
from tests.kinds import LEVERS
from tests.properties.test_invariants import Watch
from tests.properties.worlds import (
    BASE,
    HORIZONS,
    POLICIES,
    SCENARIO,
    case_of,
    levers,
    policy_at,
    scales,
    scenario_at,
    scenarios,
)

SMALL = {"buyers_count": 300, "anchors_count": 40, "suppliers_count": 40, "showcase_count": 6}
MONEY = ("gmv_fen", "gmv_paid_fen", "subsidy_fen", "partner_subsidy_fen", "commission_fen",
         "take_fen", "returned_fen", "orders_count")  # fmt: skip


def check_values(name: str, values, where: str) -> None:
    """No value is missing, infinite, negative or above one where its measure cannot be."""
    column = np.atleast_1d(values)
    assert np.isfinite(column.astype(np.float64)).all(), f"{where}: {name} is {column}"
    least, most = MEASURES[name].possible_mean if name in MEASURES else (0.0, np.inf)
    assert (column >= least).all(), f"{where}: {name} is {column.min()}"
    assert (column <= most + 1e-9).all(), f"{where}: {name} is {column.max()}"


def check_run(asked) -> None:
    """Run a case; every table must add up and hold nothing that cannot be."""
    found = simulate(asked)
    daily, run = found.daily, found.run
    for name, column in daily.items():
        check_values(name, column, "daily")
    for name, value in run.items():
        check_values(name, value, "run")
    for name, column in found.monthly.items():
        check_values(name, column, "monthly")
    for name, column in found.segments.items():
        assert (column >= 0).all(), name
        np.testing.assert_array_equal(column.sum(axis=(1, 2, 3, 4)), daily[name], err_msg=name)
    for name in MONEY:
        # As exact whole numbers: an overflow would show.
        assert sum(daily[name].tolist()) == run[name], name
    given_out = daily["supplier_income_fen"] + daily["commission_fen"] + daily["take_fen"]
    np.testing.assert_array_equal(daily["gmv_fen"], given_out)
    coupons = daily["subsidy_fen"] + daily["partner_subsidy_fen"]
    np.testing.assert_array_equal(daily["gmv_paid_fen"] + coupons, given_out)
    assert (daily["returned_fen"] <= daily["gmv_fen"]).all()
    check_purse(asked, daily)


def check_purse(asked, daily) -> None:
    """Coupons of a calendar year stay within its purse, the partner's within the partner's."""
    first = asked.scenario.calendar.start
    years = np.array(
        [date.fromordinal(first.toordinal() + k).year for k in range(daily["gmv_fen"].size)]
    )
    subsidy = asked.policy.subsidy
    purses = {"subsidy_fen": subsidy.budget_bn_rmb,
              "partner_subsidy_fen": subsidy.partner_budget_bn_rmb}  # fmt: skip
    for name, purse in purses.items():
        for year in set(years.tolist()):
            assert daily[name][years == year].sum() <= purse * FEN_PER_BN_RMB, name


def check_slots(asked) -> None:
    """Step through the first days: money, purses and stock in every slot."""
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(asked, patch)
        for _ in range(min(asked.scenario.calendar.n_days, 3)):
            watch.market.run_day()


def check_case(changed, name, levers, scale, horizon, seed) -> None:
    scenario, policy = scenario_at(changed), policy_at(name, levers)
    assume(scenario is not None and policy is not None)
    asked = case_of(scenario, policy, scale, horizon, seed)
    check_run(asked)
    if asked.scenario.calendar.start.month != 12:  # a new year opens new purses
        check_slots(asked)


asked = given(
    changed=scenarios,
    name=st.sampled_from(POLICIES),
    levers=levers,
    scale=scales,
    horizon=st.sampled_from(sorted(HORIZONS)),
    seed=st.integers(0, 2**62),
)
quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=quiet)
@asked
def test_numbers_at_the_ends_of_their_ranges(changed, name, levers, scale, horizon, seed):
    check_case(changed, name, levers, scale, horizon, seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=quiet)
@asked
def test_many_more_numbers_at_the_ends_of_their_ranges(changed, name, levers, scale, horizon, seed):
    check_case(changed, name, levers, scale, horizon, seed)


NUMBERS = sorted(SCENARIO)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["low", "high"])
def test_each_number_of_the_scenario_at_its_ends(end):
    refused = []
    for path in NUMBERS:
        scenario = scenario_at({path: end})
        if scenario is None:
            refused.append(path)
            continue
        check_run(case_of(scenario, BASE.policy, SMALL, "around 29 February", 1))
    assert len(refused) < len(NUMBERS) / 10, refused


@pytest.mark.slow
@pytest.mark.parametrize("end", ["low", "high"])
def test_each_lever_at_its_ends(end):
    for path, lever in LEVERS.items():
        if not lever.choices:
            policy = policy_at("all_levers", {path: end})
            if policy is not None:
                check_run(case_of(BASE.scenario, policy, SMALL, "a festival", 1))


KINDS_JOINED = {
    path: "low" for path in SCENARIO if path.endswith((".joined_share", ".adoption_per_day"))
}
CORNERS = {
    "one anchor": ({}, {}, SMALL | {"anchors_count": 1}),
    "one buyer, one anchor": ({}, {}, SMALL | {"anchors_count": 1, "buyers_count": 1}),
    "nobody joins": (KINDS_JOINED, {}, SMALL),
    "all is returned": ({"returns.base": "high", "returns.slope": "low"}, {}, SMALL),
    "no budget": ({}, {"subsidy.budget_bn_rmb": "low"}, SMALL),
    "a huge budget": (
        {},
        {"subsidy.budget_bn_rmb": "high", "subsidy.cap_rmb": "high", "subsidy.rate.source": "high",
         "subsidy.partner_share": "high", "subsidy.partner_budget_bn_rmb": "high"},
        SMALL,
    ),
    "nobody follows": ({"buyers.follows_count": "low"}, {}, SMALL),
    "everybody is new": ({"buyers.newcomers_share": "high", "anchors.newcomers_share": "high"},
                         {}, SMALL),
    "the largest pool": ({"platform.pool_count": "high"}, {"subsidy.budget_bn_rmb": "high"},
                         SMALL | {"buyers_count": 1}),
    "every lever low": ({}, {path: "low" for path, it in LEVERS.items() if not it.choices}, SMALL),
    "every lever high": ({}, {path: "high" for path, it in LEVERS.items() if not it.choices},
                         SMALL),
}  # fmt: skip


@pytest.mark.parametrize("corner", CORNERS)
def test_corners(corner):
    changed, moved, scale = CORNERS[corner]
    for horizon in ("one day", "a festival"):
        scenario, policy = scenario_at(changed), policy_at("double_ten_billion", moved)
        assert scenario is not None
        if policy is None:  # no policy has all levers there
            continue
        check_run(case_of(scenario, policy, scale, horizon, 1))
        check_slots(case_of(scenario, policy, scale, horizon, 1))


def test_three_years_of_few_buyers():
    few = SMALL | {"buyers_count": 20, "anchors_count": 10}
    asked = case_of(BASE.scenario, policy_at("double_ten_billion", {}), few, "one day", 1)
    calendar = asked.scenario.calendar.model_copy(update={"end": date(2022, 12, 31)})
    from dataclasses import replace

    long = replace(asked, scenario=asked.scenario.model_copy(update={"calendar": calendar}))
    assert calendar.n_days == 1096
    check_run(long)
