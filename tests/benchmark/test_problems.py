"""Problems with known answers: each answer is checked against its closed form."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.benchmark.contest import _Effort, _front_of, _ours
from engine.benchmark.known import _COMMON, _NOISE, _SESSIONS, Known
from engine.benchmark.problems import (
    KNOWN,
    _BudgetSplit,
    _CouponKnapsack,
    _TwoSided,
    _Zdt1,
    _Zdt2,
)
from engine.benchmark.search import _KnownArena
from engine.search.problem import Candidate, Sample, Stage
from engine.stats.pareto import hypervolume
from tests.search.problems import search_of

SEARCH = search_of(
    sampler="gp",
    trials_count=48,
    startup_count=12,
    rungs=[
        {"population_share": 0.1, "replications": 2},
        {"population_share": 1.0, "replications": 4},
    ],
    reduction=4,
    finalists_count=8,
)


def sample(problem: Known, number: int, share: float = 1.0, runs: int = 400) -> Sample:
    point = dict.fromkeys(problem.distributions, 0.25)
    stage = Stage(False, share, 0, runs)
    return next(problem.evaluate([Candidate(number, "", point)], stage))


def test_at_the_best_split_all_channels_in_use_return_the_same() -> None:
    problem = _BudgetSplit()
    best = problem.split(1.1)
    assert (best > 0).sum() == 4  # the last never returns so much
    slopes = problem.most / problem.slowness * np.exp(-best / problem.slowness)
    assert slopes[best > 0] == pytest.approx(1.1)
    assert (slopes[best == 0] < 1.1).all()


def test_no_split_of_the_same_budget_brings_more() -> None:
    problem = _BudgetSplit()
    best = problem.split(1.1)
    shares = np.random.default_rng(1).dirichlet(np.ones(len(best)), 2000) * best.sum()
    found = [problem.truth({f"x{k}": x for k, x in enumerate(own)}) for own in [best, *shares]]
    gains = [own["gmv_paid_fen"] for own in found]
    assert max(gains[1:]) < gains[0]


def test_the_knapsack_is_that_of_all_subsets() -> None:
    problem = _CouponKnapsack()
    best = np.zeros(problem.budget + 1)
    for taken in product((0, 1), repeat=len(problem.values)):
        own = problem.truth({f"x{k}": x for k, x in enumerate(taken)})
        spent = int(own["subsidy_fen"])
        if spent <= problem.budget:
            best[spent:] = np.maximum(best[spent:], own["gmv_paid_fen"])
    assert -problem.front()[:, 0] == pytest.approx(best)


def test_the_best_price_for_buyers_is_negative_and_no_other_brings_more() -> None:
    problem, names = _TwoSided(), list(_TwoSided().distributions)
    best = problem.best(0.0)
    assert all(best[f"buyers{k}"] < 0 < best[f"sellers{k}"] for k in range(3))
    most = problem.truth(best)["platform_contribution_fen"]

    def loss(prices: np.ndarray) -> float:
        point = dict(zip(names, prices, strict=True))
        return -problem.truth(point)["platform_contribution_fen"]

    found = minimize(loss, [best[name] + 0.05 for name in names])
    assert -found.fun == pytest.approx(most, rel=1e-6)
    assert found.x == pytest.approx([best[name] for name in names], abs=1e-3)


def test_who_joins_is_an_equilibrium() -> None:
    problem = _TwoSided()
    for prices in [(-0.2, 0.6), (0.9, 0.1), (0.2, 1.4), (0.9, 1.4)]:
        joined = problem.joined(0, prices)
        for side in (0, 1):
            wanted = problem.demand[0][side] + problem.pull[0][side] * joined[1 - side]
            assert joined[side] == pytest.approx(max(0.0, wanted - prices[side]))


@pytest.mark.parametrize(("kind", "area"), [
    # The area below (1.1, 1.1) and above the front, from f1 = a (where f2 = 0.7) to 1.1.
    (_Zdt1, 1.01 * 1.1 - (0.91 - 2 / 3 * (1 - 0.3**3))),
    (_Zdt2, (1.1 - 0.3**0.5) * 1.1 - (1 - 1 / 3 - (0.3**0.5 - 0.3**1.5 / 3))),
])  # fmt: skip
def test_the_front_of_zdt_covers_the_area_of_its_integral(kind: type[Known], area: float) -> None:
    problem = kind()
    covered = hypervolume(problem.front().tolist(), problem.reference)
    assert covered == pytest.approx(area, abs=1e-3)


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN)
def test_no_point_beats_the_front_and_the_front_is_feasible(kind: type[Known]) -> None:
    problem = kind()
    evaluator, front = _KnownArena(problem).evaluator, problem.front()
    rng = np.random.default_rng(2)
    for _ in range(2000):
        point = {
            name: float(np.round(low + (own.high - low) * rng.random()) if kind is _CouponKnapsack
                        else low + (own.high - low) * rng.random())
            for name, own in problem.distributions.items() for low in [own.low]
        }  # fmt: skip
        truth = problem.truth(point)
        if evaluator.total_violation(truth) == 0:
            ahead = (np.array(evaluator.costs(truth)) < front - 1e-9).all(axis=1)
            assert not ahead.any()


def test_noise_falls_with_population_and_is_largely_common() -> None:
    problem = _Zdt1(3)
    one, other, small = sample(problem, 0), sample(problem, 1), sample(problem, 0, 0.1)
    a, b, c = (own.values["cost_fen"][0] for own in (one, other, small))
    assert a.std() == pytest.approx(_NOISE, rel=0.15)
    assert c.std() == pytest.approx(_NOISE / 0.1**0.5, rel=0.15)
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(_COMMON, abs=0.05)
    assert a.mean() == pytest.approx(0.25, abs=4 * _NOISE / 20)
    assert c.mean() > a.mean()  # the bias of small populations
    assert small.sessions_count == pytest.approx(one.sessions_count / 10)


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN)
def test_the_search_approaches_the_known_front(kind: type[Known]) -> None:
    """Over 3 seeds, half of what there is after 48 trials, and choices that are feasible."""
    covered, feasible = [], []
    for seed in range(3):
        place = _KnownArena(kind(seed))
        course = _ours(
            place.problem, place.evaluator, _Effort(200, 4, SEARCH), seed, 800 * _SESSIONS
        )
        assert course.snapshots[-1].sessions < 200 * _SESSIONS
        covered.append(place.volume(course.snapshots[-1].front, ()))
        if course.recommended is not None:
            feasible.append(len(place.costs([course.recommended])))
    assert np.median(covered) > 0.5
    assert max(covered) <= 1 + 1e-3
    assert feasible.count(0) == 0


def test_a_front_leaves_out_who_is_beaten_not_feasible_or_failed() -> None:
    costs = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 4.0], [0.0, 0.0], [np.nan, np.nan]])
    excesses = np.array([[0.0], [-1.0], [-1.0], [0.1], [np.nan]])
    assert _front_of(costs, excesses) == [0, 1]
    assert _front_of(costs[3:], excesses[3:]) == []
