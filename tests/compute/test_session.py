"""The folder of a local Ray: gone after it, and swept where a killed command left one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.compute.connect import connected
from engine.compute.passing import session_folder, sweep_left_folders
from tests.compute.test_pools import spec


@pytest.fixture
def passing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie; names as long as this one are taken in this test."""
    monkeypatch.setattr("engine.compute.passing._LONGEST", 1000)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    return tmp_path


def aged(folder: Path) -> None:
    hour_ago = time.time() - 3600
    os.utime(folder, (hour_ago, hour_ago))


def test_a_folder_is_there_for_as_long_as_it_is_used(passing: Path) -> None:
    with session_folder() as folder:
        assert folder.parent == passing
        aged(folder)
        assert sweep_left_folders() == 0  # somebody holds its lock
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
    assert sweep_left_folders() == 1
    assert {path.name for path in passing.iterdir()} == {"poquan-ray-new", "session_of_another"}
    assert theirs.wait(60) == -signal.SIGKILL
    assert not_theirs.poll() is None
    not_theirs.kill()
    not_theirs.wait()


def test_where_names_would_be_too_long_for_sockets_tmp_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", "/nowhere/" + "a" * 60)
    with session_folder() as folder:
        assert folder.parent == Path("/tmp")
    assert not folder.exists()


@pytest.mark.slow
def test_the_monitor_of_a_local_ray_listens_nowhere() -> None:
    """Else it would answer whoever reaches the machine, without a token."""
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()
    with connected(spec("ray", workers=1)):
        from ray._private.worker import _global_node

        logs = Path(_global_node.get_logs_dir_path())
        until = time.monotonic() + 60
        while not _said(logs / "monitor.log", "metrics"):
            assert time.monotonic() < until
            time.sleep(0.2)
        time.sleep(1)
        monitors = [path for path in _commands(logs) if b"monitor.py" in _read(path / "cmdline")]
        names = [str(file.readlink()) for path in monitors for file in (path / "fd").iterdir()]
        assert any(name.startswith("socket:") for name in names)
        assert not _listening().intersection(names)


def _commands(logs: Path) -> list[Path]:
    name = os.fsencode(logs)
    return [path for path in Path("/proc").glob("[0-9]*") if name in _read(path / "cmdline")]


def _listening() -> set[str]:
    """Sockets that accept connections, as the files of a process name them."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in _lines(Path("/proc/net") / name)]
    return {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}


def _lines(path: Path) -> list[str]:
    return _read(path).decode().splitlines()[1:]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _said(log: Path, word: str) -> bool:
    return word.encode() in _read(log)
