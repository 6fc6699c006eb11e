"""One word everywhere: switch, rule file, levers, measures and search space of each mechanism."""

from pathlib import Path

import pytest
import yaml

from engine.market.run import simulate
from engine.measures import catalogue
from engine.search.space.levers import known_levers
from engine.spec.mechanisms import MECHANISMS, _without
from engine.spec.scenario import Mechanisms
from tests.market.test_determinism import same
from tests.worlds import CONF, case

RULES = Path(__file__).parents[2] / "engine" / "rules"
COUPONS = {
    "subsidy.budget_bn_rmb",
    "subsidy.cap_rmb",
    "subsidy.rate.platform_brand",
    "subsidy.rate.domestic",
    "subsidy.rate.multinational",
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
    known = known_levers().keys() | {"target.knots"}
    assert set(mechanism.levers) <= known
    assert set(mechanism.policy) <= known


def test_every_lever_belongs_to_a_mechanism_or_to_the_coupons():
    owned = {lever for mechanism in MECHANISMS for lever in mechanism.levers}
    assert known_levers().keys() - owned == COUPONS


def test_every_lever_is_in_the_space_of_all_levers():
    tree = yaml.safe_load((CONF / "space" / "all_levers.yaml").read_text(encoding="utf-8"))

    def paths(node, above=""):
        for name, entry in node.items():
            if "low" in entry:
                yield above + name
            else:
                yield from paths(entry, f"{above}{name}.")

    assert set(paths(tree["levers"])) == known_levers().keys()


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
    """Luck and every other mechanism stay as they were."""
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
    for path in mechanism.policy:
        group = path.split(".")[0]
        policy = policy.model_copy(update={group: getattr(asked.policy, group)})
    assert (scenario, policy) == (asked.scenario, asked.policy)
