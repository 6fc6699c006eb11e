"""From Arrow's columns to checked NumPy arrays: the first cell that does not fit is named."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.tables.files import Batch
from engine.tables.schemas import Column

_Values = NDArray[Any]
_NO_WORD: Final = 255
_TRUTHS: Final = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


class Cells(NamedTuple):
    """A column of a batch; `where` is the key of its table."""

    where: str
    file: str
    first: int
    column: Column
    values: Any

    @classmethod
    def of(cls, where: str, batch: Batch, column: Column) -> "Cells":
        """The cells of one column of a batch."""
        return cls(where, batch.file, batch.first, column, batch.columns[column.name])

    def mistake(self, place: int, what: str = "", allowed: str = "") -> InputError:
        """Return what is wrong in the row at `place`, counted from 0 in the batch."""
        return _cell_mistake(
            f"{self.where}: {self.file}, row {self.first + place}, column {self.column.name}",
            what or f"got {self.values[place].as_py()!r}",
            allowed or self.column.allowed,
        )


class RowPlaces(NamedTuple):
    """Where the rows of a table stand in its files: by file, its name and its first row here."""

    where: str
    starts: list[int]
    files: list[tuple[str, int]]

    def mistake(self, row: int, column: str, what: str, allowed: str) -> InputError:
        """Return what is wrong in a row of the table."""
        number = int(np.searchsorted(self.starts, row, side="right")) - 1
        file, first = self.files[number]
        place = f"{self.where}: {file}, row {first + row - self.starts[number]}, column {column}"
        return _cell_mistake(place, what, allowed)


def _cell_mistake(where: str, what: str, allowed: str) -> InputError:
    """Return a mistake of one cell."""
    return InputError(where, what, allowed, "correct the cell, or leave the row out")


def checked(cells: Cells) -> Any:
    """Return the values as the world holds them.

    Numbers as float64, whole numbers as int64, words as their places (uint8), truths as bool; ids
    and texts as an Arrow array of texts or int64, dates as texts.

    Raises
    ------
    InputError
        Naming file, row, column and value of the first cell that does not fit.
    """
    column, values = cells.column, cells.values
    if not column.is_nullable and values.null_count:
        raise cells.mistake(_first_of(values.is_null()), "is empty")
    if column.kind in {"id", "text", "date"}:
        return _texts(cells)
    if column.kind == "word":
        return _words(cells)
    if column.kind == "truth":
        return _truths(cells)
    return _numbers(cells)


def _texts(cells: Cells) -> Any:
    """Texts, or whole numbers where the file has those."""
    import pyarrow as pa
    from pyarrow import compute as pc

    kind = cells.values.type
    if cells.column.kind == "id" and pa.types.is_integer(kind):
        return _cast(cells, pa.int64())
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    is_day = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_day
            or pa.types.is_integer(kind)):  # fmt: skip
        raise _wrong_type(cells)
    return pc.utf8_trim_whitespace(_cast(cells, pa.date32() if is_day else None, pa.string()))


def _words(cells: Cells) -> _Values:
    import pyarrow as pa
    from pyarrow import compute as pc

    texts = _texts(cells)
    found = pc.index_in(texts, value_set=pa.array(cells.column.words, texts.type))
    wrong = pc.and_(pc.is_null(found), pc.is_valid(texts))
    if pc.any(wrong).as_py():
        raise cells.mistake(_first_of(wrong))
    return np.asarray(pc.fill_null(found, _NO_WORD).to_numpy(zero_copy_only=False), np.uint8)


def _truths(cells: Cells) -> _Values:
    import pyarrow as pa
    from pyarrow import compute as pc

    values = cells.values
    if not pa.types.is_boolean(values.type):
        lowered = pc.utf8_lower(_texts(cells))
        found = pc.index_in(lowered, value_set=pa.array(list(_TRUTHS)))
        wrong = pc.and_(pc.is_null(found), pc.is_valid(lowered))
        if pc.any(wrong).as_py():
            raise cells.mistake(_first_of(wrong))
        values = pc.equal(pc.bit_wise_and(found, 1), 0)
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), np.bool_)


def _numbers(cells: Cells) -> _Values:
    """Numbers within their range; -1 for what is empty where that is allowed."""
    import pyarrow as pa
    from pyarrow import compute as pc

    column, values = cells.column, cells.values
    types = pa.types
    kind = values.type.value_type if types.is_dictionary(values.type) else values.type
    is_text = types.is_string(kind) or types.is_large_string(kind)
    is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    if not is_number and not (is_text and cells.file.lower().endswith(".csv")):
        raise _wrong_type(cells)
    whole = column.kind == "whole"
    numbers = _cast(cells, pa.int64() if whole else pa.float64())
    found = np.asarray(pc.fill_null(numbers, -1).to_numpy(zero_copy_only=False))
    _check_range(cells, found, np.asarray(values.is_valid()))
    return found


def _check_range(cells: Cells, found: _Values, valid: NDArray[np.bool_]) -> None:
    column = cells.column
    wrong = ~np.isfinite(found)
    if column.least is not None:
        wrong |= found < column.least
    if column.above is not None:
        wrong |= found <= column.above
    if column.most is not None:
        wrong |= found > column.most
    wrong &= valid
    if wrong.any():
        raise cells.mistake(int(wrong.argmax()))


def _cast(cells: Cells, *kinds: Any) -> Any:
    """Cast to one type after another; what cannot be cast is found and named."""
    import pyarrow as pa

    values = cells.values
    for kind in kinds:
        if kind is None:
            continue
        try:
            values = _plain_cast(values, kind)
        except pa.ArrowException:
            raise cells.mistake(_first_uncastable(values, kind)) from None
    return values


def _plain_cast(values: Any, kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_string(values.type) and pa.types.is_integer(kind):
        # 1e6 and 5.0 are whole numbers too
        try:
            return values.cast(kind)
        except pa.ArrowException:
            return values.cast(pa.float64()).cast(kind)
    return values.cast(kind)


def _first_uncastable(values: Any, kind: Any) -> int:
    """The first place that cannot be cast, by halves."""
    import pyarrow as pa

    first, last = 0, len(values)
    while last - first > 1:
        middle = (first + last) // 2
        try:
            _plain_cast(values[first:middle], kind)
            first = middle
        except pa.ArrowException:
            last = middle
    return first


def _wrong_type(cells: Cells) -> InputError:
    return InputError(
        f"{cells.where}: {cells.file}, column {cells.column.name}",
        f"holds {cells.values.type}, e.g. {cells.values[0].as_py()!r} in row {cells.first}",
        cells.column.allowed,
        "write the column in this type",
    )


def _first_of(truths: Any) -> int:
    return int(np.asarray(truths.to_numpy(zero_copy_only=False), np.bool_).argmax())
