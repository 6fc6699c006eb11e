"""What survives a kill: the finished trials of a study, in Optuna's journal file.

The driver decides everything from a study in memory, which is a function of the finished
trials. The journal gets every trial whole, in one line, when it has finished: there are
no half-written trials to mend, and `optuna-dashboard` can read along.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial

from engine.cache import cache_folder
from engine.errors import InputError, StorageError
from engine.search.judge import Judge
from engine.spec.study import OptimizeJob

FILE: Final = "study.journal"
STUDY: Final = "policies"
_HASH: Final = "job_hash"
_LOCK_S: Final = 3
"""Seconds after which the lock of a killed process is broken."""


def job_hash(job: OptimizeJob) -> str:
    """Return a name of all that the trials' results depend on.

    Left out is what does not change a trial: where it runs, how many follow it, and what
    comes after the search. So a finished study can be extended.
    """
    parts = [job.identity(), optuna.__version__, cache_folder().name]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def read_study(folder: Path) -> optuna.Study:
    """Return the study in a folder, to be read.

    Raises
    ------
    StorageError
        If the file cannot be read, or holds no search.
    """
    path = folder / FILE
    with _told(path):
        lock = JournalFileOpenLock(str(path), grace_period=_LOCK_S)
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
        try:
            return optuna.load_study(study_name=STUDY, storage=storage)
        except KeyError:
            raise StorageError(
                f"{path}: holds no search\n"
                "  allowed: what experiments.optimize wrote\n"
                "  remedy:  give the output folder of another search"
            ) from None


class Journal:
    """The finished trials in one folder.

    Raises
    ------
    InputError
        If the folder holds the study of another job.
    StorageError
        If the file cannot be read or written.
    """

    def __init__(self, folder: Path, job: OptimizeJob, judge: Judge) -> None:
        path = folder / FILE
        with _told(path):
            folder.mkdir(parents=True, exist_ok=True)
            _drop_torn_line(path)
            lock = JournalFileOpenLock(str(path), grace_period=_LOCK_S)
            self._study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(path), lock_obj=lock)),
                study_name=STUDY,
                directions=judge.directions,
                load_if_exists=True,
            )
            self._path = path
            self._claim(job_hash(job), [goal.measure for goal in judge.goals])
            self.finished: list[FrozenTrial] = self._study.get_trials(deepcopy=False)

    def add(self, trial: FrozenTrial) -> None:
        """Append a finished trial."""
        with _told(self._path):
            self._study.add_trial(trial)

    def _claim(self, name: str, goals: list[str]) -> None:
        found = self._study.user_attrs.get(_HASH)
        if found is None:
            self._study.set_metric_names(goals)
            self._study.set_user_attr(_HASH, name)
        elif found != name:
            raise InputError(
                str(self._path),
                "holds the trials of another configuration, or of another version of the engine",
                "the same job; only ray, threads, search.trials_count, search.finalists_count and "
                "search.final_replications may differ",
                "take another output folder (hydra.run.dir=...), or go back to the first job",
            )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path}: {error.strerror or error}\n"
            "  allowed: a local folder that can be written, with room on the disk\n"
            "  remedy:  take another output folder (hydra.run.dir=...)"
        ) from None
    except json.JSONDecodeError:
        raise StorageError(
            f"{path}: is damaged\n"
            "  allowed: what this command wrote, unchanged\n"
            "  remedy:  take another output folder (hydra.run.dir=...), or remove the file"
        ) from None


def _drop_torn_line(path: Path) -> None:
    """Cut off a last line that a crash left without its end: it would spoil the next."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
