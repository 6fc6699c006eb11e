"""A search that several drivers share: their journal, their finalists' years and their bench.

Each driver keeps its own folder whole, as if it were alone: samples and years that others found
are written there too. See `engine.search.checkpoint.meeting`.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, Final

import optuna
from optuna.trial import FrozenTrial

from engine.case import RunResult
from engine.compute.pool import WorkerCall
from engine.results.packed import pack_runs, unpack_runs
from engine.search.checkpoint.finalist_runs import FinalistRuns
from engine.search.checkpoint.journal import HASH, Journal, Key, identity_of
from engine.search.checkpoint.meeting import (
    Claimed,
    Meeting,
    dialect_address,
    engine_options,
    look_name,
    name_of,
    short_name,
    storage_errors,
)
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Candidate, Evaluation, Executor, Sample, Stage, Urgency

_POLL_S: Final = 0.5
"""Seconds between two looks at what others have done."""

Tree = dict[str, Any]


class SharedJournal(Journal):
    """The journal of a driver, beside the study that it shares with others.

    Parameters
    ----------
    folder, name, evaluator
        As of a journal.
    meeting
        Where the drivers meet.
    address
        Of the database in which Optuna's study is, for dashboards.
    """

    def __init__(
        self, folder: Path, name: str, evaluator: ObjectiveEvaluator, meeting: Meeting, address: str
    ) -> None:
        super().__init__(folder, name, evaluator)
        self._meeting, self._address = meeting, address
        for tree in meeting.trees():
            if tree.get("attributes") is not None and self.sample(_key_of(tree)) is None:
                super().write(_key_of(tree), _plain(tree))
        with storage_errors(address):
            self._common = _common_study(address, meeting.study, evaluator)
            if HASH not in self._common.user_attrs:
                self._common.set_metric_names([goal.measure for goal in evaluator.goals])
                self._common.set_user_attr(HASH, name)

    def write(self, key: Key, tree: Tree) -> None:
        """Append a sample, and tell the others how its point came about."""
        super().write(key, tree)
        look = name_of(key[0], key[1], tree["point"])
        self._meeting.amend(look, {"trial": key[0], "stage": list(key[1]), **tree})

    def add(self, trial: FrozenTrial) -> None:
        """Append a settled trial to both studies, to the common one only once."""
        super().add(trial)
        look = short_name(identity_of(trial))
        claimed = self._meeting.claim(look)
        if claimed not in {Claimed.OURS, Claimed.INHERITED}:
            return
        with storage_errors(self._address):
            found = self._common.get_trials(deepcopy=False) if claimed is Claimed.INHERITED else []
            if identity_of(trial) not in map(identity_of, found):
                self._common.add_trial(trial)
        self._meeting.finish(look, {"attributes": None})


@dataclass(frozen=True)
class SharedFinalistRuns(FinalistRuns):
    """Years of finalists in the folder of a driver, which are found with the others too."""

    meeting: Meeting

    def get(self, one: Candidate, stage: Stage) -> list[RunResult] | None:
        """Return the years of a trial on a stage, None if nobody has them all."""
        own = super().get(one, stage)
        if own is not None:
            return own
        data = self.meeting.years(look_name(one, stage))
        years = None if data is None else unpack_runs(data, self._own(one, stage))
        if years is not None:
            super().put(one, stage, years)
        return years

    def packed(self, one: Candidate, stage: Stage) -> bytes | None:
        """Return the years for others, None if there are none."""
        years = super().get(one, stage)
        return None if years is None else pack_runs(self._own(one, stage), years)


class SharedBench:
    """A bench that leaves to other drivers what they have claimed, and takes what they found.

    A look is claimed when workers are about to be free, the most urgent first, so that drivers
    divide the looks as fast as each of them works.

    Parameters
    ----------
    bench
        Simulates here.
    meeting
        Where the drivers meet.
    kept
        Has the years of finalists.
    workers_count
        Tells how many years are simulated here at once.
    worlds_count
        Of a look without a number of its own.
    """

    def __init__(
        self,
        bench: Executor,
        meeting: Meeting,
        kept: SharedFinalistRuns,
        workers_count: Callable[[], int],
        worlds_count: int,
    ) -> None:
        self._bench, self._meeting, self._kept = bench, meeting, kept
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
        name, point = look_name(*done), done.candidate.point
        years = self._kept.packed(*done) if done.stage.is_fresh else None
        tree = {
            "trial": done.candidate.number,
            "stage": list(done.stage),
            "point": None if point is None else dict(point),
            "attributes": None,
            "sample": found.as_tree(),
        }
        self._meeting.finish(name, tree, years)
        return done, found

    def _hand_out(self) -> None:
        """Claim what waits, as long as workers will be free."""
        while self._waiting and self._has_room():
            urgency, _, look = heappop(self._waiting)
            name = look_name(*look)
            claimed = self._meeting.claim(name)
            if claimed is Claimed.ELSEWHERE:
                self._elsewhere[name] = urgency, look
            elif claimed is Claimed.DONE:
                self._take(name, urgency, look)
            else:
                self._begin_here(look, urgency)

    def _take(self, name: str, urgency: Urgency, look: Evaluation) -> None:
        """Take what another driver found; a finalist's years are read by way of the bench."""
        tree = self._meeting.tree(name)
        assert tree is not None
        sample = Sample.from_tree(tree["sample"])
        self.taken_count += 1
        if look.stage.is_fresh and sample.reason is None:
            self._begin_here(look, urgency)
        else:
            self._ready.append((look, sample))

    def _begin_here(self, look: Evaluation, urgency: Urgency) -> None:
        self._here[look.key] = self._years_of(look)
        self._bench.begin(look, urgency)

    def _has_room(self) -> bool:
        return len(self._here) < 2 or sum(self._here.values()) < 2 * self._workers_count()

    def _years_of(self, look: Evaluation) -> int:
        worlds = look.stage.worlds_count or self._worlds_count
        return worlds * (look.stage.last - look.stage.first)

    def _look_elsewhere(self) -> None:
        """Put back what others have finished or left; claiming tells which."""
        now = time.monotonic()
        if not self._elsewhere or now - self._looked < _POLL_S:
            return
        self._looked = now
        for name in self._meeting.ended(self._elsewhere):
            urgency, look = self._elsewhere.pop(name)
            self._wait_for(look, urgency)

    def _wait_for(self, look: Evaluation, urgency: Urgency) -> None:
        self._count += 1
        heappush(self._waiting, (urgency, self._count, look))


def _common_study(address: str, study: str, evaluator: ObjectiveEvaluator) -> optuna.Study:
    """Open the study in the database; drivers that come at once may get in each other's way."""
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import DBAPIError

    for left in reversed(range(5)):
        try:
            storage = RDBStorage(dialect_address(address), engine_kwargs=engine_options(address))
            return optuna.create_study(
                storage=storage,
                study_name=study,
                directions=evaluator.directions,
                load_if_exists=True,
            )
        except (DBAPIError, optuna.exceptions.StorageInternalError):
            if not left:
                raise
            time.sleep(0.3)
    raise AssertionError


def _key_of(tree: Mapping[str, Any]) -> Key:
    return tree["trial"], Stage(*tree["stage"])


def _plain(tree: Mapping[str, Any]) -> Tree:
    return {name: own for name, own in tree.items() if name not in {"trial", "stage"}}
