"""A policy's name that says what it does: a few words for what differs from today's policy.

Of the differences the three come first that move furthest within the range that is worth
searching; coupon rates that agree are named together. The same policy has the same name.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from engine.decision.inert import GOAL, KNOTS, Difference
from engine.spec.base import Dated

_MOST: Final = 3
"""Differences that a name tells; of the others their number."""

_RATES: Final = "subsidy.rate."
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "subsidy.budget_bn_rmb": ("purse {:.2g} bn", "no coupons"),
    "subsidy.cap_rmb": ("coupons up to {:,.0f} RMB", ""),
    "subsidy.new_buyer_rate": ("{:%} on first orders", "nothing more on first orders"),
    "subsidy.tier_factor.tier12": ("coupons x {:.2g} in large cities", ""),
    "subsidy.tier_factor.tier3": ("coupons x {:.2g} in small cities", ""),
    "subsidy.festival_boost": ("coupons x {:.2g} on festivals", "plain coupons on festivals"),
    "subsidy.partner_share": ("partner pays {:%} of its coupons", "partner pays nothing"),
    "subsidy.partner_budget_bn_rmb": ("partner's purse {:.2g} bn", "no partner's purse"),
    "subsidy.late_weight": ("purse x {:.2g} at the year's end", "purse spread evenly"),
    "price.cap": ("cap {:.2g}", "cap 1"),
    "price.cps_floor": ("floor {:%}", "no floor"),
    "price.plan_festivals_count": ("{:.0f} plan festivals", "no plan festivals"),
    GOAL: ("target {:.3g} bn", "no target"),
    KNOTS: ("another path to the target", ""),
    "target.proportional_gain": ("push {:.2g} x shortfall", "no push by shortfall"),
    "target.integral_gain": ("push {:.2g} x days short", "no push by days short"),
    "target.coupon_push": ("push on coupons x {:.2g}", "no push on coupons"),
    "target.load_push": ("push on load x {:.2g}", "no push on load"),
    "target.recruiting_push": ("push on recruiting x {:.2g}", "no push on recruiting"),
    "traffic.exponent": ("feed by sales^{:.2g}", "feed blind to sales"),
    "traffic.floor": ("feed floor {:.2g}", "no feed floor"),
    "traffic.support": ("growing anchors + {:.2g} in the feed", "no more feed for growing anchors"),
    "traffic.brand_support": ("brands x {:.2g} in the feed", "no more feed for brands"),
    "supply.library_open.head": ("library {:%} for heads", "library closed for heads"),
    "supply.library_open.waist": ("library {:%} for the middle", "library closed for the middle"),
    "supply.library_open.tail": (
        "library {:%} for small anchors",
        "library closed for the small",
    ),
    "supply.platform_brand_support": ("own brands x {:.2g}", "nothing for own brands"),
    "traffic.commercial_load": ("load x {:.2g}", "load x 1"),
    "traffic.ad_load": ("ads in {:%} of the feed", "no ads"),
    "traffic.ad_reserve_rmb": ("ads from {:,.0f} RMB", "ads at any price"),
    "traffic.public_share": ("public feed {:.2g}", ""),
    "traffic.family_cap": ("families pass on {:%}", "families pass on all"),
    "supply.recruiting": ("recruiting x {:.2g}", "recruiting x 1"),
    "supply.investment_bn_rmb": ("{:.2g} bn a year in supply", "nothing in supply"),
    "supply.closed_loop": ("gate {:.2g}", "no gate"),
}
"""What is said of a lever at a value, and where it is off; another lever is named by its path."""


def policy_name(moved: Sequence[Difference]) -> str:
    """Return the name of a policy by its differences from today's; `as today` without any."""
    if not moved:
        return "as today"
    ranked = sorted(moved, key=lambda one: (-_size(one), one.path))
    told = list(_phrases(ranked))
    rest = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return ", ".join(told[:_MOST]) + rest


def lever_phrase(one: Difference) -> str:
    """Return what a policy does with one lever, in a few words."""
    if one.path.startswith(_RATES):
        return _rate_phrase([one])
    said, off = _WORDS.get(one.path, (f"{one.path} {{}}", f"{one.path} off"))
    lever = one.lever
    if lever is not None and lever.off is not None and _values(one.own) == [lever.off]:
        return off
    if one.path == KNOTS:
        return said
    return _from_to(said, _values(one.own))


def _phrases(ranked: Sequence[Difference]) -> Iterator[str]:
    """Yield what is said of each difference, equal coupon rates once, where the first stands."""
    told: set[str] = set()
    for one in ranked:
        if one.path in told:
            continue
        alike = [one]
        if one.path.startswith(_RATES):
            rates = [other for other in ranked if other.path.startswith(_RATES)]
            alike = [other for other in rates if other.own == one.own]
            told |= {other.path for other in alike}
            yield _rate_phrase(alike)
        else:
            yield lever_phrase(one)


def _rate_phrase(alike: Sequence[Difference]) -> str:
    levers = {one.path.removeprefix(_RATES): one.lever for one in alike if one.lever}
    every = next(lever.kinds for lever in levers.values())
    named = [levers[kind].goods for kind in every if kind in levers]
    where = "everything" if len(named) == len(every) else _listed(named)
    values = _values(alike[0].own)
    return f"no coupon on {where}" if values == [0] else _from_to("{:%} on " + where, values)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _values(value: Any) -> list[Any]:
    return [step for _, step in value.steps] if isinstance(value, Dated) else [value]


def _from_to(said: str, values: Sequence[Any]) -> str:
    """Fill a phrase with a value, or with the lowest and highest of several."""
    ends = sorted({min(values), max(values)}) if len(values) > 1 else list(values)
    if "{:%}" in said:
        return said.replace("{:%}", " to ".join(f"{100 * end:.2g}" for end in ends) + " %")
    form = said[said.index("{") : said.index("}") + 1]
    return said.replace(form, " to ".join(form.format(end) for end in ends))


def _size(one: Difference) -> float:
    """How far a lever is moved, as a share of the range that is worth searching."""
    lever = one.lever
    if lever is None or lever.choices:
        return 0.0
    low, high = lever.search
    own, was = (_values(value) for value in (one.own, one.was))
    return float(max(abs(own[0] - was[0]), abs(own[-1] - was[-1])) / (high - low))
