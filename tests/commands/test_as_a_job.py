"""A command that runs as a job of Ray's keeps nothing where it was started."""

from pathlib import Path

import pytest

from experiments._job import check_outlives_job


@pytest.fixture(autouse=True)
def as_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")


@pytest.mark.parametrize(
    ("command", "words", "where"),
    [
        ("simulate", [], "hydra.run.dir"),
        ("optimize", ["hydra.run.dir=mine"], "hydra.run.dir"),
        ("simulate", ["-m", "seed=1,2"], "hydra.sweep.dir"),
        ("simulate", ["hydra.run.dir={place}/out", "export=world"], "export"),
        ("init", ["mine"], "init"),
    ],
)
def test_relative_folders_are_refused(
    type_in, place: Path, command: str, words: list[str], where: str
) -> None:
    ended = type_in(command, *[word.format(place=place) for word in words])
    assert ended.status == 2
    assert ended.err.startswith(f"{where}: ")
    assert "a job of Ray's starts in a folder that is thrown away with it" in ended.err
    assert f"{where}=/shared/mine" in ended.err
    assert ended.files == set()


def test_a_relative_database_is_refused(type_in, place: Path) -> None:
    words = [f"hydra.run.dir={place}/out", "storage=sqlite:///study.db"]
    ended = type_in("optimize", "scale=smoke", *words)
    assert ended.status == 2
    assert ended.err.startswith("storage: sqlite:///study.db is relative, and a job of Ray's")
    assert "storage=sqlite:////shared/mine" in ended.err
    assert ended.files == set()
    for kept in (f"sqlite:///{place}/study.db", "postgresql://host/db"):
        check_outlives_job("storage", kept)


def test_absolute_folders_and_addresses_are_taken(type_in, place: Path, market_of) -> None:
    from tests.fakes import simulate_fake

    market_of(simulate_fake)
    words = ["scale=smoke", "ray.backend=process", "replications=1"]
    ended = type_in("simulate", *words, f"hydra.run.dir={place}/out")
    assert ended.status == 0, ended.err
    assert "out/runs.parquet" in ended.files
