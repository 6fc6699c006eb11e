"""Rows of `benchmark`: one figure each, the median of several runs."""

import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from engine.compute.machine import cpus_count

Row = dict[str, Any]
OnProgress = Callable[[int, int, str], None]
"""Takes steps done, steps in all, and a note."""


@dataclass(frozen=True)
class Setting:
    """What was running while a figure was taken."""

    suite: str
    buyers: int
    anchors: int
    days: int
    threads: int = 1
    processes: int = 1

    def row(
        self,
        axis: str,
        subject: str,
        measure: str,
        values: Sequence[float],
        goal: float | None = None,
    ) -> Row:
        """One figure of `subject`.

        Parameters
        ----------
        axis : what is varied among the rows that belong together, e.g. `population`.
        subject : what was measured, e.g. a stage of the day, or another tool.
        measure : what of it; the name ends in its unit.
        values : the runs; none if it could not be measured.
        goal : what the figure should not exceed.
        """
        return {
            "suite": self.suite,
            "axis": axis,
            "subject": subject,
            "measure": measure,
            "value": float(median(values)) if values else None,
            "lowest": float(min(values)) if values else None,
            "highest": float(max(values)) if values else None,
            "goal": goal,
            "runs_count": len(values),
            "buyers_count": self.buyers,
            "anchors_count": self.anchors,
            "days_count": self.days,
            "threads_count": self.threads,
            "processes_count": self.processes,
            "machine": _machine(),
        }


class Steps:
    """Counts steps of known number and tells each one."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._done, self._total, self._on_progress = 0, total, on_progress

    def step(self, note: str) -> None:
        """One more is done."""
        self._done += 1
        self._on_progress(self._done, self._total, note)


@cache
def _machine() -> str:
    """The processor and how many of them this process may use."""
    return f"{_processor()}, {cpus_count()} CPUs"


def _processor() -> str:
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", known, re.MULTILINE)
    return found[1].strip() if found else platform.machine()
