"""Who comes, and how often: the sessions that a strip of buyers opens in a slot."""

import numpy as np

from engine.jit import prefetch, stage, step
from engine.rng import uniform
from engine.rules.visits import visits_rate
from engine.world.buyers import DAY_ZERO, HABIT_STEP

_ZERO = np.float32(0.0)


@step
def open_sessions(first, n, buyers, tastes, moment, strip):
    """Line up the sessions of buyers `first`..`first + n`; returns how many."""
    recall(first, n, moment.day + DAY_ZERO, buyers.rhythm, strip.away, strip.level, strip.habit)
    look_up_rates(n, tastes.visits, tastes.habit_left, strip)
    count(
        first,
        n,
        moment.visit,
        tastes.habit_visits,
        moment.visit_level,
        moment.most_sessions,
        strip.rate,
        strip.habit,
        strip.visits,
    )
    return line_up(first, n, strip.visits, buyers.person, strip.owner, strip.number)


@stage
def recall(first, n, today, rhythms, away, level, habit):
    """Each buyer's days away (below 0: to arrive), activity level and habit as last known."""
    for k in range(n):
        rhythm = rhythms[first + k]
        away[k] = today - np.int64(rhythm.seen)
        level[k] = rhythm.activity
        habit[k] = np.float32(rhythm.habit) * HABIT_STEP


@stage
def look_up_rates(n, visits, habit_left, strip):
    """Visits without habit, none before arriving; habit as it has faded."""
    longest = np.int32(habit_left.size - 1)
    for k in range(n):
        away = strip.away[k]
        rate = visits[np.uint32(strip.level[k])]
        strip.rate[k] = rate if away >= 0 else _ZERO
        strip.habit[k] *= habit_left[np.uint32(min(max(away, np.int32(0)), longest))]


@stage
def count(first, n, stream, habit_visits, level, most, rate, habit, visits):
    """Sessions of each buyer: the expected number, rounded at random."""
    for k in range(n):
        expected = visits_rate(rate[k], habit[k], habit_visits, level)
        visits[k] = min(np.int64(expected + uniform(stream, first + k, 0)), most)


@stage
def line_up(first, n, visits, people, owner, number):
    """List the sessions, buyer by buyer, and call their owners up; returns how many.

    Without branches where it matters, since nobody can predict who comes: the first session
    is written anyway and kept if it exists, and the latest owner is called up again.
    """
    m, latest = 0, first
    for k in range(n):
        owner[m] = first + k
        number[m] = 0
        comes = visits[k] > 0
        m += np.int64(comes)
        latest = first + k if comes else latest
        prefetch(people, latest)
        for session in range(1, visits[k]):
            owner[m] = first + k
            number[m] = session
            m += 1
    return m
