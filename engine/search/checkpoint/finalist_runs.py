"""What an interrupted selection resumes from: finalists' runs of each finished stage."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.case import RunResult
from engine.results.packed import pack_runs, unpack_runs
from engine.results.storage import open_folder
from engine.search.problem import Candidate, Stage

_FOLDER: Final = "finalists"


@dataclass(frozen=True)
class FinalistRuns:
    """Runs of finalists by trial and stage, a file each, beside the journal.

    A file says by `mark` which job it is of, and of which point; another's, and one that is
    damaged, counts as not there.
    """

    folder: Path
    mark: str

    def get(self, one: Candidate, stage: Stage) -> list[RunResult] | None:
        """Return the runs of a trial on a stage, None if they are not all there."""
        try:
            data = (self.folder / _name(one.number, stage)).read_bytes()
        except OSError:
            return None
        return unpack_runs(data, self._own(one, stage))

    def put(self, one: Candidate, stage: Stage, results: list[RunResult]) -> None:
        """Store the runs of a trial on a stage: whole, or not at all.

        Raises
        ------
        StorageError
            If they cannot be written.
        """
        place = open_folder(self.folder)
        place.create(_FOLDER)
        place.put(_name(one.number, stage), pack_runs(self._own(one, stage), results))

    def _own(self, one: Candidate, stage: Stage) -> str:
        """Name what the runs are of: 16 hexadecimal digits."""
        point = None if one.point is None else dict(one.point)
        parts = json.dumps([self.mark, stage, one.name, point], default=str)
        return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _name(trial: int, stage: Stage) -> str:
    return f"{_FOLDER}/trial-{trial}-from-{stage.first}-to-{stage.last}.runs"
