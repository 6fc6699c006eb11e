"""A calibration is a function of its job and figures: not of kills and resumes."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.calibrate.checkpoint import EVERY
from engine.calibrate.driver import CalibrationResult
from engine.case import Case, RunResult
from tests.calibrate.market import calibrated, job, simulate, table
from tests.fakes import Stopped, stop, stopping_at
from tests.worlds import CONF

WAVE = 24 * 2
"""Years of a wave: points times replications."""

STAGES = 4
"""Three waves, and the best points again."""


def run(
    place: Path, simulate: Callable[[Case], RunResult] = simulate, **changes: float
) -> CalibrationResult:
    """Calibrate in a folder."""
    told = job()
    place.mkdir(exist_ok=True)
    return calibrated(told, table(place, told, **changes), place, simulate)


def years_of(place: Path, **changes: float) -> int:
    """How many years a calibration in a folder still simulates."""
    asked = []

    def year_of(case: Case) -> RunResult:
        asked.append(case)
        return simulate(case)

    run(place, year_of, **changes)
    return len(asked)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> CalibrationResult:
    return run(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    "year", [0, 3, WAVE, WAVE + EVERY + 1, 3 * WAVE, 3 * WAVE + 9, 4 * WAVE - 1]
)
def test_stopped_between_and_inside_waves_and_resumed_is_as_never_stopped(
    year: int, tmp_path: Path, whole: CalibrationResult
) -> None:
    with pytest.raises(Stopped):
        run(tmp_path, stopping_at(year, stop, simulate))
    done = year // EVERY * EVERY
    resumed = run(
        tmp_path, stopping_at(STAGES * WAVE - done, stop, simulate)
    )  # and not a year more
    assert resumed.rows == whole.rows
    assert resumed.ensemble == whole.ensemble


CHILD = """
import os, signal, sys
from pathlib import Path
from tests.calibrate.test_resume import run, simulate, stopping_at

kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
run(Path(sys.argv[1]), stopping_at(int(sys.argv[2]), kill, simulate))
"""


def test_killed_twice_and_resumed_is_as_uninterrupted(
    tmp_path: Path, whole: CalibrationResult
) -> None:
    for year in (WAVE + 9, WAVE):
        child = [sys.executable, "-c", CHILD, str(tmp_path), str(year)]
        done = subprocess.run(child, cwd=CONF.parent, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert run(tmp_path).rows == whole.rows


def test_a_finished_calibration_simulates_nothing_again(tmp_path: Path) -> None:
    run(tmp_path)
    assert years_of(tmp_path) == 0


def test_what_is_kept_of_other_figures_counts_as_not_there(tmp_path: Path) -> None:
    run(tmp_path)
    assert years_of(tmp_path, order_value_Q2=0.9) == STAGES * WAVE


def test_a_torn_file_counts_as_not_there(tmp_path: Path, whole: CalibrationResult) -> None:
    run(tmp_path)
    file = tmp_path / "waves" / "wave-2.json"
    file.write_bytes(file.read_bytes()[:100])
    assert years_of(tmp_path) == WAVE
    assert run(tmp_path).rows == whole.rows
