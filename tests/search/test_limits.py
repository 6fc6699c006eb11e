"""Limits with units: what they are in the measure's own unit, and what is refused."""

from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from pydantic import ValidationError

from engine.config import load
from engine.spec.explain import explain
from engine.spec.optimize import OptimizeJob
from engine.spec.search import Constraint, Objective, _limit_of
from tests.search.jobs import GOALS
from tests.worlds import CONF


def constraint(**given: Any) -> Constraint:
    return Constraint.model_validate(given)


@pytest.mark.parametrize(
    ("written", "measure", "value"),
    [
        ("5 bn RMB", "cost_fen", 5e11),
        ("-0.5 bn RMB", "cost_fen", -5e10),
        ("300 million RMB", "subsidy_fen@2020-H2", 3e10),
        ("60 RMB", "aov_fen", 6000),
        ("0.3 %", "dau_change_share", 0.003),
        ("-5%", "dau_change_share", -0.05),
        ("57 %", "top10_share", 0.57),
        ("80 %", "target_attained", 0.8),
        ("2.5 million", "orders_count", 2.5e6),
        ("1e3  bn  RMB", "gmv_fen", 1e14),
        ("42", "gini", 42),
        ("7", "cost_fen", 7),
    ],
)
def test_limits_have_the_unit_of_the_tables(written: str, measure: str, value: float) -> None:
    assert _limit_of(written, measure) == value
    assert constraint(measure=measure, at_most=written).at_most == value
    assert constraint(measure=measure, at_least=value).at_least == value


@pytest.mark.parametrize(
    ("written", "measure", "what"),
    [
        ("5 bm RMB", "cost_fen", "'bm RMB' is no unit of cost_fen; write RMB, million RMB or bn"),
        ("5 %", "cost_fen", "'%' is no unit of cost_fen"),
        ("5 bn RMB", "top10_share", "'bn RMB' is no unit of top10_share; write %"),
        ("0.5 %", "gini", "'%' is no unit of gini; it has none"),
        ("much", "cost_fen", "no number with a unit: RMB"),
        ("", "gini", "no number"),
    ],
)
def test_other_units_are_refused_with_those_there_are(written, measure, what) -> None:
    with pytest.raises(ValueError, match=what):
        constraint(measure=measure, at_least=written)


def test_the_mistake_names_its_place() -> None:
    tree = {
        "name": "o",
        "goals": GOALS,
        "constraints": {"cost": {"measure": "cost_fen", "at_most": "5 bm RMB"}},
    }
    with pytest.raises(ValidationError) as error:
        Objective.model_validate(tree)
    said = str(explain(error.value, Objective, "objective"))
    assert said.startswith("objective.constraints.cost.at_most: got '5 bm RMB'")
    assert "'bm RMB' is no unit of cost_fen; write RMB, million RMB or bn RMB" in said


def test_small_limits_on_money_are_told_and_others_are_not() -> None:
    limits = {
        "cost": {"measure": "cost_fen", "at_most": 5},
        "half": {"measure": "subsidy_fen@2020-H2", "at_least": 0, "at_most": 99.5},
        "nothing": {"measure": "cost_fen", "at_most": 0},
        "plain": {"measure": "cost_fen", "at_most": "5 bn RMB"},
        "share": {"measure": "top10_share", "at_most": 0.3},
    }
    objective = Objective.model_validate({"name": "o", "goals": GOALS, "constraints": limits})
    assert list(objective.limit_notes()) == [
        "objective.constraints.cost.at_most is 5 fen; for 5 bn RMB write '5 bn RMB'",
        "objective.constraints.half.at_most is 99.5 fen; for 99.5 bn RMB write '99.5 bn RMB'",
    ]


@pytest.mark.parametrize(("targets", "said"), [
    (None, []),
    ([240, 750], []),
    ([280, 751, 2000], ["targets_bn_rmb asks for 751, 2000 bn RMB, more than 3 times the goal"]),
])  # fmt: skip
def test_targets_of_another_size_than_the_goal_are_told(targets, said: list[str]) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        job = load(compose("optimize", [f"targets_bn_rmb={targets or 'null'}"]), OptimizeJob)
    assert [note.partition(" of the year")[0] for note in job.target_notes()] == said
