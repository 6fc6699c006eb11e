"""Levers at their "off" do nothing, and purses bind only what they pay for."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.market.pacing.controls import mean_coupons
from engine.market.run import simulate
from tests.worlds import case

EARLY_PARTNER = (
    "scenario.suppliers.partner_date=2020-01-02",
    "scenario.suppliers.partner.joined_share=0.9",
    "policy.subsidy.partner_share=0.5",
)


def run_of(*levers: str, days: int = 40, policy: str = "laissez_faire"):
    return simulate(case(f"policy={policy}", *levers, days=days))


def test_rates_without_a_budget_change_nothing():
    rates = "policy.subsidy.rate={source: .5, domestic: .5, multinational: .5, partner: .5}"
    unfunded, plain = run_of(rates, "policy.subsidy.cap_rmb=3"), run_of()
    assert unfunded.run["gmv_fen"] == plain.run["gmv_fen"]


def test_a_coupon_of_a_fen_moves_nothing():
    """Whatever its rate promises: the cap per order is what a buyer gets, at festivals too."""
    rate = "policy.subsidy.rate={source: .5, platform_brand: .5, domestic: .5, multinational: .5}"
    funded = (rate, "policy.subsidy.budget_bn_rmb=60")
    begun = {"policy": "laissez_faire", "days": 175}  # to the end of the festival in June
    fen, none = run_of(*funded, "policy.subsidy.cap_rmb=0.01", **begun), run_of(**begun)
    rmb = run_of(*funded, "policy.subsidy.cap_rmb=10", **begun)
    sessions = none.run["sessions_count"]
    assert fen.run["sessions_count"] == pytest.approx(sessions, rel=2e-3)
    assert fen.run["gmv_fen"] == pytest.approx(none.run["gmv_fen"], rel=2e-2)
    assert rmb.run["sessions_count"] > 1.01 * sessions


def test_what_the_partner_cannot_pay_draws_nobody():
    """Coupons on its goods are withdrawn where its purse is empty.

    They draw nobody to a festival, and sellers do not price for them.
    """
    rate = "policy.subsidy.rate={source: 0, domestic: 0, multinational: 0, partner: .5}"
    begun = {"policy": "laissez_faire", "days": 175}
    promised = (*EARLY_PARTNER, rate, "policy.subsidy.budget_bn_rmb=60")
    empty = run_of(*promised, "policy.subsidy.partner_budget_bn_rmb=0", **begun)
    full = run_of(*promised, "policy.subsidy.partner_budget_bn_rmb=60", **begun)
    none = run_of(*EARLY_PARTNER, **begun)
    sessions = none.run["sessions_count"]
    assert (empty.run["sessions_count"], empty.run["gmv_fen"]) == (sessions, none.run["gmv_fen"])
    assert full.run["sessions_count"] > 1.005 * sessions


def test_the_cap_of_a_coupon_counts_at_the_mean_price_of_its_kind():
    levers = SimpleNamespace(
        rate=np.array([0.2, 0.2, 0.2, 0.2, 0.1]),
        tier_factor=np.array([0.5, 1.5]),
        festival_boost=2.0,
        cap_fen=1_000,
    )
    share = np.array([0.1, 0.2, 0.3, 0.0, 0.4])
    price = np.array([0.0, 10_000.0, 1_000.0, 1.0, 50_000.0])
    of_partner = np.array([False, False, False, False, True])
    # no price known: 20 % * 2; a cap of 10 %; 40 % below a cap of 100 %; a cap of 2 %
    alone, shared = mean_coupons.py_func(levers, 1.0, share, price, of_partner)
    assert alone == pytest.approx(0.1 * 0.4 + 0.2 * 0.1 + 0.3 * 0.4)
    assert shared == pytest.approx(0.4 * 0.02)
    pushed, _ = mean_coupons.py_func(levers, 1.5, share, price, of_partner)
    assert pushed == pytest.approx(0.1 * 0.6 + 0.2 * 0.1 + 0.3 * 0.6)
    most, _ = mean_coupons.py_func(levers, 9.0, share, price, of_partner)
    assert most == pytest.approx(0.1 * 0.9 + 0.2 * 0.1 + 0.3 * 0.9)


def test_no_plan_festival_means_no_plan():
    caps = ("policy.price.cap=0.5", "policy.price.cps_floor=0.3")
    none, plain = run_of(*caps, "policy.price.plan_festivals_count=0"), run_of()
    assert none.daily["plan_members_count"].sum() == 0
    assert none.run["gmv_fen"] == plain.run["gmv_fen"]
    assert run_of("policy.price.plan_festivals_count=3").daily["plan_members_count"][-1] > 0


def test_an_empty_partner_purse_leaves_the_platforms_own_coupons():
    rich = run_of(*EARLY_PARTNER, "policy.subsidy.partner_budget_bn_rmb=2", policy="h1_2020")
    poor = run_of(*EARLY_PARTNER, "policy.subsidy.partner_budget_bn_rmb=0", policy="h1_2020")
    assert rich.run["partner_subsidy_fen"] > 0
    assert poor.run["partner_subsidy_fen"] == 0
    # The platform's half of the coupons on the partner's goods goes too, nothing else.
    assert poor.run["subsidy_fen"] > 0.5 * rich.run["subsidy_fen"]


def test_the_partner_alone_may_fund_its_coupons():
    alone = run_of(
        *EARLY_PARTNER[:2],
        "policy.subsidy.partner_share=1",
        "policy.subsidy.rate.partner=0.2",
        "policy.subsidy.partner_budget_bn_rmb=5",
    )
    assert alone.run["subsidy_fen"] == 0
    assert alone.run["partner_subsidy_fen"] > 0


def test_a_target_that_is_met_every_day_pushes_nothing():
    plain = run_of()
    easy = run_of("policy.target.year_end_bn_rmb=0.001", "policy.target.recruiting_push=9")
    assert easy.daily["push_share"].max() == 0
    assert easy.run["gmv_fen"] == plain.run["gmv_fen"]
    hard = run_of("policy.target.year_end_bn_rmb=9000", "policy.target.recruiting_push=9")
    assert hard.daily["push_share"][1:].min() > 0.5
    assert hard.run["recruiting_fen"] > 0


def test_two_absences_of_one_anchor_add_up():
    first = "{rank: 0, leaves: 2020-01-05, returns: 2020-01-15}"
    second = "{rank: 0, leaves: 2020-01-25, returns: 2020-02-05}"
    none = run_of("scenario.calendar.absences=[]")
    one = run_of(f"scenario.calendar.absences=[{first}]")
    both = run_of(f"scenario.calendar.absences=[{first},{second}]")
    gmv = [year.daily["gmv_fen"] for year in (none, one, both)]
    assert np.array_equal(gmv[1][:24], gmv[2][:24])
    assert not np.array_equal(gmv[0][4:14], gmv[1][4:14])
    assert not np.array_equal(gmv[1][24:34], gmv[2][24:34])


def test_the_cost_of_recruiting_does_not_depend_on_how_many_suppliers_are_simulated():
    costs = [
        run_of(
            "policy.supply.recruiting=4", f"scale.suppliers_count={count}", "scale.anchors_count=50"
        ).run["recruiting_fen"]
        for count in (500, 4000)
    ]
    assert costs[1] == pytest.approx(costs[0], rel=0.35)
