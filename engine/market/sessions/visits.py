"""Who comes, and how often: the sessions that a batch of buyers opens in a slot."""

import numpy as np

from engine.jit import prefetch, stage, step
from engine.market.sessions.batch import SESSIONS_AHEAD
from engine.population.buyers import DAY_ZERO, HABIT_STEP
from engine.rng import uniform
from engine.rules.visits import visits_rate


@step
def open_sessions(first, n, buyers, tastes, context, batch):
    """Line up the sessions of buyers `first`..`first + n`; returns how many."""
    s, last = batch, first + n
    seen, habit = buyers.seen[first:last], buyers.habit[first:last]
    activity = buyers.activity[first:last]
    _load_absences(n, context.day + DAY_ZERO, seen, habit, tastes.habit_left.size - 1, s)
    _look_up_rates(n, activity, tastes.visits, tastes.habit_left, s.away, s.rate, s.habit)
    _round_visits(
        first,
        n,
        context.visit,
        tastes.habit_visits,
        context.visit_level,
        context.most_sessions,
        s.rate,
        s.habit,
        s.visits,
    )
    return _list_sessions(first, n, s.visits, buyers.person, s.owner, s.number, s.listed)


@stage
def _load_absences(n, today, seen, habits, longest, batch):
    """Days away, at most `longest`; who has arrived (rate 1, else 0); habit as last known."""
    now, most = np.int32(today), np.int32(longest)
    for k in range(n):
        away = now - np.int32(seen[k])
        batch.away[k] = min(max(away, np.int32(0)), most)
        batch.rate[k] = np.float32(away >= 0)
    for k in range(n):
        batch.habit[k] = np.float32(habits[k]) * HABIT_STEP


@stage
def _look_up_rates(n, activity, visits, habit_left, away, rate, habit):
    """Visits without habit, none before arriving; habit as it has faded."""
    for k in range(n):
        rate[k] *= visits[activity[k]]
        habit[k] *= habit_left[away[k]]


@stage
def _round_visits(first, n, stream, habit_visits, level, most, rate, habit, visits):
    """Sessions of each buyer: the expected number, rounded at random."""
    for k in range(n):
        expected = visits_rate(rate[k], habit[k], habit_visits, level)
        visits[k] = min(np.int64(expected + uniform(stream, first + k, 0)), most)


@stage
def _list_sessions(first, n, visits, people, owner, number, comers):
    """List the sessions, buyer by buyer, and call their owners up; returns how many.

    Nobody can predict who comes, or how often, so there is hardly a branch: every buyer is listed,
    and the next overwrites who does not come; who comes gets `SESSIONS_AHEAD` sessions, and the
    next one's overwrite those that do not exist.
    """
    come = np.uint64(0)
    for k in range(n):
        comers[come] = k
        come += np.uint64(visits[k] > 0)
    m = np.uint64(0)
    for c in range(come):
        k = comers[c]
        buyer = first + k
        prefetch(people, buyer)
        # A loop for each array: then a row of them is written at once.
        for ahead in range(SESSIONS_AHEAD):
            owner[m + np.uint64(ahead)] = buyer
        for ahead in range(SESSIONS_AHEAD):
            number[m + np.uint64(ahead)] = ahead
        for session in range(SESSIONS_AHEAD, visits[k]):
            owner[m + np.uint64(session)] = buyer
            number[m + np.uint64(session)] = session
        m += np.uint64(visits[k])
    return np.int64(m)
