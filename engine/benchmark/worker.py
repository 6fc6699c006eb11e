"""A process of its own that does what it is asked, one task at a time."""

import signal
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from engine.errors import PoquanError

Tell = Callable[[Any], None]
"""A task's first argument: says how far it is."""


def _ignore_progress(_: Any) -> None:
    """Do nothing with progress."""


class Worker:
    """A fresh process; it ends with the `with` block, or with this process.

    A task is a function of a module, called as `task(tell, *args)`; what it returns and what
    it tells must be small.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self._line, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end,), daemon=True)
        self._process.start()
        far_end.close()

    def start(self, task: Callable[..., Any], *args: Any) -> None:
        """Give it work without waiting for it."""
        self._line.send((task, args))

    def result(self, on_progress: Tell = _ignore_progress) -> Any:
        """Wait for the work that was started; `on_progress` is called with what it tells.

        Raises
        ------
        PoquanError
            If memory ran out, or the process died.
        """
        while True:
            try:
                word, value = self._line.recv()
            except EOFError:
                raise PoquanError(_DIED) from None
            if word == "done":
                return value
            if word == "memory":
                raise PoquanError(_NO_MEMORY)
            if word == "failed":
                raise RuntimeError(value)
            on_progress(value)

    def ask(
        self, task: Callable[..., Any], *args: Any, on_progress: Tell = _ignore_progress
    ) -> Any:
        """Start work and wait for it."""
        self.start(task, *args)
        return self.result(on_progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self._line.close()
        self._process.terminate()
        self._process.join()


_REMEDY = "\n  remedy:  measure fewer buyers (populations=..., population=...)"
_NO_MEMORY = "memory ran out in a measuring process" + _REMEDY
_DIED = "a measuring process died, most likely for want of memory" + _REMEDY


def _serve(line: Connection) -> None:
    """Do tasks until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks

    def tell(value: Any) -> None:
        line.send(("told", value))

    while True:
        try:
            task, args = line.recv()
        except EOFError:
            return
        try:
            line.send(("done", task(tell, *args)))
        except MemoryError:
            line.send(("memory", None))
        except Exception:  # noqa: BLE001 - it is raised again where the work was asked for
            line.send(("failed", traceback.format_exc()))
