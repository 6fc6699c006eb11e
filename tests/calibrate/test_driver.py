"""The whole calibration, on a market of a few formulas."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from engine.calibrate import UnknownSpace
from engine.calibrate.driver import INERT, NO_POINT
from engine.calibrate.identify import identified
from engine.config import dump
from engine.errors import InputError
from engine.spec.jobs import Ensemble
from engine.spec.worlds import worlds
from tests.calibrate.market import NOTHING, TREE, TRUTH, calibrated, job, simulate, table


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory):
    told, place = job(), tmp_path_factory.mktemp("observed")
    unmodelled = ["unmodelled,jack_ma_retires,Sep 2019,1,event,high"]
    return told, calibrated(told, table(place, told, unmodelled), place)


def kept_values(outcome) -> dict[str, list[float]]:
    points = {row["point"]: row for row in outcome.rows if row["kept"]}
    return {name: [row[f"unknown.{name}"] for row in points.values()] for name in [*TRUTH, NOTHING]}


def test_the_truth_lies_within_the_stated_intervals(found) -> None:
    told, outcome = found
    assert outcome.any_plausible
    ranges = {name: limits.model_dump() for name, limits in told.unknowns.ranges.items()}
    stated = {one.name: one for one in identified(kept_values(outcome), ranges)}
    for name, value in TRUTH.items():
        assert stated[name].kept_low <= value <= stated[name].kept_high, name


def test_what_the_figures_show_is_pinned_down_and_what_they_do_not_is_not(found) -> None:
    told, outcome = found
    ranges = {name: limits.model_dump() for name, limits in told.unknowns.ranges.items()}
    ratio = {one.name: one.ratio for one in identified(kept_values(outcome), ranges)}
    assert ratio["choice.outside"] < 0.4
    assert ratio[NOTHING] > 0.7


def test_later_waves_miss_less(found) -> None:
    _, outcome = found
    sample = outcome.sample
    first, last = (np.median(sample.score[sample.wave == wave]) for wave in (1, 3))
    assert last < first / 2


@pytest.mark.parametrize(("count", "worlds"), [("1", {1}), ("2", {1, 2}), ("null", {3, 4, 5})])
def test_the_best_points_are_run_again_on_seeds_that_did_not_choose_them(
    count: str, worlds: set[int], tmp_path: Path
) -> None:
    small = ("fit.confirmed_count=5", "fit.confirmed_replications=3", f"populations_count={count}")
    told, seen, places = job(*small), [], []

    def year_of(case):
        seen.append(case.run_seed)
        places.append(case.world_seed)
        return simulate(case)

    outcome = calibrated(told, table(tmp_path, told), tmp_path, year_of)
    waves, again = seen[: 3 * 24 * 2], seen[3 * 24 * 2 :]
    assert len(again) == 5 * 3
    assert len(set(again)) == 3
    assert not set(again) & set(waves)
    assert set(places[len(waves) :]) == worlds
    by_point = {row["point"]: row for row in outcome.rows}
    confirmed = {point for point, row in by_point.items() if row["confirmed"]}
    assert len(confirmed) == 5
    assert {point for point, row in by_point.items() if row["plausible"]} <= confirmed
    (best,) = (row for row in by_point.values() if row["best"])
    assert best["score"] == min(by_point[point]["score"] for point in confirmed)


def test_a_check_row_changes_nothing_of_the_fit(tmp_path: Path, found) -> None:
    told, outcome = found
    other = calibrated(told, table(tmp_path, told, gmv_Q3=3.0), tmp_path)
    assert other.sample.points == outcome.sample.points
    assert other.best == outcome.best
    assert other.ensemble == outcome.ensemble
    checks = [
        next(row for row in one.rows if row["role"] == "check" and row["best"])
        for one in (outcome, other)
    ]
    assert checks[0]["simulated"] == checks[1]["simulated"]
    assert checks[1]["observed"] == pytest.approx(3 * checks[0]["observed"])
    for name in ("worst_miss", "second_worst_miss", "score", "plausible", "kept"):
        assert checks[0][name] == checks[1][name]


def test_a_row_to_fit_changes_the_fit(tmp_path: Path, found) -> None:
    told, outcome = found
    other = calibrated(told, table(tmp_path, told, order_value_Q2=0.85), tmp_path)
    name = "suppliers.source.price_rmb"
    assert other.best[name] < 0.95 * outcome.best[name]


def test_without_a_plausible_point_the_least_bad_stand_in_and_it_is_told(tmp_path: Path) -> None:
    told = job()
    outcome = calibrated(told, table(tmp_path, told, gmv_Q1=3.0), tmp_path)
    assert not outcome.any_plausible
    assert not any(row["plausible"] for row in outcome.rows)
    assert len({row["point"] for row in outcome.rows if row["kept"]}) == told.fit.ensemble_count


def test_the_worst_and_the_second_worst_miss_stand_beside_the_sum(found) -> None:
    _, outcome = found
    sample = outcome.sample
    row = next(row for row in outcome.rows if row["point"] == 3)
    misses = sorted(
        abs(one["miss"])
        for one in outcome.rows
        if one["point"] == 3 and one["role"] == "fit" and one["note"] != INERT
    )
    assert row["worst_miss"] == misses[-1] >= row["second_worst_miss"] == misses[-2]
    mean_square = np.mean(np.square(misses))
    assert sample.score[3] == pytest.approx(misses[-1] + mean_square**0.5)


def test_what_is_not_modelled_is_listed_with_a_reason(found) -> None:
    _, outcome = found
    (row,) = (row for row in outcome.rows if row["point"] == NO_POINT)
    assert row["key"] == "jack_ma_retires"
    assert row["note"] == "the model has no such measure"


def test_the_last_quarter_is_forecast(found) -> None:
    _, outcome = found
    forecast = [row for row in outcome.rows if row["role"] == "forecast"]
    assert {(row["key"], row["period"]) for row in forecast} == {("gmv", "Q4 2020")}
    assert all(row["observed"] is None and row["simulated"] > 0 for row in forecast)
    kept = [row["simulated"] for row in forecast if row["kept"]]
    assert len(kept) >= 10
    for row in forecast:
        assert row["kept_low"] == pytest.approx(np.quantile(kept, 0.1))
        assert row["kept_high"] == pytest.approx(np.quantile(kept, 0.9))


def test_the_ensemble_is_one_that_every_command_takes(found) -> None:
    told, outcome = found
    again = Ensemble.model_validate(yaml.safe_load(dump(outcome.ensemble)))
    assert again == outcome.ensemble
    named = worlds(told.scenario, again)
    assert len(named) == told.fit.ensemble_count
    best = named[next(iter(named))]
    assert best.choice.outside == outcome.best["choice.outside"]
    assert best.platform.take_share.partner == outcome.best["platform.take_share"]


def test_a_target_that_no_unknown_moves_rules_nothing_out(tmp_path: Path) -> None:
    told = job()
    wrong = ["fit,tier12_share,mid 2020,90,%,high"]
    outcome = calibrated(told, table(tmp_path, told, wrong), tmp_path)
    assert outcome.any_plausible
    rows = [row for row in outcome.rows if row["key"] == "tier12_share"]
    assert {row["note"] for row in rows} == {INERT}
    assert all(abs(row["miss"]) > 3 for row in rows)


def test_one_kept_point_pins_nothing_down() -> None:
    ranges = {"a": {"low": 0.0, "high": 1.0}}
    assert np.isnan(identified({"a": [0.4]}, ranges)[0].ratio)


def test_unknowns_that_move_nothing_are_refused(tmp_path: Path) -> None:
    told = job(unknowns={"learning": TREE["learning"]})
    figures = table(tmp_path, job())
    with pytest.raises(InputError, match="none of them moves a figure"):
        calibrated(told, figures, tmp_path)


def test_where_the_scenario_stands_in_the_box_changes_nothing(tmp_path: Path, found) -> None:
    told, outcome = found
    elsewhere = UnknownSpace(told.unknowns.ranges, told.scenario).scenario(
        outcome.best, "kuaishou_2020"
    )
    moved = told.model_copy(update={"scenario": elsewhere})
    unmodelled = ["unmodelled,jack_ma_retires,Sep 2019,1,event,high"]
    again = calibrated(moved, table(tmp_path, told, unmodelled), tmp_path)
    assert again.rows == outcome.rows
    assert again.scenario == outcome.scenario


def test_the_seed_names_the_points(tmp_path: Path, found) -> None:
    _, outcome = found
    other = job("seed=2", "fit.waves_count=1")
    points = calibrated(other, table(tmp_path, other), tmp_path).sample.points
    assert points[0] != outcome.sample.points[0]


def test_every_point_is_judged_over_the_same_populations(tmp_path: Path) -> None:
    from engine.calibrate.waves import CalibrationPlan, _point_cases

    told = job()
    plan = CalibrationPlan(told, UnknownSpace(told.unknowns.ranges, told.scenario), ())
    points = plan.space.values(np.full((2, 5), 0.5))
    assert [case.world_seed for case in _point_cases(plan, points)] == [1, 2, 1, 2]
    one = plan._replace(job=told.model_copy(update={"populations_count": 1}))
    assert {case.world_seed for case in _point_cases(one, points)} == {told.world_seed}


def test_a_key_of_the_past_is_refused_with_what_is_known() -> None:
    with pytest.raises(InputError, match="redraw_worlds: unknown key"):
        job("+redraw_worlds=true")


def test_the_worlds_of_the_ensemble_have_populations_of_their_own(found) -> None:
    told, outcome = found
    seeds = [world["world_seed"] for world in outcome.ensemble.worlds.values()]
    assert seeds == [1001 + 1000 * k for k in range(len(seeds))]
    assert len(worlds(told.scenario, outcome.ensemble)) == len(seeds)


def test_as_many_years_run_at_once_as_there_are_points_and_replications(monkeypatch) -> None:
    from engine.checks import check_job
    from engine.compute import machine

    monkeypatch.setattr(machine, "available_bytes", lambda: 6 * 2000 * machine.BYTES_PER_BUYER)
    with pytest.raises(InputError, match="2,000 buyers in 8 runs at once"):
        check_job(job("replications=1", "ray.backend=ray", "ray.workers_count=8"))
