"""The rungs on which trials are simulated, and how far each can be trusted.

A cheap rung may rank policies wrongly: a small sample of buyers shifts means and
concentration. So a pilot, the baselines and the first batch, is simulated on every rung, and
gives for each rung k against the top:

    correlation   Spearman's rank correlation, goal by goal, as seen and with the noise of
                  both rungs taken away (`engine.search.fidelity.rung_reliability`)
    shift         mean of (figure on top - figure on k), d̄, with the standard error s_d / √m

A rung that distorts the ranks of some goal, so that the corrected correlation is below
`search.trusted_correlation`, drops no policy: trials do not visit it. Where not even the top
distinguishes the pilot's policies there is no rank to distort: such a goal neither excludes a
rung nor decides a promotion. A rung that ranks no goal surely is not visited either. A
constraint that it does not surely rank drops no policy there. What is known of a trial
on rung k is moved by the shift; the error of one such trial is that of a new difference,

    se² = se_k² + s_d² (1 + 1/m),

somewhat wide, since s_d holds the rung's own noise as well. The pilot alone is used: later
trials are on top because they did well below, which would bias both. Rungs of equal
population share replications, which lifts their correlation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from engine.measures.catalogue import possible_range
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.rung_reliability import RankAgreement
from engine.search.paired_scores import PairedScores
from engine.search.problem import Candidate, Sample, Stage
from engine.spec.search import Rung
from engine.stats.arrays import Flags, Floats


@dataclass(frozen=True)
class Trial:
    """A candidate, what each visited rung has shown of it, and what that has cost.

    `samples` by the rung's number; `attributes` are the sampler's own; `sampler_s` the seconds
    it took to propose it, `wall_s` those it took to simulate, over all rungs.
    """

    candidate: Candidate
    samples: Mapping[int, Sample]
    sampler_s: float = 0.0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    sessions_count: int = 0
    wall_s: float = 0.0

    @property
    def rung(self) -> int:
        """Return the highest rung it has visited."""
        return max(self.samples)

    @property
    def seen(self) -> Sample:
        """Return what its highest rung has shown."""
        return self.samples[self.rung]

    @property
    def reason(self) -> str | None:
        """Say why it failed, if it did."""
        return next((s.reason for s in self.samples.values() if s.reason is not None), None)

    def with_sample(self, rung: int, ways: Mapping[int, Stage], sample: Sample) -> "Trial":
        """Return the trial with what a rung has shown of it.

        Parameters
        ----------
        rung
            The one it was seen on; all that the rungs below have shown is there.
        ways
            What is asked for on each visited rung: see `engine.search.fidelity.climb.stages`.
        sample
            The new replications; those of the rung below are put before them where they count.
        """
        spent = self.sessions_count + sample.sessions_count, self.wall_s + sample.wall_s
        if ways[rung].first:
            sample = self.samples[max(k for k in self.samples if k < rung)].joined(sample)
        samples = {**self.samples, rung: sample}
        return replace(self, samples=samples, sessions_count=spent[0], wall_s=spent[1])


class RungTrust(NamedTuple):
    """What a rung is good for.

    `ranked_goals` (goals,) tells by which goals it may choose, `trusted_constraints`
    (constraints,) whose violation it may hold against a policy; `shift_errors` (constraints,)
    are the standard errors of its shift to the top, in units of the excesses.
    """

    ranked_goals: Flags
    trusted_constraints: Flags
    shift_errors: Floats


@dataclass(frozen=True)
class _RungShift:
    """How a rung's figures differ from the top's, each over m policies of the pilot.

    Arrays of shape (figures,), goals or constraints, in their units.

    `noise` is the variance of a difference as replications estimate it; what the spread has
    beyond it is the rung's own.
    """

    agreement: RankAgreement
    mean: Floats
    spread: Floats
    noise: Floats
    count: int

    @property
    def error(self) -> Floats:
        """Return the standard error of the mean."""
        return np.asarray(self.spread / max(self.count, 1) ** 0.5)

    @property
    def distortion(self) -> Floats:
        """Return the standard error that one new policy has by the rung and not by noise.

        se² = max(0, s_d² - noise) + s_d² / m
        """
        own = np.maximum(self.spread**2 - self.noise, 0.0)
        return np.asarray(np.sqrt(own + self.error**2))


class Ladder:
    """The rungs, measured by a pilot; without one every rung is visited.

    Parameters
    ----------
    rungs
        From the cheapest up; the last one is the top.
    evaluator
        Reads goals and constraints off samples.
    threshold
        The corrected rank correlation below which a rung drops no policy, up to 1.
    pilot
        Trials that were simulated on every rung.
    """

    def __init__(
        self,
        rungs: Sequence[Rung],
        evaluator: ObjectiveEvaluator,
        threshold: float,
        pilot: Sequence[Trial] = (),
    ) -> None:
        self.rungs, self._evaluator, self._threshold = tuple(rungs), evaluator, threshold
        self.top = len(rungs) - 1
        limits = evaluator.constraints.values()
        self._most = np.array([evaluator.largest_excess(limit) for limit in limits])
        good = [t for t in pilot if t.reason is None and self.top in t.samples]
        self._goals = [self._shift(k, good, "costs") for k in range(len(rungs))]
        self._limits = [self._shift(k, good, "excesses") for k in range(len(rungs))]
        self._means = [self._mean_shift(k, good) for k in range(len(rungs))]
        self._worlds = [good[0].samples[k].worlds if good else None for k in range(len(rungs))]
        self.visited = [k for k in range(len(rungs)) if self._is_visited(k)]

    def paired_scores(self, trials: Sequence[Trial], rung: int) -> PairedScores:
        """Return how trials that visited a rung stand there, moved to the top's level.

        No excess is moved beyond what its measure can be: a purse is never spent twice.
        """
        found = PairedScores.of(self._evaluator, [trial.samples[rung].values for trial in trials])
        return found.shifted(self._goals[rung].mean, self._limits[rung].mean).capped(self._most)

    def trust(self, rung: int) -> RungTrust:
        """Return what a rung is good for."""
        goals, limits = self._goals[rung], self._limits[rung]
        told = limits.agreement.preserves_ranks(self._threshold) | limits.agreement.constant
        return RungTrust(goals.agreement.preserves_ranks(self._threshold), told, limits.error)

    def rung_errors(self, rung: int) -> tuple[Floats, Floats]:
        """Return what it adds to a trial's errors, (goals,), (constraints,) float64, own units."""
        goals, limits = self._goals[rung], self._limits[rung]
        return goals.distortion, limits.distortion

    def means(self, trial: Trial) -> dict[str, tuple[float, float | None]]:
        """Return each measure's mean at the top's level, with its standard error."""
        found = {}
        for name, values in trial.seen.values.items():
            by = np.asarray(values, np.float64).mean(axis=0)
            own = by.std(ddof=1) / by.size**0.5 if by.size > 1 else None
            move, doubt = self._means[trial.rung].get(name, (0.0, 0.0))
            error = None if own is None else float(np.hypot(own, doubt))
            least, most = possible_range(name)
            found[name] = (min(max(float(by.mean()) + move, least), most), error)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of `rungs`: every goal and constraint on every rung."""
        goals = [("goal", goal.measure, goal.measure) for goal in self._evaluator.goals]
        named = self._evaluator.constraints.items()
        limits = [("constraint", name, limit.measure) for name, limit in named]
        return [
            self._row(k, role, name, measure) | self._agreement(k, shift, place)
            for k in range(len(self.rungs))
            for part, shift in ((goals, self._goals[k]), (limits, self._limits[k]))
            for place, (role, name, measure) in enumerate(part)
        ]

    def _row(self, rung: int, role: str, name: str, measure: str) -> dict[str, Any]:
        move, doubt = self._means[rung].get(measure, (0.0, 0.0))
        count = self._goals[rung].count
        return {
            "rung": rung,
            "population_share": self.rungs[rung].population_share,
            "worlds_count": self._worlds[rung],
            "replications_count": self.rungs[rung].replications,
            "role": role,
            "name": name,
            "measure": measure,
            "shift": move,
            "shift_se": doubt / (1 + count) ** 0.5 if count else None,
            "pilot_count": count,
        }

    def _agreement(self, rung: int, shift: _RungShift, place: int) -> dict[str, Any]:
        """Return how a figure's ranks on a rung agree with the top's; nothing if unknown."""
        own = shift.agreement
        figures = own.correlation, own.reliability, own.top_reliability, own.corrected
        seen = [float(part[place]) if np.isfinite(part[place]) else None for part in figures]
        names = "rank_correlation", "reliability", "top_reliability", "corrected_correlation"
        distorts_ranks = rung != self.top and bool(own.distorts_ranks(self._threshold)[place])
        return dict(zip(names, seen, strict=True)) | {
            "told_apart": bool(own.distinguishable[place]),
            "trusted": not distorts_ranks,
        }

    def _shift(self, rung: int, pilot: Sequence[Trial], what: str) -> _RungShift:
        """Compare a rung with the top over the pilot."""
        if not pilot:
            names = self._evaluator.goals if what == "costs" else self._evaluator.constraints
            none = np.zeros(len(names))
            return _RungShift(RankAgreement.unknown(len(names)), none, none, none, 0)
        here, top = (
            PairedScores.of(self._evaluator, [trial.samples[k].values for trial in pilot])
            for k in (rung, self.top)
        )
        gaps = getattr(top, what) - getattr(here, what)
        spread = gaps.std(axis=0, ddof=1) if len(pilot) > 1 else np.zeros(gaps.shape[1])
        found = RankAgreement.between(
            *((getattr(s, what), getattr(s, f"{what}_by")) for s in (here, top))
        )
        part = 0 if what == "costs" else 1
        noise = np.sum([s.paired_errors()[part] ** 2 for s in (here, top)], axis=0)
        return _RungShift(found, gaps.mean(axis=0), spread, noise, len(pilot))

    def _mean_shift(self, rung: int, pilot: Sequence[Trial]) -> dict[str, tuple[float, float]]:
        """Return each measure's mean difference to the top, and one trial's doubt in it."""
        found = {}
        for name in pilot[0].seen.values if pilot else ():
            here, top = (
                np.array([trial.samples[k].values[name].mean() for trial in pilot])
                for k in (rung, self.top)
            )
            gaps = top - here
            spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
            found[name] = (float(gaps.mean()), spread * (1 + 1 / len(gaps)) ** 0.5)
        return found

    def _is_visited(self, rung: int) -> bool:
        own = self._goals[rung].agreement
        distorts_ranks = own.distorts_ranks(self._threshold).any()
        return rung == self.top or bool(not distorts_ranks and own.distinguishable.any())
