"""What a command's own Ray leaves behind: nothing, and after a kill what the next one removes."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.nodes import descendants, is_gone, passing_folder, start_command
from tests.cluster.test_lost_and_refused import finished

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.timeout(1800)]

WORDS = ["scale=smoke", "ray.backend=ray", "ray.workers_count=1", "hydra.run.dir=out"]


@pytest.fixture
def passing() -> Iterator[Path]:
    """A folder for temporary files whose name is short enough for Ray's sockets."""
    with passing_folder() as folder:
        yield folder


def started(passing: Path, place: Path, replications: int) -> "subprocess.Popen[str]":
    words = [*WORDS, f"replications={replications}"]
    return start_command("simulate", words, {**os.environ, "RAY_TMPDIR": str(passing)}, place)


def wait_for_a_year(place: Path) -> None:
    until = time.monotonic() + 500
    while not finished(place / "out"):
        assert time.monotonic() < until, "no year came"
        time.sleep(0.1)


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_the_end_or_an_interruption(
    passing: Path, tmp_path: Path, number: signal.Signals | None
) -> None:
    command = started(passing, tmp_path, 3 if number is None else 2000)
    wait_for_a_year(tmp_path)
    own = descendants(command.pid)
    assert own or number is None
    if number is not None:
        command.send_signal(number)
    _, err = command.communicate(timeout=500)
    assert command.returncode == (0 if number is None else 130), err
    assert "Traceback" not in err
    assert is_gone(own)
    assert list(passing.iterdir()) == []


def test_what_a_kill_leaves_the_next_command_removes(passing: Path, tmp_path: Path) -> None:
    command = started(passing, tmp_path, 2000)
    wait_for_a_year(tmp_path)
    own = descendants(command.pid)
    assert len(own) > 3
    command.kill()
    command.communicate()
    assert is_gone(own, 180), "Ray's processes end with the command, or soon after"
    (left,) = passing.iterdir()
    hour_ago = time.time() - 3600
    os.utime(left, (hour_ago, hour_ago))
    shutil.rmtree(tmp_path / "out")
    again = started(passing, tmp_path, 1)
    _, err = again.communicate(timeout=500)
    assert again.returncode == 0, err
    assert "ray: removed what 1 killed command(s) had left" in err
    assert list(passing.iterdir()) == []
