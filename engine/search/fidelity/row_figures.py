"""What every trial holds and costs, at the top rung's level, with its noise.

A trial that did not reach the top rung is moved by the line of least squares through the m trials
that were seen on both: a small sample of buyers may show a share of an effect. With residuals of
variance s² the variance of a new one is s² (1 + 1/m) beside its noise there. Through fewer than
`_FOR_A_LINE` trials the line has slope 1.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.search.aim import Aim
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.stats.arrays import Flags, Floats
from engine.stats.paired import paired_variance

_QUANTILE: Final = 1.5
"""Variance of a quantile over that of the mean, of values near a normal law's."""

_FOR_A_LINE: Final = 6
"""Trials on both rungs from which a line has a slope of its own."""


class RowFigures(NamedTuple):
    """What is known of n trials; float64 unless said otherwise, less is better but for `held`.

    `held` and `price` (n,) in the units of the aim's measures, their noise variances beside the
    others' `held_noise` and `price_noise` (n,), `excesses` and `excess_errors` (n, constraints),
    `on_top` (n,) bool: seen on the top rung. Failed trials have not-a-number.
    """

    held: Floats
    price: Floats
    held_noise: Floats
    price_noise: Floats
    excesses: Floats
    excess_errors: Floats
    on_top: Flags

    def of(self, places: NDArray[Any]) -> "RowFigures":
        """Return the figures of some of them."""
        return RowFigures(*(part[places] for part in self))

    @property
    def is_feasible(self) -> Flags:
        """Return which violate no constraint, (n,) bool."""
        return np.asarray((self.excesses <= 0).all(axis=1))


def row_figures(trials: Sequence[Trial], found: Estimates, top: int, aim: Aim) -> RowFigures:
    """Return what trials hold and cost.

    Parameters
    ----------
    trials, found
        Settled trials, and what is known of them, row by row.
    top
        The number of the top rung.
    aim
        Says what is held and what it costs.
    """
    figures = np.full((len(trials), 2), np.nan)
    noise = np.zeros((len(trials), 2))
    for rung in range(top + 1):
        here = [k for k, t in enumerate(trials) if t.reason is None and rung in t.samples]
        last = [place for place, k in enumerate(here) if trials[k].rung == rung]
        if not last:
            continue
        own = _figures([trials[k] for k in here], rung, aim)
        both = [place for place, k in enumerate(here) if top in trials[k].samples]
        above = _figures([trials[here[place]] for place in both], top, aim)
        shared = _noise([trials[k] for k in here], rung, aim)
        places = [here[place] for place in last]
        for k in range(2) if rung < top and both else ():
            slope, middle, base, variance = _line(own[both, k], above[:, k])
            own[:, k] = middle + slope * (own[:, k] - base)
            shared[k] += variance
        figures[places], noise[places] = own[last], shared
    on_top = np.array([t.reason is None and top in t.samples for t in trials], np.bool_)
    held, price = figures.T.copy()
    held_noise, price_noise = noise.T.copy()
    return RowFigures(
        held, price, held_noise, price_noise, found.excesses, found.excess_errors, on_top
    )


def _figures(trials: Sequence[Trial], rung: int, aim: Aim) -> Floats:
    """Return what trials held and cost on a rung, (n, 2)."""
    samples = [trial.samples[rung] for trial in trials]
    return np.array([[aim.held(own), aim.price_by(own.values).mean()] for own in samples])


def _line(here: Floats, above: Floats) -> tuple[float, float, float, float]:
    """Return slope, means above and here, and the variance of a new value around the line."""
    middle, base, count = float(above.mean()), float(here.mean()), len(here)
    spread = float(((here - base) ** 2).sum())
    has_slope = count >= _FOR_A_LINE and spread > 0
    slope = float(((here - base) * (above - middle)).sum() / spread) if has_slope else 1.0
    rest = above - middle - slope * (here - base)
    freedom = max(count - 1 - has_slope, 1)
    return slope, middle, base, float((rest**2).sum() / freedom) * (1 + 1 / count)


def _noise(trials: Sequence[Trial], rung: int, aim: Aim) -> Floats:
    """Return the variances of what trials held and cost on a rung, without shared noise, (2,)."""
    values = [trial.samples[rung].values for trial in trials]
    by = np.stack([[aim.reached_by(own), aim.price_by(own)] for own in values])
    pooled = paired_variance(by)
    if pooled is None:
        return np.zeros(2)
    return np.asarray(pooled * np.array([_QUANTILE, 1.0]) / by.shape[-1])
