"""Samplers of this project's own on problems whose answer is known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from engine.design.cube import UnitCube
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.samplers.gaussian_sampler import _fitted_count, _scalarise, _simplex_weights
from engine.search.samplers.proposals import _ERRORS, _make_sampler
from engine.spec.search import Objective, Search
from tests.search.jobs import SEARCH

Point = dict[str, Any]
Seen = tuple[list[float], float, float]
"""Goals, the constraint's measure, and the standard error of all."""

MIXED: dict[str, BaseDistribution] = {
    "share": FloatDistribution(0.1, 0.4),
    "rmb": FloatDistribution(5, 100, log=True),
    "count": IntDistribution(0, 6),
    "many": IntDistribution(1, 1000, log=True),
    "kind": CategoricalDistribution((0.5, True, "none")),
}
PLANE: dict[str, BaseDistribution] = {
    "x": FloatDistribution(-5, 10),
    "y": FloatDistribution(0, 15),
}


def searched(
    name: str, space: dict[str, BaseDistribution], see: Callable[[Point, int], Seen],
    trials: int, seed: int = 1, **search: int,
) -> list[tuple[Point, Seen]]:  # fmt: skip
    """Search by batches, as the driver does, with the measures of a made-up problem."""
    goals = len(see({key: _middle(one) for key, one in space.items()}, 0)[0])
    measures = ["cost_fen", "top10_share"][:goals]
    objective = {
        "name": "test",
        "goals": [{"measure": one, "direction": "minimize"} for one in measures],
        "constraints": {"limit": {"measure": "gini", "at_most": 1.0}},
    }
    evaluator = ObjectiveEvaluator(Objective.model_validate(objective))
    job = Search.model_validate(
        SEARCH | {"sampler": name, "batch_count": 4, "window_count": 8, "startup_count": 8} | search
    )
    study, done = optuna.create_study(directions=evaluator.directions), []
    for start in range(0, trials, job.batch_count):
        asked = []
        for number in range(start, start + job.batch_count):
            study.sampler = _make_sampler(job, seed, number, space)
            asked.append(study.ask(space))
        for trial in asked:
            seen = see(trial.params, trial.number)
            trial.set_user_attr(_ERRORS, ([seen[2]] * goals, {"limit": seen[2]}))
            trial.set_constraint("limit", seen[1] - 1.0)
            study.tell(trial, seen[0])
            done.append((trial.params, seen))
    return done


def _middle(one: BaseDistribution) -> Any:
    return one.choices[0] if isinstance(one, CategoricalDistribution) else one.low


def branin(point: Point) -> float:
    x, y = point["x"], point["y"]
    bowl = (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2
    return float(bowl + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


def limit(point: Point) -> float:
    """Above 1 around two of Branin's three valleys."""
    return 1.0 + (point["x"] - 1.0) / 5


def noisy(point: Point, number: int) -> Seen:
    """Branin as few replications see it: one trial in two is ten times as rough."""
    error = 20.0 if number % 2 else 2.0
    run_seed = np.random.default_rng([9, number]).normal(size=2)
    return [branin(point) + error * run_seed[0]], limit(point) + 0.002 * error * run_seed[1], error


def regret(name: str, seed: int) -> float:
    """How far above the best feasible 0.398 lies what looks best among the careful trials."""
    found = searched(name, PLANE, noisy, 48, seed)
    feasible = [(seen[0][0], point) for point, seen in found if seen[2] < 5 and limit(point) <= 1]
    return branin(min(feasible, key=lambda one: one[0])[1]) - 0.398


def test_the_gaussian_process_beats_chance_under_noise_and_a_constraint() -> None:
    seeds = range(1, 6)
    ours, chance = ([regret(name, seed) for seed in seeds] for name in ("gp", "random"))
    assert np.mean(ours) < 0.5 * np.mean(chance)
    assert max(ours) < max(chance)


def test_the_gaussian_process_learns_from_the_errors_that_trials_tell() -> None:
    def seen(error: float) -> Callable[[Point, int], Seen]:
        return lambda point, number: ([branin(point)], 0.5, error)

    sure, unsure = (searched("gp", PLANE, seen(error), 20)[-1][0] for error in (0.0, 50.0))
    assert sure != unsure


def test_a_batch_is_spread_though_its_trials_have_not_ended() -> None:
    found = searched("gp", PLANE, lambda point, _: ([branin(point)], 0.5, 0.1), 40, batch_count=8)
    last = UnitCube(PLANE).points([point for point, _ in found[-8:]])
    gaps = np.linalg.norm(last[:, None] - last[None], axis=2) + np.eye(8)
    assert gaps.min() > 1e-3


def test_two_goals_are_pursued_all_along_their_front() -> None:
    def see(point: Point, number: int) -> Seen:
        return [point["x"] ** 2 + point["y"], (point["x"] - 2) ** 2 + point["y"]], 0.5, 0.05

    found = searched("gp", PLANE, see, 48)[24:]
    on_front = [point["x"] for point, _ in found if point["y"] < 1 and -0.5 < point["x"] < 2.5]
    assert len(on_front) > 12
    assert min(on_front) < 0.7
    assert max(on_front) > 1.3


def test_cmaes_goes_where_the_goal_is_and_keeps_to_the_constraint() -> None:
    def see(point: Point, number: int) -> Seen:
        return [(point["x"] - 3) ** 2 + (point["y"] - 3) ** 2], limit(point), 0.0

    point, seen = min(
        (one for one in searched("cmaes", PLANE, see, 160) if one[1][1] <= 1),
        key=lambda one: one[1][0],
    )
    assert seen[0][0] == pytest.approx(4.0, abs=0.15)  # the edge is at x = 1
    assert point["y"] == pytest.approx(3.0, abs=0.4)


def test_a_sobol_sequence_covers_evenly_and_knows_its_numbers() -> None:
    found = searched("qmc", PLANE, lambda point, _: ([0.0], 0.5, 0.0), 64)
    cells = {
        tuple((8 * place).astype(int)) for place in UnitCube(PLANE).points([p for p, _ in found])
    }
    assert len(cells) == 64


@pytest.mark.parametrize("name", ["gp", "cmaes", "qmc"])
def test_all_kinds_of_values_are_proposed_and_learnt_from(name: str) -> None:
    def see(point: Point, number: int) -> Seen:
        good = (point["kind"] == "none") + (point["count"] == 4) - abs(point["share"] - 0.3)
        return [-float(good)], 0.5, 0.01

    found = [point for point, _ in searched(name, MIXED, see, 60)]
    for point in found:
        assert 0.1 <= point["share"] <= 0.4
        assert 5 <= point["rmb"] <= 100
        assert isinstance(point["count"], int)
        assert 0 <= point["count"] <= 6
        assert 1 <= point["many"] <= 1000
    assert {point["kind"] for point in found} == {0.5, True, "none"}
    if name == "gp":
        best = [point for point in found[-16:] if point["kind"] == "none" and point["count"] == 4]
        assert len(best) >= 8


def test_the_cube_maps_there_and_back() -> None:
    cube, rng = UnitCube(MIXED), np.random.default_rng(0)
    for point in rng.random((200, 5)):
        values = cube.values(point)
        assert cube.values(cube.points([values])[0]) == pytest.approx(values)
    ends = [cube.values(np.full(5, end)) for end in (0.0, 1.0)]
    assert [ends[0][key] for key in MIXED] == [0.1, 5, 0, 1, 0.5]
    assert [ends[1][key] for key in MIXED] == [0.4, 100, 6, 1000, "none"]


def test_a_model_sees_cells_and_choices_as_what_they_are() -> None:
    one, two = (UnitCube(MIXED).features(np.full((1, 5), share)) for share in (0.51, 0.52))
    assert one[0, 2] == two[0, 2]  # the same whole number
    assert one[0, 0] != two[0, 0]
    corners = UnitCube(MIXED).features(np.tile([[0.1], [0.5], [0.9]], 5))[:, -3:]
    assert np.linalg.norm(corners[0] - corners[1]) == pytest.approx(1.0)
    assert np.linalg.norm(corners[0] - corners[2]) == pytest.approx(1.0)


def test_weights_fill_the_simplex_and_one_goal_stays_itself() -> None:
    found = np.array([_simplex_weights(u) for u in np.random.default_rng(1).random((2000, 3))])
    assert found.sum(axis=1) == pytest.approx(np.ones(2000))
    assert found.mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=0.02)
    costs = np.array([[0.2], [0.1]])
    assert np.diff(_scalarise(costs, _simplex_weights(np.array([0.3]))))[0] == pytest.approx(-0.105)


def test_lengths_are_fitted_on_a_count_that_grows_by_steps() -> None:
    counts = [_fitted_count(seen, 8) for seen in range(1, 100)]
    assert counts == sorted(counts)
    assert all(count <= seen for count, seen in zip(counts, range(1, 100), strict=True))
    assert len(set(counts[8:])) < 15


@pytest.mark.parametrize("name", ["gp", "cmaes", "qmc"])
@pytest.mark.parametrize("cost", [0.0, 1e12])
def test_one_lever_and_a_goal_that_never_changes_are_borne(name: str, cost: float) -> None:
    line = {"x": FloatDistribution(0.0, 1.0)}
    found = searched(name, line, lambda point, _: ([cost], 0.5, 0.0), 24)
    assert len({point["x"] for point, _ in found}) == 24
