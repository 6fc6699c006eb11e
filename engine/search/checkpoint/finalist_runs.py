"""What an interrupted selection resumes from: finalists' years of each finished stage."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.case import RunResult
from engine.results.storage import open_folder
from engine.search.problem import Stage

_FOLDER: Final = "finalists"


@dataclass(frozen=True)
class FinalistRuns:
    """Years of finalists by trial and stage, a file each, beside the journal.

    They are pickled, since the same bits must come back. A file says by `mark` which job
    it is of; another job's counts as not there.
    """

    folder: Path
    mark: str

    def get(self, trial: int, stage: Stage) -> list[RunResult] | None:
        """Return the years of a trial on a stage, None if they are not all there."""
        try:
            mark, years = pickle.loads((self.folder / _name(trial, stage)).read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError, ValueError, TypeError, AttributeError):
            return None
        found: list[RunResult] | None = years if mark == (self.mark, stage) else None
        return found

    def put(self, trial: int, stage: Stage, years: list[RunResult]) -> None:
        """Store the years of a trial on a stage: whole, or not at all.

        Raises
        ------
        StorageError
            If they cannot be written.
        """
        place = open_folder(self.folder)
        place.create(_FOLDER)
        place.put(_name(trial, stage), pickle.dumps(((self.mark, stage), years)))


def _name(trial: int, stage: Stage) -> str:
    return f"{_FOLDER}/trial-{trial}-from-{stage.first}-to-{stage.last}.pickle"
