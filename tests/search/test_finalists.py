"""Who is looked at again on fresh seeds: the best, each policy once."""

from typing import NamedTuple

import numpy as np
import pytest

from engine.search.fidelity.estimates import Estimates, RowFigures
from engine.search.fidelity.ladder import Trial
from engine.search.finalists.choice import _without_duplicates, choose_finalists
from engine.search.problem import Candidate, Sample

ONE, OTHER = [1.0, 2.0], [1.0, 2.5]


def trial(number: int, shown: dict[int, list[float]], *, given: bool = False) -> Trial:
    """A trial with the figures `shown` of two replications, by rung."""
    samples = {rung: Sample({"gmv_fen": np.array([figures])}) for rung, figures in shown.items()}
    return Trial(Candidate(number, f"trial-{number}", {"x": number}, given), samples)


@pytest.mark.parametrize(("trials", "kept"), [
    ([trial(0, {0: ONE}), trial(1, {0: OTHER})], [0, 1]),
    ([trial(0, {0: ONE}), trial(1, {0: ONE})], [0]),
    ([trial(0, {0: ONE}), trial(1, {0: ONE, 1: OTHER})], [1]),
    ([trial(0, {0: ONE}), trial(1, {1: ONE})], [0, 1]),
    ([trial(0, {0: ONE, 1: OTHER}), trial(1, {0: ONE}, given=True)], [1]),
    ([trial(0, {0: ONE}, given=True), trial(1, {0: ONE}, given=True)], [0, 1]),
])  # fmt: skip
def test_of_trials_with_the_same_figures_one_stays(trials: list[Trial], kept: list[int]) -> None:
    """A baseline, who went highest, or the first; the same on other rungs says nothing."""
    assert _without_duplicates(trials) == kept


def test_a_twin_leaves_its_place_to_the_next() -> None:
    shown = [ONE, [2.0, 2.0], [2.0, 2.0], [3.0, 3.0]]
    trials = [trial(k, {0: figures}, given=k == 0) for k, figures in enumerate(shown)]
    costs = np.array([[-np.mean(figures)] for figures in shown])
    none = np.zeros((4, 0))
    chosen = choose_finalists(trials, Estimates(costs, none, np.zeros_like(costs), none), 2)
    assert [one.candidate.number for one in chosen] == [0, 3, 1]


class Told(NamedTuple):
    """What is known of a table's rows."""

    figures: RowFigures
    levels: tuple[float, ...]
    confirmed: tuple[int, ...]


def test_what_met_the_fresh_replications_takes_no_place_of_the_best() -> None:
    """Eight places: the last two trials dominate all, and no row asks for them."""
    count = 10
    trials = [trial(k, {0: [float(k), float(k)]}) for k in range(count)]
    costs = -np.arange(count, dtype=np.float64)[:, None]
    none = np.zeros((count, 0))
    known = Estimates(costs, none, np.zeros_like(costs), none)
    one = np.ones(count)
    figures = RowFigures(one, one, one, one, none, none, np.ones(count, bool))
    told = Told(figures, (1.0,), tuple(range(8)))
    chosen = choose_finalists(trials, known, 8, told)
    assert [one.candidate.number for one in chosen] == [*range(8), 9, 8]
