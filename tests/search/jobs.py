"""Small searches of the fake market, shared by the tests of the search."""

from pathlib import Path
from typing import Any

from engine.compute.pool import ProcessPool, Simulate
from engine.search import Progress, SearchResult, optimize
from engine.spec.optimize import OptimizeJob
from tests.fakes import SMALL_SCALE, simulate_fake, small_policy, small_scenario

SEARCH: dict[str, Any] = {
    "name": "tiny",
    "sampler": "tpe",
    "trials_count": 14,
    "batch_count": 3,
    "window_count": 6,
    "startup_count": 4,
    "rungs": [{"population_share": 0.5, "replications": 2}],
    "reduction": 2,
    "trusted_correlation": 0.8,
    "finalists_count": 3,
    "first_replications": 3,
    "final_replications": 3,
}
LEVERS: dict[str, Any] = {
    "subsidy.rate.source": {"low": 0.0, "high": 0.4},
    "subsidy.cap_rmb": {"low": 5, "high": 100, "log": True},
    "price.plan_festivals_count": {"low": 0, "high": 6},
}
GOALS: list[dict[str, Any]] = [
    {"measure": "gmv_paid_fen", "direction": "maximize"},
    {"measure": "cost_fen", "direction": "minimize"},
]
CONSTRAINTS: dict[str, Any] = {"heads": {"measure": "top10_share", "at_most": 0.31}}


def small_job(**changes: Any) -> OptimizeJob:
    """A search of a few trials; `changes` replace whole keys, those of `search` one by one."""
    tree: dict[str, Any] = {
        "seed": 5,
        "world_seed": 1,
        "replications": 2,
        "threads": 1,
        "scenario": small_scenario(),
        "scale": SMALL_SCALE,
        "ensemble": {"name": "single", "worlds": {"as_is": {}}},
        "ray": {"backend": "process", "address": None, "workers_count": None, "retries_count": 0},
        "policy": small_policy("base", 0.1),
        "baselines": {
            "held": small_policy("anything", 0.1),
            "not_held": small_policy("anything", 0.05, traffic={"exponent": 2.0}),
        },
        "space": {
            "name": "few",
            "levers": LEVERS,
            "trajectory": True,
            "trajectory_knots_count": 3,
        },
        "objective": {
            "name": "two",
            "goals": GOALS,
            "constraints": CONSTRAINTS,
        },
        "search": SEARCH | changes.pop("search", {}),
    }
    return OptimizeJob.model_validate(tree | changes)


def run(
    job: OptimizeJob,
    folder: Path,
    year_of: Simulate = simulate_fake,
    heard: list[Progress] | None = None,
) -> SearchResult:
    """Optimise in this process."""
    progress = [] if heard is None else heard
    return optimize(job, folder, ProcessPool(year_of), progress.append)


def results(outcome: SearchResult) -> list[Any]:
    """All that must not depend on where, how and in how many goes a search ran."""
    clocks = {"wall_s", "sampler_s"}
    trials = [{k: v for k, v in row.items() if k not in clocks} for row in outcome.trials]
    runs = [year.labels | year.run for year in outcome.results]
    return [trials, outcome.frontier, outcome.rungs, runs, outcome.policies, outcome.notes]
