"""Amounts of a day; a run's amount is the sum of its days."""

import math
from typing import Final

import numpy as np

from engine.accounts import EXPECTED, EXPECTED_PAID, Account, Count
from engine.measures.measure import Column, DailyView, Flags, Measure
from engine.units import EXPECTED_ONE, Domain, Tier


def _paid_for(days: DailyView, kinds: Flags) -> Column:
    """What was paid for goods of `kinds`, a flag by kind, by day."""
    return np.asarray(days.ledger[:, kinds][..., Account.PAID].sum(axis=(1, 2, 3, 4)))


def _contribution(days: DailyView) -> Column:
    """Take and ads less own coupons and what supply costs, net of returned orders."""
    take = days["take_fen"] - days["refunded_take_fen"]
    coupons = days["subsidy_fen"] - days["refunded_subsidy_fen"]
    spent = days["recruiting_fen"] + days["incubation_fen"] + days["investment_fen"]
    return np.asarray(take + days["ads_fen"] - coupons - spent)


FLOW_MEASURES: Final = (
    Measure(
        "sessions_count",
        "Sessions",
        "Times that buyers opened the app to watch.",
        day=Count.SESSIONS,
    ),
    Measure(
        "feed_sessions_count",
        "Feed sessions",
        "Sessions that the public feed filled.",
        day=Count.FEED_VISITS,
    ),
    Measure(
        "lost_sessions_count",
        "Lost sessions",
        "Sessions of a gone anchor's fans, kept away.",
        day=Count.STAYED_AWAY,
    ),
    Measure(
        "looks_count",
        "Looks",
        "Sessions in which the buyer looked at the goods.",
        day=Count.LOOKS,
    ),
    Measure(
        "feed_looks_count",
        "Looks on the feed",
        "Looks of those whom the public feed had brought.",
        day=Count.FEED_LOOKS,
    ),
    Measure(
        "orders_count",
        "Orders",
        "Accepted orders.",
        day=Account.ORDERS,
        key=12,
    ),
    Measure(
        "expected_orders_count",
        "Expected orders",
        "Sum of the probabilities to order.",
        day=lambda days: days.sums[:, EXPECTED] / EXPECTED_ONE * days.weight,
        dtype=float,
    ),
    Measure(
        "gmv_fen",
        "GMV at list price",
        "Price times quantity of accepted orders, before coupons and returns."
        " Any subsidy lifts it.",
        day=Account.GMV,
    ),
    Measure(
        "gmv_paid_fen",
        "GMV as paid",
        "What buyers paid for accepted orders, after coupons and before returns."
        " The target is set against it.",
        day=Account.PAID,
        key=1,
    ),
    Measure(
        "expected_gmv_paid_fen",
        "Expected GMV as paid",
        "GMV as paid with each order weighed by its probability: less noise, same mean.",
        day=lambda days: days.sums[:, EXPECTED_PAID] * float(days.weight),
        dtype=float,
    ),
    Measure(
        "returned_fen",
        "Returned GMV",
        "GMV at list price of what was sent back.",
        day=Account.RETURNED_GMV,
    ),
    Measure(
        "returned_paid_fen",
        "Refunds",
        "What buyers got back for what they sent back.",
        day=Account.RETURNED_PAID,
    ),
    Measure(
        "net_gmv_fen",
        "Net GMV",
        "GMV at list price less what was returned.",
        day=lambda days: days["gmv_fen"] - days["returned_fen"],
        key=11,
    ),
    Measure(
        "subsidy_fen",
        "Subsidy",
        "Coupons paid by the platform itself; a partner's part is not in it.",
        day=Account.OWN_COUPON,
        key=4,
    ),
    Measure(
        "partner_subsidy_fen",
        "Partner's subsidy",
        "Coupons paid by the retail partner.",
        day=Account.PARTNER_COUPON,
    ),
    Measure(
        "commission_fen",
        "Commission",
        "What sellers pay anchors for their orders.",
        day=Account.COMMISSION,
    ),
    Measure(
        "take_fen",
        "Take",
        "The platform's fee on orders, before advertising.",
        day=Account.TAKE,
    ),
    Measure(
        "supplier_income_fen",
        "Sellers' income",
        "What is left to sellers of their orders.",
        day=Account.SUPPLIER,
    ),
    Measure(
        "refunded_subsidy_fen",
        "Subsidy returned",
        "Own coupons that came back with returns.",
        day=Account.RETURNED_OWN_COUPON,
    ),
    Measure(
        "refunded_take_fen",
        "Take returned",
        "The platform's fee on returned orders.",
        day=Account.RETURNED_TAKE,
    ),
    Measure(
        "ads_fen",
        "Advertising",
        "What suppliers pay for places in the feed.",
        day=Count.ADS_FEN,
    ),
    Measure(
        "recruiting_fen",
        "Recruiting",
        "What the platform spends to bring suppliers in.",
    ),
    Measure(
        "incubation_fen",
        "Incubation",
        "What the platform spends to make its own brands known.",
    ),
    Measure(
        "investment_fen",
        "Investment",
        "What the platform invests in supply chains.",
    ),
    Measure(
        "platform_contribution_fen",
        "Contribution",
        "Take and advertising less own coupons, recruiting, incubation and investment,"
        " net of returns.",
        day=_contribution,
        least=-math.inf,
        key=6,
    ),
    Measure(
        "leaked_orders_count",
        "Leaked orders",
        "Orders that external links led out of the shop: no GMV, no coupon.",
        day=Account.LEAKED,
        key=16,
    ),
    Measure(
        "refused_coupons_count",
        "Refused coupons",
        "Coupons that the purse could not pay any more.",
        day=Count.REFUSED_COUPONS,
    ),
    Measure(
        "stock_outs_count",
        "Stock-outs",
        "Orders lost because the stock was gone.",
        day=Count.STOCK_OUTS,
    ),
    Measure(
        "private_gmv_fen",
        "GMV from followers",
        "GMV at list price sold to an anchor's followers.",
        day=lambda days: days.ledger[:, :, :, Domain.PRIVATE, :, Account.GMV].sum(axis=(1, 2, 3)),
    ),
    Measure(
        "tier12_gmv_fen",
        "GMV in tiers 1 and 2",
        "GMV at list price in the largest cities.",
        day=lambda days: days.ledger[:, :, Tier.TIER12, :, :, Account.GMV].sum(axis=(1, 2, 3)),
    ),
    Measure(
        "brand_gmv_paid_fen",
        "Brands' GMV as paid",
        "GMV as paid of domestic and multinational brands and the retail partner.",
        day=lambda days: _paid_for(days, days.is_brand),
    ),
    Measure(
        "platform_brand_gmv_paid_fen",
        "Platform brands' GMV as paid",
        "GMV as paid of the brands that grew on the platform.",
        day=lambda days: _paid_for(days, days.is_incubated),
    ),
    Measure(
        "elsewhere_fen",
        "Price elsewhere",
        "What the same orders would have cost on other platforms.",
        day=Account.ELSEWHERE,
    ),
    Measure(
        "head_gmv_fen",
        "Heads' GMV",
        "Expected GMV of the largest anchors.",
        dtype=float,
    ),
    Measure(
        "waist_gmv_fen",
        "Waist's GMV",
        "Expected GMV of the anchors of middling size.",
        dtype=float,
    ),
    Measure(
        "tail_gmv_fen",
        "Tail's GMV",
        "Expected GMV of the small anchors.",
        dtype=float,
    ),
    Measure(
        "tail_commission_fen",
        "Tail's commission",
        "Expected commission of the small anchors, before returns.",
        dtype=float,
    ),
    Measure(
        "brand_account_gmv_fen",
        "Brand accounts' GMV",
        "Expected GMV of streams that brands hold themselves.",
        dtype=float,
    ),
)
"""In the order of their columns. Sales by tier of anchor and of brands' accounts are expected
ones; `elsewhere_fen` is of the day's orders."""

SEGMENT_FLOWS: Final = (
    "orders_count",
    "gmv_fen",
    "gmv_paid_fen",
    "subsidy_fen",
    "refunded_subsidy_fen",
    "partner_subsidy_fen",
    "commission_fen",
    "take_fen",
    "returned_fen",
    "leaked_orders_count",
)
"""Flows from one account that are also kept by segment: `units.SEGMENTS`."""
