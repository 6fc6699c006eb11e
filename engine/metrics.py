"""Names, units and types of everything that is measured, in one place.

Suffixes are units: `_fen` money, `_share` a fraction of one, `_count` a number of
real (not simulated) things, `_s` seconds. The tables of `engine.results` are these.
"""

from typing import Final

from engine.units import KINDS

CONCENTRATION: Final = ("top1_share", "top10_share", "top100_share", "gini", "hhi")
"""How unequally sales are spread over anchors."""

KEYS: Final[dict[str, type]] = {
    "policy": str,
    "trial": int,
    "world": str,
    "replication": int,
    "seed": int,
}
"""Columns that name a run. `trial` is -1 outside a search; `seed` is the run seed."""

FLOWS: Final[dict[str, type]] = {
    "sessions_count": int,
    "feed_sessions_count": int,
    "lost_sessions_count": int,
    "looks_count": int,
    "orders_count": int,
    "expected_orders_count": float,
    "gmv_fen": int,
    "gmv_paid_fen": int,
    "expected_gmv_paid_fen": float,
    "returned_fen": int,
    "returned_paid_fen": int,
    "net_gmv_fen": int,
    "subsidy_fen": int,
    "partner_subsidy_fen": int,
    "commission_fen": int,
    "take_fen": int,
    "supplier_income_fen": int,
    "refunded_subsidy_fen": int,
    "refunded_take_fen": int,
    "ads_fen": int,
    "recruiting_fen": int,
    "incubation_fen": int,
    "investment_fen": int,
    "platform_contribution_fen": int,
    "leaked_orders_count": int,
    "refused_coupons_count": int,
    "stock_outs_count": int,
    "private_gmv_fen": int,
    "tier12_gmv_fen": int,
    "brand_gmv_paid_fen": int,
    "platform_brand_gmv_paid_fen": int,
    "elsewhere_fen": int,
    "head_gmv_fen": float,
    "waist_gmv_fen": float,
    "tail_gmv_fen": float,
    "brand_account_gmv_fen": float,
}
"""Amounts of a day; a year's amount is their sum. `elsewhere_fen` is what the day's orders
would have cost elsewhere; sales by tier of anchor and of brands' accounts are expected ones."""

DAILY: Final[dict[str, type]] = FLOWS | {
    "paying_buyers_count": int,
    "new_buyers_count": int,
    "dau_count": float,
    "activity_share": float,
    "commercial_load": float,
    "push_share": float,
    "coupon_reach_share": float,
    "allowance_fen": int,
    "target_cumulative_fen": float,
    "gmv_paid_cumulative_fen": int,
    "forecast_gmv_fen": float,
    "rival_pull": float,
    "cap_binding_share": float,
    "live_anchors_count": float,
    **{f"joined_{kind}_count": int for kind in KINDS},
    "plan_members_count": int,
    "forecast_error_share": float,
    "aov_fen": float,
    "attainment_share": float,
    "budget_spent_share": float,
    "top1_share": float,
    "top10_share": float,
    "top100_share": float,
    "gini": float,
    "hhi": float,
}
"""Columns of a day: its flows and the state it ends in."""

RECORDED: Final[dict[str, type]] = {
    name: DAILY[name]
    for name in (
        "recruiting_fen",
        "incubation_fen",
        "investment_fen",
        "dau_count",
        "activity_share",
        "commercial_load",
        "push_share",
        "coupon_reach_share",
        "allowance_fen",
        "forecast_gmv_fen",
        "rival_pull",
        "plan_members_count",
        "head_gmv_fen",
        "waist_gmv_fen",
        "tail_gmv_fen",
        "brand_account_gmv_fen",
        "target_cumulative_fen",
        *(f"joined_{kind}_count" for kind in KINDS),
        *CONCENTRATION,
    )
} | {"budget_fen": float, "purse_day": int}
"""What is noted day by day: columns of `DAILY` that only the day itself knows, the purse in
force (real fen) and the number of the day on which it was opened."""

SEGMENT: Final[dict[str, type]] = {
    name: FLOWS[name]
    for name in (
        "orders_count",
        "gmv_fen",
        "gmv_paid_fen",
        "subsidy_fen",
        "partner_subsidy_fen",
        "commission_fen",
        "take_fen",
        "returned_fen",
        "leaked_orders_count",
    )
}
"""Columns of a segment: one day, kind of goods, city tier and traffic domain."""

MONTHLY: Final[dict[str, type]] = {
    "paying_buyers_count": int,
    "repeat_twice_share": float,
    "repeat_next_share": float,
    "top1_share": float,
    "top10_share": float,
    "top25_share": float,
    "top100_share": float,
}
"""Per calendar month. `repeat_twice_share`: of the month's buyers, those with two or more
orders in it; `repeat_next_share`: of last month's buyers, those who bought again."""

RUN: Final[dict[str, type]] = FLOWS | {
    "cost_fen": int,
    "aov_fen": float,
    "take_share": float,
    "return_share": float,
    "brand_share": float,
    "platform_brand_share": float,
    "brand_account_share": float,
    "waist_tail_share": float,
    "tier12_gmv_share": float,
    "joined_suppliers_share": float,
    "price_ratio_share": float,
    "private_share": float,
    "private_repeat_share": float,
    "top1_share": float,
    "top10_share": float,
    "top100_share": float,
    "gini": float,
    "hhi": float,
    "new_heads_count": int,
    "dau_mean_count": float,
    "dau_change_share": float,
    "target_fen": float,
    "target_attained": bool,
    "attainment_share": float,
    "budget_fen": int,
    "budget_spent_share": float,
    "cap_binding_share": float,
    "coupon_short_days_count": int,
    "push_mean_share": float,
    "wall_s": float,
}
"""Columns of a simulated year. `cost_fen` is minus the platform contribution; `target_fen`
is the year's goal of the scenario, by which every policy is measured, whatever target it
steers by (`daily.target_cumulative_fen`); `price_ratio_share` is GMV as paid over what the
same orders would have cost elsewhere; `dau_change_share` is the mean DAU against the
published path at the historical load; `wall_s` is the only column that two runs of one seed
do not share."""
