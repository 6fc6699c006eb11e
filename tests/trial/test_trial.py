"""Tests of a policy inside the market: arms by the day, estimates with known answers, rows."""

from datetime import date, timedelta

import numpy as np
import pytest

from engine.spec.trial import TrialJob
from engine.trial import (
    _CONTROL,
    _SWITCHED,
    _TRIED,
    _before_after,
    _markets,
    _period_means,
    _switchback,
    _treated_days,
    _true_effect,
    _units,
    _welch,
    _World,
    arm_policies,
    held_in_both,
)


@pytest.fixture(scope="module")
def job() -> TrialJob:
    from hydra import compose, initialize_config_dir

    from engine.config import load
    from experiments._sources import CONF

    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("trial", ["scale=smoke", "days=28"]), TrialJob)


def test_half_of_the_days_are_treated_in_pairs_of_periods(job: TrialJob) -> None:
    days = _treated_days(job)
    assert days.shape == (28,)
    by_pair = days.reshape(-1, 2, job.period_days).all(axis=2)
    assert (by_pair.sum(axis=1) == 1).all()


def test_arms_hold_the_tried_levers_on_their_days_and_controls_on_all_others(job: TrialJob) -> None:
    arms, treated = arm_policies(job), _treated_days(job)
    assert set(arms) == {_CONTROL, _TRIED, _SWITCHED}
    path = job.policy.subsidy.rate.source, job.control.subsidy.rate.source
    tried, control = (value.on(job.start) for value in path)
    assert tried != control

    def rate(arm: str, day: int) -> float:
        return arms[arm].subsidy.rate.source.on(job.start + timedelta(days=day))

    for day in range(28):
        assert rate(_TRIED, day) == tried
        assert rate(_CONTROL, day) == job.control.subsidy.rate.source.on(
            job.start + timedelta(days=day)
        )
        assert rate(_SWITCHED, day) == rate(_TRIED if treated[day] else _CONTROL, day)
    for day in (-1, 28):
        assert len({rate(arm, day) for arm in arms}) == 1
    assert len({arm.subsidy.budget_bn_rmb for arm in arms.values()}) == 1
    assert "subsidy.budget_bn_rmb" in held_in_both(job)


def test_a_switchback_finds_a_constant_effect_whatever_the_trend() -> None:
    treated = np.repeat([True, False, False, True], 3)
    days = 10.0 + 2.0 * treated
    found = _switchback(days, treated, 3, 0)
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))
    days[[0, 3, 6, 9]] += 100.0  # the first day of a period is washed out
    assert _switchback(days, treated, 3, 1).value == pytest.approx(2.0)


def test_days_before_and_after_take_the_season_for_an_effect() -> None:
    before, after = np.arange(12.0), np.arange(12.0) + 12
    assert _before_after(before, after, 3).value == pytest.approx(12.0)


def test_markets_are_unbiased_over_their_draws() -> None:
    effects = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    chance = np.array([0.3, -0.1, 0.2, 0.0, -0.4, 0.1])
    found = [one.value for one in _markets(chance + effects, chance, 1, 4000)]
    assert np.mean(found) == pytest.approx(3.5, abs=0.05)


def test_welch_is_by_hand() -> None:
    found = _welch(np.array([1.0, 3.0]), np.array([0.0, 0.0, 3.0]))
    error = (2 / 2 + 3 / 3) ** 0.5
    freedom = 4 / (1 / 1 + 1 / 2)
    assert found.value == pytest.approx(1.0)
    assert found.standard_error == pytest.approx(error)
    assert found.high is not None
    assert (found.high - 1) / error == pytest.approx(3.4198, abs=1e-3), freedom
    assert _period_means(np.arange(7.0), 3).tolist() == [1.0, 4.0]


def test_the_true_effect_has_the_interval_of_its_replications_worlds_averaged() -> None:
    none, effects = np.zeros((3, 2)), (np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 8.0]))
    worlds = [_World(none, none, none + own[:, None], none) for own in effects]
    runs = [
        {"policy": arm, "world": world, "replication": k, "population": 10 + k}
        for k in (2, 0, 1)
        for world in "ba"
        for arm in (_CONTROL, _TRIED)
    ]
    assert _units(runs).tolist() == [0, 1, 2, 0, 1, 2]
    found = _true_effect(worlds, _units(runs))
    assert found.value == pytest.approx(3.5)  # of 2, 3 and 5.5
    assert found.standard_error == pytest.approx((3.25 / 3) ** 0.5)
    alone = _true_effect([_World(*(none[:1],) * 4)], _units(runs[-2:]))
    assert (alone.value, alone.high) == (0.0, None)


def test_dates_of_the_default_leave_as_many_days_before(job: TrialJob) -> None:
    assert job.start - timedelta(days=56) >= date(2020, 1, 1)
