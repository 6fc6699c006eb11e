"""Which level the next steps serve: more often those whose price is small.

A row is judged by its price as a share, so what a step saves counts for more where little is
paid. With p_i what the cheapest policy of level i costs beyond today's, at least `_LEAST` of the
largest, each level has a share of the turns

    w_i = p_i^(-1/2) / sum_j p_j^(-1/2)

and the next turn is that of the level that lacks most of its share; of equals the highest.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

_LEAST: Final = 0.1
"""Of the largest price: what any level counts with at least."""

_MARGINS: Final = (0.0, 1.0, 0.5, 1.5)
"""Of what is held above a level, turn by turn, in standard errors of the difference of two.

On the fresh replications a policy holds a little more or less than on the search's own, and a row
needs one that is just above its level there.
"""


class Turn(NamedTuple):
    """Which level is served, by its place, and the margin above it in standard errors."""

    level: int
    margin: float


def next_turns(
    levels: Sequence[float], prices: Sequence[float | None], count: int, served: Counter[float]
) -> list[Turn]:
    """Return the next turns, and count them in `served`.

    Parameters
    ----------
    levels
        What is asked, ascending; they name the turns in `served`.
    prices
        What the cheapest policy of each costs beyond today's; none where nothing holds it.
    count
        Turns that are wanted.
    served
        Turns that each level has had.
    """
    known = [abs(price) for price in prices if price is not None]
    most = max(known, default=0.0) or 1.0
    paid = [most if price is None else max(abs(price), _LEAST * most) for price in prices]
    shares = np.array(paid) ** -0.5
    shares /= shares.sum()
    found = []
    for _ in range(count):
        had = np.array([served[level] for level in levels], np.float64)
        lacking = shares * (had.sum() + 1) - had
        place = len(levels) - 1 - int(np.argmax(lacking[::-1]))
        found.append(Turn(place, _MARGINS[served[levels[place]] % len(_MARGINS)]))
        served[levels[place]] += 1
    return found
