"""What is written down of each day: the columns of `metrics.DAILY` and the segments."""

from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.learn import Folded
from engine.kernels.market import Market
from engine.kernels.pacing import Pace
from engine.kernels.state import N_BUCKETS, TO_COME, Account, Count, Tally
from engine.metrics import DAILY, SEGMENT
from engine.units import (
    BRAND_KINDS,
    EXPECTED_ONE,
    FEN_PER_BN_RMB,
    FEN_PER_RMB,
    KINDS,
    N_DOMAINS,
    N_KINDS,
    N_TIERS,
    Domain,
    Kind,
    Tier,
)
from engine.world.anchors import HEAD, TAIL, WAIST
from engine.world.draws import Floats

_A = Account


class Diary:
    """Arrays over the days of one run; money and counts are of the real market."""

    def __init__(self, market: Market, target: Floats) -> None:
        n, anchors = market.case.scenario.calendar.n_days, market.anchors.fans.size
        months = market.days[-1].month + 1
        self.daily: dict[str, NDArray[Any]] = {
            name: np.zeros(n, np.int64 if kind is int else np.float64)
            for name, kind in DAILY.items()
        }
        self.segments = {
            name: np.zeros((n, N_KINDS, N_TIERS, N_DOMAINS), np.int64) for name in SEGMENT
        }
        self.anchor_gmv = np.zeros((months, anchors))
        self.begun = market.anchors.arrives < n
        self.anchor_visits = np.zeros(anchors, np.int64)
        self.month_counts = np.zeros((months, 3), np.int64)
        self.repeats = np.zeros((months, N_DOMAINS), np.int64)
        self.daily["target_cumulative_fen"][:] = target

    def write(
        self,
        market: Market,
        pace: Pace,
        tally: Tally,
        folded: Folded,
        joins: NDArray[np.int64],
        day: int,
    ) -> None:
        """Write down one day."""
        weight = market.weight
        ledger = tally.ledger * weight
        values = flows(ledger, tally, weight)
        values |= costs(market, pace, joins, day)
        values["platform_contribution_fen"] = contribution(values)
        values |= state_of(market, pace, tally, day)
        values |= anchors_of(market, folded.anchor_gmv)
        sold = values["expected_gmv_paid_fen"]
        values["forecast_error_share"] = values["forecast_gmv_fen"] / sold - 1.0 if sold else 0.0
        for name, value in values.items():
            self.daily[name][day] = value
        self.add_up(market, day)
        for name, account in SEGMENT_ACCOUNTS.items():
            self.segments[name][day] = ledger[..., account]
        month = market.days[day].month
        self.anchor_visits += tally.visits * weight
        self.anchor_gmv[month] += folded.anchor_gmv * weight
        counts = (Count.MONTH_BUYERS, Count.MONTH_TWICE, Count.MONTH_RETAINED)
        self.month_counts[month] += tally.counts[list(counts)] * weight
        self.repeats[month] += ledger[..., _A.REPEATS].sum(axis=(0, 1))

    def add_up(self, market: Market, day: int) -> None:
        """The columns that compare the days so far with the target and the purse."""
        daily, budget = self.daily, market.case.policy.subsidy.budget_bn_rmb * FEN_PER_BN_RMB
        so_far = slice(0, day + 1)
        paid, target = daily["gmv_paid_fen"][so_far].sum(), daily["target_cumulative_fen"][day]
        spent = daily["subsidy_fen"][so_far].sum()
        orders = daily["orders_count"][day]
        daily["gmv_paid_cumulative_fen"][day] = paid
        daily["attainment_share"][day] = paid / target if target else 0.0
        daily["budget_spent_share"][day] = spent / budget if budget else 0.0
        daily["aov_fen"][day] = daily["gmv_fen"][day] / orders if orders else 0.0


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


def flows(ledger: NDArray[np.int64], tally: Tally, weight: int) -> dict[str, Any]:
    """The day's amounts; `ledger` is weighted already."""
    total = ledger.sum(axis=(0, 1, 2))
    counts = tally.counts * weight
    return {
        "sessions_count": counts[Count.SESSIONS],
        "feed_sessions_count": counts[Count.FEED_VISITS],
        "lost_sessions_count": counts[Count.STAYED_AWAY],
        "looks_count": counts[Count.LOOKS],
        "orders_count": total[_A.ORDERS],
        "expected_orders_count": tally.expected.sum() / EXPECTED_ONE * weight,
        "gmv_fen": total[_A.GMV],
        "gmv_paid_fen": total[_A.PAID],
        "expected_gmv_paid_fen": float(tally.expected_paid.sum()) * weight,
        "returned_fen": total[_A.RETURNED_GMV],
        "returned_paid_fen": total[_A.RETURNED_PAID],
        "net_gmv_fen": total[_A.GMV] - total[_A.RETURNED_GMV],
        "subsidy_fen": total[_A.OWN_COUPON],
        "partner_subsidy_fen": total[_A.PARTNER_COUPON],
        "commission_fen": total[_A.COMMISSION],
        "take_fen": total[_A.TAKE],
        "supplier_income_fen": total[_A.SUPPLIER],
        "refunded_subsidy_fen": total[_A.RETURNED_OWN_COUPON],
        "refunded_take_fen": total[_A.RETURNED_TAKE],
        "ads_fen": counts[Count.ADS_FEN],
        "leaked_orders_count": total[_A.LEAKED],
        "refused_coupons_count": counts[Count.REFUSED_COUPONS],
        "stock_outs_count": counts[Count.STOCK_OUTS],
        "private_gmv_fen": ledger[:, :, Domain.PRIVATE, _A.GMV].sum(),
        "tier12_gmv_fen": ledger[:, Tier.TIER12, :, _A.GMV].sum(),
        "platform_brand_gmv_paid_fen": ledger[Kind.PLATFORM_BRAND, ..., _A.PAID].sum(),
        "elsewhere_fen": total[_A.ELSEWHERE],
        "brand_gmv_paid_fen": ledger[list(BRAND_KINDS), ..., _A.PAID].sum(),
        "paying_buyers_count": counts[Count.PAYING_BUYERS],
        "new_buyers_count": counts[Count.NEW_BUYERS],
        "cap_binding_share": total[_A.CAPPED] / max(total[_A.ORDERS], 1),
    }


def costs(market: Market, pace: Pace, joins: NDArray[np.int64], day: int) -> dict[str, int]:
    """What the platform spends on supply: recruiting (M3), own brands (M2), investment (M21)."""
    levers, sellers = market.days[day], market.sellers
    brands = percent(market, (market.suppliers.kind[sellers.joined] == Kind.PLATFORM_BRAND).sum())
    incubation = market.case.scenario.platform.incubation_cost_rmb * FEN_PER_RMB
    return {
        "recruiting_fen": recruiting_fen(market, pace, joins, day),
        "incubation_fen": int(levers.platform_brand_support * incubation * brands),
        "investment_fen": int(levers.investment_fen),
    }


def recruiting_fen(market: Market, pace: Pace, joins: NDArray[np.int64], day: int) -> int:
    """Cost of the joins that recruiting brought: all but the share 1 / factor."""
    factor = market.days[day].recruiting * pace.recruiting
    cost = market.case.scenario.platform.recruiting_cost_rmb * FEN_PER_RMB
    brought = 1.0 - 1.0 / factor if factor > 1.0 and day > 0 else 0.0
    return int(percent(market, joins.sum()) * brought * cost)


def percent(market: Market, suppliers: int) -> float:
    """Simulated suppliers as per cent of all."""
    return 100.0 * suppliers / market.case.scale.suppliers_count


def contribution(values: dict[str, Any]) -> int:
    """Take and ads less own coupons and what supply costs, net of returned orders."""
    take = values["take_fen"] - values["refunded_take_fen"]
    coupons = values["subsidy_fen"] - values["refunded_subsidy_fen"]
    spent = values["recruiting_fen"] + values["incubation_fen"] + values["investment_fen"]
    return int(take + values["ads_fen"] - coupons - spent)


def state_of(market: Market, pace: Pace, tally: Tally, day: int) -> dict[str, Any]:
    """The state in which the day ends, and what the platform set for it."""
    platform, sellers = market.case.scenario.platform, market.sellers
    joined = np.bincount(market.suppliers.kind[sellers.joined], minlength=N_KINDS)
    months = platform.app_dau_million
    today = market.case.scenario.calendar.start + timedelta(days=day)
    dau = months[today.month - 1] * 1e6
    return {
        "dau_count": dau * market.accounts.activity,
        "activity_share": market.accounts.activity,
        "commercial_load": market.days[day].historical_load * pace.load_ratio,
        "push_share": pace.push,
        "coupon_reach_share": pace.reach / N_BUCKETS,
        "allowance_fen": pace.own_allowance * market.weight,
        "forecast_gmv_fen": pace.forecast * market.weight,
        "rival_pull": pace.rival,
        "live_anchors_count": float((tally.visits > 0).sum()),
        "plan_members_count": int(sellers.in_plan.sum()),
        **{f"joined_{kind}_count": joined[k] for k, kind in enumerate(KINDS)},
    }


def anchors_of(market: Market, gmv: Floats) -> dict[str, float]:
    """How the day's expected sales spread over anchors."""
    anchors, weighted = market.anchors, gmv * market.weight
    own = slice(0, anchors.guests_from)
    tiers = np.bincount(anchors.tier[own], weighted[own], minlength=3)
    return {
        "head_gmv_fen": float(tiers[HEAD]),
        "waist_gmv_fen": float(tiers[WAIST]),
        "tail_gmv_fen": float(tiers[TAIL]),
        "brand_account_gmv_fen": float(weighted[anchors.is_brand].sum()),
        **concentration(gmv[market.shop.presence != TO_COME]),
    }


def concentration(values: Floats) -> dict[str, float]:
    """Top shares, Gini and Herfindahl index of anchors' expected GMV.

    Gini = sum_k (2k - n - 1) x_k / (n sum x), x rising; HHI = sum of squared shares.
    """
    total, n = values.sum(), values.size
    if total <= 0.0:
        return {"top1_share": 0.0, "top10_share": 0.0, "top100_share": 0.0, "gini": 0.0, "hhi": 0.0}
    rising = np.sort(values)
    gini = ((2 * np.arange(1, n + 1) - n - 1) * rising).sum() / (n * total)
    return {
        **{f"top{count}_share": float(rising[-count:].sum() / total) for count in (1, 10, 100)},
        "gini": float(gini),
        "hhi": float(((values / total) ** 2).sum()),
    }


def top_share(values: Floats, count: int) -> float:
    """Share of the `count` largest in the sum; 0 where nothing was sold."""
    total = values.sum()
    if total <= 0.0:
        return 0.0
    return float(np.sort(values)[::-1][:count].sum() / total)
