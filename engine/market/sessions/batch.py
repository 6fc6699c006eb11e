"""Room for one batch of buyers, on which the stages of a slot work in turn.

The hot loop is cut into short stages over `BATCH_BUYERS` buyers: each reads what few arrays it
needs and leaves its result here for the next. A short loop lets the processor fetch many
buyers' memory at once, and loops without gathers are vectorised by the compiler. Lists of
sessions and looks are compacted without branches, since nobody can predict who comes.

In the innermost loops indices are unsigned: of a signed one Numba asks at each access whether it
is negative. Unsigned plus signed is signed again, silently; a variable that is now the one, now
the other becomes a float, which the compiler refuses as an index.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.units import N_KINDS

Int32s = NDArray[np.int32]
UInt32s = NDArray[np.uint32]
Float32s = NDArray[np.float32]
UInt64s = NDArray[np.uint64]

BATCH_BUYERS = 1_024
"""Buyers of a batch: their sessions fit the second-level cache."""
SESSIONS_AHEAD = 4
"""Sessions of a buyer that are listed without asking whether they exist."""


class SessionBatch(NamedTuple):
    """One thread's room.

    By buyer: days `away`, `rate` of visits, `habit`, `visits` opened. By session: `owner` the
    buyer, `number` of the session within the slot; affinities in lanes (four `low`, four `high`)
    and their `total`, `mark` drawn on it; `anchor`, `follow`, `affinity` where it goes; `need`,
    `domain`, `stream`, `returning` factors on attention, `excess` of the draw over the chance of
    a look. By look: `position` in the block's looks, `alpha`, `taste`, `memory`, `liking`,
    `outside` of the buyer, `budget` left (fen), `trust` by kind, `weights` by place and
    their `total`. Lists of indices: `listed`, `others`. `stand_in` by family and first member: who
    takes over a missed visit. `by_kind` and `sets`: room for one look's responses to prices.
    """

    away: UInt32s
    rate: Float32s
    habit: Float32s
    visits: Int32s
    owner: UInt32s
    number: UInt32s
    low: UInt64s
    high: UInt64s
    total: Float32s
    mark: Float32s
    anchor: UInt32s
    follow: UInt32s
    affinity: UInt32s
    need: Float32s
    domain: Float32s
    stream: Float32s
    returning: Float32s
    excess: Float32s
    position: UInt32s
    alpha: Float32s
    taste: Float32s
    memory: Float32s
    liking: Float32s
    outside: Float32s
    budget: Int32s
    trust: Float32s
    weights: Float32s
    flat_weights: Float32s
    listed: UInt32s
    others: UInt32s
    stand_in: Int32s
    by_kind: Float32s
    sets: Float32s


def new_session_batch(most_sessions: int, places: int, families: int, members: int) -> SessionBatch:
    """Room for the worst case; pages that nobody touches cost no memory."""
    n = BATCH_BUYERS * most_sessions + SESSIONS_AHEAD

    def ints(*shape: int) -> Int32s:
        return np.zeros(shape, np.int32)

    def indices(*shape: int) -> UInt32s:
        return np.zeros(shape, np.uint32)

    def floats(*shape: int) -> Float32s:
        return np.zeros(shape, np.float32)

    weights = floats(n, places)
    return SessionBatch(
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
        trust=floats(n, N_KINDS),
        weights=weights,
        flat_weights=weights.reshape(-1),
        listed=indices(n),
        others=indices(n),
        stand_in=ints(max(families, 1), members),
        by_kind=floats(N_KINDS, 2),
        sets=floats(4),
    )
