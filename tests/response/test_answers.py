"""Where a lever is best, and when it is said to move nothing."""

from typing import Any

import numpy as np
import pytest

from engine.measures.run_off import CONTRIBUTION
from engine.response import lever_answers
from engine.stats.intervals import mean_interval, student_quantile
from tests.response.rows import sweep_rows


def answer(changes: dict[float, float], error: float = 0.1, **more: Any):
    (found,) = lever_answers(sweep_rows("price.cap", changes, error, **more))
    return found


@pytest.mark.parametrize(
    ("changes", "place", "value"),
    [
        ({0.6: -1, 0.8: 2, 0.9: 0, 1.0: -3}, "interior", 0.8),
        ({0.6: 3, 0.8: 2, 0.9: 0, 1.0: -3}, "low end", 0.6),
        ({0.6: -3, 0.8: -2, 0.9: 0, 1.0: 3}, "high end", 1.0),
        ({0.6: -3, 0.8: -2, 0.9: 0, 1.0: -3}, "interior", 0.9),
        ({0.6: 0.1, 0.8: -0.1, 0.9: 0, 1.0: 0.05}, "moves nothing", 0.6),
    ],
)
def test_the_best_is_inside_or_at_an_end(
    changes: dict[float, float], place: str, value: float
) -> None:
    found = answer(changes)
    assert (found.place, found.best["value"]) == (place, value)
    assert found.base["value"] == 0.9
    assert found.gmv["value"] == value


def test_a_base_that_is_no_constant_is_not_at_an_end() -> None:
    assert answer({0.9: 0, 0.95: -2, 1.0: -3}).place == "low end"
    assert answer({0.9: 0, 0.95: -2, 1.0: -3}, is_constant=False).place == "interior"


def test_of_equal_values_the_base_is_best() -> None:
    found = answer({0.6: 0, 0.9: 0, 1.0: 0}, error=0.0)
    assert (found.place, found.best["is_base"]) == ("moves nothing", True)


def test_what_moves_something_else_is_not_told_on_the_contribution() -> None:
    rows = sweep_rows("price.cap", {0.6: 0.1, 0.9: 0, 1.0: 0.1}, 0.2)
    rows += sweep_rows("price.cap", {0.6: 9, 0.9: 0, 1.0: 9}, 0.2, measures=("top10_share",))
    (found,) = lever_answers(rows)
    assert (found.place, found.moved) == ("indistinguishable", ("top10_share",))


def test_without_a_spread_what_differs_is_told() -> None:
    assert answer({0.6: 0.001, 0.9: 0, 1.0: 0}, error=0.0).place == "low end"


def test_one_pair_tells_what_differs() -> None:
    assert answer({0.6: 0.1, 0.9: 0, 1.0: 0}, error=None, pairs=1).place == "low end"


def test_chance_alone_is_taken_for_an_effect_in_five_of_a_hundred_sweeps_at_most() -> None:
    """Seven points around the base, none of which does anything, over eight pairs."""
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(400):
        rows = sweep_rows("price.cap", {0.9: 0.0}, 0.1)
        for k, value in enumerate(np.linspace(0.6, 0.89, 7)):
            found = mean_interval(rng.normal(size=8))
            (row, *_) = sweep_rows("price.cap", {0.9: 0.0}, 0.1, measures=(CONTRIBUTION,))
            rows.append(
                row | {"value": value, "is_base": False, "difference": found.value,
                       "standard_error": found.standard_error, "units_count": 8}
            )  # fmt: skip
            rows.append(rows[-1] | {"measure": "gmv_paid_fen", "difference": 0.0, "k": k})
        told += lever_answers(rows)[0].place != "moves nothing"
    assert told / 400 < 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
    assert student_quantile(7, 1 - 0.05 / 14) > student_quantile(7, 0.975)
