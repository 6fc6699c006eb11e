"""Whether the years that run at once fit into this machine's memory."""

import math
import os
from typing import Final

from engine.compute.machine import available_bytes, cpus_count
from engine.errors import InputError
from engine.spec.study import Ray

BYTES_PER_BUYER: Final = 80
"""About what a year holds per simulated buyer; `benchmark` measures it."""

_GIB: Final = 2**30


def check_memory(buyers_count: int, years_count: int, ray: Ray, where: str) -> None:
    """Refuse years that need more memory than is free: buyers * 80 B * years at once.

    Parameters
    ----------
    buyers_count : simulated buyers of the largest year.
    years_count : years in all; no more run at once.
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
    workers = max(1, min(wanted, years_count))
    one = buyers_count * BYTES_PER_BUYER
    if one * workers <= free:
        return
    fewer = f", or ray.workers_count={math.floor(free / one)}" if one <= free else ""
    raise InputError(
        where,
        f"{buyers_count:,} buyers in {workers} years at once need about "
        f"{one * workers / _GIB:.1f} GiB of memory, and {free / _GIB:.1f} GiB are free",
        f"at most {free // (BYTES_PER_BUYER * workers):,} buyers on this machine",
        f"lower {where}{fewer}, or take a larger machine",
    )
