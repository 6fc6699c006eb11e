"""The folder of a Ray on this machine: made for one command, and removed with it.

Ray leaves its logs and sockets where it ran. A command that is killed without a word can remove
nothing: most of its processes of Ray end with it, some after a minute. The next command removes the
folder, and ends what still runs there.
"""

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PREFIX: Final = "poquan-ray-"
_LOCK: Final = "in-use"
_LONGEST: Final = 40
"""Letters of a folder's name: Ray adds sixty for its sockets, of at most 107 in all."""

_FRESH_S: Final = 60.0
"""Seconds in which a folder without a lock may be one that is just being made."""

_END_S: Final = 10.0
"""Seconds in which the last processes of a Ray that was let go still write."""


@contextmanager
def session_folder() -> Iterator[Path]:
    """Make a folder for a Ray of this machine; remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_parent()))
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            _remove(folder)


def sweep_left_folders() -> int:
    """Remove the folders of commands that were killed; return how many there were."""
    count = 0
    for folder in _parent().glob(f"{_PREFIX}*"):
        if _is_left(folder):
            _end_processes(folder)
            shutil.rmtree(folder, ignore_errors=True)
            count += not folder.exists()
    return count


def _is_left(folder: Path) -> bool:
    """Tell whether a folder is of this user, not new, and nobody holds its lock."""
    try:
        seen = folder.stat()
        if seen.st_uid != os.getuid() or time.time() - seen.st_mtime < _FRESH_S:
            return False
        with (folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _end_processes(folder: Path) -> None:
    """End what was started with the folder's name, which is no other's, among its words."""
    name = os.fsencode(folder)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is gone, or another user's
            if name in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def _parent() -> Path:
    """Return where passing files lie: where Ray would put them, if names may be long enough."""
    asked = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    is_long = len(os.fsencode(asked)) + len(_PREFIX) + 9 > _LONGEST
    return Path("/tmp") if is_long and os.access("/tmp", os.W_OK) else Path(asked)


def _remove(folder: Path) -> None:
    """Remove it, though processes that are about to end may still write there."""
    until = time.monotonic() + _END_S
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            time.sleep(0.1)
