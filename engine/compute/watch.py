"""What a cluster does while its user waits: looked up, and said in lines on standard error."""

import io
import math
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TextIO

_ANSWER_S: Final = 5.0
"""Seconds in which the head must accept a connection."""

_AGAIN_S: Final = 5.0
"""Seconds after which it is said again that there are too few CPUs."""

_Tell = Callable[[str], None]


class _Node(NamedTuple):
    """A node that is alive: its address, and the CPUs and bytes that it grants."""

    address: str
    cpus: int
    memory: int = 0


def print_note(text: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(f"ray: {text}\n")
    sys.stderr.flush()


class WithoutRay(io.TextIOBase):
    """A stream to which Ray's own threads write nothing: what matters is printed by `ClusterWatch`.

    Ray prints pages of its raylets' logs on standard output when a node is lost.

    Parameters
    ----------
    stream
        Where all others write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, unless it is a thread of Ray's that does."""
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)

    def flush(self) -> None:
        """Write out what waits."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor behind it."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return how it is encoded."""
        return self._stream.encoding


def head_answers() -> bool:
    """Return whether something listens where the cluster's head was."""
    import ray

    host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S):
            return True
    except OSError:
        return False


def cluster_nodes() -> dict[str, _Node]:
    """Return the nodes that are alive, by their names."""
    import ray

    return {
        node["NodeID"]: _Node(
            node["NodeManagerAddress"],
            int(node["Resources"].get("CPU", 0)),
            int(node["Resources"].get("memory", 0)),
        )
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"]
    }


class ClusterWatch:
    """Compares the nodes of a cluster with those seen before, and tells what changed.

    `is_short` tells whether fewer CPUs were granted than wanted when it looked last.

    Parameters
    ----------
    say
        Takes a line.
    clock
        Seconds that only rise.
    """

    def __init__(
        self, say: _Tell = print_note, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say, clock
        self._known: dict[str, str] | None = None
        self._told_s = -math.inf
        self.is_short = False

    def look(self, nodes: Mapping[str, _Node], wanted: int) -> None:
        """Tell which nodes have come and gone, and if there are fewer CPUs than are wanted.

        Parameters
        ----------
        nodes
            Those that are alive, by their names.
        wanted
            CPUs that the work could use at least.
        """
        found = {name: f"{address} ({name[:8]})" for name, (address, *_) in nodes.items()}
        for name, said in (self._known or {}).items():
            if name not in found:
                self._say(f"node {said} is lost; what it had is simulated again elsewhere")
        if self._known is not None:
            for name, said in found.items():
                if name not in self._known:
                    self._say(f"node {said} has joined, {nodes[name].cpus} CPUs")
        self._known = found
        granted = sum(node.cpus for node in nodes.values())
        self.is_short = granted < wanted
        if self.is_short and self._clock() - self._told_s >= _AGAIN_S:
            self._told_s = self._clock()
            self._say(f"waiting for {wanted} CPUs, {granted} granted")
