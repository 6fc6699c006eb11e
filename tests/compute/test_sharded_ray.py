"""Shards as actors of a real Ray on this machine, also such as are killed."""

import os
import random
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

import pytest

from engine.case import Case
from engine.compute.connect import connected
from engine.compute.shards.pool import _ShardedPool
from engine.compute.shards.worker import Placed
from engine.errors import ClusterError
from engine.market.run import simulate
from engine.spec.jobs import Ray
from tests.compute.test_pools import spec
from tests.market.test_determinism import same
from tests.update_golden import RUNS
from tests.worlds import case

KILLS = 20


@pytest.fixture(scope="module")
def local_ray() -> Iterator[None]:
    """One for all tests of this file."""
    with connected(spec("ray", workers=2)):
        yield


def pool_of(shards: int, *, retries: int = 3, every: int | None = None) -> _ShardedPool:
    ray = Ray.model_validate(
        {"backend": "ray", "address": None, "workers_count": 2, "retries_count": retries}
    )
    return _ShardedPool(ray, shards, 2, is_local=True, every=every)


def kill_once(pool: _ShardedPool, shard: int, seconds: float, placed: list[int]) -> None:
    """Let `pool` kill one of its first shards, so many seconds after they are ready."""

    def when_placed(begun: list[Placed]) -> None:
        placed.append(len(begun))
        if len(placed) == 1:
            stop = os.kill, begun[shard].process, signal.SIGKILL
            threading.Timer(seconds, stop[0], stop[1:]).start()

    pool.on_placed = when_placed


def left_behind() -> list[Path]:
    return list(Path(gettempdir()).glob("poquan-shards-*"))


def asked(levers: tuple[str, ...], days: int, shards: int) -> Case:
    one = case(*levers, days=days, threads=2)
    return replace(one, scale=one.scale.model_copy(update={"shards": shards}))


@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_the_golden_runs_are_the_same_on_shards(shards: int) -> None:
    pool = pool_of(shards)
    for levers, days in RUNS.values():
        one = asked(levers, days, shards)
        (year,) = pool.run([one])
        assert same(simulate(one), year), levers
    assert left_behind() == []


@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
@pytest.mark.timeout(3000)
def test_a_killed_shard_changes_no_bit(capfd: pytest.CaptureFixture[str]) -> None:
    one = asked(("policy=all_levers",), 200, 2)
    alone, chance = simulate(one), random.Random(17)
    seconds, kills = 10.0, 0
    for number in range(KILLS):
        pool, placed = pool_of(2, every=15), []
        kill_once(pool, chance.randrange(2), chance.uniform(0.1, 1.0) * seconds, placed)
        (year,) = pool.run([one])
        assert same(alone, year), number
        if len(placed) == 2:
            kills += 1
            assert "these are lost: " in capfd.readouterr().err
        else:  # it came to the end before the shot
            seconds *= 0.8
    assert kills >= KILLS // 2
    assert left_behind() == []


@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_who_is_killed_too_often_is_given_up_with_a_message_of_ours() -> None:
    pool, placed = pool_of(2, retries=0), []
    kill_once(pool, 1, 0.1, placed)
    with pytest.raises(ClusterError, match="shards of the market were lost 1 times"):
        list(pool.run([asked(("policy=h1_2020",), 366, 2)]))
    assert left_behind() == []
