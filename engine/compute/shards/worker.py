"""A shard as an actor of Ray."""

import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import gettempdir

from engine.case import Case, RunResult
from engine.compute.pool import Finished, finish
from engine.compute.same_code import Code, Refusal, refused
from engine.compute.shards.links import Address, TreeLinks
from engine.compute.shards.member import Member
from engine.compute.shards.nights import Nights, remove_old_nights
from engine.compute.tasks import make_ready, node_name, with_granted_threads


@dataclass(frozen=True)
class Place:
    """What a shard is given when it is placed.

    `folder` is where it saves its nights, every `every` days (none: as seldom as keeps saving at
    two per cent); `token` what all shards of the market know; `is_local` whether all are on this
    machine.
    """

    number: int
    count: int
    token: bytes
    folder: Path
    every: int | None
    is_local: bool


@dataclass(frozen=True)
class Placed:
    """A shard that is ready: where others reach it, the nights it has saved, its process."""

    address: Address
    nights: list[int]
    process: int


class ShardWorker:
    """Holds one shard; `day` may be asked while `run` goes on."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._links: TreeLinks | None = None
        self._member: Member | None = None

    def begin(self, wanted: Code, case: Case) -> Placed | Refusal:
        """Compile what is not compiled yet, and wait for the others at an address."""
        import ray

        if (refusal := refused(wanted, node_name())) is not None:
            return refusal
        make_ready(case)
        place = self._place
        if place.folder.parent == Path(gettempdir()):
            remove_old_nights(place.folder.parent)
        host = "127.0.0.1" if place.is_local else ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
        self._links = TreeLinks(place.number, place.token, host)
        return Placed(self._links.address, self._nights().saved(), os.getpid())

    def run(
        self,
        ticket: int,
        case: Case,
        tables: Sequence[str],
        addresses: Sequence[Address],
        go_on: int | None,
    ) -> bytes:
        """Simulate the case with the others, from the morning of day `go_on` on.

        Returns the pickled `Finished` and `Traffic`. All shards find the same year; only the
        first brings it.
        """
        assert self._links is not None
        self._links.connect(addresses)
        case = with_granted_threads(case)
        number, count, every = self._place.number, self._place.count, self._place.every
        self._member = Member(number, count, self._links, self._nights(), go_on, every)
        try:
            found = finish(ticket, case, tables, partial(_simulate, self._member))
        finally:
            self._links.close()
        self._member.traffic.peak_bytes = 1024 * getrusage(RUSAGE_SELF).ru_maxrss
        return pickle.dumps((self._own(found), self._member.traffic))

    def day(self) -> int:
        """Return the day on whose morning this shard stands."""
        return 0 if self._member is None else self._member.day

    def close(self) -> None:
        """Remove the nights that were saved."""
        self._nights().forget()

    def _nights(self) -> Nights:
        return Nights(self._place.folder, self._place.number, self._place.count)

    def _own(self, found: Finished) -> Finished:
        """What this shard brings back."""
        is_year = isinstance(found.outcome, RunResult)
        return found._replace(outcome=None) if is_year and self._place.number > 0 else found


def _simulate(member: Member, case: Case) -> RunResult:
    from engine.market.run import simulate

    return simulate(case, member)
