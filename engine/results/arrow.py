"""From rows to Arrow tables: the types of the columns, and those that a study adds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import pyarrow as pa

from engine.results.schemas import COLUMNS, VARYING, Row, unit_of

_ARROW: Final[dict[type, pa.DataType]] = {
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    str: pa.string(),
    date: pa.date32(),
}


def schema(table: str, extra: Mapping[str, type] | None = None) -> pa.Schema:
    """Build the Arrow schema of `table`, with further columns where the table allows them.

    Raises
    ------
    KeyError
        If the table is unknown, or has no further columns and some are given.
    """
    columns = COLUMNS[table]
    unknown = [name for name in extra or {} if name not in columns]
    if unknown and table not in VARYING:
        raise KeyError(f"table {table!r} has no columns {unknown}; it has {list(columns)}")
    return pa.schema(
        pa.field(name, _ARROW[kind], metadata={"unit": unit_of(name)})
        for name, kind in {**(extra or {}), **columns}.items()
    )


def table_of_rows(table: str, rows: Sequence[Row]) -> pa.Table:
    """Turn `rows` into an Arrow table: fixed columns first, the others as they first appear.

    Missing values of further columns are null; a missing fixed column is a `KeyError`.
    """
    fixed = COLUMNS[table]
    for row in rows:
        if missing := [name for name in fixed if name not in row]:
            raise KeyError(f"a row of {table!r} lacks {missing}")
    names = [name for name in _names(rows) if name not in fixed]
    shape = schema(table, {name: _kind(row.get(name) for row in rows) for name in names})
    ordered = pa.schema([shape.field(name) for name in [*fixed, *names]])
    return pa.Table.from_pylist(
        [{name: _plain(value) for name, value in row.items()} for row in rows], ordered
    )


def _names(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _plain(value: Any) -> Any:
    """Turn NumPy scalars into Python's."""
    return value.item() if hasattr(value, "item") else value


def _kind(values: Iterable[Any]) -> type:
    """Find the one type that holds all values; nothing but nulls counts as numbers."""
    kinds = {type(_plain(value)) for value in values if value is not None}
    if kinds <= {int, float} and kinds != {int}:
        return float
    if len(kinds) != 1 or not kinds <= set(_ARROW):
        raise TypeError(f"a column must hold one plain type, got {sorted(map(str, kinds))}")
    return kinds.pop()
