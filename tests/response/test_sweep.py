"""Years and rows of a sweep: pairs, the shared base, and what run-off adds."""

from typing import Any

import numpy as np
import pytest

from engine.case import RunResult
from engine.compute.pool import ProcessPool
from engine.errors import InputError
from engine.measures.run_off import CONTRIBUTION
from engine.response import check_response, response_cases, response_rows
from engine.results.writer import _table_of_rows
from engine.stats.intervals import mean_interval
from tests.fakes import simulate_fake
from tests.response.jobs import job_of


def simulated(**changes: Any) -> tuple[list[RunResult], list[dict[str, Any]]]:
    job = job_of(**changes)
    years = list(ProcessPool(simulate_fake).run(response_cases(job)))
    rows = response_rows(job, years)
    _table_of_rows("response", rows)
    return years, rows


def runs_of(years: list[RunResult], policy: str) -> dict[int, RunResult]:
    return {y.labels["replication"]: y for y in years if y.labels["policy"] == policy}


def test_the_base_is_simulated_once_and_followed_by_itself() -> None:
    job = job_of(levers=("subsidy.rate", "price.cap", "traffic.floor"))
    cases = response_cases(job)
    names = [case.policy.name for case in cases]
    assert names[:3] == ["base"] * 3
    assert len(set(names)) * 3 == len(names)
    assert {case.after for case in cases} == {job.policy}
    assert {case.run_off_days for case in cases} == {30}
    assert len({case.run_seed for case in cases}) == 3


def test_a_difference_is_taken_within_pairs_of_one_seed() -> None:
    years, rows = simulated(levers=("subsidy.rate",))
    base, moved = runs_of(years, "base"), runs_of(years, "subsidy.rate=0.3")
    gains = [moved[k].run["gmv_paid_fen"] - base[k].run["gmv_paid_fen"] for k in range(3)]
    (row,) = [r for r in rows if r["value"] == 0.3 and r["measure"] == "gmv_paid_fen"]
    found = mean_interval(np.array(gains, float))
    assert (row["difference"], row["standard_error"], row["ci_low"], row["ci_high"]) == found
    assert row["mean"] == np.mean([moved[k].run["gmv_paid_fen"] for k in range(3)])
    assert (row["pairs_count"], row["range_low"], row["range_high"]) == (3, 0.0, 0.3)
    assert row["unit"] == "share of price"


def test_at_its_own_value_a_lever_changes_nothing_exactly() -> None:
    _, rows = simulated(levers=("subsidy.rate", "price.cap"))
    base = [row for row in rows if row["is_base"]]
    assert {(row["lever"], row["value"]) for row in base} == {
        ("subsidy.rate", 0.1),
        ("price.cap", 1.0),
    }
    for name in ("difference", "standard_error", "ci_low", "ci_high"):
        assert {row[name] for row in base} == {0.0}


def test_run_off_counts_in_the_contribution() -> None:
    years, rows = simulated(levers=("subsidy.rate",))
    base, moved = runs_of(years, "base"), runs_of(years, "subsidy.rate=0.3")
    name = "platform_contribution_fen"
    totals = [
        np.mean([y.run[name] + y.run_off[name] for y in one.values()]) for one in (moved, base)
    ]
    (row,) = [r for r in rows if r["value"] == 0.3 and r["measure"] == CONTRIBUTION]
    assert row["mean"] == pytest.approx(totals[0])
    assert row["difference"] == pytest.approx(totals[0] - totals[1])
    _, without = simulated(levers=("subsidy.rate",), run_off_days=0, measures=(name,))
    by_measure = {
        m: [r["mean"] for r in without if r["measure"] == m] for m in (name, CONTRIBUTION)
    }
    assert by_measure[name] == by_measure[CONTRIBUTION]


def test_replications_are_independent_and_worlds_are_not() -> None:
    two = {"name": "two", "worlds": {"as_is": {}, "also": {}}}
    _, rows = simulated(levers=("subsidy.rate",), ensemble=two)
    assert {(row["pairs_count"], row["units_count"]) for row in rows} == {(6, 3)}


def test_one_replication_has_differences_and_no_intervals() -> None:
    _, rows = simulated(levers=("subsidy.rate",), replications=1)
    moved = [row for row in rows if not row["is_base"]]
    assert {row["standard_error"] for row in moved} == {None}
    assert any(row["difference"] for row in moved)


def test_what_is_not_measured_is_refused() -> None:
    check_response(job_of(measures=("gmv_paid_with_run_off_fen", "gini")))
    with pytest.raises(InputError, match="did you mean gmv_paid_fen"):
        check_response(job_of(measures=("gmv_payed_fen",)))
    with pytest.raises(InputError, match="wall_s"):
        check_response(job_of(measures=("wall_s",)))


def test_what_no_year_depends_on_does_not_change_whose_the_folder_is() -> None:
    one = job_of().identity()
    assert (
        one == job_of(levers=("price.cap",), points_count=9, range="full", measures=()).identity()
    )
    assert one != job_of(run_off_days=0).identity()
