"""What is written down of each day: the columns of `metrics.DAILY` and the segments.

A day is noted in few numbers: its ledger, counts and sums, and the state that it ends in.
The columns are made from them for all days at once, when somebody asks.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.ledger.concentration import BRANDS, CONCENTRATION, concentration, spread
from engine.market.ledger.totals import EXPECTED, EXPECTED_PAID, VISITED, Folded
from engine.market.market import Market
from engine.market.pacing.controls import Pace
from engine.market.tables import N_BUCKETS, Account, Count, Tally
from engine.metrics import DAILY
from engine.population.anchors import HEAD, TAIL, WAIST
from engine.population.draws import Floats
from engine.units import (
    BRAND_KINDS,
    EXPECTED_ONE,
    FEN_PER_BN_RMB,
    FEN_PER_RMB,
    KINDS,
    Domain,
    Kind,
    Tier,
)

_A = Account
Ints = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]


JOINED = tuple(f"joined_{kind}_count" for kind in KINDS)
STATE = (
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
    *JOINED,
    *CONCENTRATION,
)
"""Columns that are noted day by day."""


class Diary:
    """Arrays over the days of one run; ledgers, counts and sums are of the simulated sample."""

    def __init__(self, market: Market, target: Floats) -> None:
        n, anchors = market.case.scenario.calendar.n_days, market.anchors.fans.size
        self.weight, self.target = market.weight, target
        self.budget = market.case.policy.subsidy.budget_bn_rmb * FEN_PER_BN_RMB
        self.ledgers = np.zeros((n, *market.sold.ledger.shape), np.int64)
        self.counts = np.zeros((n, len(Count)), np.int64)
        self.sums = np.zeros((n, market.folded.sums.size), np.int64)
        self.states: Columns = {name: np.zeros(n, DAILY[name]) for name in STATE}
        self.month = np.array([levers.month for levers in market.days])
        self.anchor_gmv = np.zeros((self.month[-1] + 1, anchors))
        self.anchor_visits = np.zeros(anchors, np.int64)
        self.begun = market.anchors.arrives < n
        self.by_group, self.sold = np.zeros(BRANDS + 1), np.zeros(anchors)

    def write(
        self, market: Market, pace: Pace, tally: Tally, folded: Folded, joins: int, day: int
    ) -> None:
        """Note one day."""
        self.ledgers[day], self.counts[day] = tally.ledger, tally.counts
        self.sums[day] = folded.sums
        state = (
            costs(market, pace, joins, day)
            | state_of(market, pace, day)
            | self.anchors_of(market, tally, folded, day)
        )
        for name, value in state.items():
            self.states[name][day] = value

    def anchors_of(
        self, market: Market, tally: Tally, folded: Folded, day: int
    ) -> dict[str, float]:
        """Add to the anchors' months, and say how the day's sales spread over anchors."""
        anchors = market.anchors
        begun, sold = spread(
            folded.anchor_gmv,
            tally.visits,
            market.shop.presence,
            anchors.tier,
            anchors.is_brand,
            anchors.guests_from,
            self.weight,
            self.anchor_gmv[self.month[day]],
            self.anchor_visits,
            self.by_group,
            self.sold,
        )
        return {
            "head_gmv_fen": self.by_group[HEAD],
            "waist_gmv_fen": self.by_group[WAIST],
            "tail_gmv_fen": self.by_group[TAIL],
            "brand_account_gmv_fen": self.by_group[BRANDS],
            **concentration(self.sold[:sold], begun - sold),
        }

    @property
    def daily(self) -> Columns:
        """The columns of `metrics.DAILY`, shape (days,); money and counts of the real market."""
        values = flows(self.ledgers * self.weight, self.counts * self.weight)
        values |= self.states
        values["expected_orders_count"] = self.sums[:, EXPECTED] / EXPECTED_ONE * self.weight
        values["expected_gmv_paid_fen"] = self.sums[:, EXPECTED_PAID] * float(self.weight)
        values["live_anchors_count"] = self.sums[:, VISITED]
        values["target_cumulative_fen"] = self.target
        values |= compared(values, self.budget)
        values["platform_contribution_fen"] = contribution(values)
        return {name: np.array(values[name], kind) for name, kind in DAILY.items()}

    @property
    def segments(self) -> Columns:
        """The columns of `metrics.SEGMENT`, shape (days, kinds, tiers, domains)."""
        return {
            name: self.ledgers[..., account] * self.weight
            for name, account in SEGMENT_ACCOUNTS.items()
        }


SEGMENT_ACCOUNTS = {
    "orders_count": _A.ORDERS,
    "gmv_fen": _A.GMV,
    "gmv_paid_fen": _A.PAID,
    "subsidy_fen": _A.OWN_COUPON,
    "partner_subsidy_fen": _A.PARTNER_COUPON,
    "commission_fen": _A.COMMISSION,
    "take_fen": _A.TAKE,
    "returned_fen": _A.RETURNED_GMV,
    "leaked_orders_count": _A.LEAKED,
}


def flows(ledger: Ints, counts: Ints) -> Columns:
    """The days' amounts; `ledger` (day, kind, tier, domain, account) of the real market."""
    total = ledger.sum(axis=(1, 2, 3))
    return {
        "sessions_count": counts[:, Count.SESSIONS],
        "feed_sessions_count": counts[:, Count.FEED_VISITS],
        "lost_sessions_count": counts[:, Count.STAYED_AWAY],
        "looks_count": counts[:, Count.LOOKS],
        "orders_count": total[:, _A.ORDERS],
        "gmv_fen": total[:, _A.GMV],
        "gmv_paid_fen": total[:, _A.PAID],
        "returned_fen": total[:, _A.RETURNED_GMV],
        "returned_paid_fen": total[:, _A.RETURNED_PAID],
        "net_gmv_fen": total[:, _A.GMV] - total[:, _A.RETURNED_GMV],
        "subsidy_fen": total[:, _A.OWN_COUPON],
        "partner_subsidy_fen": total[:, _A.PARTNER_COUPON],
        "commission_fen": total[:, _A.COMMISSION],
        "take_fen": total[:, _A.TAKE],
        "supplier_income_fen": total[:, _A.SUPPLIER],
        "refunded_subsidy_fen": total[:, _A.RETURNED_OWN_COUPON],
        "refunded_take_fen": total[:, _A.RETURNED_TAKE],
        "ads_fen": counts[:, Count.ADS_FEN],
        "leaked_orders_count": total[:, _A.LEAKED],
        "refused_coupons_count": counts[:, Count.REFUSED_COUPONS],
        "stock_outs_count": counts[:, Count.STOCK_OUTS],
        "private_gmv_fen": ledger[:, :, :, Domain.PRIVATE, _A.GMV].sum(axis=(1, 2)),
        "tier12_gmv_fen": ledger[:, :, Tier.TIER12, :, _A.GMV].sum(axis=(1, 2)),
        "platform_brand_gmv_paid_fen": paid_for(ledger, [Kind.PLATFORM_BRAND]),
        "elsewhere_fen": total[:, _A.ELSEWHERE],
        "brand_gmv_paid_fen": paid_for(ledger, list(BRAND_KINDS)),
        "paying_buyers_count": counts[:, Count.PAYING_BUYERS],
        "new_buyers_count": counts[:, Count.NEW_BUYERS],
        "cap_binding_share": total[:, _A.CAPPED] / np.maximum(total[:, _A.ORDERS], 1),
    }


def paid_for(ledger: Ints, kinds: list[Kind]) -> Ints:
    """What was paid for goods of some kinds, by day."""
    return np.asarray(ledger[:, kinds][..., _A.PAID].sum(axis=(1, 2, 3)))


def compared(values: Columns, budget: float) -> Columns:
    """The columns that compare days with the target, the purse and the forecast."""
    paid, target = values["gmv_paid_fen"].cumsum(), values["target_cumulative_fen"]
    sold, orders = values["expected_gmv_paid_fen"], values["orders_count"]
    forecast = values["forecast_gmv_fen"]
    return {
        "gmv_paid_cumulative_fen": paid,
        "attainment_share": shares(paid, target),
        "budget_spent_share": shares(values["subsidy_fen"].cumsum(), np.full(paid.shape, budget)),
        "aov_fen": shares(values["gmv_fen"], orders),
        "forecast_error_share": np.where(sold > 0, shares(forecast, sold) - 1.0, 0.0),
    }


def shares(parts: NDArray[Any], wholes: NDArray[Any]) -> Floats:
    """Parts / wholes, 0 where the whole is 0."""
    return np.asarray(np.divide(parts, wholes, out=np.zeros(parts.shape), where=wholes != 0))


def costs(market: Market, pace: Pace, joins: int, day: int) -> dict[str, int]:
    """What the platform spends on supply: recruiting (M3), own brands (M2), investment (M21)."""
    levers = market.days[day]
    brands = percent(market, market.kind_counts.joined[Kind.PLATFORM_BRAND])
    incubation = market.case.scenario.platform.incubation_cost_rmb * FEN_PER_RMB
    return {
        "recruiting_fen": recruiting_fen(market, pace, joins, day),
        "incubation_fen": int(levers.platform_brand_support * incubation * brands),
        "investment_fen": int(levers.investment_fen),
    }


def recruiting_fen(market: Market, pace: Pace, joins: int, day: int) -> int:
    """Cost of the joins that recruiting brought: all but the share 1 / factor."""
    factor = market.days[day].recruiting * pace.recruiting
    cost = market.case.scenario.platform.recruiting_cost_rmb * FEN_PER_RMB
    brought = 1.0 - 1.0 / factor if factor > 1.0 and day > 0 else 0.0
    return int(percent(market, joins) * brought * cost)


def percent(market: Market, suppliers: int) -> float:
    """Simulated suppliers as per cent of all."""
    return 100.0 * suppliers / market.case.scale.suppliers_count


def contribution(values: Columns) -> Ints:
    """Take and ads less own coupons and what supply costs, net of returned orders."""
    take = values["take_fen"] - values["refunded_take_fen"]
    coupons = values["subsidy_fen"] - values["refunded_subsidy_fen"]
    spent = values["recruiting_fen"] + values["incubation_fen"] + values["investment_fen"]
    return np.asarray(take + values["ads_fen"] - coupons - spent)


def state_of(market: Market, pace: Pace, day: int) -> dict[str, Any]:
    """The state in which the day ends, and what the platform set for it."""
    scenario, counts, levers = market.case.scenario, market.kind_counts, market.days[day]
    month = (scenario.calendar.start.month - 1 + levers.month) % 12
    return {
        "dau_count": scenario.platform.app_dau_million[month] * 1e6 * market.accounts.activity,
        "activity_share": market.accounts.activity,
        "commercial_load": levers.historical_load * pace.load_ratio,
        "push_share": pace.push,
        "coupon_reach_share": pace.reach / N_BUCKETS,
        "allowance_fen": pace.own_allowance * market.weight,
        "forecast_gmv_fen": pace.forecast * market.weight,
        "rival_pull": pace.rival,
        "plan_members_count": counts.in_plan.sum(),
        **dict(zip(JOINED, counts.joined.tolist(), strict=True)),
    }
