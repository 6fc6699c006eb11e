"""The search itself: ask a batch, simulate it rung by rung, until the budget is spent.

Results are a function of the job alone: batches have a configured size, each trial's
sampler is made anew from the settled trials, and promotions follow from the samples. A
resumed search goes the same way and simulates only the samples that the journal lacks.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from optuna.trial import FrozenTrial

from engine.errors import StorageError
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Ladder, Trial
from engine.search.fidelity.promotion import promote, promotion_count
from engine.search.problem import Candidate, Problem, Sample, Stage
from engine.search.samplers.proposals import finished_trials, propose_batch
from engine.spec.jobs import Search

OnTrial = Callable[[int, Sequence[Trial], Estimates], None]
"""Takes how many trials were simulated, those that are settled, and what is known of them."""


class _SampleStore(Protocol):
    """What outlives the process: the journal, or nothing at all."""

    def sample(self, key: tuple[int, Stage]) -> dict[str, Any] | None:
        """Return what was written of a candidate and stage."""

    def write(self, key: tuple[int, Stage], tree: dict[str, Any]) -> None:
        """Keep a sample."""

    def add(self, trial: FrozenTrial, number: int) -> None:
        """Keep a settled trial for others to read."""


class SearchStudy:
    """One search: a problem, an evaluator, a ladder, and the trials that are settled so far.

    Parameters
    ----------
    search
        Sampler, rungs, batches and budget.
    seed
        Names the sampler's streams.
    problem
        What is searched.
    evaluator
        Reads goals and constraints off samples.
    store
        Has the samples of an earlier process, and gets the others.
    """

    def __init__(
        self,
        search: Search,
        seed: int,
        problem: Problem,
        evaluator: ObjectiveEvaluator,
        store: _SampleStore,
    ) -> None:
        self._search, self._seed, self._problem = search, seed, problem
        self._evaluator, self._store = evaluator, store
        self._given = [
            Candidate(k, name, point, is_baseline=True)
            for k, (name, point) in enumerate(problem.baselines)
        ]
        self.ladder = Ladder(search.rungs, evaluator, search.trusted_correlation)
        self.trials: list[Trial] = []
        self._found = Estimates.of([], self.ladder, evaluator)
        self._finished: list[FrozenTrial] = []

    def run(self, on_trial: OnTrial) -> Estimates:
        """Go through all batches; return what is known of `trials` at the end."""
        for _ in self.steps(on_trial):
            pass
        return self._found

    def steps(self, on_trial: OnTrial) -> Iterator[Estimates]:
        """Go on batch by batch; yield what is known of `trials` after each."""
        for batch in self._batches():
            is_pilot = self._is_pilot(batch)
            self.trials += self._through_rungs(self._proposed(batch), on_trial, is_pilot=is_pilot)
            if is_pilot:
                threshold = self._search.trusted_correlation
                self.ladder = Ladder(self._search.rungs, self._evaluator, threshold, self.trials)
            self._settle(batch)
            yield self._found

    def _batches(self) -> Iterator[range]:
        """Yield the numbers of each batch: first the baselines, then what is asked."""
        first, last = len(self._given), self._search.trials_count
        size = self._search.batch_count
        if first:
            yield range(first)
        for start in range(first, last, size):
            yield range(start, min(start + size, last))

    def _settle(self, batch: range) -> None:
        """Estimate all trials anew, and keep those of the batch."""
        self._found = Estimates.of(self.trials, self.ladder, self._evaluator)
        self._finished = finished_trials(
            self.trials, self._found, self._evaluator, self._problem.distributions
        )
        for number in batch:
            self._store.add(self._finished[number], number)

    def _proposed(self, batch: range) -> list[Trial]:
        """Return the trials of a batch, not yet simulated: as stored, or as newly proposed."""
        if batch.start < len(self._given):
            return [Trial(candidate, {}) for candidate in self._given]
        first = self._stage(0 if self._is_pilot(batch) else self.ladder.visited[0], None)
        known = [self._store.sample((number, first)) for number in batch]
        if all(known):
            return [_remembered(k, tree) for k, tree in zip(batch, known, strict=True) if tree]
        start = time.perf_counter()
        space, directions = self._problem.distributions, self._evaluator.directions
        asked = propose_batch(self._search, self._seed, space, self._finished, batch, directions)
        own = (time.perf_counter() - start) / len(batch)
        for number, tree, proposal in zip(batch, known, asked, strict=True):
            if tree is not None and tree["point"] != proposal.point:
                raise _of_other_versions(number)
        return [
            Trial(
                Candidate(number, f"trial-{number}", proposal.point), {}, own, proposal.attributes
            )
            for number, proposal in zip(batch, asked, strict=True)
        ]

    def _is_pilot(self, batch: range) -> bool:
        """Return whether a batch visits every rung: the baselines, and the first one proposed."""
        return batch.stop <= len(self._given) + self._search.batch_count

    def _through_rungs(
        self, batch: Sequence[Trial], on_trial: OnTrial, *, is_pilot: bool
    ) -> list[Trial]:
        """Take a batch up its rungs; return it with what they have shown."""
        found = {trial.candidate.number: trial for trial in batch}
        rungs = range(self.ladder.top + 1) if is_pilot else self.ladder.visited
        alive, below = list(found), None
        for rung in rungs:
            looks = [found[number] for number in alive]
            for done, trial in enumerate(self._evaluated(looks, rung, below), len(self.trials) + 1):
                found[trial.candidate.number] = trial
                if below is None:
                    on_trial(done, self.trials, self._found)
            alive = [number for number in alive if found[number].reason is None]
            if not is_pilot and rung != self.ladder.top and alive:
                alive = self._promoted([found[number] for number in alive], rung, len(looks))
            below = rung
        return list(found.values())

    def _promoted(self, alive: Sequence[Trial], rung: int, looked_at: int) -> list[int]:
        """Return the numbers of those that go up from a rung, of so many that were there."""
        rivals = [t for t in self.trials if rung in t.samples and t.reason is None]
        scores = self.ladder.paired_scores([*rivals, *alive], rung)
        places = range(len(rivals), len(rivals) + len(alive))
        count = promotion_count(looked_at, self._search.reduction)
        chosen = promote(scores, places, count, self.ladder.trust(rung))
        return [alive[place - len(rivals)].candidate.number for place in chosen]

    def _evaluated(self, trials: Sequence[Trial], rung: int, below: int | None) -> Iterator[Trial]:
        """Yield the trials with a sample on the rung, simulating what is not remembered."""
        stage = self._stage(rung, below)
        known = [self._store.sample((trial.candidate.number, stage)) for trial in trials]
        todo = [t.candidate for t, tree in zip(trials, known, strict=True) if tree is None]
        fresh = self._problem.evaluate(todo, stage) if todo else iter(())
        for trial, tree in zip(trials, known, strict=True):
            if tree is None:
                sample = next(fresh)
                self._store.write((trial.candidate.number, stage), _as_tree(trial, sample))
            else:
                sample = Sample.from_tree(tree["sample"])
            spent = trial.sessions_count + sample.sessions_count, trial.wall_s + sample.wall_s
            if stage.first and below is not None:
                sample = trial.samples[below].joined(sample)
            samples = {**trial.samples, rung: sample}
            yield replace(trial, samples=samples, sessions_count=spent[0], wall_s=spent[1])

    def _stage(self, rung: int, below: int | None) -> Stage:
        """Return what is asked for on a rung: only what the one below has not shown."""
        own = self._search.rungs[rung]
        first = 0
        if below is not None:
            under = self._search.rungs[below]
            first = under.replications * (under.population_share == own.population_share)
        return Stage(False, own.population_share, first, own.replications)


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
