"""What every trial holds and costs, at the top rung's level, with its noise.

A trial that did not reach the top rung is moved by d̄, the mean difference of the same trials on
both rungs, with the variance of a new difference, s_d² (1 + 1/m), beside its noise there.
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
        move, doubt = _shift(trials, own, here, rung, top, aim)
        places = [here[place] for place in last]
        figures[places] = own[last] + move
        noise[places] = _noise([trials[k] for k in here], rung, aim) + doubt
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


def _shift(
    trials: Sequence[Trial], own: Floats, here: Sequence[int], rung: int, top: int, aim: Aim
) -> tuple[Floats, Floats]:
    """Return how a rung's figures differ from the top's, and the variance of a new difference."""
    both = [place for place, k in enumerate(here) if top in trials[k].samples]
    if rung == top or not both:
        return np.zeros(2), np.zeros(2)
    gaps = _figures([trials[here[place]] for place in both], top, aim) - own[both]
    spread = gaps.var(axis=0, ddof=1) if len(both) > 1 else np.zeros(2)
    return gaps.mean(axis=0), spread * (1 + 1 / len(both))


def _noise(trials: Sequence[Trial], rung: int, aim: Aim) -> Floats:
    """Return the variances of what trials held and cost on a rung, without shared noise, (2,)."""
    values = [trial.samples[rung].values for trial in trials]
    by = np.stack([[aim.reached_by(own), aim.price_by(own)] for own in values])
    pooled = paired_variance(by)
    if pooled is None:
        return np.zeros(2)
    return np.asarray(pooled * np.array([_QUANTILE, 1.0]) / by.shape[-1])
