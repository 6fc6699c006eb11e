"""How differently the plausible worlds answer to prices and coupons: a row each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.calibrate.probe import _uplift_reading, probe_branches
from engine.calibrate.run_reader import RunReader, spans
from engine.cases import cases
from tests.card.years import calibration, job_of_worlds, simulated

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
