"""The purse over the year: a late weight moves what a day may spend, and nothing at 1."""

import numpy as np
import pytest

from engine.decision.inert import _can_act, differences
from engine.market.almanac import Almanac
from engine.market.plan import Plan
from engine.market.run import simulate
from engine.spec.levers import set_levers
from tests.kinds import ROLES
from tests.worlds import case

SMALL = ("policy=h1_2020", "scale.buyers_count=400", "scale.anchors_count=50",
         "scale.suppliers_count=50", "policy.subsidy.budget_bn_rmb=1")  # fmt: skip
DAYS = 366


def weights(late_weight: float) -> np.ndarray:
    asked = case(*SMALL, f"policy.subsidy.late_weight={late_weight}")
    plan = Plan(Almanac(asked.scenario), asked.policy, 0, 0)
    return np.array([plan.on(day).weight for day in range(DAYS)])


def test_weights_rise_by_the_factor_from_the_first_day_to_the_last():
    plain, late = weights(1.0), weights(4.0)
    assert late / plain == pytest.approx(4.0 ** (np.arange(DAYS) / (DAYS - 1)))
    assert (late / plain)[[0, -1]] == pytest.approx([1, 4])


def test_a_purse_that_binds_is_spent_later_and_no_more_of_it():
    spent = {}
    for late in (0.2, 1.0, 5.0):
        year = simulate(case(*SMALL, f"policy.subsidy.late_weight={late}", days=120))
        spent[late] = year.daily["subsidy_fen"]
    first = {late: days[:60].sum() for late, days in spent.items()}
    assert first[0.2] > 1.2 * first[1.0] > 1.2 * 1.2 * first[5.0]
    assert all(days.sum() <= 1e11 for days in spent.values())


def test_without_a_purse_it_cannot_act():
    today = case(*SMALL).policy
    late = set_levers(today, {"subsidy.late_weight": 4.0}, "late")
    assert [one.path for one in differences(late, today, ROLES)] == ["subsidy.late_weight"]
    purses = {"subsidy.budget_bn_rmb": 0.0, "subsidy.partner_budget_bn_rmb": 0.0}
    assert not _can_act("subsidy.late_weight", set_levers(late, purses, "none"), ROLES)
