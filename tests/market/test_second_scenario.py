"""A market that is not the one the model began with passes the same tests on its own figures."""

import csv
import re

import numpy as np
import pytest

from engine.calibrate import read_figures
from engine.calibrate.run_reader import RunReader
from engine.calibrate.targets import CalibrationTarget, match_figures
from engine.cases import cases
from engine.checks import check_job
from engine.market.run import simulate
from engine.spec.worlds import worlds
from tests.market.test_facts import numbers_with_comments
from tests.properties.test_invariants import Watch
from tests.properties.test_stress import check_run
from tests.show_facts import calibration
from tests.worlds import CONF, case, job

NAME = "pinduoduo_2019"
FIGURES = CONF / "observed" / f"{NAME}.csv"
POLICIES = ("pinduoduo_before", "pinduoduo_today", "pinduoduo_2019", "ten_billion")
INPUTS = {"subsidy_fen"}
"""Keys of rows with role check that what is asked of the platform gives: bounds, no forecasts."""


def targets() -> tuple[list[CalibrationTarget], int]:
    asked = calibration(NAME)
    figures = read_figures(str(FIGURES), asked.fit.tolerance)
    found, unmodelled = match_figures(figures, asked.scenario.calendar, asked.fit, asked.probes)
    told = {(one.key, one.period) for one in found}
    told |= {(figure.key, figure.period) for figure, _ in unmodelled}
    assert told >= {(figure.key, figure.period) for figure in figures}
    return found, len(figures)


def test_every_number_names_its_unit_and_its_source():
    with FIGURES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keys = {row["key"] for row in rows}
    assert all(row["source_title"] and row["source_address"] for row in rows)
    checked = numbers_with_comments(NAME)
    assert len(checked) > 150
    for number, code, comment in checked:
        unit, bar, source = comment.partition("|")
        where = f"line {number}: {code.strip()}"
        assert bar, where
        assert unit.strip(), where
        assert re.search(r"assumption|fitted|observed: |seasonality", source), where
        for key in re.findall(r"observed: (\w+(?:\(\w+\))?)", source):
            assert key in keys, f"{where}: {key} is not among the observed figures"


def test_its_scorecard_holds_figures_that_are_no_input():
    found, _ = targets()
    scored = {(one.key, one.period) for one in found
              if one.role == "check" and one.key not in INPUTS}  # fmt: skip
    assert scored >= {("gmv", "Q3 2019"), ("gmv", "2019"), ("orders", "2019"),
                      ("active_buyers", "Q4 2019"), ("buyer_spend", "2019"),
                      ("ads_fen", "2019")}  # fmt: skip
    assert not any(one.measure.is_input for one in found if one.role == "check")


def test_no_event_of_the_other_market_is_left():
    scenario = job(f"scenario={NAME}", f"policy={NAME}").scenario
    calendar = scenario.calendar
    assert calendar.absences == calendar.trial_streams == ()
    assert list(scenario.size_notes()) == []
    named = " ".join(one.name for one in (*calendar.festivals, *calendar.rival_campaigns))
    assert not re.search("616|116|brand festival|super brand", named)
    assert str(scenario.suppliers.partner_date) == "2019-06-01"


@pytest.mark.parametrize("policy", POLICIES)
def test_its_policies_are_taken(policy):
    check_job(job(f"scenario={NAME}", f"policy={policy}", f"ensemble={NAME}"))


def test_its_worlds_are_its_own():
    asked = job(f"scenario={NAME}", f"policy={NAME}", f"ensemble={NAME}")
    found = worlds(asked.scenario, asked.ensemble)
    assert len(found) >= 3
    assert next(iter(found.values())).choice == asked.scenario.choice  # the best is the scenario


@pytest.mark.parametrize("policy", ["pinduoduo_before", "ten_billion"])
def test_money_stock_and_purses_hold_in_every_slot(policy):
    asked = case(f"scenario={NAME}", f"policy={policy}", "scale.buyers_count=500", days=4)
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(asked, patch)
        for _ in range(4):
            watch.market.run_day()
    assert watch.coupons[0] > 0
    check_run(asked)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_fitted_figure_is_met_within_its_doubt():
    """At the size and effort of its calibration, on fresh seeds: within three deviations."""
    found, _ = targets()
    asked = calibration(NAME, "scale=smoke", "replications=3", "probes.dates=[]")
    years = [
        RunReader(one.scenario, simulate(one), asked.probes) for one in cases(asked, [asked.policy])
    ]
    off = {}
    for target in found:
        if target.role != "fit" or target.measure.probe or target.observed is None:
            continue
        seen = np.mean([target.measure.read(year, target.days) for year in years])
        doubt = (target.sd**2 + (target.discrepancy * target.observed) ** 2) ** 0.5
        miss = (seen - target.observed) / doubt
        beyond = max(-target.bound * miss, 0.0) if target.bound else abs(miss)
        off[target.key, target.period] = beyond
    assert len(off) >= 8
    assert max(off.values()) <= 4.0, off
    assert np.mean(np.array(list(off.values())) <= 3.0) >= 0.8, off
