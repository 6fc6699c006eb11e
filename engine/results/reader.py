"""Reads result tables back, for comparing and reporting."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import StorageError
from engine.results.provenance import PREFIX, config_hash
from engine.results.schemas import COLUMNS, MANIFEST, PARTED
from engine.results.storage import Folder, open_folder


def list_tables(address: str | Path) -> list[str]:
    """Return the names of the tables in a results folder."""
    folder = open_folder(address)
    return [
        name
        for name in COLUMNS
        if (folder.files(name) if name in PARTED else folder.exists(f"{name}.parquet"))
    ]


def is_complete(address: str | Path, config: Mapping[str, Any]) -> bool:
    """Tell whether a command with this very config has finished in a results folder."""
    folder = open_folder(address)
    if not folder.exists(MANIFEST):
        return False
    try:
        manifest = json.loads(folder.get(MANIFEST))
    except ValueError:
        return False
    found = manifest.get("config_hash") if isinstance(manifest, dict) else None
    return bool(found == config_hash(config))


def read_table(address: str | Path, name: str) -> pa.Table:
    """Read a whole table; the parts of a folder in the order of their names.

    Raises
    ------
    StorageError
        If the table is not there, is not Parquet, or lacks columns that it has today.
    """
    folder = open_folder(address)
    files = [f"{name}/{part}" for part in folder.files(name)] if name in PARTED else []
    if not files and folder.exists(f"{name}.parquet"):
        files = [f"{name}.parquet"]
    if not files:
        raise StorageError(
            f"{folder.address}: there is no table {name!r} here\n"
            f"  found:   {', '.join(list_tables(address)) or 'no tables'}\n"
            "  remedy:  give the output folder of a finished command"
        )
    found = pa.concat_tables((_read(folder, file) for file in files), promote_options="default")
    if missing := [column for column in COLUMNS[name] if column not in found.column_names]:
        raise StorageError(
            f"{folder.address}: table {name!r} has no column {', '.join(map(repr, missing))}\n"
            "  cause:   another version wrote it\n"
            "  remedy:  read it with that version, or run the command again"
        )
    return found


def provenance_of(table: pa.Table) -> dict[str, Any]:
    """Read `config`, `config_hash`, `seed` and `versions` out of a table's metadata."""
    known = {
        key.decode().removeprefix(PREFIX): value.decode()
        for key, value in (table.schema.metadata or {}).items()
        if key.decode().startswith(PREFIX)
    }
    return {
        "config": json.loads(known.get("config", "{}")),
        "config_hash": known.get("config_hash", ""),
        "seed": int(known.get("seed", "0")),
        "versions": json.loads(known.get("versions", "{}")),
    }


def _read(folder: Folder, file: str) -> pa.Table:
    data = folder.get(file)  # a file that cannot be read is told there
    try:
        # Without threads: those of Arrow may outlive the interpreter and abort its exit.
        return pq.read_table(pa.BufferReader(data), use_threads=False, pre_buffer=False)
    # Of damaged bytes Arrow raises OSError as well, as of a footer that is no Thrift.
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StorageError(
            f"{folder.address}/{file}: is not a Parquet table ({error})\n"
            "  remedy:  remove the file and run the command again"
        ) from error
