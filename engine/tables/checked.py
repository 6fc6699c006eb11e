"""Own tables of a job: found, checked to the last row, and the job made to follow them."""

from pathlib import PurePosixPath
from typing import Final, NamedTuple, TypeVar

import numpy as np

from engine.errors import InputError
from engine.population.anchors import draw_anchors
from engine.spec.jobs import Job, Scale
from engine.spec.scenario import Scenario
from engine.spec.tables import TABLE_NAMES, OwnTables, TableSource
from engine.tables.calendar import with_calendar
from engine.tables.cells import Cells, checked
from engine.tables.files import FORMATS, absolute, batches, digest, find_files
from engine.tables.given import anchor_ids, read_world
from engine.tables.ids import BuyerIds, TextIds
from engine.tables.schemas import SCHEMAS
from engine.tables.streamed import FollowTable, check_follows, read_buyer_ids
from engine.tables.whole import (
    RowPlaces,
    WholeTable,
    check_every_supplier_has_goods,
    key_of,
    present_columns,
)

_JobT = TypeVar("_JobT", bound=Job)


class _CheckKey(NamedTuple):
    """What a check depends on; contents are in the digests."""

    tables: OwnTables
    scale: Scale
    anchors: object
    guests: int


_CHECKED: Final[dict[_CheckKey, dict[str, int]]] = {}
"""RowPlaces of tables that were checked in this process: a command loads its job twice."""


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
    scenario = with_calendar(job.scenario, tables)
    made = _CheckKey(tables, job.scale, scenario.anchors, len(scenario.calendar.trial_streams))
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
        named = _in_folder(tables.folder) | named
    sources = {}
    for name, source in named.items():
        files = find_files(key_of(name), absolute(source.address))
        sources[name] = TableSource(address=files.address, digest=digest(files))
    return tables.with_sources(sources)


def _in_folder(folder: str) -> dict[str, TableSource]:
    from pyarrow.fs import FileSelector

    from engine.tables.files import located

    where, address = "tables.folder", absolute(folder).rstrip("/")
    system, path = located(where, address)
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
        for one in (name, *(f"{name}{suffix}" for suffix in FORMATS))
        if one in names
    }
    if not found:
        known = ", ".join(f"{name}.parquet" for name in TABLE_NAMES)
        raise InputError(where, f"{folder} holds no table", known, "name the tables one by one")
    return found


def _check(tables: OwnTables, scale: Scale, scenario: Scenario) -> dict[str, int]:
    """Look at every row; return how many each table has."""
    world = read_world(tables, scale)
    rows = {name: len(whole.ids) for name, whole in world.items()}
    scale = _following(scale, rows, tables.buyers_share)
    if "goods" in world:
        own = world.get("suppliers")
        known = own.ids if own else TextIds.of_numbers(scale.suppliers_count)
        check_every_supplier_has_goods(world["goods"], known, key_of("goods"))
    buyers = BuyerIds(scale.buyers_count)
    if tables.buyers is not None:
        buyers = _check_buyers(tables.buyers)
        rows["buyers"] = buyers.rows_count
    if tables.follows is not None:
        rows["follows"] = _check_follows(tables.follows, buyers, world, scale, scenario)
    return rows


def _check_buyers(source: TableSource) -> BuyerIds:
    where = key_of("buyers")
    files = find_files(where, source.address)
    columns = present_columns("buyers", files)
    rows, count = RowPlaces(where, [], []), 0
    for batch in batches(files, [column.name for column in columns]):
        rows.starts.append(count)
        rows.files.append((batch.file, batch.first))
        for column in columns:
            checked(Cells.of(where, batch, column))
        count += len(batch.columns["buyer_id"])
    if not count:
        raise InputError(f"{where}: {source.address}", "has no rows", "a buyer", "give some")
    ids = read_buyer_ids(files)
    if (twin := ids.twin()) is not None:
        what = f"the buyer stands in row {twin[0] + 1} already"
        raise rows.mistake(twin[1], SCHEMAS["buyers"].key, what, "each id once")
    return ids


def _check_follows(
    source: TableSource,
    buyers: BuyerIds,
    world: dict[str, WholeTable],
    scale: Scale,
    scenario: Scenario,
) -> int:
    files = find_files(key_of("follows"), source.address)
    columns = tuple(present_columns("follows", files))
    given = world["anchors"].columns if "anchors" in world else {}
    kinds = np.zeros(scale.suppliers_count + len(scenario.calendar.trial_streams), np.uint8)
    drawn = draw_anchors(scenario, scale.anchors_count, kinds, 0, given)
    table = FollowTable(files, columns, buyers, anchor_ids(world, scale))
    return check_follows(table, drawn.stands_for == 1.0)
