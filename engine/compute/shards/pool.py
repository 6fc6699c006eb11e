"""The driver of a market that several workers hold.

It finds how many shards the memory of the machines asks for, places them on a Ray, waits for what
they answer, and starts them anew where one is lost.
"""

import math
import os
import pickle
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from heapq import heappop
from pathlib import Path
from typing import Any, Final, cast

from engine.case import Case, RunResult
from engine.compute.cluster import ray_pool
from engine.compute.connect import connected
from engine.compute.flight import reason_of
from engine.compute.machine import (
    BYTES_PER_BUYER,
    bytes_of_shard,
    bytes_to_ask,
    fewest_shards,
    limited_bytes,
)
from engine.compute.messages import HEAD_LOST, NO_ENGINE, SHARD_FAILED, SHARDS_LOST
from engine.compute.passing import NIGHTS, held
from engine.compute.pool import TABLES, Finished, Pool, Waiting, finish, simulate_case
from engine.compute.shards.links import LinkLostError
from engine.compute.shards.worker import Place, Placed, ShardTraffic, ShardWorker
from engine.compute.watch import WithoutRay, cluster_nodes, head_answers, print_note
from engine.compute.workers import Code, Refusal
from engine.errors import ClusterError, InputError
from engine.spec.jobs import Ray, Scale

_DAYS: Final = 800
"""Days of a market for which `auto` leaves room: two years, and what comes before and after."""

_LOOK_S: Final = 2.0
"""Seconds between two looks at how far the shards are."""

_ROOM_S: Final = 15.0
"""Seconds after which it is said again that there is no room for the shards."""

_LAST_WORDS_S: Final = 3.0
"""Seconds in which it must show which shard is lost, once one has lost a neighbour."""

_SILENCES: Final = 3
"""Looks in a row without an answer after which the head is held to be gone."""

_GIB: Final = 2**30


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
        count = _shards_count(scale, [node.memory for node in cluster_nodes().values()], ray)
        if count == 1 and scale.shards == "auto":
            with ray_pool(ray, seconds_hint) as pool:
                yield pool
        else:
            yield _ShardedPool(ray, count, threads, is_local=is_local)


def _shards_count(scale: Scale, nodes: Sequence[int], ray: Ray) -> int:
    """Return the shards that are asked for; `auto` takes as few as the memory of the nodes bears.

    Parameters
    ----------
    nodes : bytes that each node of the cluster grants.
    ray : says how much of it the shards may have.

    Raises
    ------
    InputError
        If `auto` finds no number that fits, or those that are asked for exceed `ray.memory_gib`.
    """
    buyers, anchors = scale.buyers_count, scale.anchors_count
    memories = limited_bytes(nodes, ray)
    if scale.shards != "auto":
        _check_limit(scale, scale.shards, memories, ray)
        return scale.shards
    count = fewest_shards(buyers, memories, anchors, _DAYS)
    if count is not None:
        return count
    more = "add nodes, or lower scale.buyers_count"
    raise InputError(
        "scale.shards",
        f"auto, but {buyers:,} buyers need {buyers * BYTES_PER_BUYER / _GIB:.1f} GiB, and the "
        f"cluster's {len(nodes)} nodes grant {sum(memories) / _GIB:.1f} GiB",
        "a cluster with that memory, and half a GiB more for each shard",
        more if ray.memory_gib is None else f"raise ray.memory_gib, {more}",
    )


def _check_limit(scale: Scale, count: int, memories: Sequence[int], ray: Ray) -> None:
    """Refuse shards that nodes hold only with more than `ray.memory_gib`."""
    buyers, anchors = scale.buyers_count, scale.anchors_count
    one = bytes_of_shard(buyers, count, anchors)
    room = sum(memory // one for memory in memories)
    if ray.memory_gib is None or room >= count:
        return
    is_cluster = ray.address is not None or "RAY_ADDRESS" in os.environ
    if is_cluster and one <= ray.memory_gib * _GIB:
        return  # they wait for room: nodes may come
    fewest = fewest_shards(buyers, memories, anchors)
    enough = math.ceil(100 * one * math.ceil(count / len(memories)) / _GIB) / 100
    allowed, remedy = f"{enough:.2f} or more for so many shards", "raise ray.memory_gib"
    if fewest is not None:
        allowed += f", or scale.shards={fewest}"
        remedy += f", or take scale.shards={fewest}"
    elif bytes_of_shard(1, 1, anchors) <= max(memories):
        remedy += ", lower scale.buyers_count, or add nodes"
    where = "on this machine" if len(memories) == 1 else f"on {len(memories)} nodes"
    raise InputError(
        "ray.memory_gib",
        f"{ray.memory_gib:g}, but {count} shards of {buyers:,} buyers hold {one / _GIB:.2f} GiB "
        f"each, and so much is for {room} of them {where}",
        allowed,
        remedy,
    )


def _folder_of(name: str, parent: str | None) -> Path:
    """The folder of one market: in `parent`, or where this machine keeps passing files."""
    return Path(parent or tempfile.gettempdir()) / f"{NIGHTS}{name}"


class _ShardsLostError(Exception):
    """Some shards are gone; the message says which, and why.

    `answers` are those of the others, as far as there were any.
    """

    def __init__(self, message: str, answers: list[Any]) -> None:
        super().__init__(message)
        self.answers = answers


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
        if self._is_local:  # elsewhere `ray.saves_folder` may be the workers' alone
            folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            with held(folder):
                for _ in range(tries):
                    try:
                        return self._attempt(places, todo, case)
                    except _ShardsLostError as lost:
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

        with _placed(
            places, case.scale, self._threads, self._spec, is_local=self._is_local
        ) as actors:
            gang, shared, code = (
                _ShardActors(actors, is_local=self._is_local),
                ray.put(case),
                Code.own(),
            )
            begun = gang.ask(lambda actor: actor.begin.remote(code, shared))
            for one in begun:
                if isinstance(one, Refusal):
                    raise one.error()
            self.on_placed(begun)
            night = max(set.intersection(*(set(one.nights) for one in begun)), default=None)
            addresses = [one.address for one in begun]
            words = todo.ticket, shared, todo.tables, addresses, night
            try:
                ended = gang.ask(lambda actor: actor.run.remote(*words), self._on_day_of(case))
            except _ShardsLostError as lost:
                found = self._result(lost.answers, case)
                if found is None:
                    raise
                return found
            with suppress(_ShardsLostError, ClusterError):  # all is done
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


@contextmanager
def _placed(
    places: Sequence[Place], scale: Scale, threads: int, spec: Ray, *, is_local: bool
) -> Iterator[list[Any]]:
    """Start all shards at once, where there is room; end them afterwards.

    On this machine alone CPUs and memory are shared out, on a cluster each shard gets a CPU for
    every thread, and the memory that it needs.
    """
    import ray
    from ray.util.placement_group import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    count = len(places)
    memory = bytes_of_shard(scale.buyers_count, count, scale.anchors_count)
    if is_local:  # `check_memory` has looked whether they fit
        memory = min(memory, sum(node.memory for node in cluster_nodes().values()) // count)
    else:
        most = max((node.memory for node in cluster_nodes().values()), default=0)
        memory = bytes_to_ask(memory, most, spec)
    bundle = {"CPU": _cpus(count, threads, is_local=is_local), "memory": memory}
    group = placement_group([bundle] * count, strategy="PACK")
    actors: list[Any] = []
    try:
        _await_room(group, count, bundle)
        for number, place in enumerate(places):
            options: dict[str, Any] = {
                "num_cpus": bundle["CPU"],
                "memory": bundle["memory"],
                "max_concurrency": 2,
                "scheduling_strategy": PlacementGroupSchedulingStrategy(group, number),
            }
            actors.append(ray.remote(ShardWorker).options(**options).remote(place))
        yield actors
    finally:
        for actor in actors:
            ray.kill(actor)
        remove_placement_group(group)


def _cpus(count: int, threads: int, *, is_local: bool) -> float:
    """Return the CPUs of a shard: those of its threads, or its part of this machine."""
    here = sum(node.cpus for node in cluster_nodes().values())
    if not is_local or count * threads <= here:
        return threads
    part = here / count
    return int(part) if part >= 1 else int(part * 1000) / 1000  # Ray takes no other fractions


def _await_room(group: Any, count: int, bundle: dict[str, float]) -> None:
    told_s = -_ROOM_S
    while not group.wait(timeout_seconds=_LOOK_S):
        if time.monotonic() - told_s >= _ROOM_S:
            told_s = time.monotonic()
            granted = sum(node.cpus for node in cluster_nodes().values())
            memory = bundle.get("memory", 0) / _GIB
            print_note(
                f"waiting for room for {count} shards, each {bundle['CPU']:g} CPUs and "
                f"{memory:.1f} GiB; the cluster has {granted} CPUs"
            )


class _ShardActors:
    """The actors of one market, which live and die together."""

    def __init__(self, actors: Sequence[Any], *, is_local: bool) -> None:
        self._actors, self._is_local = actors, is_local
        self._silences = 0

    def ask(
        self, question: Callable[[Any], Any], on_day: Callable[[int], None] | None = None
    ) -> list[Any]:
        """Ask every shard the same, and return their answers in order.

        Parameters
        ----------
        question
            Calls a remote method of an actor.
        on_day
            Is called now and then with the day that the first shard has reached.

        Raises
        ------
        _ShardsLostError
            If some are gone.
        ClusterError
            If some cannot run at all, or the head is gone.
        """
        import ray

        waiting = {question(actor): number for number, actor in enumerate(self._actors)}
        answers = _Answers()
        while waiting and not answers.is_late():
            ready, _ = ray.wait(list(waiting), num_returns=1, timeout=_LOOK_S)
            for reference in ready:
                answers.take(waiting.pop(reference), reference)
            self._look(on_day if not ready else None)
        return answers.all_of(len(self._actors))

    def _look(self, on_day: Callable[[int], None] | None) -> None:
        import ray

        if on_day is not None:
            try:
                on_day(ray.get(self._actors[0].day.remote(), timeout=_LOOK_S))
            except ray.exceptions.RayError:
                return  # what is wrong shows where its answer is waited for
        if not self._is_local:
            self._silences = 0 if head_answers() else self._silences + 1
            if self._silences == _SILENCES:
                raise HEAD_LOST.error()


class _Answers:
    """What the shards have answered so far, and which are gone."""

    def __init__(self) -> None:
        self._found: dict[int, Any] = {}
        self._lost: dict[int, str] = {}
        self._parted: dict[int, str] = {}
        self._since: float | None = None

    def take(self, number: int, reference: Any) -> None:
        """Take the answer of one shard in, or why there is none."""
        import ray

        try:
            self._found[number] = ray.get(reference)
        except ray.exceptions.RayActorError as error:
            self._lost[number] = reason_of(error)
        except (ray.exceptions.RayError, LinkLostError) as error:
            if not isinstance(getattr(error, "cause", error), LinkLostError):
                raise _failed(number, error) from None
            self._parted[number] = reason_of(error)
        if (self._lost or self._parted) and self._since is None:
            self._since = time.monotonic()

    def is_late(self) -> bool:
        """Whether those that do not answer yet need not be waited for."""
        return self._since is not None and time.monotonic() - self._since > _LAST_WORDS_S

    def all_of(self, count: int) -> list[Any]:
        """Return the answers of all shards, or raise `_ShardsLostError`."""
        answers = [self._found[number] for number in sorted(self._found)]
        if len(answers) == count:
            return answers
        gone = self._lost or self._parted
        named = ", ".join(f"{number} ({reason})" for number, reason in sorted(gone.items()))
        raise _ShardsLostError(f"of {count} shards these are lost: {named}", answers)


def _failed(number: int, error: BaseException) -> ClusterError:
    if "ModuleNotFoundError" in str(error):
        return NO_ENGINE.error(reason=reason_of(error))
    return SHARD_FAILED.error(number=number, reason=reason_of(error))
