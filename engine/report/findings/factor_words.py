"""What a factor of a sensitivity analysis is called for people: a lever's words, or its key."""

from typing import Final

from engine.spec.levers import LeverEntry

_WORDS: Final = {
    "subsidy.budget_bn_rmb": "purse",
    "subsidy.rate": "coupons on all goods",
    "subsidy.cap_rmb": "cap on a coupon",
    "subsidy.new_buyer_rate": "coupon on first orders",
    "subsidy.tier_factor": "coupons in all cities",
    "subsidy.tier_factor.tier12": "coupons in large cities",
    "subsidy.tier_factor.tier3": "coupons in small cities",
    "subsidy.festival_boost": "coupons on festivals",
    "subsidy.partner_share": "partner's part of its coupons",
    "subsidy.partner_budget_bn_rmb": "partner's purse",
    "subsidy.late_weight": "purse at the year's end",
    "price.cap": "price cap",
    "price.cps_floor": "floor of commission",
    "price.plan_festivals_count": "plan festivals",
    "target.year_end_bn_rmb": "target of the year",
    "target.proportional_gain": "push by shortfall",
    "target.integral_gain": "push by days short",
    "target.coupon_push": "push on coupons",
    "target.load_push": "push on load",
    "target.recruiting_push": "push on recruiting",
    "traffic.public_share": "public feed",
    "traffic.exponent": "feed by sales",
    "traffic.floor": "feed floor",
    "traffic.support": "feed of growing anchors",
    "traffic.brand_support": "feed of brands",
    "traffic.ad_load": "ads in the feed",
    "traffic.ad_reserve_rmb": "least price of an ad",
    "traffic.family_cap": "visits passed on in families",
    "traffic.commercial_load": "commercial load",
    "supply.library_open": "library for all anchors",
    "supply.library_open.head": "library for heads",
    "supply.library_open.waist": "library for the middle",
    "supply.library_open.tail": "library for small anchors",
    "supply.recruiting": "recruiting",
    "supply.platform_brand_support": "support of own brands",
    "supply.investment_bn_rmb": "investment in supply",
    "supply.closed_loop": "gate against outside links",
}
"""Of each lever, and of those that a response moves together; their values are told apart."""

_RATE: Final = "subsidy.rate."
_KNOT: Final = "trajectory.weight_"


def factor_words(name: str, goods: str = "") -> str:
    """Return what a lever is called, or the name of a factor that is none.

    `goods` is what those of its kind are called where it is a coupon on them; its name, if empty.
    """
    if name.startswith(_RATE):
        return f"coupon on {goods or name.removeprefix(_RATE).replace('_', ' ')}"
    if name.startswith(_KNOT):
        return f"part {name.removeprefix(_KNOT)} of the target path"
    return _WORDS.get(name, name)


def factor_money(name: str) -> str:
    """Return what stands after the values of a lever that is an amount of money, or nothing."""
    lever = LeverEntry.at(name)
    return " bn RMB" if lever is not None and lever.unit.startswith("bn RMB") else ""
