"""The second stage: finalists on fresh seeds, halved until those that stay are well known.

Sequential halving (Karnin, Koren & Somekh, ICML 2013) under common random numbers: all
finalists get `search.first_replications`; the weaker half drops out, the rest get twice as
many, until `search.final_replications`. Stronger are those that are feasible more likely
than not, the best in the first goal first of all, then by rank of domination and crowding;
then the others by their P(feasible). The baselines get all, and theirs of later rounds are
simulated whenever a worker would wait for the end of a round.

Recommended is the policy with the best first goal among those whose constraints all hold
with `objective.feasible_probability`. One that fell out early may be better and only not
yet surely feasible: as long as there is such a one it gets all replications too, and so
does whatever is recommended.

Where a price table is asked (`engine.search.aim`), the better half has in it the cheapest that
holds each level and the cheapest that may, and one that fell out gets all replications as long
as it looks cheaper than a row's policy (`engine.search.finalists.row_policies`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from typing import Final

import numpy as np

from engine.compute.pool import WorkerCall
from engine.errors import PoquanError
from engine.search.aim import Aim
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.finalists.posterior import Assessment, Finalist, PosteriorDraws
from engine.search.finalists.row_policies import RowPolicies
from engine.search.paired_scores import PairedScores
from engine.search.problem import (
    Candidate,
    Evaluation,
    Executor,
    Problem,
    Sample,
    SequentialExecutor,
    Stage,
)
from engine.spec.search import RiskKind, Search
from engine.stats.arrays import Floats
from engine.stats.pareto import select_best

_LIKELY: Final = 0.5
"""P(feasible) below which a policy is held to be infeasible."""

_OnRuns = Callable[[int, int], None]
"""Takes how many replications of a policy are done, and how many there are."""

_PassedOver = Callable[[Mapping[int, Sample]], Candidate | None]
"""Takes the samples with all replications by number, and returns one more to be known as well."""


class Selection:
    """The finalists of one search, from first to final replications.

    Parameters
    ----------
    problem
        Simulates candidates, here on fresh seeds only.
    evaluator
        Reads goals and constraints off samples.
    search
        How many replications there are, from `first_replications` to `final_replications`.
    seed
        Names the draws of the posterior.
    executor
        Simulates the problem's candidates; none: one after another, here.
    aim
        The rows of the price table that is asked, if one is.
    """

    def __init__(
        self,
        problem: Problem,
        evaluator: ObjectiveEvaluator,
        search: Search,
        seed: int,
        executor: Executor | None = None,
        aim: Aim | None = None,
    ) -> None:
        self._aim = aim
        self._executor = SequentialExecutor(problem) if executor is None else executor
        self._evaluator, self._search = evaluator, search
        self._confirmed: set[int] = set()
        self._begun: set[tuple[int, Stage]] = set()
        self._ended: dict[tuple[int, Stage], Sample] = {}
        self._rounds = _rounds(search)
        self.posterior = PosteriorDraws(seed, self._rounds[-1])
        self.finalists: list[Finalist] = []
        self.notes: list[str] = []
        self._done = self._total = 0

    def run(
        self, chosen: Sequence[Candidate], on_runs: _OnRuns, passed_over: _PassedOver | None = None
    ) -> int | None:
        """Go through all rounds; return the place of the recommended one in `finalists`.

        Parameters
        ----------
        chosen
            Baselines and others.
        on_runs
            Is called after every run.
        passed_over
            Is asked at the end, until it names nobody.

        Raises
        ------
        PoquanError
            If all of them fail.
        """
        self.finalists = [Finalist(candidate, Sample({})) for candidate in chosen]
        given = {one.number for one in chosen if one.is_baseline or one.number in self._confirmed}
        alive = {one.number for one in chosen} - given
        self._total = planned_replications(len(given), len(alive), self._search)
        self._begin_given([one for one in chosen if one.is_baseline])
        for count in self._rounds:
            self._simulate(given | alive, count, on_runs)
            alive &= {one.candidate.number for one in self.finalists}
            if alive and count < self._rounds[-1]:
                alive = self._better_half(alive, count)
        while True:
            best = self._recommended()
            number = None if best is None else self.finalists[best].candidate.number
            if best is None or self._is_known(self.finalists[best]):
                number = self._cheaper()
            if number is not None:
                self._simulate({number}, self._rounds[-1], on_runs)
            elif (late := passed_over and passed_over(self._known())) is None:
                return best
            elif any(one.candidate.number == late.number for one in self.finalists):
                self._simulate({late.number}, self._rounds[-1], on_runs)  # it fell out early
            else:
                self.finalists.append(Finalist(late, Sample({})))
                self._begin_given([late])
                for count in self._rounds:
                    self._simulate({late.number}, count, on_runs)

    def confirm(self, given: Sequence[Candidate]) -> dict[int, Sample]:
        """Return samples of all replications, by number; `run` goes on with them to the end.

        Parameters
        ----------
        given
            Baselines and others; those that fail are left out.
        """
        self._begin_given(given)
        stages = self._stages()
        self._await({(one.number, stage) for one in given for stage in stages}, lambda *_: None)
        found = {}
        for one in given:
            parts = [self._ended[one.number, stage] for stage in stages]
            if all(part.reason is None for part in parts):
                found[one.number] = reduce(Sample.joined, parts)
        self._confirmed |= found.keys()
        return found

    def assessments(self) -> list[Assessment]:
        """Assess every finalist beside those that have as many replications as it has."""
        counts = [one.sample.replications for one in self.finalists]
        known = {count: self.paired_scores(count) for count in set(counts)}
        moves = {count: self._level(count, max(counts)) for count in known}
        found = []
        for one, count in zip(self.finalists, counts, strict=True):
            scores, places = known[count]
            place = places[one.candidate.number]
            flags = self.posterior.constraint_holds(
                self._evaluator, one.sample.values, scores, place
            )
            found.append(Assessment(scores, place, flags, moves[count]))
        return found

    def certainty(self, best: int) -> tuple[float, float, int]:
        """Return P(correct selection), the expected opportunity cost, and among how many.

        Both for the first goal, against the finalists that are feasible enough.
        """
        found = self.assessments()
        level = self._evaluator.objective.feasible_probability
        gaps = {}
        for k, one in enumerate(found):
            if k != best and one.p_feasible >= level:
                scores, places = self.paired_scores(self.finalists[k].sample.replications)
                mine = places[self.finalists[best].candidate.number]
                gaps[k] = scores.costs_by[mine, 0] - scores.costs_by[one.place, 0]
        return *self.posterior.selection_certainty(gaps), len(gaps) + 1

    def paired_scores(
        self, count: int, risk: RiskKind | None = None
    ) -> tuple[PairedScores, dict[int, int]]:
        """Return how those with `count` replications or more stand on the first of them.

        With it come their places in it, by the candidate's number. `risk` takes the
        objective's place.
        """
        enough = [one for one in self.finalists if one.sample.replications >= count]
        places = {one.candidate.number: place for place, one in enumerate(enough)}
        return PairedScores.of(
            self._evaluator, [one.sample.first(count) for one in enough], risk
        ), places

    def _simulate(self, numbers: set[int], count: int, on_runs: _OnRuns) -> None:
        """Give those named replications up to `count`; leave out those that fail."""
        todo = [one for one in self.finalists if one.candidate.number in numbers]
        first = todo[0].sample.replications if todo else 0
        stage = Stage(True, 1.0, first, count)
        self._begin([one.candidate for one in todo], stage)
        self._await({(one.candidate.number, stage) for one in todo}, on_runs)
        found = {one.candidate.number: self._ended[one.candidate.number, stage] for one in todo}
        for one in todo:
            reason = found[one.candidate.number].reason
            if reason is not None:
                self.notes.append(f"{one.candidate.name} failed on fresh seeds: {reason}")
        self.finalists = [
            _with(one, found.get(one.candidate.number))
            for one in self.finalists
            if one.candidate.number not in found or found[one.candidate.number].reason is None
        ]
        if not self.finalists:
            raise PoquanError("all finalists failed on fresh seeds:\n  " + "\n  ".join(self.notes))

    def _known(self) -> dict[int, Sample]:
        """Return by number the samples of those that have all replications."""
        return {one.candidate.number: one.sample for one in self.finalists if self._is_known(one)}

    def _stages(self) -> list[Stage]:
        """Return what is asked for in each round."""
        return [Stage(True, 1.0, *ends) for ends in pairwise([0, *self._rounds])]

    def _begin_given(self, given: Sequence[Candidate]) -> None:
        for stage in self._stages():
            self._begin(given, stage)

    def _begin(self, candidates: Sequence[Candidate], stage: Stage) -> None:
        """Have candidates simulated on a stage, unless they are being so; earlier ones first."""
        for candidate in candidates:
            evaluation = Evaluation(candidate, stage)
            if evaluation.key not in self._begun:
                self._begun.add(evaluation.key)
                self._executor.begin(evaluation, (stage.first,))
        begun = sum(stage.last - stage.first for _, stage in self._begun)
        self._total = max(self._total, begun)  # a late one's are told before they are simulated

    def _await(self, keys: set[tuple[int, Stage]], on_runs: _OnRuns) -> None:
        """Wait until evaluations have ended; what ends meanwhile is kept."""
        while not keys <= self._ended.keys():
            evaluation, sample = self._executor.end()
            if isinstance(evaluation, WorkerCall) or evaluation.key not in self._begun:
                continue  # the search began it, and went on without it
            self._ended[evaluation.key] = sample
            self._done += evaluation.stage.last - evaluation.stage.first
            self._total = max(self._total, self._done)
            on_runs(self._done, self._total)

    def _better_half(self, alive: set[int], count: int) -> set[int]:
        """Return the better half of those alive, at least one, seen beside the baselines."""
        scores, places = self.paired_scores(count)
        doubt = np.zeros(len(places))
        for one in self.finalists:
            place = places.get(one.candidate.number)
            if place is not None:
                flags = self.posterior.constraint_holds(
                    self._evaluator, one.sample.values, scores, place
                )
                share = float(flags.all(axis=1).mean())
                doubt[place] = 0.0 if share >= _LIKELY else 1 - share
        among = [place for number, place in places.items() if number in alive]
        lead = min(among, key=lambda place: (doubt[place], scores.costs[place, 0]))
        leaders = self._row_leaders(places, doubt, count) & alive
        first = {lead, *(places[number] for number in leaders)}
        rest = [place for place in among if place not in first]
        costs, left = [list(row) for row in scores.costs], (len(among) + 1) // 2 - len(first)
        half = first | set(select_best(costs, list(doubt), rest, max(0, left)))
        return {number for number, place in places.items() if place in half} & alive

    def _row_leaders(self, places: Mapping[int, int], doubt: Floats, count: int) -> set[int]:
        """Return the numbers of those that are, or may be, policies of the table's rows."""
        if self._aim is None:
            return set()
        confirmed = self._confirmed & places.keys()
        known = self.confirm(
            [
                one.candidate
                for one in self.finalists
                if one.candidate.is_baseline or one.candidate.number in confirmed
            ]
        )
        candidates = [
            one
            for one in self.finalists
            if one.candidate.number in places and doubt[places[one.candidate.number]] == 0
        ]
        return RowPolicies(self._aim).leaders(candidates, known, count)

    def _cheaper(self) -> int | None:
        """Return the number of one that fell out and looks cheaper than a row's policy."""
        if self._aim is None:
            return None
        known = self._known()
        candidates = [
            one
            for one, own in zip(self.finalists, self.assessments(), strict=True)
            if own.p_feasible >= _LIKELY
        ]
        return RowPolicies(self._aim).cheaper(candidates, known)

    def _recommended(self) -> int | None:
        """Return the place of the first goal's best that is, or yet may be, feasible enough."""
        level = self._evaluator.objective.feasible_probability
        found = self.assessments()
        feasible = [
            k
            for k, (one, own) in enumerate(zip(self.finalists, found, strict=True))
            if own.p_feasible >= (level if self._is_known(one) else min(_LIKELY, level))
        ]
        return min(feasible, key=lambda k: (found[k].costs + found[k].level)[0], default=None)

    def _is_known(self, one: Finalist) -> bool:
        return one.sample.replications == self._rounds[-1]

    def _level(self, count: int, most: int) -> Floats:
        """Return the mean that later replications add, (goals,) float64, in the goals' units."""
        (early, places), (late, late_places) = self.paired_scores(count), self.paired_scores(most)
        both = [(places[number], place) for number, place in late_places.items()]
        return np.asarray(np.mean([late.costs[b] - early.costs[a] for a, b in both], axis=0))


def planned_replications(given: int, searched: int, search: Search) -> int:
    """Return how many replications of a policy all rounds take together.

    Parameters
    ----------
    given, searched
        Baselines, which stay in every round, and others, of which half stay.
    search
        Says how many replications a policy has after the first and after the last round.
    """
    total, before = 0, 0
    for count in _rounds(search):
        total += (given + searched) * (count - before)
        before, searched = count, -(-searched // 2)
    return total


def _rounds(search: Search) -> list[int]:
    """Return the replications after each round: doubled from the first, the final at the end."""
    first, final = search.first_replications, search.final_replications
    found = [min(first, final)]
    while found[-1] < final:
        found.append(min(2 * found[-1], final))
    return found


def _with(one: Finalist, later: Sample | None) -> Finalist:
    if later is None:
        return one
    return replace(one, sample=one.sample.joined(later) if one.sample.values else later)
