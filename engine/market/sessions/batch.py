"""Room for one batch of buyers, on which the stages of a slot work in turn.

The hot loop is cut into short stages over `BATCH_BUYERS` buyers: each reads what few arrays it
needs and leaves its result here for the next. A short loop lets the processor fetch many
buyers' memory at once, and loops without gathers are vectorised by the compiler. Lists of
sessions and looks are compacted without branches, since nobody can predict who comes.

In the innermost loops indices are unsigned: of a signed one Numba asks at each access whether it
is negative. Unsigned plus signed is signed again, silently; a variable that is now the one, now
the other becomes a float, which the compiler refuses as an index.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

_Int32s = NDArray[np.int32]
_UInt32s = NDArray[np.uint32]
_Float32s = NDArray[np.float32]
_UInt64s = NDArray[np.uint64]

BATCH_BUYERS = 2_048
"""Buyers of a batch: their sessions fit the second-level cache, and their looks, an eighth as many,
fill the vectors of the loops over them."""
SESSIONS_AHEAD = 4
"""Sessions of a buyer that are listed without asking whether they exist."""
_PAGE, _APART = 1_024, 80
"""Numbers of a page, and by how many more the rows of a table lie apart: lines of the same place in
their pages push one another out of the first-level cache."""


class SessionBatch(NamedTuple):
    """One thread's room.

    By buyer: days `away`, `rate` of visits, `habit`, `visits` opened. By session: `owner` the
    buyer, `number` of the session within the slot; affinities in lanes (four `low`, four `high`)
    and their `total`, `mark` drawn on it; `anchor`, `follow`, `affinity` where it goes; `need`,
    `domain`, `stream`, `returning` factors on attention, `excess` of the draw over the chance of
    a look. By look: `position` in the block's looks; `alpha`, `taste`, `memory`, `liking`,
    `outside` of the buyer, `budget` left (fen); `row` and `first_price`, where the stream's first
    place and its price stand, and `shown` places; `total` of weights, `mark` drawn on it, the
    `edge` of an interval and how many are `passed`; `payment` expected, fen. By place and look:
    `quality`, `brand`, `trust`, price `term`, what is `paid` (fen), whether a sale `counts` (1, or
    0 through a link out), `weights`, `share` of looks that buy, and `sold`, the same in fixed
    point. Lists of indices: `listed`, `others`. `stand_in` by family and first
    member: who takes over a missed visit. `by_kind` and `sets`: room for one look's responses to
    prices.
    """

    away: _UInt32s
    rate: _Float32s
    habit: _Float32s
    visits: _Int32s
    owner: _UInt32s
    number: _UInt32s
    low: _UInt64s
    high: _UInt64s
    total: _Float32s
    mark: _Float32s
    anchor: _UInt32s
    follow: _UInt32s
    affinity: _UInt32s
    need: _Float32s
    domain: _Float32s
    stream: _Float32s
    returning: _Float32s
    excess: _Float32s
    position: _UInt32s
    alpha: _Float32s
    taste: _Float32s
    memory: _Float32s
    liking: _Float32s
    outside: _Float32s
    budget: _Int32s
    row: _UInt32s
    first_price: _UInt32s
    shown: _Int32s
    quality: _Float32s
    brand: _Float32s
    trust: _Float32s
    term: _Float32s
    paid: _Int32s
    counts: _Float32s
    weights: _Float32s
    edge: _Float32s
    passed: _Int32s
    share: _Float32s
    payment: _Float32s
    sold: _Int32s
    listed: _UInt32s
    others: _UInt32s
    stand_in: _Int32s
    by_kind: _Float32s
    sets: _Float32s

    @classmethod
    def new(cls, most_sessions: int, places: int, kinds: int, families: int, members: int) -> Self:
        """Room for the worst case; pages that nobody touches cost no memory."""
        n = BATCH_BUYERS * most_sessions + SESSIONS_AHEAD

        def ints(*shape: int) -> _Int32s:
            return np.zeros(shape, np.int32)

        def indices(*shape: int) -> _UInt32s:
            return np.zeros(shape, np.uint32)

        def floats(*shape: int) -> _Float32s:
            return np.zeros(shape, np.float32)

        by_place = places, -(-n // _PAGE) * _PAGE + _APART
        return cls(
            away=indices(BATCH_BUYERS),
            rate=floats(BATCH_BUYERS),
            habit=floats(BATCH_BUYERS),
            visits=ints(BATCH_BUYERS),
            owner=indices(n),
            number=indices(n),
            low=np.zeros(n, np.uint64),
            high=np.zeros(n, np.uint64),
            total=floats(n),
            mark=floats(n),
            anchor=indices(n),
            follow=indices(n),
            affinity=indices(n),
            need=floats(n),
            domain=floats(n),
            stream=floats(n),
            returning=floats(n),
            excess=floats(n),
            position=indices(n),
            alpha=floats(n),
            taste=floats(n),
            memory=floats(n),
            liking=floats(n),
            outside=floats(n),
            budget=ints(n),
            row=indices(n),
            first_price=indices(n),
            shown=ints(n),
            quality=floats(*by_place),
            brand=floats(*by_place),
            trust=floats(*by_place),
            term=floats(*by_place),
            paid=ints(*by_place),
            counts=floats(*by_place),
            weights=floats(*by_place),
            edge=floats(n),
            passed=ints(n),
            share=floats(*by_place),
            payment=floats(n),
            sold=ints(*by_place),
            listed=indices(n),
            others=indices(n),
            stand_in=ints(max(families, 1), members),
            by_kind=floats(kinds, 2),
            sets=floats(4),
        )
