"""Folders of passing files, which a killed command leaves, and the next one removes.

A folder is held by a lock that ends with its process. Who finds the lock free, and the name of
this machine in it, knows that the holder is dead: on a disk that machines share a lock may be seen
on its own machine alone. Of a command that is killed without a word most processes of Ray end with
it, some after a minute: who removes the folder of its Ray ends what still runs there.
"""

import fcntl
import os
import platform
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

LOCK: Final = "in-use"
"""The file of the lock, within its folder."""

NIGHTS: Final = "poquan-shards-"
"""How the folder begins in which the shards of one market save nights; its own name follows."""

_SESSION: Final = "poquan-ray-"
_LONGEST: Final = 40
"""Letters of a folder's name: Ray adds sixty for its sockets, of at most 107 in all."""

_FRESH_S: Final = 60.0
"""Seconds in which a folder without a lock may be one that is just being made."""

_END_S: Final = 10.0
"""Seconds in which the last processes of a Ray that was let go still write."""

_OLD_S: Final = 3 * 86_400.0
"""Seconds after which a folder without a lock, in which nothing was saved, is a dead command's."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder, with others of the same command; it is made, within one that is there.

    Where nothing can be written or locked it is not held, and removed by nobody else.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            lock = stack.enter_context((folder / LOCK).open("a"))
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if lock.tell() == 0:
                lock.write(platform.node())
                lock.flush()
        yield


def remove_left_nights(parents: Iterable[str | Path]) -> int:
    """Remove the saved nights of markets whose commands were killed; return how many there were.

    Parameters
    ----------
    parents : where folders of nights may lie.
    """
    count = 0
    for parent in sorted({Path(parent) for parent in parents}):
        for folder in parent.glob(f"{NIGHTS}*"):
            if _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)
                count += not folder.exists()
    return count


def _is_left(folder: Path) -> bool:
    """Tell whether a folder is of this user, and its holder was of this machine and is dead."""
    try:
        seen = folder.stat()
        if seen.st_uid != os.getuid():
            return False
        if not (folder / LOCK).exists():
            return time.time() - seen.st_mtime > _OLD_S
        with (folder / LOCK).open() as lock:
            if lock.read() != platform.node():
                return False
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def session_folder() -> Iterator[Path]:
    """Make a folder for a Ray of this machine; remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=_SESSION, dir=_parent()))
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            _remove(folder)


def sweep_left_folders() -> int:
    """Remove the folders of commands that were killed; return how many there were."""
    count = 0
    for folder in _parent().glob(f"{_SESSION}*"):
        if _is_left_session(folder):
            _end_processes(folder)
            shutil.rmtree(folder, ignore_errors=True)
            count += not folder.exists()
    return count


def _is_left_session(folder: Path) -> bool:
    """Tell whether a folder is of this user, not new, and nobody holds its lock."""
    try:
        seen = folder.stat()
        if seen.st_uid != os.getuid() or time.time() - seen.st_mtime < _FRESH_S:
            return False
        with (folder / LOCK).open("a") as lock:
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
    is_long = len(os.fsencode(asked)) + len(_SESSION) + 9 > _LONGEST
    return Path("/tmp") if is_long and os.access("/tmp", os.W_OK) else Path(asked)


def _remove(folder: Path) -> None:
    """Remove it, though processes that are about to end may still write there."""
    until = time.monotonic() + _END_S
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            time.sleep(0.1)
