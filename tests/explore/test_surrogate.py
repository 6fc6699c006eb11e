"""The surrogate predicts what it was not shown, and says how wrong it is."""

import numpy as np
import pytest

from engine.design.cube import UnitCube
from engine.explore import Explorer, _Surrogate
from engine.search.space.policy_space import PolicySpace
from tests.kinds import LEVERS
from tests.search.jobs import small_job


def cube(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(count, 3))


def sales(points: np.ndarray) -> np.ndarray:
    return 300 + 40 * points[:, 0] - 30 * points[:, 0] ** 2 + 10 * np.sin(3 * points[:, 1])


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_its_error_is_that_of_points_it_never_saw(noise: float) -> None:
    rng, points, fresh = np.random.default_rng(7), cube(80, 1), cube(200, 2)
    y = sales(points) + noise * rng.normal(size=80)
    surrogate = _Surrogate(points, {"gmv_paid_fen": y})
    found = [surrogate.at(point)["gmv_paid_fen"] for point in fresh]
    seen = sales(fresh) + noise * rng.normal(size=200)
    missed = np.sqrt(np.mean((np.array([one.value for one in found]) - seen) ** 2))
    assert found[0].error == pytest.approx(missed, rel=0.5, abs=0.3)
    assert found[0].error < 0.6 * y.std()
    assert 0.5 < found[0].skill <= 1


def test_what_nothing_moves_has_no_skill() -> None:
    points = cube(60, 3)
    noise = np.random.default_rng(5).normal(size=60)
    found = _Surrogate(points, {"gini": noise}).at(points[0])["gini"]
    assert found.skill < 0.3
    assert found.error == pytest.approx(noise.std(), rel=0.3)


def test_policies_are_offered_by_what_they_do() -> None:
    job = small_job(today="held")
    space = PolicySpace(job.space, job.policy, LEVERS)
    point = dict(space.point_of(job.baselines["held"]) or {}) | {"subsidy.rate.source": 0.25}
    points = UnitCube(space.distributions).points([point])
    explorer = Explorer(job, space, points, {}, {"trial-3": point})
    assert explorer.title("trial-3").startswith("trial-3: 25 % on factory goods")
    plain = Explorer(small_job(), space, points, {}, {"trial-3": point})
    assert plain.title("trial-3") == "trial-3"


def test_the_answer_s_policies_are_offered_first() -> None:
    job = small_job(today="held")
    space = PolicySpace(job.space, job.policy, LEVERS)
    point = dict(space.point_of(job.baselines["held"]) or {})
    points = UnitCube(space.distributions).points([point] * 3)
    policies = dict.fromkeys(("a", "b", "c"), point)
    sold = {"gmv_paid_fen": np.array([1.0, 3.0, 2.0])}
    assert Explorer(job, space, points, sold, policies).names() == ["b", "c", "a"]
    assert Explorer(job, space, points, sold, policies, ("a",)).names() == ["a", "b", "c"]


def test_a_probability_is_foretold_as_one() -> None:
    points = cube(60, 3)
    steep = np.clip(4 * points[:, 0] - 1.5, 0.0, 1.0)
    found = _Surrogate(points, {"target_attained": steep})
    every = [found.at(point)["target_attained"].value for point in cube(50, 4)]
    assert min(every) >= 0
    assert max(every) <= 1
