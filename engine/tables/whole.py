"""Own tables that are read at once: anchors, suppliers and goods, in the order of the world."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.spec.jobs import Scale
from engine.spec.tables import OwnTables, TableSource
from engine.tables.cells import Cells, RowPlaces, checked
from engine.tables.files import TableFiles, key_of
from engine.tables.ids import TextIds
from engine.tables.schemas import Column, Schema, Words, schemas_of

_Values = NDArray[Any]
_MOST_ROWS: Final = 1_000_000
"""Of anchors and of suppliers."""


class _WholeTable(NamedTuple):
    """A table in memory: ids and columns by what they fill, in the order of the world."""

    ids: TextIds
    columns: dict[str, _Values]

    @classmethod
    def read(
        cls, schema: Schema, source: TableSource, known: Mapping[str, TextIds]
    ) -> "_WholeTable":
        """Read and check a table.

        Parameters
        ----------
        schema : of the table.
        source : where it lies.
        known : ids of the tables that it may refer to.

        Raises
        ------
        InputError
            Naming the first cell that cannot be.
        """
        where = key_of(schema.name)
        files = TableFiles.find(where, source.address)
        columns = files.columns_of(schema)
        parts: dict[str, list[Any]] = {column.name: [] for column in columns}
        rows, count = RowPlaces(where, [], []), 0
        for batch in files.batches(list(parts)):
            length = len(next(iter(batch.columns.values())))
            rows.starts.append(count)
            rows.files.append((batch.file, batch.first))
            count += length
            for column in columns:
                cells = Cells.of(where, batch, column)
                found = checked(cells)
                if column.references:
                    found = _referred(cells, found, known[column.references])
                parts[column.name].append(found)
        _check_count(schema.name, files, count)
        return _ordered(schema, columns, parts, rows)


class WorldTables(dict[str, _WholeTable]):
    """The tables of a world that are held whole, by their names; those that are given."""

    @classmethod
    def read(cls, tables: OwnTables, scale: Scale, words: Words) -> Self:
        """Read them, those first that others refer to."""
        known: dict[str, TextIds] = {"suppliers": TextIds.of_numbers(scale.suppliers_count)}
        found = cls()
        for name in ("suppliers", "goods", "anchors"):
            source = tables.named(name).get(name)
            if source is not None:
                found[name] = _WholeTable.read(schemas_of(words)[name], source, known)
                known[name] = found[name].ids
        return found

    def anchor_ids(self, scale: Scale) -> TextIds:
        """Return the ids of anchors: those of their table, else their numbers."""
        own = self.get("anchors")
        return own.ids if own is not None else TextIds.of_numbers(scale.anchors_count)


def _check_count(name: str, files: TableFiles, count: int) -> None:
    most = _MOST_ROWS if name != "goods" else 64 * _MOST_ROWS
    if not 0 < count <= most:
        raise InputError(
            f"{files.where}: {files.address}",
            f"has {count:,} rows",
            f"1 to {most:,} rows",
            "give at least one" if not count else "leave the smallest out",
        )


def _referred(cells: Cells, ids: Any, known: TextIds) -> _Values:
    """Rows that are referred to, -1 for none."""
    found = known.rows(ids)
    wrong = found < 0
    if cells.column.is_nullable:
        wrong &= np.asarray(ids.is_valid())
    if wrong.any():
        place = int(wrong.argmax())
        what = f"{ids[place].as_py()!r} is none of the {len(known):,} {cells.column.references}"
        raise cells.mistake(place, what)
    return found


def _ordered(
    schema: Schema, columns: list[Column], parts: dict[str, list[Any]], rows: RowPlaces
) -> _WholeTable:
    """Join the parts, check what rows have to do with each other, and sort."""
    import pyarrow as pa

    ids = TextIds(pa.concat_arrays([part.cast(pa.string()) for part in parts.pop(schema.key)]))
    if (twin := ids.twin()) is not None:
        what = f"{ids.shown(twin[1])} stands in row {twin[0] + 1} already"
        raise rows.mistake(twin[1], schema.key, what, "each id once")
    found = {
        column.fills: _joined(column, parts[column.name]) for column in columns if column.name
        in parts
    }  # fmt: skip
    _CHECKS[schema.name](found, rows)
    order = _ORDERS[schema.name](found)
    if order is not None:
        ids, found = ids.take(order), {name: values[order] for name, values in found.items()}
    if "family" in found:
        found["family"] = _numbered(found["family"])
    return _WholeTable(ids, found)


def _joined(column: Column, parts: list[Any]) -> _Values:
    if column.kind != "text":
        return np.concatenate(parts)
    return np.concatenate([part.to_numpy(zero_copy_only=False) for part in parts])


def _numbered(families: _Values) -> _Values:
    """Numbers of families by their first member, -1 for none."""
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if name is None else numbers.setdefault(name, len(numbers)) for name in families],
        np.int32,
    )


def _check_anchors(columns: dict[str, _Values], rows: RowPlaces) -> None:
    fans = columns["fans"]
    if not fans.any():
        raise rows.mistake(0, "fans_count", "is 0 in every row", "fans for some anchor")
    if "engaged" in columns and not columns["engaged"].any():
        raise rows.mistake(0, "engaged_weight", "is 0 in every row", "a weight for some anchor")
    if "arrives" in columns:
        early = (columns["arrives"] > 0) & (fans > 0)
        if early.any():
            row = int(early.argmax())
            what = f"{fans[row]:g} fans on the first day of an anchor that begins later"
            raise rows.mistake(row, "fans_count", what, "0 where arrives_day is above 0")


def _check_suppliers(columns: dict[str, _Values], rows: RowPlaces) -> None:
    if "joined" in columns and "threshold" in columns:
        raise rows.mistake(
            0,
            "joined",
            "says again what adoption_threshold and adoption_hazard say",
            "one of the two columns joined and adoption_threshold",
        )


def _check_goods(columns: dict[str, _Values], rows: RowPlaces) -> None:
    """Do nothing: that every supplier has a good is checked where the suppliers are known."""


def _by_fans(columns: dict[str, _Values]) -> _Values:
    return np.argsort(-columns["fans"], kind="stable")


def _by_supplier(columns: dict[str, _Values]) -> _Values:
    return np.argsort(columns["supplier"], kind="stable")


_CHECKS: Final = {
    "anchors": _check_anchors,
    "suppliers": _check_suppliers,
    "goods": _check_goods,
}
_ORDERS: Final = {"anchors": _by_fans, "suppliers": lambda _: None, "goods": _by_supplier}
