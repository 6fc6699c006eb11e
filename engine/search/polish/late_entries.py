"""Trials that are no finalists and yet may be policies of rows, to be known on fresh seeds too."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np

from engine.search.aim import Aim, cheapest_first
from engine.search.polish.known_rows import Rows
from engine.search.problem import Candidate, Sample
from engine.search.study import SearchStudy

_TRIES: Final = 2
"""Late entries of a level, at most: each costs all replications of all worlds."""


class LateEntries:
    """Names late entries one by one, at most `_TRIES` of a level.

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
        spent = {place for place, count in self._tries.items() if count >= _TRIES}
        found = _passed_over(self._study, self._aim, fresh, spent)
        if found is None:
            return None
        self._tries[found[0]] += 1
        return self._study.trials[found[1]].candidate


def _passed_over(
    study: SearchStudy, aim: Aim, fresh: Mapping[int, Sample], spent: AbstractSet[int]
) -> tuple[int, int] | None:
    """Return a level's place and a trial that may be its policy and is no finalist; None without.

    Its figures on the search's replications say that it holds the level, and cost less than the
    policy that is cheapest on the fresh ones. Where none holds it there, it is who comes nearest.

    Parameters
    ----------
    study, aim
        The search, and the rows of the table.
    fresh
        By number, the samples of those that met all fresh replications.
    spent
        Places of levels that are asked no more.
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
        for least in (level + doubt, level) if place not in spent else ():
            for k in cheapest_first(own.held, own.price, least, open_ones)[:1]:
                if own.price[k] < paid:
                    return place, k
        if not best and place not in spent:
            nearest = [k for k in open_ones if own.held[k] >= level - doubt]
            if nearest:
                return place, max(nearest, key=lambda k: own.held[k])
    return None
