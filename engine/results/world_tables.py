"""The drawn world as tables: in the schemas in which own tables are read, so that it can be."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.case import Case
from engine.errors import InputError
from engine.results.storage import Folder, open_folder
from engine.spec.calendar import Calendar, Campaign, Festival

if TYPE_CHECKING:
    from engine.market.world import World
    from engine.population.buyers import Buyers
    from engine.tables.schemas import Column, Schema

_Rows = dict[str, Any]
_CHUNK: Final = 2**18
"""Buyers that are written at once."""


def _world_folders(address: str, todo: Sequence[Case]) -> dict[str, Case]:
    """Return where the first population of each world goes.

    That of a single world goes to `address` itself, others to a folder below it for each.
    """
    found: dict[str, Case] = {}
    for case in todo:
        found.setdefault(case.world, case)
    if len(found) == 1:
        return {address: todo[0]}
    return {f"{address.rstrip('/')}/{world}": case for world, case in found.items()}


def check_export_folder(address: str, todo: Sequence[Case]) -> None:
    """Refuse a folder in which an export would write over something.

    Raises
    ------
    InputError
        If there is something.
    """
    for one in _world_folders(address, todo):
        names = open_folder(one).files()
        if names:
            raise InputError(
                "export",
                f"{one} holds {', '.join(names[:5])}",
                "a new or empty folder",
                "name another, or remove what is there",
            )


def export_worlds(todo: Sequence[Case], address: str) -> None:
    """Write the first population of each world as it stands on the scenario's first morning.

    What was read of own tables is written too, under the numbers of its rows in the world.

    Raises
    ------
    StorageError
        If the folder cannot be written to.
    """
    for one, case in _world_folders(address, todo).items():
        _export(case, open_folder(one))


def _export(case: Case, folder: Folder) -> None:
    from engine.market.world import open_world
    from engine.population.draw_buyers import draw_buyers
    from engine.tables import read_given
    from engine.tables.schemas import schemas_of

    words = case.scenario.vocabulary
    given, schemas = read_given(case.tables, case.scale, words), schemas_of(words)
    world = open_world(case.scenario, case.scale, case.world_seed, given)
    folder.create()
    for name, rows in _world_rows(world).items():
        _write(folder, schemas[name], iter([rows]))
    everybody = range(case.scale.buyers_count)
    buyers = draw_buyers(world.scenario, world.anchors, everybody, world.seed, given)
    _write(folder, schemas["buyers"], _buyer_rows(buyers, schemas["buyers"], words[1]))
    _write(folder, schemas["follows"], _follow_rows(buyers))
    calendar = case.scenario.calendar
    _write(folder, schemas["events"], iter([_event_rows(calendar)]))
    _write(folder, schemas["season"], iter([_season_rows(calendar)]))


def _world_rows(world: "World") -> dict[str, _Rows]:
    """Columns of anchors, suppliers and goods by what they fill, without guests."""
    anchors, suppliers, goods = world.anchors, world.suppliers, world.goods
    count = suppliers.guests_from
    sold = int(goods.first_good[count])
    family = anchors.family[: anchors.guests_from]
    alone = family < 0
    place = np.zeros(family.size, np.int64)
    for number in reversed(range(anchors.members.shape[1])):  # the first place counts
        place[anchors.members[:, number]] = number
    return {
        "anchors": {
            **_first(anchors, anchors.guests_from),
            "anchor_id": np.arange(family.size),
            "own_supplier": (anchors.own_supplier[: family.size], anchors.own_supplier < 0),
            "family": (family.astype(str), alone),
            "family_place": (place, alone),
        },
        "suppliers": {**_first(suppliers, count), "supplier_id": np.arange(count)},
        "goods": {**_first(goods, sold), "good_id": np.arange(sold)},
    }


def _first(record: Any, count: int) -> _Rows:
    """The first `count` rows of the columns of a record."""
    return {
        name: column[:count]
        for name, column in record._asdict().items()
        if isinstance(column, np.ndarray) and column.ndim == 1
    }


def _buyer_rows(buyers: "Buyers", schema: "Schema", categories: Sequence[str]) -> Iterator[_Rows]:
    from engine.population.given_buyers import read_column

    for first in range(0, buyers.person.size, _CHUNK):
        last = min(first + _CHUNK, buyers.person.size)
        own = buyers.rows(first, last)
        names = [column.fills for column in schema.columns[1:]]
        yield {"buyer_id": np.arange(first, last)} | {
            name: read_column(own, name, categories) for name in names
        }


def _follow_rows(buyers: "Buyers") -> Iterator[_Rows]:
    from engine.population.buyers import (
        AFFINITY_BITS,
        AFFINITY_ONE,
        ANCHOR_LOW_BITS,
        FOLLOWS,
    )

    for first in range(0, buyers.person.size, _CHUNK):
        person = buyers.person[first : first + _CHUNK]
        high = person["affinities"].astype(np.int64)
        anchor = (high >> AFFINITY_BITS << ANCHOR_LOW_BITS) | person["anchors"]
        buyer, place = np.nonzero(high | anchor)
        assert place.size == 0 or place.max() < FOLLOWS
        yield {
            "buyer_id": buyer + first,
            "anchor_id": anchor[buyer, place],
            "level": (high[buyer, place] & AFFINITY_ONE) / AFFINITY_ONE,
            "place": place,
        }


def _event_rows(calendar: Calendar) -> _Rows:
    events: list[Festival | Campaign] = [*calendar.festivals, *calendar.rival_campaigns]
    names = ("name", "start", "end", "traffic", "attention", "plan", "pull")
    rows: _Rows = {name: [getattr(event, name, None) for event in events] for name in names}
    rows |= {name: [str(value) for value in rows[name]] for name in ("start", "end")}
    kinds = ["festival" if isinstance(event, Festival) else "campaign" for event in events]
    return rows | {"kind": kinds}


def _season_rows(calendar: Calendar) -> _Rows:
    """Every day to the end of the horizon's last calendar year."""
    count = (date(calendar.end.year, 12, 31) - calendar.origin).days + 1
    days = [calendar.origin + timedelta(days=day) for day in range(count)]
    return {"date": days, "season_factor": [calendar.season_on(day) for day in days]}


def _write(folder: Folder, schema: "Schema", chunks: Iterator[_Rows]) -> None:
    """Write one table, chunk by chunk; it appears whole or not at all."""
    from pyarrow.parquet import ParquetWriter

    columns = schema.columns
    with folder.writing(f"{schema.name}.parquet") as stream:
        writer = None
        for rows in chunks:
            table = _table(columns, rows)
            writer = writer or ParquetWriter(stream, table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()


def _table(columns: Sequence["Column"], rows: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    fields, arrays = [], []
    for column in columns:
        if column.fills not in rows:
            continue
        array = _array(column, rows[column.fills])
        about = {"description": column.doc, "unit": column.unit}
        fields.append(pa.field(column.name, array.type, metadata=about))
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _array(column: "Column", values: Any) -> Any:
    """An Arrow array of a column; of a pair the second says what is empty."""
    import pyarrow as pa

    kinds = {
        "id": pa.int64(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "truth": pa.bool_(),
        "word": pa.string(),
        "text": pa.string(),
        "date": pa.date32(),
    }
    mask = None
    if isinstance(values, tuple):
        values, mask = values
        mask = mask[: len(values)]
    if column.words and isinstance(values, np.ndarray):
        values = np.array(column.words)[values]
    if isinstance(values, np.ndarray):
        values = _plain(values, column)
        return pa.array(values, mask=mask).cast(kinds[column.kind])
    return pa.array(values, kinds[column.kind])


def _plain(values: NDArray[Any], column: "Column") -> NDArray[Any]:
    if column.kind == "number":
        return values.astype(np.float64)
    return values
