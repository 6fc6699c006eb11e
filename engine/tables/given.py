"""What a run reads of own tables, as the market takes it."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from engine.errors import InputError
from engine.population.given import NOTHING, NOTHING_GIVEN, BuyerBatch, FollowBatch, Given
from engine.spec.jobs import Scale
from engine.spec.tables import WORLD_TABLES, OwnTables
from engine.tables.files import TableFiles, digest, find_files
from engine.tables.ids import BuyerIds, TextIds
from engine.tables.streamed import FollowTable, buyer_batches, read_buyer_ids
from engine.tables.whole import WholeTable, key_of, present_columns, read_whole


@lru_cache(maxsize=4)  # a search opens the same world thousands of times
def read_given(tables: OwnTables, scale: Scale) -> Given:
    """Read what is small, and say how the rest is streamed.

    Parameters
    ----------
    tables : own tables as `checked.with_own_tables` leaves them.
    scale : of the run; fewer buyers than a table has are spread evenly over its rows.

    Raises
    ------
    InputError
        If a table cannot be read here, or is another one than was checked.
    """
    if not tables.named(*WORLD_TABLES):
        return NOTHING_GIVEN
    files = {name: _same_files(name, tables) for name in tables.named(*WORLD_TABLES)}
    world = read_world(tables, scale)
    found = Given(
        anchors=_columns(world, "anchors"),
        suppliers=_columns(world, "suppliers"),
        goods=_columns(world, "goods"),
        name=tables.digest,
    )
    if tables.buyers is not None:
        found = _with_buyers(found, files["buyers"], tables.buyers.rows_count)
    if tables.follows is not None:
        found = _with_follows(found, files, anchor_ids(world, scale))
    return found


def read_world(tables: OwnTables, scale: Scale) -> dict[str, WholeTable]:
    """Read the tables that are held whole, those first that others refer to."""
    known: dict[str, TextIds] = {"suppliers": TextIds.of_numbers(scale.suppliers_count)}
    found: dict[str, WholeTable] = {}
    for name in ("suppliers", "goods", "anchors"):
        source = tables.named(name).get(name)
        if source is not None:
            found[name] = read_whole(name, source, known)
            known[name] = found[name].ids
    return found


def anchor_ids(world: dict[str, WholeTable], scale: Scale) -> TextIds:
    """Return the ids of anchors: those of their table, else their numbers."""
    own = world.get("anchors")
    return own.ids if own is not None else TextIds.of_numbers(scale.anchors_count)


def _columns(world: dict[str, WholeTable], name: str) -> dict[str, np.ndarray]:
    return dict(world[name].columns) if name in world else dict(NOTHING)


def _same_files(name: str, tables: OwnTables) -> TableFiles:
    source = getattr(tables, name)
    files = find_files(key_of(name), source.address)
    if digest(files) != source.digest:
        raise InputError(
            key_of(name),
            f"{source.address} is not what it was when the command began, or another file here",
            "one table for the whole run, the same for every process",
            "leave it as it is while the command runs, and start anew",
        )
    return files


def _with_buyers(given: Given, files: TableFiles, rows_count: int) -> Given:
    own = {c.fills: c for c in present_columns("buyers", files) if c.name != "buyer_id"}

    def batches(count: int, names: tuple[str, ...]) -> Iterator[BuyerBatch]:
        return buyer_batches(files, [own[name] for name in names], rows_count, count)

    return given._replace(buyers=batches, buyer_columns=frozenset(own))


def _with_follows(given: Given, files: dict[str, TableFiles], anchors: TextIds) -> Given:
    columns = tuple(present_columns("follows", files["follows"]))

    def batches(count: int) -> Iterator[FollowBatch]:
        # Of drawn buyers a smaller sample is the first ones.
        known = read_buyer_ids(files["buyers"]) if "buyers" in files else BuyerIds(count)
        table = FollowTable(files["follows"], columns, known, anchors)
        return (rows for _, rows in table.batches(count))

    return given._replace(follows=batches)
