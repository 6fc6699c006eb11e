"""What an interrupted search resumes from: every sample, and the study for the dashboard.

The search is a function of its samples, so a resumed one is the same search that finds
samples instead of simulating them. `samples.jsonl` has a line for each candidate and
stage, written when it is known: a kill loses none, a crash of the machine the last seconds'.
`study.journal` gets every trial whole, in one line, when
its batch is settled: Optuna's own format, for `optuna-dashboard` to read along. The search
itself never reads a value from it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial

from engine.errors import InputError, StorageError
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Stage

FILE: Final = "study.journal"
_SAMPLES: Final = "samples.jsonl"
_STUDY: Final = "policies"
HASH: Final = "job_hash"
_LOCK_S: Final = 3
"""Seconds after which the lock of a killed process is broken."""

_Tree = dict[str, Any]
Key = tuple[int, Stage]


def read_optuna_study(folder: Path) -> optuna.Study:
    """Return the study in a folder, to be read.

    Raises
    ------
    StorageError
        If the file cannot be read, or holds no search.
    """
    path = folder / FILE
    with _storage_errors(path):
        lock = JournalFileOpenLock(str(path), grace_period=_LOCK_S)
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
        try:
            return optuna.load_study(study_name=_STUDY, storage=storage)
        except KeyError:
            raise StorageError(
                f"{path}: holds no search\n"
                "  allowed: what experiments.optimize wrote\n"
                "  remedy:  give the output folder of another search"
            ) from None


class Journal:
    """The samples and the settled trials in one folder.

    Parameters
    ----------
    folder
        Is made if it is not there.
    name
        Of the job, by all that the trials' results depend on.
    evaluator
        Names the goals and their directions.

    Raises
    ------
    InputError
        If the folder holds the study of another job.
    StorageError
        If a file cannot be read or written.
    """

    def __init__(self, folder: Path, name: str, evaluator: ObjectiveEvaluator) -> None:
        self._path, self._samples = folder / FILE, folder / _SAMPLES
        with _storage_errors(self._path):
            folder.mkdir(parents=True, exist_ok=True)
            _drop_torn_line(self._path)
            lock = JournalFileOpenLock(str(self._path), grace_period=_LOCK_S)
            self._study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(self._path), lock_obj=lock)),
                study_name=_STUDY,
                directions=evaluator.directions,
                load_if_exists=True,
            )
            self._claim(name, [goal.measure for goal in evaluator.goals])
            self._settled = set(map(self.identity_of, self._study.get_trials(deepcopy=False)))
        with _storage_errors(self._samples):
            _drop_torn_line(self._samples)
            self._known = dict(self._read(name))

    def sample(self, key: Key) -> _Tree | None:
        """Return what was written of a candidate and stage; None if nothing was."""
        return self._known.get(key)

    def write(self, key: Key, tree: _Tree) -> None:
        """Append a sample, whole or not at all."""
        self._known[key] = tree
        with _storage_errors(self._samples):
            self._append({"trial": key[0], "stage": list(key[1]), **tree})

    def add(self, trial: FrozenTrial) -> None:
        """Append a settled trial to the study, unless it is there."""
        if self.identity_of(trial) not in self._settled:
            self._settled.add(self.identity_of(trial))
            with _storage_errors(self._path):
                self._study.add_trial(trial)

    @staticmethod
    def identity_of(trial: FrozenTrial) -> str:
        """Name a trial by its number and its point: a search that grows may number others alike."""
        return json.dumps([trial.user_attrs.get("name"), trial.params])

    def _append(self, tree: Mapping[str, Any]) -> None:
        with self._samples.open("a", encoding="utf-8") as file:
            file.write(json.dumps(tree) + "\n")

    def _read(self, name: str) -> Iterator[tuple[Key, _Tree]]:
        if not self._samples.exists() or not self._samples.stat().st_size:
            self._append({HASH: name})
            return
        with self._samples.open(encoding="utf-8") as file:
            if json.loads(next(file)).get(HASH) != name:
                raise _belongs_to_another(self._samples)
            for line in file:
                tree = json.loads(line)
                yield (tree.pop("trial"), Stage(*tree.pop("stage"))), tree

    def _claim(self, name: str, goals: list[str]) -> None:
        found = self._study.user_attrs.get(HASH)
        if found is None:
            self._study.set_metric_names(goals)
            self._study.set_user_attr(HASH, name)
        elif found != name:
            raise _belongs_to_another(self._path)


def _belongs_to_another(path: Path) -> InputError:
    return InputError(
        str(path),
        "holds the trials of another configuration, or of another version of the engine",
        "the same job; only ray, threads, search.trials_count, search.finalists_count, "
        "search.first_replications, search.final_replications and "
        "objective.feasible_probability may differ",
        "take another output folder (hydra.run.dir=...), or go back to the first job",
    )


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path}: {error.strerror or error}\n"
            "  allowed: a local folder that can be written, with room on the disk\n"
            "  remedy:  take another output folder (hydra.run.dir=...)"
        ) from None
    except (ValueError, LookupError, AttributeError, TypeError, AssertionError, RuntimeError):
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
