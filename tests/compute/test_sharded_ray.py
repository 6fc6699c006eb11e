"""Shards as actors of a real Ray on this machine, also such as are killed."""

import os
import random
import signal
import threading
import time
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

KILLS, EVERY = int(os.environ.get("KILLS", "4")), 10
"""Shards that are killed in turn (KILLS=20 for a thorough look), and nights between savings."""


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


def kill_once(
    pool: _ShardedPool, shard: int, placed: list[int], night: int = 0, seconds: float = 0.0
) -> None:
    """Let `pool` kill one of its first shards, so many seconds after a night is saved (0: at once).

    `placed` takes how many shards are placed, each time.
    """

    def kill(process: int) -> None:
        while night and not list(Path(gettempdir()).glob(f"poquan-shards-*/*-night-{night}.npz")):
            time.sleep(0.01)
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)

    def when_placed(begun: list[Placed]) -> None:
        placed.append(len(begun))
        if len(placed) == 1:
            threading.Thread(target=kill, args=(begun[shard].process,), daemon=True).start()

    pool.on_placed = when_placed


def left_behind() -> list[Path]:
    return list(Path(gettempdir()).glob("poquan-shards-*"))


def asked(levers: tuple[str, ...], days: int, shards: int) -> Case:
    one = case(*levers, days=days, threads=2)
    return replace(one, scale=one.scale.model_copy(update={"shards": shards}))


@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("shards", [2])
def test_the_golden_runs_are_the_same_on_shards(shards: int) -> None:
    """Other numbers of shards: `test_shards`, without Ray."""
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
    one = asked(("policy=all_levers",), 120, 2)
    alone, chance = simulate(one), random.Random(17)
    for number in range(KILLS):
        pool, placed = pool_of(2, every=EVERY), []
        night = EVERY * chance.randrange(120 // EVERY - 2)
        kill_once(pool, chance.randrange(2), placed, night, chance.uniform(0.0, 0.1))
        (year,) = pool.run([one])
        assert placed == [2, 2], number
        assert same(alone, year), number
        assert len(pool.traffic.day_s) <= 120 - max(0, night - EVERY)
        assert "these are lost: " in capfd.readouterr().err
    assert left_behind() == []


@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_who_is_killed_too_often_is_given_up_with_a_message_of_ours() -> None:
    pool, placed = pool_of(2, retries=0), []
    kill_once(pool, 1, placed)
    with pytest.raises(ClusterError, match="shards of the market were lost 1 times"):
        list(pool.run([asked(("policy=h1_2020",), 366, 2)]))
    assert left_behind() == []
