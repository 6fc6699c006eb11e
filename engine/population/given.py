"""What is read of tables in place of being drawn: plain arrays in the order of the rows.

A column that is not given is drawn as without the table: what is drawn of a row is a function of
its number, so that one column more or less moves no other.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]
"""Columns by the name of what they fill."""


class BuyerBatch(NamedTuple):
    """Rows of buyers side by side: the number of the first, and columns of each."""

    first: int
    columns: Columns


class FollowBatch(NamedTuple):
    """Rows of follows: numbers of `buyer` and `anchor` (int64), `level` and `place`.

    `level` (float64) affinity on [0, 1], -1 where it is drawn; `place` (int64) of the buyer's
    record, -1 for the first that is free.
    """

    buyer: NDArray[np.int64]
    anchor: NDArray[np.int64]
    level: NDArray[np.float64]
    place: NDArray[np.int64]


class Given(NamedTuple):
    """All that is read in place of being drawn.

    `anchors`, `suppliers`, `goods`: columns by field of `Anchors`, `Suppliers`, `Goods`, in the
    order in which these hold them, without guests. `buyers` brings the named columns of so many
    buyers in batches, `follows` the follows of so many; None where they are drawn. `name` is a
    digest of all of it, empty for nothing.
    """

    anchors: Columns
    suppliers: Columns
    goods: Columns
    buyers: Callable[[int, tuple[str, ...]], Iterator[BuyerBatch]] | None = None
    buyer_columns: frozenset[str] = frozenset()
    follows: Callable[[int], Iterator[FollowBatch]] | None = None
    name: str = ""


NOTHING: Columns = {}
NOTHING_GIVEN = Given(NOTHING, NOTHING, NOTHING)


def put(given: Columns, name: str, drawn: NDArray[Any]) -> NDArray[Any]:
    """The drawn column with what is given of its first rows in their place, of the same type."""
    if name not in given:
        return drawn
    own = given[name]
    return np.concatenate([own.astype(drawn.dtype), drawn[own.size :]])
