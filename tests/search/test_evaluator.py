"""Goals and constraints: feasibility, scaling, and wishes that nothing can satisfy."""

import math
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.measures import catalogue
from engine.measures.catalogue import KEY_MEASURES, OUTCOMES, possible_range
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.rows import _measure_interval
from engine.spec.search import Objective
from engine.stats.intervals import Interval
from engine.units import FEN_PER_BN_RMB

GOALS = [
    {"measure": "gmv_paid_fen", "direction": "maximize"},
    {"measure": "top10_share", "direction": "minimize"},
]


def evaluator(
    goals: list[dict[str, str]] | None = None, **constraints: dict[str, Any]
) -> ObjectiveEvaluator:
    tree = {"name": "test", "goals": goals or GOALS, "constraints": constraints}
    return ObjectiveEvaluator(Objective.model_validate(tree))


def test_less_is_better_in_costs() -> None:
    means = {"gmv_paid_fen": 5.0, "top10_share": 0.3}
    assert evaluator().costs(means) == [-5.0, 0.3]
    assert evaluator().values(np.array([-5.0, 0.3])).tolist() == [5.0, 0.3]
    sample = evaluator().cost_sample({name: np.full((2, 3), mean) for name, mean in means.items()})
    assert sample.shape == (2, 2, 3)
    assert sample.mean(axis=(1, 2)) == pytest.approx([-5.0, 0.3])


def test_violations_are_in_units_of_the_limit_and_add_up() -> None:
    found = evaluator(
        dau={"measure": "dau_change_share", "at_least": -0.05},
        profit={"measure": "platform_contribution_fen", "at_least": 0},
        heads={"measure": "top10_share", "at_least": 0.1, "at_most": 0.4},
    )
    means = {
        "dau_change_share": -0.1,
        "platform_contribution_fen": -2 * FEN_PER_BN_RMB,
        "top10_share": 0.3,
    }
    assert found.violations(means) == pytest.approx({"dau": 1.0, "profit": 2.0, "heads": -0.25})
    assert found.total_violation(means) == pytest.approx(3.0)


def test_a_limit_that_is_met_exactly_is_feasible() -> None:
    found = evaluator(budget={"measure": "budget_spent_share", "at_most": 1})
    assert found.total_violation({"budget_spent_share": 1.0}) == 0


@pytest.mark.parametrize(
    ("mean", "error", "names"),
    [
        (0.5, 0.001, []),
        (0.79, 0.001, ["target violated"]),
        (0.81, 0.001, ["target"]),
        (0.85, 0.06, ["target"]),
        (0.85, None, []),
    ],
)
def test_constraints_bind_near_their_limit(
    mean: float, error: float | None, names: list[str]
) -> None:
    limit = {"measure": "target_attained", "at_least": 0.8 if mean > 0.6 else 0.2}
    found = evaluator(target=limit)
    excess = found.violations({"target_attained": mean})["target"]
    in_units = error / limit["at_least"] if error else math.nan
    assert found.binding(np.array([excess]), np.array([in_units])) == names


@pytest.mark.parametrize(
    ("constraint", "what"),
    [
        ({"measure": "top10_share", "at_least": 1.2}, "beyond what top10_share can be"),
        ({"measure": "target_attained", "at_least": 1.01}, "beyond"),
        ({"measure": "subsidy_fen", "at_most": -1}, "beyond"),
        ({"measure": "gini", "at_most": -0.1}, "beyond"),
        ({"measure": "top11_share", "at_most": 0.1}, "not measured"),
        ({"measure": "wall_s", "at_most": 1}, "not measured"),
    ],
)
def test_what_no_policy_can_satisfy_is_refused(constraint: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what) as error:
        evaluator(mine=constraint)
    assert error.value.where.startswith("objective.constraints.mine")


def test_constraints_that_contradict_one_another_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"constraints\.high: contradicts .*constraints\.low"):
        evaluator(
            low={"measure": "top10_share", "at_most": 0.2},
            other={"measure": "gini", "at_least": 0.5},
            high={"measure": "top10_share", "at_least": 0.3},
        )


def test_what_is_only_hard_is_not_refused() -> None:
    evaluator(
        a={"measure": "attainment_share", "at_least": 1.3},
        b={"measure": "dau_change_share", "at_least": 0.2},
        c={"measure": "cost_fen", "at_most": -1},
        d={"measure": "top10_share", "at_least": 0.2, "at_most": 0.2},
        e={"measure": "top10_share", "at_most": 0.2},
    )


def test_goals_are_checked() -> None:
    with pytest.raises(InputError, match="did you mean gmv_paid_fen"):
        evaluator([{"measure": "gmv_payed_fen", "direction": "maximize"}])
    with pytest.raises(InputError, match="twice"):
        evaluator([GOALS[0], {"measure": "gmv_paid_fen", "direction": "minimize"}])


def test_measures_are_those_of_a_run() -> None:
    assert set(KEY_MEASURES) <= set(OUTCOMES) == set(catalogue.RUN) - {"wall_s"}
    assert possible_range("gmv_fen")[0] == 0
    assert possible_range("top1_share") == (0.0, 1.0)


def test_worlds_weigh_alike_and_share_their_random_numbers() -> None:
    # World 1 is always 10 above world 0: that is no noise, as both meet the same draws.
    found = _measure_interval(np.array([[1.0, 2.0, 3.0], [11.0, 12.0, 13.0]]), "gini")
    assert found.value == pytest.approx(7.0)
    assert found.standard_error == pytest.approx(1 / 3**0.5)


def test_limits_of_an_interval_stay_within_the_possible() -> None:
    runs = np.array([[True, True, False, True]])
    found = _measure_interval(runs, "target_attained")
    assert found.value == 0.75
    assert found.high == 1.0
    assert _measure_interval(runs[:, :1], "target_attained") == Interval(1.0, None, None, None)
