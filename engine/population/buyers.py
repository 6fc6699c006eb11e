"""The record of a buyer: 71 bytes each, in a market of few kinds and categories.

Traits are stored as small integers; the tables that decode them are in
`engine.market.terms`.
"""

from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import step
from engine.spec.scenario import Scenario

LANES, LANE_BITS = 4, 16
"""Affinities in a 64-bit word, and the room of each."""
FOLLOWS = 2 * LANES
ANCHOR_LOW_BITS = 16
_ANCHOR_LOW_MASK = (1 << ANCHOR_LOW_BITS) - 1
AFFINITY_BITS = 12
AFFINITY_ONE = (1 << AFFINITY_BITS) - 1
AFFINITY_STEP = np.float32(1.0 / AFFINITY_ONE)
DAY_ZERO = 1024
"""Days are stored from here, so that purchases before the first day are positive."""

BYTE_ONE = 255
HABIT_ONE = 65535
HABIT_STEP = np.float32(1.0 / HABIT_ONE)
ENGAGEMENT_ONE = 1 << 15
ENGAGEMENT_STEP = np.float32(1.0 / ENGAGEMENT_ONE)
MOST_ENGAGEMENT = (1 << 16) - 1
MEMORY_UNIT = 200.0
"""memory byte m means ln(remembered / elsewhere) = -m / MEMORY_UNIT."""
ACTIVITY_CENTRE, ACTIVITY_UNIT = 128.0, 20.0
SENSITIVITY_CENTRE, SENSITIVITY_UNIT = 128.0, 64.0

_CACHE_LINE = 64

FLAG_TIER3 = 1
FLAG_BOUGHT = 2
FLAG_TWICE = 4
FLAG_ORDERED = 8

_BYTES_OF_A_PERSON = ("memory", "sensitivity", "impulse", "taste", "flags")
_VIEWS = {"affinity_words": "affinities"}
"""Fields that are the bytes of another one, read in another way."""


@lru_cache(maxsize=16)
def _person_record(categories: int, kinds: int) -> np.dtype[np.void]:
    """Lay out what is read of those who come: a record of one cache line, or more where it must.

    A category takes 2 bytes and a kind 1: one line holds 2 categories + kinds up to 21.

    Fields stand in the order of their alignment, so that none needs padding. By follow:
    `affinities` in 1/4095, below the four high bits of the anchor's number (of 20); `anchors`,
    its 16 low bits. affinity_words: the same 16 bytes as two words, for sums over four at once
    (see `engine.market.sessions.routing`). budget: fen in the wallet on the day last `seen`;
    income: what fills it, RMB a month; bought: day of the last purchase by category; trust: by
    kind, in 1/255; flags: tier, ever bought, twice in the month of the last order, ordered since
    the first day.
    """
    fields = {
        "affinities": np.dtype((np.uint16, FOLLOWS)),
        "anchors": np.dtype((np.uint16, FOLLOWS)),
        "budget": np.dtype(np.int32),
        "income": np.dtype(np.uint16),
        "bought": np.dtype((np.uint16, categories)),
        "trust": np.dtype((np.uint8, kinds)),
        **dict.fromkeys(_BYTES_OF_A_PERSON, np.dtype(np.uint8)),
    }
    offsets = np.cumsum([0, *(field.itemsize for field in fields.values())]).tolist()
    record = np.dtype(
        {
            "names": [*fields, "affinity_words"],
            "formats": [*fields.values(), np.dtype((np.uint64, FOLLOWS // LANES))],
            "offsets": [*offsets[:-1], 0],
            "itemsize": -(-offsets[-1] // _CACHE_LINE) * _CACHE_LINE,
        }
    )
    _check_layout(record)
    return record


def _check_layout(record: np.dtype[np.void]) -> None:
    """Raise ValueError where fields overlap, but for `_VIEWS`, or stand out of place."""
    owner: dict[int, str] = {}
    for name in record.names or ():
        kind, offset = record.fields[name][:2]  # type: ignore[index]
        if offset % kind.base.alignment or offset + kind.itemsize > record.itemsize:
            raise ValueError(f"{name} stands at byte {offset} of a buyer's record, out of place")
        for byte in range(offset, offset + kind.itemsize):
            other = owner.setdefault(byte, name)
            if other not in {name, _VIEWS.get(name)}:
                raise ValueError(f"{name} and {other} of a buyer's record share byte {byte}")


def record_of(scenario: Scenario) -> np.dtype[np.void]:
    """The record of a buyer in a scenario; see `_person_record`."""
    return _person_record(len(scenario.categories), len(scenario.kinds))


class Buyers(NamedTuple):
    """All simulated buyers.

    What decides who comes is a column each, since it is read of everybody in every slot:
    `activity` level, `habit` in 1/65535, `engagement` in 1/32768 (M18: 1 as on the historical
    path, 0 gone for good), `seen`: the day, from `DAY_ZERO`, on which it last learned something,
    or arrives. `person`: records of `record_of`.
    """

    activity: NDArray[np.uint8]
    habit: NDArray[np.uint16]
    engagement: NDArray[np.uint16]
    seen: NDArray[np.uint16]
    person: NDArray[np.void]

    @classmethod
    def new(cls, count: int, record: np.dtype[np.void]) -> Self:
        """Buyers of whom nothing is known, `record` as of `record_of`."""
        habit, seen = np.zeros(count, np.uint16), np.zeros(count, np.uint16)
        engagement = np.full(count, ENGAGEMENT_ONE, np.uint16)
        people = cache_lines(count, record)
        return cls(np.zeros(count, np.uint8), habit, engagement, seen, people)

    def aligned_copy(self) -> Self:
        """A copy whose records stand on cache lines of their own."""
        person = cache_lines(self.person.size, self.person.dtype)
        person[:] = self.person
        columns = {name: getattr(self, name).copy() for name in COLUMNS}
        return self._replace(**columns, person=person)

    @property
    def bytes_each(self) -> int:
        """Bytes of state that one simulated buyer takes."""
        return sum(column.itemsize for column in self)

    def rows(self, first: int, last: int) -> "Buyers":
        """The buyers `first` to `last` - 1 as views: what is written there is written here."""
        return Buyers._make(column[first:last] for column in self)


COLUMNS = tuple(name for name in Buyers._fields if name != "person")
"""Columns with a plain number by buyer."""


@step
def earned_fen(income_rmb, days):
    """What `days` bring of a month's income in RMB, whole fen; int64, a month has 30 days."""
    return income_rmb * days * 10 // 3


@step
def anchor_of(me, f):
    """Anchor, uint32, of follow `f`, int64, of a record `me` of `record_of`."""
    high = np.int64(me.affinities[f]) >> AFFINITY_BITS
    return np.uint32(high << ANCHOR_LOW_BITS | np.int64(me.anchors[f]))


@step
def affinity_of(me, f):
    """Affinity to the anchor of follow `f`, int64, in 1/4095."""
    return np.int64(me.affinities[f] & AFFINITY_ONE)


@step
def set_follow(me, f, anchor, affinity):
    """Make `anchor`, uint32, the one followed in place `f`; `affinity` in 1/4095, cut to int64."""
    me.anchors[f] = np.uint16(anchor & _ANCHOR_LOW_MASK)
    me.affinities[f] = np.uint16(anchor >> ANCHOR_LOW_BITS << AFFINITY_BITS | np.int64(affinity))


@step
def set_affinity(me, f, affinity):
    """Change the affinity to the anchor followed in place `f`; in 1/4095, cut to int64."""
    me.affinities[f] = np.uint16(np.int64(me.affinities[f]) & ~AFFINITY_ONE | np.int64(affinity))


def cache_lines(count: int, record: np.dtype[np.void]) -> NDArray[np.void]:
    """Zeroed records of whole cache lines, each on lines of its own."""
    memory = np.zeros(count * record.itemsize + _CACHE_LINE, np.uint8)
    first = -memory.ctypes.data % _CACHE_LINE
    return memory[first : first + count * record.itemsize].view(record)
