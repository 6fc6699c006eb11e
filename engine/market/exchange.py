"""One market on several processes: what its shards tell each other.

Buyers are nearly all of a market's memory and work. So each of n shards holds a run of
neighbouring buyers, a full copy of everything else, and runs the day of `engine.market.day` by the
same code. Whatever buyers add up is whole numbers, so that the sum over shards is the sum over
buyers, in any order; every shard applies it to its own copy, by the same code on the same bits,
and the copies stay equal. Nothing else is ever sent.

Places where sums over a process's buyers become those of the market:

1. after *decide*: coupons claimed by purse and bucket, goods wanted by supplier, visits by anchor;
   once more after *withdraw*, where a purse was short;
2. where a supplier is short: how many wishes have each next digit of their lots, until the lot is
   known that the stock still reaches (`settlement.ration`);
3. after *settle*: ledger and counts, and what was bought, by anchors who had a visit;
4. at night: everybody's engagement (`learning.users`).

A buyer draws by its number in the world; a shard counts its own from 0 and moves the streams
instead (`rng.from_entity`), so that kernels know nothing of shards. Of every `GROUP` neighbours one
is asked how it answers to prices (`sessions.responses`): shards hold whole groups.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

GROUP = 8
"""A shard's first buyer has a number that is a multiple of it."""


class Exchange(Protocol):
    """One shard's way to the others.

    `number` of this shard among `count`. `total` and `end_day` are called by all shards alike.
    """

    number: int
    count: int

    def total(self, *arrays: Ints) -> tuple[Ints, ...]:
        """Add each array, int64 of any shape (...), up over all shards.

        Each in its own unit. What is returned may be the array itself.
        """

    def saved(self, world: Any) -> Any:
        """What to go on from: this shard's `state.State` and the `ReportStart`, if it is known.

        None to begin on the first day.
        """

    def report_from(self, start: Any) -> None:
        """Take note of the `ledger.results.ReportStart`, which a saved market needs again."""

    def end_day(self, world: Any, state: Any) -> None:
        """A night has come: `state` (`state.State`) stands on the morning of the next day."""


def _ignore_day(_: int) -> None:
    """Tell nobody."""


class Whole:
    """The exchange of a market in one process: nobody else is there.

    Parameters
    ----------
    on_day : is told each night on the morning of which day the market stands.
    """

    number, count = 0, 1

    def __init__(self, on_day: Callable[[int], None] = _ignore_day) -> None:
        self._on_day = on_day

    def total(self, *arrays: Ints) -> tuple[Ints, ...]:
        """Return the arrays, int64 of any shape (...): all buyers are here."""
        return arrays

    def saved(self, _: Any) -> None:
        """Nothing was saved."""

    def report_from(self, _: Any) -> None:
        """Nothing is saved."""

    def end_day(self, _world: Any, state: Any) -> None:
        """Tell how far the market is."""
        self._on_day(state.day)


WHOLE = Whole()


def numbers_of(shard: int, count: int, buyers_count: int) -> range:
    """The buyers of one shard: of g groups g // count, and one more for the first g mod count."""
    size, more = divmod(groups_of(buyers_count), count)
    first = shard * size + min(shard, more)
    last = first + size + (shard < more)
    return range(GROUP * first, min(GROUP * last, buyers_count))


def groups_of(buyers_count: int) -> int:
    """How many groups of neighbours there are: no more shards than these."""
    return -(-buyers_count // GROUP)
