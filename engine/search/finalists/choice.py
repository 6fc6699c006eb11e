"""Who of the trials is evaluated again on fresh seeds: baselines, rows of the table, the best."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from engine.search.aim import cheapest_first
from engine.search.fidelity.estimates import Estimates, RowFigures
from engine.search.fidelity.ladder import Trial
from engine.stats.pareto import select_best


class _TableRows(Protocol):
    """What trials hold and cost, and the levels of a table, on the search's replications.

    `confirmed` are the numbers of the trials that met all fresh ones.
    """

    @property
    def figures(self) -> RowFigures:
        """Return what trials hold and cost, row by row."""

    @property
    def levels(self) -> Sequence[float]:
        """Return the levels, in the unit of what is held."""

    @property
    def confirmed(self) -> Sequence[int]:
        """Return numbers of trials."""


ROWS_SHARE: Final = 0.75
"""Of the finalists' places, those for rows of the price table."""

_MARGINS: Final = (0.0, 1.0, -1.0, 2.0)
"""By how much a row's policy holds its level, in standard errors of the difference of two."""


def choose_finalists(
    trials: Sequence[Trial],
    found: Estimates,
    count: int,
    rows: _TableRows | None = None,
) -> list[Trial]:
    """Return all baselines, then the `count` best of the others.

    Failed trials and duplicates are left out. Where a price table is asked, three of four places
    go to its rows, level by level in turn. Trials that met all fresh replications cost nothing
    more and are all kept, be they more than that: the others keep their quarter.

    Parameters
    ----------
    trials
        All trials of a search.
    found
        What is known of them, row by row.
    count
        Finalists besides the baselines, and besides what met all fresh replications.
    rows
        What is known of the table's rows; trials that met all fresh replications come first.
    """
    good = [k for k, trial in enumerate(trials) if trial.reason is None]
    costs = [list(found.costs[k]) for k in good]
    single = _without_duplicates([trials[k] for k in good])
    searched = [p for p in single if not trials[good[p]].candidate.is_baseline]
    priced: list[int] = []
    if rows is not None:
        own = rows.figures.of(np.array(good, np.int64))
        known = [p for p in searched if trials[good[p]].candidate.number in rows.confirmed]
        others = [p for p in searched if p not in known]
        left = round(ROWS_SHARE * count) - len(known)
        priced = [*known, *_row_places(own, rows.levels, others, left)]
    rest = [place for place in searched if place not in priced]
    places = count - min(len(priced), round(ROWS_SHARE * count))
    best = select_best(costs, list(found.violation[good]), rest, places)
    given = [trials[k] for k in good if trials[k].candidate.is_baseline]
    return given + [trials[good[place]] for place in [*priced, *best]]


def _row_places(
    figures: RowFigures, levels: Sequence[float], among: Sequence[int], count: int
) -> list[int]:
    """Return the places of those that may be a row's policy, up to `count`.

    Level by level in turn: the cheapest that holds it, then the cheapest that holds it with a
    margin of one, minus one and two standard errors, then the next cheapest. Only what was seen
    on the top rung and is feasible is taken, while there is such.

    Parameters
    ----------
    figures
        What policies hold and cost.
    levels
        In the unit of what is held.
    among
        Places that may be taken.
    """
    seen = [k for k in among if figures.on_top[k]]
    feasible = [k for k in seen if figures.is_feasible[k]]
    doubt = float(np.sqrt(2 * np.median(figures.held_noise[seen]))) if seen else 0.0
    queues = [_queue(figures, level, feasible or seen, doubt) for level in levels]
    found: list[int] = []
    while len(found) < count and any(queues):
        for queue in queues:
            fresh = next((k for k in queue if k not in found), None)
            queue[:] = [k for k in queue if k not in found and k != fresh]
            if fresh is not None and len(found) < count:
                found.append(fresh)
    return found


def _queue(figures: RowFigures, level: float, among: Sequence[int], doubt: float) -> list[int]:
    """Return who may be the row of a level, most likely first; the nearest if none holds it."""
    firsts = []
    for margin in _MARGINS:
        ranked = cheapest_first(figures.held, figures.price, level + margin * doubt, among)
        firsts += ranked[:1]
    rest = cheapest_first(figures.held, figures.price, level, among)
    nearest = sorted(among, key=lambda k: -figures.held[k])[:1]
    return list(dict.fromkeys([*firsts, *rest])) or nearest


def _without_duplicates(trials: Sequence[Trial]) -> list[int]:
    """Return the places of trials, ascending, without those that showed what another had.

    Points may name one policy, by a rule between levers or by a lever that never acts: then all
    figures agree in every bit, since the random numbers are common. Of duplicates a baseline
    stays, or else the one that went highest, or else the first.
    """
    order = sorted(
        range(len(trials)), key=lambda k: (not trials[k].candidate.is_baseline, -trials[k].rung)
    )
    kept: list[int] = []
    seen: set[tuple[int, tuple[bytes, ...]]] = set()
    for k in order:
        figures = {
            (rung, tuple(own.tobytes() for own in sample.values.values()))
            for rung, sample in trials[k].samples.items()
        }
        if trials[k].candidate.is_baseline or not figures & seen:
            kept.append(k)
        seen |= figures
    return sorted(kept)
