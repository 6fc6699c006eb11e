"""One word everywhere: switch, rule file, levers, measures and search space of each mechanism."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from engine.market.run import simulate
from engine.measures import catalogue
from engine.search.space.policy_space import _check_lever
from engine.spec.base import Dated
from engine.spec.levers import policy_value
from engine.spec.mechanisms import MECHANISMS, _without
from engine.spec.scenario import Mechanisms
from engine.spec.space import Space
from tests.kinds import LEVERS, ROLES
from tests.market.test_determinism import same
from tests.worlds import CONF, case

RULES = Path(__file__).parents[2] / "engine" / "rules"
COUPONS = {
    "subsidy.budget_bn_rmb",
    "subsidy.cap_rmb",
    "subsidy.rate.platform_brand",
    "subsidy.rate.domestic",
    "subsidy.rate.multinational",
    "subsidy.late_weight",
}
"""Levers of every coupon, of no one mechanism."""


def test_every_mechanism_of_the_article_has_a_switch():
    names = [mechanism.name for mechanism in MECHANISMS]
    assert names == list(Mechanisms.model_fields)
    assert [name[:3] for name in names] == [f"m{number:02}" for number in range(1, 24)]


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda m: m.name)
def test_rule_levers_and_measures_exist(mechanism):
    assert (RULES / f"{mechanism.rule}.py").exists()
    assert set(mechanism.shows_in) <= catalogue.RUN.keys()
    known = LEVERS.keys() | {"target.knots"}
    assert set(mechanism.levers(ROLES)) <= known
    assert set(mechanism.policy(ROLES)) <= known


def test_every_lever_belongs_to_a_mechanism_or_to_the_coupons():
    owned = {lever for mechanism in MECHANISMS for lever in mechanism.levers(ROLES)}
    assert LEVERS.keys() - owned == COUPONS


def test_the_space_of_all_levers_has_every_lever_in_its_own_range():
    tree = yaml.safe_load((CONF / "space" / "all_levers.yaml").read_text(encoding="utf-8"))
    tree["size"] = None  # a reference to the scenario, which only a command resolves
    searched = Space.model_validate(tree, context={"kinds": ROLES}).levers
    assert searched.keys() == LEVERS.keys()
    for path, lever in searched.items():
        _check_lever(path, lever, LEVERS)
    narrow = {"price": {"cap": {"low": 0.7, "high": 0.8}}}
    narrowed = Space.model_validate(tree | {"levers": narrow}, context={"kinds": ROLES})
    assert narrowed.levers["price.cap"].low == 0.7


@pytest.mark.parametrize("path", [path for path, lever in LEVERS.items() if lever.off is not None])
def test_laissez_faire_has_every_lever_at_its_off(path):
    """But the library, the loop and traffic's own rules, which are never nothing."""
    value, off = policy_value(case("policy=laissez_faire").policy, path), LEVERS[path].off
    kept = {"traffic.exponent", "traffic.floor", "target.proportional_gain", "target.coupon_push"}
    if path not in kept and not path.startswith("supply.library_open"):
        assert (value.on(date(2020, 6, 1)) if isinstance(value, Dated) else value) == off


@pytest.mark.parametrize("path", LEVERS)
def test_every_lever_says_all_that_the_engine_reads(path):
    lever = LEVERS[path]
    assert lever.unit
    assert lever.doc
    assert lever.low <= lever.search[0] < lever.search[1] <= lever.high
    assert lever.off is None or lever.low <= lever.off <= lever.high
    assert not lever.mechanism or lever.mechanism in Mechanisms.model_fields
    assert not lever.switch or lever.off is not None


def test_every_rule_is_read_by_a_kernel():
    kernels = "".join(
        path.read_text(encoding="utf-8") for path in (RULES.parent / "market").rglob("*.py")
    )
    for path in RULES.glob("*.py"):
        if path.stem != "__init__":
            assert f"engine.rules.{path.stem} import" in kernels, path.stem


@pytest.mark.parametrize(
    "name", ["m10_brand_accounts", "m14_target", "m19_ads", "m21_investment", "m12_brand_plan"]
)
def test_switching_off_what_a_policy_does_not_use_changes_no_bit(name):
    """Chance and every other mechanism stay as they were."""
    frozen = "scenario.suppliers.repricing_speed=0"
    plain = case("policy=laissez_faire", frozen, days=25)
    off = case("policy=laissez_faire", frozen, f"scenario.mechanisms.{name}=false", days=25)
    assert same(simulate(plain), simulate(off))


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda m: m.name)
def test_a_switch_moves_its_own_parameters_only(mechanism):
    asked = case("policy=all_levers")
    scenario, policy = _without(mechanism, asked.scenario, asked.policy)
    assert (scenario, policy) != (asked.scenario, asked.policy)
    for path in mechanism.scenario(asked.scenario):
        group = path.split(".")[0]
        scenario = scenario.model_copy(update={group: getattr(asked.scenario, group)})
    for path in mechanism.policy(ROLES):
        group = path.split(".")[0]
        policy = policy.model_copy(update={group: getattr(asked.policy, group)})
    assert (scenario, policy) == (asked.scenario, asked.policy)
