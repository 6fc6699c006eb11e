"""What only a whole run has, and in which order it stands in the table of runs."""

import math
from typing import Final

import numpy as np

from engine.accounts import Account
from engine.measures.days import (
    ATTAINMENT,
    BUDGET,
    BUDGET_SPENT,
    CAPPED_ORDERS,
    CONCENTRATION_MEASURES,
    ORDER_VALUE,
    goal_and_paid,
)
from engine.measures.measure import Measure, RunView, largest, ratio
from engine.units import RATE_DAYS, Buyer, Domain

_HEADS: Final = 20
"""The heads of the market, for counting new ones."""


def _by_tiers(run: RunView) -> float:
    """Expected sales of the three tiers of anchors, fen."""
    return float(run["head_gmv_fen"] + run["waist_gmv_fen"] + run["tail_gmv_fen"])


def _take_rate(run: RunView) -> float:
    return ratio(run["take_fen"] - run["refunded_take_fen"] + run["ads_fen"], run["gmv_fen"])


def _joined_share(run: RunView) -> float:
    return run.joined_count / run.suppliers_count


def _private_repeats(run: RunView) -> float:
    known = run.days.ledger[run.first :, ..., Buyer.KNOWN, Account.ORDERS].sum(axis=(0, 1, 2))
    return ratio(known[Domain.PRIVATE], known.sum())


def _new_heads(run: RunView) -> int:
    """Anchors among the top 20 of the last month that were not in the first."""
    many = run.months.stands_for
    first, last = np.zeros((2, many.size))
    for among, month in zip((first, last), run.months.anchor_gmv[[0, -1]], strict=True):
        rows, counts = largest(month, _HEADS, many)
        among[rows] = counts
    return int(np.maximum(last - first, 0.0).sum())


def _small_anchor_income(run: RunView) -> float:
    """Commission of the tail per day on which one of its anchors was there, times 365 days."""
    anchor_days = run.daily["tail_anchors_count"].sum()
    return RATE_DAYS * ratio(run["tail_commission_fen"], float(anchor_days))


def _dau_change(run: RunView) -> float:
    dau = run.daily["dau_count"]
    published = float((dau / np.maximum(run.daily["activity_share"], 1e-12)).mean())
    return float(dau.mean()) / published - 1.0


def _target_attained(run: RunView) -> bool:
    goal, paid = goal_and_paid(run)
    return goal > 0 and paid >= goal


RUN_MEASURES: Final = (
    Measure(
        "cost_fen",
        "Cost",
        "The platform contribution with its sign turned: above 0 the platform loses.",
        run=lambda run: -run["platform_contribution_fen"],
        least=-math.inf,
        key=7,
    ),
    ORDER_VALUE,
    Measure(
        "take_share",
        "Take rate",
        "Take, net of returns, and advertising as a share of GMV at list price.",
        run=_take_rate,
        most=math.inf,
    ),
    Measure(
        "return_share",
        "Return share",
        "Share of GMV that was returned.",
        run=lambda run: ratio(run["returned_fen"], run["gmv_fen"]),
    ),
    Measure(
        "brand_share",
        "Brand share",
        "Share of domestic and multinational brands and the retail partner in GMV as paid.",
        run=lambda run: ratio(run["brand_gmv_paid_fen"], run["gmv_paid_fen"]),
        key=9,
    ),
    Measure(
        "platform_brand_share",
        "Platform brands",
        "Share of the brands that grew on the platform in GMV as paid.",
        run=lambda run: ratio(run["platform_brand_gmv_paid_fen"], run["gmv_paid_fen"]),
    ),
    Measure(
        "brand_account_share",
        "Brand accounts",
        "Share of streams that brands hold themselves in expected GMV.",
        run=lambda run: ratio(run["brand_account_gmv_fen"], _by_tiers(run)),
    ),
    Measure(
        "waist_tail_share",
        "Waist and tail",
        "Share of all but the largest anchors in expected GMV.",
        run=lambda run: ratio(run["waist_gmv_fen"] + run["tail_gmv_fen"], _by_tiers(run)),
    ),
    Measure(
        "tier12_gmv_share",
        "Tiers 1 and 2",
        "Share of buyers in the largest cities in GMV at list price.",
        run=lambda run: ratio(run["tier12_gmv_fen"], run["gmv_fen"]),
    ),
    Measure(
        "joined_suppliers_share",
        "Suppliers joined",
        "Share of all suppliers that sell on the platform on the last day.",
        run=_joined_share,
    ),
    Measure(
        "price_ratio_share",
        "Price to elsewhere",
        "GMV as paid over what the same orders would have cost elsewhere.",
        run=lambda run: ratio(run["gmv_paid_fen"], run["elsewhere_fen"]),
        most=math.inf,
    ),
    Measure(
        "private_share",
        "Private share",
        "Share of GMV sold to followers.",
        run=lambda run: ratio(run["private_gmv_fen"], run["gmv_fen"]),
        key=14,
    ),
    Measure(
        "private_repeat_share",
        "Private repeats",
        "Share of repeated orders that were made as a follower.",
        run=_private_repeats,
    ),
    *CONCENTRATION_MEASURES,
    Measure(
        "new_heads_count",
        "New heads",
        "Anchors among the largest 20 of the last month that were not among them in the first.",
        run=_new_heads,
    ),
    Measure(
        "small_anchor_income_fen",
        "Small anchors' income",
        "Expected commission of 365 days of one anchor of the tail, before returns.",
        run=_small_anchor_income,
        dtype=float,
    ),
    Measure(
        "dau_mean_count",
        "Daily users",
        "Mean daily active users.",
        run=lambda run: run.daily["dau_count"].mean(),
        dtype=float,
    ),
    Measure(
        "dau_change_share",
        "DAU change",
        "Mean daily active users against the published path at the historical load.",
        run=_dau_change,
        least=-math.inf,
        most=math.inf,
        key=10,
    ),
    Measure(
        "target_fen",
        "Goal",
        "GMV as paid that the year should reach.",
        run=lambda run: goal_and_paid(run)[0],
        dtype=float,
    ),
    Measure(
        "target_attained",
        "P(reach target)",
        "Share of the simulated runs in which the GMV as paid of the goal's calendar year, with"
        " what was sold in it before the horizon, ends at or above the goal.",
        run=_target_attained,
        dtype=bool,
        key=2,
    ),
    ATTAINMENT,
    BUDGET,
    BUDGET_SPENT,
    CAPPED_ORDERS,
    Measure(
        "coupon_short_days_count",
        "Days short of coupons",
        "Days on which the purse had to refuse a coupon.",
        run=lambda run: (run.daily["refused_coupons_count"] > 0).sum(),
    ),
    Measure(
        "push_mean_share",
        "Push",
        "Mean push of the controller that chases the target: 0 on its path.",
        run=lambda run: run.daily["push_share"].mean(),
        most=math.inf,
    ),
    Measure(
        "wall_s",
        "Run time",
        "Seconds that a simulated run took.",
    ),
)
"""In the order of their columns, which follow the flows. The goal is the scenario's, by which every
policy is measured, whatever target it steers by. `wall_s` is filled in by who runs."""
