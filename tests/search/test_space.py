"""Levers by path, bounds, the trajectory, and which baselines a space holds."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.search.space.policy_space import (
    _WEIGHT_LIMIT,
    PolicySpace,
    _lever_value,
    _trajectory_knots,
)
from engine.spec.levers import set_levers
from engine.spec.policy import Policy
from engine.spec.space import Space
from tests.fakes import small_policy
from tests.kinds import LEVERS


def space(levers: Mapping[str, Any], trajectory: bool = False, count: int = 4) -> Space:
    return Space.model_validate(
        {
            "name": "test",
            "levers": levers,
            "trajectory": trajectory,
            "trajectory_knots_count": count,
        }
    )


def test_every_known_lever_can_be_set_to_its_bounds() -> None:
    for path, limits in LEVERS.items():
        for bound in (limits.low, limits.high):
            value = int(bound) if limits.integer else bound
            policy = set_levers(small_policy(), {path: value}, "moved")
            assert _lever_value(policy, path) == value
            assert policy.name == "moved"


def test_a_number_replaces_a_dated_value_whole() -> None:
    dated = small_policy(subsidy={"cap_rmb": {"2020-01-01": 5.0, "2020-06-16": 50.0}})
    assert _lever_value(dated, "subsidy.cap_rmb") is None
    moved = set_levers(dated, {"subsidy.cap_rmb": 20.0}, "moved")
    assert moved.subsidy.cap_rmb.on(date(2020, 12, 31)) == 20.0
    assert _lever_value(moved, "subsidy.cap_rmb") == 20.0


def test_what_is_not_searched_stays_as_in_the_base() -> None:
    base = small_policy(subsidy={"cap_rmb": {"2020-01-01": 5.0, "2020-06-16": 50.0}})
    found = PolicySpace(space({"price.cap": {"low": 0.5, "high": 1}}), base, LEVERS)
    policy = found.policy({"price.cap": 0.7}, "trial-3")
    assert policy == set_levers(base, {"price.cap": 0.7}, "trial-3")
    assert policy.subsidy.cap_rmb == base.subsidy.cap_rmb


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("subsidy.rates.source", "subsidy.rate.source"),
        ("price.capp", "price.cap"),
        ("subsidy.rate", "subsidy.rate"),
        ("name", "choose one of"),
        ("target.knots", "space.trajectory=true"),
        ("target.revisions", "target"),
    ],
)
def test_an_unknown_lever_is_refused_with_the_nearest(path: str, hint: str) -> None:
    with pytest.raises(InputError, match="no such lever") as error:
        PolicySpace(space({path: {"low": 0, "high": 1}}), small_policy(), LEVERS)
    assert hint in error.value.remedy
    assert error.value.where == f"space.levers.{path}"


@pytest.mark.parametrize(
    ("path", "low", "high", "what"),
    [
        ("subsidy.rate.source", 0.0, 0.95, "own range"),
        ("subsidy.cap_rmb", 0.0, 5.0, "own range"),
        ("price.plan_festivals_count", 0, 13, "own range"),
        ("price.plan_festivals_count", 0.5, 3, "not whole"),
    ],
)
def test_bounds_outside_the_lever_are_refused(
    path: str, low: float, high: float, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        PolicySpace(space({path: {"low": low, "high": high}}), small_policy(), LEVERS)


def test_a_space_without_levers_is_refused() -> None:
    with pytest.raises(InputError, match="nothing is searched"):
        PolicySpace(space({}), small_policy(), LEVERS)


def holds(policy: Policy, base: Policy, **kind: Any) -> bool:
    levers = {
        "subsidy.rate.source": {"low": 0.0, "high": 0.3},
        "price.plan_festivals_count": {"low": 0, "high": 6, "integer": True},
    }
    return PolicySpace(space(levers, **kind), base, LEVERS).point_of(policy) is not None


def test_a_space_holds_what_one_of_its_points_is() -> None:
    base = small_policy("base", 0.1)
    assert holds(small_policy("given", 0.1, price={"plan_festivals_count": 3}), base)
    other = small_policy("given", 0.1)
    moved = set_levers(other, {"subsidy.rate.source": 0.3}, "given")
    assert holds(moved, base)
    assert not holds(set_levers(other, {"subsidy.rate.source": 0.31}, "given"), base)
    assert not holds(small_policy("given", 0.1, traffic={"exponent": 2.0}), base)
    dated = {"2020-01-01": 0.0, "2020-06-16": 0.1}
    assert not holds(set_levers(other, {"subsidy.rate.source": dated}, "given"), base)


def test_a_space_with_a_trajectory_holds_the_shapes_that_weights_give() -> None:
    base = small_policy("base")
    assert holds(small_policy("given"), base, trajectory=True)
    assert holds(small_policy("given", target={"knots": (0.4, 1.0)}), base, trajectory=True)
    kinked = (0.1, 0.4, 1.0)  # the free segments are halves of the year, or parts of them
    steep = (0.05, 1.0)  # beyond four times the base's share
    for knots in (kinked, steep):
        odd = small_policy("given", target={"knots": knots})
        assert not holds(odd, base, trajectory=True)


def test_bounds_that_are_reached_are_named() -> None:
    levers = {"price.cap": {"low": 0.5, "high": 1}, "subsidy.rate.source": {"low": 0, "high": 0.5}}
    found = PolicySpace(space(levers), small_policy(), LEVERS)
    at = found.at_bound({"price.cap": 0.501, "subsidy.rate.source": 0.4999})
    assert at == ["price.cap at its least", "subsidy.rate.source at its most"]
    assert found.at_bound({"price.cap": 0.7, "subsidy.rate.source": 0.1}) == []


rising = st.lists(st.floats(0, 1), min_size=0, max_size=24).map(lambda xs: (*sorted(xs), 1.0))
weights = st.lists(st.floats(-_WEIGHT_LIMIT, _WEIGHT_LIMIT), min_size=2, max_size=12)


@given(rising, weights)
def test_knots_never_fall_and_end_at_one(base: tuple[float, ...], free: list[float]) -> None:
    found = _trajectory_knots(base, free)
    assert len(found) == 12
    small_policy(target={"knots": found})  # the policy's own check


@given(rising, st.floats(-1, 1), st.integers(2, 12))
def test_equal_weights_keep_the_base_shape(
    base: tuple[float, ...], level: float, count: int
) -> None:
    found = _trajectory_knots(base, [level] * count)
    at = np.arange(len(base) + 1) / len(base)
    assert found == pytest.approx(np.interp(np.arange(1, 13) / 12, at, [0.0, *base]), abs=1e-9)


def test_a_heavier_segment_gets_more_of_the_target() -> None:
    even = tuple((k + 1) / 12 for k in range(12))
    early = _trajectory_knots(even, [np.log(4), 0.0, 0.0, 0.0])
    assert early[2] == pytest.approx(4 * 3 / (4 * 3 + 9))
    assert np.allclose(np.diff(early[2:]), 1 / (4 * 3 + 9))
