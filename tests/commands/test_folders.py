"""No command destroys what others left in an output folder."""

import platform
import signal
import time
from pathlib import Path

import pytest

from engine.results import FolderLock, read_table
from tests import fakes
from tests.commands.conftest import left_in
from tests.commands.processes import started, wait_for

SMALL = ("scale=smoke", "ray.backend=process", "replications=2")


@pytest.fixture(autouse=True)
def fake_market(market_of) -> None:
    market_of(fakes.simulate_fake)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", ["daily/mine.csv", "runs.parquet", "policy/h1_2020.yaml"])
@pytest.mark.parametrize("command", ["simulate", "optimize"])
def test_a_folder_of_the_users_own_is_refused(type_in, place: Path, command, name) -> None:
    (place / "out" / name).parent.mkdir(parents=True)
    (place / "out" / name).write_text("mine")
    before = contents(place)
    ended = type_in(command, *SMALL, "hydra.run.dir=out")
    assert ended.status == 2
    assert name.partition("/")[0] in ended.err
    assert "hydra.run.dir=out-2" in ended.err
    assert contents(place) == before


def test_results_of_another_command_or_config_are_refused(type_in, place: Path) -> None:
    assert type_in("optimize", *SMALL, "question=year_2020", "hydra.run.dir=out").status == 0
    before = contents(place)
    for words in (["simulate"], ["optimize", "seed=7"]):
        ended = type_in(*words, *SMALL, "hydra.run.dir=out")
        assert ended.status == 2
        assert "out holds the results of optimize" in ended.err
        assert contents(place) == before


def test_the_job_of_a_sweep_is_refused_as_well(type_in, place: Path) -> None:
    (place / "out" / "1").mkdir(parents=True)
    (place / "out" / "1" / "mine").touch()
    ended = type_in("simulate", *SMALL, "-m", "seed=1,2", "hydra.sweep.dir=out")
    assert ended.status == 2
    assert "out/1 holds what this command did not leave (mine)" in ended.err
    assert ended.files == {"out/1/mine"}


def test_the_folder_typed_in_is_refused_where_it_holds_something(type_in, place: Path) -> None:
    (place / "mine").touch()
    ended = type_in("simulate", *SMALL, "hydra.run.dir=.")
    assert ended.status == 2
    assert ended.files == {"mine"}


def test_the_same_command_may_come_again_where_no_result_changes(type_in, place: Path) -> None:
    for more in ([], ["threads=2"]):
        assert type_in("simulate", *SMALL, "hydra.run.dir=out", *more).status == 0
    for more in ([], ["search.trials_count=14", "search.finalists_count=2"]):
        ended = type_in("optimize", *SMALL, "question=year_2020", "hydra.run.dir=found", *more)
        assert ended.status == 0, ended.err


def test_hydras_own_files_and_a_marker_alone_are_nothing(type_in, place: Path) -> None:
    (place / "out" / ".hydra").mkdir(parents=True)
    (place / "out" / ".hydra" / "config.yaml").touch()
    (place / "out" / ".poquan.json").write_text('{"command": "optimize", "identity": "x"}')
    assert type_in("simulate", *SMALL, "hydra.run.dir=out").status == 0


def test_half_a_marker_that_a_kill_left_is_nothing(type_in, place: Path) -> None:
    (place / "out").mkdir()
    half = place / "out" / "..poquan.json.12345"
    half.write_text('{"comm')
    assert type_in("simulate", *SMALL, "hydra.run.dir=out").status == 0
    assert not half.exists()


def test_jobs_started_at_once_get_folders_of_their_own(place: Path) -> None:
    folder = "hydra.run.dir=out/${now:%Y}"
    jobs = [started(place, "simulate", *SMALL, folder, f"seed={seed}", pause=1) for seed in (1, 2)]
    for job in jobs:
        assert job.wait() == 0, job.stderr and job.stderr.read()
    one, two = sorted((place / "out").iterdir())
    assert two.name == f"{one.name}-2"
    seeds = {tuple(read_table(folder, "runs")["seed"].to_pylist()) for folder in (one, two)}
    assert len(seeds) == 2
    for folder in (one, two):
        assert {"manifest.json", "report.html"} <= left_in(folder)
        assert ".poquan.lock" not in left_in(folder)


def test_an_equal_job_is_refused_while_the_first_lives(type_in, place: Path) -> None:
    first = started(place, "simulate", *SMALL, "hydra.run.dir=out", pause=60)
    wait_for((place / "out" / ".hydra" / "overrides.yaml").exists)
    try:
        ended = type_in("simulate", *SMALL, "hydra.run.dir=out")
        assert ended.status == 2
        assert f"another command is at work in out: process {first.pid} on host" in ended.err
        assert f"{platform.node()}, since 20" in ended.err
        assert "hydra.run.dir=out-2" in ended.err
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    ended = type_in("simulate", *SMALL, "hydra.run.dir=out")
    assert ended.status == 0, ended.err
    assert {"out/manifest.json"} <= ended.files
    assert "out/.poquan.lock" not in ended.files


@pytest.mark.parametrize(
    ("key", "words", "places"),
    [("hydra.run.dir", [], [""]), ("hydra.sweep.dir", ["-m", "seed=1,2"], ["0", "1"])],
    ids=["run", "sweep"],
)
def test_a_folder_in_use_is_refused_by_name_and_passed_by_otherwise(
    type_in, place: Path, key: str, words: list[str], places: list[str]
) -> None:
    year = time.strftime("%Y")
    lock = FolderLock.take(place / "out" / year)
    assert lock is not None
    before = left_in(place)
    ended = type_in("simulate", *SMALL, f"{key}=out/{year}", *words)
    assert ended.status == 2
    assert ended.err.count("at work") == 1
    assert ended.files == before
    ended = type_in("simulate", *SMALL, f"{key}=out/${{now:%Y}}", *words)
    assert ended.status == 0, ended.err
    lock.release()
    out = place / "out"
    assert sorted(path.name for path in out.iterdir()) == [year, f"{year}-2"]
    assert not any((out / year).iterdir())
    assert all((out / f"{year}-2" / name / "runs.parquet").exists() for name in places)


def test_a_job_of_a_sweep_in_use_is_refused(type_in, place: Path) -> None:
    lock = FolderLock.take(place / "out" / "1")
    assert lock is not None
    ended = type_in("simulate", *SMALL, "-m", "seed=1,2", "hydra.sweep.dir=out")
    lock.release()
    assert ended.status == 1
    assert "at work in" in ended.err
    assert "failed: seed=2" in ended.err
    assert (place / "out" / "0" / "manifest.json").exists()
