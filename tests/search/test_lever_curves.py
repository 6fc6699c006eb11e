"""What trials say together of each lever: known slopes are found, and what is not known is told."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from engine.search.lever_curves import lever_curves

SPACE = {
    "strong": FloatDistribution(0, 10),
    "idle": FloatDistribution(0, 1),
    "whole": IntDistribution(0, 2),
    "word": CategoricalDistribution(["a", "b"]),
    "trajectory.weight_1": FloatDistribution(0, 1),
}


def study(count: int, noise: float = 0.01) -> Any:
    """Trials whose sales are 2 strong + whole, and whose cost is strong."""
    rng = np.random.default_rng(3)
    points = [
        {
            "strong": rng.uniform(0, 10), "idle": rng.uniform(), "whole": int(rng.integers(3)),
            "word": "ab"[int(rng.integers(2))], "trajectory.weight_1": rng.uniform(),
        }
        for _ in range(count)
    ]  # fmt: skip
    costs = np.array([[-2 * p["strong"] - p["whole"], p["strong"]] for p in points])
    costs += noise * rng.normal(size=costs.shape)
    trials = [
        SimpleNamespace(reason=None, candidate=SimpleNamespace(name=f"trial-{k}", point=point))
        for k, point in enumerate(points)
    ]
    goals = [
        SimpleNamespace(measure="gmv_paid_fen", direction="maximize"),
        SimpleNamespace(measure="cost_fen", direction="minimize"),
    ]
    return SimpleNamespace(
        trials=trials,
        found=SimpleNamespace(costs=costs, cost_errors=np.full(costs.shape, noise)),
        distributions=SPACE,
        evaluator=SimpleNamespace(goals=goals),
    )


def test_a_known_slope_is_found_around_the_first_policy_in_the_space() -> None:
    found = lever_curves(study(60), ["elsewhere", "trial-4"])
    assert {row["policy"] for row in found} == {"trial-4"}
    assert {row["lever"] for row in found} == {"strong", "idle", "whole"}
    for row in found:
        if row["lever"] == "strong":
            slope = 2.0 if row["measure"] == "gmv_paid_fen" else 1.0
            known = slope * (row["value"] - row["base_value"])
            assert row["difference"] == pytest.approx(known, abs=0.2)
            assert row["ci_low"] - 0.2 <= known <= row["ci_high"] + 0.2
        if row["lever"] == "idle":
            assert row["ci_low"] <= 0.02
            assert row["ci_high"] >= -0.02
    assert [row["value"] for row in found if row["lever"] == "whole"] == [0, 1, 2] * 2


def test_more_noise_widens_the_band() -> None:
    def width(noise: float) -> float:
        found = lever_curves(study(60, noise), ["trial-4"])
        return max(row["ci_high"] - row["ci_low"] for row in found)

    assert width(2.0) > 3 * width(0.05)


def test_of_few_trials_or_a_policy_elsewhere_nothing_is_told() -> None:
    assert lever_curves(study(8), ["trial-4"]) == []
    assert lever_curves(study(60), ["elsewhere"]) == []
