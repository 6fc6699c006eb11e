"""What is typed takes the place of what the files say, dates and emptied groups included."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.spec.jobs import Job, SimulateJob
from engine.spec.optimize import OptimizeJob
from experiments._app import app

LEVER = "policy.supply.closed_loop"
LATE = f"{LEVER}={{2020-01-01:0,2020-06-16:0.1}}"
STEPS = ((date(2020, 1, 1), 0.0), (date(2020, 6, 16), 0.1))


@pytest.fixture
def jobs_of(type_in):
    def jobs(command: str, kind: type[Job], *words: str) -> list[Any]:
        found: list[Any] = []

        def note(job: Job, folder: Path, config: dict) -> None:
            found.append(job)

        note.__name__ = command
        ended = type_in(command, *words, main=app(note, kind))
        assert ended.status == 0, ended.err
        return found

    return jobs


def steps(job: SimulateJob) -> tuple[tuple[date, float], ...]:
    return job.policy.supply.closed_loop.steps


def test_dates_typed_replace_dates_of_the_file(jobs_of) -> None:
    (job,) = jobs_of("simulate", SimulateJob, LATE)
    assert steps(job) == STEPS


def test_dates_typed_replace_dates_in_every_job_of_a_sweep(jobs_of) -> None:
    one, other = jobs_of("simulate", SimulateJob, "-m", "seed=1,2", LATE, "hydra.sweep.dir=seeds")
    assert steps(one) == steps(other) == STEPS
    other_value = "{2020-01-01:0.3,2020-02-01:0.4}"
    words = ("-m", f"{LATE},{other_value}", "hydra.sweep.dir=values")
    one, other = jobs_of("simulate", SimulateJob, *words)
    assert steps(one) == STEPS
    assert steps(other) == ((date(2020, 1, 1), 0.3), (date(2020, 2, 1), 0.4))


def test_dates_of_a_policy_replace_those_it_builds_on(jobs_of, place: Path) -> None:
    (place / "mine" / "policy").mkdir(parents=True)
    (place / "mine" / "policy" / "late.yaml").write_text(
        "defaults: [h1_2020, _self_]\nname: late\n"
        "supply: {closed_loop: {2020-01-01: 0, 2020-06-16: 0.1}}\n"
    )
    (job,) = jobs_of("simulate", SimulateJob, "--config-dir", "mine", "policy=late")
    assert steps(job) == STEPS
    assert job.policy.supply.library_open.waist.steps[1] == (date(2020, 5, 1), 0.8)  # inherited


def test_a_number_typed_replaces_dates_and_dates_a_number(jobs_of) -> None:
    (job,) = jobs_of("simulate", SimulateJob, f"{LEVER}=0.3", "policy.price.cap={2020-01-01:0.7}")
    assert [value for _, value in steps(job)] == [0.3]
    assert job.policy.price.cap.steps == ((date(2020, 1, 1), 0.7),)


def test_an_empty_mapping_empties(jobs_of) -> None:
    (job,) = jobs_of("optimize", OptimizeJob, "space.levers={}")
    assert job.space.levers == {}


def test_a_lever_left_out_of_the_space_takes_a_value(jobs_of) -> None:
    from experiments.optimize import check

    words = ("~space.levers.price.cap", "policy.price.cap=0.9")
    (job,) = jobs_of("optimize", OptimizeJob, *words)
    check(job, words)
    assert "price.cap" not in job.space.levers
    assert "price.cps_floor" in job.space.levers
    assert job.policy.price.cap.steps[0][1] == 0.9


def test_the_last_of_two_dated_values_typed_holds(jobs_of) -> None:
    (job,) = jobs_of("simulate", SimulateJob, f"{LEVER}={{2020-03-01:0.2}}", LATE)
    assert steps(job) == STEPS


def test_dates_within_a_group_replace_dates_and_leave_its_other_levers(jobs_of) -> None:
    (before,) = jobs_of("simulate", SimulateJob)
    words = "policy.supply={closed_loop:{2020-01-01:0, 2020-06-16 : 0.1},recruiting:0.5}"
    (job,) = jobs_of("simulate", SimulateJob, words)
    assert steps(job) == STEPS
    assert job.policy.supply.recruiting.steps[0][1] == 0.5
    assert job.policy.supply.library_open == before.policy.supply.library_open


def test_what_cfg_shows_can_be_typed_and_written_back(type_in, jobs_of, place: Path) -> None:
    shown = type_in("simulate", "--cfg", "job", LATE).out
    (line,) = (line.strip() for line in shown.splitlines() if "closed_loop: '{" in line)
    value = line.removeprefix("closed_loop: ")
    assert value == "'{2020-01-01: 0, 2020-06-16: 0.1}'"
    for typed in (value, value.strip("'")):  # as it stands, and as a shell gives it
        (job,) = jobs_of("simulate", SimulateJob, f"{LEVER}={typed}")
        assert steps(job) == STEPS
    (place / "mine" / "policy").mkdir(parents=True)
    (place / "mine" / "policy" / "late.yaml").write_text(
        f"defaults: [h1_2020, _self_]\nname: late\nsupply: {{closed_loop: {value}}}\n"
    )
    for flag in (["--config-dir", "mine"], ["--config-dir=mine"], ["-cd", "mine"]):
        (job,) = jobs_of("simulate", SimulateJob, *flag, "policy=late")
        assert steps(job) == STEPS


def test_a_sweep_and_a_mapping_within_another_empty_as_well(jobs_of) -> None:
    found = jobs_of("optimize", OptimizeJob, "-m", "seed=1,2", "space.levers={}")
    assert [job.space.levers for job in found] == [{}, {}]
    (job,) = jobs_of("optimize", OptimizeJob, "space={levers:{},name:none}")
    assert (job.space.levers, job.space.name) == ({}, "none")


def test_an_interpolation_may_stand_at_a_date(jobs_of) -> None:
    words = f"{LEVER}={{2020-01-01:0,2020-06-16:${{policy.price.cps_floor}}}}"
    (job,) = jobs_of("simulate", SimulateJob, words, "policy.price.cps_floor=0.1")
    assert steps(job) == STEPS
