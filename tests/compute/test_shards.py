"""One market on several shards: the bits of the market in one process, whatever happens."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.compute import open_pool
from engine.compute.machine import bytes_of_shard
from engine.compute.passing import LOCK, held, remove_left_nights
from engine.compute.shards.links import LinkLostError, TreeLinks
from engine.compute.shards.pool import _shards_count
from engine.compute.shards.worker import _Member, _Nights
from engine.errors import InputError, PoquanError
from engine.market.exchange import WHOLE, numbers_of
from engine.market.run import simulate
from engine.market.sessions.responses import _EVERY
from engine.market.settlement.ration import _draw_losers
from engine.market.state import State, open_state
from engine.market.world import open_world
from tests.compute.test_pools import spec
from tests.fakes import SMALL_SCALE
from tests.market.test_determinism import BINDING, same
from tests.shards import Table, at_once, simulate_sharded, socket_links
from tests.update_golden import RUNS
from tests.worlds import case

ROOT = Path(__file__).resolve().parents[2]
LEVERS = sorted({levers for levers, _ in RUNS.values()} | {(*BINDING, "scale.buyers_count=5000")})


@pytest.mark.parametrize("count", [2, 3, 7])
@pytest.mark.parametrize("levers", LEVERS, ids=lambda levers: levers[0])
def test_shards_change_no_bit(levers: tuple[str, ...], count: int) -> None:
    asked = case(*levers, days=12, threads=2)
    alone = simulate(replace(asked, threads=1))
    for year in simulate_sharded(asked, Table(count).links()):
        assert same(alone, year)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("name", RUNS)
def test_the_golden_runs_are_the_same_on_shards(name: str, count: int) -> None:
    levers, days = RUNS[name]
    asked = case(*levers, days=days, threads=2)
    alone = simulate(asked)
    for year in simulate_sharded(asked, Table(count).links()):
        assert same(alone, year)


def test_what_is_rationed_is_rationed_over_shards() -> None:
    """So that the test above says something."""
    year = simulate(case(*BINDING, "scale.buyers_count=5000", days=12))
    assert year.run["stock_outs_count"] > 0
    assert year.run["refused_coupons_count"] > 0


def test_a_market_with_a_past_and_days_beyond_is_sharded() -> None:
    asked = case("policy=all_levers", "scenario.calendar.start=2020-01-08", days=6)
    before = case("policy=h1_2020").policy
    asked = replace(asked, history=before, run_off_days=5, after=before)
    alone, sharded = simulate(asked), simulate_sharded(asked, Table(2).links())[1]
    assert same(alone, sharded)
    assert alone.run_off == sharded.run_off


def test_buyers_of_shards_are_those_of_the_whole() -> None:
    asked = case("scale.buyers_count=1000")
    world = open_world(asked.scenario, asked.scale, 1)
    whole = open_state(world, 1)
    parts = [open_state(world, 1, numbers_of(shard, 3, 1000)) for shard in range(3)]
    assert [part.first_buyer for part in parts] == [0, 336, 672]
    for name, array in whole.arrays().items():
        if name.startswith("buyers."):
            joined = np.concatenate([part.arrays()[name] for part in parts])
            assert np.array_equal(joined, array), name


@pytest.mark.parametrize("count", [1, 2, 3, 7, 126])
@pytest.mark.parametrize("buyers", [1001, 1008])
def test_shards_hold_everybody_once_in_whole_groups(count: int, buyers: int) -> None:
    parts = [numbers_of(shard, count, buyers) for shard in range(count)]
    assert [number for part in parts for number in part] == list(range(buyers))
    assert all(part.start % _EVERY == 0 for part in parts)
    assert min(map(len, parts)) >= 1


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("lots", [2**64 - 1, 300, 3, 1])
def test_the_lottery_is_that_of_all_buyers_sorted(count: int, lots: int) -> None:
    rng = np.random.default_rng(lots)
    supplier = rng.integers(0, 4, 400)
    lot = rng.integers(0, lots, 400, dtype=np.uint64, endpoint=lots == 2**64 - 1)
    stock = np.minimum(np.array([0, 1, 17, 60]), np.bincount(supplier, minlength=4) - 1)
    expected = np.zeros(400, bool)
    for number, units in enumerate(stock):
        own = np.flatnonzero(supplier == number)
        expected[own[np.argsort(lot[own], kind="stable")][units:]] = True
    links = Table(count).links()
    parts = [slice(n.start, n.stop) for n in (numbers_of(k, count, 400) for k in range(count))]
    members = [_Member(k, count, links[k]) if count > 1 else WHOLE for k in range(count)]
    found = at_once(
        [
            lambda k=k: _draw_losers(supplier[parts[k]], lot[parts[k]], stock, members[k])
            for k in range(count)
        ]
    )
    assert np.array_equal(np.concatenate(found), expected)


@pytest.mark.parametrize("count", [2, 3, 20])
def test_sockets_add_up(count: int) -> None:
    links = socket_links(count)
    numbers = [np.arange(5000) * (k + 1) for k in range(count)]
    for _ in range(3):
        own = [one.copy() for one in numbers]
        at_once([partial(*pair) for pair in zip((one.add_up for one in links), own, strict=True)])
        assert all(np.array_equal(one, sum(numbers)) for one in own)
    for one in links:
        one.close()


def test_sockets_carry_a_market() -> None:
    asked = case("policy=double_ten_billion", days=5)
    alone = simulate(asked)
    assert same(alone, simulate_sharded(asked, socket_links(3))[2])


def test_who_loses_a_neighbour_learns_it_at_once() -> None:
    links = socket_links(3)
    links[1].close()
    with pytest.raises(LinkLostError, match="shard 0 lost a neighbour"):
        links[0].add_up(np.ones(4, np.int64))
    with pytest.raises(LinkLostError, match="shard 2 lost a neighbour"):
        links[2].add_up(np.ones(4, np.int64))


def test_a_stranger_is_turned_away() -> None:
    first, second, stranger = (TreeLinks(n, t) for n, t in ((0, b"a"), (1, b"a"), (1, b"b")))
    for one in (first, second, stranger):
        one._token = one._token.ljust(32)
    addresses = [first.address, second.address]
    waits = threading.Thread(target=first.connect, args=(addresses,))
    waits.start()
    stranger.connect(addresses)
    socket.create_connection(first.address).close()  # says nothing
    second.connect(addresses)
    waits.join(timeout=10)
    own = [np.ones(2, np.int64), np.ones(2, np.int64)]
    at_once([lambda: first.add_up(own[0]), lambda: second.add_up(own[1])])
    assert own[0].tolist() == [2, 2]


class Spoilt(_Member):
    """Its copy goes another way on the fourth morning."""

    def end_day(self, world: Any, state: State) -> None:
        if state.day == 4:
            state.sellers.price[0] += 1.0
        super().end_day(world, state)


def test_copies_that_differ_are_an_error_that_names_day_and_shard() -> None:
    asked, links = case(days=6), Table(3).links()
    members = [_Member(0, 3, links[0]), _Member(1, 3, links[1]), Spoilt(2, 3, links[2])]
    with pytest.raises(PoquanError, match=r"night of day 3 \(2020-01-04\) shard 2 of 3 differs"):
        at_once([lambda one=one: simulate(asked, one) for one in members])


class LostError(Exception):
    """As if the process had been killed."""


class Mortal(_Member):
    """Dies on a morning."""

    dies = 10**9

    def end_day(self, world: Any, state: State) -> None:
        super().end_day(world, state)
        if state.day >= self.dies:
            raise LostError


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[list[_Nights]]:
    kept = [_Nights(tmp_path / "market", number, 2) for number in range(2)]
    yield kept
    for one in kept:
        one.remove()
    assert not (tmp_path / "market").exists()


@pytest.mark.parametrize("dies", [2, 3, 7, 11, 15])
def test_a_lost_shard_goes_on_from_the_last_saved_night(dies: int, nights: list[_Nights]) -> None:
    asked = case("policy=all_levers", "scenario.calendar.start=2020-01-05", days=12)
    asked = replace(asked, history=case("policy=h1_2020").policy)
    table = Table(2)
    members = [Mortal(k, 2, table.links()[k], nights[k], every=3) for k in range(2)]
    members[1].dies = dies

    def run(member: _Member) -> Any:
        try:
            return simulate(asked, member)
        except LostError:
            table.barrier.abort()
        except threading.BrokenBarrierError:
            return None
        return None

    assert at_once([lambda one=one: run(one) for one in members]) == [None, None]
    common = max(set(nights[0].saved()) & set(nights[1].saved()), default=None)
    assert common == (None if dies < 3 else min(3 * (dies // 3), 15))
    again = Table(2).links()
    members = [_Member(k, 2, again[k], nights[k], common, 3) for k in range(2)]
    years = at_once([lambda one=one: simulate(asked, one) for one in members])
    assert len(members[0].traffic.day_s) == 16 - (common or 0)
    assert same(simulate(asked), years[0])


def test_saving_takes_two_per_cent_at_most_and_ends_with_the_horizon(nights: list[_Nights]) -> None:
    asked = case(days=12)
    world = open_world(asked.scenario, asked.scale, 1)
    state = open_state(world, 1, range(8))
    member = _Member(0, 2, Table(2).links()[0], nights[0])
    assert member._is_time(world, state, 100, 2)
    assert not member._is_time(world, state, 100, 3)
    member._save(world, state)
    member._count(2)
    member._count(2)  # of a night without saving
    assert not member._is_time(world, state, 199, 2)
    assert member._is_time(world, state, 200, 2)
    state.day = 12
    assert not member._is_time(world, state, 100, 0)


def test_saving_is_counted_by_the_slowest_shard(
    nights: list[_Nights], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = case(days=6)
    members = [_Member(k, 2, one, nights[k]) for k, one in enumerate(Table(2).links())]
    for number, member in enumerate(members):
        monkeypatch.setattr(member, "_passed_ns", lambda: 10**10)
        monkeypatch.setattr(member, "_cost_ns", lambda _, number=number: (1 + number) * 10**8)
    at_once([lambda one=one: simulate(asked, one) for one in members])
    assert [one.traffic.nights_saved for one in members] == [1, 1]
    assert [one.traffic.saving_s for one in members] == [0.2, 0.2]


def test_auto_takes_as_few_shards_as_the_memory_of_the_nodes_bears() -> None:
    big = SMALL_SCALE.model_copy(update={"buyers_count": 217_000_000, "shards": "auto"})
    gib = 2**30
    ray = spec("ray")
    assert _shards_count(big, [64 * gib], ray) == 1
    assert _shards_count(big, [6 * gib] * 8, ray) == 3
    assert bytes_of_shard(217_000_000, 4) < 6 * gib
    assert bytes_of_shard(217_000_000, 4) * 4 < 24 * gib
    assert _shards_count(big.model_copy(update={"shards": 7}), [0], ray) == 7
    with pytest.raises(InputError, match=r"auto, but 217,000,000 buyers need 16\.2 GiB"):
        _shards_count(big, [6 * gib] * 2, ray)


def test_shards_have_no_more_of_a_node_than_the_limit() -> None:
    gib = 2**30
    limited = spec("ray", memory=6.0)
    big = SMALL_SCALE.model_copy(update={"buyers_count": 217_000_000, "shards": "auto"})
    assert _shards_count(big, [64 * gib] * 8, limited) == 3
    with pytest.raises(InputError, match=r"2 nodes grant 12\.0 GiB") as error:
        _shards_count(big, [64 * gib] * 2, limited)
    assert "raise ray.memory_gib" in error.value.remedy
    two = big.model_copy(update={"shards": 2})
    with pytest.raises(InputError, match=r"ray\.memory_gib: 6, but 2 shards of 217") as error:
        _shards_count(two, [64 * gib] * 8, limited)
    assert error.value.remedy.endswith("or take scale.shards=3")
    assert _shards_count(two, [64 * gib] * 8, spec("ray", memory=9.0)) == 2


def test_a_limit_below_one_empty_process_is_refused_without_a_number_of_shards() -> None:
    few = SMALL_SCALE.model_copy(update={"buyers_count": 1_000_000, "shards": 2})
    with pytest.raises(InputError, match=r"0\.53 GiB each, .* for 0 of them on this") as error:
        _shards_count(few, [64 * 2**30], spec("ray", memory=0.1))
    assert "scale.shards" not in str(error.value)
    assert error.value.allowed == "1.06 or more for so many shards"
    assert error.value.remedy == "raise ray.memory_gib"
    with pytest.raises(InputError) as error:
        _shards_count(few, [64 * 2**30], spec("ray", memory=1.0))
    assert error.value.remedy == "raise ray.memory_gib, or take scale.shards=1"
    assert _shards_count(few, [64 * 2**30], spec("ray", memory=1.06)) == 2


HOLDS = """
import os, signal, sys
from pathlib import Path
from engine.compute.passing import held
with held(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_saved_nights_of_killed_commands_are_removed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("engine.compute.choice.gettempdir", lambda: str(tmp_path))
    dead, alive, remote = (tmp_path / f"poquan-shards-{k}" for k in ("dead", "alive", "remote"))
    old, new, another = (tmp_path / k for k in ("poquan-shards-old", "poquan-shards-new", "other"))
    subprocess.run([sys.executable, "-c", HOLDS, dead], cwd=ROOT, check=False)
    with held(alive), held(alive):
        with held(remote):
            (remote / LOCK).write_text("another machine")
        for folder in (dead, alive, remote, old, new, another):
            folder.mkdir(exist_ok=True)
            (folder / "shard-0-of-2-night-3.npz").touch()
        for folder in (old, another):
            os.utime(folder, (time.time() - 7 * 86_400,) * 2)
        with open_pool(spec("process"), 1, 0.1):
            pass
        assert set(tmp_path.iterdir()) == {alive, remote, new, another}
    assert capsys.readouterr().err == "ray: removed the saved nights of 2 killed command(s)\n"
    assert remove_left_nights([tmp_path]) == 1
    assert not alive.exists()


def test_the_last_shard_that_forgets_removes_the_lock_too(nights: list[_Nights]) -> None:
    folder = nights[0]._folder
    with held(folder):
        nights[1]._start_path().touch()
        nights[0].remove()
        assert (folder / LOCK).exists()
        nights[1].remove()
        assert not folder.exists()
