"""Domination and thinning, on points whose answer is known."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stats.pareto import _thin_front, pareto_ranks


def test_ranks_peel_fronts_off() -> None:
    assert pareto_ranks([[0, 3], [1, 1], [3, 0], [2, 2], [3, 3], [1, 1]]) == [0, 0, 0, 1, 2, 0]


def test_equal_in_one_and_worse_in_another_is_dominated() -> None:
    assert pareto_ranks([[0, 1], [0, 2]]) == [0, 1]


def test_nothing_has_no_ranks() -> None:
    assert pareto_ranks([]) == []
    assert _thin_front([], 3) == []


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=20))
def test_rank_zero_is_what_nobody_beats(points: list[tuple[int, int, int]]) -> None:
    for point, rank in zip(points, pareto_ranks(points), strict=True):
        beaten = any(
            all(a <= b for a, b in zip(other, point, strict=True)) and other != point
            for other in points
        )
        assert (rank == 0) == (not beaten)


def test_the_ends_stay_and_the_crowd_goes() -> None:
    costs = [[0, 10], [4.9, 5.1], [5, 5], [5.1, 4.9], [10, 0]]
    assert _thin_front(costs, 4) == [0, 1, 3, 4]
    assert _thin_front(costs, 3) == [0, 1, 4]
    assert _thin_front(costs, 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_an_even_front_is_thinned_evenly(count: int) -> None:
    costs = [[k, 100 - k] for k in range(0, 101, 5)]
    kept = [costs[k][0] for k in _thin_front(costs, count)]
    assert kept[0] == 0
    assert kept[-1] == 100
    assert max(b - a for a, b in itertools.pairwise(kept)) <= 2 * 100 / (count - 1)
