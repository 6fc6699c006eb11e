"""Threads' tallies are poured into a slot's, slots' into the day's: nothing lost, nothing twice."""

from typing import NamedTuple

import numpy as np

from engine.market.totals import SlotTotals, merge_into, reset


def filled(seed: int):
    """A tally with entries of every kind, by anchor for visited anchors only."""
    totals, draws = SlotTotals.new(5, 3, 4, 5), np.random.default_rng(seed)
    for column in totals:
        column[...] = draws.integers(1, 100, column.shape)
    idle = draws.integers(0, 5)
    for column in totals[:4] + totals[7:11]:
        column[idle] = 0
    return totals


def test_pouring_adds_all_but_claims_and_leaves_nothing():
    source, target = filled(1), filled(2)
    expected = [a + b for a, b in zip(source, target, strict=True)]
    claims = target.claims.copy()
    merge_into(source, target)
    for name, column, total in zip(target._fields, target, expected, strict=True):
        assert np.array_equal(column, claims if name == "claims" else total), name
    assert not any(column.any() for column in source)


class _Market(NamedTuple):
    """Of a market's records those that are forgotten."""

    sold: SlotTotals


def test_a_forgotten_tally_is_empty():
    totals = filled(3)
    totals.claims[:] = 0  # those are a slot's: a day has none
    reset(_Market(totals))
    assert not any(column.any() for column in totals)
