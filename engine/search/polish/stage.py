"""The last trials of a search that prices targets: they aim at the rows of its table.

After the ordinary trials, each level gets steps around its cheapest policy, batch by batch, each
batch asked from all trials before it. They are looked at on the top rung directly: a small step is
lost in the noise of a smaller sample, and whether a level is held is known only over all worlds
and replications. An evaluation below would cost about half as much and settle nothing.

Where levels stand, and who is a row's policy, `known_rows` says. The trials are a function of the
job alone: of one that was interrupted, those that are proposed again with the same point keep
their samples.

Which level the next steps serve: more often those whose price is small. A row is judged by its
price as a share, so what a step saves counts for more where little is paid. With p_i what the
cheapest policy of level i costs beyond today's, at least `_LEAST` of the largest, each level has a
share of the turns

    w_i = p_i^(-1/2) / sum_j p_j^(-1/2)

and the next turn is that of the level that lacks most of its share; of equals the highest.

The last trials lie between policies that met the fresh replications (`between`): a row's policy
holds more there than is asked. They meet them at once, and the next ones start from there. Before,
levels have some tried that may be cheaper there than what is known, or hold what nobody does.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from engine.compute.pool import WorkerCall
from engine.search.aim import Aim
from engine.search.polish.between import KnownPolicies, points_between
from engine.search.polish.known_rows import Rows
from engine.search.polish.late_entries import LateEntries
from engine.search.polish.proposals import RowTask, Turn
from engine.search.problem import Candidate, Point, Sample
from engine.search.study import OnTrial, SearchStudy
from engine.spec.search import Search

_Confirm = Callable[[Sequence[Candidate]], Mapping[int, Sample]]
"""Takes candidates, and returns their samples on all fresh replications."""

CLOSING: Final = 6
"""Of so many trials one is kept for a point between policies: once for each row, then again."""

_LEAST: Final = 0.1
"""Of the largest price: what any level counts with at least."""

_MARGINS: Final = (0.0, 1.0, 0.5, 1.5)
"""Of what is held above a level, turn by turn, in standard errors of the difference of two.

On the fresh replications a policy holds a little more or less than on the search's own, and a row
needs one that is just above its level there.
"""


def polish(
    study: SearchStudy,
    aim: Aim,
    search: Search,
    seed: int,
    confirm: _Confirm,
    on_trial: OnTrial,
) -> Rows | None:
    """Add `search.polish_count` trials to a study that has gone through its ordinary ones.

    When half of them are known, the cheapest of each level meet the fresh replications too: from
    then on they tell with the given policies where levels stand.

    Parameters
    ----------
    study
        The search.
    aim
        The rows of the table.
    search, seed
        How many trials, in which batches; names the draws.
    confirm
        Returns candidates' samples on all fresh replications, by number, without those that fail.
    on_trial
        Is called after every trial.

    Returns
    -------
    What is known in the end; None if today's policy failed.
    """
    fresh = dict(confirm([t.candidate for t in study.trials if t.candidate.is_baseline]))
    first, count = len(study.trials), search.polish_count
    top = study.ladder.top
    seen = [dict(t.candidate.point or {}) for t in study.trials if top in t.samples]
    rows, is_distinguishable = Rows.of(study, aim, fresh), False
    closing = 0 if rows is None else count // CLOSING
    served: Counter[float] = Counter()
    while rows is not None and (left := first + count - closing - len(study.trials)) > 0:
        if not is_distinguishable and 2 * left <= count:
            fresh |= confirm(rows.leaders(study))
            rows, is_distinguishable = Rows.of(study, aim, fresh) or rows, True
        start = len(study.trials)
        numbers = range(start, start + min(search.batch_count, left))
        turns = _next_turns(rows.asked, rows.net_prices(study, aim), len(numbers), served)
        task = _task(study, aim, rows, turns, seed)
        proposed = study.propose(WorkerCall(start, RowTask.propose, (task, numbers)))
        new = []
        for seconds, point in proposed:
            if dict(point) not in seen:
                seen.append(dict(point))
                new.append((seconds, point))
        if not new:  # a finite space has no more
            break
        study.look_on_top(new, on_trial)
        rows = Rows.of(study, aim, fresh)
    if rows is not None and closing:
        fresh |= confirm(rows.leaders(study))
        late = LateEntries(study, aim)  # a level that nobody holds there has nowhere to begin
        while (one := late(fresh)) is not None and (met := confirm([one])):
            fresh |= met
        rows = Rows.of(study, aim, fresh)
    while rows is not None and (left := first + count - len(study.trials)) > 0:
        new = [(0.0, one) for one in _between(study, aim, rows, fresh, left) if one not in seen]
        if not new:
            break
        seen += [dict(one) for _, one in new]
        last = len(study.trials)
        study.look_on_top(new, on_trial)
        fresh |= confirm([one.candidate for one in study.trials[last:]])
        rows = Rows.of(study, aim, fresh)
    return rows


def _between(
    study: SearchStudy, aim: Aim, rows: Rows, fresh: Mapping[int, Sample], count: int
) -> list[Point]:
    """Return points between policies, for the rows on which they should save most."""
    own = rows.figures
    places = [k for k in rows.usable if study.trials[k].candidate.point is not None]
    known = KnownPolicies(
        [dict(study.trials[k].candidate.point or {}) for k in places],
        own.held[places],
        own.price[places],
        np.array([aim.held(fresh[k]) if k in fresh else np.nan for k in places]),
        rows.doubt,
    )
    judged = _judged(rows.net_prices(study, aim))
    asked = dict(zip(rows.asked, judged, strict=True))
    return points_between(study.distributions, known, asked, count)


def _task(study: SearchStudy, aim: Aim, rows: Rows, turns: Sequence[Turn], seed: int) -> RowTask:
    """Return what proposals follow from."""
    usable = [
        k for k, one in enumerate(study.trials)
        if one.reason is None and one.candidate.point is not None
    ]  # fmt: skip
    points = [dict(study.trials[k].candidate.point or {}) for k in usable]
    given = [one.candidate.point for one in study.trials if one.candidate.name == aim.today]
    anchors = [point for point in (*given, *aim.anchors) if point is not None]
    figures = rows.seen.of(np.array(usable, np.int64))
    return RowTask(study.distributions, points, figures, rows.levels, turns, anchors, seed)


def _judged(prices: Sequence[float | None]) -> list[float]:
    """Return what savings of each level are a share of: its price, and not too little."""
    known = [abs(price) for price in prices if price is not None]
    most = max(known, default=0.0) or 1.0
    return [most if price is None else max(abs(price), _LEAST * most) for price in prices]


def _next_turns(
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
    shares = np.array(_judged(prices)) ** -0.5
    shares /= shares.sum()
    found = []
    for _ in range(count):
        had = np.array([served[level] for level in levels], np.float64)
        lacking = shares * (had.sum() + 1) - had
        place = len(levels) - 1 - int(np.argmax(lacking[::-1]))
        found.append(Turn(place, _MARGINS[served[levels[place]] % len(_MARGINS)]))
        served[levels[place]] += 1
    return found
