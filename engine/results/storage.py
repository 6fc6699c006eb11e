"""Bytes in and out of a results folder, on this disk or at any `pyarrow.fs` address.

A file is written whole or not at all: on a disk under a name beginning with a dot, then
fsync and rename; in an object store in one PUT, which is atomic already.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType, LocalFileSystem

from engine.errors import InputError, StorageError
from engine.secrets import masked, reveal

STORES: Final = ("s3", "gs")
"""Schemes of the object stores that hold results."""

_ALLOWED: Final = "a path, file:///folder, s3://bucket/folder or gs://bucket/folder"
_REMEDY: Final = "correct the address, or the store's credentials in the environment"

_ANSWER_S: Final = 30
"""Seconds in which a store must answer."""

_DETAILS: Final = " error_info="
"""Where the message of Google's client begins to repeat itself."""

TORN: Final = re.compile(r"\..+\.\d+")
"""Name of a file that is being written: a dot, its name, and the process."""


@dataclass(frozen=True)
class Folder:
    """A folder of results: `address` as the user wrote it, `path` within `system`."""

    address: str
    system: FileSystem
    path: str

    def child(self, name: str) -> str:
        """Return the path of `name` within the file system."""
        return f"{self.path}/{name}"

    def check_writable(self) -> None:
        """Make the folder and write a file to it, before hours are spent on what goes there.

        Raises
        ------
        StorageError
            If the folder cannot be made or written to.
        """
        self.create()
        self.put("writable.probe", b"")
        self.delete("writable.probe")

    def create(self, name: str = "") -> None:
        """Make the folder (or its sub-folder `name`) and those above it."""
        with _translated(self.address, "made"):
            self.system.create_dir(self.child(name) if name else self.path, recursive=True)

    def put(self, name: str, data: bytes) -> None:
        """Write one file whole or not at all."""
        with _translated(f"{self.address}/{name}", "written"):
            if isinstance(self.system, LocalFileSystem):
                _put_local(Path(self.child(name)), data)
            else:
                with self.system.open_output_stream(self.child(name), compression=None) as stream:
                    stream.write(data)

    @contextmanager
    def writing(self, name: str) -> Iterator[Any]:
        """Open a stream to one file, which appears whole at the end or not at all."""
        path = self.child(name)
        part = f"{self.path}/.{name}.{os.getpid()}"
        is_local = isinstance(self.system, LocalFileSystem)
        with _translated(f"{self.address}/{name}", "written"):
            try:
                with self.system.open_output_stream(
                    part if is_local else path, compression=None
                ) as stream:
                    yield stream
                if is_local:
                    _move_local(Path(part), Path(path))
            finally:
                if is_local:
                    Path(part).unlink(missing_ok=True)

    def get(self, name: str) -> bytes:
        """Read the bytes of one file."""
        with self.reading(name) as stream:
            return bytes(stream.read())

    @contextmanager
    def reading(self, name: str) -> Iterator[Any]:
        """Open a stream from one file."""
        with (
            _translated(f"{self.address}/{name}", "read"),
            # "detect" would unpack what is called .gz
            self.system.open_input_stream(self.child(name), compression=None) as stream,
        ):
            yield stream

    def delete(self, name: str) -> None:
        """Remove one file, if it is there."""
        if self.exists(name):
            with _translated(f"{self.address}/{name}", "removed"):
                self.system.delete_file(self.child(name))

    def exists(self, name: str) -> bool:
        """Tell whether there is a file or folder of that name."""
        with _translated(f"{self.address}/{name}", "looked up"):
            found = self.system.get_file_info(self.child(name))
        return bool(found.type is not FileType.NotFound)

    def names(self) -> list[str]:
        """Return the sorted names of all that is in the folder, hidden ones too."""
        return sorted(info.base_name for info in self._infos(self.path, recursive=False))

    def tree_of(self, name: str = "") -> dict[str, FileInfo]:
        """Return all files in the folder (or its sub-folder) and below, hidden ones too.

        They go by their names within it.
        """
        base = self.child(name) if name else self.path
        infos = self._infos(base, recursive=True)
        return {info.path[len(base) + 1 :]: info for info in infos if info.type is FileType.File}

    def _infos(self, path: str, *, recursive: bool) -> list[FileInfo]:
        selector = FileSelector(path, allow_not_found=True, recursive=recursive)
        with _translated(self.address, "listed"):
            found = self.system.get_file_info(selector)
        own = path.rstrip("/")
        return [info for info in found if info.path.rstrip("/") != own]

    def files(self, name: str = "") -> list[str]:
        """Return the sorted names of the finished files in the folder (or its sub-folder)."""
        selector = FileSelector(self.child(name) if name else self.path, allow_not_found=True)
        with _translated(f"{self.address}/{name}", "listed"):
            found = self.system.get_file_info(selector)
        return sorted(
            info.base_name
            for info in found
            if info.type is FileType.File and not info.base_name.startswith(".")
        )


def local_path(address: str | Path, where: str = "results folder") -> Path | None:
    """Return the path that an address means; None if it is in a store.

    Raises
    ------
    InputError
        If it is `file://` of another machine.
    """
    text = str(address)
    if "://" not in text:
        return Path(text)
    parts = urlsplit(text)
    if parts.scheme != "file":
        return None
    if parts.netloc not in {"", "localhost"}:
        raise _unknown(text, f"names a file of {parts.netloc}", where)
    return Path(unquote(parts.path))


def open_folder(address: str | Path) -> Folder:
    """Open the folder at a local path or an address such as `s3://bucket/run1`.

    Raises
    ------
    InputError
        If the address names a store that pyarrow does not know, or that does not answer.
    """
    text, place = str(address), local_path(address)
    if place is not None:
        return Folder(text, LocalFileSystem(), str(place.absolute()))
    try:
        system, path = FileSystem.from_uri(_within_time(reveal(text)))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            where="results folder",
            what=f"{masked(text)!r} cannot be opened ({masked(str(error))})",
            allowed="a path, or an address that pyarrow.fs knows: s3://, gs://, abfs://, hdfs://",
            remedy=_REMEDY,
        ) from None
    return Folder(masked(text), system, path.rstrip("/"))


def _within_time(address: str) -> str:
    """Return the address with the time in which Google's store must answer: it has 15 minutes."""
    parts = urlsplit(address)
    if parts.scheme not in {"gs", "gcs"} or "retry_limit_seconds" in parts.query:
        return address
    return f"{address}{'&' if parts.query else '?'}retry_limit_seconds={_ANSWER_S}"


def check_store(address: str, where: str) -> None:
    """Refuse an address under which no command leaves its results.

    Raises
    ------
    InputError
        Naming those that do.
    """
    parts = urlsplit(address)
    if parts.scheme not in STORES:
        raise _unknown(address, "is of no kind that holds results", where)
    if not parts.netloc.rpartition("@")[2] or not parts.path.strip("/"):
        raise _unknown(address, "names no folder of a bucket", where)


def _unknown(address: str, what: str, where: str) -> InputError:
    return InputError(where, f"{masked(address)} {what}", _ALLOWED, _REMEDY)


def _put_local(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _move_local(part: Path, path: Path) -> None:
    """Give a finished file its name, after its content has reached the disk."""
    file = os.open(part, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    _rename(part, path)


def _rename(part: Path, path: Path) -> None:
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)  # the rename itself must reach the disk too
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _translated(where: str, verb: str) -> Iterator[None]:
    """Turn what the disk or the store says into one message with a remedy."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise StorageError(
            f"{where}: cannot be {verb}: {str(error).partition(_DETAILS)[0]}\n"
            "  remedy:  check that the folder exists, is yours to write and has space left,"
            " or choose another with hydra.run.dir=..."
        ) from error
