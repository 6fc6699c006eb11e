"""What the platform decides: every lever, its unit and its range.

A lever is a `Dated` value: a number, or a mapping from a first day to the value from
that day on. The same word names the lever here, in `conf/policy`, in the rule that
reads it and in the search space.
"""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from engine.spec.base import Dated, Lever, Positive, Share, Spec, quantity

Rate = Annotated[Dated, Lever("share of price", "coupon rate", 0, 0.9)]
Factor = Annotated[Dated, Lever("factor", "multiplies the coupon rate", 0, 10)]
Openness = Annotated[Dated, Lever("share of the library", "goods an anchor may choose from", 0, 1)]


class RateByKind(Spec):
    """Coupon rate by kind of supplier."""

    source: Rate
    platform_brand: Rate
    domestic: Rate
    multinational: Rate
    partner: Rate


class TierFactor(Spec):
    """Targeting: what multiplies the coupon rate by the buyer's city tier (M16)."""

    tier12: Factor
    tier3: Factor


class Subsidy(Spec):
    """Coupons: how much, for whom, and from which purse."""

    budget_bn_rmb: float = quantity("bn RMB", "the platform's purse for the horizon", ge=0, le=1000)
    rate: RateByKind
    cap_rmb: Annotated[Dated, Lever("RMB per order", "most a coupon pays", 0.01, 100_000)]
    new_buyer_rate: Annotated[Dated, Lever("share of price", "coupon on a first order", 0, 0.9)]
    tier_factor: TierFactor
    festival_boost: Annotated[Dated, Lever("factor", "on coupon rates on festival days", 0, 10)]
    partner_share: Annotated[
        Dated, Lever("share of coupon", "co-funded by the partner on its goods", 0, 1)
    ]
    partner_budget_bn_rmb: float = quantity("bn RMB", "the partner's purse", ge=0, le=1000)


class Price(Spec):
    """The brand plan: a price cap on festivals against a commission floor (M12)."""

    cap: Annotated[
        Dated, Lever("share of the price elsewhere", "highest price on plan days", 0.05, 10)
    ]
    cps_floor: Annotated[Dated, Lever("share of price", "least commission of plan members", 0, 0.6)]
    plan_festivals_count: int = quantity("festivals", "of the year with the cap", ge=0, le=12)


class Revision(Spec):
    """A new year-end target from a date on (M14)."""

    day: date
    year_end_bn_rmb: Positive


class Target(Spec):
    """GMV target: year end, shape, revisions and the controller that chases it (M14)."""

    year_end_bn_rmb: float = quantity(
        "bn RMB of GMV as paid", "target; 0 is none", ge=0, le=100_000
    )
    knots: tuple[Share, ...] = Field(min_length=1, max_length=60)
    revisions: tuple[Revision, ...] = ()
    proportional_gain: float = quantity("push per shortfall share", "controller", ge=0, le=100)
    integral_gain: float = quantity("push per shortfall share and day", "controller", ge=0, le=10)
    coupon_push: float = quantity("factor", "coupon rate x (1 + this * push)", ge=0, le=10)
    load_push: float = quantity("factor", "commercial load x (1 + this * push)", ge=0, le=2)
    recruiting_push: float = quantity("factor", "recruiting x (1 + this * push)", ge=0, le=20)

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


class Traffic(Spec):
    """How the feed is shared out."""

    public_share: Annotated[Dated, Lever("share", "pull of the feed against follows", 0.01, 0.99)]
    exponent: Annotated[Dated, Lever("power", "feed weight ~ expected GMV^r (M20)", 0, 3)]
    floor: Annotated[
        Dated, Lever("share of an average anchor's weight", "added to all (M20)", 0, 10)
    ]
    support: Annotated[Dated, Lever("factor", "extra weight of growing waist anchors (M20)", 0, 10)]
    brand_support: Annotated[
        Dated, Lever("factor", "feed that a brand account's own following earns (M10)", 0, 10)
    ]
    ad_load: Annotated[Dated, Lever("share of the feed", "sold to suppliers (M19)", 0, 0.5)]
    ad_reserve_rmb: Annotated[
        Dated, Lever("RMB per 1,000 visits", "least that an ad costs (M19)", 0, 100_000)
    ]
    family_cap: Annotated[
        Dated, Lever("share", "most missed visits a family may pass on (M6)", 0, 1)
    ]
    commercial_load: Annotated[
        Dated, Lever("factor", "on the historical commercial load (M18)", 0.1, 5)
    ]


class LibraryOpen(Spec):
    """The distribution library by tier of anchor (M5)."""

    head: Openness
    waist: Openness
    tail: Openness


class Supply(Spec):
    """Who may sell, and how hard the platform recruits."""

    library_open: LibraryOpen
    recruiting: Annotated[Dated, Lever("factor", "on adoption hazards; above 1 it costs", 0, 20)]
    platform_brand_support: Annotated[
        Dated, Lever("factor", "on the growth of platform brands' awareness (M2)", 0, 10)
    ]
    investment_bn_rmb: Annotated[
        Dated, Lever("bn RMB a year", "invested in supply chains (M21)", 0, 100)
    ]
    closed_loop: Annotated[
        Dated, Lever("strictness", "of the gate against external links (M11)", 0, 1)
    ]


class Policy(Spec):
    """One policy of the platform."""

    name: str
    subsidy: Subsidy
    price: Price
    target: Target
    traffic: Traffic
    supply: Supply
