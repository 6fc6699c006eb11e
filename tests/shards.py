"""Shards in this process: each a thread, with links that add up under a barrier or by sockets."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from engine.case import Case, RunResult
from engine.compute.shards.links import TreeLinks
from engine.compute.shards.worker import _Member
from engine.market.run import simulate


class Table:
    """Where shards of one process lay their numbers down."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count, timeout=120)
        self.laid: list[Any] = [None] * count

    def links(self) -> list["TableLinks"]:
        return [TableLinks(self, number) for number in range(len(self.laid))]


class TableLinks:
    """One shard's place at the table."""

    def __init__(self, table: Table, number: int) -> None:
        self.table, self.number = table, number

    def add_up(self, numbers: np.ndarray) -> None:
        self.table.laid[self.number] = numbers.copy()
        self.table.barrier.wait()
        total = sum(self.table.laid)
        self.table.barrier.wait()
        numbers[:] = total

    def close(self) -> None:
        self.table.barrier.abort()


def socket_links(count: int) -> list[TreeLinks]:
    """Connected ones."""
    links = [TreeLinks(number, b"t" * 32) for number in range(count)]
    addresses = [one.address for one in links]
    at_once([lambda one=one: one.connect(addresses) for one in links])
    return links


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """What the tasks return, each in a thread of its own; the first error is raised."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [done.result() for done in [pool.submit(task) for task in tasks]]


def simulate_sharded(case: Case, links: Sequence[Any]) -> list[RunResult]:
    """The year as each of the shards found it."""

    def run(number: int) -> RunResult:
        try:
            return simulate(case, _Member(number, len(links), links[number]))
        except BaseException:
            links[number].close()
            raise

    return at_once([lambda number=number: run(number) for number in range(len(links))])
