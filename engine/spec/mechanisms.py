"""The mechanisms M1-M23 of the source article, each with its switch.

A switch that is off sets the mechanism's parameters, in the scenario and in the policy, to
the values at which it does nothing; nothing else changes, and since random streams are named by
purpose, every other mechanism keeps its draws. `switched_scenario` and `switched_policy` do it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.spec.base import Dated
from engine.spec.kinds import Kind
from engine.spec.levers import levers_of
from engine.spec.policy import Policy
from engine.spec.scenario import Mechanisms, Scenario

_Values = Mapping[str, Any]
"""Values by path, e.g. `{"choice.affinity": 0.0}`."""


@dataclass(frozen=True)
class Mechanism:
    """One mechanism: its switch, what it is, where it shows, and what turns it off.

    `scenario` gives the neutral values for a scenario; `shows_in` are columns of `catalogue.RUN`
    on which it must have an effect; `rule` is its file in `engine/rules`.
    """

    name: str
    title: str
    rule: str
    shows_in: tuple[str, ...]
    scenario: Callable[[Scenario], _Values] = lambda _: {}

    def levers(self, kinds: tuple[Kind, ...]) -> tuple[str, ...]:
        """The policy's paths that move it, from the catalogue of levers."""
        known = levers_of(kinds)
        owned = tuple(path for path, lever in known.items() if lever.mechanism == self.name)
        return (*owned, "target.knots") if self.name == "m14_target" else owned

    def policy(self, kinds: tuple[Kind, ...]) -> _Values:
        """The values at which its levers leave it out."""
        return {
            path: lever.off
            for path, lever in levers_of(kinds).items()
            if lever.mechanism == self.name and lever.switch
        }


def _every_kind(name: str, value: float, kinds: Iterable[str]) -> _Values:
    return {f"suppliers.{kind}.{name}": value for kind in kinds}


def _source_kinds(scenario: Scenario) -> list[str]:
    return [kind.name for kind in scenario.kinds if kind.mechanism == "m01_source_goods"]


def _own_pace_kinds(scenario: Scenario) -> list[str]:
    """Kinds that join by their own decision (M3), not with the partner (M4)."""
    return [kind.name for kind in scenario.kinds if not kind.comes_with_partner]


def _equal_tiers(scenario: Scenario) -> _Values:
    """Both city-tier groups become the mean of the pool."""
    share, buyers = scenario.buyers.tier12_share, scenario.buyers
    groups = {
        "sensitivity": buyers.sensitivity,
        "brand_taste": buyers.brand_taste,
        "monthly_budget_rmb": buyers.monthly_budget_rmb,
    }
    return {
        f"buyers.{name}.{tier}": share * group.tier12 + (1 - share) * group.tier3
        for name, group in groups.items()
        for tier in ("tier12", "tier3")
    }


MECHANISMS: Final = (
    Mechanism(
        "m01_source_goods",
        "source goods: factory-direct, cheap, thin premium",
        "pricing",
        ("orders_count", "aov_fen", "gmv_paid_fen"),
        lambda scenario: {
            **_every_kind("joined_share", 0.0, _source_kinds(scenario)),
            **_every_kind("adoption_per_day", 0.0, _source_kinds(scenario)),
        },
    ),
    Mechanism(
        "m02_platform_brands",
        "platform-grown brands need time to break out",
        "brand",
        ("platform_brand_share", "gmv_paid_fen"),
        lambda _: {"suppliers.awareness_gain": 0.0},
    ),
    Mechanism(
        "m03_adoption",
        "suppliers join and leave: domestic brands fast, multinationals slowly",
        "adoption",
        ("joined_suppliers_share", "brand_share", "gmv_paid_fen"),
        lambda scenario: {
            "suppliers.adverse_selection": 0.0,
            "platform.recruiting_cost_power": 0.0,
            **_every_kind("adoption_per_day", 0.0, _own_pace_kinds(scenario)),
            **_every_kind("exit_per_day", 0.0, scenario.kind_names),
        },
    ),
    Mechanism(
        "m04_retail_partner",
        "a retail partner fills the supply gap and co-funds coupons",
        "subsidy",
        ("brand_share", "aov_fen", "gmv_paid_fen"),
        lambda _: {"suppliers.partner_date": None},
    ),
    Mechanism(
        "m05_library",
        "distribution library: anchors sell what they do not own",
        "selection",
        ("waist_tail_share", "gmv_paid_fen"),
        lambda _: {"suppliers.library_mismatch": 0.0, "suppliers.library_exit": 0.0},
    ),
    Mechanism(
        "m06_families",
        "families pass viewers on; heads ask more commission and lower prices",
        "routing",
        ("top10_share", "commission_fen"),
        lambda _: {
            "routing.family_share": 0.0,
            "anchors.bargaining": 0.0,
            "anchors.head_discount": 0.0,
        },
    ),
    Mechanism(
        "m07_exits",
        "an anchor leaves; its sessions are released or lost; it returns",
        "routing",
        ("lost_sessions_count", "gmv_paid_fen", "top1_share"),
        lambda _: {"calendar.absences": ()},
    ),
    Mechanism(
        "m08_liking",
        "purchase = like the anchor + trust the goods + impulse, beside need and price",
        "choice",
        ("orders_count", "gmv_paid_fen"),
        lambda _: {
            "choice.affinity": 0.0,
            "choice.impulse": 0.0,
            "choice.quality": 0.0,
            "choice.brand": 0.0,
        },
    ),
    Mechanism(
        "m09_private_domain",
        "private domain converts better, public brings follows",
        "routing",
        ("private_share", "gmv_paid_fen"),
        lambda scenario: {
            "attention.private": scenario.attention.public,
            "attention.fatigue": 0.0,
            "learning.follow_probability": 0.0,
            "buyers.follows_count": 0,
        },
    ),
    Mechanism(
        "m10_brand_accounts",
        "a brand account's own following earns public traffic",
        "brand",
        ("top10_share", "brand_account_share"),
    ),
    Mechanism(
        "m11_closed_loop",
        "external links leak orders; the loop closes them or drives sellers off",
        "closed_loop",
        ("leaked_orders_count", "gmv_paid_fen"),
        lambda scenario: {
            **_every_kind("external_share", 0.0, scenario.kind_names),
            "suppliers.loop_exit_per_day": 0.0,
        },
    ),
    Mechanism(
        "m12_brand_plan",
        "brand plan: price caps against a commission floor; sellers re-price",
        "price_cap",
        ("cap_binding_share", "commission_fen", "gmv_paid_fen"),
        lambda _: {"suppliers.repricing_speed": 0.0},
    ),
    Mechanism(
        "m13_festivals",
        "festivals: traffic, attention and coupons, with a dip after",
        "visits",
        ("sessions_count", "gmv_paid_fen"),
        lambda _: {"calendar.festivals": ()},
    ),
    Mechanism(
        "m14_target",
        "a target that pushes coupons, load and recruiting when behind",
        "pacing",
        ("push_mean_share", "gmv_paid_fen"),
    ),
    Mechanism(
        "m15_beliefs",
        "suppliers and platform learn what this audience buys",
        "adoption",
        ("joined_suppliers_share", "gmv_paid_fen"),
        lambda _: {"suppliers.belief_speed": 0.0, "suppliers.trial_weight": 0.0},
    ),
    Mechanism(
        "m16_city_tiers",
        "buyers of tiers 1 and 2 differ: income, sensitivity, taste for brands",
        "choice",
        ("tier12_gmv_share", "aov_fen"),
        _equal_tiers,
    ),
    Mechanism(
        "m17_habits",
        "habits grow with good purchases and fade",
        "learning",
        ("orders_count", "gmv_paid_fen"),
        lambda _: {"choice.habit": 0.0, "attention.habit": 0.0, "buyers.habit_visits": 0.0},
    ),
    Mechanism(
        "m18_activity",
        "too much commerce drives people off",
        "users",
        ("dau_change_share",),
        lambda _: {
            "users.load_aversion": 0.0,
            "users.bad_purchase": 0.0,
            "users.nothing_to_buy": 0.0,
        },
    ),
    Mechanism(
        "m19_ads",
        "suppliers bid for a part of the feed",
        "ads",
        ("ads_fen", "take_share"),
        lambda _: {"platform.ad_burden": 0.0},
    ),
    Mechanism(
        "m20_inclusive_feed",
        "feed by signal, floor and support, with crowding of streams",
        "traffic",
        ("gini", "top10_share"),
        lambda _: {"attention.crowding": 0.0, "attention.variety": 0.0},
    ),
    Mechanism(
        "m21_investment",
        "supply-chain investment: capacity, cost, quality, after a delay",
        "investment",
        ("return_share", "gmv_paid_fen"),
    ),
    Mechanism(
        "m22_rivals",
        "the outside option: a rival's pull, campaigns, reaction to our subsidies",
        "rival",
        ("orders_count", "gmv_paid_fen"),
        lambda _: {
            "rival.pull": 0.0,
            "rival.reaction": 0.0,
            "calendar.rival_campaigns": (),
        },
    ),
    Mechanism(
        "m23_memory",
        "buyers remember discounts and wait for the next",
        "learning",
        ("orders_count", "gmv_paid_fen"),
        lambda _: {"choice.memory_weight": 0.0},
    ),
)
"""All of them, in the order of the article's mechanisms M1-M23."""


def switched_scenario(scenario: Scenario) -> Scenario:
    """The world with every mechanism that is switched off made neutral."""
    for mechanism in _switched_off(scenario.mechanisms):
        for path, value in mechanism.scenario(scenario).items():
            scenario = _with(scenario, path.split("."), value)
    return scenario


def switched_policy(scenario: Scenario, policy: Policy) -> Policy:
    """The policy with the levers of every mechanism that is switched off made neutral."""
    for mechanism in _switched_off(scenario.mechanisms):
        for path, value in mechanism.policy(scenario.kinds).items():
            policy = _with(policy, path.split("."), value)
    return policy


def _switched_off(mechanisms: Mechanisms) -> list[Mechanism]:
    return [mechanism for mechanism in MECHANISMS if not getattr(mechanisms, mechanism.name)]


def _without(mechanism: Mechanism, scenario: Scenario, policy: Policy) -> tuple[Scenario, Policy]:
    """The world and the policy with one mechanism made neutral."""
    for path, value in mechanism.scenario(scenario).items():
        scenario = _with(scenario, path.split("."), value)
    for path, value in mechanism.policy(scenario.kinds).items():
        policy = _with(policy, path.split("."), value)
    return scenario, policy


def _with(spec: Any, path: list[str], value: Any) -> Any:
    """A copy of a frozen specification with one value replaced."""
    name, *rest = path
    old = getattr(spec, name)
    if rest:
        new = _with(old, rest, value)
    else:
        new = Dated.model_validate(value) if isinstance(old, Dated) else value
    return spec.model_copy(update={name: new})
