"""What an interrupted calibration resumes from: the readings of the runs of each wave.

Points are a function of the job and of the waves before, so that these numbers are all
that a calibration needs to go on. A file says what it is of; another's counts as not there.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.cache import cache_folder
from engine.calibrate.observed import ObservedFigure
from engine.calibrate.unknown_space import Values
from engine.results.storage import open_folder
from engine.spec.calibration import CalibrateJob

_FOLDER: Final = "waves"

EVERY: Final = 8
"""Runs after which a wave's file is written anew: what an interruption may cost."""

_Readings = list[list[float]]
"""The targets of a run, run after run."""


@dataclass(frozen=True)
class WaveCheckpoint:
    """Readings by wave, a file each, in the output folder."""

    folder: Path
    identity: str

    @classmethod
    def of(
        cls, folder: Path, job: CalibrateJob, figures: Sequence[ObservedFigure]
    ) -> "WaveCheckpoint":
        """Return the checkpoint of a job, of the figures as they stand, and of this engine."""
        return cls(folder, _named([job.identity(), figures, cache_folder().name]))

    def get(self, wave: int, points: Sequence[Values]) -> _Readings:
        """Return the stored readings of the first runs of a wave; none if it had other points."""
        try:
            found = json.loads((self.folder / _file(wave)).read_bytes())
            return list(found["readings"]) if found["of"] == self._mark(points) else []
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def put(self, wave: int, points: Sequence[Values], readings: _Readings) -> None:
        """Store the readings of a wave so far, (runs, targets): whole, or not at all.

        Raises
        ------
        StorageError
            If they cannot be written.
        """
        place = open_folder(self.folder)
        place.create(_FOLDER)
        # Python writes a float with the digits that give the same bits again.
        content = {"of": self._mark(points), "readings": readings}
        place.put(_file(wave), json.dumps(content).encode())

    def _mark(self, points: Sequence[Values]) -> str:
        return _named([self.identity, points])


def _file(wave: int) -> str:
    return f"{_FOLDER}/wave-{wave}.json"


def _named(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
