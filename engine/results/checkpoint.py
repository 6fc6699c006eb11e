"""What survives a kill of a command that simulates: its finished runs, a line each.

`runs.jsonl` holds, for each finished run, its row of `runs`, its months, the sums of its run-off
and the days that are valued. The line is appended after the run's parts of `daily`, `segments` and
`anchors` are on the disk, so that a run that has a line is finished. The first line says what job
and what engine the runs are of; another's count as not there.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.cache import cache_folder
from engine.case import RunResult
from engine.errors import StorageError
from engine.measures import catalogue
from engine.results.schemas import PARTED
from engine.results.storage import Folder, open_folder
from engine.results.writer import part_name

_FILE: Final = "runs.jsonl"

_Key = tuple[Any, ...]


class RunCheckpoint:
    """Finished runs of one job in its output folder.

    Parameters
    ----------
    folder : the output folder, on this machine.
    identity : names all that the runs depend on, beside the engine.

    Raises
    ------
    StorageError
        If what is there cannot be read.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / _FILE
        self._folder = open_folder(folder)
        parts = [identity, cache_folder().name]
        self._mark = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        self._is_ours = False
        self._runs: dict[_Key, tuple[RunResult, list[str]]] = {}
        self._read()

    def get(self, labels: Mapping[str, Any]) -> RunResult | None:
        """Return a finished run without its details; None if it is not, or lacks a whole part."""
        if _key(labels) not in self._runs:
            return None
        result, tables = self._runs[_key(labels)]
        is_whole = all(_can_read(self._folder, f"{name}/{part_name(labels)}") for name in tables)
        return result if is_whole else None

    def parts(self) -> set[str]:
        """Return the files with details of the finished runs, within the folder."""
        return {
            f"{name}/{part_name(result.labels)}"
            for result, tables in self._runs.values()
            for name in tables
        }

    def add(self, result: RunResult, *, details: bool) -> None:
        """Keep a run; those of its details that are on the disk belong to it.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        if not self._is_ours:
            self._folder.put(_FILE, json.dumps({"of": self._mark}).encode() + b"\n")
            self._is_ours = True
        tables = [
            name
            for name in PARTED
            if details and self._folder.exists(f"{name}/{part_name(result.labels)}")
        ]
        tree = {
            "labels": {name: _plain(value) for name, value in result.labels.items()},
            "run": {name: _plain(value) for name, value in result.run.items()},
            "monthly": {name: np.asarray(x).tolist() for name, x in result.monthly.items()},
            "run_off": {name: _plain(value) for name, value in result.run_off.items()},
            "valued_days": {name: days.tolist() for name, days in result.valued_days.items()},
            "tables": tables,
        }
        # Python writes a float with the digits that give the same bits again.
        self._append(json.dumps(tree).encode() + b"\n")

    def _append(self, line: bytes) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _failed(self._path, "written", error) from None

    def _read(self) -> None:
        """Read what was kept, and cut off a last line that a kill left without its end."""
        if not self._path.exists():
            return
        try:
            lines = self._path.read_bytes().splitlines(keepends=True)
            if lines and not lines[-1].endswith(b"\n"):
                os.truncate(self._path, sum(map(len, lines[:-1])))
                lines.pop()
        except OSError as error:
            raise _failed(self._path, "read", error) from None
        try:
            self._is_ours = bool(lines) and json.loads(lines[0]) == {"of": self._mark}
            for line in lines[1:] if self._is_ours else []:
                tree = json.loads(line)
                self._runs[_key(tree["labels"])] = (_run_of(tree), list(tree["tables"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._is_ours = False  # damaged: the runs are simulated again
            self._runs.clear()


def _run_of(tree: Mapping[str, Any]) -> RunResult:
    monthly = {
        name: np.array(values, np.int64 if catalogue.MONTHLY.get(name) is int else np.float64)
        for name, values in tree["monthly"].items()
    }
    return RunResult(
        labels=tree["labels"],
        run=tree["run"],
        daily={},
        monthly=monthly,
        run_off=tree["run_off"],
        valued_days={name: np.array(days, np.int64) for name, days in tree["valued_days"].items()},
    )


def _key(labels: Mapping[str, Any]) -> _Key:
    return tuple(labels[name] for name in catalogue.KEYS)


def _plain(value: Any) -> Any:
    """Turn NumPy scalars into Python's."""
    return value.item() if hasattr(value, "item") else value


def _failed(path: Path, verb: str, error: OSError) -> StorageError:
    return StorageError(
        f"{path}: cannot be {verb}: {error.strerror or error}\n"
        "  allowed: a local folder that can be written, with room on the disk\n"
        "  remedy:  take another output folder (hydra.run.dir=...)"
    )


def _can_read(folder: Folder, name: str) -> bool:
    """Return whether a Parquet file is there and has its end, which is written last."""
    try:
        return folder.exists(name) and bool(pq.ParquetFile(pa.BufferReader(folder.get(name))))
    except (pa.ArrowException, OSError, ValueError):  # OSError: its end is there, but damaged
        return False
