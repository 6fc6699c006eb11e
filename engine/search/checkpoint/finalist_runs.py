"""What an interrupted selection resumes from: finalists' years of each finished stage."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.case import RunResult
from engine.results.storage import open_folder
from engine.search.problem import Candidate, Stage

_FOLDER: Final = "finalists"


@dataclass(frozen=True)
class FinalistRuns:
    """Years of finalists by trial and stage, a file each, beside the journal.

    They are pickled, since the same bits must come back. A file says by `mark` which job
    it is of, and of which point; another's counts as not there.
    """

    folder: Path
    mark: str

    def get(self, one: Candidate, stage: Stage) -> list[RunResult] | None:
        """Return the years of a trial on a stage, None if they are not all there."""
        try:
            mark, years = pickle.loads((self.folder / _name(one.number, stage)).read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError, ValueError, TypeError, AttributeError):
            return None
        found: list[RunResult] | None = years if mark == self._own(one, stage) else None
        return found

    def put(self, one: Candidate, stage: Stage, years: list[RunResult]) -> None:
        """Store the years of a trial on a stage: whole, or not at all.

        Raises
        ------
        StorageError
            If they cannot be written.
        """
        place = open_folder(self.folder)
        place.create(_FOLDER)
        place.put(_name(one.number, stage), pickle.dumps((self._own(one, stage), years)))

    def _own(self, one: Candidate, stage: Stage) -> tuple[Any, ...]:
        point = None if one.point is None else dict(one.point)
        return self.mark, stage, one.name, point


def _name(trial: int, stage: Stage) -> str:
    return f"{_FOLDER}/trial-{trial}-from-{stage.first}-to-{stage.last}.pickle"
