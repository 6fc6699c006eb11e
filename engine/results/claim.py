"""Whose an output folder is, and whether a command is at work in it.

A marker, written first, says which command owns the folder: no command writes into one
that holds anything else than its own earlier work. A lock, which the kernel releases
however its process ends, keeps two commands from working in one folder at once. Ownership
is read and written under the lock, so that of two commands started together one gets the
folder and the other ends with an error.
"""

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from engine.errors import InputError, StorageError
from engine.results.lease import LOCKS as _LOCK
from engine.results.storage import TORN, Folder, local_path, open_folder
from engine.results.writers import Writer
from engine.secrets import masked

MARKER: Final = ".poquan.json"
_HALF: Final = re.compile(rf"\.{re.escape(MARKER)}\.\d+")
"""A marker of which a kill left the half: nothing else was there yet."""

_SHOWN: Final = 5
"""Names shown of what is in a folder that is refused."""

_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What a file system says that has no locks: work goes on without."""


@dataclass(frozen=True)
class Claim:
    """A command, and the name of all that its results depend on."""

    command: str
    identity: str

    def check(self, folder: str | Path, key: str, ignored: Iterable[str] = ()) -> None:
        """Refuse a folder in which the command would destroy what others left.

        Parameters
        ----------
        folder : the output folder, there or not, or its address.
        key : the key by which the user chose the folder.
        ignored : names that count as nothing, beside marker and lock.

        Raises
        ------
        InputError
            If the folder holds something and not the marker of an equal claim.
        StorageError
            If it cannot be listed.
        """
        place = open_folder(folder)
        own = {MARKER, _LOCK, *ignored}
        found = [name for name in place.names() if name not in own and not _HALF.fullmatch(name)]
        owner = _owner(place)
        if not found or owner == self:
            return
        names = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        whose = f"what this command did not leave ({names})"
        if owner is not None:
            with_what = "another config" if owner.command == self.command else "its config"
            whose = f"the results of {owner.command} with {with_what} ({names})"
        raise InputError(
            key,
            f"{place.address} holds {whose}, which would be overwritten",
            "a new or empty folder, or one that the same command left with the same config",
            _other_folder(folder, key),
        )

    def put(self, folder: Path) -> None:
        """Write the marker, and remove what a kill left half written; the folder must be locked.

        Raises
        ------
        StorageError
            If the folder cannot be written to.
        """
        here, place = local_path(folder), open_folder(folder)
        for path in here.rglob(".*") if here is not None else ():
            if TORN.fullmatch(path.name) and path.is_file():
                path.unlink(missing_ok=True)
        if _owner(place) != self:
            place.put(MARKER, json.dumps(asdict(self)).encode() + b"\n")


@dataclass
class FolderLock:
    """An output folder that this process alone works in, until `release` or its end.

    `made` are the folders that were made for it, the deepest first.
    """

    folder: Path
    made: tuple[Path, ...]
    _file: int

    @classmethod
    def take(cls, folder: Path) -> Self | None:
        """Make the folder and lock it; None if another process has it.

        Raises
        ------
        OSError
            If the folder cannot be made or written to.
        """
        folder = folder.absolute()
        made: list[Path] = []
        while True:
            made += [place for place in (folder, *folder.parents) if not place.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            try:
                file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:  # its last holder has just removed the folder
                continue
            if not _locked(file):
                os.close(file)
                return None
            if _is_at(file, folder / _LOCK):
                _note_holder(file)
                return cls(folder, tuple(sorted(set(made), reverse=True)), file)
            os.close(file)  # the lock of a holder that has just removed it

    @classmethod
    def take_or_refuse(cls, folder: Path, key: str) -> Self:
        """Take the lock of an output folder, which is made if need be.

        Parameters
        ----------
        folder : the output folder.
        key : the key by which the user chose it.

        Raises
        ------
        InputError
            If another command is at work in the folder.
        OSError
            If it cannot be made or written to.
        """
        lock = cls.take(folder)
        if lock is None:
            remedy = f"wait for its end, or {_other_folder(folder, key)}"
            raise _holder(folder).in_use(key, str(folder), remedy)
        return lock

    def release(self) -> None:
        """Let others have the folder."""
        path = self.folder / _LOCK
        if _is_at(self._file, path):
            path.unlink()  # still held: nobody else can have put it there
        os.close(self._file)

    def remove_if_empty(self, ignored: Iterable[str] = ()) -> None:
        """Remove the folder if it was made for this lock and no results are in it.

        Parameters
        ----------
        ignored : names of files and folders that are no results, beside marker and lock.
        """
        names = {MARKER, _LOCK, *ignored}
        if self.folder not in self.made or _results_in(self.folder, names):
            return
        inside = [path for path in self.folder.rglob("*") if path.is_dir()]
        for path in sorted(inside, reverse=True):  # the deepest first
            if not any(path.iterdir()):
                path.rmdir()
        for name in sorted(names - {_LOCK}):
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (self.folder / _LOCK).unlink(missing_ok=True)
        for place in self.made:
            try:
                place.rmdir()
            except OSError:  # another command has put something there
                return


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _note_holder(file: int) -> None:
    """Say in the lock's file who has it, for others to be told."""
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(Writer.of_this_process().as_tree()).encode(), 0)


def _holder(folder: Path) -> Writer:
    """Return who has the lock of a folder, as far as it is told."""
    try:
        return Writer.from_tree(json.loads((folder / _LOCK).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Writer.unknown()


def _is_at(file: int, path: Path) -> bool:
    """Tell whether the open file is still the one that others find at `path`."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _results_in(folder: Path, names: set[str]) -> bool:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return any(not set(file.parts) & names for file in files)


def _owner(place: Folder) -> Claim | None:
    try:
        return Claim(**json.loads(place.get(MARKER))) if place.exists(MARKER) else None
    except (StorageError, ValueError, TypeError):
        return None


def _other_folder(address: str | Path, key: str) -> str:
    """Return how to name a folder that is free."""
    folder = local_path(address)
    if folder is None:
        return f"name another, e.g. {key}={masked(str(address)).rstrip('/')}-2"
    own = folder.resolve().name or "results"
    place = folder.parent if folder.name not in {"", ".."} else folder
    number = 2
    while (place / f"{own}-{number}").exists():
        number += 1
    free = place / f"{own}-{number}"
    return f"name another, e.g. {key}={free}, or leave it out for a new one"
