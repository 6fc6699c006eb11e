"""Nights that one shard has saved: its state, and from where the report goes."""

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from engine.market.ledger.results import ReportStart
from engine.market.saved import load_state, save_state
from engine.market.state import State
from engine.market.world import World

FOLDERS: Final = "poquan-shards-"
"""How the folder of a market begins; its own name follows."""

_OLD_S: Final = 3 * 86_400.0
"""Seconds after which a folder in which nothing was saved is one of a command that was killed."""

_KEPT: Final = 2
"""Nights: while a shard saves one it may be lost, and all go back to the one before."""


Saved = tuple[State, ReportStart | None]
"""A state, and from where the report goes; none: the report begins later."""


def remove_old_nights(parent: Path) -> None:
    """Remove the folders of markets that nobody has saved a night of for days."""
    for folder in parent.glob(f"{FOLDERS}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _OLD_S:
                shutil.rmtree(folder)


class Nights:
    """The files of one shard in a folder of one market.

    Parameters
    ----------
    folder : made if it is not there, for this user alone.
    number, count : of the shard.
    """

    def __init__(self, folder: Path, number: int, count: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._name = folder, f"shard-{number}-of-{count}"

    def saved(self) -> list[int]:
        """Days on whose mornings the saved states stand, rising."""
        return sorted(int(path.stem.rpartition("-")[2]) for path in self._files())

    def save(self, world: World, state: State) -> None:
        """Keep this state, and of the older ones the last.

        Raises
        ------
        StorageError
            If the folder cannot be written to.
        """
        save_state(state, world, self._path(state.day))
        for day in self.saved()[:-_KEPT]:
            self._path(day).unlink()

    def keep_start(self, start: ReportStart) -> None:
        """Keep from where the report goes."""
        np.savez(self._start_path(), **start._asdict())

    def load(self, world: World, day: int) -> Saved:
        """Return the shard as it was saved."""
        state = load_state(world, self._path(day))
        start = None
        if self._start_path().exists():
            with np.load(self._start_path(), allow_pickle=False) as kept:
                start = ReportStart(int(kept["day"]), kept["visits"], kept["month_gmv"])
        return state, start

    def forget(self) -> None:
        """Remove everything of this shard, and the folder after the last one."""
        for path in (*self._files(), self._start_path()):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # others still have files there, or have just removed it
            self._folder.rmdir()

    def _files(self) -> Sequence[Path]:
        return list(self._folder.glob(f"{self._name}-night-*.npz"))

    def _path(self, day: int) -> Path:
        return self._folder / f"{self._name}-night-{day}.npz"

    def _start_path(self) -> Path:
        return self._folder / f"{self._name}-start.npz"
