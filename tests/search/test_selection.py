"""The second stage: the right one is found, and what it says of its sureness is true."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from engine.search.evaluator import ObjectiveEvaluator
from engine.search.finalists.posterior import PosteriorDraws
from engine.search.finalists.selection import Selection, _rounds, planned_replications
from engine.search.paired_scores import PairedScores
from engine.search.problem import Candidate, Point, Sample, Stage
from tests.search.problems import Toy, candidates, objective_of, search_of

GOAL = ("gmv_paid_fen", "maximize")
ONE_GOAL = ObjectiveEvaluator(objective_of(GOAL))
LIMITED = ObjectiveEvaluator(
    objective_of(GOAL, constraints={"heads": {"measure": "top10_share", "at_most": 0.5}})
)


def by_place(**values: Sequence[float]) -> Toy:
    """Policies whose true figures are listed by their number."""

    def figures(point: Point, share: float) -> Mapping[str, float]:
        return {name: own[int(point["x0"])] for name, own in values.items()}

    return Toy(figures, {})


def numbered(count: int) -> list[Candidate]:
    return candidates([{"x0": k} for k in range(count)])


class Selected(Selection):
    best: int | None = None


def selected(
    toy: Toy, evaluator: ObjectiveEvaluator, count: int, seed: int, **search: int
) -> Selected:
    selection = Selected(toy, evaluator, search_of(**search), seed)
    selection.best = selection.run(numbered(count), lambda done, total: None)
    return selection


def number_of(found: Selected) -> int:
    assert found.best is not None
    return found.finalists[found.best].candidate.number


def test_halving_under_common_random_numbers_finds_the_best_of_twenty() -> None:
    right, equal, said, seeds = 0, 0, [], range(40)
    for seed in seeds:
        truth = np.random.default_rng(seed).permutation(np.linspace(0, 1.9, 20))
        toy = by_place(gmv_paid_fen=truth)
        toy.noise, toy.seed, toy.common = {"gmv_paid_fen": 0.5}, seed, 0.9
        found = selected(toy, ONE_GOAL, 20, seed, final_replications=32)
        right += number_of(found) == truth.argmax()
        said.append(found.certainty(found.best)[0])
        toy.common = 0.0
        runs = sum(one.sample.replications for one in found.finalists) // 20
        alone = [toy.sample(one, Stage(True, 1.0, 0, runs)) for one in numbered(20)]
        equal += int(np.argmax([one.means()["gmv_paid_fen"] for one in alone])) == truth.argmax()
    assert right / len(seeds) >= 0.9
    assert equal / len(seeds) < 0.9
    assert np.mean(said) == pytest.approx(right / len(seeds), abs=0.1)


def test_replications_of_a_late_one_are_told_before_they_are_done() -> None:
    toy = by_place(gmv_paid_fen=[1, 2, 3, 4, 5])
    selection = Selection(toy, ONE_GOAL, search_of(final_replications=32), 1)
    *chosen, late = numbered(5)
    entries = iter([late])
    heard: list[tuple[int, int]] = []
    selection.run(
        chosen, lambda done, total: heard.append((done, total)), lambda _: next(entries, None)
    )
    ends = [place for place, (done, total) in enumerate(heard) if done == total]
    assert len(ends) == 2  # of all that were chosen, and of the late one
    assert len(heard) - 1 == ends[1] > ends[0] + 1
    assert {total for _, total in heard[ends[0] + 1 :]} == {heard[-1][1]}


@pytest.mark.parametrize("common", [0.0, 0.9])
def test_what_is_recommended_is_as_feasible_as_promised(common: float) -> None:
    wrong, told, seeds = 0, 0, range(60)
    for seed in seeds:
        excess = np.random.default_rng(1000 + seed).uniform(-0.1, 0.1, 12)
        toy = by_place(gmv_paid_fen=1 + excess, top10_share=0.5 + excess)  # the more, the nearer
        toy.noise, toy.seed, toy.common = {"gmv_paid_fen": 0.01, "top10_share": 0.05}, seed, common
        found = selected(toy, LIMITED, 12, seed)
        told += found.best is not None
        wrong += found.best is not None and bool(excess[number_of(found)] > 0)
    assert told > 0.9 * len(seeds)
    assert wrong / told <= 0.05


def test_nobody_is_recommended_where_nobody_is_surely_feasible() -> None:
    toy = by_place(gmv_paid_fen=[1, 2], top10_share=[0.5, 0.6])
    toy.noise = {"top10_share": 0.05}
    assert selected(toy, LIMITED, 2, 1).best is None


def test_a_posterior_is_students_t() -> None:
    run_seed, sample = PosteriorDraws(1, 5), np.array([[1.0, 2.0, 4.0, 4.0, 9.0]])
    draws = run_seed.means(sample)[:, 0]
    error = sample.std(ddof=1) / 5**0.5
    assert np.quantile(draws, [0.025, 0.5, 0.975]) == pytest.approx(
        4 + np.array([-2.776, 0, 2.776]) * error, abs=0.15 * error
    )


def test_posteriors_of_paired_policies_move_together() -> None:
    a = np.array([1.0, 2.0, 4.0, 4.0, 9.0])
    draws = PosteriorDraws(1, 5).means(np.stack([a, a + 3]))
    assert draws[:, 1] - draws[:, 0] == pytest.approx(3)


@pytest.mark.parametrize(("count", "expected"), [(4, 0.832), (8, 0.945), (16, 0.993)])
def test_a_truth_value_that_always_held_is_not_certain(count: int, expected: float) -> None:
    goal = {"measure": "target_attained", "at_least": 0.8}
    evaluator = ObjectiveEvaluator(objective_of(GOAL, constraints={"target": goal}))
    values = {"gmv_paid_fen": np.ones((2, count)), "target_attained": np.ones((2, count), bool)}
    flags = PosteriorDraws(1, count).constraint_holds(
        evaluator, values, PairedScores.of(evaluator, [values]), 0
    )
    assert flags.mean() == pytest.approx(expected, abs=0.015)  # 1 - I_0.8(count + 1/2, 1/2)


def test_a_limit_at_the_end_of_a_measures_range_always_holds() -> None:
    evaluator = ObjectiveEvaluator(
        objective_of(GOAL, constraints={"purse": {"measure": "budget_spent_share", "at_most": 1}})
    )
    values = {
        "gmv_paid_fen": np.ones((1, 3)),
        "budget_spent_share": np.array([[0.998, 1.0, 1.0]]),
    }
    assert (
        PosteriorDraws(1, 3)
        .constraint_holds(evaluator, values, PairedScores.of(evaluator, [values]), 0)
        .all()
    )


def test_opportunity_cost_by_hand() -> None:
    sure = {0: np.array([-1.0, -1.0, -1.0])}
    assert PosteriorDraws(1, 3).selection_certainty(sure) == (1.0, 0.0)
    wrong = {0: np.array([-1.0, -1.0]), 1: np.array([0.25, 0.25])}
    assert PosteriorDraws(1, 2).selection_certainty(wrong) == (0.0, pytest.approx(0.25))
    assert PosteriorDraws(1, 2).selection_certainty({}) == (1.0, 0.0)
    even = {0: np.array([-1.0, 1.0, -2.0, 2.0])}
    share, cost = PosteriorDraws(1, 4).selection_certainty(even)
    assert share == pytest.approx(0.5, abs=0.02)
    assert cost > 0


def test_rounds_double_and_end_at_the_last() -> None:
    assert _rounds(search_of(first_replications=4, final_replications=16)) == [4, 8, 16]
    assert _rounds(search_of(first_replications=3, final_replications=9)) == [3, 6, 9]
    assert _rounds(search_of(first_replications=8, final_replications=8)) == [8]
    assert _rounds(search_of(first_replications=8, final_replications=4)) == [4]


def test_baselines_and_the_recommended_get_all_and_half_drops_out_each_round() -> None:
    toy = by_place(gmv_paid_fen=[0.0, *np.linspace(1, 2, 8)])
    toy.noise = {"gmv_paid_fen": 0.01}
    chosen = [Candidate(0, "given", {"x0": 0}, is_baseline=True), *numbered(9)[1:]]
    selection, heard = Selection(toy, ONE_GOAL, search_of(), 1), []
    best = selection.run(chosen, lambda done, total: heard.append((done, total)))
    counts = [one.sample.replications for one in selection.finalists]
    assert counts == [16, 4, 4, 4, 4, 8, 8, 16, 16]
    assert best == 8
    assert heard[-1] == (planned_replications(1, 8, search_of()),) * 2 == (sum(counts),) * 2
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_the_better_one_that_fell_out_before_it_was_sure_is_looked_at_again() -> None:
    held_back = [0.44, 0.3, 0.3, 0.3]
    toy = by_place(gmv_paid_fen=[1.9, 1.0, 1.1, 2.0], top10_share=[*held_back[:3], 0.46])
    toy.noise = {"top10_share": 0.05, "gmv_paid_fen": 0.001}
    found = selected(toy, LIMITED, 4, 2)
    best = found.finalists[found.best]
    assert best.sample.replications == 16
    assert best.candidate.number in {0, 3}


def test_replications_that_only_some_have_met_do_not_decide() -> None:
    """Replications 0 to 3 are lucky for all: who has no others must not look better."""
    toy = by_place(gmv_paid_fen=np.linspace(1, 2, 8))
    plain = toy.sample

    def lucky(one: Candidate, stage: Stage):  # type: ignore[no-untyped-def]
        found = plain(one, stage)
        found.values["gmv_paid_fen"][:, : max(0, 4 - stage.first)] += 10
        return found

    toy.sample = lucky  # type: ignore[method-assign]
    found = selected(toy, ONE_GOAL, 8, 1)
    assert number_of(found) == 7
    counts = [one.sample.replications for one in found.finalists]
    assert counts == [4, 4, 4, 4, 8, 8, 16, 16]  # nobody is looked at again for it
    sure, cost, among = found.certainty(found.best)
    assert (sure, cost, among) == (1.0, 0.0, 8)


def test_pairs_of_candidates_do_not_change_one_another() -> None:
    toy = by_place(gmv_paid_fen=np.linspace(0, 1, 6))
    toy.noise = {"gmv_paid_fen": 0.2}
    stage = Stage(True, 1.0, 0, 4)
    for a, b in itertools.combinations(numbered(6), 2):
        both = [s.means() for s in toy.evaluate([a, b], stage)]
        assert both == [next(toy.evaluate([one], stage)).means() for one in (a, b)]


def test_one_that_fell_out_early_gets_the_replications_that_it_lacks() -> None:
    """It is asked for again at the end, as what it costs makes it a row's policy."""
    truth = np.linspace(0, 2, 8)
    selection = Selection(by_place(gmv_paid_fen=truth), ONE_GOAL, search_of(), 1)
    worst, asked = numbered(8)[0], []

    def passed_over(known: Mapping[int, Sample]) -> Candidate | None:
        asked.append(worst.number in known)
        return None if asked[-1] else worst

    selection.run(numbered(8), lambda done, total: None, passed_over)
    assert asked == [False, True]
    (found,) = (one for one in selection.finalists if one.candidate.number == worst.number)
    assert found.sample.replications == max(one.sample.replications for one in selection.finalists)
