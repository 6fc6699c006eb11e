"""Runs with their arrays as one file: a head in JSON and plain arrays, nothing that could run.

    digest of what follows | bytes when unpacked (8) | zstd of head.npy, array.npy, array.npy ...

The head names the arrays in their order. The bits come back: arrays as they are, numbers with the
digits that give the same again.
"""

import hashlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.case import RunResult

_PLAIN: Final = ("labels", "run", "run_off")
_TABLES: Final = ("daily", "monthly", "segments", "anchors", "valued_days")

_DIGEST_BYTES: Final = 16
_SIZE: Final = struct.Struct("<Q")
_CODEC: Final = "zstd"

_DAMAGE: Final = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    MemoryError,
    struct.error,
)
"""What reading a file that is not one of ours may raise."""


def pack_runs(mark: str, runs: Sequence[RunResult]) -> bytes:
    """Return runs without branches as one file, under a mark that says what they are of.

    It is compressed: by segment most days have the same few figures.
    """
    arrays: dict[str, NDArray[Any]] = {}
    heads = []
    for number, one in enumerate(runs):
        heads.append({part: _values(getattr(one, part)) for part in _PLAIN})
        for table in _TABLES:
            for name, column in getattr(one, table).items():
                arrays[f"{number}/{table}/{name}"] = np.asarray(column)
    head = json.dumps({"of": mark, "runs": heads, "arrays": list(arrays)}).encode()
    file = io.BytesIO()
    for array in (np.frombuffer(head, np.uint8), *arrays.values()):
        np.save(file, array, allow_pickle=False)
    plain = file.getbuffer()
    compressed: bytes = pa.compress(plain, _CODEC, asbytes=True)
    packed = _SIZE.pack(plain.nbytes) + compressed
    return _digest(packed) + packed


def unpack_runs(data: bytes, mark: str) -> list[RunResult] | None:
    """Return the runs of a mark; None of another's, and of what is damaged."""
    digest, packed = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if digest != _digest(packed):
        return None
    try:
        (size,) = _SIZE.unpack_from(packed)
        file = io.BytesIO(pa.decompress(packed[_SIZE.size :], size, _CODEC, asbytes=True))
        head = json.loads(np.load(file, allow_pickle=False).tobytes())
        if head["of"] != mark:
            return None
        tables: list[dict[str, Any]] = [{table: {} for table in _TABLES} for _ in head["runs"]]
        for place in head["arrays"]:
            number, table, name = place.split("/", 2)
            tables[int(number)][table][name] = np.load(file, allow_pickle=False)
        return [RunResult(**plain, **own) for plain, own in zip(head["runs"], tables, strict=True)]
    except _DAMAGE:
        return None


def _digest(packed: bytes) -> bytes:
    return hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest()


def _values(plain: Mapping[str, Any]) -> dict[str, Any]:
    """NumPy scalars as Python's."""
    return {
        name: value.item() if hasattr(value, "item") else value for name, value in plain.items()
    }
