"""What all trials of a search hold and cost, and where the levels of its price table stand.

Levels are those of the fresh replications, on which the table is made. The given policies have
met both, under the same random numbers, and say where a level stands on the search's own
(`engine.search.aim.moved_levels`).

Which policies are a row's is judged by smoothed figures, the posterior means of Gaussian processes
through what all trials showed. Of many noisy figures the best is lucky: taken as seen, ten times
the trials find policies that seem to hold a level for nothing, and fall short on fresh ones.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from engine.design.cube import UnitCube
from engine.search.aim import Aim, cheapest_first, moved_levels
from engine.search.fidelity.estimates import RowFigures
from engine.search.problem import Candidate, Sample
from engine.search.samplers.gaussian_process import NoisyValues, posterior_means
from engine.search.study import SearchStudy

_REFITTED: Final = 32
"""The processes that smooth are fitted to a multiple of so many trials; then all others count."""


class Rows(NamedTuple):
    """What all trials of a search hold and cost, and the table's levels on its replications.

    `asked` are the levels on the fresh ones, `confirmed` the numbers of the trials that have met
    all of these. By `figures` policies are chosen: what trials held and cost, smoothed; `seen` is
    what they showed.
    """

    seen: RowFigures
    figures: RowFigures
    levels: list[float]
    asked: list[float]
    confirmed: tuple[int, ...]

    @classmethod
    def of(cls, study: SearchStudy, aim: Aim, fresh: Mapping[int, Sample]) -> "Rows | None":
        """Return what the trials hold, and the levels; None if today's policy failed.

        Parameters
        ----------
        study, aim
            The search, and the rows of the table.
        fresh
            By number, the samples of those that met all fresh replications.
        """
        top = study.ladder.top
        both = [
            trial for trial in study.trials
            if trial.candidate.number in fresh and top in trial.samples
        ]  # fmt: skip
        today = [one for one in both if one.candidate.name == aim.today]
        if not today:
            return None
        seen = RowFigures.from_trials(study.trials, study.found, top, aim)
        figures = _smooth(study, seen)
        here = [aim.held(one.samples[top]) for one in both]
        there = [aim.held(fresh[one.candidate.number]) for one in both]
        high = float(figures.held[figures.on_top].max())
        (high_there,) = moved_levels([high], there, here)
        asked = aim.asked_levels(aim.held(fresh[today[0].candidate.number]), high_there)
        return cls(seen, figures, moved_levels(asked, here, there), asked, tuple(fresh))

    @property
    def usable(self) -> list[int]:
        """Return the places of the feasible trials that were seen on the top rung."""
        found: list[int] = np.flatnonzero(self.figures.on_top & self.figures.is_feasible).tolist()
        return found

    @property
    def doubt(self) -> float:
        """Return the standard error of the difference of what two trials hold."""
        return float(np.sqrt(2 * np.median(self.figures.held_noise[self.figures.on_top])))

    def cheapest(self) -> list[list[int]]:
        """Return each level's cheapest usable trial; none where none holds."""
        own, among = self.figures, self.usable
        return [cheapest_first(own.held, own.price, level, among)[:1] for level in self.levels]

    def leaders(self, study: SearchStudy) -> list[Candidate]:
        """Return the candidates of `cheapest`, each once."""
        numbers = dict.fromkeys(place for row in self.cheapest() for place in row)
        return [study.trials[k].candidate for k in numbers]

    def net_prices(self, study: SearchStudy, aim: Aim) -> list[float | None]:
        """Return what each level's cheapest costs beyond today's policy."""
        price = self.figures.price
        today = next(k for k, one in enumerate(study.trials) if one.candidate.name == aim.today)
        return [float(price[best[0]] - price[today]) if best else None for best in self.cheapest()]


def _smooth(study: SearchStudy, seen: RowFigures) -> RowFigures:
    """Return what trials hold and cost, smoothed; trials without a point stay as they were seen."""
    places = [
        k for k, one in enumerate(study.trials)
        if one.reason is None and one.candidate.point is not None
    ]  # fmt: skip
    fitted = len(places) // _REFITTED * _REFITTED
    if not fitted:
        return seen
    cube = UnitCube(study.distributions)
    x = cube.features(cube.points([dict(study.trials[k].candidate.point or {}) for k in places]))
    kept = np.arange(len(places))
    held, price = seen.held.copy(), seen.price.copy()
    for values, noise in ((held, seen.held_noise), (price, seen.price_noise)):
        values[places] = posterior_means(
            x, NoisyValues(values[places], noise[places]), kept, fitted
        )
    return seen._replace(held=held, price=price)
