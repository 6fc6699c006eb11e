"""What a run reads of own tables, as the market takes it.

Buyers and whom they follow are never held whole, but come in batches. Of N buyers in a table n are
simulated: rows floor(k N / n), k from 0, evenly spread.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.population.given import NOTHING, NOTHING_GIVEN, BuyerBatch, FollowBatch, Given
from engine.spec.jobs import Scale
from engine.spec.tables import WORLD_TABLES, OwnTables
from engine.tables.cells import Cells, checked
from engine.tables.files import (
    Batch,
    TableFiles,
    key_of,
)
from engine.tables.ids import BuyerIds, TextIds
from engine.tables.schemas import Column, Schema, Words, schemas_of
from engine.tables.whole import WorldTables

_Ints = NDArray[np.int64]
_WHY: Final = (
    ("the buyer follows eight anchors already", "at most 8 of each buyer"),
    ("the place in the buyer's list is taken", "each place once"),
    ("the buyer follows this anchor already", "each anchor once"),
)


@lru_cache(maxsize=4)  # a search opens the same world thousands of times
def read_given(tables: OwnTables, scale: Scale, words: Words) -> Given:
    """Read what is small, and say how the rest is streamed.

    Parameters
    ----------
    tables : own tables as `checked.with_own_tables` leaves them.
    scale : of the run; fewer buyers than a table has are spread evenly over its rows.
    words : the scenario's.

    Raises
    ------
    InputError
        If a table cannot be read here, or is another one than was checked.
    """
    if not tables.named(*WORLD_TABLES):
        return NOTHING_GIVEN
    files = {name: _same_files(name, tables) for name in tables.named(*WORLD_TABLES)}
    world = WorldTables.read(tables, scale, words)
    found = Given(
        anchors=_columns(world, "anchors"),
        suppliers=_columns(world, "suppliers"),
        goods=_columns(world, "goods"),
        name=tables.digest,
    )
    if tables.buyers is not None:
        own = schemas_of(words)["buyers"]
        found = _with_buyers(found, files["buyers"], own, tables.buyers.rows_count)
    if tables.follows is not None:
        found = _with_follows(found, files, schemas_of(words), world.anchor_ids(scale))
    return found


def _columns(world: WorldTables, name: str) -> dict[str, np.ndarray]:
    return dict(world[name].columns) if name in world else dict(NOTHING)


def _same_files(name: str, tables: OwnTables) -> TableFiles:
    source = getattr(tables, name)
    files = TableFiles.find(key_of(name), source.address)
    if files.digest() != source.digest:
        raise InputError(
            key_of(name),
            f"{source.address} is not what it was when the command began, or another file here",
            "one table for the whole run, the same for every process",
            "leave it as it is while the command runs, and start anew",
        )
    return files


def _with_buyers(given: Given, files: TableFiles, schema: Schema, rows_count: int) -> Given:
    own = {c.fills: c for c in files.columns_of(schema) if c.name != "buyer_id"}

    def batches(count: int, names: tuple[str, ...]) -> Iterator[BuyerBatch]:
        return _buyer_batches(files, [own[name] for name in names], rows_count, count)

    return given._replace(buyers=batches, buyer_columns=frozenset(own))


def _with_follows(
    given: Given,
    files: Mapping[str, TableFiles],
    schemas: Mapping[str, Schema],
    anchors: TextIds,
) -> Given:
    columns = tuple(files["follows"].columns_of(schemas["follows"]))

    def batches(count: int) -> Iterator[FollowBatch]:
        # Of drawn buyers a smaller sample is the first ones.
        own, key = files.get("buyers"), schemas["buyers"].column("buyer_id")
        known = BuyerIds(count) if own is None else read_buyer_ids(own, key)
        table = FollowTable(files["follows"], columns, known, anchors)
        return (rows for _, rows in table.batches(count))

    return given._replace(follows=batches)


def _buyer_batches(
    files: TableFiles, columns: Sequence[Column], rows_count: int, count: int
) -> Iterator[BuyerBatch]:
    """Yield columns of `count` of the `rows_count` buyers of a table."""
    before = 0
    for batch in files.batches([column.name for column in columns]):
        length = len(next(iter(batch.columns.values())))
        first, last = (-(-row * count // rows_count) for row in (before, before + length))
        if last > first:
            rows = np.arange(first, last) * rows_count // count - before
            yield BuyerBatch(first, _sampled_columns(batch, columns, rows, length))
        before += length


def _sampled_columns(
    batch: Batch, columns: Sequence[Column], rows: _Ints, length: int
) -> dict[str, NDArray[np.generic]]:
    found = {column.fills: checked(Cells.of(key_of("buyers"), batch, column)) for column in columns}
    if rows.size == length:
        return found
    return {name: values[rows] for name, values in found.items()}


def read_buyer_ids(files: TableFiles, column: Column) -> BuyerIds:
    """Read the ids of all buyers from their column; of those that number the rows none is kept."""
    parts: list[_Ints] = []
    count, is_dense = 0, True
    for ids in _id_batches(files, column):
        is_dense &= np.array_equal(ids, np.arange(count, count + ids.size))
        count += ids.size
        if not is_dense:
            break
    if is_dense:
        return BuyerIds(count)
    parts.extend(_id_batches(files, column))
    return BuyerIds.of(np.concatenate(parts))


def _id_batches(files: TableFiles, column: Column) -> Iterator[_Ints]:
    for batch in files.batches([column.name]):
        yield checked(Cells.of(key_of("buyers"), batch, column))


class FollowTable(NamedTuple):
    """A table of follows, and what its rows refer to."""

    files: TableFiles
    columns: tuple[Column, ...]
    buyers: BuyerIds
    anchors: TextIds

    def batches(self, count: int, *, strict: bool = False) -> Iterator[tuple[Batch, FollowBatch]]:
        """Yield the follows of `count` of the buyers, evenly spread; the batch's rows with them.

        Raises
        ------
        InputError
            If `strict`, where a row names a buyer who is not there.
        """
        for batch in self.files.batches([column.name for column in self.columns]):
            cells = {c.fills: Cells.of(key_of("follows"), batch, c) for c in self.columns}
            found = {name: checked(one) for name, one in cells.items()}
            anchor = self.anchors.rows(found["anchor_id"])
            buyer = self.buyers.rows(found["buyer_id"])
            if strict:
                _check_known(cells["buyer_id"], buyer)
                _check_known(cells["anchor_id"], anchor)
            yield batch, _sampled(found, buyer, anchor, self.buyers.rows_count, count)

    def check(self, is_single: NDArray[np.bool_]) -> int:
        """Check every row; return how many there are.

        Parameters
        ----------
        is_single : by row of anchors, whether it is one anchor, which nobody follows twice.

        Raises
        ------
        InputError
            Naming the first row that cannot be.
        """
        from engine.population.given_follows import FollowLists

        count, total = self.buyers.rows_count, 0
        lists = FollowLists(count)
        for batch, rows in self.batches(count, strict=True):
            found = lists.note(rows, is_single)
            if found >= 0:
                raise _of_row(self.files, batch, *divmod(found, len(_WHY)))
            total += rows.buyer.size
        return total


def _check_known(cells: Cells, rows: _Ints) -> None:
    if (rows < 0).any():
        place = int((rows < 0).argmax())
        name = cells.values[place].as_py()
        raise cells.mistake(place, f"{name!r} is none of the {cells.column.references}")


def _sampled(
    found: dict[str, NDArray[np.generic]], buyer: _Ints, anchor: _Ints, whole: int, count: int
) -> FollowBatch:
    """Follows of those buyers who are simulated, under their numbers there."""
    none = np.full(buyer.size, -1)
    level = np.asarray(found.get("level", none), np.float64)
    place = np.asarray(found.get("place", none), np.int64)
    number = -(-buyer * count // whole)
    kept = (buyer >= 0) & (number * whole // count == buyer)
    if kept.all():
        return FollowBatch(number, anchor, level, place)
    return FollowBatch(number[kept], anchor[kept], level[kept], place[kept])


def _of_row(files: TableFiles, batch: Batch, place: int, why: int) -> InputError:
    buyer, anchor = (batch.columns[name][place].as_py() for name in ("buyer_id", "anchor_id"))
    what, allowed = _WHY[why]
    return InputError(
        f"{files.where}: {batch.file}, row {batch.first + place}",
        f"buyer {buyer!r}, anchor {anchor!r}: {what}",
        allowed,
        "leave the row out",
    )
