"""What lies outside the horizon is named, and what would do nothing is refused."""

import pytest
from hydra import compose, initialize_config_dir

from engine.checks import check_job
from engine.config import load
from engine.errors import CombinedInputError
from engine.horizon import horizon_notes
from engine.spec.optimize import OptimizeJob
from tests.worlds import CONF, job


def notes(*overrides: str) -> str:
    return "; ".join(horizon_notes(job("scale=smoke", *overrides)))


def test_a_whole_year_needs_no_note():
    assert notes() == ""


def test_a_half_year_names_what_it_does_not_reach():
    told = notes("scenario.calendar.end=2020-05-31")
    for name in ("616 shopping festival (06-12)", "the return of anchor 0", "ends on 2020-05-31",
                 "policy.target.revisions of 2020-06-01", "goal of 250 bn RMB"):  # fmt: skip
        assert name in told, name
    assert "March" not in told
    assert "2020-03-01" not in told


def test_a_late_start_says_what_holds_before_it():
    late = "scenario.calendar.start=2020-10-01"
    assert "from 2020-01-01 until then the policy itself" in notes(late)
    assert "policy 'laissez_faire' is in force" in notes(late, "policy@history=laissez_faire")
    assert "has no day" in notes("policy@history=laissez_faire")
    assert "that year's sales, those before 2020-10-01 included" in notes(late)


def test_a_second_year_does_not_count_for_the_goal():
    told = notes("scenario.calendar.end=2021-12-31")
    assert "against that year's sales alone" in told
    assert "included" not in told


def test_the_year_after_has_its_festivals_and_no_goal():
    told = notes("scenario.calendar.start=2021-01-01", "scenario.calendar.end=2021-12-31")
    assert "festival" not in told
    assert "no day of the horizon counts" in told
    assert "no more buyers and anchors arrive" in told


def test_events_of_another_year_are_named():
    told = notes("scenario.calendar.festivals=[{name: old, start: 2019-06-01, end: 2019-06-02,"
                 " traffic: 1, attention: 1, plan: true}]")  # fmt: skip
    assert "old (2019-06-01)" in told


def test_an_exit_before_the_scenario_begins_is_named():
    began = ("scenario.calendar.first_day=null", "policy=laissez_faire")
    assert "exit of anchor 0" in notes(*began, "scenario.calendar.start=2020-06-14")
    assert "exit of anchor 0" not in notes(*began, "scenario.calendar.start=2020-06-13")


@pytest.mark.parametrize("measure", ["target_attained", "attainment_share"])
def test_a_search_for_a_goal_of_another_year_is_refused(measure):
    dates = ("scenario.calendar.start=2021-01-01", "scenario.calendar.end=2021-12-31")
    goals = f"objective.goals=[{{measure: {measure}, direction: maximize}}]"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        asked = load(compose("optimize", [*dates, goals]), OptimizeJob)
    with pytest.raises(CombinedInputError, match="goal of 2020"):
        check_job(asked)
