"""The driver of a market that several workers hold: places its shards, waits, starts anew."""

import pickle
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from heapq import heappop
from pathlib import Path
from typing import cast

from engine.case import Case, RunResult
from engine.compute.cluster import ray_pool
from engine.compute.connect import connected
from engine.compute.messages import SHARDS_LOST
from engine.compute.pool import TABLES, Finished, Pool, Waiting, finish, simulate_case
from engine.compute.same_code import Refusal, of_other_code, own_code
from engine.compute.shards.member import ShardTraffic
from engine.compute.shards.nights import FOLDERS
from engine.compute.shards.placing import ShardActors, ShardsLostError, placed
from engine.compute.shards.sizes import shards_count
from engine.compute.shards.worker import Place, Placed
from engine.compute.watch import WithoutRay, print_note
from engine.errors import ClusterError
from engine.spec.jobs import Ray, Scale


@contextmanager
def sharded_pool(ray: Ray, scale: Scale, threads: int, seconds_hint: float) -> Iterator[Pool]:
    """Open a pool that simulates one case after another, each on as many shards as `scale` says.

    Where `auto` finds that one worker can hold a market, it is a pool of such workers.

    Raises
    ------
    ClusterError
        If Ray cannot be reached or started.
    InputError
        If the market does not fit into the memory of the cluster.
    """
    with connected(ray) as is_local, redirect_stdout(WithoutRay(sys.stdout)):
        count = shards_count(scale, _memory_of_nodes())
        if count == 1 and scale.shards == "auto":
            with ray_pool(ray, seconds_hint) as pool:
                yield pool
        else:
            yield _ShardedPool(ray, count, threads, is_local=is_local)


def _memory_of_nodes() -> list[int]:
    """Return the bytes that each node of the connected Ray grants."""
    import ray

    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return [int(node["Resources"].get("memory", 0)) for node in nodes if node["Alive"]]


def _folder_of(name: str, parent: str | None) -> Path:
    """The folder of one market: in `parent`, or where this machine keeps passing files."""
    return Path(parent or tempfile.gettempdir()) / f"{FOLDERS}{name}"


class _ShardedPool(Pool):
    """Simulates one case at a time, on several actors of a Ray that is connected.

    Parameters
    ----------
    spec, count, threads
        Of the cluster, of shards, and of each shard.
    is_local
        Whether this machine is all there is.
    every
        Days between two nights that are saved; none: as many as keep saving at two per cent.
    """

    def __init__(
        self, spec: Ray, count: int, threads: int, *, is_local: bool, every: int | None = None
    ) -> None:
        super().__init__()
        self._spec, self._count, self._threads, self._every = spec, count, threads, every
        self._is_local = is_local
        self.traffic = ShardTraffic()
        self.on_placed: Callable[[list[Placed]], None] = lambda _: None

    def _exchange(self, *, wait: bool) -> None:
        """Simulate the most urgent case."""
        if not wait:
            return
        todo = heappop(self._waiting)
        if isinstance(todo.task, Case):
            self._keep(self._simulate(todo, todo.task))
        else:
            self._keep(finish(todo.ticket, todo.task, TABLES, simulate_case))

    def _simulate(self, todo: Waiting, case: Case) -> Finished:
        """Run the shards to the end; where one is lost, all begin again from a saved night."""
        folder = _folder_of(secrets.token_hex(8), self._spec.saves_folder)
        token, count, tries = secrets.token_bytes(32), self._count, self._spec.retries_count + 1
        places = [
            Place(number, count, token, folder, self._every, self._is_local)
            for number in range(count)
        ]
        reason = ""
        try:
            for _ in range(tries):
                try:
                    return self._attempt(places, todo, case)
                except ShardsLostError as lost:
                    reason = str(lost)
                    print_note(
                        f"{reason}; all shards go back to the last night that each has saved"
                    )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        raise SHARDS_LOST.error(tries=tries, reason=reason)

    def _attempt(self, places: list[Place], todo: Waiting, case: Case) -> Finished:
        """Place the shards, and let them run from the last night that all have saved."""
        import ray

        with placed(places, case.scale, self._threads, is_local=self._is_local) as actors:
            gang, shared, code = (
                ShardActors(actors, is_local=self._is_local),
                ray.put(case),
                own_code(),
            )
            begun = gang.ask(lambda actor: actor.begin.remote(code, shared))
            for one in begun:
                if isinstance(one, Refusal):
                    raise of_other_code(one)
            self.on_placed(begun)
            night = max(set.intersection(*(set(one.nights) for one in begun)), default=None)
            addresses = [one.address for one in begun]
            words = todo.ticket, shared, todo.tables, addresses, night
            try:
                ended = gang.ask(lambda actor: actor.run.remote(*words), self._on_day_of(case))
            except ShardsLostError as lost:
                found = self._result(lost.answers, case)
                if found is None:
                    raise
                return found
            with suppress(ShardsLostError, ClusterError):  # all is done
                gang.ask(lambda actor: actor.close.remote())
        found = self._result(ended, case)
        assert found is not None
        return found

    def _on_day_of(self, case: Case) -> Callable[[int], None]:
        days = case.scenario.calendar.days_simulated + case.run_off_days
        return lambda day: self.on_day(day, days)

    def _result(self, answers: list[bytes], case: Case) -> Finished | None:
        """Return the first shard's year, or the failure of one that took the others along."""
        slots = len(case.scenario.calendar.slot_share)
        for found, traffic in map(pickle.loads, answers):
            if isinstance(found.outcome, RunResult):
                self.traffic = traffic
                print_note(_said_of(traffic, self._count, found.busy_s, slots))
            if found.outcome is not None:
                return cast("Finished", found)
        return None


def _said_of(traffic: ShardTraffic, count: int, seconds: float, slots_a_day: int) -> str:
    """Say in a line what a market's shards exchanged and saved."""
    slots = max(len(traffic.day_s), 1) * slots_a_day
    return (
        f"{count} shards: {traffic.sums / slots:.1f} sums and "
        f"{traffic.bytes_sent / slots / 1e3:.0f} kB a slot with its part of the night, "
        f"{traffic.waited_s:.1f} of {seconds:.1f} s in them; "
        f"{traffic.nights_saved} nights saved in {traffic.saving_s:.1f} s; "
        f"the first held {traffic.peak_bytes / 2**30:.2f} GiB"
    )
