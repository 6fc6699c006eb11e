"""Results of a store: written to a folder of this machine, and taken there as they are finished.

Tables are written whole, so each goes to the store as it is; files that grow by lines (what a
stopped command goes on from) go there as far as they have got, every few seconds. The manifest
goes last and is taken away first, so that whoever finds it finds all. What the store held
before was fetched first, so that the same command goes on from any machine.

A folder of results that is only read is copied here once, wherever it lies.
"""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Final, NamedTuple

from engine.errors import InputError, PoquanError, StorageError
from engine.results.lease import LOCKS, Lease
from engine.results.schemas import MANIFEST
from engine.results.storage import Folder, check_store, local_path, open_folder
from engine.secrets import masked

ADDRESS: Final = ".poquan.address"
"""File beside a staging folder in which its address stands."""

_HIDDEN: Final = (".hydra", ".poquan.json")
"""Hidden names that are results all the same; others are files that are just being written."""

_INTERVAL_S: Final = 5.0
_SHARE: Final = 0.1
"""Of the time that uploads may take up."""

_GROWING: Final = (".jsonl", ".journal")
_AT_ONCE: Final = 8
_CHUNK: Final = 2**23
_NOT_READ: Final = ("finalists/", "samples.jsonl", "runs.jsonl", ".hydra/")
"""What only a command that goes on reads."""


class _Stamp(NamedTuple):
    size: int
    mtime_ns: int


class Staging:
    """A local folder that stands for one of a store.

    Parameters
    ----------
    folder : in the store.
    lease : on it.
    tell : takes what the user should read while the command goes on.
    """

    def __init__(self, folder: Folder, lease: Lease, tell: Callable[[str], None]) -> None:
        self.folder, self._lease, self._tell = folder, lease, tell
        own = folder.address.partition("?")[0].rstrip("/").rpartition("/")[2] or "results"
        self._root = Path(tempfile.mkdtemp(prefix="poquan-"))
        self.local = self._root / own
        self._known: dict[str, _Stamp] = {}
        self._turn, self._end = RLock(), Event()
        self._thread = Thread(target=self._go_on, daemon=True, name="staging")

    def fetch(self) -> None:
        """Bring what the store holds; where that is nothing, make no folder.

        Raises
        ------
        StorageError
            If it cannot be read, or there is no room for it.
        """
        (self._root / ADDRESS).write_text(self.folder.address, encoding="utf-8")
        _fetch_tree(self.folder, self.local)
        self._known = dict(_stamps(self.local))

    def start(self) -> None:
        """Upload in the background from now on."""
        self._thread.start()

    def sync(self) -> None:
        """Upload what is new, and remove from the store what was removed here.

        Raises
        ------
        StorageError
            If the store cannot be written to, or another command has the folder by now.
        """
        with self._turn:
            self._lease.check()
            if not self.local.is_dir():  # removed, as it held no results
                for name in [one for one in self._known if one.startswith(_HIDDEN)]:
                    self._remove(name)
                return
            now = dict(_stamps(self.local))
            gone = self._known.keys() - now.keys()
            for name in sorted(gone, key=lambda one: Path(one).name != MANIFEST):
                self._remove(name)
            new = [name for name, stamp in now.items() if self._known.get(name) != stamp]
            last = [name for name in new if Path(name).name == MANIFEST]
            grown = {
                name: data
                for name in new
                if name.endswith(_GROWING) and (data := _content(self.local / name)) is not None
            }
            rest = [name for name in new if name not in last and not name.endswith(_GROWING)]
            with ThreadPoolExecutor(_AT_ONCE) as workers:
                for name, is_there in zip(rest, workers.map(self._upload, rest), strict=True):
                    if is_there:
                        self._known[name] = now[name]
            # Their lines speak of files: these are there by now.
            for name, data in grown.items():
                self.folder.put(name, data)
                self._known[name] = now[name]
            for name in last:
                if self._upload(name):
                    self._known[name] = now[name]

    def close(self) -> None:
        """Upload the rest, let others have the folder, and remove the local one.

        Raises
        ------
        StorageError
            If not all could be uploaded: then the local folder stays.
        """
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self.sync()
        except StorageError as error:
            raise StorageError(
                f"{error}\n"
                f"  kept:    {self.local}, with all that is not in {self.folder.address}\n"
                "  go on:   the same command with hydra.run.dir (hydra.sweep.dir) of that folder, "
                "or copy it to the store"
            ) from None
        finally:
            self._release()
        shutil.rmtree(self._root, ignore_errors=True)

    def drop(self) -> None:
        """Let others have the folder, with nothing of this process in it."""
        self._end.set()
        self._release()
        shutil.rmtree(self._root, ignore_errors=True)

    def _release(self) -> None:
        try:
            self._lease.release()
        except PoquanError as error:
            self._tell(f"Note: the lease ends by itself: {error}")

    def _go_on(self) -> None:
        wait_s, has_told = _INTERVAL_S, False
        while not self._end.wait(wait_s):
            began = time.monotonic()
            try:
                self.sync()
                has_told = False
            except PoquanError as error:
                if not has_told:
                    self._tell(f"Note: {error}\n  now:     it is tried again")
                has_told = True
            wait_s = max(_INTERVAL_S, (time.monotonic() - began) * (1 / _SHARE - 1))

    def _upload(self, name: str) -> bool:
        """Copy one file to the store; False if it is no more."""
        try:
            file = (self.local / name).open("rb")
        except FileNotFoundError:
            return False
        with file, self.folder.writing(name) as stream:
            while chunk := file.read(_CHUNK):
                stream.write(chunk)
        return True

    def _remove(self, name: str) -> None:
        self.folder.delete(name)
        self._known.pop(name, None)


def local_folder(address: str | Path, key: str) -> Path:
    """Return a folder of this machine with the results at a path or an address.

    A copy is made once a process and removed at its end.

    Parameters
    ----------
    address : a path, `file://`, `s3://` or `gs://`.
    key : by which the user named it.

    Raises
    ------
    InputError
        If it is of another kind, or there is nothing.
    StorageError
        If it cannot be read.
    """
    place = local_path(address)
    return _copied(str(address), key) if place is None else place


@cache
def _copied(address: str, key: str) -> Path:
    check_store(address, key)
    folder = open_folder(address)
    if not set(folder.names()) - {LOCKS}:
        raise InputError(
            key,
            f"there is nothing in {masked(address)}",
            "the output folder of a finished command",
            f"give one, e.g. {key}=s3://bucket/folder",
        )
    root = Path(tempfile.mkdtemp(prefix="poquan-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    local = root / folder.path.rpartition("/")[2]
    _fetch_tree(folder, local, _NOT_READ)
    return local


def _fetch_tree(folder: Folder, local: Path, leave_out: tuple[str, ...] = ()) -> None:
    """Copy a folder of a store to this machine.

    Parameters
    ----------
    folder : in the store.
    local : is made, if there is something.
    leave_out : what names of files that are not wanted begin with.

    Raises
    ------
    StorageError
        If something cannot be read or written.
    """
    names = [
        name
        for name in folder.tree_of()
        if not name.startswith((f"{LOCKS}/", *leave_out)) and not name.endswith("/")
    ]
    with _local_errors(local):
        for place in {(local / name).parent for name in names}:
            place.mkdir(parents=True, exist_ok=True)

    def fetch(name: str) -> None:
        with _local_errors(local), (local / name).open("wb") as file, folder.reading(name) as one:
            while chunk := one.read(_CHUNK):
                file.write(chunk)

    with ThreadPoolExecutor(_AT_ONCE) as workers:
        for _ in workers.map(fetch, names):
            pass


def shown_address(folder: Path) -> str | None:
    """Return the address of the store that a local folder, or one above it, stands for."""
    for place in folder.parents:
        try:
            address = (place / ADDRESS).read_text(encoding="utf-8")
        except OSError:
            continue
        return "/".join([address, *folder.relative_to(place).parts[1:]])
    return None


def _stamps(local: Path) -> Iterator[tuple[str, _Stamp]]:
    for place, folders, files in os.walk(local):
        folders[:] = [name for name in folders if not name.startswith(".") or name in _HIDDEN]
        for name in files:
            if name.startswith(".") and name not in _HIDDEN:
                continue
            path = Path(place, name)
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            yield str(path.relative_to(local)), _Stamp(found.st_size, found.st_mtime_ns)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@contextmanager
def _local_errors(local: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{local}: cannot be written: {error.strerror or error}\n"
            "  allowed: a disk with room for all results\n"
            "  remedy:  set TMPDIR to a folder on one"
        ) from None
