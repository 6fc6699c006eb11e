"""Small results folders of each command, out of the fake market."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from engine.ablate import effects
from engine.case import RunResult
from engine.compare import paired
from engine.config import dump
from engine.report.read.results_model import SHOWN
from engine.results import Results
from engine.results.schemas import COLUMNS
from engine.stats.intervals import mean_interval
from tests.fakes import simulate_fake, small_case, small_policy, small_scenario
from tests.kinds import KINDS_IN_CONFIG

START, END = date(2020, 1, 1), date(2020, 12, 31)
CONFIG: dict[str, Any] = {
    "seed": 7,
    "world_seed": 1,
    "scenario": {
        "name": "fake_market",
        "kinds": KINDS_IN_CONFIG,
        "calendar": {"start": str(START), "end": str(END)},
        "platform": {"pool_count": 217_000_000},
    },
    "scale": {"name": "laptop", "buyers_count": 20_000},
    "search": {"trials_count": 60},
    "objective": {"constraints": {"target": {"measure": "target_attained", "at_least": 0.5}}},
}

BASELINES = {"laissez_faire": 0.0, "h1_2020": 0.03, "double_ten_billion": 0.1}
FOUND = {f"trial_{k:03}": rate for k, rate in ((12, 0.06), (31, 0.13), (44, 0.15), (58, 0.2))}


def simulate(
    rates: dict[str, float],
    replications: int = 5,
    end: date = END,
    goal_bn_rmb: float = 250.0,
    **changes: Any,
) -> list[RunResult]:
    """Simulate years of policies that differ in their coupon rate."""
    return [
        simulate_fake(
            small_case(
                small_policy(name, rate, **changes),
                small_scenario(START, end, goal_bn_rmb),
                replication=k,
            )
        )
        for name, rate in rates.items()
        for k in range(replications)
    ]


def frontier_rows(years: Sequence[RunResult], **more: Any) -> list[dict[str, Any]]:
    """Build rows of `frontier`: fresh means and limits, and a lucky search's estimate."""
    rows = []
    for policy in dict.fromkeys(year.labels["policy"] for year in years):
        runs = [year.run for year in years if year.labels["policy"] == policy]
        row: dict[str, Any] = {"policy": policy, "trial": len(rows), **more}
        for name in (*SHOWN, "attainment_share"):
            found = mean_interval(np.array([run[name] for run in runs], float))
            row |= {name: found.value, f"{name}_ci_low": found.low, f"{name}_ci_high": found.high}
        row["is_baseline"] = policy in BASELINES
        if not row["is_baseline"]:
            row["gmv_paid_fen_search"] = row["gmv_paid_fen"] * (1 + 0.004 * len(rows))
            row["lever.subsidy.rate.source"] = FOUND.get(policy, 0.1)
            row["lever.price.cap"] = 0.9 + 0.01 * len(rows)
        row["binding"] = "budget" if row["budget_spent_share"] > 1 else ""
        rows.append(row)
    return rows


def optimize_folder(
    folder: Path,
    rates: dict[str, float] | None = None,
    **changes: Any,
) -> Path:
    """Leave what `optimize` leaves."""
    years = simulate(rates or BASELINES | FOUND, **changes)
    results = Results(folder, CONFIG, 7)
    results.write_runs(years)
    results.write_rows("frontier", frontier_rows(years))
    results.finish()
    return folder


def ablation_rows() -> list[dict[str, Any]]:
    """Build rows of `ablation`: one mechanism that matters, one that does nothing."""
    rates = {"all_on": 0.1, "without_m07_exits": 0.03, "without_m14_target": 0.1}
    return effects(simulate(rates))


def ablate_folder(folder: Path, **more: Any) -> Path:
    """Leave what `ablate` leaves."""
    results = Results(folder, CONFIG | {"search": None}, 7)
    results.write_runs(simulate({"all_on": 0.1, "without_m07_exits": 0.03}), daily=False)
    results.write_rows("ablation", [row | more for row in ablation_rows()])
    results.finish()
    return folder


def simulate_folder(
    folder: Path, policy: str = "h1_2020", rate: float = 0.03, **changes: Any
) -> Path:
    """Leave what `simulate` leaves."""
    results = Results(folder, CONFIG | {"objective": None, "search": None}, 7)
    results.write_runs(simulate({policy: rate}, **changes), segments=True, anchors=True)
    results.finish()
    return folder


def compare_folder(folder: Path) -> Path:
    """Leave what `compare` leaves."""
    years = simulate(BASELINES)
    results = Results(folder, CONFIG, 7)
    results.write_runs(years, daily=False)
    measures = ["gmv_paid_fen", "orders_count", "subsidy_fen", "target_attained", "top10_share"]
    measures += ["aov_fen", "gini", "platform_contribution_fen"]
    results.write_rows("comparison", paired(years, "laissez_faire", measures))
    results.finish()
    return folder


PRICED = {"h1_2020": 250.0, "trial_012": 270.0, "trial_031": 280.0, "trial_058": 300.0}
"""Policies of the priced folder by the target that each holds; 310 is held by none."""


TODAY = "double_ten_billion"


def priced_folder(folder: Path, decided: date = date(2020, 6, 1)) -> Path:
    """Leave what `optimize` leaves where targets have a price."""
    years = simulate(BASELINES | FOUND)
    config = CONFIG | {"today": TODAY, "decision_date": str(decided)}
    config |= {"report": {"language": "en"}}
    results = Results(folder, config, 7)
    results.write_runs(years)
    results.write_details(year for year in years if year.labels["policy"] in (*PRICED, TODAY))
    results.write_rows("frontier", frontier_rows(years))
    results.write_rows("advice", _advice())
    results.write_rows(
        "price_of_target", [_price(k, target) for k, target in enumerate([*PRICED, ""])]
    )
    results.write_rows("attribution", list(_effects()))
    results.write_rows("learnt", list(_learnt()))
    results.write_rows("plan", [_month(month, decided) for month in range(1, 13)])
    told = {date(2020, month, 1): month * 2.1e12 for month in (3, 6, 9)}
    results.write_rows(
        "published",
        [{"month": day, "so_far_fen": sold} for day, sold in told.items() if day < decided],
    )
    results.write_rows("weights", [_world(k) for k in range(2)])
    results.finish()
    group = folder / "policy"
    group.mkdir()
    for name, rate in (BASELINES | FOUND).items():
        (group / f"{name}.yaml").write_text(dump(small_policy(name, rate)), encoding="utf-8")
    return folder


def replan_folder(folder: Path) -> Path:
    """Leave what `replan` leaves: less of the year is to come, and more is known of it."""
    return priced_folder(folder, date(2020, 10, 1))


def _advice() -> list[dict[str, Any]]:
    said = {
        "answer": (
            "Doing nothing more reaches 250 bn RMB with probability 0.50 only.",
            "Cheapest is off: it costs 1.2 bn RMB less, sells 9 bn RMB less and reaches it with 1.",
            "With the asked 0.80 it holds 255 bn RMB.",
            "No policy here reaches the next target with the asked 0.80.",
        ),
        "luck": (
            "With 2 runs a world, the probability of 0.85 may be anything from 0.24 to 0.99.",
        ),
        "certainty": (
            "The known figures by themselves would let 1.5 of 2 worlds decide, too few to trust.",
        ),
    }
    return [{"about": about, "sentence": one} for about, every in said.items() for one in every]


def _price(place: int, policy: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS["price_of_target"])
    row |= {"policy": policy, "says": "", "worst_world": "", "binding": "", "p_reach_without": 0.5}
    row |= {"target_fen": PRICED.get(policy, 310.0) * 1e11, "is_recommended": place == 0}
    if not policy:
        return row
    cost = (-1.2, 0.3, 0.5, 4.0)[place] * 1e11
    low, high = cost - 0.1e11, cost + 0.2e11
    row |= {"net_cost_fen": cost, "net_cost_fen_ci_low": low, "net_cost_fen_ci_high": high}
    row |= {"net_cost_fen_q10": low, "net_cost_fen_q25": low, "net_cost_fen_q50": cost}
    row |= {"net_cost_fen_q75": high, "net_cost_fen_q90": high}
    row |= dict.fromkeys(("marginal_cost_share", "marginal_cost_share_q10"), 0.1 if place else None)
    row |= {"marginal_cost_share_q90": 0.2 if place else None}
    row |= {"says": f"{place + 3} % on everything", "p_reach": 0.85, "p_reach_se": 0.05}
    row |= {"p_reach_ci_low": 0.24, "p_reach_ci_high": 0.99}
    row |= {"worst_world": "as_is", "p_reach_worst": 0.6, "gmv_paid_fen": 2.6e13}
    row |= {"subsidy_fen": 5e11, "binding": "price.cap at its least", "top10_share": 0.3}
    return row | {"brand_share": 0.3, "dau_change_share": 0.01}


def _learnt() -> Iterator[dict[str, Any]]:
    """A purse that moves sales and cost, and a cap that may move nothing."""
    for lever, slope in (("subsidy.budget_bn_rmb", 1.0), ("price.cap", 0.0)):
        for measure, share in (("gmv_paid_fen", 0.5), ("cost_fen", 1.0)):
            for value in (0.0, 10.0, 20.0):
                change = slope * share * (value - 10.0) * 1e11
                yield {
                    "policy": TODAY, "lever": lever, "value": value, "base_value": 10.0,
                    "measure": measure, "difference": change, "ci_low": change - 1e11,
                    "ci_high": change + 1e11,
                }  # fmt: skip


def _effects() -> Iterator[dict[str, Any]]:
    for lever, says, effect in (("price.cap", "cap 0.9", 2e11), ("price.cps_floor", "no floor", 0)):
        for measure in ("gmv_paid_fen", "platform_contribution_fen"):
            yield {
                "policy": "h1_2020", "lever": lever, "says": says, "view": "leave_one_out",
                "measure": measure, "effect": float(effect), "standard_error": 1e10,
                "ci_low": effect - 1e11, "ci_high": effect + 1e11, "pairs_count": 4,
            }  # fmt: skip


def _month(month: int, decided: date) -> dict[str, Any]:
    so_far = 2e12 * month
    return {
        "month": date(2020, month, 1), "is_past": month < decided.month, "changes": "",
        "gmv_fen": 2e12,
        "low_fen": 0.9 * so_far, "middle_fen": so_far, "high_fen": 1.1 * so_far,
        "target_fen": so_far, "subsidy_fen": 1e10,
    }  # fmt: skip


def _world(place: int) -> dict[str, Any]:
    return {
        "world": ("as_is", "other")[place], "weight": (0.75, 0.25)[place], "without_policy": "",
        "without_is_same": True, "without_reach": 0.8, "without_cost_fen": 1e11, "note": "",
        "miss.gmv, Q1 2020": 2.4 * place - 0.4,
        "miss.stream_sales(guests), 10 May 2020 Kuaishou": 0.3,
    }  # fmt: skip
