"""A policy's samples lie by world and replication, and cost what today's would have kept."""

import numpy as np
import pytest

from engine.case import RunResult
from engine.decision.price_table import ConfirmedPolicy
from engine.errors import InputError


def years(cost: float, worlds=("b", "a"), count: int = 3) -> list[RunResult]:
    return [
        RunResult(
            {"world": world, "replication": r, "seed": 10 + r, "population": 5 + r},
            {"gmv_paid_fen": 100 * k + r, "platform_contribution_fen": 7 * r - cost,
             "subsidy_fen": cost, "brand_share": 0.1 * (k + 1)}, {}, {},
        )
        for k, world in enumerate(worlds)
        for r in range(count)
    ]  # fmt: skip


def test_samples_are_by_world_and_replication_whatever_their_order():
    found = ConfirmedPolicy.from_results("p", years(3)[::-1], years(1), ("brand_share",))
    assert np.array_equal(found.gmv_fen, [[0, 1, 2], [100, 101, 102]])
    assert np.array_equal(found.cost_fen, np.full((2, 3), 2.0))
    assert np.array_equal(found.subsidy_fen, np.full((2, 3), 3.0))
    assert found.name == "p"
    assert found.others == pytest.approx({"brand_share": 0.15})


def test_means_that_are_shown_weigh_the_worlds():
    weights = {"a": 0.75, "b": 0.25}
    found = ConfirmedPolicy.from_results("p", years(3), years(1), ("brand_share",), weights=weights)
    assert found.others == pytest.approx({"brand_share": 0.25 * 0.1 + 0.75 * 0.2})


def test_todays_policy_costs_nothing_more():
    assert not ConfirmedPolicy.from_results("today", years(1), years(1)).cost_fen.any()


@pytest.mark.parametrize(
    ("own", "today"),
    [
        (years(3)[:-1], years(1)),
        (years(3, ("a",)), years(1)),
        (years(3)[:-1], years(1)[:-1]),
        (years(3)[1:4], years(1)[1:4]),
        (years(3)[1:3] + years(3)[3:5], years(1)[1:3] + years(1)[3:5]),
    ],
)
def test_years_that_do_not_pair_are_refused(own, today):
    with pytest.raises(InputError, match="are not those of today's policy"):
        ConfirmedPolicy.from_results("p", own, today)
