"""Seconds from a new process to a first small year: `python -m engine.benchmark.start`.

The process reads the pickled case from its standard input.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.case import Case
from engine.errors import PoquanError
from engine.spec.jobs import Scale

_SMOKE: Final = Scale(
    name="smoke", buyers_count=2000, anchors_count=200, suppliers_count=200, showcase_count=6
)
"""That of `scale=smoke`."""


def start_seconds(case: Case, *, cold: bool = False) -> float:
    """Start a process that simulates the year of `case` at `_SMOKE`; return what it took.

    Parameters
    ----------
    cold : whether it must compile everything, into a cache folder that is thrown away.
    """
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH")) if path)
    with tempfile.TemporaryDirectory() as empty:
        own = {"PYTHONPATH": paths} | ({"NUMBA_CACHE_DIR": empty} if cold else {})
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "engine.benchmark.start"],
            input=pickle.dumps(replace(case, scale=_SMOKE, threads=1)),
            env=os.environ | own,
            capture_output=True,
            check=False,
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        raise PoquanError(f"a first run failed:\n{done.stderr.decode(errors='replace')}")
    return seconds


def main() -> None:
    """Simulate the year of the case on standard input."""
    case = pickle.load(sys.stdin.buffer)
    from engine.compute.pool import simulate_case, warm_up_if_cold

    warm_up_if_cold(case)
    simulate_case(case)


if __name__ == "__main__":
    main()
