"""`python -m tests.show_memory`: what one year holds, beside what a task of Ray asks for.

A process for each size, with a compile cache that is filled; some minutes.
"""

import subprocess
import sys
from resource import RUSAGE_SELF, getrusage
from typing import Final

SIZES: Final = (
    (2_000, 200, 60),
    (200_000, 200, 60),
    (1_000_000, 200, 20),
    (200_000, 200, 366),
    (20_000, 1_000, 60),
    (20_000, 5_000, 60),
    (20_000, 20_000, 20),
)
"""Buyers, anchors and days."""


def measure(buyers: int, anchors: int, days: int) -> int:
    """Return the most bytes that this process has held after so many days of a market."""
    from engine.market.run import simulate
    from tests.worlds import case

    sizes = (f"scale.buyers_count={buyers}", f"scale.anchors_count={anchors}")
    simulate(case(*sizes, days=days))
    return 1024 * getrusage(RUSAGE_SELF).ru_maxrss


def _show() -> None:
    from engine.compute.machine import bytes_of_year

    print("buyers   anchors  days  held MiB  asked MiB")
    for size in SIZES:
        words = [sys.executable, "-m", "tests.show_memory", *map(str, size)]
        held = int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        asked = bytes_of_year(*size)
        buyers, anchors, days = size
        row = f"{buyers:>9,} {anchors:>7,} {days:>5} {held / 2**20:>9,.0f} {asked / 2**20:>10,.0f}"
        print(row, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(*map(int, sys.argv[1:])))
    else:
        _show()
