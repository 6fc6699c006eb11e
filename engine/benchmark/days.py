"""Some days of the market, timed, and the memory that they take, from Linux's `/proc/self`."""

import gc
import re
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from engine.benchmark.worker import Tell
from engine.case import Case
from engine.market.day import run_day
from engine.market.ledger.results import daily_table
from engine.market.run import plan_of
from engine.market.scratch import new_scratch
from engine.market.state import open_state
from engine.market.world import open_world
from engine.warmup import warm_up


class Days(NamedTuple):
    """What some days cost.

    `open_s` to create the market; `day_s` and `sessions` (simulated) of each day;
    `held_bytes` the most memory that the market added, None where it is not known.
    """

    open_s: float
    day_s: tuple[float, ...]
    sessions: tuple[int, ...]
    held_bytes: int | None

    @property
    def days_s(self) -> float:
        """Seconds of all days."""
        return sum(self.day_s)

    @property
    def sessions_count(self) -> int:
        """Sessions of all days."""
        return sum(self.sessions)


def simulate_days(tell: Tell, case: Case, count: int) -> Days:
    """Simulate the first `count` days of the run of `case`, telling seconds as they pass."""
    return _simulate(tell, case, count, by_steps=False)


def simulate_by_steps(tell: Tell, case: Case, count: int) -> Days:
    """Do the same, each step of a day called by itself, though one thread may hold all buyers."""
    return _simulate(tell, case, count, by_steps=True)


def _simulate(tell: Tell, case: Case, count: int, *, by_steps: bool) -> Days:
    gc.collect()
    _reset_peak()
    before = _resident_bytes()
    started = time.perf_counter()
    world = open_world(case.scenario, case.scale, case.world_seed)
    state = open_state(world, case.run_seed)
    plan = plan_of(world, case.policy, state)
    plan.on(0)
    with new_scratch(world, state, case.threads) as scratch:
        scratch.is_fused &= not by_steps
        marks = [time.perf_counter()]
        tell(marks[0] - started)
        for _ in range(count):
            run_day(world, plan, state, scratch)
            marks.append(time.perf_counter())
            tell(marks[-1] - marks[-2])
    peak = _peak_bytes()
    sessions = daily_table(world, state)["sessions_count"] // world.weight
    return Days(
        open_s=marks[0] - started,
        day_s=tuple(end - start for start, end in pairwise(marks)),
        sessions=tuple(sessions.tolist()),
        held_bytes=None if peak is None or before is None else peak - before,
    )


def fill_cache(_: Tell, case: Case) -> None:
    """Compile what `case` needs, for processes started afterwards."""
    warm_up(case)


_SELF = Path("/proc/self")


def _resident_bytes() -> int | None:
    """Bytes held now; None where the system does not tell."""
    return _size("VmRSS")


def _peak_bytes() -> int | None:
    """The most that was held since `_reset_peak`; None where the system does not tell."""
    return _size("VmHWM")


def _reset_peak() -> None:
    """Let the peak start from what is held now; where that is not allowed the old one stays."""
    try:
        (_SELF / "clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _size(name: str) -> int | None:
    try:
        status = (_SELF / "status").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
