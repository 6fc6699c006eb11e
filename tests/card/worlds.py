"""How differently the plausible worlds answer to prices and coupons: a row each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.calibrate.probe import _uplift_reading, probe_branches
from engine.calibrate.run_reader import RunReader, spans
from engine.calibrate.unknown_space import UnknownSpace
from engine.cases import cases
from tests.card.years import calibration, job_of_worlds, simulated
from tests.worlds import job

MAY = "2020-05-15"
POPULATIONS = 2


def answers_by_world() -> Iterator[Sequence[str]]:
    """Return each world's elasticity in May, and what a RMB of coupons on everything brings then.

    The last row is the largest over the smallest.
    """
    asked, probes = job_of_worlds(POPULATIONS), calibration()
    found = [
        replace(case, branches=probe_branches(case, probes.probes))
        for case in cases(asked, [asked.policy])
    ]
    runs = simulated(found)
    readers = [RunReader(probes.scenario, run, probes.probes) for run in runs]
    columns = [
        [float(run.monthly["market_elasticity"][4]) for run in runs],
        *(
            [float(_uplift_reading(sales, after=False)(one, spans(MAY))) for one in readers]
            for sales in ("gmv_fen", "gmv_paid_fen")
        ),
    ]
    means = np.array(columns).reshape(3, -1, POPULATIONS).mean(axis=2)
    for world, values in zip(asked.ensemble.worlds, means.T, strict=True):
        yield f"`{world}`", *(f"{value:.2f}" for value in values)
    size = np.abs(means)
    yield "largest ÷ smallest", *(f"{one:.1f}" for one in size.max(axis=1) / size.min(axis=1))


def places_in_ranges() -> tuple[Sequence[str], np.ndarray]:
    """Return the unknowns' names, and where in their ranges every plausible world has them.

    The places, (worlds, unknowns), are from 0, the low end, to 1; by ratio where declared so.
    """
    asked = calibration()
    space = UnknownSpace(asked.unknowns.ranges, asked.scenario)
    worlds = list(job("ensemble=plausible").ensemble.worlds.values())
    values = [{name: _value(world, name) for name in space.names} for world in worlds]
    return space.names, space.cube(values)


def _value(world: Any, path: str) -> float:
    """The world's value of an unknown, which may be that of a group of numbers."""
    for part in path.split("."):
        world = world[int(part) if isinstance(world, list | tuple) else part]
    while isinstance(world, Mapping):
        world = next(iter(world.values()))
    return float(world)
