"""The folder of a local Ray: gone after it, and swept where a killed command left one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.compute.connect import _session_folder, _sweep_left_folders


@pytest.fixture
def passing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie; names as long as this one are taken in this test."""
    monkeypatch.setattr("engine.compute.connect._LONGEST", 1000)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    return tmp_path


def aged(folder: Path) -> None:
    hour_ago = time.time() - 3600
    os.utime(folder, (hour_ago, hour_ago))


def test_a_folder_is_there_for_as_long_as_it_is_used(passing: Path) -> None:
    with _session_folder() as folder:
        assert folder.parent == passing
        aged(folder)
        assert _sweep_left_folders() == 0  # somebody holds its lock
        assert folder.exists()
    assert list(passing.iterdir()) == []


def test_what_nobody_holds_any_more_is_swept_but_nothing_new_and_nothing_else(
    passing: Path,
) -> None:
    for name in ("poquan-ray-old", "poquan-ray-new", "session_of_another"):
        (passing / name / "session" / "logs").mkdir(parents=True)
    aged(passing / "poquan-ray-old")
    aged(passing / "session_of_another")
    words = [sys.executable, "-c", "import time; time.sleep(600)"]
    folders = passing / "poquan-ray-old" / "session", passing / "poquan-ray-new"
    theirs, not_theirs = (subprocess.Popen([*words, str(folder)]) for folder in folders)
    assert _sweep_left_folders() == 1
    assert {path.name for path in passing.iterdir()} == {"poquan-ray-new", "session_of_another"}
    assert theirs.wait(60) == -signal.SIGKILL
    assert not_theirs.poll() is None
    not_theirs.kill()
    not_theirs.wait()


def test_where_names_would_be_too_long_for_sockets_tmp_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", "/nowhere/" + "a" * 60)
    with _session_folder() as folder:
        assert folder.parent == Path("/tmp")
    assert not folder.exists()
