"""No command destroys what others left in an output folder."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests import fakes

SMALL = ("scale=smoke", "ray.backend=process", "replications=2")


@pytest.fixture(autouse=True)
def fake_market(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("engine.market.run")
    module.simulate_year = fakes.simulate_year  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "engine.market.run", module)


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
    assert type_in("optimize", *SMALL, "hydra.run.dir=out").status == 0
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
        ended = type_in("optimize", *SMALL, "hydra.run.dir=found", *more)
        assert ended.status == 0, ended.err


def test_hydras_own_files_and_a_marker_alone_are_nothing(type_in, place: Path) -> None:
    (place / "out" / ".hydra").mkdir(parents=True)
    (place / "out" / ".hydra" / "config.yaml").touch()
    (place / "out" / ".poquan.json").write_text('{"command": "optimize", "identity": "x"}')
    assert type_in("simulate", *SMALL, "hydra.run.dir=out").status == 0
