"""Names of rows and their numbers: whole numbers or texts, found by the thousand."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

_Ints = NDArray[np.int64]


class TextIds:
    """Ids of a table of anchors, suppliers or goods, in the order of its rows."""

    def __init__(self, ids: Any) -> None:
        """Take an Arrow array of texts or int64."""
        import pyarrow as pa

        self._texts = ids.cast(pa.string())

    @classmethod
    def of_numbers(cls, count: int) -> Self:
        """Ids of rows that are drawn: their numbers from 0."""
        import pyarrow as pa

        return cls(pa.array(np.arange(count)))

    def __len__(self) -> int:
        return len(self._texts)

    def shown(self, row: int) -> str:
        """Return an id as it is written."""
        return repr(str(self._texts[row].as_py()))

    def twin(self) -> tuple[int, int] | None:
        """Return the places of an id that stands twice, the first of them; None without any."""
        encoded = self._texts.dictionary_encode()
        codes = encoded.indices.to_numpy()
        if len(encoded.dictionary) == codes.size:
            return None
        _, first = np.unique(codes, return_index=True)
        later = np.ones(codes.size, np.bool_)
        later[first] = False
        place = int(later.argmax())
        return int(np.flatnonzero(codes == codes[place])[0]), place

    def rows(self, ids: Any) -> _Ints:
        """Return the row of each id of an Arrow array; -1 for one that is not there, or empty."""
        import pyarrow as pa
        from pyarrow import compute as pc

        found = pc.index_in(ids.cast(pa.string()), value_set=self._texts)
        empty = pc.is_null(ids)
        found = pc.if_else(empty, pa.scalar(None, pa.int32()), found)
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)

    def take(self, order: _Ints) -> "TextIds":
        """Return the ids in another order."""
        import pyarrow as pa

        return TextIds(self._texts.take(pa.array(order)))


class BuyerIds(NamedTuple):
    """Ids of buyers, whole numbers; where they are 0, 1, 2 … nothing is kept of them.

    `rising` the ids in rising order, and the row of each; None where an id is its row's number.
    """

    rows_count: int
    rising: tuple[_Ints, _Ints] | None = None

    @classmethod
    def of(cls, ids: _Ints) -> Self:
        """Take the ids of all rows, int64."""
        if np.array_equal(ids, np.arange(ids.size)):
            return cls(ids.size)
        order = np.argsort(ids, kind="stable")
        return cls(ids.size, (ids[order], order))

    def twin(self) -> tuple[int, int] | None:
        """Return the rows of an id that stands twice; None without any."""
        if self.rising is None:
            return None
        ids, order = self.rising
        same = np.flatnonzero(ids[1:] == ids[:-1])
        return (int(order[same[0]]), int(order[same[0] + 1])) if same.size else None

    def rows(self, ids: _Ints) -> _Ints:
        """Return the row of each id; -1 for one that is not there."""
        if self.rising is None:
            return np.where((ids >= 0) & (ids < self.rows_count), ids, -1)
        known, order = self.rising
        place = np.minimum(np.searchsorted(known, ids), known.size - 1)
        return np.where(known[place] == ids, order[place], -1)
