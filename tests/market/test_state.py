"""What survives a night: copied, saved, loaded and branched, it goes on with the same bits."""

import hashlib
from dataclasses import fields
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import StorageError
from engine.market.ledger.results import daily_table
from engine.market.run import advance
from engine.market.saved import _FORMAT, load_state, save_state
from engine.market.state import open_state
from engine.market.world import open_world
from engine.spec.base import Dated
from tests.worlds import case

DAYS = 24
TRIAL = (
    "scenario.calendar.trial_streams=[{name: t, day: 2020-01-15, kind: domestic, category: food, "
    "traffic_share: 0.1, price_rmb: 100, cost_share: 0.5, attention: 4, forecast_rmb: 1000}]"
)
GUEST = (
    "scenario.calendar.absences=[{rank: 0, leaves: 2020-01-05, returns: 2020-01-18}]",
    TRIAL,
)
SMALL = ("scale.buyers_count=500", "scale.anchors_count=60", *GUEST)
POLICIES = ("laissez_faire", "h1_2020", "double_ten_billion", "all_levers")
hurried = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
nights = st.integers(1, DAYS - 1)


def opened(policy: str, *overrides: str):
    """(world, policy, state) of a small case."""
    asked = case(f"policy={policy}", *SMALL, *overrides)
    world = open_world(asked.scenario, asked.scale, asked.world_seed)
    return world, asked.policy, open_state(world, asked.run_seed)


def whole(policy: str, lever=None):
    """The state after `DAYS` days without a stop."""
    world, own, state = opened(policy)
    lever = lever or own
    advance(world, lever, state, world.date_of(DAYS))
    return state


def changed(policy, **groups):
    """The policy with levers of some groups replaced."""
    for group, levers in groups.items():
        values = {name: Dated.model_validate(value) for name, value in levers.items()}
        policy = policy.model_copy(update={group: getattr(policy, group).model_copy(update=values)})
    return policy


@hurried
@given(night=nights, policy=st.sampled_from(POLICIES))
def test_a_saved_state_goes_on_with_the_bits_of_the_uninterrupted_run(tmp_path, night, policy):
    world, lever, state = opened(policy)
    advance(world, lever, state, world.date_of(night))
    save_state(state, world, tmp_path / "night.npz")
    loaded = load_state(world, tmp_path / "night.npz")
    assert loaded.digest() == state.digest()
    advance(world, lever, loaded, world.date_of(DAYS))
    assert loaded.digest() == whole(policy).digest()
    assert state.day == night  # the one that was saved stays where it was


@hurried
@given(night=nights)
def test_a_branch_under_a_policy_that_equals_a_dated_one_gives_its_bits(night):
    world, before, state = opened("h1_2020")
    day = world.date_of(night)
    after = changed(
        before,
        traffic={"commercial_load": {date.min: 1.0, day: 1.4}},
        price={"cap": {date.min: 0.8, day: 0.6}},
        supply={"closed_loop": {date.min: 0.2, day: 0.9}},
    )
    before = changed(before, supply={"closed_loop": 0.2})
    advance(world, before, state, world.date_of(night))
    branch = state.copy()
    advance(world, after, branch, world.date_of(DAYS))
    assert branch.digest() == whole("h1_2020", after).digest()
    assert branch.digest() != whole("h1_2020", before).digest()


@hurried
@given(night=nights, policy=st.sampled_from(POLICIES))
def test_a_changed_branch_leaves_the_other_as_it_was(night, policy):
    world, lever, state = opened(policy)
    advance(world, lever, state, world.date_of(night))
    name, copy = state.digest(), state.copy()
    assert copy.digest() == name
    advance(world, lever, copy, world.date_of(DAYS))
    assert state.digest() == name
    assert copy.digest() != name
    for one, other in zip(state.arrays().values(), copy.arrays().values(), strict=True):
        assert not np.shares_memory(one, other)


def test_a_copy_shares_no_array():
    world, lever, state = opened("all_levers")
    advance(world, lever, state, world.date_of(9))
    copy = state.copy()
    for name, array in copy.arrays().items():
        if array.ndim and array.size and array.dtype != np.bool_:
            array.reshape(-1)[0] += 1
            assert state.digest() != copy.digest(), name
    assert state.digest() == opened_to(9).digest()


def opened_to(day: int):
    world, lever, state = opened("all_levers")
    advance(world, lever, state, world.date_of(day))
    return state


def test_steps_of_one_day_are_one_step_of_many():
    world, lever, state = opened("all_levers")
    for day in range(1, DAYS + 1):
        advance(world, lever, state, world.date_of(day))
    assert state.digest() == whole("all_levers").digest()


def test_the_digest_sees_every_array():
    state = opened_to(3)
    name = state.digest()
    for column, array in state.arrays().items():
        if array.ndim == 0 or array.size == 0:
            continue
        flat = array.reshape(-1)
        kept = flat[-1].copy()
        flat[-1] = not kept if array.dtype == np.bool_ else kept + 1
        assert state.digest() != name, column
        flat[-1] = kept
    for entry in fields(state.platform):
        kept = getattr(state.platform, entry.name)
        if not isinstance(kept, np.ndarray):
            setattr(state.platform, entry.name, kept + 1)
            assert state.digest() != name, entry.name
            setattr(state.platform, entry.name, kept)
    assert state.digest() == name


def test_a_date_that_has_passed_changes_nothing():
    world, lever, state = opened("h1_2020")
    advance(world, lever, state, world.date_of(5))
    name = state.digest()
    advance(world, lever, state, world.date_of(2))
    assert state.digest() == name


def test_another_world_is_refused(tmp_path):
    world, _, state = opened("h1_2020")
    save_state(state, world, tmp_path / "night.npz")
    other, _, _ = opened("h1_2020", "world_seed=2")
    with pytest.raises(StorageError, match="another world"):
        load_state(other, tmp_path / "night.npz")


def test_a_state_of_another_version_is_refused(tmp_path):
    world, _, state = opened("h1_2020")
    save_state(state, world, tmp_path / "night.npz")
    with np.load(tmp_path / "night.npz") as file:
        arrays = dict(file)
    arrays["format"] -= 1
    np.savez(tmp_path / "night.npz", **arrays)
    with pytest.raises(StorageError, match=r"another world or version[\s\S]*delete it"):
        load_state(world, tmp_path / "night.npz")


def test_the_version_goes_up_with_what_a_state_holds():
    """Fails where arrays were added, removed or renamed: raise `saved._FORMAT`, then this pair."""
    _, _, state = opened("h1_2020")
    held = ";".join(f"{name}:{array.dtype.str}" for name, array in sorted(state.arrays().items()))
    assert (_FORMAT, hashlib.blake2b(held.encode(), digest_size=4).hexdigest()) == (7, "21ca1fc5")


@pytest.mark.parametrize("damage", ["cut", "text", "bit", "missing"])
def test_a_damaged_state_is_named(tmp_path, damage):
    world, _, state = opened("h1_2020")
    path = tmp_path / "night.npz"
    save_state(state, world, path)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "text":
        path.write_text("no state")
    elif damage == "bit":
        data[len(data) // 3] ^= 1
        path.write_bytes(data)
    else:
        path.unlink()
    with pytest.raises(StorageError, match=r"damaged|no such state"):
        load_state(world, path)


def test_horizons_share_their_world():
    short = case(*SMALL, days=30)
    name = opened("h1_2020")[0].name
    assert open_world(short.scenario, short.scale, short.world_seed).name == name


def test_the_record_is_trimmed_to_the_days_that_were():
    state = opened_to(7)
    assert all(
        len(array) == 7
        for name, array in state.arrays().items()
        if name.startswith(("record.values", "record.ledgers", "record.month"))
    )
    world = opened("all_levers")[0]
    assert daily_table(world, state)["orders_count"].shape == (7,)
