"""What a search goes on from, in its folder alone or shared with other drivers.

Each driver keeps its own folder whole, as if it were alone: samples and runs that others found
are written there too. What drivers share are their journal, their finalists' runs and their
bench: see `engine.search.checkpoint.shared_study`.
"""

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, Final

from optuna.trial import FrozenTrial

from engine.case import RunResult
from engine.compute.pool import WorkerCall
from engine.results.packed import pack_runs, unpack_runs
from engine.search.checkpoint.finalist_runs import FinalistRuns
from engine.search.checkpoint.journal import HASH, Journal, Key
from engine.search.checkpoint.shared_study import SharedStudy
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Candidate, Evaluation, Executor, Sample, Stage, Urgency

_POLL_S: Final = 0.5
"""Seconds between two looks at what others have done."""

_Tree = dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """The samples, and the finalists' runs; the study that drivers share, if they do."""

    journal: Journal
    runs: FinalistRuns
    shared: SharedStudy | None = None

    @classmethod
    @contextmanager
    def opened(
        cls, folder: Path, name: str, evaluator: ObjectiveEvaluator, storage: str | None
    ) -> "Iterator[Checkpoint]":
        """Open what is in a folder, and the study that drivers share.

        Parameters
        ----------
        folder
            Is made if it is not there.
        name
            Of the job, by all that the trials' results depend on.
        evaluator
            Names the goals and their directions.
        storage
            Address of the database that drivers share; none: this one is alone.

        Raises
        ------
        InputError
            If the folder holds the study of another job.
        StorageError
            If a file or the database cannot be read or written.
        """
        if storage is None:
            yield cls(Journal(folder, name, evaluator), FinalistRuns(folder, name))
            return
        shared = SharedStudy(storage, f"policies-{name}")
        try:
            journal = _SharedJournal(folder, name, evaluator, shared)
            yield cls(journal, _SharedFinalistRuns(folder, name, shared), shared)
        finally:
            shared.close()

    def bench(self, own: Executor, workers_count: Callable[[], int], worlds_count: int) -> Executor:
        """Return a bench that leaves to other drivers what is theirs.

        Parameters
        ----------
        own
            Simulates here.
        workers_count, worlds_count
            See `_SharedBench`.
        """
        if self.shared is None:
            return own
        assert isinstance(self.runs, _SharedFinalistRuns)
        return _SharedBench(own, self.shared, self.runs, workers_count, worlds_count)


class _SharedJournal(Journal):
    """The journal of a driver, beside the study that it shares with others.

    Parameters
    ----------
    folder, name, evaluator
        As of a journal.
    shared
        What the drivers share; its database has Optuna's study too, for dashboards.
    """

    def __init__(
        self, folder: Path, name: str, evaluator: ObjectiveEvaluator, shared: SharedStudy
    ) -> None:
        super().__init__(folder, name, evaluator)
        self._shared = shared
        for tree in shared.trees():
            if tree.get("attributes") is not None and self.sample(_key_of(tree)) is None:
                super().write(_key_of(tree), _plain(tree))
        with shared.errors():
            self._common = shared.optuna_study(evaluator.directions)
            if HASH not in self._common.user_attrs:
                self._common.set_metric_names([goal.measure for goal in evaluator.goals])
                self._common.set_user_attr(HASH, name)

    def write(self, key: Key, tree: _Tree) -> None:
        """Append a sample, and tell the others how its point came about."""
        super().write(key, tree)
        look = _name_of(key[0], key[1], tree["point"])
        self._shared.amend(look, {"trial": key[0], "stage": list(key[1]), **tree})

    def add(self, trial: FrozenTrial) -> None:
        """Append a settled trial to both studies, to the common one only once."""
        super().add(trial)
        look = _digest(self.identity_of(trial))
        claimed = self._shared.claim(look)
        if claimed not in {"ours", "inherited"}:
            return
        with self._shared.errors():
            found = self._common.get_trials(deepcopy=False) if claimed == "inherited" else []
            if self.identity_of(trial) not in map(self.identity_of, found):
                self._common.add_trial(trial)
        self._shared.finish(look, {"attributes": None})


@dataclass(frozen=True)
class _SharedFinalistRuns(FinalistRuns):
    """Runs of finalists in the folder of a driver, which are found with the others too."""

    shared: SharedStudy

    def get(self, one: Candidate, stage: Stage) -> list[RunResult] | None:
        """Return the runs of a trial on a stage, None if nobody has them all."""
        own = super().get(one, stage)
        if own is not None:
            return own
        data = self.shared.results(_look_name(one, stage))
        results = None if data is None else unpack_runs(data, self._own(one, stage))
        if results is not None:
            super().put(one, stage, results)
        return results

    def packed(self, one: Candidate, stage: Stage) -> bytes | None:
        """Return the runs for others, None if there are none."""
        results = super().get(one, stage)
        return None if results is None else pack_runs(self._own(one, stage), results)


class _SharedBench:
    """A bench that leaves to other drivers what they have claimed, and takes what they found.

    A look is claimed when workers are about to be free, the most urgent first, so that drivers
    divide the looks as fast as each of them works.

    Parameters
    ----------
    bench
        Simulates here.
    shared
        What the drivers share.
    kept
        Has the runs of finalists.
    workers_count
        Tells how many runs are simulated here at once.
    worlds_count
        Of a look without a number of its own.
    """

    def __init__(
        self,
        bench: Executor,
        shared: SharedStudy,
        kept: _SharedFinalistRuns,
        workers_count: Callable[[], int],
        worlds_count: int,
    ) -> None:
        self._bench, self._shared, self._kept = bench, shared, kept
        self._workers_count, self._worlds_count = workers_count, worlds_count
        self._waiting: list[tuple[Urgency, int, Evaluation]] = []
        self._here: dict[tuple[int, Stage], int] = {}
        self._errands = self._count = 0
        self._elsewhere: dict[str, tuple[Urgency, Evaluation]] = {}
        self._ready: deque[tuple[Evaluation, Sample]] = deque()
        self._looked = 0.0
        self.taken_count = 0

    def begin(self, todo: Evaluation | WorkerCall, urgency: Urgency) -> None:
        """Do an errand here; put a look among those that wait."""
        if isinstance(todo, WorkerCall):
            self._errands += 1
            self._bench.begin(todo, urgency)
            return
        self._wait_for(todo, urgency)
        self._hand_out()

    def end(self) -> tuple[Evaluation | WorkerCall, Any]:
        """Wait until something has ended, here or elsewhere."""
        while True:
            self._look_elsewhere()
            self._hand_out()
            if self._ready:
                return self._ready.popleft()
            if self._here or self._errands:
                return self._ended_here()
            time.sleep(_POLL_S)

    def feed(self) -> None:
        """Keep idle workers busy."""
        self._bench.feed()

    def _ended_here(self) -> tuple[Evaluation | WorkerCall, Any]:
        done, found = self._bench.end()
        if isinstance(done, WorkerCall):
            self._errands -= 1
            return done, found
        self._here.pop(done.key, None)
        name, point = _look_name(*done), done.candidate.point
        results = self._kept.packed(*done) if done.stage.is_fresh else None
        tree = {
            "trial": done.candidate.number,
            "stage": list(done.stage),
            "point": None if point is None else dict(point),
            "attributes": None,
            "sample": found.as_tree(),
        }
        self._shared.finish(name, tree, results)
        return done, found

    def _hand_out(self) -> None:
        """Claim what waits, as long as workers will be free."""
        while self._waiting and self._has_room():
            urgency, _, look = heappop(self._waiting)
            name = _look_name(*look)
            claimed = self._shared.claim(name)
            if claimed == "elsewhere":
                self._elsewhere[name] = urgency, look
            elif claimed == "done":
                self._take(name, urgency, look)
            else:
                self._begin_here(look, urgency)

    def _take(self, name: str, urgency: Urgency, look: Evaluation) -> None:
        """Take what another driver found; a finalist's runs are read by way of the bench."""
        tree = self._shared.tree(name)
        assert tree is not None
        sample = Sample.from_tree(tree["sample"])
        self.taken_count += 1
        if look.stage.is_fresh and sample.reason is None:
            self._begin_here(look, urgency)
        else:
            self._ready.append((look, sample))

    def _begin_here(self, look: Evaluation, urgency: Urgency) -> None:
        self._here[look.key] = self._runs_of(look)
        self._bench.begin(look, urgency)

    def _has_room(self) -> bool:
        return len(self._here) < 2 or sum(self._here.values()) < 2 * self._workers_count()

    def _runs_of(self, look: Evaluation) -> int:
        worlds = look.stage.worlds_count or self._worlds_count
        return worlds * (look.stage.last - look.stage.first)

    def _look_elsewhere(self) -> None:
        """Put back what others have finished or left; claiming tells which."""
        now = time.monotonic()
        if not self._elsewhere or now - self._looked < _POLL_S:
            return
        self._looked = now
        for name in self._shared.ended(self._elsewhere):
            urgency, look = self._elsewhere.pop(name)
            self._wait_for(look, urgency)

    def _wait_for(self, look: Evaluation, urgency: Urgency) -> None:
        self._count += 1
        heappush(self._waiting, (urgency, self._count, look))


def _key_of(tree: Mapping[str, Any]) -> Key:
    return tree["trial"], Stage(*tree["stage"])


def _plain(tree: Mapping[str, Any]) -> _Tree:
    return {name: own for name, own in tree.items() if name not in {"trial", "stage"}}


def _look_name(candidate: Candidate, stage: Stage) -> str:
    """Name a look among those of its study: what is tried, and on which runs."""
    return _name_of(candidate.number, stage, candidate.point)


def _name_of(number: int, stage: Stage, point: Mapping[str, float] | None) -> str:
    """Name a look; see `_look_name`."""
    own = None if point is None else dict(point)
    return _digest(json.dumps([number, list(stage), own], sort_keys=True))


def _digest(parts: str) -> str:
    """Name something by what it is made of: 32 hexadecimal digits."""
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
