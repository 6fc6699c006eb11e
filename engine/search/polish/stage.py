"""The last trials of a search that prices targets: they aim at the rows of its table.

After the ordinary trials, each level gets steps around its cheapest policy, batch by batch, each
batch asked from all trials before it. They are looked at on the top rung directly: a small step is
lost in the noise of a smaller sample, and whether a level is held is known only over all worlds
and replications. An evaluation below would cost about half as much and settle nothing.

Levels are those of the fresh replications, on which the table is made. The given policies have
met both, under the same random numbers, and say where a level stands on the search's own
(`engine.search.aim.moved_levels`). The trials are a function of the job alone: of one that was
interrupted, those that are proposed again with the same point keep their samples.

Which level the next steps serve: more often those whose price is small. A row is judged by its
price as a share, so what a step saves counts for more where little is paid. With p_i what the
cheapest policy of level i costs beyond today's, at least `_LEAST` of the largest, each level has a
share of the turns

    w_i = p_i^(-1/2) / sum_j p_j^(-1/2)

and the next turn is that of the level that lacks most of its share; of equals the highest.

The last trials lie between policies that met the fresh replications (`between`): a row's policy
holds more there than is asked. They meet them at once, and the next ones start from there. Before,
levels have some tried that may be cheaper there than what is known, or hold what nobody does.

Which policies are a row's is judged by smoothed figures, the posterior means of Gaussian processes
through what all trials showed. Of many noisy figures the best is lucky: taken as seen, ten times
the trials find policies that seem to hold a level for nothing, and fall short on fresh ones.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

import numpy as np

from engine.compute.pool import WorkerCall
from engine.design.cube import UnitCube
from engine.search.aim import Aim, cheapest_first, moved_levels
from engine.search.fidelity.estimates import RowFigures
from engine.search.polish.between import KnownPolicies, points_between
from engine.search.polish.proposals import RowTask, Turn
from engine.search.problem import Candidate, Point, Sample
from engine.search.samplers.gaussian_process import NoisyValues, posterior_means
from engine.search.study import OnTrial, SearchStudy
from engine.spec.search import Search

_Confirm = Callable[[Sequence[Candidate]], Mapping[int, Sample]]
"""Takes candidates, and returns their samples on all fresh replications."""

_TRIES: Final = 2
"""Late entries of a level, at most: each costs all replications of all worlds."""

_CLOSING: Final = 6
"""Of so many trials one is kept for a point between policies: once for each row, then again."""

_REFITTED: Final = 32
"""The processes that smooth are fitted to a multiple of so many trials; then all others count."""

_LEAST: Final = 0.1
"""Of the largest price: what any level counts with at least."""

_MARGINS: Final = (0.0, 1.0, 0.5, 1.5)
"""Of what is held above a level, turn by turn, in standard errors of the difference of two.

On the fresh replications a policy holds a little more or less than on the search's own, and a row
needs one that is just above its level there.
"""


class Rows(NamedTuple):
    """What all trials of a search hold and cost, and the table's levels on its replications.

    `asked` are the levels on the fresh ones, `confirmed` the numbers of the trials that have met
    all of these. By `figures` policies are chosen: what trials held and cost, smoothed (`_smooth`);
    `seen` is what they showed.
    """

    seen: RowFigures
    figures: RowFigures
    levels: list[float]
    asked: list[float]
    confirmed: tuple[int, ...]


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
    rows, is_distinguishable = _rows(study, aim, fresh), False
    closing = 0 if rows is None else count // _CLOSING
    served: Counter[float] = Counter()
    while rows is not None and (left := first + count - closing - len(study.trials)) > 0:
        if not is_distinguishable and 2 * left <= count:
            fresh |= confirm(_leaders(study, rows))
            rows, is_distinguishable = _rows(study, aim, fresh) or rows, True
        start = len(study.trials)
        numbers = range(start, start + min(search.batch_count, left))
        turns = _next_turns(rows.asked, _net_prices(study, aim, rows), len(numbers), served)
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
        rows = _rows(study, aim, fresh)
    if rows is not None and closing:
        fresh |= confirm(_leaders(study, rows))
        late = LateEntries(study, aim)  # a level that nobody holds there has nowhere to begin
        while (one := late(fresh)) is not None and (met := confirm([one])):
            fresh |= met
    while rows is not None and (left := first + count - len(study.trials)) > 0:
        new = [(0.0, one) for one in _between(study, aim, rows, fresh, left) if one not in seen]
        if not new:
            break
        seen += [dict(one) for _, one in new]
        last = len(study.trials)
        study.look_on_top(new, on_trial)
        fresh |= confirm([one.candidate for one in study.trials[last:]])
        rows = _rows(study, aim, fresh)
    return rows


class LateEntries:
    """Trials that are no finalists and yet may be policies of rows, at most `_TRIES` of a level.

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
    rows = _rows(study, aim, fresh)
    if rows is None:
        return None
    own = rows.figures
    doubt = _doubt(own)
    candidates = np.flatnonzero(own.on_top & own.is_feasible).tolist()
    open_ones = [k for k in candidates if k not in fresh]
    numbers = list(fresh)
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


def _doubt(figures: RowFigures) -> float:
    """Return the standard error of the difference of what two trials hold."""
    return float(np.sqrt(2 * np.median(figures.held_noise[figures.on_top])))


def _leaders(study: SearchStudy, rows: Rows) -> list[Candidate]:
    """Return the cheapest feasible trial of each level that was seen on the top rung."""
    numbers = dict.fromkeys(place for row in _cheapest(rows) for place in row)
    return [study.trials[k].candidate for k in numbers]


def _cheapest(rows: Rows) -> list[list[int]]:
    """Return each level's cheapest feasible trial seen on the top rung; none where none holds."""
    own = rows.figures
    among = np.flatnonzero(own.on_top & own.is_feasible).tolist()
    return [cheapest_first(own.held, own.price, level, among)[:1] for level in rows.levels]


def _rows(study: SearchStudy, aim: Aim, fresh: Mapping[int, Sample]) -> Rows | None:
    """Return what the trials hold, and the levels; None if today's policy failed."""
    both = [
        trial for trial in study.trials
        if trial.candidate.number in fresh and study.ladder.top in trial.samples
    ]  # fmt: skip
    today = [one for one in both if one.candidate.name == aim.today]
    if not today:
        return None
    seen = RowFigures.from_trials(study.trials, study.found, study.ladder.top, aim)
    figures = _smooth(study, seen)
    here = [aim.held(one.samples[study.ladder.top]) for one in both]
    there = [aim.held(fresh[one.candidate.number]) for one in both]
    high = float(figures.held[figures.on_top].max())
    (high_there,) = moved_levels([high], there, here)
    asked = aim.asked_levels(aim.held(fresh[today[0].candidate.number]), high_there)
    return Rows(seen, figures, moved_levels(asked, here, there), asked, tuple(fresh))


def _smooth(study: SearchStudy, seen: RowFigures) -> RowFigures:
    """Return what trials hold and cost, smoothed; trials without a point stay as they were seen."""
    places = [
        k for k, one in enumerate(study.trials)
        if one.reason is None and one.candidate.point is not None
    ]  # fmt: skip
    fitted = len(places) // _REFITTED * _REFITTED
    if not fitted:
        return seen
    cube = UnitCube(study.distributions)
    x = cube.features(cube.points([dict(study.trials[k].candidate.point or {}) for k in places]))
    kept = np.arange(len(places))
    held, price = seen.held.copy(), seen.price.copy()
    for values, noise in ((held, seen.held_noise), (price, seen.price_noise)):
        values[places] = posterior_means(
            x, NoisyValues(values[places], noise[places]), kept, fitted
        )
    return seen._replace(held=held, price=price)


def _net_prices(study: SearchStudy, aim: Aim, rows: Rows) -> list[float | None]:
    """Return what each level's cheapest trial seen on the top rung costs beyond today's."""
    own = rows.figures
    today = next(k for k, one in enumerate(study.trials) if one.candidate.name == aim.today)
    return [
        float(own.price[best[0]] - own.price[today]) if best else None for best in _cheapest(rows)
    ]


def _between(
    study: SearchStudy, aim: Aim, rows: Rows, fresh: Mapping[int, Sample], count: int
) -> list[Point]:
    """Return points between policies, for the rows on which they should save most."""
    own = rows.figures
    places = [
        k for k in np.flatnonzero(own.on_top & own.is_feasible).tolist()
        if study.trials[k].candidate.point is not None
    ]  # fmt: skip
    known = KnownPolicies(
        [dict(study.trials[k].candidate.point or {}) for k in places],
        own.held[places],
        own.price[places],
        np.array([aim.held(fresh[k]) if k in fresh else np.nan for k in places]),
        _doubt(own),
    )
    judged = _judged(_net_prices(study, aim, rows))
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
