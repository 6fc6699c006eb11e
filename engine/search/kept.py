"""What survives a kill of the finalists: the years of each one that has finished."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.results.storage import open_folder
from engine.search.journal import job_hash
from engine.spec.study import OptimizeJob
from engine.year import Year

FOLDER: Final = "finalists"


@dataclass(frozen=True)
class KeptYears:
    """Years of finalists by trial, a file each, beside the journal.

    They are pickled, since the same bits must come back. A file says which job and how
    many replications it is of; another job's counts as not there.
    """

    folder: Path
    job: OptimizeJob

    def get(self, trial: int) -> list[Year] | None:
        """Return the years of a trial, None if they are not all there."""
        try:
            mark, years = pickle.loads((self.folder / _name(trial)).read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError, ValueError, TypeError, AttributeError):
            return None
        found: list[Year] | None = years if mark == self._mark() else None
        return found

    def put(self, trial: int, years: list[Year]) -> None:
        """Keep the years of a trial: whole, or not at all.

        Raises
        ------
        StorageError
            If they cannot be written.
        """
        place = open_folder(self.folder)
        place.create(FOLDER)
        place.put(_name(trial), pickle.dumps((self._mark(), years)))

    def _mark(self) -> tuple[str, int]:
        return job_hash(self.job), self.job.search.final_replications


def _name(trial: int) -> str:
    return f"{FOLDER}/trial-{trial}.pickle"
