"""Trials that are no finalists and yet may be policies of rows, to be known on fresh seeds too."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np

from engine.search.aim import Aim, cheapest_first
from engine.search.polish.known_rows import Rows
from engine.search.problem import Candidate, Sample
from engine.search.study import SearchStudy

_TRIES: Final = 2
"""Late entries of a level that somebody holds, at most: each costs all replications."""

_SURER: Final = (1.0, 2.0, np.inf)
"""Of a level that nobody holds: by how many standard errors each of its entries should, in turn.

Of many that seem to hold it for little the cheapest is lucky, and the next one again: without surer
ones a level may be lost that a dearer policy holds. The last is who holds most of all.
"""


class LateEntries:
    """Names late entries one by one, a few of each level.

    Parameters
    ----------
    study, aim
        The search, and the rows of the table.
    """

    def __init__(self, study: SearchStudy, aim: Aim) -> None:
        self._study, self._aim = study, aim
        self._tries: Counter[int] = Counter()

    def __call__(self, fresh: Mapping[int, Sample]) -> Candidate | None:
        """Return the next one to be known on all fresh replications; None if there is none.

        Parameters
        ----------
        fresh
            By number, the samples of those that met all of them.
        """
        found = _passed_over(self._study, self._aim, fresh, self._tries)
        if found is None:
            return None
        self._tries[found[0]] += 1
        return self._study.trials[found[1]].candidate


def _passed_over(
    study: SearchStudy, aim: Aim, fresh: Mapping[int, Sample], tries: Mapping[int, int]
) -> tuple[int, int] | None:
    """Return a level's place and a trial that may be its policy and is no finalist; None without.

    Its figures on the search's replications say that it holds the level, and cost less than the
    policy that is cheapest on the fresh ones. Where none holds it there, it is the cheapest that
    surely does, the surer the oftener it was in vain (`_SURER`), or who comes nearest.

    Parameters
    ----------
    study, aim
        The search, and the rows of the table.
    fresh
        By number, the samples of those that met all fresh replications.
    tries
        By a level's place, how many entries it has had; none: 0.
    """
    rows = Rows.of(study, aim, fresh)
    if rows is None:
        return None
    own, doubt = rows.figures, rows.doubt
    open_ones = [k for k in rows.usable if k not in fresh]
    numbers = [k for k in fresh if own.is_feasible[k]]
    held = np.array([aim.held(fresh[k]) for k in numbers])
    prices = np.array([aim.price_by(fresh[k].values).mean() for k in numbers])
    for place, (level, asked) in enumerate(zip(rows.levels, rows.asked, strict=True)):
        best = cheapest_first(held, prices, asked)[:1]
        paid = own.price[numbers[best[0]]] if best else np.inf
        count = tries.get(place, 0)
        if best and count < _TRIES:
            for least in (level + doubt, level):
                for k in cheapest_first(own.held, own.price, least, open_ones)[:1]:
                    if own.price[k] < paid:
                        return place, k
        if not best and count < len(_SURER):
            least = level + _SURER[count] * doubt
            nearest = [k for k in open_ones if own.held[k] >= level - doubt]
            for k in cheapest_first(own.held, own.price, least, open_ones)[:1]:
                return place, k
            if nearest:
                return place, max(nearest, key=lambda k: own.held[k])
    return None
