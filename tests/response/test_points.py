"""The points of a sweep: which values, which policies, and where the base policy stands."""

from datetime import date
from typing import Any

import pytest

from engine.errors import InputError
from engine.response import _BASE, _lever_points, _LeverPoint, _policy_at, _Swept, _swept_levers
from tests.fakes import small_policy
from tests.kinds import KINDS, LEVERS
from tests.response.jobs import job_of


def points_of(name: str, **changes: Any) -> list[_LeverPoint]:
    (swept,) = _swept_levers([name], LEVERS)
    return _lever_points(swept, job_of(**changes))


def values_of(name: str, **changes: Any) -> list[float]:
    return [point.value for point in points_of(name, **changes)]


def test_by_default_every_lever_moves_once_and_groups_together() -> None:
    found = _swept_levers(None, LEVERS)
    paths = [lever.path for swept in found for lever in swept.levers]
    assert paths == list(LEVERS)
    by_name = {swept.name: len(swept.levers) for swept in found}
    assert by_name["subsidy.rate"] == len(KINDS)
    assert by_name["supply.library_open"] == 3
    assert by_name["price.cap"] == 1


def test_levers_of_a_group_share_what_one_of_them_stands_for() -> None:
    for swept in _swept_levers(None, LEVERS):
        told = {(one.unit, one.low, one.high, one.search, one.off) for one in swept.levers}
        assert len(told) == 1, swept.name


def test_values_span_the_range_and_hold_the_bases_own_and_off() -> None:
    assert values_of("traffic.commercial_load", points_count=3) == [0.7, 1.0, 1.1, 1.5]
    assert values_of("subsidy.rate", points_count=4) == [0.0, 0.1, 0.2, 0.3]
    assert values_of("subsidy.cap_rmb", points_count=3) == [5.0, 22.36, 50.0, 100.0]
    assert values_of("price.plan_festivals_count", points_count=3) == [0.0, 2.0, 3.0]
    assert values_of("price.plan_festivals_count", range="full", points_count=2) == [0.0, 12.0]
    assert values_of("supply.recruiting", range="full", points_count=2) == [0.0, 1.0, 20.0]


def test_the_base_is_the_point_at_its_own_value_and_there_is_one() -> None:
    policy = small_policy("mine", 0.1)
    points = points_of("subsidy.rate", points_count=4, policy=policy)
    (base,) = [point for point in points if point.is_base]
    assert base.value == 0.1
    assert base.is_constant
    assert base.policy == policy.model_copy(update={"name": _BASE})
    assert [point.value for point in points if point.is_off] == [0.0]


@pytest.mark.parametrize("swept", _swept_levers(None, LEVERS), ids=lambda swept: swept.name)
def test_a_lever_set_to_the_bases_own_value_is_the_base_policy(swept: _Swept) -> None:
    base = small_policy()
    (own,) = [point for point in _lever_points(swept, job_of(policy=base)) if point.is_base]
    assert own.is_constant
    moved = _policy_at(swept, base, own.value)
    assert moved.model_copy(update={"name": base.name}) == base


def test_a_constant_replaces_a_path_and_the_levers_of_a_group() -> None:
    path = {date(2020, 1, 1): 0.0, date(2020, 2, 1): 0.6}
    policy = small_policy(supply={"closed_loop": path})
    points = points_of("supply.closed_loop", policy=policy, points_count=2)
    base = next(point for point in points if point.is_base)
    assert not base.is_constant
    assert base.value == pytest.approx(
        0.6 * 60 / 91, rel=1e-3
    )  # days from February to the end of March
    assert [point.value for point in points if not point.is_base] == [0.0, 1.0]
    for point in points:
        if not point.is_base:
            assert [value for _, value in point.policy.supply.closed_loop.steps] == [point.value]

    rates = {kind: 0.01 * k for k, kind in enumerate(KINDS)}
    mixed = small_policy(subsidy={"rate": rates})
    points = points_of("subsidy.rate", policy=mixed, points_count=2)
    assert next(p.value for p in points if p.is_base) == pytest.approx(0.02)
    for point in points:
        if not point.is_base:
            levels = {getattr(point.policy.subsidy.rate, kind).steps[0][1] for kind in KINDS}
            assert levels == {point.value}


def test_a_swept_target_has_no_revisions_and_the_base_stands_at_its_last() -> None:
    revisions = ({"day": date(2020, 2, 1), "year_end_bn_rmb": 300.0},)
    policy = small_policy(target={"revisions": revisions})
    points = points_of("target.year_end_bn_rmb", policy=policy, points_count=2)
    assert [point.value for point in points] == [250.0, 300.0, 500.0]
    assert [len(point.policy.target.revisions) for point in points] == [0, 1, 0]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["price.capp"], "did you mean price.cap"),
        (["subsidy"], "no lever"),
        (["price.cap"] * 2, "twice"),
    ],
)
def test_what_is_no_lever_is_refused(names: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _swept_levers(names, LEVERS)
