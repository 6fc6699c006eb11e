"""Files of a table: where they lie, their columns and batches, a digest of their content."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple, Self

from engine.errors import InputError
from engine.spec.explain import unknown_word
from engine.spec.tables import TABLE_NAMES, TableSource
from engine.tables.schemas import Column, Schema

_FORMATS: Final = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
_BATCH_ROWS: Final = 65_536
"""Rows that are held at once of a table that is not kept."""
_BLOCK: Final = 2**22
_BUFFER: Final = 2**20


class _File(NamedTuple):
    """One file: its path in the file system, its name for people, its format, and its stamp."""

    path: str
    shown: str
    stamp: tuple[int, int]


class TableFiles(NamedTuple):
    """The files of one table in the order of their names; `where` is the key that names it."""

    where: str
    address: str
    system: Any
    base: str
    files: tuple[_File, ...]
    format: str

    @classmethod
    def find(cls, where: str, address: str) -> Self:
        """Find the files of a table; their address means the same wherever a process was started.

        Raises
        ------
        InputError
            If there are none, or of several formats.
        """
        from pyarrow.fs import FileSelector, FileType

        address = _absolute(address)
        system, path = _located(where, address)
        try:
            info = system.get_file_info(path)
            if info.type is FileType.Directory:
                infos = system.get_file_info(FileSelector(path, recursive=True))
            else:
                infos = [info]
        except OSError as error:
            raise _unreadable(where, address, str(error)) from None
        if info.type is FileType.NotFound:
            raise _unreadable(where, address, "there is no such file or folder")
        files = sorted(
            _File(one.path, _shown(address, path, one.path), (one.size, one.mtime_ns or 0))
            for one in infos
            if one.type is FileType.File and not _is_hidden(one.path[len(path) :])
        )
        return cls(where, address, system, path, tuple(files), _format(where, address, files))

    def digest(self) -> str:
        """Return a hash of the content of all files, and of their places in a folder."""
        return _digest_of(self.address, self.base, self.files)

    def columns_of(self, schema: Schema) -> list[Column]:
        """Return the columns of a table that the files have.

        Raises
        ------
        InputError
            If one is not known, or a required one is missing.
        """
        own, of_folders = _column_names(self)
        known = [column.name for column in schema.columns]
        for name_found in own:
            if name_found not in known:
                raise unknown_word(
                    f"{self.where}: {self.address}", "is no column", name_found, known
                )
        found = [column for column in schema.columns if column.name in {*own, *of_folders}]
        for column in schema.columns:
            if column.is_required and column not in found:
                raise InputError(
                    f"{self.where}: {self.address}",
                    f"has no column {column.name}: {column.doc}",
                    ", ".join(known),
                    f"add it: {column.allowed}",
                )
        return found

    def batches(self, columns: Sequence[str]) -> Iterator["Batch"]:
        """Yield the named columns in batches of at most `_BATCH_ROWS`, in the order of the files.

        One batch is read after another: a scanner that reads ahead of a slow consumer would hold
        much of the table.

        Raises
        ------
        InputError
            Where a file is damaged.
        """
        import pyarrow as pa

        shown = {file.path: file.shown for file in self.files}
        read = _parquet_batches if self.format == "parquet" else _csv_batches
        try:
            for fragment in _fragments(self):
                first, values = 1, _folder_values(fragment)
                own = set(fragment.physical_schema.names)
                for batch in read(self.system, fragment.path, [c for c in columns if c in own]):
                    count = batch.num_rows
                    found = {
                        name: batch.column(name)
                        if name in own
                        else pa.array([values.get(name)] * count)
                        for name in columns
                    }
                    yield Batch(shown.get(fragment.path, fragment.path), first, found)
                    first += count
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.where, self.address, _first_line(error)) from None


class Batch(NamedTuple):
    """Rows side by side of one file: `first` counts its rows of data from 1."""

    file: str
    first: int
    columns: dict[str, Any]
    """Arrow arrays by name."""


def key_of(name: str) -> str:
    """Return the key under which a user names a table."""
    return f"tables.{name}"


def _absolute(address: str) -> str:
    """Return an address that means the same wherever a process was started."""
    return address if "://" in address else str(Path(address).absolute())


def _located(where: str, address: str) -> tuple[Any, str]:
    """Return the file system of an address, and its path there."""
    import pyarrow as pa
    from pyarrow.fs import FileSystem, LocalFileSystem

    if "://" not in address:
        return LocalFileSystem(), str(Path(address).absolute())
    try:
        system, path = FileSystem.from_uri(address)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(where, address, str(error)) from None
    return system, path.rstrip("/")


def tables_in_folder(folder: str) -> dict[str, TableSource]:
    """Return the tables that lie in a folder under their own names.

    Raises
    ------
    InputError
        If there is none, or the folder cannot be read.
    """
    from pyarrow.fs import FileSelector

    where, address = "tables.folder", _absolute(folder).rstrip("/")
    system, path = _located(where, address)
    try:
        infos = system.get_file_info(FileSelector(path))
    except OSError as error:
        raise InputError(
            where,
            f"{folder}: {error}",
            "a folder of tables",
            "correct it, or write one: export=...",
        ) from None
    names = {PurePosixPath(info.path).name for info in infos}
    found = {
        name: TableSource(address=f"{address}/{one}")
        for name in TABLE_NAMES
        for one in (name, *(f"{name}{suffix}" for suffix in _FORMATS))
        if one in names
    }
    if not found:
        known = ", ".join(f"{name}.parquet" for name in TABLE_NAMES)
        raise InputError(where, f"{folder} holds no table", known, "name the tables one by one")
    return found


def _unreadable(where: str, address: str, why: str) -> InputError:
    return InputError(
        where,
        f"{address}: {why}",
        "a .parquet or .csv file, a folder of them, or an address that pyarrow.fs knows",
        "correct it; every process that simulates must be able to read it",
    )


def _shown(address: str, base: str, path: str) -> str:
    return address.rstrip("/") + path[len(base) :]


def _is_hidden(relative: str) -> bool:
    return any(part.startswith((".", "_")) for part in relative.split("/") if part)


def _format(where: str, address: str, files: Sequence[_File]) -> str:
    found = {_FORMATS.get(Path(file.path).suffix.lower(), Path(file.path).suffix) for file in files}
    if len(found) == 1 and (one := found.pop()) in _FORMATS.values():
        return one
    what = f"holds files that are {', '.join(sorted(found))}" if found else "holds no files"
    raise _unreadable(where, address, f"{what or 'a file without a suffix'}, not of one format")


@lru_cache(maxsize=64)  # by the stamps too: a file that changes is read anew
def _digest_of(address: str, base: str, files: tuple[_File, ...]) -> str:
    system, _ = _located("tables", address)
    found = hashlib.blake2b(digest_size=16)
    for file in files:
        found.update(f"{file.path[len(base) :]}:{file.stamp[0]};".encode())
        with system.open_input_stream(file.path) as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
    return found.hexdigest()


def _column_names(files: TableFiles) -> tuple[list[str], set[str]]:
    """Return the names of the files' own columns, and of those that folders name."""
    import pyarrow as pa

    try:
        fragment = next(_fragments(files))
        own = list(fragment.physical_schema.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(files.where, files.address, _first_line(error)) from None
    return own, set(_folder_values(fragment)) - set(own)


def _parquet_batches(system: Any, path: str, columns: Sequence[str]) -> Iterator[Any]:
    from pyarrow.parquet import ParquetFile

    with system.open_input_file(path) as source:
        file = ParquetFile(source, buffer_size=_BUFFER, pre_buffer=False)
        yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=columns, use_threads=False)


def _csv_batches(system: Any, path: str, columns: Sequence[str]) -> Iterator[Any]:
    """Cells as texts: what a cell should be is decided here, not guessed by the reader."""
    from pyarrow.csv import ConvertOptions, open_csv

    options = ConvertOptions(
        column_types=dict.fromkeys(columns, "string"),
        include_columns=columns,
        null_values=["", "null"],
        strings_can_be_null=True,
    )
    with (
        system.open_input_stream(path) as source,
        open_csv(source, convert_options=options) as reader,
    ):
        for batch in reader:
            for first in range(0, batch.num_rows, _BATCH_ROWS):
                yield batch.slice(first, _BATCH_ROWS)


def _fragments(files: TableFiles) -> Iterator[Any]:
    """The files as Arrow's fragments, which know their columns and what their folders say."""
    from pyarrow import dataset as ds

    found = ds.dataset(
        [file.path for file in files.files],
        filesystem=files.system,
        format=files.format,
        partitioning=ds.partitioning(flavor="hive"),
        partition_base_dir=files.base,
    )
    return iter(found.get_fragments())


def _folder_values(fragment: Any) -> dict[str, Any]:
    """What folders such as `kind=domestic` say of all rows of a file."""
    from pyarrow import dataset as ds

    return dict(ds.get_partition_keys(fragment.partition_expression))


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
