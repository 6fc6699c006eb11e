"""How far a command is: bars with the time left on a terminal, lines otherwise."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_S = 5.0
"""Seconds between two lines where there is no terminal."""

Show = Callable[[str, int, int, str], None]
"""Takes the stage of the work, steps done, steps in all, and a note."""


@contextmanager
def progress() -> Iterator[Show]:
    """Show work as it goes on; yields what is to be told of it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _bars(bar)


def _bars(bar: Progress) -> Show:
    """Give every stage a bar of its own."""
    tasks: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int, note: str) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total, note="")
        bar.update(tasks[stage], completed=done, note=note)

    return show


def _lines(console: Console) -> Show:
    """Print a line at most every few seconds, and always at a stage's end."""
    starts: dict[str, float] = {}
    opened = last = time.monotonic()

    def show(stage: str, done: int, total: int, note: str) -> None:
        nonlocal last
        now = time.monotonic()
        start = starts.setdefault(stage, last if starts else opened)
        if done < total and now - last < LINE_S:
            return
        last = now
        left = (now - start) / done * (total - done) if done else 0.0
        text = f"{stage}: {done} of {total}, {now - start:.0f} s, {left:.0f} s left"
        console.print(f"{text}; {note}" if note else text, highlight=False, soft_wrap=True)

    return show
