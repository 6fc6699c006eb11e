"""Answers with each world left out, by hand."""

import numpy as np
import pytest

from engine.decision.price_table import ConfirmedPolicy, PriceQuestion
from engine.decision.robustness import _sentences, _told_below, _without_each_world, certainty
from engine.decision.weights import _even_weights

BN = 1e11
WORLDS = ("a", "b", "c")


def policy(name: str, gmv, cost=0.0) -> ConfirmedPolicy:
    """Two replications; what worlds sell and cost, bn RMB."""
    sold = np.array([gmv, gmv], float).T * BN
    return ConfirmedPolicy(name, sold, np.broadcast_to(cost, sold.T.shape).T * BN, sold * 0)


def asked(weights=(0.5, 0.3, 0.2), probability: float = 0.5) -> PriceQuestion:
    return PriceQuestion(probability, WORLDS[: len(weights)], np.array(weights))


TODAY = policy("as today", [200, 200, 200])
SURE = policy("sure", [260, 260, 260], [3.0, 3.0, 3.0])
CHEAP = policy("cheap", [260, 240, 240], [1.0, 2.0, 4.0])


def test_without_the_world_that_a_policy_needs_another_is_recommended():
    found = _without_each_world([SURE, CHEAP], TODAY, 250 * BN, asked())
    assert [one.world for one in found] == list(WORLDS)
    assert [one.policy for one in found] == ["sure", "cheap", "cheap"]
    assert [one.is_same for one in found] == [False, True, True]
    assert [one.reach for one in found] == pytest.approx([0, 0.5 / 0.7, 0.5 / 0.8])
    costs = [(0.3 * 2 + 0.2 * 4) / 0.5, (0.5 + 0.2 * 4) / 0.7, (0.5 + 0.3 * 2) / 0.8]
    assert [one.cost_fen / BN for one in found] == pytest.approx(costs)
    (said,) = _sentences(_even_weights(WORLDS), found, "cheap")
    assert said == (
        "How sure: 3 worlds are asked and count alike. With one of them left out in turn, the same "
        "policy is recommended in 2 of 3 cases, and costs 1.4 to 2.8 bn RMB more than today's."
    )


def test_that_a_goal_would_be_missed_without_a_world_is_told():
    _, said = certainty([SURE, CHEAP], TODAY, 250 * BN, asked(), _even_weights(WORLDS))
    assert said[1] == (
        "With the world a left out, the recommended policy reaches the goal with 0.00 only, below "
        "the asked 0.50."
    )
    _, said = certainty([SURE], TODAY, 250 * BN, asked(), _even_weights(WORLDS))
    assert not any("reaches the goal" in one for one in said)


def test_a_goal_that_is_just_missed_is_told_with_the_decimals_that_show_it() -> None:
    assert [_told_below(p, 0.8) for p in (0.72, 0.797, 0.79996)] == ["0.72", "0.797", "0.79996"]


def test_what_costs_less_than_today_is_told_so():
    saves = policy("saves", [260, 260, 260], [-1.0, -2.0, -4.0])
    found = _without_each_world([saves], TODAY, 250 * BN, asked())
    (said,) = _sentences(_even_weights(WORLDS), found, "saves")
    assert said.endswith("in 3 of 3 cases, and costs 1.4 to 2.8 bn RMB less than today's.")


def test_that_nothing_reaches_may_hang_on_one_world_too():
    found = _without_each_world([CHEAP], TODAY, 250 * BN, asked((0.4, 0.5, 0.1)))
    assert [one.policy for one in found] == [None, "cheap", None]
    assert [one.is_same for one in found] == [True, False, True]
    assert {one.cost_fen for one in found} == {None}
    assert "still no policy reaches the goal in 2 of 3 cases" in _sentences(
        _even_weights(WORLDS), found, None
    )[0]  # fmt: skip


def test_a_world_without_weight_changes_nothing():
    found = _without_each_world([SURE, CHEAP], TODAY, 250 * BN, asked((0.5, 0.5, 0.0)))
    assert found[2].is_same
    assert found[2].cost_fen == pytest.approx(1.5 * BN)


def test_without_the_world_that_has_all_weight_the_others_are_even():
    found = _without_each_world([SURE, CHEAP], TODAY, 250 * BN, asked((1.0, 0.0, 0.0)))
    assert found[0].policy == "sure"
    assert found[0].cost_fen == pytest.approx(3 * BN)  # of `cheap`, over b and c


def test_one_world_alone_has_no_others():
    one = ConfirmedPolicy("as today", *(TODAY.gmv_fen[:1] * k for k in (1, 0, 0)))
    assert _without_each_world([], one, 250 * BN, asked((1.0,))) == []
    assert "one world alone" in _sentences(_even_weights(["a"]), [], "as today")[0]
