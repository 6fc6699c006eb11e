"""What a search goes on from, in its folder alone or shared with other drivers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.search.checkpoint.finalist_runs import FinalistRuns
from engine.search.checkpoint.journal import Journal
from engine.search.checkpoint.meeting import Meeting
from engine.search.checkpoint.shared import SharedBench, SharedFinalistRuns, SharedJournal
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Executor


@dataclass(frozen=True)
class Checkpoint:
    """The samples, and the finalists' years; where drivers meet, if they do."""

    journal: Journal
    runs: FinalistRuns
    meeting: Meeting | None = None

    def bench(self, own: Executor, workers_count: Callable[[], int], worlds_count: int) -> Executor:
        """Return a bench that leaves to other drivers what is theirs.

        Parameters
        ----------
        own
            Simulates here.
        workers_count, worlds_count
            See `SharedBench`.
        """
        if self.meeting is None:
            return own
        assert isinstance(self.runs, SharedFinalistRuns)
        return SharedBench(own, self.meeting, self.runs, workers_count, worlds_count)


@contextmanager
def open_checkpoint(
    folder: Path, name: str, evaluator: ObjectiveEvaluator, storage: str | None
) -> Iterator[Checkpoint]:
    """Open what is in a folder, and the study that drivers share.

    Parameters
    ----------
    folder
        Is made if it is not there.
    name
        Of the job: see `job_hash`.
    evaluator
        Names the goals and their directions.
    storage
        Address of the database where drivers meet; none: this one is alone.

    Raises
    ------
    InputError
        If the folder holds the study of another job.
    StorageError
        If a file or the database cannot be read or written.
    """
    if storage is None:
        yield Checkpoint(Journal(folder, name, evaluator), FinalistRuns(folder, name))
        return
    meeting = Meeting(storage, f"policies-{name}")
    try:
        journal = SharedJournal(folder, name, evaluator, meeting, storage)
        yield Checkpoint(journal, SharedFinalistRuns(folder, name, meeting), meeting)
    finally:
        meeting.close()
