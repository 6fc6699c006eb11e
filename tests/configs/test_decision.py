"""A decision needs a history and a day of the horizon, and is told of in a note."""

import pytest
from hydra import compose, initialize_config_dir

from engine.checks import check_job
from engine.config import load
from engine.errors import PoquanError
from engine.horizon import horizon_notes
from engine.spec.calibration import CalibrateJob
from engine.spec.jobs import CompareJob, Job, SimulateJob
from engine.spec.optimize import OptimizeJob
from engine.spec.sensitivity import SensitivityJob
from tests.worlds import CONF

JOBS = {
    "simulate": SimulateJob,
    "compare": CompareJob,
    "sensitivity": SensitivityJob,
    "optimize": OptimizeJob,
    "replan": OptimizeJob,
    "calibrate": CalibrateJob,
}
DECIDED = ("policy@history=h1_2020", "decision_date=2020-06-01")


def made(command: str, *overrides: str) -> Job:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose(command, ["scale=smoke", *overrides]), JOBS[command])


@pytest.mark.parametrize("command", ["simulate", "compare", "sensitivity", "optimize", "replan"])
def test_a_decision_within_the_horizon_is_taken(command):
    job = made(command, *DECIDED)
    check_job(job)
    assert any("take over on 2020-06-01" in note for note in horizon_notes(job))
    assert not any("has no day" in note for note in horizon_notes(job))


def test_targets_are_those_of_the_decisions_year():
    whole = made("optimize")
    longer = made("optimize", "scenario.calendar.end=2021-03-31")
    later = made("optimize", "scenario.calendar.end=2021-12-31", "decision_date=2021-02-01")
    assert (whole.reached_measure, whole.target_year) == ("gmv_paid_fen", 2020)
    assert longer.reached_measure == "gmv_paid_cumulative_fen@2020"
    assert later.reached_measure == "gmv_paid_cumulative_fen@2021"
    assert any("is asked of 2021" in note for note in horizon_notes(later))
    assert not any("is asked of" in note for note in horizon_notes(longer))
    assert not any("are priced for" in note for note in horizon_notes(whole))
    assert any("priced for 2020: GMV until its end" in note for note in horizon_notes(longer))


@pytest.mark.parametrize(
    ("command", "overrides", "words"),
    [
        ("simulate", ("decision_date=2020-06-01",), "no policy is named that was in force"),
        ("simulate", (DECIDED[0], "decision_date=2021-02-01"), "outside the horizon of the world"),
        (
            "compare",
            (
                *DECIDED,
                "scenario.calendar.first_day=2020-01-01",
                "scenario.calendar.start=2020-07-01",
            ),
            "outside the horizon of the world",
        ),
        ("calibrate", DECIDED, "nothing is decided within a year that is calibrated"),
    ],
)
def test_a_decision_that_cannot_be_taken_is_refused(command, overrides, words):
    with pytest.raises(PoquanError, match=words):
        check_job(made(command, *overrides))


def test_a_policy_needs_values_only_from_the_decision_on():
    late = "policy.price.cap={2020-06-01:0.9,2020-09-01:0.8}"
    check_job(made("simulate", *DECIDED, late))
    with pytest.raises(PoquanError, match="nothing says what holds before"):
        check_job(made("simulate", late))
    with pytest.raises(PoquanError, match="a first date of 2020-06-01 or earlier"):
        check_job(made("simulate", *DECIDED, "policy.price.cap={2020-06-02:0.9}"))


def test_a_space_needs_dates_only_from_the_decision_on():
    dated = "+space.levers.price.cap.dates=[2020-06-01,2020-09-01]"
    check_job(made("optimize", *DECIDED, dated))
    with pytest.raises(PoquanError, match="nothing says what holds before"):
        check_job(made("optimize", "question=year_2020", dated))
