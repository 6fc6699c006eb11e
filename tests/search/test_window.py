"""Several batches under way at once: what is proposed and promoted depends on none of the haste."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.case import Case, RunResult
from engine.compute.pool import Pool, WorkerCall, finish
from engine.search import Progress, optimize
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Candidate, Evaluation, Sample, SequentialExecutor, Stage, Urgency
from engine.search.study import SearchStudy
from tests.fakes import simulate_fake
from tests.search.jobs import results, run, small_job
from tests.search.problems import Remembering, Toy, objective_of, search_of
from tests.search.test_ladder import GOALS, LADDER, misleading

ORDERS: dict[str, Callable[[int], int]] = {
    "last first": lambda count: count - 1,
    "by chance": np.random.default_rng(3).integers,  # type: ignore[dict-item]
    "first and last in turn": lambda count: (count % 2) * (count - 1),
}


class Adversary(Pool):
    """Finishes what waits in an order of its own, whatever is urgent; as if on many workers."""

    def __init__(self, pick: Callable[[int], int]) -> None:
        super().__init__()
        self._pick = pick

    def _exchange(self, *, wait: bool) -> None:
        if wait:
            self._waiting.sort()
            todo = self._waiting.pop(int(self._pick(len(self._waiting))))
            self._waiting.sort()
            self._keep(finish(todo.ticket, todo.task, todo.tables, simulate_fake))


RUNGS = {
    "rungs": [{"population_share": share, "replications": 2} for share in (0.2, 0.5, 1.0)],
    "trials_count": 26,
    "batch_count": 4,
    "window_count": 12,
}


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2"])
def test_no_order_in_which_years_end_shows_in_the_results(sampler: str, tmp_path: Path) -> None:
    job = small_job(search=RUNGS | {"sampler": sampler})
    whole = results(run(job, tmp_path / "whole"))
    for name, pick in ORDERS.items():
        found = optimize(job, tmp_path / name, Adversary(pick), lambda _: None)
        assert results(found) == whole, name


def toy_of(spoilt: range) -> Toy:
    """A problem in which trials of `spoilt` show better figures than they should."""
    toy = Toy(misleading, {"cost_fen": 0.05, "top10_share": 0.005})
    plain = toy.sample

    def sample(one: Candidate, stage: Stage) -> Sample:
        found = plain(one, stage)
        if one.number in spoilt:
            found.values["cost_fen"][:] -= 0.2
            found.values["top10_share"][:] -= 0.05
        return found

    toy.sample = sample  # type: ignore[method-assign]
    return toy


def studied(window: int, spoilt: range = range(0)) -> SearchStudy:
    """Search it."""
    toy = toy_of(spoilt)
    search = search_of(rungs=LADDER, trials_count=64, window_count=window)
    evaluator = ObjectiveEvaluator(objective_of(*GOALS))
    study = SearchStudy(search, 3, toy, evaluator, Remembering())
    study.run(lambda *heard: None)
    return study


@pytest.mark.parametrize("window", [8, 16, 24])
def test_a_proposal_depends_on_nothing_within_the_window(window: int) -> None:
    spoilt = range(24, 32)
    whole, other = studied(window), studied(window, spoilt)
    points = [[t.candidate.point for t in study.trials] for study in (whole, other)]
    first = spoilt.start + window  # the first trial that may know of them
    assert points[0][:first] == points[1][:first]
    assert points[0][first : first + 8] != points[1][first : first + 8]


class ProposesLate(SequentialExecutor):
    """Does calls when nothing else is left: by then more is settled than a batch may know."""

    def begin(self, todo: Evaluation | WorkerCall, urgency: Urgency) -> None:
        super().begin(todo, (1e9, *urgency) if isinstance(todo, WorkerCall) else urgency)


@pytest.mark.parametrize("window", [16, 24])
def test_a_promotion_depends_on_nothing_within_the_window(window: int) -> None:
    toy, search = (
        toy_of(range(24, 32)),
        search_of(rungs=LADDER, trials_count=64, window_count=window),
    )
    evaluator = ObjectiveEvaluator(objective_of(*GOALS))
    found = []
    for executor in (SequentialExecutor(toy), ProposesLate(toy)):
        study = SearchStudy(search, 3, toy, evaluator, Remembering(), executor)
        study.run(lambda *heard: None)
        found.append([(trial.candidate.point, trial.rung) for trial in study.trials])
    assert found[0] == found[1]


def test_a_window_below_a_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        search_of(window_count=7)


def test_what_is_left_is_told_in_seconds_of_years_as_they_are_measured(tmp_path: Path) -> None:
    """Years last 4 ms here; the guess for a market of this size is another."""
    heard: list[Progress] = []
    years: list[Case] = []

    def year_of(case: Case) -> RunResult:
        years.append(case)
        time.sleep(0.004)
        return simulate_fake(case)

    run(small_job(search=RUNGS), tmp_path, year_of, heard)
    spent = sum(pool_year.trial >= 0 for pool_year in years) * 0.005
    assert 0.5 * spent < heard[3].left_s < 4 * spent
    assert heard[-1].left_s == pytest.approx(0.0)
