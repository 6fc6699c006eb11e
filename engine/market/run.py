"""One simulated year: from a case to what was measured."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.day import run_day
from engine.market.ledger.concentration import concentration, top_share
from engine.market.ledger.recorder import Columns, Diary
from engine.market.market import Market, open_market
from engine.market.pacing.controls import coupon_weights
from engine.market.tables import Account, Count
from engine.market.target import target_path
from engine.metrics import FLOWS, MONTHLY
from engine.population.draws import Floats
from engine.spec.mechanisms import switched
from engine.units import FEN_PER_BN_RMB, KINDS
from engine.year import Case, Year


def simulate_year(case: Case) -> Year:
    """Simulate the case's calendar from its first to its last day."""
    started = time.perf_counter()
    scenario, policy = switched(case.scenario, case.policy)
    case = replace(case, scenario=scenario, policy=policy)
    target = target_path(case.policy, case.scenario.calendar)
    market = open_market(case)
    try:
        diary = Diary(market, target)
        weights = coupon_weights(market.days)
        for day in range(case.scenario.calendar.n_days):
            run_day(market, diary, day, target[day - 1] if day > 0 else 0.0, weights)
    finally:
        market.threads.close()
    daily = diary.daily
    run = summary(case, diary, daily)
    run["wall_s"] = time.perf_counter() - started
    return Year(
        labels=case.labels(),
        run=run,
        daily=daily,
        monthly=monthly(diary),
        segments=diary.segments,
        anchors=anchor_table(market, diary),
    )


def summary(case: Case, diary: Diary, daily: Columns) -> dict[str, Any]:
    """The values of `metrics.RUN` but the wall time."""
    run: dict[str, Any] = {name: kind(daily[name].sum()) for name, kind in FLOWS.items()}
    gmv, paid, orders = run["gmv_fen"], run["gmv_paid_fen"], run["orders_count"]
    budget = round(case.policy.subsidy.budget_bn_rmb * FEN_PER_BN_RMB)
    target = round(case.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB)
    dau = daily["dau_count"]
    published = float((dau / np.maximum(daily["activity_share"], 1e-12)).mean())
    repeats = diary.ledgers[..., Account.REPEATS].sum(axis=(0, 1, 2))
    by_anchors = run["head_gmv_fen"] + run["waist_gmv_fen"] + run["tail_gmv_fen"]
    joined = sum(int(daily[f"joined_{kind}_count"][-1]) for kind in KINDS)
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
        "joined_suppliers_share": joined / case.scale.suppliers_count,
        "price_ratio_share": ratio(paid, run["elsewhere_fen"]),
        "private_share": ratio(run["private_gmv_fen"], gmv),
        "private_repeat_share": ratio(repeats[0], repeats.sum()),
        **concentration(diary.anchor_gmv.sum(axis=0)[diary.begun]),
        "new_heads_count": new_heads(diary.anchor_gmv),
        "dau_mean_count": float(dau.mean()),
        "dau_change_share": float(dau.mean()) / published - 1.0,
        "target_fen": float(target),
        "target_attained": bool(target > 0 and paid >= target),
        "attainment_share": ratio(paid, target),
        "budget_fen": budget,
        "budget_spent_share": ratio(run["subsidy_fen"], budget),
        "cap_binding_share": ratio(
            (daily["cap_binding_share"] * daily["orders_count"]).sum(), orders
        ),
        "coupon_short_days_count": int((daily["refused_coupons_count"] > 0).sum()),
        "push_mean_share": float(daily["push_share"].mean()),
    }


def ratio(part: float, whole: float) -> float:
    """Part / whole, 0 where the whole is 0."""
    return float(part / whole) if whole else 0.0


HEADS = 20
"""The heads of the market, for counting new ones."""


def new_heads(anchor_gmv: Floats) -> int:
    """Anchors among the top `HEADS` of the last month that were not in the first."""
    first, last = (set(np.argsort(-month, kind="stable")[:HEADS]) for month in anchor_gmv[[0, -1]])
    return len(last - first)


def monthly(diary: Diary) -> dict[str, NDArray[Any]]:
    """The columns of `metrics.MONTHLY`."""
    counts = np.zeros((len(diary.anchor_gmv), len(Count)), np.int64)
    np.add.at(counts, diary.month, diary.counts * diary.weight)
    buyers = counts[:, Count.MONTH_BUYERS]
    twice, retained = counts[:, Count.MONTH_TWICE], counts[:, Count.MONTH_RETAINED]
    before = np.concatenate([[0], buyers[:-1]])
    columns = {
        "paying_buyers_count": buyers,
        "repeat_twice_share": twice / np.maximum(buyers, 1),
        "repeat_next_share": retained / np.maximum(before, 1),
    } | {
        f"top{count}_share": np.array([top_share(month, count) for month in diary.anchor_gmv])
        for count in (1, 10, 25, 100)
    }
    return {name: columns[name] for name in MONTHLY}


def anchor_table(market: Market, diary: Diary) -> dict[str, NDArray[Any]]:
    """One value per anchor at the year's end."""
    return {
        "anchor": np.arange(market.anchors.fans.size),
        "tier": market.anchors.tier.astype(np.int64),
        "category": market.anchors.category.astype(np.int64),
        "family": market.anchors.family.astype(np.int64),
        "fans_count": market.anchors.fans,
        "visits_count": diary.anchor_visits,
        "expected_gmv_fen": diary.anchor_gmv.sum(axis=0),
    }
