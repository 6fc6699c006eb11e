"""A command that was stopped goes on: finished runs are kept, and the tables are the same."""

import json
import signal
from pathlib import Path

import pytest

from engine.case import Case, RunResult
from engine.results import read_table
from tests import fakes
from tests.commands.processes import started, wait_for

SMALL = ("scale=smoke", "ray.backend=process", "replications=3")


@pytest.fixture
def simulated(market_of) -> list[Case]:
    """The cases that were simulated in this process, on the fake market."""
    cases: list[Case] = []

    def simulate(case: Case, *_: object) -> RunResult:
        cases.append(case)
        return fakes.simulate_fake(case)

    market_of(simulate)
    return cases


def finished(folder: Path) -> int:
    path = folder / "runs.jsonl"
    return max(path.read_bytes().count(b"\n") - 1, 0) if path.exists() else 0


def tables(folder: Path) -> dict[str, bytes]:
    kept = {".parquet", ".html"}
    files = [path for path in folder.rglob("*") if path.suffix in kept]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files)}


@pytest.mark.parametrize(
    ("command", "stop", "status"),
    [
        ("simulate", signal.SIGINT, 130),
        ("compare", signal.SIGTERM, 130),
        ("ablate", signal.SIGKILL, -signal.SIGKILL),
        ("response levers=[price.cap]", signal.SIGTERM, 130),
    ],
)
def test_the_same_command_goes_on_where_it_was_stopped(
    type_in, place: Path, simulated: list[Case], command: str, stop: signal.Signals, status: int
) -> None:
    out = place / "out"
    command, *words = command.split()
    asked = (*SMALL, *words)
    first = started(place, command, *asked, "hydra.run.dir=out", pause=60, quick=2)
    wait_for(lambda: finished(out) == 2)
    first.send_signal(stop)
    assert first.wait() == status
    if status == 130:
        assert first.stderr is not None
        assert "go on:" in first.stderr.read()
    assert not (out / "manifest.json").exists()

    assert type_in(command, *asked, "hydra.run.dir=out").status == 0
    went_on = len(simulated)
    simulated.clear()
    assert type_in(command, *asked, "hydra.run.dir=whole").status == 0
    assert went_on == len(simulated) - 2
    assert tables(out) == tables(place / "whole")
    manifests = [
        json.loads((folder / "manifest.json").read_text()) for folder in (out, place / "whole")
    ]
    assert manifests[0] == manifests[1]

    simulated.clear()
    assert type_in(command, *asked, "hydra.run.dir=out").status == 0
    assert simulated == []
    assert tables(out) == tables(place / "whole")


def test_finished_runs_stay_finished_where_only_the_place_of_work_changes(
    type_in, place: Path, simulated: list[Case]
) -> None:
    assert type_in("simulate", *SMALL, "hydra.run.dir=out").status == 0
    simulated.clear()
    assert type_in("simulate", *SMALL, "hydra.run.dir=out", "threads=2").status == 0
    assert simulated == []
    assert type_in("simulate", *SMALL, "hydra.run.dir=whole", "threads=2").status == 0
    assert tables(place / "out") == tables(place / "whole")


def test_a_torn_line_a_lost_part_and_a_damaged_file_cost_their_runs_only(
    type_in, place: Path, simulated: list[Case]
) -> None:
    out, lines = place / "out", place / "out" / "runs.jsonl"
    assert type_in("simulate", *SMALL, "hydra.run.dir=out").status == 0
    whole = tables(out)
    content = lines.read_bytes()
    losses = [
        (lambda: lines.write_bytes(content[:-20]), 1),
        (lambda: next((out / "daily").iterdir()).unlink(), 1),
        (lambda: lines.write_bytes(content.replace(b'"labels"', b"labels")), 3),
        (lambda: lines.write_bytes(content.replace(b'"of": "', b'"of": "x')), 3),
    ]
    for lose, count in losses:
        simulated.clear()
        lose()
        assert type_in("simulate", *SMALL, "hydra.run.dir=out").status == 0
        assert len(simulated) == count
        assert tables(out) == whole


def test_finished_jobs_of_a_sweep_are_not_simulated_again(
    type_in, place: Path, simulated: list[Case]
) -> None:
    words = (*SMALL, "-m", "seed=1,2", "hydra.sweep.dir=out")
    assert type_in("simulate", *words).status == 0
    assert len(simulated) == 6
    simulated.clear()
    for lost in ("runs.jsonl", ".hydra/ended.json"):
        (place / "out" / "1" / lost).unlink()
    assert type_in("simulate", *words).status == 0
    assert len(simulated) == 3
    assert read_table(place / "out" / "0", "runs").num_rows == 3
