"""Goals and constraints on a part of the year and on what is left after it."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.case import Case, RunResult
from engine.errors import InputError
from engine.search import check_search
from engine.search.market import _MeasureReader
from engine.spec.worlds import worlds
from engine.units import FEN_PER_BN_RMB
from tests.fakes import simulate_fake, small_case, small_policy
from tests.search.jobs import GOALS, run, small_job

VALUE = "net_present_value_fen"
HALF = "gmv_paid_fen@2020-H1"


def objective(*goals: str, days: int = 0, **constraints: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "o",
        "goals": [{"measure": name, "direction": "maximize"} for name in goals or (VALUE,)],
        "constraints": constraints,
        "horizon_days": days,
    }


def reader(job) -> _MeasureReader:
    return _MeasureReader(job, worlds(job.scenario, job.ensemble))


def test_a_present_value_is_the_discounted_contribution_of_horizon_and_run_off() -> None:
    job = small_job(today="held", discount_per_year=1.0, objective=objective(days=365))
    case = reader(job).followed(small_case())
    assert (case.run_off_days, case.after) == (365, job.baselines["held"])
    days = np.arange(91 + 365, dtype=np.int64) * 1000
    year = replace(simulate_fake(case), valued_days={"platform_contribution_fen": days})
    by_hand = sum(1000 * t * 2.0 ** (-t / 365) for t in range(91 + 365))
    assert reader(job).of(year, VALUE) == pytest.approx(by_hand)


def test_without_days_after_it_the_horizon_counts_from_the_decision_on() -> None:
    decided = {"decision_date": date(2020, 2, 1), "history": small_policy()}
    job = small_job(discount_per_year=1.0, objective=objective(), **decided)
    year = simulate_fake(small_case())
    paid = year.daily["platform_contribution_fen"]
    by_hand = sum(int(fen) * 2.0 ** (-max(t - 31, 0) / 365) for t, fen in enumerate(paid))
    assert reader(job).of(year, VALUE) == pytest.approx(by_hand)
    case = small_case()
    assert reader(job).followed(case) is case


def test_other_measures_are_those_of_the_year() -> None:
    year = simulate_fake(small_case())
    found = reader(small_job())
    assert found.of(year, "gini") == year.run["gini"]
    assert not found.needs_days
    assert found.of(year, "gmv_paid_fen@2020-Q1") == year.run["gmv_paid_fen"]


def test_a_search_holds_a_limit_on_a_month_and_shows_it(tmp_path: Path) -> None:
    asked = {"measure": "gmv_paid_fen@2020-02", "at_least": "88 bn RMB"}
    job = small_job(
        objective={"name": "o", "goals": GOALS, "constraints": {"february": asked}},
    )
    outcome = run(job, tmp_path)
    name = asked["measure"]
    for row in outcome.frontier:
        own = [y for y in outcome.results if y.labels["policy"] == row["policy"]]
        sums = [y.daily["gmv_paid_fen"][31:60].sum() for y in own]
        assert row[name] == pytest.approx(np.mean(sums))
        assert row["feasible"] == (np.mean(sums) >= 88 * FEN_PER_BN_RMB)
        assert {f"{name}_se", f"{name}_ci_low", f"{name}_search"} <= set(row)
    assert {row["feasible"] for row in outcome.frontier} == {True, False}
    assert all(name in row for row in outcome.trials)


def test_a_search_for_present_value_lets_years_run_on_and_goes_on_as_it_began(
    tmp_path: Path,
) -> None:
    seen: list[Case] = []

    def year_of(case: Case) -> RunResult:
        seen.append(case)
        return simulate_fake(case)

    job = small_job(today="held", objective=objective("gmv_paid_fen", VALUE, days=90))
    outcome = run(job, tmp_path, year_of)
    assert {case.run_off_days for case in seen} == {90}
    assert {case.after.name for case in seen if case.after} == {"anything"}
    values = {row["policy"]: row[VALUE] for row in outcome.frontier}
    assert all(np.isfinite(list(values.values())))
    assert values["held"] != values["not_held"]
    count = len(seen)
    again = run(job, tmp_path, year_of)
    assert len(seen) == count  # everything was kept
    assert again.frontier == outcome.frontier


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"objective": objective(HALF)}, "needs the days from 2020-01-01 to 2020-06-30"),
        ({"objective": objective("gini@2020-02")}, "gini does not add up over days"),
        ({"objective": objective("gmv_paid_fen@Feb")}, "'Feb' is no period"),
        ({"objective": objective("gmv_payed_fen@2020-02")}, "did you mean gmv_paid_fen"),
        (
            {"objective": objective("gini", days=90), "today": "held"},
            "no goal or constraint counts",
        ),
        ({"objective": objective(days=90)}, "today names no policy"),
    ],
)
def test_what_the_days_do_not_hold_is_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what) as error:
        check_search(small_job(**changes))
    assert error.value.where.startswith("objective")


def test_a_study_is_another_where_its_present_value_is() -> None:
    plain = {"today": "held"}
    value = plain | {"objective": objective(days=90)}
    assert (
        small_job(**plain, discount_per_year=0.2).identity()
        == small_job(**plain | {"today": "not_held"}, discount_per_year=0.1).identity()
    )
    known = small_job(**value).identity()
    assert small_job(**value, discount_per_year=0.2).identity() != known
    assert small_job(**value | {"today": "not_held"}).identity() != known
    assert small_job(**value, run_off=(90,)).identity() == known
