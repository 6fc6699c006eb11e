"""What is typed takes the place of what the files say, dates and emptied groups included."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.spec.study import Job, OptimizeJob, SimulateJob
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
    one, other = jobs_of("simulate", SimulateJob, "-m", "seed=1,2", LATE)
    assert steps(one) == steps(other) == STEPS
    other_value = "{2020-01-01:0.3,2020-02-01:0.4}"
    one, other = jobs_of("simulate", SimulateJob, "-m", f"{LATE},{other_value}")
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
