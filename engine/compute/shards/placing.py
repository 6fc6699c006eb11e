"""Places the shards of one market on a Ray, and waits for what they answer."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from engine.compute.cluster import cluster_nodes, head_answers
from engine.compute.flight import reason_of
from engine.compute.messages import HEAD_LOST, NO_ENGINE, SHARD_FAILED
from engine.compute.shards.links import LinkLostError
from engine.compute.shards.sizes import bytes_of_shard
from engine.compute.shards.worker import Place, ShardWorker
from engine.compute.watch import print_note
from engine.errors import ClusterError
from engine.spec.jobs import Scale

_LOOK_S: Final = 2.0
"""Seconds between two looks at how far the shards are."""

_ROOM_S: Final = 15.0
"""Seconds after which it is said again that there is no room for the shards."""

_LAST_WORDS_S: Final = 3.0
"""Seconds in which it must show which shard is lost, once one has lost a neighbour."""

_SILENCES: Final = 3
"""Looks in a row without an answer after which the head is held to be gone."""

_GIB: Final = 2**30


class ShardsLostError(Exception):
    """Some shards are gone; the message says which, and why.

    `answers` are those of the others, as far as there were any.
    """

    def __init__(self, message: str, answers: list[Any]) -> None:
        super().__init__(message)
        self.answers = answers


@contextmanager
def placed(
    places: Sequence[Place], scale: Scale, threads: int, *, is_local: bool
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


class ShardActors:
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
        ShardsLostError
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
        """Return the answers of all shards, or raise `ShardsLostError`."""
        answers = [self._found[number] for number in sorted(self._found)]
        if len(answers) == count:
            return answers
        gone = self._lost or self._parted
        named = ", ".join(f"{number} ({reason})" for number, reason in sorted(gone.items()))
        raise ShardsLostError(f"of {count} shards these are lost: {named}", answers)


def _failed(number: int, error: BaseException) -> ClusterError:
    if "ModuleNotFoundError" in str(error):
        return NO_ENGINE.error(reason=reason_of(error))
    return SHARD_FAILED.error(number=number, reason=reason_of(error))
