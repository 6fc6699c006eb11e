"""What this machine, or the container, lets new work have, and whether it is enough."""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from engine.errors import InputError
from engine.spec.jobs import Ray

BYTES_PER_BUYER: Final = 80
"""About what a run holds per simulated buyer; `benchmark` measures it."""

_BYTES_PER_ANCHOR: Final = 2_500
_BYTES_PER_DAY: Final = 16_000
"""What is written down of a day."""

PROCESS_BYTES: Final = 500 * 2**20
"""What a worker of Ray holds beside its market: Python, Ray, libraries, kernels."""

_GIB: Final = 2**30
_MOST_SHARDS: Final = 4096


def bytes_of_year(buyers_count: int, anchors_count: int = 0, days_count: int = 0) -> int:
    """Return about what a worker holds that simulates a run, beside what it holds anyway.

        bytes = 500 MiB + 80 B * buyers + 2.5 kB * anchors + 16 kB * days

    `python -m tests.show_memory` measures it.
    """
    market = buyers_count * BYTES_PER_BUYER + anchors_count * _BYTES_PER_ANCHOR
    return PROCESS_BYTES + market + days_count * _BYTES_PER_DAY


def bytes_of_shard(
    buyers_count: int, count: int, anchors_count: int = 0, days_count: int = 0
) -> int:
    """Return what each of `count` shards holds: its part of the buyers, and all else."""
    return bytes_of_year(math.ceil(buyers_count / count), anchors_count, days_count)


def fewest_shards(
    buyers_count: int, memories: Sequence[int], anchors_count: int = 0, days_count: int = 0
) -> int | None:
    """Return how few shards hold a market together; None if no number does.

    Every shard is a process of its own, so that more of them hold more on several nodes alone.

    Parameters
    ----------
    buyers_count, anchors_count, days_count : of the market.
    memories : bytes that each node grants.
    """
    for count in range(1, min(buyers_count, _MOST_SHARDS) + 1):
        one = bytes_of_shard(buyers_count, count, anchors_count, days_count)
        if sum(memory // one for memory in memories) >= count:
            return count
    return None


def limited_bytes(granted: Iterable[int], ray: Ray) -> list[int]:
    """Return what runs may have of the bytes that each node grants: `ray.memory_gib` at most."""
    limit = math.inf if ray.memory_gib is None else ray.memory_gib * _GIB
    return [int(min(memory, limit)) for memory in granted]


def bytes_to_ask(needed: int, most: int, ray: Ray) -> int:
    """Return the bytes to ask Ray for: where a node may not give all that it grants, more.

    A node of M bytes that may give L of them runs floor(L / m) tasks of m bytes, as many as ask
    for m M / L of M.

    Parameters
    ----------
    needed : m.
    most : M of the largest node; 0 where there is none yet.
    ray : has L.
    """
    (limit,) = limited_bytes([most], ray)
    if not most:
        return needed
    return min(math.ceil(needed * most / limit) if limit < most else needed, most)


def cpus_count() -> int:
    """Return the CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_bytes() -> int | None:
    """Return the memory that new work can have here; None where the system does not say."""
    found = [size for size in (_of_machine(), _of_group()) if size is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    sizes = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return int(sizes["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in sizes else None


def _of_group(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what a container's limit leaves; files in use can be given back."""
    try:
        limit, used = (
            int((folder / name).read_text(encoding="ascii"))
            for name in ("memory.max", "memory.current")
        )
    except (OSError, ValueError):  # no limit reads "max"
        return None
    return max(0, limit - used + _cached(folder))


def _cached(folder: Path) -> int:
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def check_memory(buyers_count: int, runs_count: int, ray: Ray, where: str) -> None:
    """Refuse runs that need more memory than is free: buyers * 80 B * runs at once.

    Parameters
    ----------
    buyers_count : simulated buyers of the largest run.
    runs_count : runs in all; no more run at once.
    ray : where they run; the memory of a cluster is not known here.
    where : dotted key of the count.

    Raises
    ------
    InputError
        Saying what would fit.
    """
    free = available_bytes()
    if free is None or ray.address is not None or "RAY_ADDRESS" in os.environ:
        return
    wanted = 1 if ray.backend == "process" else ray.workers_count or cpus_count()
    workers = max(1, min(wanted, runs_count))
    one = buyers_count * BYTES_PER_BUYER
    if one * workers <= free:
        return
    fewer = f", or ray.workers_count={math.floor(free / one)}" if one <= free else ""
    raise InputError(
        where,
        f"{buyers_count:,} buyers in {workers} runs at once need about "
        f"{one * workers / _GIB:.1f} GiB of memory, and {free / _GIB:.1f} GiB are free",
        f"at most {free // (BYTES_PER_BUYER * workers):,} buyers on this machine",
        f"lower {where}{fewer}, or take a larger machine",
    )
