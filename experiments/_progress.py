"""How far a command is: bars with the time left on a terminal, lines otherwise."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from engine.cache import is_cold
from engine.spec.words import in_currency

if TYPE_CHECKING:
    from engine.case import Case, RunResult
    from engine.compute import Runner

_LINE_S = 5.0
"""Seconds between two lines where there is no terminal."""

_COMPILES = (
    "The first run compiles the simulation, once for this version and machine: about two minutes "
    "in which nothing else is told."
)


class _Show(Protocol):
    """Takes how far the work is."""

    def __call__(
        self, stage: str, done: int, total: int, note: str, left_s: float | None = None
    ) -> None:
        """Show it.

        Parameters
        ----------
        stage : of the work.
        done, total : steps.
        note : how it goes.
        left_s : seconds that are left of the whole work; none: as long as the stage's steps so far.
        """


class ReportingPool:
    """A pool whose runs are shown as they finish.

    Parameters
    ----------
    pool : what simulates.
    show : takes how far it is.
    stage : what it is for.
    """

    def __init__(self, pool: "Runner", show: _Show, stage: str) -> None:
        self._pool, self._show, self._stage = pool, show, stage

    def run(self, cases: "Sequence[Case]") -> "Iterator[RunResult]":
        """Yield the runs of the cases, in order."""
        for done, result in enumerate(self._pool.run(cases), 1):
            self._show(self._stage, done, len(cases), "")
            yield result


@contextmanager
def progress(currency: str = "RMB", *, threads: int = 1) -> Iterator[_Show]:
    """Show work as it goes on; yields what reports its progress.

    Parameters
    ----------
    currency : of the amounts in notes, which say RMB.
    threads : of one simulated market; several have kernels of their own to compile.
    """
    console = Console(stderr=True, markup=False, emoji=False)
    if is_cold(is_fused=threads == 1):
        console.print(_COMPILES, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield _in(currency, _lines(console))
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _in(currency, _bars(bar))


def _in(currency: str, shown: _Show) -> _Show:
    """Name the currency in notes."""

    def show(stage: str, done: int, total: int, note: str, left_s: float | None = None) -> None:
        shown(stage, done, total, in_currency(note, currency), left_s)

    return show


def _bars(bar: Progress) -> _Show:
    """Give every stage a bar of its own."""
    tasks: dict[str, TaskID] = {}
    starts: dict[str, float] = {}

    def show(stage: str, done: int, total: int, note: str, left_s: float | None = None) -> None:
        start = starts.setdefault(stage, time.monotonic())
        left_s = _left(start, done, total) if left_s is None else left_s
        left = timedelta(seconds=round(left_s))
        told = f"left {left}" if _is_told(done, total, left_s) else ""
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total, note="", left="")
        bar.update(tasks[stage], completed=done, total=total, note=note, left=told)

    return show


def _lines(console: Console) -> _Show:
    """Print a line at most every few seconds, and always at a stage's end."""
    starts: dict[str, float] = {}
    heard: dict[str, int] = {}
    opened = last = time.monotonic()

    def show(stage: str, done: int, total: int, note: str, left_s: float | None = None) -> None:
        nonlocal last
        now = time.monotonic()
        if done < heard.get(stage, 0):  # work of the same kind begins anew
            starts[stage] = last
        heard[stage] = done
        start = starts.setdefault(stage, last if starts else opened)
        is_end = done == total != shown.get(stage)
        if not is_end and now - last < _LINE_S:
            return
        last, shown[stage] = now, done
        left = _left(start, done, total) if left_s is None else left_s
        text = f"{stage}: {done} of {total}, {now - start:.0f} s"
        text += f", {left:.0f} s left" if _is_told(done, total, left) else ""
        console.print(f"{text}; {note}" if note else text, highlight=False, soft_wrap=True)

    shown: dict[str, int] = {}
    return show


def _is_told(done: int, total: int, left_s: float) -> bool:
    """Tell whether a time left is said: of what is done that is known of, more may follow."""
    return done < total or round(left_s) > 0


def _left(start: float, done: int, total: int) -> float:
    """Return how long the steps that are left take, if they take as long as those done."""
    return (time.monotonic() - start) / done * (total - done) if done else 0.0
