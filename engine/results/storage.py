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

import pyarrow as pa
from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem

from engine.errors import InputError, StorageError

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
                with self.system.open_output_stream(self.child(name)) as stream:
                    stream.write(data)

    @contextmanager
    def writing(self, name: str) -> Iterator[Any]:
        """Open a stream to one file, which appears whole at the end or not at all."""
        path = self.child(name)
        part = f"{self.path}/.{name}.{os.getpid()}"
        is_local = isinstance(self.system, LocalFileSystem)
        with _translated(f"{self.address}/{name}", "written"):
            try:
                with self.system.open_output_stream(part if is_local else path) as stream:
                    yield stream
                if is_local:
                    _move_local(Path(part), Path(path))
            finally:
                if is_local:
                    Path(part).unlink(missing_ok=True)

    def get(self, name: str) -> bytes:
        """Read the bytes of one file."""
        with (
            _translated(f"{self.address}/{name}", "read"),
            self.system.open_input_stream(self.child(name)) as stream,
        ):
            return bytes(stream.read())

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


def open_folder(address: str | Path) -> Folder:
    """Open the folder at a local path or an address such as `s3://bucket/run1`.

    Raises
    ------
    InputError
        If the address names a store that pyarrow does not know.
    """
    text = str(address)
    if "://" not in text:
        return Folder(text, LocalFileSystem(), str(Path(text).absolute()))
    try:
        system, path = FileSystem.from_uri(text)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            where="results folder",
            what=f"{text!r} cannot be opened ({error})",
            allowed="a path, or an address that pyarrow.fs knows: s3://, gs://, abfs://, hdfs://",
            remedy="correct the address and its credentials",
        ) from error
    return Folder(text, system, path.rstrip("/"))


def check_writable(address: str | Path) -> None:
    """Make the folder and write a file to it, before hours are spent on what goes there.

    Raises
    ------
    StorageError
        If the folder cannot be made or written to.
    """
    folder = open_folder(address)
    folder.create()
    folder.put("writable.probe", b"")
    folder.delete("writable.probe")


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
            f"{where}: cannot be {verb}: {error}\n"
            "  remedy:  check that the folder exists, is yours to write and has space left,"
            " or choose another with hydra.run.dir=..."
        ) from error
