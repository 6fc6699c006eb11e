"""Runs with their arrays as one file: a header in JSON and plain arrays, nothing that could run.

The bits come back: arrays as they are, numbers with the digits that give the same again.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.case import RunResult

_HEAD: Final = "head"
_PLAIN: Final = ("labels", "run", "run_off")
_TABLES: Final = ("daily", "monthly", "segments", "anchors", "valued_days")

_DAMAGE: Final = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
)
"""What reading a file that is not one of ours may raise."""


def pack_runs(mark: str, runs: Sequence[RunResult]) -> bytes:
    """Return runs without branches as one `.npz`, under a mark that says what they are of.

    It is compressed: by segment most days have the same few figures.
    """
    arrays: dict[str, NDArray[Any]] = {}
    heads = []
    for number, one in enumerate(runs):
        heads.append({part: _values(getattr(one, part)) for part in _PLAIN})
        for table in _TABLES:
            for name, column in getattr(one, table).items():
                arrays[f"{number}/{table}/{name}"] = np.asarray(column)
    head = json.dumps({"of": mark, "runs": heads}).encode()
    file = io.BytesIO()
    np.savez_compressed(
        file, allow_pickle=False, **{_HEAD: np.frombuffer(head, np.uint8), **arrays}
    )
    return file.getvalue()


def unpack_runs(data: bytes, mark: str) -> list[RunResult] | None:
    """Return the runs of a mark; None of another's, and of what is damaged."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            head = json.loads(file[_HEAD].tobytes())
            if head["of"] != mark:
                return None
            tables: list[dict[str, Any]] = [{table: {} for table in _TABLES} for _ in head["runs"]]
            for place in file.files:
                if place != _HEAD:
                    number, table, name = place.split("/", 2)
                    tables[int(number)][table][name] = file[place]
        return [RunResult(**plain, **own) for plain, own in zip(head["runs"], tables, strict=True)]
    except _DAMAGE:
        return None


def _values(plain: Mapping[str, Any]) -> dict[str, Any]:
    """NumPy scalars as Python's."""
    return {
        name: value.item() if hasattr(value, "item") else value for name, value in plain.items()
    }
