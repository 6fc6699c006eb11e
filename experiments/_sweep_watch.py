"""What a sweep on Ray tells while its jobs run, each of which prints into a file of its folder."""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.compute.watch import ClusterWatch, cluster_nodes, head_answers

_LOOK_S: Final = 5.0
"""Seconds between two looks at the nodes of a cluster."""

_TELL_S: Final = 10.0
"""Seconds between two lines that say how far the jobs are."""

_NAMED: Final = 4
"""Jobs of which a line says how far they are; of the others it says how many they are."""

_STAGE: Final = re.compile(r"^(\w[\w ]*): (\d+) of (\d+), ")
_NOTE: Final = re.compile(r"^ray: (?!waiting for |node )(.*)")
"""A note of a job's; what it says of nodes is said here for all jobs at once."""


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class SweepWatch:
    """Tells how far the jobs of a sweep are, what the cluster lacks, and which nodes are lost.

    Parameters
    ----------
    total : jobs of the sweep.
    wanted : CPUs that the runs of a job could use at least.
    is_local : whether this machine is all there is.
    say : takes a line.
    clock : seconds that only rise.
    """

    def __init__(
        self,
        total: int,
        wanted: int,
        *,
        is_local: bool,
        say: Callable[[str], None] = _print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._wanted, self._is_local = total, wanted, is_local
        self._say, self._clock = say, clock
        self._nodes = ClusterWatch(lambda text: say(f"ray: {text}"), clock)
        self._began_s = self._told_s = clock()
        self._looked_s = -_LOOK_S
        self._running: dict[int, _Output] = {}
        self._done, self._told = 0, ""

    def begin(self, number: int, output: Path) -> None:
        """Follow a job that begins, and that prints into a file."""
        output.unlink(missing_ok=True)  # of an earlier try
        self._running[number] = _Output(output)

    def end(self, number: int) -> None:
        """Say that a job has ended."""
        self._tell_notes(number, self._running.pop(number))
        self._done += 1
        self._say(f"{self._head()}; job {number} ended")

    def look(self) -> None:
        """Tell what is new, now and then."""
        self._look_at_nodes()
        for number, output in self._running.items():
            self._tell_notes(number, output)
        if self._clock() - self._told_s < _TELL_S:
            return
        self._told_s = self._clock()
        said = self._stages()
        if said != self._told:
            self._told = said
            self._say(f"{self._head()}; {said}")

    def _look_at_nodes(self) -> None:
        if self._is_local or self._clock() - self._looked_s < _LOOK_S:
            return
        self._looked_s = self._clock()
        if head_answers():  # else the jobs find out, and end
            self._nodes.look(cluster_nodes(), self._wanted)

    def _tell_notes(self, number: int, output: "_Output") -> None:
        for note in output.read():
            self._say(f"ray: job {number}: {note}")

    def _head(self) -> str:
        return f"jobs: {self._done} of {self._total}, {self._clock() - self._began_s:.0f} s"

    def _stages(self) -> str:
        said = [f"job {number}: {one.stage}" for number, one in self._running.items() if one.stage]
        rest = len(self._running) - len(said[:_NAMED])
        others = [f"{rest} {'more ' if said else ''}at work"] if rest else []
        return ", ".join([*said[:_NAMED], *others])


class _Output:
    """What a job has printed so far; `stage` is how far it said to be at last."""

    def __init__(self, path: Path) -> None:
        self._path, self._place, self.stage = path, 0, ""

    def read(self) -> list[str]:
        """Return the notes of Ray among the whole lines that are new."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._place)
                text = file.read()
        except OSError:  # it has not begun to print
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._place += len(whole)
        notes = []
        for line in whole.decode(errors="replace").splitlines():
            if found := _STAGE.match(line):
                self.stage = f"{found[1]} {found[2]} of {found[3]}"
            if found := _NOTE.match(line):
                notes.append(found[1])
        return notes
