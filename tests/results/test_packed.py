"""Runs in a file of plain arrays: the bits come back, and nothing of another's is run."""

import io
import pickle

import numpy as np
import pyarrow as pa
import pytest

from engine.case import RunResult
from engine.results.packed import _SIZE, _digest, pack_runs, unpack_runs

RUN = RunResult(
    labels={"policy": "a", "trial": np.int64(3), "world": "as_is"},
    run={"gmv_fen": np.int64(2**62), "share": np.float64(0.1) + 0.2, "nothing": float("nan")},
    daily={"gmv_fen": np.arange(5, dtype=np.int64), "share": np.linspace(0, 1, 5)},
    monthly={"buyers_count": np.array([1.5, np.nan])},
    run_off={"gmv_fen": 7},
    valued_days={"gmv_fen": np.array([1, 2], np.int64)},
)


def test_the_bits_come_back() -> None:
    found = unpack_runs(pack_runs("mark", [RUN, RUN]), "mark")
    assert found is not None
    assert len(found) == 2
    assert found[1].labels == RUN.labels
    assert {k: v for k, v in found[1].run.items() if k != "nothing"} == {
        k: v for k, v in RUN.run.items() if k != "nothing"
    }
    for table in ("daily", "monthly", "valued_days"):
        for name, column in getattr(RUN, table).items():
            own = getattr(found[1], table)[name]
            assert own.dtype == column.dtype
            assert np.array_equal(own, column, equal_nan=True)


def test_another_mark_counts_as_not_there() -> None:
    assert unpack_runs(pack_runs("mark", [RUN]), "other") is None


class _Bomb:
    def __reduce__(self) -> tuple:
        return (pytest.fail, ("it was unpickled",))


def _signed(packed: bytes) -> bytes:
    return _digest(packed) + packed


def _object_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([_Bomb()], dtype=object))
    plain = file.getvalue()
    return _signed(_SIZE.pack(len(plain)) + pa.compress(plain, "zstd", asbytes=True))


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


OWN = pack_runs("mark", [RUN])


@pytest.mark.parametrize("data", [
    b"", b"PK\x03\x04", pickle.dumps(("mark", [_Bomb()])), _object_array(), OWN[:-20],
    b"\x00" * 100, _signed(b""), _signed(b"\x00" * 100), _signed(OWN[16:-20]),
    _signed(_SIZE.pack(2**60) + OWN[24:]),
    *(_flipped(OWN, place) for place in (0, 18, 40, len(OWN) - 1)),
])  # fmt: skip
def test_what_is_damaged_or_another_s_is_not_read(data: bytes) -> None:
    assert unpack_runs(data, "mark") is None
