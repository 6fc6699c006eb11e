"""A search is a function of its job: not of kills, resumes, workers or back ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.case import Case, RunResult
from engine.compute import open_pool
from engine.errors import InputError, StorageError
from engine.search import optimize
from engine.spec.optimize import OptimizeJob
from tests.fakes import Stopped, simulate_fake, stop, stopping_at
from tests.search.jobs import CONSTRAINTS, GOALS, results, run, small_job

ROOT = Path(__file__).resolve().parents[2]
SAMPLERS = ["tpe", "nsga2", "nsga3", "cmaes", "qmc", "gp", "random"]


def job_of(sampler: str, **search: int) -> OptimizeJob:
    if sampler == "cmaes":  # it has one goal
        one = {"name": "one", "goals": GOALS[:1], "constraints": CONSTRAINTS}
        return small_job(objective=one, search={"sampler": sampler, **search})
    return small_job(search={"sampler": sampler, **search})


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_stopped_at_any_year_and_resumed_is_as_never_stopped(sampler: str, tmp_path: Path) -> None:
    job = job_of(sampler)
    whole = results(run(job, tmp_path / "whole"))
    years = job.search.trials_count * job.search.rungs[0].replications
    for year in range(0, years, 3):
        folder = tmp_path / str(year)
        with pytest.raises(Stopped):
            run(job, folder, stopping_at(year, stop))
        assert results(run(job, folder)) == whole, f"stopped at year {year}"


CHILD = """
import os, signal, sys
from pathlib import Path
from tests.search.jobs import run
from tests.search.test_resume import job_of, stopping_at

kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
run(job_of(sys.argv[2]), Path(sys.argv[1]), stopping_at(int(sys.argv[3]), kill))
"""


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_killed_twice_and_resumed_is_as_uninterrupted(sampler: str, tmp_path: Path) -> None:
    job = job_of(sampler)
    for year in (9, 8):
        child = [sys.executable, "-c", CHILD, str(tmp_path / "killed"), sampler, str(year)]
        done = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
    resumed = run(job, tmp_path / "killed")
    assert results(resumed) == results(run(job, tmp_path / "whole"))


def cases_of(job: OptimizeJob, folder: Path) -> list[Case]:
    """The years that a search in `folder` still simulates."""
    asked: list[Case] = []

    def year_of(case: Case) -> RunResult:
        asked.append(case)
        return simulate_fake(case)

    run(job, folder, year_of)
    return asked


def test_segments_and_anchors_of_finalists_are_read_back(tmp_path: Path) -> None:
    whole = run(small_job(), tmp_path)
    name = whole.frontier[0]["policy"]
    found = {year.labels["replication"]: year for year in whole.detailed_results(name)}
    kept = {y.labels["replication"]: y for y in whole.results if y.labels["policy"] == name}
    assert found.keys() == kept.keys()
    for replication, year in found.items():
        assert kept[replication].segments == kept[replication].anchors == {}
        assert year.segments["gmv_fen"].sum() == year.daily["gmv_fen"].sum()
        assert year.anchors["fans_count"].size
    again = run(small_job(), tmp_path)  # nothing is simulated anew
    assert [y.labels for y in again.detailed_results(name)] == [y.labels for y in found.values()]


def test_a_finished_search_simulates_nothing_again_and_ends_alike(tmp_path: Path) -> None:
    job = job_of("tpe")
    whole = run(job, tmp_path)
    assert cases_of(job, tmp_path) == []
    again = run(job, tmp_path)
    assert [year.run for year in again.results] == [year.run for year in whole.results]
    for ours, theirs in zip(again.results, whole.results, strict=True):
        assert {name: values.tobytes() for name, values in ours.daily.items()} == {
            name: values.tobytes() for name, values in theirs.daily.items()
        }


def test_finalists_that_finished_before_a_kill_are_kept(tmp_path: Path) -> None:
    job = job_of("tpe")
    whole = results(run(job, tmp_path / "whole"))
    cheap = job.search.trials_count * job.search.rungs[0].replications
    with pytest.raises(Stopped):  # in the third of five finalists
        run(job, tmp_path / "killed", stopping_at(cheap + 7, stop))
    assert len(list((tmp_path / "killed" / "finalists").iterdir())) == 2
    assert len(cases_of(job, tmp_path / "killed")) == 3 * job.search.final_replications
    assert results(run(job, tmp_path / "killed")) == whole


def test_finalists_of_fewer_replications_or_torn_ones_are_simulated_again(tmp_path: Path) -> None:
    run(job_of("tpe", final_replications=2), tmp_path)
    assert len(cases_of(job_of("tpe"), tmp_path)) == 15
    torn = next((tmp_path / "finalists").glob("*-to-3.runs"))
    torn.write_bytes(torn.read_bytes()[:-30])
    assert len(cases_of(job_of("tpe"), tmp_path)) == 3


LADDER = {
    "rungs": [{"population_share": share, "replications": 2} for share in (0.2, 0.5, 1.0)],
    "first_replications": 2,
    "final_replications": 5,
}


def test_a_search_with_rungs_and_halving_survives_stops_and_grows(tmp_path: Path) -> None:
    job = small_job(search=LADDER)
    whole = run(job, tmp_path / "whole")
    assert len({row["rung"] for row in whole.trials}) > 1
    assert {row["runs_count"] for row in whole.frontier} == {2, 4, 5}
    years = len(cases_of(job, tmp_path / "count"))
    for year in sorted({*range(0, years, 17), years - 2}):
        folder = tmp_path / str(year)
        with pytest.raises(Stopped):
            run(job, folder, stopping_at(year, stop))
        assert results(run(job, folder)) == results(whole), f"stopped at year {year}"
    for count in (4, 9):  # the pilot cut short; the last batch cut short
        run(small_job(search=LADDER | {"trials_count": count}), tmp_path / f"grown-{count}")
        assert results(run(job, tmp_path / f"grown-{count}")) == results(whole)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_can_be_extended(sampler: str, tmp_path: Path) -> None:
    run(job_of(sampler, trials_count=9, finalists_count=1), tmp_path / "grown")
    grown = run(job_of(sampler), tmp_path / "grown")
    assert results(grown) == results(run(job_of(sampler), tmp_path / "whole"))


def test_ray_and_any_number_of_workers_give_the_same(tmp_path: Path) -> None:
    here = results(run(job_of("tpe"), tmp_path / "here"))
    for workers in (1, 2):
        job = job_of("tpe").model_copy(
            update={
                "ray": small_job().ray.model_copy(
                    update={"backend": "ray", "workers_count": workers}
                )
            }
        )
        with open_pool(job.ray, 1, 0.1, simulate_fake) as pool:
            found = optimize(job, tmp_path / str(workers), pool, lambda _: None)
        assert results(found) == here


def test_samplers_differ_and_seeds_matter(tmp_path: Path) -> None:
    names = [name for name in SAMPLERS if name != "nsga3"]  # begins as nsga2 does
    jobs = [*(job_of(name) for name in names), small_job(seed=6)]
    found = [run(job, tmp_path / str(k)).trials[-1] for k, job in enumerate(jobs)]
    assert len({row["lever.subsidy.rate.source"] for row in found}) == len(jobs)


def test_another_configuration_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    run(small_job(), tmp_path)
    with pytest.raises(InputError, match="another configuration") as error:
        run(small_job(seed=6), tmp_path)
    assert "study.journal" in str(error.value)


def test_what_does_not_change_a_trial_may_differ(tmp_path: Path) -> None:
    whole = results(run(small_job(), tmp_path))
    assert results(run(small_job(threads=2, replications=7), tmp_path)) == whole


def test_a_line_torn_by_a_crash_is_dropped(tmp_path: Path) -> None:
    whole = results(run(small_job(), tmp_path))
    for file in ("study.journal", "samples.jsonl"):
        journal = tmp_path / file
        content = journal.read_bytes()
        journal.write_bytes(content[:-20])
        assert results(run(small_job(), tmp_path)) == whole
        assert journal.read_bytes().endswith(b"\n")


@pytest.mark.parametrize("file", ["study.journal", "samples.jsonl"])
def test_a_damaged_journal_is_one_message(file: str, tmp_path: Path) -> None:
    run(small_job(), tmp_path)
    journal = tmp_path / file
    journal.write_bytes(b"nonsense\n" + journal.read_bytes())
    with pytest.raises(StorageError, match=f"{file}: is damaged"):
        run(small_job(), tmp_path)


def test_either_file_alone_still_leads_to_the_same_end(tmp_path: Path) -> None:
    whole = results(run(small_job(), tmp_path))
    for file in ("study.journal", "samples.jsonl"):
        (tmp_path / file).unlink()
        assert results(run(small_job(), tmp_path)) == whole
        assert (tmp_path / file).exists()


def test_samples_of_another_configuration_are_refused(tmp_path: Path) -> None:
    run(small_job(), tmp_path)
    (tmp_path / "study.journal").unlink()
    with pytest.raises(InputError, match="another configuration") as error:
        run(small_job(seed=6), tmp_path)
    assert "samples.jsonl" in str(error.value)


def test_a_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        run(small_job(), tmp_path / "file" / "inside")


def test_the_lock_of_a_killed_process_is_broken(tmp_path: Path) -> None:
    run(small_job(), tmp_path)
    (tmp_path / "study.journal.lock").touch()
    job = job_of("tpe", trials_count=15)
    assert len(run(job, tmp_path).trials) == 15
    assert not (tmp_path / "study.journal.lock").exists()
