"""What each lever should do alone around a policy, as data, and what a sweep says against it.

A lever's shape is read off the rows of `response`. What it does to what it acts on has to be
distinguishable; a sign that comes of many steps is held against the sweep only where the opposite
is. `best` are the places where the contribution with run-off may be best; without any, everywhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from engine.measures.run_off import CONTRIBUTION
from engine.response import lever_answers
from engine.stats.intervals import student_quantile

Row = Mapping[str, Any]
Sign = Literal["rises", "falls"]


class Shape(NamedTuple):
    """What a lever should do over its range, from its lowest value to its highest.

    `sure` signs of measures that have to be distinguishable, `signs` those whose opposite must not
    be; `best` places of `engine.response.LeverAnswer`; `moves` whether it should move some measure
    beyond noise; `range` that of the sweep; `policy` that around which it is swept, changed by
    `words`, in `replications`.
    """

    signs: Mapping[str, Sign] = {}
    sure: Mapping[str, Sign] = {}
    best: tuple[str, ...] = ()
    moves: bool = False
    range: Literal["search", "full"] = "search"
    policy: str = "h1_2020"
    words: tuple[str, ...] = ()
    replications: int = 3

    @property
    def needs_run_off(self) -> bool:
        """Whether what follows the year is part of it."""
        return self.moves or bool(self.best) or WHOLE in {*self.signs, *self.sure}


INSIDE, NONE = ("interior",), ("low end",)
UNPAID = ("low end", "indistinguishable")
FULL = ("high end", "indistinguishable")
GMV, WHOLE, TAIL = "gmv_paid_fen", CONTRIBUTION, "small_anchor_income_fen"
DAU, TOP = "dau_change_share", "top10_share"
COUPONS, PARTNERS = "subsidy_fen", "partner_subsidy_fen"

PLENTY = ("policy.subsidy.budget_bn_rmb=200", "policy.subsidy.partner_budget_bn_rmb=200")
"""Purses that no coupon empties: in a short one a lever of coupons moves only who gets them."""
BEHIND = ("policy.target.year_end_bn_rmb=600", "policy.target.revisions=[]")
"""A target that is missed: the base policy's is passed, and its controller rests."""

SHAPES: dict[str, Shape] = {
    # A RMB of coupons brings two of sales, and a take of two to three fen.
    "subsidy.budget_bn_rmb": Shape({GMV: "rises", WHOLE: "falls"}, best=NONE, moves=True),
    "subsidy.rate": Shape({GMV: "rises", WHOLE: "falls"}, best=NONE, moves=True),
    "subsidy.cap_rmb": Shape({GMV: "rises"}, {COUPONS: "rises"}, words=PLENTY),
    "subsidy.new_buyer_rate": Shape({GMV: "rises"}, {COUPONS: "rises"}, words=PLENTY),
    "subsidy.tier_factor": Shape(
        {}, {COUPONS: "rises", GMV: "rises"}, policy="double_ten_billion", words=PLENTY
    ),
    # It moves a part of the purse: of h1_2020's too little to be distinguishable from noise.
    "subsidy.festival_boost": Shape(moves=True, policy="double_ten_billion", replications=10),
    "subsidy.partner_share": Shape({GMV: "rises"}, moves=True),
    "subsidy.partner_budget_bn_rmb": Shape(
        {GMV: "rises"}, {PARTNERS: "rises"}, policy="double_ten_billion"
    ),
    # A coupon early in the year leaves habits behind that buy within it.
    "subsidy.late_weight": Shape(
        {GMV: "falls"}, {"coupon_short_days_count": "rises"}, policy="double_ten_billion"
    ),
    "price.cap": Shape(moves=True, replications=10),  # of the few brands of a small market
    # Brands that it costs too much leave the plan.
    "price.cps_floor": Shape({}, {"brand_share": "falls"}, replications=10),
    "price.plan_festivals_count": Shape(
        {"brand_share": "rises"}, {"cap_binding_share": "rises"}, replications=10
    ),
    "target.year_end_bn_rmb": Shape({GMV: "rises", WHOLE: "falls"}, {"push_mean_share": "rises"}),
    "target.proportional_gain": Shape({GMV: "rises"}, {"push_mean_share": "rises"}, words=BEHIND),
    "target.integral_gain": Shape({}, {"push_mean_share": "rises"}, words=BEHIND),
    "target.coupon_push": Shape({}, {COUPONS: "rises", GMV: "rises"}, words=(*PLENTY, *BEHIND)),
    "target.load_push": Shape({}, {GMV: "rises", DAU: "falls"}, words=BEHIND),
    "target.recruiting_push": Shape(
        {GMV: "rises"}, {"recruiting_fen": "rises", "joined_suppliers_share": "rises"}, words=BEHIND
    ),
    "traffic.public_share": Shape({TOP: "falls", TAIL: "rises"}, moves=True),
    "traffic.exponent": Shape({TOP: "rises", TAIL: "falls"}, moves=True),
    "traffic.floor": Shape({TOP: "falls", TAIL: "rises"}, moves=True),
    "traffic.support": Shape(moves=True),
    "traffic.brand_support": Shape(moves=True),
    "traffic.ad_load": Shape({}, {GMV: "falls", DAU: "falls"}, best=INSIDE, moves=True),
    "traffic.ad_reserve_rmb": Shape({}, {"ads_fen": "falls"}),
    "traffic.family_cap": Shape(moves=True),
    "traffic.commercial_load": Shape(
        {GMV: "rises", DAU: "falls"}, best=INSIDE, moves=True, range="full"
    ),
    "supply.library_open": Shape({GMV: "rises"}, best=INSIDE, moves=True),
    "supply.recruiting": Shape({GMV: "rises"}, best=INSIDE, moves=True),
    # At a take of 1.9 % of sales neither earns back within two years what it costs.
    "supply.platform_brand_support": Shape(best=UNPAID, moves=True),
    "supply.investment_bn_rmb": Shape({GMV: "rises"}, best=UNPAID, moves=True),
    # What it costs in sellers is less than what it keeps: in 2022 the platform closed it.
    "supply.closed_loop": Shape({}, {GMV: "rises"}, best=FULL, moves=True),
}
"""By the names of a sweep of all levers."""


def misses(shape: Shape, rows: Sequence[Row]) -> list[str]:
    """Say in what one lever's rows differ from its shape; nothing where they agree."""
    (found,) = lever_answers(rows)
    said = []
    for measure, sign in (*shape.signs.items(), *shape.sure.items()):
        change, noise = _over_the_range([row for row in rows if row["measure"] == measure])
        up = change if sign == "rises" else -change
        if up <= noise if measure in shape.sure else up < -noise:
            said.append(f"{measure} should be one that {sign}; it changes by {change:.4g}")
    if shape.best and found.place not in shape.best:
        said.append(f"best is {found.place} at {found.best['value']:g}, not {shape.best}")
    if shape.moves and not found.moved:
        said.append("it moves nothing")
    return said


def _over_the_range(rows: Sequence[Row]) -> tuple[float, float]:
    """Return how a measure changes from the lowest value to the highest, and its 95 % noise."""
    curve = sorted((row for row in rows if row["is_constant"]), key=lambda row: row["value"])
    low, high = curve[0], curve[-1]
    errors = [row["standard_error"] or 0.0 for row in (low, high)]
    t = student_quantile(max(low["units_count"] - 1, 1), 0.975)
    return high["difference"] - low["difference"], t * (errors[0] ** 2 + errors[1] ** 2) ** 0.5
