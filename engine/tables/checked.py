"""Own tables of a job: found, checked to the last row, and the job made to follow them.

Events and seasons become a part of the scenario.
"""

import json
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from pydantic import ValidationError

from engine.errors import InputError
from engine.population.anchors import draw_anchors
from engine.spec.calendar import Campaign, Festival
from engine.spec.jobs import Job, Scale
from engine.spec.scenario import Scenario
from engine.spec.tables import OwnTables, TableSource
from engine.tables.cells import Cells, RowPlaces, checked
from engine.tables.files import (
    Batch,
    TableFiles,
    key_of,
    tables_in_folder,
)
from engine.tables.given import FollowTable, read_buyer_ids
from engine.tables.ids import BuyerIds, TextIds
from engine.tables.schemas import Column, Schema, Words, schemas_of
from engine.tables.whole import WorldTables

_JobT = TypeVar("_JobT", bound=Job)


class _CheckKey(NamedTuple):
    """What a check depends on; contents are in the digests."""

    tables: OwnTables
    scale: Scale
    anchors: object
    guests: int
    words: Words


_CHECKED: Final[dict[_CheckKey, dict[str, int]]] = {}
"""Rows of tables that were checked in this process: a command loads its job twice."""


_OF_KIND: dict[str, tuple[type[Festival | Campaign], tuple[str, ...]]] = {
    "festival": (Festival, ("traffic", "attention", "plan")),
    "campaign": (Campaign, ("pull",)),
}


def with_own_tables(job: _JobT) -> _JobT:
    """Return the job as its own tables make it; itself without any.

    Addresses become absolute, and contents get their digests, so that the job's identity holds
    them. The scale counts the rows of the tables, the scenario has their events and season.

    Raises
    ------
    InputError
        Naming file, row, column and value of the first cell that cannot be.
    """
    if not job.tables.is_given:
        return job
    tables = _found(job.tables)
    scenario = _with_calendar(job.scenario, tables)
    guests, words = len(scenario.calendar.trial_streams), scenario.vocabulary
    made = _CheckKey(tables, job.scale, scenario.anchors, guests, words)
    if made not in _CHECKED:
        _CHECKED[made] = _check(tables, job.scale, scenario)
    rows = _CHECKED[made]
    sources = {
        name: source.model_copy(update={"rows_count": rows.get(name, 0)})
        for name, source in tables.named().items()
    }
    scale = _following(job.scale, rows, tables.buyers_share)
    changes = {"tables": tables.with_sources(sources), "scenario": scenario, "scale": scale}
    return job.model_copy(update=changes)


def _following(scale: Scale, rows: dict[str, int], buyers_share: float) -> Scale:
    """The scale with as many rows as tables have."""
    counts = {f"{name}_count": rows[name] for name in ("anchors", "suppliers") if name in rows}
    if "buyers" in rows:
        counts["buyers_count"] = max(1, round(rows["buyers"] * buyers_share))
    return scale.model_copy(update=counts)


def _found(tables: OwnTables) -> OwnTables:
    """The tables with absolute addresses and digests, those of the folder among them."""
    named = tables.named()
    if tables.folder is not None:
        named = tables_in_folder(tables.folder) | named
    sources = {}
    for name, source in named.items():
        files = TableFiles.find(key_of(name), source.address)
        sources[name] = TableSource(address=files.address, digest=files.digest())
    return tables.with_sources(sources)


def _check(tables: OwnTables, scale: Scale, scenario: Scenario) -> dict[str, int]:
    """Look at every row; return how many each table has."""
    words = scenario.vocabulary
    world, schemas = WorldTables.read(tables, scale, words), schemas_of(words)
    rows = {name: len(whole.ids) for name, whole in world.items()}
    scale = _following(scale, rows, tables.buyers_share)
    if "goods" in world:
        own = world.get("suppliers")
        known = own.ids if own else TextIds.of_numbers(scale.suppliers_count)
        _check_every_supplier_has_goods(world, known, key_of("goods"))
    buyers = BuyerIds(scale.buyers_count)
    if tables.buyers is not None:
        buyers = _check_buyers(tables.buyers, schemas["buyers"])
        rows["buyers"] = buyers.rows_count
    if tables.follows is not None:
        rows["follows"] = _check_follows(tables.follows, buyers, world, scale, scenario)
    return rows


def _check_every_supplier_has_goods(world: WorldTables, suppliers: TextIds, where: str) -> None:
    """Refuse goods that leave a supplier without any."""
    counts = np.bincount(world["goods"].columns["supplier"], minlength=len(suppliers))
    if not counts.all():
        name = suppliers.shown(int((counts == 0).argmax()))
        raise InputError(
            where,
            f"the supplier {name} has no goods, nor have {int((counts == 0).sum()) - 1} others",
            "at least one good of each supplier",
            "add its goods, or leave the supplier out",
        )


def _check_buyers(source: TableSource, schema: Schema) -> BuyerIds:
    where = key_of("buyers")
    files = TableFiles.find(where, source.address)
    columns = files.columns_of(schema)
    rows, count = RowPlaces(where, [], []), 0
    for batch in files.batches([column.name for column in columns]):
        rows.starts.append(count)
        rows.files.append((batch.file, batch.first))
        for column in columns:
            checked(Cells.of(where, batch, column))
        count += len(batch.columns["buyer_id"])
    if not count:
        raise InputError(f"{where}: {source.address}", "has no rows", "a buyer", "give some")
    ids = read_buyer_ids(files, schema.column(schema.key))
    if (twin := ids.twin()) is not None:
        what = f"the buyer stands in row {twin[0] + 1} already"
        raise rows.mistake(twin[1], schema.key, what, "each id once")
    return ids


def _check_follows(
    source: TableSource,
    buyers: BuyerIds,
    world: WorldTables,
    scale: Scale,
    scenario: Scenario,
) -> int:
    files = TableFiles.find(key_of("follows"), source.address)
    columns = tuple(files.columns_of(schemas_of(scenario.vocabulary)["follows"]))
    given = world["anchors"].columns if "anchors" in world else {}
    kinds = np.zeros(scale.suppliers_count + len(scenario.calendar.trial_streams), np.uint8)
    drawn = draw_anchors(scenario, scale.anchors_count, kinds, 0, given)
    table = FollowTable(files, columns, buyers, world.anchor_ids(scale))
    return table.check(drawn.stands_for == 1.0)


def _with_calendar(scenario: Scenario, tables: OwnTables) -> Scenario:
    """Return the scenario with the events and the season of own tables.

    Raises
    ------
    InputError
        Naming the first cell that cannot be.
    """
    schemas = schemas_of(scenario.vocabulary)
    changes: dict[str, Any] = {}
    if tables.events is not None:
        changes |= _events(tables.events, schemas["events"])
    if tables.season is not None:
        changes["season_by_day"] = _season(tables.season, schemas["season"])
    if not changes:
        return scenario
    calendar = scenario.calendar.model_copy(update=changes)
    return scenario.model_copy(update={"calendar": calendar})


def _events(source: TableSource, schema: Schema) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {"festival": [], "campaign": []}
    for batch, columns in _batches(schema, source):
        for place in range(len(batch.columns["name"])):
            row = {
                name: batch.columns[name][place].as_py() for name in columns
                if batch.columns[name][place].is_valid
            }  # fmt: skip
            found[row["kind"]].append(_event(row, batch, schema, columns, place))
    return {
        "festivals": tuple(found["festival"]),
        "rival_campaigns": tuple(found["campaign"]),
    }


def _event(
    row: dict[str, Any], batch: Batch, schema: Schema, columns: dict[str, Column], place: int
) -> Any:
    model, own = _OF_KIND[row["kind"]]
    wanted = ("name", "start", "end", *own)
    for name, column in columns.items():
        if name in row and name not in {*wanted, "kind"}:
            raise _cells(batch, column).mistake(
                place, f"got {row[name]!r} for a {row['kind']}", "empty"
            )
    event = {name: _plain(row[name], name) for name in wanted if name in row}
    try:
        return model.model_validate_json(json.dumps(event), strict=True)
    except ValidationError as error:
        detail = error.errors()[0]
        name = str(detail["loc"][0]) if detail["loc"] else "start"
        at_fault = columns.get(name) or schema.column(name)
        what = f"got {row.get(name)!r} for a {row['kind']}: {detail['msg']}"
        cells = Cells(key_of("events"), batch.file, batch.first, at_fault, None)
        raise cells.mistake(place, what) from None


def _plain(value: Any, name: str) -> Any:
    """A cell as JSON has it: CSV knows texts alone."""
    if name in {"traffic", "attention", "pull"}:
        return float(value)
    if name == "plan":
        return value if isinstance(value, bool) else str(value).lower() in {"true", "1", "yes"}
    return str(value)


def _season(source: TableSource, schema: Schema) -> dict[date, float]:
    found: dict[date, float] = {}
    for batch, columns in _batches(schema, source):
        cells = _cells(batch, columns["date"], "season")
        factors = checked(_cells(batch, columns["season_factor"], "season"))
        for place, text in enumerate(checked(cells).to_pylist()):
            try:
                day = date.fromisoformat(text)
            except ValueError:
                raise cells.mistake(place) from None
            if day in found:
                raise cells.mistake(place, f"{day} stands in an earlier row", "each day once")
            found[day] = float(factors[place])
    return found


def _batches(schema: Schema, source: TableSource) -> Any:
    """Batches whose cells are all of their type, each with the table's columns by name."""
    files = TableFiles.find(key_of(schema.name), source.address)
    columns = {column.name: column for column in files.columns_of(schema)}
    for batch in files.batches(list(columns)):
        for column in columns.values():
            checked(_cells(batch, column, schema.name))
        yield batch, columns


def _cells(batch: Batch, column: Column, name: str = "events") -> Cells:
    return Cells.of(key_of(name), batch, column)
