"""One kernel over fixed blocks of buyers, on one thread or several.

Blocks have a fixed size and every sum is of integers, so the number of threads changes
no bit of a result.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

BLOCK = 8_192
"""Buyers in a block."""


def blocks(count: int) -> list[tuple[int, int]]:
    """(first, last) of each block of `count` buyers."""
    return [(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]


class Threads:
    """Runs block tasks; thread t of n takes blocks t, t + n, t + 2n ..."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def each(self, n_blocks: int, task: Callable[[int, int], None]) -> None:
        """Call `task(thread, block)` for every block."""

        def share(thread: int) -> None:
            for block in range(thread, n_blocks, self.count):
                task(thread, block)

        if self._pool is None:
            share(0)
        else:
            for done in [self._pool.submit(share, thread) for thread in range(self.count)]:
                done.result()

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()
