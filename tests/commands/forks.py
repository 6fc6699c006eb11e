"""Commands in forks of this process, on the fake market: started in no time, killed at any moment.

A fork has everything imported already, so that a kill after a random time hits the command at work
and not Python at its start.
"""

import fcntl
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from tests import fakes

QUICK_S = 0.01
"""Seconds that a fake year takes in a fork."""


class ForkEnd(NamedTuple):
    """How a fork ended: its exit status, minus the signal if it was killed; what it said."""

    status: int
    err: str


Act = Callable[[], object]

_PIPE_BYTES = 1 << 20
"""More than any command says."""

_HEARD: dict[int, int] = {}
"""By process, where what it says on standard error is read."""


def _nothing() -> None:
    """Do nothing."""


def fork(
    place: Path, command: str, *words: str, first: Act = _nothing, last: Act = _nothing
) -> int:
    """Start a command in a folder; `first` is done in the fork before, `last` after a good end.

    Returns its process.
    """
    heard, said = os.pipe()  # no file: a disk without room would swallow what is said
    fcntl.fcntl(said, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    process = os.fork()
    if process:
        os.close(said)
        _HEARD[process] = heard
        return process
    status = 70
    try:
        _become(place, command, words, said)
        first()
        status = _end_of(sys.modules[f"experiments.{command}"].main)
        if not status:
            last()
    except BaseException:  # noqa: BLE001  # a bug: its traceback is what was said
        traceback.print_exc()
    finally:
        try:
            sys.stderr.flush()
        finally:
            os._exit(status)  # whatever happens: a fork that came back would be a second pytest


def _end_of(main: Act) -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def preload(place: Path, command: str, *words: str) -> ForkEnd:
    """Run a command in a fork, and import here what it imported there: later forks are quick."""
    names, known = place / ".imported", set(sys.modules)

    def tell() -> None:
        new = [name for name in sys.modules if name not in known]
        names.write_text("\n".join(new), encoding="utf-8")

    done = ended(fork(place, command, *words, last=tell))
    for name in names.read_text(encoding="utf-8").split() if names.exists() else ():
        if name != "engine.market.run":  # the real one compiles
            with suppress(Exception):  # some are made up on the way, or refuse to come alone
                importlib.import_module(name)
    names.unlink(missing_ok=True)
    return done


def ended(process: int, *, after_s: float | None = None) -> ForkEnd:
    """Wait for a fork, or kill it after some time."""
    end = time.monotonic() + (300.0 if after_s is None else after_s)
    while time.monotonic() < end:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            with os.fdopen(_HEARD.pop(process), encoding="utf-8", errors="replace") as heard:
                return ForkEnd(os.waitstatus_to_exitcode(status), heard.read())
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(_HEARD.pop(process))
    return ForkEnd(-signal.SIGKILL, "")


def run_fork(place: Path, command: str, *words: str, first: Act = _nothing) -> ForkEnd:
    """Run a command in a fork to its end."""
    return ended(fork(place, command, *words, first=first))


def _become(place: Path, command: str, words: tuple[str, ...], said: int) -> None:
    os.chdir(place)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(said, 2)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
    sys.argv = [str(sys.modules[f"experiments.{command}"].__file__), *words]
    market = ModuleType("engine.market.run")
    market.simulate = _simulate  # type: ignore[attr-defined]
    sys.modules["engine.market.run"] = market
    from engine.compute import pool
    from experiments import _runs

    _runs.build_report = _page  # type: ignore[assignment]
    _runs.begin_drawing = _nothing  # type: ignore[assignment]
    pool.warm_up_if_cold = lambda case: None  # a fake has nothing to compile


def _page(folder: Path, *_: object) -> Path:
    """Write a page of the right size and no pictures, which take the seconds of a short run."""
    from engine.results.storage import open_folder

    open_folder(folder).put("report.html", b"page" * 50_000)
    return folder / "report.html"


def _simulate(case: object, *_: object) -> object:
    time.sleep(QUICK_S)
    return fakes.simulate_fake(case)  # type: ignore[arg-type]
