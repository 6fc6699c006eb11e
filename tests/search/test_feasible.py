"""A trial is infeasible only if it is, short falls tell trials apart, and finite spaces end."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Ladder, Trial
from engine.search.finalists.choice import choose_finalists
from engine.search.paired_scores import PairedScores
from engine.search.problem import Candidate, Point, Sample
from engine.search.samplers.finite import TriedPoints
from engine.spec.search import Rung
from tests.search.jobs import run, small_job
from tests.search.problems import objective_of

GOAL = ("gmv_paid_fen", "maximize")
PURSE = {"purse": {"measure": "budget_spent_share", "at_most": 1}}
RUNGS = [Rung(population_share=share, replications=2) for share in (0.5, 1.0)]


def trial(number: int, spent: Mapping[int, float]) -> Trial:
    """A trial that has spent a share of its purse, by rung."""
    samples = {
        rung: Sample({"gmv_paid_fen": np.array([[1.0, 2.0]]) + number,
                      "budget_spent_share": np.full((1, 2), share)})
        for rung, share in spent.items()
    }  # fmt: skip
    return Trial(Candidate(number, f"trial-{number}", {"x": number}), samples)


def test_no_shift_makes_a_purse_be_spent_more_than_once() -> None:
    evaluator = ObjectiveEvaluator(objective_of(GOAL, constraints=PURSE))
    pilot = [trial(k, {0: 0.5 + 0.1 * k, 1: 0.6 + 0.1 * k}) for k in range(3)]
    late = trial(3, {0: 0.95})  # by the shift of 0.1 it would spend 1.05
    ladder = Ladder(RUNGS, evaluator, 0.8, pilot)
    found = Estimates.of([*pilot, late], ladder, evaluator)
    assert found.is_feasible.all()
    assert ladder.means(late)["budget_spent_share"][0] == 1.0


def attaining(share: float) -> dict[str, np.ndarray]:
    values = np.full((1, 2), share)
    return {
        "gmv_paid_fen": 250 * values,
        "attainment_share": values,
        "target_attained": values >= 1,
    }


def test_where_nobody_attains_the_goal_the_nearest_comes_first() -> None:
    goal = {"goal": {"measure": "target_attained", "at_least": 0.8}}
    evaluator = ObjectiveEvaluator(objective_of(GOAL, constraints=goal))
    assert "attainment_share" in evaluator.measures
    scores = PairedScores.of(evaluator, [attaining(share) for share in (0.7, 0.9, 1.1)])
    assert scores.violation == pytest.approx([1.3, 1.1, 0.0])
    trials = [
        Trial(Candidate(k, f"trial-{k}", {"x": k}), {0: Sample(attaining(share))})
        for k, share in enumerate((0.7, 0.9, 0.8))
    ]
    found = Estimates.of(trials, Ladder(RUNGS[1:], evaluator, 0.8), evaluator)
    assert [one.candidate.number for one in choose_finalists(trials, found, 1)] == [1]


def test_what_was_tried_is_passed_over_until_nothing_is_left() -> None:
    space = {"a": IntDistribution(1, 2), "b": CategoricalDistribution(("x", "y", "z"))}
    tried = TriedPoints(space)
    assert tried.size == 6
    assert TriedPoints(space | {"c": FloatDistribution(0, 1)}).size is None
    point: Point = {"a": 2, "b": "z"}
    found: list[Point] = [point]
    tried.add(point)
    for _ in range(5):
        found.append(tried.untried(point))
        assert found[-1] not in found[:-1]
        tried.add(found[-1])
    assert tried.distinct_count([*found, point]) == 6


def test_a_finite_space_that_is_exhausted_ends_the_search(tmp_path: Path) -> None:
    levers = {"subsidy.rate.source": {"choices": [0.1, 0.2, 0.3]},
              "price.plan_festivals_count": {"low": 0, "high": 1}}  # fmt: skip
    space = {"name": "six", "levers": levers, "trajectory": False, "trajectory_knots_count": 3}
    found = run(small_job(space=space), tmp_path)
    keys = [(row["lever.subsidy.rate.source"], row["lever.price.plan_festivals_count"])
            for row in found.trials if row["in_space"]]  # fmt: skip
    assert len(keys) == len(set(keys)) == 6
    assert "the space holds 6 policies and all were tried" in found.notes[0]
    assert "after 7 of 14 trials" in found.notes[0]  # one baseline is outside
