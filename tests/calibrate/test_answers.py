"""Policies in the worlds of an ensemble: common random numbers, one block of rows a world."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.calibrate import answers
from engine.case import Case, RunResult
from engine.compare import INCREMENTAL
from engine.compute.pool import ProcessPool
from engine.measures.catalogue import RUN
from engine.spec.jobs import Ensemble
from tests.calibrate import market
from tests.calibrate.market import calibrated, job, table

ENSEMBLE = Ensemble(
    name="two", worlds={"cheap": {"choice": {"outside": 5.0}}, "dear": {"choice": {"outside": 6.0}}}
)


def simulate(case: Case) -> RunResult:
    """Coupons return 10 - outside RMB each, on top of noise that all policies share."""
    spent = 1e11 * case.policy.subsidy.budget_bn_rmb
    gmv = 1e13 + case.run_seed % 1000 + (10 - case.scenario.choice.outside) * spent
    run = dict.fromkeys(RUN, 0.0) | {"gmv_paid_fen": gmv, "subsidy_fen": spent}
    return replace(market.simulate(case), run=run)


def test_each_world_has_its_own_answer_under_common_random_numbers() -> None:
    told = job()
    asked: list[Case] = []

    def year_of(case: Case) -> RunResult:
        asked.append(case)
        return simulate(case)

    rows = answers(told, ENSEMBLE, ProcessPool(year_of), lambda *_: None)
    found = {
        row["world"]: row["difference"]
        for row in rows
        if (row["policy"], row["measure"]) == ("double_ten_billion", INCREMENTAL)
    }
    assert found == {"cheap": pytest.approx(5.0), "dear": pytest.approx(4.0)}
    assert {row["baseline"] for row in rows} == {"without_coupons"}
    assert len(asked) == 2 * 3 * told.fit.answer_replications
    seeds = {
        (case.policy.name, case.world): tuple(
            one.run_seed for one in asked if (one.policy, one.world) == (case.policy, case.world)
        )
        for case in asked
    }
    assert len(set(seeds.values())) == 1


def test_the_policies_are_compared_on_seeds_that_the_fit_has_not_seen(
    tmp_path: Path,
) -> None:
    told, asked = job(), []

    def year_of(case: Case) -> RunResult:
        asked.append(case.run_seed)
        return simulate(case)

    calibrated(told, table(tmp_path, told), tmp_path, year_of)
    seen = set(asked)
    asked.clear()
    answers(told, ENSEMBLE, ProcessPool(year_of), lambda *_: None)
    assert seen
    assert asked
    assert not seen & set(asked)
