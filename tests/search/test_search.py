"""The whole search on a toy with a known front, and what its tables say."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.case import Case, RunResult
from engine.errors import InputError, PoquanError
from engine.results.writer import _table_of_rows
from engine.rng import Purpose, derive_seed
from engine.search import Progress, check_search
from tests.fakes import simulate_fake, small_policy, small_scenario
from tests.search.jobs import SEARCH, run, small_job

X, Y = "subsidy.rate.source", "price.cps_floor"
TOY: dict[str, Any] = {
    "space": {
        "name": "toy",
        "levers": {X: {"low": 0, "high": 0.5}, Y: {"low": 0, "high": 0.5}},
        "trajectory_knots_count": 2,
    },
    "objective": {
        "name": "toy",
        "goals": [
            {"measure": "private_share", "direction": "maximize"},
            {"measure": "hhi", "direction": "minimize"},
        ],
        "constraints": {"reach": {"measure": "brand_share", "at_most": 0.3}},
    },
    "baselines": {"start": small_policy("start", 0.0)},
}


def toy(case: Case) -> RunResult:
    """Maximise x, minimise x² + y with x ≤ 0.3: the front is y = 0, x from 0 to 0.3."""
    start = case.scenario.calendar.start
    x, y = case.policy.subsidy.rate.source.on(start), case.policy.price.cps_floor.on(start)
    year = simulate_fake(case)
    return replace(year, run=year.run | {"private_share": x, "hhi": x * x + y, "brand_share": x})


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_the_front_of_the_toy_is_found(sampler: str, tmp_path: Path) -> None:
    search = SEARCH | {"sampler": sampler, "trials_count": 150, "batch_count": 5}
    job = small_job(**TOY, search=search | {"startup_count": 20, "finalists_count": 6})
    found = run(job, tmp_path, toy)
    front = [row for row in found.frontier if not row["is_baseline"]]
    assert len(front) == 6
    assert all(row["feasible"] and row["on_frontier"] for row in front)
    assert all(row[f"lever.{X}"] <= 0.3 for row in front)
    assert max(row[f"lever.{X}"] for row in front) > 0.2
    late = [row for row in found.trials if row["trial"] >= 100]
    early = [row for row in found.trials if 1 <= row["trial"] <= 20]
    distance = {k: math.fsum(row[f"lever.{Y}"] for row in rows) / len(rows)
                for k, rows in (("late", late), ("early", early))}  # fmt: skip
    assert distance["late"] < 0.7 * distance["early"]


def test_without_a_feasible_trial_the_nearest_is_told(tmp_path: Path) -> None:
    hard = TOY["objective"] | {"constraints": {"far": {"measure": "brand_share", "at_least": 0.9}}}
    found = run(small_job(**TOY | {"objective": hard}), tmp_path, toy)
    tried = [row for row in found.trials if not row["is_baseline"]]
    nearest = max(tried, key=lambda row: row[f"lever.{X}"])
    assert len(found.notes) == 1
    assert "of 14 policies tried, no finalist satisfies" in found.notes[0]
    assert f"{nearest['policy']}, which breaks far" in found.notes[0]
    assert not any(row["feasible"] or row["on_frontier"] for row in found.frontier)
    shown = [row["policy"] for row in found.frontier if not row["is_baseline"]]
    by_distance = sorted(tried, key=lambda row: -row[f"lever.{X}"])
    assert set(shown) == {row["policy"] for row in by_distance[:3]}


def seeds_seen(tmp_path: Path) -> tuple[dict[int, set[tuple[Any, ...]]], list[Case]]:
    cases: list[Case] = []

    def year_of(case: Case) -> RunResult:
        cases.append(case)
        return simulate_fake(case)

    run(small_job(), tmp_path, year_of)
    small = [case for case in cases if case.scale.buyers_count == 50]
    by_trial: dict[int, set[tuple[Any, ...]]] = {}
    for case in small:
        key = (case.world, case.replication, case.run_seed, case.world_seed)
        by_trial.setdefault(case.trial, set()).add(key)
    return by_trial, [case for case in cases if case.scale.buyers_count == 100]


def test_all_trials_meet_the_same_replications_and_finalists_fresh_ones(
    tmp_path: Path,
) -> None:
    by_trial, final = seeds_seen(tmp_path)
    assert sorted(by_trial) == list(range(14))
    expected = {("as_is", r, derive_seed(5, Purpose.REPLICATION, r), 1 + r) for r in (0, 1)}
    assert all(met == expected for met in by_trial.values())
    fresh = {case.run_seed for case in final}
    assert fresh == {derive_seed(5, Purpose.FRESH, r) for r in range(3)}
    assert fresh.isdisjoint({seed for _, _, seed, _ in expected})
    assert {case.world_seed for case in final} == {3, 4, 5}


def test_cheap_trials_have_fewer_buyers_and_all_days(tmp_path: Path) -> None:
    days = set()

    def year_of(case: Case) -> RunResult:
        days.add((case.scale.buyers_count, case.scenario.calendar.n_days))
        return simulate_fake(case)

    run(small_job(), tmp_path, year_of)
    assert days == {(50, 91), (100, 91)}


def test_a_rung_may_see_the_first_worlds_only(tmp_path: Path) -> None:
    worlds = {"name": "two", "worlds": {"as_is": {}, "other": {}}}
    whole = {"population_share": 1.0, "replications": 2}
    few = {"population_share": 0.5, "anchors_share": 0.5, "replications": 2, "worlds_count": 1}
    seen: list[tuple[str, int]] = []
    scales: set[tuple[int, int]] = set()

    def noted(case: Case) -> RunResult:
        seen.append((case.world, case.scale.buyers_count))
        scales.add((case.scale.buyers_count, case.scale.anchors_count))
        return simulate_fake(case)

    job = small_job(ensemble=worlds, search={"rungs": [few, whole]})
    found = run(job, tmp_path, noted)
    assert {world for world, buyers in seen if buyers < job.scale.buyers_count} == {"as_is"}
    assert {world for world, buyers in seen if buyers == job.scale.buyers_count} == {
        "as_is",
        "other",
    }
    whole_scale = job.scale.buyers_count, job.scale.anchors_count
    assert scales == {whole_scale, (whole_scale[0] // 2, whole_scale[1] // 2)}
    assert [row["worlds_count"] for row in found.rungs if row["role"] == "constraint"] == [1, 2]


def test_the_worlds_of_the_ensemble_are_all_simulated(tmp_path: Path) -> None:
    worlds = {"name": "two", "worlds": {"as_is": {}, "twin": {}}}
    found = run(small_job(ensemble=worlds), tmp_path)
    assert {year.labels["world"] for year in found.results} == {"as_is", "twin"}
    assert all(row["runs_count"] == 6 for row in found.frontier)


def test_a_baseline_is_simulated_with_all_its_fields(tmp_path: Path) -> None:
    seen: dict[int, float] = {}

    def year_of(case: Case) -> RunResult:
        seen[case.trial] = case.policy.traffic.exponent.on(case.scenario.calendar.start)
        return simulate_fake(case)

    found = run(small_job(), tmp_path, year_of)
    assert seen[1] == 2.0
    assert {seen[k] for k in range(14) if k != 1} == {1.0}
    rows = found.trials[:2]
    assert [row["policy"] for row in rows] == ["held", "not_held"]
    assert [row["in_space"] for row in rows] == [True, False]
    assert [row["state"] for row in rows] == ["complete", "complete"]
    assert [row["policy"] for row in found.frontier[:2]] == ["held", "not_held"]


def test_failed_trials_are_told_and_the_search_goes_on(tmp_path: Path) -> None:
    def year_of(case: Case) -> RunResult:
        if case.trial in {3, 8}:
            raise ValueError("no such market")
        return simulate_fake(case)

    found = run(small_job(), tmp_path, year_of)
    failed = [row for row in found.trials if row["state"] == "failed"]
    assert [row["trial"] for row in failed] == [3, 8]
    assert all("ValueError: no such market" in row["reason"] for row in failed)
    assert all(row["gmv_paid_fen"] is None and row["feasible"] is None for row in failed)
    assert "2 of 14 trials failed" in found.notes[0]
    assert not {"trial-3", "trial-8"} & {row["policy"] for row in found.frontier}
    _table_of_rows("trials", found.trials)


def test_input_that_the_engine_refuses_ends_the_search(tmp_path: Path) -> None:
    def year_of(case: Case) -> RunResult:
        raise InputError("here", "wrong", "right", "do right")

    with pytest.raises(InputError, match="here: wrong"):
        run(small_job(), tmp_path, year_of)


def test_what_is_not_a_number_is_a_failure(tmp_path: Path) -> None:
    def year_of(case: Case) -> RunResult:
        year = simulate_fake(case)
        return replace(year, run=year.run | {"cost_fen": math.nan}) if case.trial == 4 else year

    found = run(small_job(), tmp_path, year_of)
    assert found.trials[4]["reason"] == "cost_fen is nan, not a number"


def test_if_all_trials_fail_there_is_no_result(tmp_path: Path) -> None:
    def year_of(case: Case) -> RunResult:
        raise ValueError("no such market")

    with pytest.raises(PoquanError, match=r"all 14 trials failed.*no such market"):
        run(small_job(), tmp_path, year_of)


def test_a_finalist_that_fails_on_fresh_replications_is_left_out_and_told(tmp_path: Path) -> None:
    def year_of(case: Case) -> RunResult:
        if case.scale.buyers_count == 100 and case.policy.name == "not_held":
            raise ValueError("too large")
        return simulate_fake(case)

    found = run(small_job(), tmp_path, year_of)
    assert found.notes == ["not_held failed on fresh seeds: ValueError: too large"]
    assert "not_held" not in {row["policy"] for row in found.frontier}


def test_if_all_found_fails_on_fresh_replications_the_baselines_stay(
    tmp_path: Path,
) -> None:
    def year_of(case: Case) -> RunResult:
        if case.scale.buyers_count == 100 and case.trial > 1:
            raise ValueError("too large")
        return simulate_fake(case)

    job = small_job(search={"first_replications": 2, "final_replications": 4})
    found = run(job, tmp_path, year_of)
    assert [row["policy"] for row in found.frontier] == ["held", "not_held"]
    assert len(found.notes) == 3


def test_the_rows_of_the_frontier_say_what_was_found(tmp_path: Path) -> None:
    found = run(small_job(), tmp_path)
    assert [row["is_baseline"] for row in found.frontier] == [True, True, False, False, False]
    base, first = found.frontier[0], found.frontier[2]
    mine, theirs = (
        [year.run["gmv_paid_fen"] for year in found.results if year.labels["policy"] == name]
        for name in (first["policy"], "held")
    )
    gains = [a - b for a, b in zip(mine, theirs, strict=True)]
    assert first["gmv_paid_fen"] == pytest.approx(math.fsum(mine) / 3)
    assert first["gmv_paid_gain_fen"] == pytest.approx(math.fsum(gains) / 3)
    assert first["gmv_paid_gain_fen_ci_low"] < math.fsum(gains) / 3
    assert base["gmv_paid_gain_fen"] is None
    trial = found.trials[first["trial"]]
    assert first["gmv_paid_fen_search"] == trial["gmv_paid_fen"] != first["gmv_paid_fen"]
    assert set(found.policies) == {row["policy"] for row in found.frontier}
    assert found.policies[first["policy"]].name == first["policy"]
    knots = found.policies[first["policy"]].target.knots
    assert [first[f"lever.target.knots.{k:02d}"] for k in range(1, 13)] == pytest.approx(knots)
    _table_of_rows("frontier", found.frontier)
    _table_of_rows("trials", found.trials)


def test_sessions_spent_are_those_simulated(tmp_path: Path) -> None:
    years: list[RunResult] = []

    def year_of(case: Case) -> RunResult:
        years.append(simulate_fake(case))
        return years[-1]

    row = run(small_job(), tmp_path, year_of).trials[0]
    shown = [year for year in years if year.labels["trial"] == 0][:2]
    counted = sum(year.run["sessions_count"] for year in shown)
    assert row["sessions_spent_count"] == pytest.approx(counted * 50 / 100_000_000, abs=1)


def test_binding_names_what_holds_a_policy_back(tmp_path: Path) -> None:
    def year_of(case: Case) -> RunResult:
        year = simulate_fake(case)
        return replace(year, run=year.run | {"budget_spent_share": 0.995, "top10_share": 0.309})

    found = run(small_job(), tmp_path, year_of)
    assert all(row["binding"].startswith("heads, budget spent") for row in found.frontier)


def test_progress_is_told_trial_by_trial_then_year_by_year(tmp_path: Path) -> None:
    heard: list[Progress] = []
    run(small_job(), tmp_path, heard=heard)
    search = [one for one in heard if one.stage == "search"]
    assert [(one.done, one.total) for one in search] == [(k, 14) for k in range(1, 15)]
    assert re.search(r"feasible; highest mean gmv_paid .*, whatever else it does$", search[-1].best)
    final = [one for one in heard if one.stage == "finalists"]
    assert [(one.done, one.total) for one in final] == [(k, 15) for k in range(3, 16, 3)]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"search": {"trials_count": 2}}, "search.trials_count"),
        ({"search": {"sampler": "gp_torch"}}, "search.sampler"),
        ({"search": {"sampler": "cmaes"}}, "search.sampler"),
        (
            {"space": TOY["space"] | {"levers": {"price.cup": {"low": 0, "high": 1}}}},
            "space.levers",
        ),
        (
            {
                "scenario": small_scenario(goal_bn_rmb=0),
                "objective": TOY["objective"]
                | {"constraints": {"goal": {"measure": "target_attained", "at_least": 0.5}}},
            },
            "objective.constraints.goal",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_runs(
    changes: dict[str, Any], where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.search.checked.find_spec", lambda name: None)
    with pytest.raises(InputError) as error:
        check_search(small_job(**changes))
    assert error.value.where.startswith(where)
    with pytest.raises(InputError):
        run(small_job(**changes), tmp_path / "new")
    assert not (tmp_path / "new").exists()
