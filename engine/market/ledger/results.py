"""The tables of a run, made from what was written down of its days."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.accounts import EXPECTED, EXPECTED_PAID, VISITED, Account, Count
from engine.market.ledger.concentration import concentration, top_share
from engine.market.state import DailyRecord, State
from engine.market.world import World
from engine.metrics import DAILY, FLOWS, MONTHLY
from engine.population.draws import Floats
from engine.units import (
    BRAND_KINDS,
    EXPECTED_ONE,
    FEN_PER_BN_RMB,
    KINDS,
    Domain,
    Kind,
    Tier,
)

_A = Account
Ints = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]


class ReportStart(NamedTuple):
    """The morning from which a run is reported, and what anchors had had before it.

    `visits` (int64) by anchor; `month_gmv` (float64, fen) by anchor, of the day's month.
    """

    day: int
    visits: Ints
    month_gmv: Floats


def report_start(state: State) -> ReportStart:
    """Report from the morning on which `state` stands."""
    day, record = state.day, state.record
    gmv = np.zeros(record.anchor_visits.size)
    if day and len(record.anchor_gmv) > record.month[day - 1]:
        gmv = record.anchor_gmv[record.month[day - 1]].copy()
    return ReportStart(day, record.anchor_visits.copy(), gmv)


class Tables(NamedTuple):
    """What a run leaves.

    `run` the values of `metrics.RUN` but the wall time; `daily` the columns of
    `metrics.DAILY`, shape (days,); `segments` flows, shape (days, kinds, tiers, domains);
    `monthly` the columns of `metrics.MONTHLY`, shape (months,); `anchors` one value each.
    """

    run: dict[str, Any]
    daily: Columns
    monthly: Columns
    segments: Columns
    anchors: Columns


def tables(world: World, state: State, start: ReportStart) -> Tables:
    """The tables of the days from `start` to the last night; money of the real market."""
    reported = slice(start.day, state.day)
    values = _values(world, state)
    daily: Columns = {name: np.array(values[name][reported], kind) for name, kind in DAILY.items()}
    anchor_gmv = _anchor_gmv(state, start)
    return Tables(
        run=_summary(world, state, start, (daily, values), anchor_gmv),
        daily=daily,
        monthly=_monthly(world, state.record, reported, anchor_gmv),
        segments={
            name: state.record.ledgers[reported][..., account] * world.weight
            for name, account in SEGMENT_ACCOUNTS.items()
        },
        anchors=_anchor_table(world, state, start, anchor_gmv),
    )


def daily_table(world: World, state: State) -> Columns:
    """The columns of `metrics.DAILY` of all days so far, shape (days,)."""
    values = _values(world, state)
    return {name: np.array(values[name], kind) for name, kind in DAILY.items()}


def _values(world: World, state: State) -> Columns:
    """Every column by day from the first on; money and counts of the real market."""
    record, days, weight = state.record, state.day, world.weight
    values = _flows(record.ledgers[:days] * weight, record.counts[:days] * weight)
    values |= {name: column[:days] for name, column in record.values.items()}
    sums = record.sums[:days]
    values["expected_orders_count"] = sums[:, EXPECTED] / EXPECTED_ONE * weight
    values["expected_gmv_paid_fen"] = sums[:, EXPECTED_PAID] * float(weight)
    values["live_anchors_count"] = sums[:, VISITED]
    values["year"] = np.array([world.date_of(day).year for day in range(days)])
    values |= _compared(values)
    values["platform_contribution_fen"] = _contribution(values)
    return values


def _anchor_gmv(state: State, start: ReportStart) -> Floats:
    """Expected GMV by reported month and anchor, shape (months, anchors), fen."""
    month = state.record.month
    first, last = month[start.day], month[state.day - 1]
    gmv = state.record.anchor_gmv[first : last + 1]
    if start.day and month[start.day - 1] == first:
        gmv = gmv.copy()
        gmv[0] -= start.month_gmv
    return gmv


def _summary(
    world: World,
    state: State,
    start: ReportStart,
    columns: tuple[Columns, Columns],
    anchor_gmv: Floats,
) -> dict[str, Any]:
    """The values of `metrics.RUN` but the wall time."""
    daily, values = columns
    run: dict[str, Any] = {name: kind(daily[name].sum()) for name, kind in FLOWS.items()}
    gmv, paid, orders = run["gmv_fen"], run["gmv_paid_fen"], run["orders_count"]
    budget = _budget_fen(values, start.day)
    target, reached = _goal(world, values, start.day)
    dau = daily["dau_count"]
    published = float((dau / np.maximum(daily["activity_share"], 1e-12)).mean())
    ledgers = state.record.ledgers[start.day : state.day]
    repeats = ledgers[..., Account.REPEATS].sum(axis=(0, 1, 2))
    by_anchors = run["head_gmv_fen"] + run["waist_gmv_fen"] + run["tail_gmv_fen"]
    joined = sum(int(daily[f"joined_{kind}_count"][-1]) for kind in KINDS)
    begun = world.anchors.arrives < state.day
    return run | {
        "cost_fen": -run["platform_contribution_fen"],
        "aov_fen": ratio(gmv, orders),
        "take_share": ratio(run["take_fen"] - run["refunded_take_fen"] + run["ads_fen"], gmv),
        "return_share": ratio(run["returned_fen"], gmv),
        "brand_share": ratio(run["brand_gmv_paid_fen"], paid),
        "platform_brand_share": ratio(run["platform_brand_gmv_paid_fen"], paid),
        "brand_account_share": ratio(run["brand_account_gmv_fen"], by_anchors),
        "waist_tail_share": ratio(run["waist_gmv_fen"] + run["tail_gmv_fen"], by_anchors),
        "tier12_gmv_share": ratio(run["tier12_gmv_fen"], gmv),
        "joined_suppliers_share": joined / world.scale.suppliers_count,
        "price_ratio_share": ratio(paid, run["elsewhere_fen"]),
        "private_share": ratio(run["private_gmv_fen"], gmv),
        "private_repeat_share": ratio(repeats[0], repeats.sum()),
        **concentration(anchor_gmv.sum(axis=0)[begun]),
        "new_heads_count": _new_heads(anchor_gmv),
        "dau_mean_count": float(dau.mean()),
        "dau_change_share": float(dau.mean()) / published - 1.0,
        "target_fen": float(target),
        "target_attained": bool(target > 0 and reached >= target),
        "attainment_share": ratio(reached, target),
        "budget_fen": budget,
        "budget_spent_share": ratio(run["subsidy_fen"], budget),
        "cap_binding_share": ratio(
            (daily["cap_binding_share"] * daily["orders_count"]).sum(), orders
        ),
        "coupon_short_days_count": int((daily["refused_coupons_count"] > 0).sum()),
        "push_mean_share": float(daily["push_share"].mean()),
    }


def _budget_fen(values: Columns, first: int) -> int:
    """The purses in force on the days from `first` on, each counted once, fen."""
    _, where = np.unique(values["purse_day"][first:], return_index=True)
    return sum(round(float(budget)) for budget in values["budget_fen"][first:][where])


def _goal(world: World, values: Columns, first: int) -> tuple[int, int]:
    """(the scenario's goal, what was paid by the end of its calendar year), fen.

    The goal is that of the calendar year of the scenario's first day; both are 0 where no
    reported day lies in it.
    """
    in_year = values["year"][first:] == world.scenario.calendar.origin.year
    if not in_year.any():
        return 0, 0
    target = round(world.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB)
    return target, int(values["gmv_paid_cumulative_fen"][first:][in_year][-1])


def ratio(part: float, whole: float) -> float:
    """Part / whole, 0 where the whole is 0."""
    return float(part / whole) if whole else 0.0


_HEADS = 20
"""The heads of the market, for counting new ones."""


def _new_heads(anchor_gmv: Floats) -> int:
    """Anchors among the top 20 of the last month that were not in the first."""
    first, last = (set(np.argsort(-month, kind="stable")[:_HEADS]) for month in anchor_gmv[[0, -1]])
    return len(last - first)


def _monthly(
    world: World, record: DailyRecord, reported: slice, anchor_gmv: Floats
) -> dict[str, NDArray[Any]]:
    """The columns of `metrics.MONTHLY`."""
    counts = np.zeros((len(anchor_gmv), len(Count)), np.int64)
    month = record.month[reported]
    np.add.at(counts, month - month[0], record.counts[reported] * world.weight)
    buyers = counts[:, Count.MONTH_BUYERS]
    twice, retained = counts[:, Count.MONTH_TWICE], counts[:, Count.MONTH_RETAINED]
    before = np.concatenate([[0], buyers[:-1]])
    columns = {
        "paying_buyers_count": buyers,
        "repeat_twice_share": twice / np.maximum(buyers, 1),
        "repeat_next_share": retained / np.maximum(before, 1),
    } | {
        f"top{count}_share": np.array([top_share(month, count) for month in anchor_gmv])
        for count in (1, 10, 25, 100)
    }
    return {name: columns[name] for name in MONTHLY}


def _anchor_table(
    world: World, state: State, start: ReportStart, anchor_gmv: Floats
) -> dict[str, NDArray[Any]]:
    """One value per anchor at the end."""
    anchors = world.anchors
    return {
        "anchor": np.arange(anchors.tier.size),
        "tier": anchors.tier.astype(np.int64),
        "category": anchors.category.astype(np.int64),
        "family": anchors.family.astype(np.int64),
        "fans_count": state.anchors.fans.copy(),
        "visits_count": state.record.anchor_visits - start.visits,
        "expected_gmv_fen": anchor_gmv.sum(axis=0),
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


def _flows(ledger: Ints, counts: Ints) -> Columns:
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
        "platform_brand_gmv_paid_fen": _paid_for(ledger, [Kind.PLATFORM_BRAND]),
        "elsewhere_fen": total[:, _A.ELSEWHERE],
        "brand_gmv_paid_fen": _paid_for(ledger, list(BRAND_KINDS)),
        "paying_buyers_count": counts[:, Count.PAYING_BUYERS],
        "new_buyers_count": counts[:, Count.NEW_BUYERS],
        "cap_binding_share": total[:, _A.CAPPED] / np.maximum(total[:, _A.ORDERS], 1),
    }


def _paid_for(ledger: Ints, kinds: list[Kind]) -> Ints:
    """What was paid for goods of some kinds, by day."""
    return np.asarray(ledger[:, kinds][..., _A.PAID].sum(axis=(1, 2, 3)))


def _compared(values: Columns) -> Columns:
    """The columns that compare days with the year's target, the purse and the forecast."""
    paid, target = (
        _cumulative(values["gmv_paid_fen"], values["year"]),
        values["target_cumulative_fen"],
    )
    spent = _cumulative(values["subsidy_fen"], values["purse_day"])
    sold, orders = values["expected_gmv_paid_fen"], values["orders_count"]
    forecast = values["forecast_gmv_fen"]
    return {
        "gmv_paid_cumulative_fen": paid,
        "attainment_share": _shares(paid, target),
        "budget_spent_share": _shares(spent, values["budget_fen"]),
        "aov_fen": _shares(values["gmv_fen"], orders),
        "forecast_error_share": np.where(sold > 0, _shares(forecast, sold) - 1.0, 0.0),
    }


def _cumulative(amounts: Ints, period: Ints) -> Ints:
    """Running sums that begin anew where `period` changes."""
    total = amounts.cumsum()
    begins = np.searchsorted(period, period)
    return np.asarray(total - (total - amounts)[begins])


def _shares(parts: NDArray[Any], wholes: NDArray[Any]) -> Floats:
    """Parts / wholes, 0 where the whole is 0."""
    return np.asarray(np.divide(parts, wholes, out=np.zeros(parts.shape), where=wholes != 0))


def _contribution(values: Columns) -> Ints:
    """Take and ads less own coupons and what supply costs, net of returned orders."""
    take = values["take_fen"] - values["refunded_take_fen"]
    coupons = values["subsidy_fen"] - values["refunded_subsidy_fen"]
    spent = values["recruiting_fen"] + values["incubation_fen"] + values["investment_fen"]
    return np.asarray(take + values["ads_fen"] - coupons - spent)
