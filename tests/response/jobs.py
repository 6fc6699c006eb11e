"""Jobs of `experiments.response` on the fake market."""

from typing import Any

from engine.spec.response import ResponseJob
from tests.fakes import SMALL_SCALE, small_policy, small_scenario
from tests.search.jobs import small_job


def job_of(**changes: Any) -> ResponseJob:
    base = small_job().model_dump(include={"seed", "world_seed", "threads", "ensemble", "ray"})
    tree = base | {
        "replications": 3,
        "scenario": small_scenario(),
        "scale": SMALL_SCALE,
        "policy": small_policy("mine", 0.1),
        "levers": None,
        "range": "search",
        "points_count": 3,
        "run_off_days": 30,
        "measures": ("gmv_paid_fen", "top10_share"),
    }
    return ResponseJob.model_validate(tree | changes)
