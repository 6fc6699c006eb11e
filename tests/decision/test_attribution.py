"""Effects against a market whose answer is known: additive levers, a product of two, and chance."""

from datetime import date

import numpy as np
import pytest

from engine.case import RunResult
from engine.decision.attribution import _attributed_policies, _attributions, _cases, _Pair
from engine.errors import InputError
from engine.spec.levers import set_levers
from engine.spec.policy import Policy
from engine.stats.intervals import mean_interval
from tests.fakes import small_case, small_policy
from tests.kinds import ROLES

TODAY = small_policy("h1_2020", rate=0.1)
MOVED = {"subsidy.budget_bn_rmb": 20.0, "traffic.commercial_load": 1.4, "supply.recruiting": 2.0}
POLICY = set_levers(TODAY, MOVED, "trial-7")
LUCK = [3.0, -1.0, 0.5, 2.0]
CASES = [
    small_case(TODAY, replication=r, world=world) for world in ("a", "b") for r in range(len(LUCK))
]


def gmv(policy: Policy, chance: float, world: str) -> float:
    """2 per bn of purse, 100 per unit of load, and load x recruiting; chance moves load."""
    purse = policy.subsidy.budget_bn_rmb
    load = policy.traffic.commercial_load.steps[0][1] - 1
    recruiting = policy.supply.recruiting.steps[0][1] - 1
    own = 10 if world == "a" else -10
    return 2 * purse + (100 + chance + own) * load + 50 * load * recruiting + 1000 * chance


def years(policy: Policy = POLICY, today: Policy = TODAY) -> list[RunResult]:
    return [
        RunResult(case.labels(), {
            "gmv_paid_fen": gmv(case.policy, LUCK[case.replication], case.world),
            "platform_contribution_fen": -case.policy.subsidy.budget_bn_rmb,
        }, {}, {})
        for case in _cases(CASES, pair(policy, today))
    ]  # fmt: skip


def pair(policy, today=TODAY, day=None):
    return _Pair(policy, today, ROLES, day)


def effects(measure: str = "gmv_paid_fen"):
    found = _attributions(years(), pair(POLICY))
    return {(row.lever, row.view): row.effect for row in found if row.measure == measure}


def test_effects_are_those_of_the_market():
    found = effects()
    mean = np.mean(LUCK)
    assert found["subsidy.budget_bn_rmb", "leave_one_out"].value == pytest.approx(-20)
    assert found["subsidy.budget_bn_rmb", "one_at_a_time"].value == pytest.approx(-20)
    load = 0.4 * (100 + mean)
    assert found["traffic.commercial_load", "one_at_a_time"].value == pytest.approx(load)
    assert found["traffic.commercial_load", "leave_one_out"].value == pytest.approx(load + 20)
    assert found["supply.recruiting", "one_at_a_time"].value == pytest.approx(0)
    assert found["supply.recruiting", "leave_one_out"].value == pytest.approx(20)
    assert found["", "together"].value == pytest.approx(load + 20 - 20)
    assert found["", "interaction"].value == pytest.approx(20)
    assert effects("platform_contribution_fen")["", "together"].value == pytest.approx(10)


def test_worlds_of_a_replication_are_one_observation():
    """Luck that all policies share cancels; the interval is over four replications, not eight."""
    effect = effects()["traffic.commercial_load", "one_at_a_time"]
    assert effect == pytest.approx(mean_interval(0.4 * (100 + np.array(LUCK))))
    assert effect.low < effect.value < effect.high


def test_all_weight_on_one_world_gives_its_effects():
    found = _attributions(years(), pair(POLICY), weights={"a": 1.0, "b": 0.0})
    (load,) = (
        row.effect
        for row in found
        if (row.lever, row.view) == ("traffic.commercial_load", "one_at_a_time")
        and row.measure == "gmv_paid_fen"
    )
    assert load == pytest.approx(mean_interval(0.4 * (110 + np.array(LUCK))))


def test_nothing_is_claimed_of_what_is_not_moved_or_cannot_act():
    idle = set_levers(TODAY, {**MOVED, "price.cap": 0.6}, "trial-8")  # without plan days
    rows = _attributions(years(idle), pair(idle))
    assert {row.lever for row in rows} == {"", *MOVED}
    assert _attributed_policies(pair(idle))["whole"].price == TODAY.price
    assert next(row.says for row in rows if row.lever == "supply.recruiting") == "recruiting x 2"


def test_one_difference_needs_no_further_years():
    one = set_levers(TODAY, {"supply.recruiting": 2.0}, "trial-9")
    assert len(_cases(CASES, pair(one))) == 2 * len(CASES)
    rows = _attributions(years(one), pair(one))
    found = {
        (row.lever, row.view): row.effect.value for row in rows if row.measure == "gmv_paid_fen"
    }
    assert found["supply.recruiting", "leave_one_out"] == found["", "together"]
    assert found["", "interaction"] == 0


def test_cases_are_the_years_of_the_others():
    todo = _cases(CASES, pair(POLICY))
    assert len(todo) == (2 + 2 * len(MOVED)) * len(CASES)
    assert {case.run_seed for case in todo} == {case.run_seed for case in CASES}
    parts = _attributed_policies(pair(POLICY))
    assert parts["without supply.recruiting"].supply == TODAY.supply
    assert parts["with supply.recruiting"].traffic == TODAY.traffic


def test_missing_years_are_refused():
    with pytest.raises(InputError, match="are not those of 'today'"):
        _attributions(years()[:-1], pair(POLICY))


def test_what_has_passed_is_not_attributed():
    passed = {date(2020, 1, 1): 3.0, date(2020, 6, 1): 1.0}
    levers = dict.fromkeys(("supply.recruiting", "traffic.commercial_load"), passed)
    past = set_levers(TODAY, levers, "p")
    assert len(_attributed_policies(pair(past))) == 6
    assert len(_attributed_policies(pair(past, day=date(2020, 6, 1)))) == 2
    rows = _attributions(years(past), pair(past, day=date(2020, 6, 1)))
    assert {row.lever for row in rows} == {""}
