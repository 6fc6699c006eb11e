"""Small results folders of each command, out of the fake market."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from engine.ablate import effects
from engine.case import RunResult
from engine.compare import paired
from engine.report.read.results_model import SHOWN
from engine.results import Results
from engine.stats.intervals import mean_interval
from tests.fakes import simulate_fake, small_case, small_policy, small_scenario

START, END = date(2020, 1, 1), date(2020, 12, 31)
CONFIG: dict[str, Any] = {
    "seed": 7,
    "world_seed": 1,
    "scenario": {
        "name": "fake_market",
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


def simulate_folder(folder: Path, policy: str = "h1_2020", **changes: Any) -> Path:
    """Leave what `simulate` leaves."""
    results = Results(folder, CONFIG | {"objective": None, "search": None}, 7)
    results.write_runs(simulate({policy: 0.03}, **changes), segments=True, anchors=True)
    results.finish()
    return folder


def compare_folder(folder: Path) -> Path:
    """Leave what `compare` leaves."""
    years = simulate(BASELINES)
    results = Results(folder, CONFIG, 7)
    results.write_runs(years, daily=False)
    measures = ["gmv_paid_fen", "orders_count", "subsidy_fen", "target_attained", "top10_share"]
    measures += ["aov_fen", "gini"]
    results.write_rows("comparison", paired(years, "laissez_faire", measures))
    results.finish()
    return folder
