"""What of the runs a goal counts, against figures worked out by hand."""

import numpy as np
import pytest

from engine.search.evaluator import ObjectiveEvaluator
from engine.search.paired_scores import PairedScores
from engine.stats.risk import pseudo_values, risk_figures
from tests.search.problems import objective_of

COSTS = np.array(
    [
        [[[1.0, 3.0], [4.0, 8.0]]],  # policy 0: world means 2 and 6
        [[[5.0, 5.0], [3.0, 5.0]]],  # policy 1: world means 5 and 4
        [[[0.0, 2.0], [0.0, 2.0]]],  # policy 2: world means 1 and 1
    ]
)
ALL = np.ones(3, bool)


@pytest.mark.parametrize(
    ("kind", "share", "expected"),
    [
        ("mean", 0.5, [4.0, 4.5, 1.0]),
        ("cvar", 0.5, [6.0, 5.0, 2.0]),  # (8 + 4) / 2, (5 + 5) / 2, (2 + 2) / 2
        ("cvar", 0.375, [(8 + 0.5 * 4) / 1.5, 5.0, 2.0]),  # a year and a half
        ("cvar", 0.1, [8.0, 5.0, 2.0]),  # less than a year: the worst one
        ("cvar", 1.0, [4.0, 4.5, 1.0]),
        ("worst_world", 0.5, [6.0, 5.0, 1.0]),
        ("regret", 0.5, [5.0, 4.0, 0.0]),
    ],
)
def test_figures_by_hand(kind: str, share: float, expected: list[float]) -> None:
    assert risk_figures(COSTS, kind, share, ALL)[:, 0] == pytest.approx(expected)


def test_regret_is_against_what_is_feasible() -> None:
    feasible = np.array([True, True, False])  # the best known is 2 in one world, 4 in the other
    assert risk_figures(COSTS, "regret", 0.5, feasible)[:, 0] == pytest.approx([2.0, 3.0, -1.0])
    nobody = np.zeros(3, bool)
    assert risk_figures(COSTS, "regret", 0.5, nobody)[:, 0] == pytest.approx([5.0, 4.0, 0.0])


def test_pseudo_values_of_a_mean_are_the_replications_own_means() -> None:
    by = pseudo_values(lambda x: risk_figures(x, "mean", 0.5, ALL), COSTS)
    assert by[:, 0] == pytest.approx(np.array([[2.5, 5.5], [4.0, 5.0], [0.0, 2.0]]))


def test_pseudo_values_of_the_worst_world() -> None:
    by = pseudo_values(lambda x: risk_figures(x, "worst_world", 0.5, ALL), COSTS)
    assert by[0, 0] == pytest.approx([2 * 6 - 8, 2 * 6 - 4])


def test_one_replication_tells_nothing_of_the_spread() -> None:
    by = pseudo_values(lambda x: risk_figures(x, "mean", 0.5, ALL), COSTS[..., :1])
    assert by.shape == (3, 1, 1)


def test_gains_are_judged_from_their_low_end() -> None:
    goal = ("gmv_paid_fen", "maximize")
    sample = [{"gmv_paid_fen": np.array([[1.0, 3.0], [4.0, 8.0]])}]
    worst = PairedScores.of(ObjectiveEvaluator(objective_of(goal, risk="worst_world")), sample)
    assert worst.costs == pytest.approx(-2.0)
    cvar = PairedScores.of(
        ObjectiveEvaluator(objective_of(goal, risk="cvar", cvar_share=0.5)), sample
    )
    assert cvar.costs == pytest.approx(-2.0)


@pytest.mark.parametrize(("within", "excess"), [("mean", -0.25), ("every_world", 0.5)])
def test_constraints_hold_on_the_mean_or_in_every_world(within: str, excess: float) -> None:
    limit = {"measure": "top10_share", "at_most": 0.4}
    evaluator = ObjectiveEvaluator(
        objective_of(
            ("gmv_paid_fen", "maximize"), constraints={"heads": limit}, constraints_in=within
        )
    )
    sample = {
        "gmv_paid_fen": np.ones((2, 2)),
        "top10_share": np.array([[0.5, 0.7], [0.0, 0.0]]),
    }
    assert PairedScores.of(evaluator, [sample]).excesses == pytest.approx(excess)
