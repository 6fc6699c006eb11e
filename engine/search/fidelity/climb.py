"""A batch on its way up the rungs: which evaluations it needs, and who of it goes on.

Those of a batch that are promoted from a rung are chosen when all of it has been seen there,
from what it has shown and from its rivals: the trials that were known when the batch was
asked. Nothing depends on the order in which evaluations end, nor on what other batches do
meanwhile.
A pilot visits every rung whatever it shows, and needs all evaluations at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.search.fidelity.ladder import Ladder, Trial
from engine.search.fidelity.promotion import promote, promotion_count
from engine.search.problem import Evaluation, Sample, Stage
from engine.spec.search import Rung


def stages(rungs: Sequence[Rung], visited: Sequence[int]) -> dict[int, Stage]:
    """Return what is asked for on each visited rung: only what the one below has not shown.

    Parameters
    ----------
    rungs
        All rungs.
    visited
        Those that are visited, from the cheapest up.
    """
    found, below = {}, None
    for rung in visited:
        own, first = rungs[rung], 0
        if below is not None and _looks_alike(below, own):
            first = below.replications
        found[rung] = Stage(
            is_fresh=False,
            population_share=own.population_share,
            first=first,
            last=own.replications,
            worlds_count=own.worlds_count,
            anchors_share=own.anchors_share,
        )
        below = own
    return found


def _looks_alike(below: Rung, own: Rung) -> bool:
    """Return whether a rung only adds replications to what the one below has shown."""
    sample = below.population_share, below.worlds_count, below.anchors_share
    same = sample == (own.population_share, own.worlds_count, own.anchors_share)
    return same and own.replications > below.replications


class Climb:
    """The way of one batch.

    Parameters
    ----------
    batch
        Its trials, not yet simulated.
    ladder
        Says which rungs are visited, and what each is good for.
    rivals
        Trials that were known when the batch was asked.
    reduction
        One in so many is promoted, at the most.
    is_pilot
        Whether all of it visits every rung.
    """

    def __init__(
        self,
        batch: Sequence[Trial],
        ladder: Ladder,
        rivals: Sequence[Trial],
        reduction: float,
        *,
        is_pilot: bool,
    ) -> None:
        self._trials = {trial.candidate.number: trial for trial in batch}
        self._ladder, self._rivals, self._reduction = ladder, rivals, reduction
        self._is_pilot = is_pilot
        self._ways = stages(ladder.rungs, range(ladder.top + 1) if is_pilot else ladder.visited)
        self._open = list(self._ways)
        self._alive = list(self._trials)
        self._shown: dict[tuple[int, Stage], Sample] = {}

    @property
    def trials(self) -> list[Trial]:
        """Return the batch with what it has shown on the rungs that are done."""
        return list(self._trials.values())

    @property
    def is_settled(self) -> bool:
        """Return whether nobody of it goes any further."""
        return not (self._open and self._alive)

    def begin(self) -> list[Evaluation]:
        """Return the evaluations that it needs first."""
        return [evaluation for rung in self._open[: None if self._is_pilot else 1]
                for evaluation in self._evaluations(rung)]  # fmt: skip

    def take(self, evaluation: Evaluation, sample: Sample) -> list[Evaluation]:
        """Take what an evaluation has shown; return those that are needed next."""
        self._shown[evaluation.key] = sample
        needed: list[Evaluation] = []
        while not self.is_settled and self._is_seen(self._open[0]):
            self._leave(self._open.pop(0))
            if not self._is_pilot and not self.is_settled:
                needed = self._evaluations(self._open[0])
        return needed

    def _evaluations(self, rung: int) -> list[Evaluation]:
        return [Evaluation(self._trials[k].candidate, self._ways[rung]) for k in self._alive]

    def _is_seen(self, rung: int) -> bool:
        return all((k, self._ways[rung]) in self._shown for k in self._alive)

    def _leave(self, rung: int) -> None:
        """Write down what a rung has shown, and choose who goes on."""
        looked_at = len(self._alive)
        for k in self._alive:
            sample = self._shown[k, self._ways[rung]]
            self._trials[k] = with_sample(self._trials[k], rung, self._ways, sample)
        self._alive = [k for k in self._alive if self._trials[k].reason is None]
        if self._alive and self._open and not self._is_pilot:
            self._alive = self._promoted(rung, looked_at)

    def _promoted(self, rung: int, looked_at: int) -> list[int]:
        """Return the numbers of those that go up from a rung, of so many that were there."""
        alive = [self._trials[k] for k in self._alive]
        rivals = [t for t in self._rivals if rung in t.samples and t.reason is None]
        scores = self._ladder.paired_scores([*rivals, *alive], rung)
        places = range(len(rivals), len(rivals) + len(alive))
        count = promotion_count(looked_at, self._reduction)
        chosen = promote(scores, places, count, self._ladder.trust(rung))
        return [self._alive[place - len(rivals)] for place in chosen]


def with_sample(trial: Trial, rung: int, ways: Mapping[int, Stage], sample: Sample) -> Trial:
    """Return a trial with what a rung has shown of it.

    Parameters
    ----------
    trial
        With all that the rungs below have shown.
    rung
        The one it was seen on.
    ways
        What is asked for on each visited rung: see `stages`.
    sample
        The new replications; those of the rung below are put before them where they count.
    """
    spent = trial.sessions_count + sample.sessions_count, trial.wall_s + sample.wall_s
    if ways[rung].first:
        sample = trial.samples[max(k for k in trial.samples if k < rung)].joined(sample)
    samples = {**trial.samples, rung: sample}
    return replace(trial, samples=samples, sessions_count=spent[0], wall_s=spent[1])
