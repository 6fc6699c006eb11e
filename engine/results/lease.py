"""A folder of an object store for one writer at a time: a lease that has to be renewed.

Stores have no locks, and not all of them write under a condition. But they show at once what
was written, and date it by their own clock. So who wants a folder writes an object of its own
below `.poquan.lock/` and then lists what lies there: of two that come together the later to list
sees the other. Who sees another that is alive takes its own away, waits for a moment of random
length and tries again, unless the other already holds the folder. An object that was not
renewed for `LEASE_S` seconds of the store's clock is that of a dead writer.

A writer that was stopped for longer than that and goes on may have lost the folder meanwhile:
it looks for its own object before each round of uploads, so that at most what is on its way
then reaches the folder of the next one.
"""

import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Thread
from typing import Any, Final, Self

from engine.errors import PoquanError, StorageError
from engine.results.storage import Folder
from engine.results.writers import Writer

LOCKS: Final = ".poquan.lock"
LEASE_S: Final = 90.0
"""Seconds after which a lease that was not renewed has ended."""

_RENEW_S: Final = 20.0
_TRIES: Final = 6
_WAIT_S: Final = 1.0
"""The most that is waited before another try."""


@dataclass
class Lease:
    """A folder of a store that this process alone writes to, while it renews the lease."""

    folder: Folder
    _name: str
    _writer: Writer
    _is_lost: bool = False
    _renewed: float = field(default_factory=time.monotonic)
    _end: Event = field(default_factory=Event)

    @classmethod
    def take(cls, folder: Folder) -> Self | Writer:
        """Take the lease and go on renewing it; return who has it if another does.

        Raises
        ------
        StorageError
            If the folder cannot be listed or written to.
        """
        own = cls(folder, secrets.token_hex(8), Writer.of_this_process())
        for _ in range(_TRIES):
            own._put(is_held=False)
            others = own._others()
            if not others:
                own._put(is_held=True)
                Thread(target=own._renew, daemon=True, name="lease").start()
                return own
            folder.delete(own._path)
            if any(is_held for _, is_held in others):
                break
            time.sleep(_WAIT_S * secrets.randbelow(1000) / 1000)
        return others[0][0]

    def check(self) -> None:
        """Make sure that the folder is still this process's.

        Raises
        ------
        StorageError
            If another may have it by now.
        """
        if not self._is_lost and time.monotonic() - self._renewed > LEASE_S / 2:
            self._is_lost = not self.folder.exists(self._path)
        if self._is_lost:
            raise StorageError(
                f"{self.folder.address}: another command has taken the folder, since this one was "
                f"not heard of for {LEASE_S:g} s\n"
                "  remedy:  let that one end, then give the same command again"
            )

    def release(self) -> None:
        """Let others have the folder."""
        self._end.set()
        self.folder.delete(self._path)

    @property
    def _path(self) -> str:
        return f"{LOCKS}/{self._name}"

    def _put(self, *, is_held: bool) -> None:
        tree = {**self._writer.as_tree(), "is_held": is_held}
        self.folder.put(self._path, json.dumps(tree).encode())

    def _renew(self) -> None:
        while not self._end.wait(_RENEW_S):
            try:
                if not self.folder.exists(self._path):
                    self._is_lost = True
                    return
                if not self._end.is_set():
                    self._put(is_held=True)
                    self._renewed = time.monotonic()
            except PoquanError:  # the store is out of reach: the next round tries again
                continue

    def _others(self) -> list[tuple[Writer, bool]]:
        """Return the live writers but this one, and whether each holds the folder."""
        found = self.folder.tree_of(LOCKS)
        now = found[self._name].mtime
        others = []
        for name, info in found.items():
            if name == self._name:
                continue
            age_s = _seconds_between(info.mtime, now)
            writer, is_held = self._read(name)
            if age_s > LEASE_S or (writer is not None and writer.is_dead_here()):
                self.folder.delete(f"{LOCKS}/{name}")
            elif writer is not None:
                others.append((writer, is_held))
        return others

    def _read(self, name: str) -> tuple[Writer | None, bool]:
        """Return who wrote an object, None if it is just being taken away."""
        try:
            tree = json.loads(self.folder.get(f"{LOCKS}/{name}"))
            return Writer.from_tree(tree), bool(tree.get("is_held"))
        except StorageError:
            return None, False
        except (ValueError, TypeError, AttributeError):
            return Writer.unknown(), True


def _seconds_between(first: datetime | Any, second: datetime | Any) -> float:
    return float((second - first).total_seconds())
