"""What is left beyond the year, and what a target path's shape brings, on sums made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from engine.case import Case, RunResult
from engine.compute.pool import ProcessPool
from engine.decision.amounts import bn
from engine.decision.beyond import _STRAIGHT, Beyond, _path_cases, _path_sentence
from engine.decision.value import pays_from, value_rows
from engine.measures.run_off import VALUED, discounts, value_measure
from engine.report.findings.prices import VALUE
from engine.results.schemas import COLUMNS
from engine.spec.levers import set_levers
from engine.units import FEN_PER_BN_RMB
from tests.fakes import simulate_fake, small_case, small_policy
from tests.kinds import ROLES
from tests.search.jobs import small_job

DAYS = 91
CHASING = {"proportional_gain": 2.0, "coupon_push": 1.0, "knots": (0.2, 1.0)}
"""A target whose path can move coupons."""
POLICY = small_policy("trial-7", 0.2, target=CHASING)
TODAY = small_policy("held", 0.1)


def year_of(case: Case) -> RunResult:
    """A day of -1 bn in the horizon, 40 of -.5 after it, then +.4, beside today's 10 bn.

    A straight path brings half a bn of GMV less in the first replication and one in the second.
    """
    found = simulate_fake(case)
    days = np.full(DAYS + case.run_off_days, 10.0)
    if case.policy.name == "trial-7" and case.run_off_days:
        change = np.concatenate((np.full(DAYS, -1.0), np.full(40, -0.5), np.full(325, 0.4)))
        days += change[: days.size]
    fen = np.round(days * FEN_PER_BN_RMB).astype(np.int64)
    gmv = 300 - (0.5 * (1 + case.replication) if case.policy.name == _STRAIGHT else 0)
    run = {"gmv_paid_fen": gmv * FEN_PER_BN_RMB, "platform_contribution_fen": 2e11}
    valued = {VALUED[0]: fen, VALUED[1]: 3 * fen} if case.run_off_days else {}
    return replace(found, run=found.run | run, valued_days=valued)


def asked(**changes) -> Beyond:
    job = small_job(
        **{"today": "held", "run_off": (0, 90, 365), "discount_per_year": 0.0} | changes
    )
    policies = {"held": TODAY, "trial-7": changes.pop("policy", POLICY)}
    return Beyond.of(job, policies, "trial-7", "the next step", ProcessPool(year_of))


def test_value_is_told_in_its_three_terms():
    found = asked()
    rows = {row["measure"]: row["difference"] / FEN_PER_BN_RMB for row in found.values}
    assert rows[value_measure(VALUED[0], 0, "in_the_year")] == pytest.approx(-91)
    assert rows[value_measure(VALUED[0], 365, "pulled_forward")] == pytest.approx(-20)
    assert rows[value_measure(VALUED[0], 365, "left_behind")] == pytest.approx(0.4 * 325)
    assert rows[value_measure(VALUED[0], 365, "whole")] == pytest.approx(-91 - 20 + 130)
    assert all(set(row) == set(COLUMNS["value"]) for row in found.values)
    said = " ".join(found.sentences)
    assert "What the next step is worth" in said
    assert "−91 (−91 to −91) in the year" in said
    assert "19 (19 to 19) with 365 days after it (pulled forward −20, left behind 130)" in said


def test_it_pays_from_the_day_on_which_its_value_stays_above_nothing():
    # -91 - 20 + .4 (H - 40) > 0 from H = 318 on: 277.5 days of .4 make good 111.
    assert "It pays from 318 days after the year on" in asked().sentences[1]
    assert "It does not pay within 90 days" in asked(run_off=(90,)).sentences[1]
    # 30 days of .4 are 12 of 19.
    assert "the last 30 still bring 2% of it or more" in asked().sentences[1]


@pytest.mark.parametrize(("first", "expected"), [(5.0, 0), (-1.0, 2), (-9.0, None)])
def test_pays_from_counts_days_after_the_horizon(first: float, expected: int | None):
    """In the horizon `first`, then +.6 a day over six days."""
    job = small_job(today="held", run_off=(6,), discount_per_year=0.0)
    change = np.concatenate(([first], np.zeros(DAYS - 1), np.full(6, 0.6)))
    years = [
        replace(simulate_fake(small_case(policy, replication=r)), valued_days={VALUED[0]: days})
        for r in range(2)
        for policy, days in ((TODAY, np.zeros(DAYS + 6)), (POLICY, change))
    ]
    assert pays_from(job, "held", years) == expected


def test_a_value_of_the_year_alone_can_be_asked():
    found = asked(run_off=(0,))
    assert [row["measure"] for row in found.values if "contribution" in row["measure"]] == [
        "platform_contribution_0d_in_the_year_fen"
    ]
    assert len(found.sentences) == 2
    assert found.sentences[0].endswith("in the year.")


def test_nothing_is_simulated_where_nothing_is_asked():
    def refuse(case: Case) -> RunResult:
        raise AssertionError(case)

    job = small_job(today="held")
    idle = set_levers(POLICY, {"target.coupon_push": 0.0}, "trial-7")
    for name, policies in (("held", {"held": TODAY}), ("", {"held": TODAY})):
        found = Beyond.of(job, policies, name, "it", ProcessPool(refuse))
        assert found == Beyond("", [], [], ())
    policies = {"held": TODAY, "trial-7": idle}
    found = Beyond.of(job, policies, "trial-7", "it", ProcessPool(refuse))
    assert found.sentences == (
        "The shape of its target path moves nothing: the target pushes no lever.",
    )


def test_the_shape_is_compared_with_straight_knots_of_the_same_policy():
    (case,) = _path_cases([small_case(TODAY, replication=3)], POLICY)
    assert case.policy.target.knots == (1.0,)
    assert case.policy.subsidy == POLICY.subsidy
    assert case.replication == 3
    rows = {row["measure"]: row for row in asked(run_off=()).path}
    gmv = rows["gmv_paid_fen"]
    assert gmv["difference"] == pytest.approx(0.75 * FEN_PER_BN_RMB)
    # Two replications, .5 and 1: standard error .25, Student's quantile of one degree 12.7.
    assert gmv["ci_low"] == pytest.approx((0.75 - 0.25 * 12.706) * FEN_PER_BN_RMB, rel=1e-3)


def test_what_is_not_told_from_noise_is_said_so():
    (said,) = asked(run_off=()).sentences
    assert "brings nothing beyond a straight one that is distinguishable from noise" in said
    assert "GMV 0.75 (−2.4 to 3.9) and contribution 0 (0 to 0) bn RMB" in said


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"target.knots": (0.25, 0.5, 0.75, 1.0)}, "path to its target is straight"),
        ({"target.year_end_bn_rmb": 0.0}, "there is no target"),
        ({"target.proportional_gain": 0.0}, "has no gain"),
        ({"subsidy.budget_bn_rmb": 0.0}, "no purse that it could pace"),
        ({"target.coupon_push": 0.0}, "pushes no lever"),
    ],
)
def test_a_shape_that_cannot_matter_is_told_and_why(changes: dict[str, float], why: str):
    policy = set_levers(POLICY, changes, "trial-7")
    assert _path_cases([small_case(TODAY)], policy) == []
    assert why in _path_sentence(policy, ROLES, [])


def test_a_path_that_never_pushes_is_told():
    zero = {"difference": 0.0, "standard_error": 0.0, "ci_low": 0.0, "ci_high": 0.0,
            "mean": 0.0, "baseline_mean": 0.0}  # fmt: skip
    measures = ("gmv_paid_fen", "platform_contribution_fen", "push_mean_share")
    said = _path_sentence(POLICY, ROLES, [zero | {"measure": measure} for measure in measures])
    assert said.endswith("to the fen: sales stay ahead of both paths.")


def test_discounts_count_from_the_decision():
    assert discounts(733, 2, 1.0)[[0, 2, 367, 732]] == pytest.approx([1, 1, 0.5, 0.25])


def test_the_page_shows_each_length_of_run_off():
    cells = VALUE.cells(asked().values)
    assert [row[0] for row in cells] == ["0", "90", "365"]
    assert all(len(row) == len(VALUE.heads) for row in cells)
    assert cells[0][4:6] == ["–", "–"]
    assert cells[2][1:6] == ["19.0", "19.0 to 19.0", "−91.0", "−20.0", "130"]
    assert VALUE.cells([]) == []


def test_amounts_have_a_true_minus_and_nothing_has_none():
    assert [bn(x * FEN_PER_BN_RMB) for x in (-4.25, 3.0, -0.5, -0.001, 0.0)] == [
        "−4.2", "3", "−0.50", "0.00", "0",
    ]  # fmt: skip
    assert [bn(x * FEN_PER_BN_RMB, 6 * FEN_PER_BN_RMB) for x in (6.25, 0.054, -0.0054)] == [
        "6.25", "0.054", "−0.0054",
    ]  # fmt: skip
    assert value_rows(small_job(today="held"), "held", []) == []
