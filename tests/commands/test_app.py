"""Around every command: errors raised while it works, interruption, sweeps."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import ClusterError, InputError, Interrupted
from engine.spec.jobs import SimulateJob
from experiments._app import app
from experiments._exit import closed_pipe_ends
from tests.commands.processes import ROOT


def raising(error: BaseException, leaving: str | None = None):
    def simulate(job: SimulateJob, folder: Path, config: dict) -> None:
        if leaving:
            (folder / leaving).write_text("done")
        raise error

    return app(simulate, SimulateJob)


ERRORS = [
    (InputError("here", "wrong", "right", "do right"), 2),
    (ClusterError("no cluster"), 1),
    (OSError(28, "No space left on device"), 1),
    (Interrupted("stopped"), 130),
    (KeyboardInterrupt(), 130),
]


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_an_error_at_work_ends_in_its_status_and_leaves_nothing(type_in, error, status) -> None:
    ended = type_in("simulate", main=raising(error))
    assert ended.status == status
    assert ended.err.count("\n") <= 3
    assert "Traceback" not in ended.err
    assert ended.files == set()


def test_an_interruption_that_leaves_nothing_says_what_to_type_again(type_in) -> None:
    kept = Interrupted("interrupted: runs in flight are dropped, finished ones kept")
    ended = type_in("simulate", "seed=5", "policy.price.cap={2020-01-01:0.8}", main=raising(kept))
    typed = "python -m experiments.simulate seed=5 'policy.price.cap={2020-01-01:0.8}'"
    assert ended.err == f"interrupted: nothing was done yet\n  again:   {typed}\n"


def test_an_interruption_while_modules_are_imported_shows_no_trace() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import experiments\nraise KeyboardInterrupt"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGINT
    assert done.stderr == "interrupted: nothing was done yet\n"


def test_a_folder_that_was_there_before_stays(type_in, place: Path) -> None:
    (place / "mine").mkdir()
    type_in("simulate", "hydra.run.dir=mine/run", main=raising(ClusterError("no cluster")))
    assert (place / "mine").is_dir()
    assert not (place / "mine" / "run").exists()


def test_results_survive_an_interruption_and_the_message_says_how_to_go_on(
    type_in, place: Path
) -> None:
    main = raising(KeyboardInterrupt(), leaving="study.journal")
    ended = type_in("simulate", "seed=5", "hydra.run.dir=here", main=main)
    assert ended.status == 130
    assert ended.files == {"here/study.journal", "here/.poquan.json"}
    go_on = f"python -m experiments.simulate seed=5 hydra.run.dir={place}/here"
    assert go_on in ended.err


def test_an_interrupted_sweep_says_how_to_go_on(type_in, place: Path) -> None:
    main = raising(KeyboardInterrupt(), leaving="runs.parquet")
    ended = type_in("simulate", "seed=1,2", "-m", "hydra.sweep.dir=here", main=main)
    assert ended.status == 130
    go_on = f"python -m experiments.simulate -m seed=1,2 hydra.sweep.dir={place}/here"
    assert go_on in ended.err


def test_a_bug_shows_itself(type_in) -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        type_in("simulate", main=raising(RuntimeError("a bug")))


def test_a_sweep_runs_once_for_each_value(type_in) -> None:
    rates: list[float] = []

    def simulate(job: SimulateJob, folder: Path, config: dict) -> None:
        rates.append(job.policy.subsidy.rate.source.steps[0][1])
        (folder / "done").touch()

    main = app(simulate, SimulateJob)
    ended = type_in("simulate", "-m", "policy.subsidy.rate.source=0,0.05,0.1", main=main)
    assert ended.status == 0
    assert rates == [0, 0.05, 0.1]
    assert sum(name.endswith("done") for name in ended.files) == 3


@pytest.mark.parametrize("command", ["simulate", "compare", "optimize", "replan", "report"])
def test_help_says_what_a_command_does(type_in, command: str) -> None:
    ended = type_in(command, "--help")
    assert ended.status == 0
    assert ended.out.startswith(f"{command}: ")
    assert f"python -m experiments.{command}" in ended.out


def test_help_lists_the_groups_that_a_command_uses_and_no_others(type_in, place: Path) -> None:
    (place / "mine" / "policy").mkdir(parents=True)
    (place / "mine" / "policy" / "found.yaml").touch()
    out = type_in("simulate", "--config-dir", "mine", "--help").out
    (policies,) = (line for line in out.splitlines() if line.startswith("policy: "))
    assert {"found", "h1_2020"} <= set(policies.removeprefix("policy: ").split(", "))
    assert "search: " not in out
    assert "ensemble: " not in type_in("benchmark", "--help").out


@pytest.mark.parametrize("words", [
    ("simulate", "--help"), ("init", "mine"), ("explore", "--help"),
])  # fmt: skip
def test_a_closed_pipe_ends_a_command_without_a_word(words: tuple[str, ...], place: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", f"experiments.{words[0]}", *words[1:]],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_what_breaks_another_pipe_is_no_closed_output(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(BrokenPipeError), closed_pipe_ends():
            raise BrokenPipeError
    os.close(reading)
