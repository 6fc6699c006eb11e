"""The rungs on which trials are looked at, and how far each can be trusted.

A cheap rung may rank policies wrongly: a small sample of buyers shifts means and
concentration. So a pilot, the baselines and the first batch, climbs every rung whatever it
shows, and tells of each rung k against the top:

    correlation   Spearman's rank correlation of the goals' figures, goal by goal
    shift         mean of (figure on top - figure on k), d̄, with the standard error s_d / √m

A rung that ranks some goal worse than `search.trusted_correlation` drops nobody: trials do
not visit it. A constraint that it ranks worse drops nobody there. What is known of a trial
on rung k is moved by the shift; the error of one such trial is that of a new difference,

    se² = se_k² + s_d² (1 + 1/m),

somewhat wide, since s_d holds the rung's own noise as well. The pilot alone is used: later
trials are on top because they did well below, which would bias both. Rungs of equal
population share replications, which lifts their correlation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from engine.search.judge import Judge
from engine.search.problem import Candidate, Sample
from engine.search.risk import Flags, Floats
from engine.search.standing import Standing, standing
from engine.spec.study import Rung

FEWEST: Final = 4
"""Policies of a pilot below which a rank correlation says nothing."""

UNKNOWN: Final = -np.inf
"""A correlation that no pilot has measured: trusted by nobody."""


@dataclass(frozen=True)
class Trial:
    """A candidate, what each visited rung has shown of it, and what that has cost.

    `attributes` are the sampler's own; `sampler_s` the seconds it took to propose it.
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


@dataclass(frozen=True)
class Shift:
    """How a rung's figures differ from the top's, each over m policies of the pilot."""

    correlation: Floats
    mean: Floats
    spread: Floats
    count: int

    @property
    def error(self) -> Floats:
        """Return the standard error of the mean."""
        return np.asarray(self.spread / max(self.count, 1) ** 0.5)

    @property
    def new_error(self) -> Floats:
        """Return the standard error of one new policy's difference, s_d √(1 + 1/m)."""
        return np.asarray(self.spread * (1 + 1 / max(self.count, 1)) ** 0.5)


class Ladder:
    """The rungs, measured by a pilot; without one every rung is visited.

    Parameters
    ----------
    threshold
        The rank correlation below which a rung drops nobody.
    """

    def __init__(
        self, rungs: Sequence[Rung], judge: Judge, threshold: float, pilot: Sequence[Trial] = ()
    ) -> None:
        self.rungs, self._judge, self._threshold = tuple(rungs), judge, threshold
        self.top = len(rungs) - 1
        good = [t for t in pilot if t.reason is None and self.top in t.samples]
        self._goals = [self._shift(k, good, "costs") for k in range(len(rungs))]
        self._limits = [self._shift(k, good, "excesses") for k in range(len(rungs))]
        self._means = [self._mean_shift(k, good) for k in range(len(rungs))]
        self.visited = [k for k in range(len(rungs)) if self._is_trusted(k)]

    def standing(self, trials: Sequence[Trial], rung: int) -> Standing:
        """Return how trials that visited a rung stand there, moved to the top's level."""
        found = standing(self._judge, [trial.samples[rung].values for trial in trials])
        return found.moved(self._goals[rung].mean, self._limits[rung].mean)

    def told(self, rung: int) -> Flags:
        """Tell of each constraint whether the rung may drop who violates it."""
        return np.asarray(self._holds(self._limits[rung].correlation), np.bool_)

    def doubt(self, rung: int) -> Floats:
        """Return the standard errors of the shift of each constraint's excess."""
        return self._limits[rung].error

    def doubts(self, rung: int) -> tuple[Floats, Floats]:
        """Return what the shift adds to one trial's errors: of each goal and constraint."""
        goals, limits = self._goals[rung], self._limits[rung]
        return goals.new_error, limits.new_error

    def means(self, trial: Trial) -> dict[str, tuple[float, float | None]]:
        """Return each measure's mean at the top's level, with its standard error."""
        found = {}
        for name, values in trial.seen.values.items():
            by = np.asarray(values, np.float64).mean(axis=0)
            own = by.std(ddof=1) / by.size**0.5 if by.size > 1 else None
            move, doubt = self._means[trial.rung].get(name, (0.0, 0.0))
            error = None if own is None else float(np.hypot(own, doubt))
            found[name] = (float(by.mean()) + move, error)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of `rungs`: every goal and constraint on every rung."""
        goals = [("goal", goal.measure, goal.measure) for goal in self._judge.goals]
        named = self._judge.constraints.items()
        limits = [("constraint", name, limit.measure) for name, limit in named]
        return [
            self._row(k, role, name, measure, shift.correlation[place], shift.count)
            for k in range(len(self.rungs))
            for part, shift in ((goals, self._goals[k]), (limits, self._limits[k]))
            for place, (role, name, measure) in enumerate(part)
        ]

    def _row(
        self, rung: int, role: str, name: str, measure: str, correlation: float, count: int
    ) -> dict[str, Any]:
        move, doubt = self._means[rung].get(measure, (0.0, 0.0))
        return {
            "rung": rung,
            "population_share": self.rungs[rung].population_share,
            "replications_count": self.rungs[rung].replications,
            "role": role,
            "name": name,
            "measure": measure,
            "rank_correlation": float(correlation) if np.isfinite(correlation) else None,
            "shift": move,
            "shift_se": doubt / (1 + count) ** 0.5 if count else None,
            "pilot_count": count,
            "trusted": bool(rung == self.top or self._holds(np.array([correlation]))[0]),
        }

    def _shift(self, rung: int, pilot: Sequence[Trial], what: str) -> Shift:
        """Compare a rung with the top over the pilot."""
        names = self._judge.goals if what == "costs" else self._judge.constraints
        if not pilot:
            none = np.zeros(len(names))
            return Shift(np.full(len(names), UNKNOWN), none, none, 0)
        here, top = (
            getattr(standing(self._judge, [trial.samples[k].values for trial in pilot]), what)
            for k in (rung, self.top)
        )
        gaps = top - here
        spread = gaps.std(axis=0, ddof=1) if len(pilot) > 1 else np.zeros(len(names))
        found = [rank_correlation(a, b) for a, b in zip(here.T, top.T, strict=True)]
        if len(pilot) < FEWEST:
            found = [UNKNOWN] * len(names)
        return Shift(np.array(found), gaps.mean(axis=0), spread, len(pilot))

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

    def _is_trusted(self, rung: int) -> bool:
        return rung == self.top or bool(self._holds(self._goals[rung].correlation).all())

    def _holds(self, correlation: Floats) -> Flags:
        """Tell where a correlation suffices; where all are equal there is nothing to rank."""
        return np.asarray(np.isnan(correlation) | (correlation >= self._threshold))


def rank_correlation(a: Floats, b: Floats) -> float:
    """Return Spearman's rank correlation; not-a-number if both are constant, 0 if one is."""
    ranks = [_ranks(values) - (len(values) - 1) / 2 for values in (a, b)]
    lengths = [float(np.sqrt(own @ own)) for own in ranks]
    if not any(lengths):
        return float("nan")
    return float(ranks[0] @ ranks[1] / (lengths[0] * lengths[1])) if all(lengths) else 0.0


def _ranks(values: Floats) -> Floats:
    """Return ranks from 0, equal values sharing theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    first = np.cumsum(counts) - counts
    return np.asarray((first + (counts - 1) / 2)[place])
