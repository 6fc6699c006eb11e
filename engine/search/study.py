"""The search itself: batches are asked and climb the rungs, several at once, to the budget's end.

Results are a function of the job alone. The batch that begins with trial n is asked from
exactly the trials numbered below n + `batch_count` - `window_count`, the whole batches of them,
and from nothing else, whatever has ended by then; so at most `window_count` trials are under
way, and the sampler sees those of them that were asked before as running. Promotions follow
from a batch and from the trials that it was asked from. The pilot alone is waited for. Workers
propose, beside simulating, each trial by a sampler made anew. A resumed search goes the same
way and simulates only the samples that the journal lacks.
"""

import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from engine.compute.pool import WorkerCall
from engine.errors import StorageError
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.climb import Climb, stages
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Ladder, Trial
from engine.search.problem import (
    Candidate,
    Evaluation,
    Executor,
    Point,
    Problem,
    Sample,
    SequentialExecutor,
    Stage,
)
from engine.search.samplers.finite import TriedPoints
from engine.search.samplers.proposals import (
    Proposal,
    finished_trials,
    propose_lane,
    running_trials,
)
from engine.spec.search import Search

OnTrial = Callable[[int, Sequence[Trial], Estimates], None]
"""Takes how many trials were simulated, those that are settled, and what is known of them."""

_TOP_ONLY: Final = "on_top_only"
"""Attribute of a trial that was proposed for the top rung."""


class _SampleStore(Protocol):
    """What outlives the process: the journal, or nothing at all."""

    def sample(self, key: tuple[int, Stage]) -> dict[str, Any] | None:
        """Return what was written of a candidate and stage."""

    def write(self, key: tuple[int, Stage], tree: dict[str, Any]) -> None:
        """Keep a sample."""

    def add(self, trial: FrozenTrial) -> None:
        """Keep a settled trial for others to read."""


class SearchStudy:
    """One search: a problem, an evaluator, a ladder, and the trials that are settled so far.

    Parameters
    ----------
    search
        Sampler, rungs, batches, window and budget.
    seed
        Names the sampler's streams.
    problem
        What is searched.
    evaluator
        Reads goals and constraints off samples.
    store
        Has the samples of an earlier process, and gets the others.
    executor
        Simulates the problem's candidates; none: one after another, here.
    """

    def __init__(
        self,
        search: Search,
        seed: int,
        problem: Problem,
        evaluator: ObjectiveEvaluator,
        store: _SampleStore,
        executor: Executor | None = None,
    ) -> None:
        self._search, self._seed, self._problem = search, seed, problem
        self.evaluator, self._store = evaluator, store
        self._executor = SequentialExecutor(problem) if executor is None else executor
        self._given = [
            Candidate(k, name, point, is_baseline=True)
            for k, (name, point) in enumerate(problem.baselines)
        ]
        self._tried = TriedPoints(problem.distributions)
        self.space_size = self._tried.size
        self.ladder = Ladder(search.rungs, evaluator, search.trusted_correlation)
        self.trials: list[Trial] = []
        self.replications: Counter[float] = Counter()
        self._found = Estimates.of([], self.ladder, evaluator)
        self._asked: list[Trial] = []
        self._asking = range(0)
        self._lanes: dict[int, Sequence[tuple[float, Proposal]]] = {}
        self._climbs: dict[int, Climb] = {}
        self._seen: set[int] = set()

    def start_from(self, points: Sequence[Point]) -> None:
        """Have points tried first, after what is given; to be called before anything runs."""
        first = len(self._given)
        self._given += [Candidate(k, f"trial-{k}", point) for k, point in enumerate(points, first)]

    @property
    def trials_count(self) -> int:
        """Return how many trials there are to be: no more than the space has points for."""
        most = self._search.trials_count
        if self.space_size is None:
            return most
        held = [one.point for one in self._given if one.point is not None]
        left = self.space_size - self._tried.distinct_count(held)
        return min(most, len(self._given) + left)

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Return the space, by the coordinate's name."""
        return self._problem.distributions

    @property
    def found(self) -> Estimates:
        """Return what is known of `trials`."""
        return self._found

    def run(self, on_trial: OnTrial) -> Estimates:
        """Go through all batches; return what is known of `trials` at the end."""
        for _ in self.steps(on_trial):
            pass
        return self._found

    def steps(self, on_trial: OnTrial) -> Iterator[Estimates]:
        """Go on batch by batch; yield what is known of `trials` after each that is settled."""
        to_ask = list(self._batches())
        to_settle = list(to_ask)
        while to_settle:
            while to_ask and self._may_ask(to_ask[0]):
                self._ask(to_ask.pop(0))
            batch = to_settle[0]
            if batch.start in self._climbs and self._climbs[batch.start].is_settled:
                self._settle(to_settle.pop(0))
                yield self._found
                continue
            done, found = self._executor.end()
            if isinstance(done, WorkerCall):
                self._take_lane(done, found)
            else:
                self._take(done, found)
                on_trial(len(self._seen), self.trials, self._found)

    def look_on_top(self, proposals: Sequence[tuple[float, Point]], on_trial: OnTrial) -> None:
        """Simulate further points on the top rung alone, and take them in as trials.

        Samples of an earlier process count where their points are the same.

        Parameters
        ----------
        proposals
            Seconds that each took to propose, and the point.
        on_trial
            Is called as in `run`.
        """
        first, top = len(self.trials), self.ladder.top
        ways = {top: stages(self._search.rungs, [top])[top]}
        trials = [
            Trial(Candidate(number, f"trial-{number}", point), {}, seconds, {_TOP_ONLY: True})
            for number, (seconds, point) in enumerate(proposals, first)
        ]
        self._asked += trials
        evaluations = {
            evaluation.key: evaluation
            for evaluation in (Evaluation(one.candidate, ways[top]) for one in trials)
        }
        shown: dict[tuple[int, Stage], Sample] = {}
        for key, evaluation in evaluations.items():
            tree = self._known_sample(evaluation)
            if tree is None:
                self._executor.begin(evaluation, (first,))
            else:
                shown[key] = Sample.from_tree(tree["sample"])
                self._count(evaluation, shown[key])
        while len(shown) < len(evaluations):
            done, sample = self._executor.end()
            if (
                isinstance(done, Evaluation) and done.key in evaluations
            ):  # else a batch went on without it
                self._store.write(done.key, _as_tree(self._asked[done.candidate.number], sample))
                shown[done.key] = sample
                self._count(done, sample)
                on_trial(len(self._seen), self.trials, self._found)
        self.trials += [
            one.with_sample(top, ways, shown[one.candidate.number, ways[top]]) for one in trials
        ]
        self._take_in(range(first, len(self.trials)))

    def propose(self, todo: WorkerCall) -> Any:
        """Have a worker do a call while nothing else is under way; return what it found."""
        self._executor.begin(todo, (-1.0,))
        while True:
            done, found = self._executor.end()
            if isinstance(done, WorkerCall):
                return found

    def _batches(self) -> Iterator[range]:
        """Yield the numbers of each batch: first the baselines, then what is asked."""
        first, last = len(self._given), self.trials_count
        size = self._search.batch_count
        if first:
            yield range(first)
        for start in range(first, last, size):
            yield range(start, min(start + size, last))

    def _known_count(self, batch: range) -> int:
        """Return how many trials a batch is asked from: the first ones, in whole batches."""
        first, size = len(self._given), self._search.batch_count
        pilot = 0 if self._is_pilot(batch) else first + size
        most = max(batch.start + size - self._search.window_count, pilot)
        return first + (most - first) // size * size if most >= first else 0

    def _is_pilot(self, batch: range) -> bool:
        """Return whether a batch visits every rung: the baselines, and the first one proposed."""
        return batch.stop <= len(self._given) + self._search.batch_count

    def _may_ask(self, batch: range) -> bool:
        """Return whether all is known that a batch is asked from."""
        return not self._asking and len(self.trials) >= self._known_count(batch)

    def _ask(self, batch: range) -> None:
        """Have a batch proposed, or take it as it is given or stored."""
        if batch.start < len(self._given):
            self._begin(batch, [Trial(candidate, {}) for candidate in self._given])
            return
        stored = self._stored(batch)
        if all(stored):
            both = zip(batch, stored, strict=True)
            self._begin(batch, [_remembered(number, tree) for number, tree in both if tree])
            return
        known, space = self.trials[: self._known_count(batch)], self._problem.distributions
        running = running_trials(self._asked[len(known) :], space)
        before = pickle.dumps([*self._frozen(known), *running])
        self._asking, self._lanes = batch, {}
        length = self._search.lane_count
        for start in range(batch.start, batch.stop, length):
            lane = range(start, min(start + length, batch.stop))
            args = (self._search, self._seed, space, before, lane, self.evaluator.directions)
            self._executor.begin(WorkerCall(start, propose_lane, args), (-1.0,))

    def _take_lane(self, call: WorkerCall, found: Sequence[tuple[float, Proposal]]) -> None:
        """Take proposals; begin the batch when all of them are there."""
        self._lanes[call.name] = found
        batch = self._asking
        if sum(map(len, self._lanes.values())) < len(batch):
            return
        asked = [one for start in sorted(self._lanes) for one in self._lanes[start]]
        trials = []
        for number, tree, (seconds, proposed) in zip(
            batch, self._stored(batch), asked, strict=True
        ):
            own = self._not_yet_tried(proposed)
            if tree is not None and tree["point"] != own.point:
                raise _of_other_versions(number)
            candidate = Candidate(number, f"trial-{number}", own.point)
            trials.append(Trial(candidate, {}, seconds, own.attributes))
        self._asking = range(0)
        self._begin(batch, trials)

    def _not_yet_tried(self, own: Proposal) -> Proposal:
        """Return a proposal; in a finite space another point for one that was asked before."""
        if self.space_size is None:
            return own
        point = self._tried.untried(own.point)
        self._tried.add(point)
        return own._replace(point=point)

    def _stored(self, batch: range) -> list[dict[str, Any] | None]:
        """Return what the store has of a batch's first evaluations."""
        visited = [0] if self._is_pilot(batch) else self.ladder.visited
        first = stages(self._search.rungs, visited)[visited[0]]
        found = [self._store.sample((number, first)) for number in batch]
        return [None if tree and _TOP_ONLY in tree["attributes"] else tree for tree in found]

    def _begin(self, batch: range, trials: Sequence[Trial]) -> None:
        """Begin the first evaluations of a batch."""
        self._asked += trials
        for one in trials:
            if one.candidate.point is not None:
                self._tried.add(one.candidate.point)
        known = self.trials[: self._known_count(batch)]
        reduction, is_pilot = self._search.reduction, self._is_pilot(batch)
        climb = Climb(trials, self.ladder, known, reduction, is_pilot=is_pilot)
        self._climbs[batch.start] = climb
        self._begin_evaluations(batch.start, climb.begin())

    def _begin_evaluations(self, start: int, evaluations: Sequence[Evaluation]) -> None:
        """Begin evaluations of a batch, or take from the store what is known of them."""
        for evaluation in evaluations:
            tree = self._known_sample(evaluation)
            if tree is None:  # the oldest batch first, and the longest evaluation of it
                self._executor.begin(evaluation, (start, -evaluation.stage.population_share))
            else:
                self._pass_on(evaluation, Sample.from_tree(tree["sample"]))

    def _known_sample(self, evaluation: Evaluation) -> dict[str, Any] | None:
        """Return what the store has of an evaluation, if it is of the same point."""
        tree, point = self._store.sample(evaluation.key), evaluation.candidate.point
        is_same = tree is not None and tree["point"] == (None if point is None else dict(point))
        return tree if is_same else None

    def _take(self, evaluation: Evaluation, sample: Sample) -> None:
        """Keep what an evaluation has shown, and begin what it leads to."""
        self._store.write(
            evaluation.key, _as_tree(self._asked[evaluation.candidate.number], sample)
        )
        self._pass_on(evaluation, sample)

    def _pass_on(self, evaluation: Evaluation, sample: Sample) -> None:
        number, first = evaluation.candidate.number, len(self._given)
        size = self._search.batch_count
        start = 0 if number < first else first + (number - first) // size * size
        self._count(evaluation, sample)
        if start in self._climbs:  # else it failed in the pilot, which went on without it
            self._begin_evaluations(start, self._climbs[start].take(evaluation, sample))

    def _count(self, evaluation: Evaluation, sample: Sample) -> None:
        """Count an evaluation among those that are done."""
        self._seen.add(evaluation.candidate.number)
        worlds = next((own.shape[0] for own in sample.values.values()), 1)
        runs = worlds * (evaluation.stage.last - evaluation.stage.first)
        self.replications[evaluation.stage.population_share] += runs

    def _settle(self, batch: range) -> None:
        """Take in a batch that is settled, and estimate all trials anew."""
        self.trials += self._climbs.pop(batch.start).trials
        if batch.stop <= len(self._given) + self._search.batch_count:
            threshold = self._search.trusted_correlation
            self.ladder = Ladder(self._search.rungs, self.evaluator, threshold, self.trials)
        self._take_in(batch)

    def _take_in(self, batch: range) -> None:
        """Estimate all trials anew, and store those of a batch that was settled."""
        self._found = Estimates.of(self.trials, self.ladder, self.evaluator)
        for trial in self._frozen(self.trials)[batch.start :]:
            self._store.add(trial)
            self._executor.feed()

    def _frozen(self, known: Sequence[Trial]) -> list[FrozenTrial]:
        """Return trials as a sampler sees them: by what is known from them alone."""
        found = self._found
        if len(known) < len(found.costs):
            found = Estimates.of(known, self.ladder, self.evaluator)
        return finished_trials(known, found, self.evaluator, self._problem.distributions)


def _as_tree(trial: Trial, sample: Sample) -> dict[str, Any]:
    """Return a sample with its proposal, which need not be made again on resuming."""
    point = trial.candidate.point
    return {
        "point": None if point is None else dict(point),
        "attributes": dict(trial.attributes),
        "sampler_s": trial.sampler_s,
        "sample": sample.as_tree(),
    }


def _remembered(number: int, tree: Mapping[str, Any]) -> Trial:
    candidate = Candidate(number, f"trial-{number}", tree["point"])
    return Trial(candidate, {}, tree["sampler_s"], tree["attributes"])


def _of_other_versions(number: int) -> StorageError:
    return StorageError(
        f"trial {number} of the journal has other levers than the search proposes now\n"
        "  allowed: a study that the same versions began\n"
        "  remedy:  take another output folder (hydra.run.dir=...)"
    )
