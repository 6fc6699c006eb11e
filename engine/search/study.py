"""The search itself: ask a batch, simulate it, tell it in order, until the budget is spent.

Results are a function of the job alone: batches have a configured size, are told in the
order of their numbers, and each trial's sampler is made anew. A resumed search loads the
whole batches of the journal, asks its last, partial batch again (the same state gives the
same proposals) and simulates only what the journal does not have.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from engine.compute import Pool
from engine.errors import StorageError
from engine.search.evaluate import Evaluation, Trials, evaluation
from engine.search.journal import Journal
from engine.search.judge import Judge
from engine.search.samplers import EVALUATION, make_sampler
from engine.search.space import PolicySpace
from engine.spec.policy import Policy
from engine.spec.study import OptimizeJob


@dataclass(frozen=True)
class Trial:
    """One policy that was tried. `point` is None for a baseline the space does not hold."""

    number: int
    policy: Policy
    is_baseline: bool
    point: dict[str, float] | None
    seen: Evaluation


class Search:
    """A study in memory, its journal, and who judges."""

    def __init__(
        self, job: OptimizeJob, space: PolicySpace, judge: Judge, journal: Journal
    ) -> None:
        self._job, self._space, self._judge, self._journal = job, space, judge, journal
        self._baselines = [
            policy.model_copy(update={"name": name}) for name, policy in job.baselines.items()
        ]
        self._study = optuna.create_study(directions=judge.directions)

    def run(self, pool: Pool, trials: Trials, on_trial: Callable[[Trial], None]) -> list[Trial]:
        """Return all trials, those of the journal included; `on_trial` hears of each."""
        done: list[Trial] = []

        def keep(trial: Trial) -> None:
            done.append(trial)
            on_trial(trial)

        known = self._journal.finished
        for batch in self._batches():
            if batch.stop <= len(known):
                for number in batch:
                    self._study.add_trial(known[number])
                    keep(self._read(known[number]))
            else:
                for trial in self._simulated(batch, pool, trials):
                    keep(trial)
        return done

    def _batches(self) -> Iterator[range]:
        """Yield the numbers of each batch: first the baselines, then what is asked."""
        first, last = len(self._baselines), self._job.search.trials_count
        size = self._job.search.batch_count
        if first:
            yield range(first)
        for start in range(first, last, size):
            yield range(start, min(start + size, last))

    def _simulated(self, batch: range, pool: Pool, trials: Trials) -> Iterator[Trial]:
        """Ask a batch, simulate what is not in the journal, and tell all of it in order."""
        asked = [self._ask(number) for number in batch]
        proposals = [self._proposal(trial.number, dict(trial.params)) for trial in asked]
        known = self._journal.finished[batch.start : batch.stop]
        todo = [(policy, number) for number, policy, _ in proposals[len(known) :]]
        outcomes = trials.outcomes(pool, todo)
        for k, (trial, (number, policy, point)) in enumerate(zip(asked, proposals, strict=True)):
            if k < len(known):
                _check_same(known[k], trial.params)
                seen = Evaluation.from_tree(known[k].user_attrs[EVALUATION])
                self._tell(trial, seen)
            else:
                seen = evaluation(next(outcomes), trials, self._judge.measures)
                self._journal.add(self._tell(trial, seen))
            yield Trial(number, policy, number < len(self._baselines), point, seen)

    def _ask(self, number: int) -> optuna.Trial:
        """Ask for trial `number`; a baseline is enqueued, or only numbered if not held."""
        self._study.sampler = make_sampler(
            self._job.search, self._job.seed, number, self._space.distributions, self._judge
        )
        if number >= len(self._baselines):
            return self._study.ask(self._space.distributions)
        point = self._space.point_of(self._baselines[number])
        if point is None:
            return self._study.ask()
        self._study.enqueue_trial(point)
        return self._study.ask(self._space.distributions)

    def _proposal(
        self, number: int, params: dict[str, float]
    ) -> tuple[int, Policy, dict[str, float] | None]:
        if number < len(self._baselines):
            return number, self._baselines[number], params or None
        return number, self._space.policy(params, f"trial-{number}"), params

    def _tell(self, trial: optuna.Trial, seen: Evaluation) -> FrozenTrial:
        """Tell the sampler; what failed or is no point of the space counts as failed there."""
        trial.set_user_attr(EVALUATION, seen.as_tree())
        if trial.number < len(self._baselines):
            trial.set_user_attr("baseline", self._baselines[trial.number].name)
        if seen.reason is not None or not trial.params:
            return self._study.tell(trial, state=TrialState.FAIL)
        for name, excess in self._judge.violations(seen.means).items():
            trial.set_constraint(name, excess)
        return self._study.tell(trial, self._judge.values(seen.means))

    def _read(self, trial: FrozenTrial) -> Trial:
        number, policy, point = self._proposal(trial.number, dict(trial.params))
        seen = Evaluation.from_tree(trial.user_attrs[EVALUATION])
        return Trial(number, policy, number < len(self._baselines), point, seen)


def _check_same(known: FrozenTrial, params: dict[str, float]) -> None:
    if known.params != params:
        raise StorageError(
            f"trial {known.number} of the journal has other levers than the search proposes now\n"
            "  allowed: a study that the same versions began\n"
            "  remedy:  take another output folder (hydra.run.dir=...)"
        )


def feasible(trials: Sequence[Trial], judge: Judge) -> list[Trial]:
    """Return the trials that did not fail and satisfy every constraint."""
    return [
        trial
        for trial in trials
        if trial.seen.reason is None and judge.total_violation(trial.seen.means) == 0
    ]
