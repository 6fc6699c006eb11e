"""What a worker of a cluster does before it simulates: shows its code, compiles, counts its CPUs.

A node with another version of the engine would simulate another market, and its runs would
stand among the others unnoticed. So each chunk of work names the code that it is meant for, and
a worker of other code sends the chunk back with its own name in place of runs.

Before its first chunk a worker sees to it that the kernels are compiled on its node: the first
there compiles them, the others wait, since processes that fill one compile cache together can
crash. So a node that comes late is made ready like any other.
"""

import hashlib
import platform
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, NamedTuple

from engine.cache import alone_on_this_machine, is_cold
from engine.case import Case
from engine.compute.messages import OTHER_CODE
from engine.errors import ClusterError

_LIBRARIES: Final = ("numpy", "numba", "llvmlite", "scipy", "pyarrow", "pydantic")
"""Those whose versions may change a result, or how it is stored."""


class Code(NamedTuple):
    """What a process runs: `sources` is a hash of all files of the package."""

    python: str
    sources: str
    libraries: str

    @staticmethod
    @cache
    def own() -> "Code":
        """Return what this process runs; reads all sources once, some ten milliseconds."""
        root = Path(__file__).parents[1]
        digest = hashlib.sha256()
        for source in sorted(root.rglob("*.py")):
            digest.update(f"{source.relative_to(root)}\0".encode())
            digest.update(source.read_bytes())
        return Code(
            python=platform.python_version(),
            sources=digest.hexdigest()[:12],
            libraries=" ".join(f"{name}-{_version(name)}" for name in _LIBRARIES),
        )

    def refused(self) -> "Refusal | None":
        """Return what this process runs, and where, if that is not this code; else None."""
        return None if Code.own() == self else Refusal(_node_name(), Code.own())

    def differences(self, other: "Code") -> str:
        """Say what another process has otherwise, a clause for each part."""
        said = [
            f"{name} {theirs} (here {ours})"
            for name, ours, theirs in zip(self._fields, self, other, strict=True)
            if ours != theirs
        ]
        return ", ".join(said)


class Refusal(NamedTuple):
    """A worker of other code: where it runs, and what it runs."""

    node: str
    code: Code

    def error(self) -> ClusterError:
        """Return the error that names the node and what it has otherwise."""
        return OTHER_CODE.error(node=self.node, differences=Code.own().differences(self.code))


def make_ready(case: Case) -> None:
    """Compile the kernels into the cache of this machine, unless they are there."""
    if is_cold(is_fused=case.is_fused):
        from engine.warmup import warm_up

        with alone_on_this_machine():
            if is_cold(is_fused=case.is_fused):
                warm_up(case)


def with_granted_threads(case: Case) -> Case:
    """Return `case` with no more threads than Ray has granted CPUs to this worker."""
    import ray

    asked = ray.get_runtime_context().get_assigned_resources()  # type: ignore[no-untyped-call]
    cpus = [value for name, value in asked.items() if name.startswith("CPU")]
    granted = max(1, int(max(cpus, default=case.threads)))
    return case if case.threads <= granted else replace(case, threads=granted)


def _node_name() -> str:
    """Name the machine of this worker."""
    import ray

    address = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return f"{address} ({ray.get_runtime_context().get_node_id()[:8]})"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
