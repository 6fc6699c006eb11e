"""Commands in processes of their own, on the fake market: to be started at once and killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys, time
from types import ModuleType
from tests import fakes

count = 0

def simulate(case, exchange=None):
    global count
    time.sleep({pause} if count >= {quick} else 0)
    count += 1
    return fakes.simulate_fake(case)

sys.modules["engine.market.run"] = ModuleType("engine.market.run")
sys.modules["engine.market.run"].simulate = simulate
from engine.compute import pool

pool.warm_up_if_cold = lambda case: None  # a fake has nothing to compile
from experiments import {command}
{command}.main()
"""


def started(
    place: Path, command: str, *words: str, pause: float = 0.0, quick: int = 0
) -> subprocess.Popen[str]:
    """Start a command; each of its years but the first `quick` takes `pause` seconds."""
    script = SCRIPT.format(command=command, pause=pause, quick=quick)
    return subprocess.Popen(
        [sys.executable, "-c", script, *words],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(is_so: Callable[[], bool], timeout: float = 120.0) -> None:
    end = time.monotonic() + timeout
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
