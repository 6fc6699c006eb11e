"""Sums over follows, four to a word, against plain sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from engine.market.sessions.routing import _HIGHEST_MARK, _affinities_of, _place_at, _sum_of, _where
from engine.population.buyers import (
    AFFINITY_ONE,
    FOLLOWS,
    _person_record,
    affinity_of,
    anchor_of,
    set_affinity,
    set_follow,
)

AFFINITIES = st.lists(st.integers(0, AFFINITY_ONE), min_size=FOLLOWS, max_size=FOLLOWS)
ANCHORS = st.lists(st.integers(0, 999_999), min_size=FOLLOWS, max_size=FOLLOWS)
MARKS = st.integers(0, FOLLOWS * AFFINITY_ONE + 7)
untimed = settings(deadline=None)  # the first example compiles


@njit
def follow_all(people, anchors, affinities):
    for f in range(FOLLOWS):
        set_follow(people[0], f, anchors[f], affinities[f])


@njit
def read_all(people):
    me = people[0]
    return [(anchor_of(me, f), affinity_of(me, f)) for f in range(FOLLOWS)]


@njit
def change(people, f, affinity):
    set_affinity(people[0], f, affinity)


@njit
def add_up(low, high):
    return _sum_of(low, high)


@njit
def find(low, high, mark):
    return _place_at(low, high, np.int32(mark))


@njit
def those(people, presence, state):
    return _where(people[0], presence, state)


def person(anchors, affinities):
    people = np.zeros(1, _person_record(6, 5))
    follow_all(people, np.array(anchors), np.array(affinities))
    return people


@njit
def words(people):
    return _affinities_of(people[0])


@untimed
@given(anchors=ANCHORS, affinities=AFFINITIES)
def test_a_follow_is_read_as_it_was_written(anchors, affinities):
    assert read_all(person(anchors, affinities)) == list(zip(anchors, affinities, strict=True))


@untimed
@given(
    anchors=ANCHORS,
    affinities=AFFINITIES,
    f=st.integers(0, FOLLOWS - 1),
    new=st.integers(0, AFFINITY_ONE),
)
def test_a_changed_affinity_leaves_all_else(anchors, affinities, f, new):
    people = person(anchors, affinities)
    change(people, f, new)
    expected = list(zip(anchors, affinities, strict=True))
    expected[f] = anchors[f], new
    assert read_all(people) == expected


@untimed
@given(affinities=AFFINITIES, mark=MARKS)
def test_the_place_is_the_number_of_sums_passed(affinities, mark):
    low, high = words(person([0] * FOLLOWS, affinities))
    passed = int((np.cumsum(affinities) <= mark).sum())
    assert add_up(low, high) == sum(affinities)
    assert find(low, high, mark) == min(passed, FOLLOWS - 1)


@pytest.mark.parametrize("mark", [0, 8 * AFFINITY_ONE - 1, 8 * AFFINITY_ONE, _HIGHEST_MARK])
def test_the_largest_affinities_do_not_run_over(mark):
    low, high = words(person([0] * FOLLOWS, [AFFINITY_ONE] * FOLLOWS))
    assert add_up(low, high) == 8 * AFFINITY_ONE
    assert find(low, high, mark) == min(mark // AFFINITY_ONE, FOLLOWS - 1)


@untimed
@given(states=st.lists(st.integers(0, 3), min_size=FOLLOWS, max_size=FOLLOWS))
def test_masks_keep_the_follows_in_one_state(states):
    affinities = np.arange(1, FOLLOWS + 1) * 500
    people = person(range(FOLLOWS), affinities)
    masks = those(people, np.array(states, np.uint8), 1)
    kept = [word & mask for word, mask in zip(words(people), masks, strict=True)]
    assert add_up(*kept) == affinities[np.array(states) == 1].sum()
