"""Who works in a folder: host, process, since when."""

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from engine.errors import InputError


@dataclass(frozen=True)
class Writer:
    """A process that writes. `machine` tells one boot and one space of process ids from others."""

    host: str
    pid: int
    since: str
    machine: str = ""

    @classmethod
    def of_this_process(cls) -> Self:
        """Return this process, from now on."""
        now = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return cls(platform.node(), os.getpid(), now, _machine())

    @classmethod
    def unknown(cls) -> Self:
        """Return one of whom nothing is known."""
        return cls("", 0, "")

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> Self:
        """Read what `as_tree` gave.

        Raises
        ------
        TypeError
            If something else was given.
        """
        known = {one.name: tree[one.name] for one in fields(cls) if one.name in tree}
        return cls(**known)

    def as_tree(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def sentence(self) -> str:
        """Say who it is."""
        if not self.host:
            return "by whom is not told"
        return f"process {self.pid} on host {self.host}, since {self.since}"

    def in_use(self, key: str, address: str, remedy: str) -> InputError:
        """Return the error of a folder that this writer has."""
        return InputError(
            key,
            f"another command is at work in {address}: {self.sentence()}",
            "a folder of its own for each command that runs",
            remedy,
        )

    def is_dead_here(self) -> bool:
        """Tell whether it was a process of this machine that is no more."""
        if not self.machine or self.machine != _machine():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


@cache
def _machine() -> str:
    """Name this boot of this machine and its space of process ids; empty if that is not told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
