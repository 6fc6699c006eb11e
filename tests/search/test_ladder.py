"""Rungs: which may drop a policy, how far they are shifted, and who goes up."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.search.driver import _untrusted_rung_messages
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.climb import (
    _is_surely_dominated,
    _promote,
    _significant_difference,
    _surely_infeasible,
)
from engine.search.fidelity.ladder import RungTrust
from engine.search.paired_scores import PairedScores
from engine.search.problem import Point
from engine.search.study import SearchStudy
from engine.stats.paired import rank_correlation, reliability
from tests.search.jobs import small_job
from tests.search.problems import Remembering, Toy, objective_of, search_of

LADDER = [
    {"population_share": 0.1, "replications": 2},
    {"population_share": 0.5, "replications": 2},
    {"population_share": 1.0, "replications": 4},
]
GOALS = (("cost_fen", "minimize"), ("top10_share", "minimize"))


def misleading(point: Point, share: float) -> Mapping[str, float]:
    """On a tenth of the population the first goal points the other way."""
    turned = -1 if share == 0.1 else 1
    return {
        "cost_fen": 100 + turned * (point["x0"] - 0.5) + 10 * (1 - share),
        "top10_share": 0.1 + 0.2 * abs(point["x1"] - 0.5),
    }


def climbed(toy: Toy, **changes: Any) -> SearchStudy:
    evaluator = ObjectiveEvaluator(objective_of(*GOALS))
    study = SearchStudy(search_of(**{"rungs": LADDER} | changes), 3, toy, evaluator, Remembering())
    study.run(lambda *heard: None)
    return study


def x0(trial: Any) -> float:
    return float(trial.candidate.point["x0"])


def test_a_misleading_rung_is_recognised_and_left_out() -> None:
    toy = Toy(misleading, {"cost_fen": 0.05, "top10_share": 0.005})
    study = climbed(toy)
    assert study.ladder.visited == [1, 2]
    found = {(row["rung"], row["measure"]): row for row in study.ladder.rows()}
    assert found[0, "cost_fen"]["corrected_correlation"] < 0
    assert not found[0, "cost_fen"]["trusted"]
    assert found[0, "top10_share"]["trusted"]
    assert found[1, "cost_fen"]["rank_correlation"] > 0.8
    assert {stage.population_share for number, stage in toy.asked if number >= 8} == {0.5, 1.0}


def test_a_rung_may_see_few_worlds_and_is_moved_to_the_level_of_all() -> None:
    """The third world alone is 9 higher: what two of three show lies 3 below the mean."""

    def three(point: Point, share: float) -> Mapping[str, Any]:
        high = np.array([0, 0, 9])
        return {"cost_fen": 100 + point["x0"] + high, "top10_share": 0.1 + 0 * high}

    rungs = [{"population_share": 0.1, "replications": 2, "worlds_count": 2}, LADDER[-1]]
    toy = Toy(three, {"cost_fen": 0.02, "top10_share": 0.005})
    study = climbed(toy, rungs=rungs)
    below = [trial for trial in study.trials if trial.rung == 0]
    assert below
    assert {trial.samples[0].values["cost_fen"].shape for trial in study.trials} == {(2, 2)}
    assert {t.samples[1].values["cost_fen"].shape for t in study.trials if t.rung} == {(3, 4)}
    for trial in below:
        assert study.ladder.means(trial)["cost_fen"][0] == pytest.approx(103 + x0(trial), abs=0.05)
    row = study.ladder.rows()[0]
    assert (row["worlds_count"], round(row["shift"], 1)) == (2, 3.0)


def test_a_merely_noisy_goal_neither_keeps_a_rung_out_nor_chooses() -> None:
    """The second goal's figures are noise on every rung; the first's are told apart well."""

    def noisy(point: Point, share: float) -> Mapping[str, float]:
        return {"cost_fen": 100 + point["x0"], "top10_share": 0.1}

    study = climbed(Toy(noisy, {"cost_fen": 0.02, "top10_share": 0.005}), trials_count=72)
    assert study.ladder.visited == [0, 1, 2]
    found = {(row["rung"], row["measure"]): row for row in study.ladder.rows()}
    assert found[0, "top10_share"]["top_reliability"] < 0.5
    assert found[0, "top10_share"]["rank_correlation"] < 0.8
    assert found[0, "top10_share"]["trusted"]
    assert not found[0, "top10_share"]["told_apart"]
    assert study.ladder.trust(0).ranked_goals.tolist() == [True, False]
    searched = study.trials[8:]
    reached = {rung: [t for t in searched if t.rung >= rung] for rung in range(3)}
    assert [len(reached[rung]) for rung in range(3)] == [64, 32, 16]
    up, out = ([x0(t) for t in searched if (t.rung > 0) == goes] for goes in (True, False))
    assert np.mean(up) < 0.7 * np.mean(out)


def test_noise_alone_keeps_no_rung_out() -> None:
    """Correlations as seen are far below the threshold; without noise they are near 1."""

    def plain(point: Point, share: float) -> Mapping[str, float]:
        return {"cost_fen": point["x0"], "top10_share": point["x1"] / 10}

    seen, corrected, kept = [], [], 0
    for seed in range(20):
        toy = Toy(plain, {"cost_fen": 1.2, "top10_share": 0.12}, seed=seed)
        study = climbed(toy, batch_count=16, window_count=16, trials_count=17)
        row = study.ladder.rows()[0]
        seen.append(row["rank_correlation"])
        corrected.append(row["corrected_correlation"])
        kept += 0 in study.ladder.visited
    assert np.mean(seen) < 0.7
    assert np.mean(corrected) > 0.85
    assert kept >= 17


def test_where_nobody_is_distinguishable_everybody_goes_to_the_top() -> None:
    study = climbed(Toy(misleading, {"cost_fen": 50.0, "top10_share": 5.0}, seed=1))
    assert study.ladder.visited == [2]
    assert {trial.rung for trial in study.trials} == {2}
    assert "are not distinguishable" in _untrusted_rung_messages(study.ladder.rows())[0]


def test_a_pilot_of_three_tells_nothing() -> None:
    toy = Toy(misleading, {"cost_fen": 0.05, "top10_share": 0.005})
    assert climbed(toy, batch_count=3, trials_count=6).ladder.visited == [2]


def test_a_rung_is_shifted_by_its_mean_difference_to_the_top() -> None:
    study = climbed(Toy(misleading, {"cost_fen": 0.05, "top10_share": 0.005}))
    row = next(r for r in study.ladder.rows() if (r["rung"], r["measure"]) == (1, "cost_fen"))
    assert row["shift"] == pytest.approx(-5, abs=0.2)
    low = [trial for trial in study.trials if trial.rung == 1]
    assert low
    for trial in low:
        truth = misleading(trial.candidate.point or {}, 1.0)["cost_fen"]
        mean, error = study.ladder.means(trial)["cost_fen"]
        assert mean == pytest.approx(truth, abs=0.4)
        assert error is not None
        assert error > row["shift_se"]


def test_no_more_than_one_in_so_many_of_a_batch_goes_up() -> None:
    study = climbed(Toy(misleading, {"cost_fen": 0.05, "top10_share": 0.005}), reduction=4)
    for start in range(8, 40, 8):
        top = [trial for trial in study.trials[start : start + 8] if trial.rung == 2]
        assert len(top) <= 2


def test_replications_of_a_rung_with_the_same_population_are_reused() -> None:
    rungs = [{"population_share": 1.0, "replications": r} for r in (2, 6)]
    toy = Toy(misleading, {"cost_fen": 0.05, "top10_share": 0.005})
    study = climbed(toy, rungs=rungs)
    assert {(stage.first, stage.last) for _, stage in toy.asked} == {(0, 2), (2, 6)}
    assert all(t.seen.replications == 6 for t in study.trials if t.rung == 1)
    assert all(t.sessions_count == t.seen.replications for t in study.trials)


def scores(costs: np.ndarray, excess: float | list[float] = -1.0) -> PairedScores:
    """Policies from costs (n, R) of one goal and fixed excesses of one constraint."""
    n, count = costs.shape
    excesses = np.broadcast_to(np.atleast_1d(excess), n).reshape(n, 1)
    by = np.repeat(excesses[:, :, None], count, axis=2)
    return PairedScores(costs.mean(axis=1, keepdims=True), excesses, costs[:, None], by)


def test_two_replications_say_something_where_many_pairs_are_pooled() -> None:
    rng = np.random.default_rng(1)
    run_seed = rng.normal(0, 10, 2)  # common: of no account
    costs = np.linspace(0, 1, 20)[:, None] + run_seed + rng.normal(0, 0.1, (20, 2))
    found = scores(costs)
    least = _significant_difference(found)
    assert least is not None
    assert least == pytest.approx(1.73 * 0.1, rel=0.5)  # t(19) √(2 · 0.01 / 2)
    assert _is_surely_dominated(found, 19)
    assert not _is_surely_dominated(found, 0)
    assert _significant_difference(scores(costs[:2, :1])) is None


def test_a_rival_that_violates_more_beats_nobody() -> None:
    costs = np.array([[0.0, 0.1], [5.0, 5.2], [5.1, 5.0]])
    assert _is_surely_dominated(scores(costs), 1)
    assert not _is_surely_dominated(scores(costs, [0.5, 0.1, 0.1]), 1)


def test_who_surely_violates_is_dropped_only_where_somebody_is_feasible() -> None:
    costs = np.array([[1.0, 1.1], [0.0, 0.1], [2.0, 2.1]])
    told, doubt = np.array([True]), np.array([0.0])
    some, none = scores(costs, [-0.1, 0.5, -0.1]), scores(costs, [0.2, 0.5, 0.1])
    one = np.array([True])
    assert _promote(some, [1], 1, RungTrust(one, told, doubt)) == []
    assert _promote(some, [1], 1, RungTrust(one, ~told, doubt)) == [1]
    assert _promote(some, [1], 1, RungTrust(one, told, np.array([0.5]))) == [1]
    assert _promote(none, [0, 1, 2], 1, RungTrust(one, told, doubt)) == [2]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 40], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),
        ([1, 1, 2, 3], [1, 2, 3, 4], 0.9486833),  # ties share their ranks
        ([1, 1, 1], [1, 2, 3], 0.0),
    ],
)
def test_rank_correlation(a: list[float], b: list[float], expected: float) -> None:
    assert rank_correlation(np.array(a, float), np.array(b, float)) == pytest.approx(expected)


def test_reliability_is_the_share_of_variance_that_is_no_noise() -> None:
    rng = np.random.default_rng(2)
    run_seed = rng.normal(0, 10, 4)  # common: of no account
    by = rng.normal(0, 3, (400, 1, 1)) + run_seed + rng.normal(0, 4, (400, 1, 4))
    assert reliability(by) == pytest.approx(9 / (9 + 16 / 4), abs=0.05)
    assert reliability(np.ones((5, 1, 3))) == 1
    assert reliability(by[:, :, :1]) == 1  # one replication tells no error


def test_nothing_to_rank_is_not_a_number() -> None:
    assert np.isnan(rank_correlation(np.ones(4), np.ones(4)))


@pytest.mark.parametrize(
    "rungs",
    [
        [(0.5, 2), (0.25, 4)],
        [(0.5, 2), (0.5, 2)],
        [(0.5, 2, 3), (0.5, 4, 2)],
        [(0.5, 2), (0.5, 4, 3)],
        [(0.5, 2, 3, 0.5), (0.5, 4, 3, 0.2)],
    ],
)
def test_rungs_that_do_not_rise_are_refused(rungs: list[tuple[float, ...]]) -> None:
    keys = "population_share", "replications", "worlds_count", "anchors_share"
    tree = [dict(zip(keys, rung, strict=False)) for rung in rungs]
    with pytest.raises((InputError, ValueError), match="rungs do not rise"):
        small_job(search={"rungs": tree})


def test_rivals_that_always_hold_a_limit_condemn_nobody_who_holds_it_at_times() -> None:
    reached = np.ones((121, 1, 8))
    reached[0, 0, :2] = 0.0  # six years of eight, where eight tenths are asked for
    excess = (0.8 - reached) / 0.8
    scores = PairedScores(np.zeros((121, 1)), excess.mean(axis=2), np.zeros((121, 1, 8)), excess)
    assert scores.excesses[0] > 0
    assert not _surely_infeasible(
        scores, RungTrust(np.array([True]), np.array([True]), np.zeros(1))
    ).any()
