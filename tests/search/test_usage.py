"""How long what is left of a search takes: runs that are planned, and those that are done."""

from collections import Counter
from pathlib import Path

import pytest

from engine.compute.pool import ProcessPool
from engine.search import Progress, market, optimize, planned_runs
from tests.fakes import simulate_fake
from tests.search.jobs import run
from tests.search.test_polish import job_of


def test_the_plan_of_a_priced_search_is_near_what_it_simulates(tmp_path: Path) -> None:
    job = job_of(polish_count=14, trials_count=20)
    planned = sum(count for _, count in planned_runs(job))
    simulated = run(job, tmp_path).usage.runs_count
    assert 0.7 * planned <= simulated <= 1.2 * planned


def test_policies_that_met_the_fresh_seeds_within_the_search_are_left_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is told as a second long, so that seconds are runs."""
    job, done = job_of(polish_count=14, trials_count=20), Counter[bool]()
    keep = market.MarketProblem._keep

    def counted(self, candidate, stage, outcomes, *, is_new):  # type: ignore[no-untyped-def]
        done[stage.is_fresh] += len(outcomes)
        keep(self, candidate, stage, outcomes, is_new=is_new)

    monkeypatch.setattr(market.MarketProblem, "_keep", counted)
    monkeypatch.setattr(market._Spent, "seconds_of_years", lambda *_: lambda share: 1.0)
    heard: list[Progress] = []
    fresh_by_then: list[int] = []

    def hear(one: Progress) -> None:
        heard.append(one)
        fresh_by_then.append(done[True])

    optimize(job, tmp_path, ProcessPool(simulate_fake), hear)
    *_, (_, finalists) = planned_runs(job)
    last = max(place for place, one in enumerate(heard) if one.stage == "search")
    assert fresh_by_then[last] > 0
    assert heard[last].left_s == max(0, finalists - fresh_by_then[last])
