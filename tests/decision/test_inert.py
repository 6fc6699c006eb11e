"""What cannot act is not told of; what is left out changes nothing of the market."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import load
from engine.decision.inert import (
    _can_act,
    _stripped,
    _with_values_of,
    beyond_limits,
    differences,
)
from engine.market.run import simulate
from engine.spec.levers import set_levers
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from tests.kinds import LEVERS, ROLES
from tests.worlds import CONF, case

SMALL = ("scale.buyers_count=400", "scale.anchors_count=50", "scale.suppliers_count=50")
ASKED = case("policy=h1_2020", *SMALL, "scenario.calendar.start=2020-06-01",
             "scenario.suppliers.domestic.joined_share=0.4", days=24)  # fmt: skip
TODAY = ASKED.policy
RATES = {path: 0.19 for path in LEVERS if path.startswith("subsidy.rate.")}
UNPAID = {*RATES, "subsidy.new_buyer_rate", "subsidy.cap_rmb", "subsidy.festival_boost",
          "subsidy.tier_factor.tier12", "subsidy.tier_factor.tier3"}  # fmt: skip
FLOWS = ("gmv_fen", "gmv_paid_fen", "orders_count", "subsidy_fen", "commission_fen",
         "sessions_count", "platform_contribution_fen", "dau_count")  # fmt: skip


def moved(values: dict[str, object], base: Policy = TODAY) -> Policy:
    return set_levers(base, values, "moved")


def inert_levers(policy: Policy) -> list[str]:
    return [path for path in LEVERS if not _can_act(path, policy, ROLES)]


def test_every_need_names_levers_that_there_are():
    groups = {lever.group for lever in LEVERS.values()} - {""}
    for lever in LEVERS.values():
        for row in lever.needs:
            assert row
            for need in row:
                assert need.partition("=")[0] in LEVERS.keys() | groups, (lever.path, need)


def asked_of(*overrides: str) -> OptimizeJob:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("optimize", list(overrides)), OptimizeJob)


def paths_beyond(job: OptimizeJob) -> dict[str, list[str]]:
    """Of each given policy but today's, the levers that lie outside the limits."""
    today = job.baselines[job.today or "h1_2020"]
    return {
        name: [one.path for one in found]
        for name, policy in job.baselines.items()
        for found in (beyond_limits(policy, today, job.space, job.scenario.kinds,
                                    job.decision_date),)
        if policy is not today and found
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [(), ("question=october_2020",), ("question=pinduoduo_2019",), ("question=year_2020",),
     ("space=all_levers",), ("space=staged",)],
)  # fmt: skip
def test_no_given_policy_lies_outside_limits_that_nobody_narrowed(words):
    assert paths_beyond(asked_of(*words)) == {}


LOW_RATES = tuple(f"space.levers.{path}.low=0.05" for path in RATES)
LOW_PURSE = "space.levers.subsidy.budget_bn_rmb.low=5"
FESTIVALS = "+space.levers.price.plan_festivals_count={low: %d, high: 3}"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["space.levers.price.cap.low=0.85"], {"double_ten_billion": ["price.cap"]}),
        (["space.levers.price.cap.high=0.75"], {"double_ten_billion": ["price.cap"]}),
        (
            ["space.levers.subsidy.rate.domestic.high=0.1"],
            {"double_ten_billion": ["subsidy.rate.domestic"]},
        ),
        ([LOW_PURSE], {}),  # without coupons a purse is none
        (LOW_RATES, {}),  # without a purse a coupon is none
        (
            [LOW_PURSE, *LOW_RATES],
            {"laissez_faire": ["subsidy.budget_bn_rmb", *RATES]},
        ),
        ([FESTIVALS % 0], {}),
        ([FESTIVALS % 1], {"laissez_faire": ["price.plan_festivals_count"]}),
        (
            ["space.levers.target.year_end_bn_rmb.low=300"],
            {"double_ten_billion": ["target.year_end_bn_rmb"]},
        ),
    ],
)
def test_given_policies_outside_narrowed_limits_are_named_by_what_acts(words, found):
    assert paths_beyond(asked_of(*words)) == found


def test_a_rate_without_a_purse_is_inert():
    policy = moved({"subsidy.budget_bn_rmb": 0.0, **RATES})
    assert set(inert_levers(policy)) >= UNPAID
    assert [one.path for one in differences(policy, TODAY, ROLES)] == ["subsidy.budget_bn_rmb"]


def test_a_partner_who_pays_all_needs_no_purse_of_the_platform():
    policy = moved({"subsidy.budget_bn_rmb": 0.0, "subsidy.partner_share": 1.0})
    assert not set(inert_levers(policy)) & set(RATES)
    half = moved({"subsidy.budget_bn_rmb": 0.0, "subsidy.partner_share": 0.5})
    assert "subsidy.partner_share" not in inert_levers(half)  # at 1 it would pay
    alone = moved({"subsidy.partner_budget_bn_rmb": 0.0}, policy)
    assert set(inert_levers(alone)) >= set(RATES)


def test_of_a_policy_without_coupons_the_purse_is_the_difference():
    none = {
        "subsidy.budget_bn_rmb": 0.0,
        "subsidy.new_buyer_rate": 0.0,
        **dict.fromkeys(RATES, 0.0),
    }
    assert [one.path for one in differences(moved(none), TODAY, ROLES)] == ["subsidy.budget_bn_rmb"]


def test_a_date_on_which_nothing_changes_is_no_difference():
    again = {"traffic.ad_load": {date(2020, 1, 1): 0.05, date(2020, 7, 1): 0.05}}
    assert differences(moved(again), TODAY, ROLES) == ()


@pytest.mark.parametrize(
    ("values", "inert"),
    [
        ({"price.plan_festivals_count": 0}, {"price.cap", "price.cps_floor"}),
        ({"traffic.ad_load": 0.0}, {"traffic.ad_reserve_rmb"}),
        (dict.fromkeys([*RATES, "subsidy.new_buyer_rate"], 0.0),
         {"subsidy.budget_bn_rmb", "subsidy.cap_rmb", "subsidy.festival_boost",
          "subsidy.tier_factor.tier12", "target.coupon_push"}),
        ({"target.year_end_bn_rmb": 0.0, "target.revisions": ()},
         {"target.proportional_gain", "target.coupon_push", "target.load_push"}),
        ({"target.proportional_gain": 0.0, "target.integral_gain": 0.0},
         {"target.year_end_bn_rmb", "target.recruiting_push"}),
        ({"target.recruiting_push": 0.0, "target.coupon_push": 0.0, "target.load_push": 0.0},
         {"target.year_end_bn_rmb", "target.proportional_gain"}),
    ],
)  # fmt: skip
def test_what_needs_something_that_is_off_is_inert(values, inert):
    assert not inert & set(inert_levers(TODAY))
    assert inert <= set(inert_levers(moved(values)))


def test_a_target_by_revision_alone_acts():
    late = [{"day": date(2020, 8, 1), "year_end_bn_rmb": 300.0}]
    policy = moved({"target.year_end_bn_rmb": 0.0, "target.revisions": tuple(late)})
    assert "target.recruiting_push" not in inert_levers(policy)


def test_only_what_comes_after_the_decision_differs():
    at = date(2020, 6, 1)
    same = moved({
        "supply.library_open.waist": 0.8, "supply.library_open.tail": 0.8,
        "target.year_end_bn_rmb": 250.0, "target.revisions": (),
    })  # fmt: skip
    assert differences(same, TODAY, ROLES, at) == ()
    assert [one.path for one in differences(same, TODAY, ROLES)] == [
        "target.year_end_bn_rmb", "supply.library_open.waist", "supply.library_open.tail",
    ]  # fmt: skip


def test_the_goal_and_its_revisions_go_together():
    policy = moved({"target.year_end_bn_rmb": 450.0, "target.revisions": ()})
    assert _with_values_of(policy, TODAY, "target.year_end_bn_rmb").target == TODAY.target


def test_the_shape_of_a_target_counts_only_with_the_target():
    flat = {"target.knots": (0.5, 1.0)}
    assert [one.path for one in differences(moved(flat), TODAY, ROLES)] == ["target.knots"]
    off = {"target.year_end_bn_rmb": 0.0, "target.revisions": ()}
    assert "target.knots" not in [one.path for one in differences(moved(flat | off), TODAY, ROLES)]


ZERO_OR = st.sampled_from([0.0, 1.0])


DRAWN = st.fixed_dictionaries({
    "subsidy.budget_bn_rmb": st.sampled_from([0.0, 5.0]),
    "subsidy.partner_budget_bn_rmb": st.sampled_from([0.0, 5.0]),
    "subsidy.partner_share": st.sampled_from([0.0, 0.5, 1.0]),
    "subsidy.cap_rmb": st.sampled_from([5.0, 100.0]),
    "subsidy.festival_boost": st.sampled_from([1.0, 3.0]),
    "price.plan_festivals_count": st.sampled_from([0, 3]),
    "price.cap": st.sampled_from([0.6, 1.0]),
    "price.cps_floor": st.sampled_from([0.0, 0.3]),
    "traffic.ad_load": st.sampled_from([0.0, 0.3]),
    "traffic.ad_reserve_rmb": st.sampled_from([0.0, 400.0]),
    "target.proportional_gain": st.sampled_from([0.0, 5.0]),
    "target.coupon_push": ZERO_OR, "target.load_push": st.sampled_from([0.0, 0.4]),
    "target.recruiting_push": ZERO_OR,
})  # fmt: skip


@settings(max_examples=25, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(DRAWN, ZERO_OR, ZERO_OR, ZERO_OR)
def test_a_stripped_policy_is_the_same_market_to_the_last_fen(values, rate, new, goal):
    rates = dict.fromkeys(RATES, 0.3 * rate)
    # Without a rate, coupons for new buyers that no purse pays would be refused one by one.
    if not values["price.plan_festivals_count"]:  # members keep to it until the next review
        values = values | {"price.cps_floor": TODAY.price.cps_floor.steps[0][1]}
    policy = moved({**values, **rates, "subsidy.new_buyer_rate": 0.3 * rate * new,
                    "target.year_end_bn_rmb": 450.0 * goal, "target.revisions": ()})  # fmt: skip
    plain = _stripped(policy, TODAY, ROLES)
    years = [simulate(replace(ASKED, policy=one, history=TODAY)) for one in (policy, plain)]
    for name in FLOWS:
        assert np.array_equal(*(year.daily[name] for year in years)), name
