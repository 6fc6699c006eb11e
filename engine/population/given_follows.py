"""Rows of a table of follows, looked at before anything is simulated."""

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel
from engine.population.buyers import FOLLOWS
from engine.population.given import FollowBatch

_FREE, _NAMELESS = -1, -2


class FollowLists:
    """Whom each of `count` buyers follows; empty at first."""

    def __init__(self, count: int) -> None:
        self._lists = np.full((count, FOLLOWS), _FREE, np.int32)

    def note(self, rows: FollowBatch, is_single: NDArray[np.bool_]) -> int:
        """Write follows; return -1, or 3 k + why for the first row k that cannot be.

        Why: 0 the list is full, 1 the place is taken, 2 the anchor (one, not several alike)
        stands there already. `is_single` bool by anchor.
        """
        return int(_note_follows(self._lists, *rows, is_single))


@kernel
def _note_follows(lists, buyer, anchor, level, place, is_single):
    """Write follows into `lists`, int32 (count, 8); see `FollowLists.note`.

    Without liking (`level` 0) a place is taken and names nobody. `buyer`, `anchor`, `place`
    int64, `level` float64 by row; `is_single` bool by anchor.
    """
    for k in range(buyer.size):
        row = lists[buyer[k]]
        f = place[k]
        if f < 0:
            f = 0
            while f < row.size and row[f] != _FREE:
                f += 1
            if f == row.size:
                return 3 * k
        elif row[f] != _FREE:
            return 3 * k + 1
        if level[k] == 0.0:
            row[f] = _NAMELESS
            continue
        if is_single[anchor[k]]:
            for g in range(row.size):
                if row[g] == anchor[k]:
                    return 3 * k + 2
        row[f] = np.int32(anchor[k])
    return -1
