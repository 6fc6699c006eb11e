"""Step 1, the calendar: aggregate demand of the day, drawn and not chosen.

Knot k of the weeks or months is a function of (run seed, k) alone: policies under one run seed
share it, and a state that is saved, copied or carried on beyond a horizon meets the same days.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from engine.population.draws import Floats, normals
from engine.rng import Purpose
from engine.rules.shocks import between_knots, demand_factor, next_knot, variance_between
from engine.spec.scenario import Shocks

_BLOCK_DAYS: Final = 420
"""Days that are drawn at once: whole weeks and whole months, more than a year."""


class _Process(NamedTuple):
    """One of the two processes: its stream, the days between its knots, its sd in ln."""

    purpose: Purpose
    step_days: int
    sd: float
    persistence: float


def demand_shock(shocks: Shocks, run_seed: int, day: int) -> float:
    """The factor on serious looks of a day, counted from 0 on the scenario's first day."""
    week = shocks.week_sd, shocks.week_persistence
    month = shocks.month_sd, shocks.month_persistence
    return float(_path(week, month, run_seed, day // _BLOCK_DAYS + 1)[day])


@lru_cache(maxsize=64)  # policies under one run seed share it
def _path(
    of_week: tuple[float, float], of_month: tuple[float, float], run_seed: int, blocks: int
) -> Floats:
    """The factors of the first days, shape (blocks * _BLOCK_DAYS,); (sd, persistence) of each."""
    days = blocks * _BLOCK_DAYS
    week = _Process(Purpose.DEMAND_WEEK, 7, *of_week)
    month = _Process(Purpose.DEMAND_MONTH, 30, *of_month)
    both = zip(_levels(week, run_seed, days), _levels(month, run_seed, days), strict=True)
    return np.array([demand_factor(w + m, var_w + var_m) for (w, var_w), (m, var_m) in both])


def _levels(process: _Process, run_seed: int, days: int) -> list[tuple[float, float]]:
    """The ln level of a process and its variance, day by day."""
    purpose, step, sd, persistence = process
    knots = _knots(process, normals(run_seed, purpose, days // step + 1))
    found = []
    for day in range(days):
        k, passed = day // step, day % step / step
        level = between_knots(knots[k], knots[k + 1], passed)
        found.append((level, variance_between(sd, persistence, passed)))
    return found


def _knots(process: _Process, draws: Floats) -> list[float]:
    """The knots from the first day on: the first is drawn from the stationary distribution."""
    knots = [process.sd * float(draws[0])]
    for draw in draws[1:]:
        knots.append(next_knot(knots[-1], process.sd, process.persistence, float(draw)))
    return knots
