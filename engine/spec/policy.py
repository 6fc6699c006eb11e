"""What the platform decides: the catalogue of levers.

A lever is declared here, once: its word, unit, range, the value that means off, its mechanism,
where it is searched and what people call it. The table of the day, the search space, the model's
description, the names of policies, pages and tests read it from `engine.spec.levers`. A lever of
type `Dated` is a number, or a mapping from a first day to the value from that day on.
"""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, model_validator

from engine.spec.base import MOST_BN, Called, Dated, Lever, Open, Share, Spec
from engine.spec.kinds import OTHERS
from engine.units import FEN_PER_BN_RMB, FEN_PER_RMB, RATE_DAYS, to_bp, to_fen

_PAID = (
    ("subsidy.budget_bn_rmb",),
    ("subsidy.partner_budget_bn_rmb", "subsidy.partner_share=1"),
)
"""A purse that pays a coupon: the platform's is asked for its part of every one."""

_PURSES = (("subsidy.budget_bn_rmb",), ("subsidy.partner_budget_bn_rmb",))
_COUPONS = (("subsidy.rate",), ("subsidy.new_buyer_rate",))
_PARTNERS = (("subsidy.rate:is_co_funded",), ("subsidy.new_buyer_rate",))
_PLAN_DAYS = (("price.plan_festivals_count",),)
_STEERS = (("target.proportional_gain",), ("target.integral_gain",))
_PUSHES = (("target.coupon_push",), ("target.load_push",), ("target.recruiting_push",))
_GOAL = ("target.year_end_bn_rmb",)

# A table: how a lever is measured and what it does, then what it means to the engine.
# fmt: off


class _RateByKind(Open):
    """Coupon rate by kind of supplier; `others` stands for all kinds that are not named."""

    __pydantic_extra__: dict[str, Annotated[Dated, Lever(
        "share of price", "coupon rate", 0, 0.9,
        off=0, mechanism="", search=(0, 0.3), needs=_PAID,
    )]]

    @model_validator(mode="after")
    def _others(self, info: ValidationInfo) -> Self:
        """Name all kinds of the scenario, which the context of a job knows."""
        found = self.__pydantic_extra__ or {}
        kinds = (info.context or {}).get("kinds")
        if kinds and OTHERS in found:
            others = found.pop(OTHERS)
            every = {kind.name: found.get(kind.name, others) for kind in kinds}
            if found.keys() >= every.keys() and any(rate for _, rate in others.steps):
                raise ValueError(
                    "others stands for no kind, since every kind has a rate of its own; others=0; "
                    "set {where}.others=0"
                )
            self.__pydantic_extra__ = every | found
        return self


_Factor = Annotated[Dated, Lever(
    "factor", "multiplies the coupon rate", 0, 10,
    off=1, mechanism="m16_city_tiers", search=(0.5, 2), needs=_COUPONS,
)]


class _TierFactor(Spec):
    """Targeting: what multiplies the coupon rate by the buyer's city tier (M16)."""

    tier12: Annotated[_Factor, Called(
        "coupons in large cities", "coupons x {:.2g} in large cities",
    )]
    tier3: Annotated[_Factor, Called("coupons in small cities", "coupons x {:.2g} in small cities")]


class _Subsidy(Spec):
    """Coupons: how much, for whom, and from which purse."""

    budget_bn_rmb: Annotated[float, Lever(
        "bn RMB", "the platform's purse for a calendar year, opened anew on 1 January", 0, 1000,
        off=0, mechanism="", search=(0, 40), grows="gmv", needs=_COUPONS,
    ), Called("purse", "purse {:.2g} bn", "no coupons")]
    rate: Annotated[_RateByKind, Called("coupons on all goods")]
    cap_rmb: Annotated[Dated, Lever(
        "RMB per order", "most a coupon pays", 0.01, 100_000,
        off=None, mechanism="", search=(5, 100, "log"), grows="order", day="cap_fen",
        convert=to_fen, needs=_COUPONS,
    ), Called("cap on a coupon", "coupons up to {:,.0f} RMB")]
    new_buyer_rate: Annotated[Dated, Lever(
        "share of price", "coupon on a first order", 0, 0.9,
        off=0, mechanism="m17_habits", search=(0, 0.5), needs=_PAID,
    ), Called("coupon on first orders", "{:%} on first orders", "nothing more on first orders")]
    tier_factor: Annotated[_TierFactor, Called("coupons in all cities")]
    festival_boost: Annotated[Dated, Lever(
        "factor", "on coupon rates on festival days", 0, 10,
        off=1, mechanism="m13_festivals", switch=True, search=(1, 3), needs=_COUPONS,
    ), Called(
        "coupons on festivals", "coupons x {:.2g} on festivals", "plain coupons on festivals",
    )]
    partner_share: Annotated[Dated, Lever(
        "share of coupon", "co-funded by the partner on its goods", 0, 1,
        off=0, mechanism="m04_retail_partner", search=(0, 1), day="partner_share_bp",
        convert=to_bp, needs=_PARTNERS,
    ), Called(
        "partner's part of its coupons", "partner pays {:%} of its coupons", "partner pays nothing",
    )]
    partner_budget_bn_rmb: Annotated[float, Lever(
        "bn RMB", "the partner's purse for a calendar year", 0, 1000,
        off=0, mechanism="m04_retail_partner", search=(0, 20), grows="gmv",
        needs=tuple((*row, "subsidy.partner_share") for row in _PARTNERS),
    ), Called("partner's purse", "partner's purse {:.2g} bn", "no partner's purse")]
    late_weight: Annotated[float, Lever(
        "factor", "what a day at the year's end may spend of a purse, over one at its start",
        0.01, 100, off=1, mechanism="", search=(0.2, 5, "log"), needs=_PURSES,
    ), Called(
        "purse at the year's end", "purse x {:.2g} at the year's end", "purse spread evenly",
    )] = 1.0


class _Price(Spec):
    """The brand plan: a price cap on festivals against a commission floor (M12)."""

    cap: Annotated[Dated, Lever(
        "share of the price elsewhere", "highest price on plan days", 0.05, 10,
        off=1, mechanism="m12_brand_plan", search=(0.6, 1), day="price_cap_bp", convert=to_bp,
        needs=_PLAN_DAYS,
    ), Called("price cap", "cap {:.2g}")]
    cps_floor: Annotated[Dated, Lever(
        "share of price", "least commission of plan members", 0, 0.6,
        off=0, mechanism="m12_brand_plan", switch=True, search=(0, 0.3), needs=_PLAN_DAYS,
    ), Called("floor of commission", "floor {:%}", "no floor")]
    plan_festivals_count: Annotated[int, Lever(
        "festivals", "of the year with the cap", 0, 12,
        off=0, mechanism="m12_brand_plan", switch=True, search=(0, 3),
    ), Called("plan festivals", "{:.0f} plan festivals", "no plan festivals")]


class _Revision(Spec):
    """A new year-end target from a date on (M14)."""

    day: date
    year_end_bn_rmb: Annotated[float, Field(gt=0, le=MOST_BN)]


class _Target(Spec):
    """GMV target: year end, shape, revisions and the controller that chases it (M14)."""

    year_end_bn_rmb: Annotated[float, Lever(
        "bn RMB of GMV as paid", "target of a calendar year; 0 is none", 0, 100_000,
        off=0, mechanism="m14_target", search=(250, 500), grows="gmv", needs=_STEERS,
    ), Called("target of the year", "target {:.3g} bn", "no target")]
    knots: tuple[Share, ...] = Field(min_length=1, max_length=60)
    revisions: tuple[_Revision, ...] = ()
    proportional_gain: Annotated[float, Lever(
        "push per shortfall share", "controller", 0, 100,
        off=0, mechanism="m14_target", switch=True, search=(0, 5),
        needs=tuple((*row, *_GOAL) for row in _PUSHES),
    ), Called("push by shortfall", "push {:.2g} x shortfall", "no push by shortfall")]
    integral_gain: Annotated[float, Lever(
        "push per shortfall share and day", "controller", 0, 10,
        off=0, mechanism="m14_target", switch=True, search=(0, 0.1),
        needs=tuple((*row, *_GOAL) for row in _PUSHES),
    ), Called("push by days short", "push {:.2g} x days short", "no push by days short")]
    coupon_push: Annotated[float, Lever(
        "factor", "coupon rate x (1 + this * push)", 0, 10,
        off=0, mechanism="m14_target", search=(0, 3),
        needs=tuple((*row, *_GOAL) for row in _COUPONS),
    ), Called("push on coupons", "push on coupons x {:.2g}", "no push on coupons")]
    load_push: Annotated[float, Lever(
        "factor", "commercial load x (1 + this * push)", 0, 2,
        off=0, mechanism="m14_target", search=(0, 0.5), needs=(_GOAL,),
    ), Called("push on load", "push on load x {:.2g}", "no push on load")]
    recruiting_push: Annotated[float, Lever(
        "factor", "recruiting x (1 + this * push)", 0, 20,
        off=0, mechanism="m14_target", search=(0, 5), needs=(_GOAL,),
    ), Called("push on recruiting", "push on recruiting x {:.2g}", "no push on recruiting")]

    @model_validator(mode="after")
    def _monotone(self) -> Self:
        if any(later < earlier for earlier, later in zip(self.knots, self.knots[1:], strict=False)):
            raise ValueError("knots fall over time; a cumulative target never falls")
        if abs(self.knots[-1] - 1) > 1e-9:
            raise ValueError(
                f"knots end at {self.knots[-1]:g}, not at 1; the last is 1: the year-end target"
            )
        days = [revision.day for revision in self.revisions]
        if days != sorted(set(days)):
            raise ValueError("revisions must be in order of time, one a day")
        total = self.year_end_bn_rmb
        for revision in self.revisions:
            if revision.year_end_bn_rmb < total:
                raise ValueError(
                    f"revisions lower the year-end target from {total:g} to "
                    f"{revision.year_end_bn_rmb:g} bn RMB on {revision.day}; "
                    f"a target never falls: at least {total:g} bn RMB"
                )
            total = revision.year_end_bn_rmb
        return self


class _Traffic(Spec):
    """How the feed is shared out."""

    public_share: Annotated[Dated, Lever(
        "share", "pull of the feed against follows", 0.01, 0.99,
        off=None, mechanism="m09_private_domain", search=(0.05, 0.8),
    ), Called("public feed", "public feed {:.2g}")]
    exponent: Annotated[Dated, Lever(
        "power", "feed weight ~ (sales per exposure)^r (M20)", 0, 3,
        off=0, mechanism="m20_inclusive_feed", switch=True, search=(0, 1.5),
    ), Called("feed by sales", "feed by sales^{:.2g}", "feed blind to sales")]
    floor: Annotated[Dated, Lever(
        "share of an average anchor's weight", "added to all (M20)", 0, 10,
        off=0, mechanism="m20_inclusive_feed", switch=True, search=(0, 1),
    ), Called("feed floor", "feed floor {:.2g}", "no feed floor")]
    support: Annotated[Dated, Lever(
        "factor", "extra weight of growing waist anchors (M20)", 0, 10,
        off=0, mechanism="m20_inclusive_feed", switch=True, search=(0, 2),
    ), Called(
        "feed of growing anchors", "growing anchors + {:.2g} in the feed",
        "no more feed for growing anchors",
    )]
    brand_support: Annotated[Dated, Lever(
        "factor", "feed that a brand account's own following earns (M10)", 0, 10,
        off=0, mechanism="m10_brand_accounts", switch=True, search=(0, 3),
    ), Called("feed of brands", "brands x {:.2g} in the feed", "no more feed for brands")]
    ad_load: Annotated[Dated, Lever(
        "share of the feed", "sold to suppliers (M19)", 0, 0.5,
        off=0, mechanism="m19_ads", switch=True, search=(0, 0.3),
    ), Called("ads in the feed", "ads in {:%} of the feed", "no ads")]
    ad_reserve_rmb: Annotated[Dated, Lever(
        "RMB per 1,000 visits", "least that an ad costs (M19)", 0, 100_000,
        off=0, mechanism="m19_ads", search=(0, 500), grows="order", day="ad_reserve",
        needs=(("traffic.ad_load",),),
        convert=lambda rmb: rmb * FEN_PER_RMB / 1000,
    ), Called("least price of an ad", "ads from {:,.0f} RMB", "ads at any price")]
    family_cap: Annotated[Dated, Lever(
        "share", "most missed visits a family may pass on (M6)", 0, 1,
        off=1, mechanism="m06_families", search=(0, 1),
    ), Called("visits passed on in families", "families pass on {:%}", "families pass on all")]
    commercial_load: Annotated[Dated, Lever(
        "factor", "on the historical commercial load (M18)", 0.1, 5,
        off=1, mechanism="m18_activity", search=(0.7, 1.5),
    ), Called("commercial load", "load x {:.2g}")]


_Openness = Annotated[Dated, Lever(
    "share of the library", "goods an anchor may choose from", 0, 1,
    off=0, mechanism="m05_library", switch=True, search=(0, 1),
)]


class _LibraryOpen(Spec):
    """The distribution library by tier of anchor (M5)."""

    head: Annotated[_Openness, Called(
        "library for heads", "library {:%} for heads", "library closed for heads",
    )]
    waist: Annotated[_Openness, Called(
        "library for the middle", "library {:%} for the middle", "library closed for the middle",
    )]
    tail: Annotated[_Openness, Called(
        "library for small anchors", "library {:%} for small anchors",
        "library closed for the small",
    )]


class _Supply(Spec):
    """Who may sell, and how hard the platform recruits."""

    library_open: Annotated[_LibraryOpen, Called("library for all anchors")]
    recruiting: Annotated[Dated, Lever(
        "factor", "on adoption hazards; above 1 it costs", 0, 20,
        off=1, mechanism="m03_adoption", search=(0.5, 5),
    ), Called("recruiting", "recruiting x {:.2g}")]
    platform_brand_support: Annotated[Dated, Lever(
        "factor", "on the growth of platform brands' awareness (M2)", 0, 10,
        off=0, mechanism="m02_platform_brands", switch=True, search=(0, 5),
    ), Called("support of own brands", "own brands x {:.2g}", "nothing for own brands")]
    investment_bn_rmb: Annotated[Dated, Lever(
        "bn RMB a year", "invested in supply chains (M21)", 0, 100,
        off=0, mechanism="m21_investment", switch=True, search=(0, 10), grows="gmv",
        day="investment_fen",
        convert=lambda bn: bn * FEN_PER_BN_RMB / RATE_DAYS,
    ), Called("investment in supply", "{:.2g} bn a year in supply", "nothing in supply")]
    closed_loop: Annotated[Dated, Lever(
        "strictness", "of the gate against external links (M11)", 0, 1,
        off=0, mechanism="m11_closed_loop", search=(0, 1),
    ), Called("gate against outside links", "gate {:.2g}", "no gate")]


class Policy(Spec):
    """One policy of the platform."""

    name: str
    subsidy: _Subsidy
    price: _Price
    target: _Target
    traffic: _Traffic
    supply: _Supply
