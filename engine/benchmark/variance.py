"""Suite `variance`: what each way of sampling brings for its seconds.

Two policies a and b are simulated under the same random numbers, in a population of their own
each time, at both ends of `populations`. Of n runs of one core's seconds t each, an estimator of
variance v a run has v / n after n t seconds: what counts is v t, the variance that one second
leaves. Compared are

    independent   E[a] - E[b] from different seeds        v = var a + var b          2 t
    common        the same seeds                          v = var(a - b)             2 t
    expected      the same, each order weighed by its probability
    control       the same, with the difference d' of the small population as a control variate:
                  with r = corr(d, d'), as many small runs as pay,
                  v t = var(d) (sqrt((1 - r^2) c) + |r| sqrt(c'))^2,  c = 2 t, c' = 2 t'

(Fieller and Hartley 1954 for the last, with the split of Glasserman, Monte Carlo Methods in
Financial Engineering, 2003, section 4.1.3), and the level of a alone with and without expected
orders. Stratified traits and antithetic draws would need streams of their own; they are not
among them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from engine.benchmark.days import fill_cache
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.worker import Tell, Worker
from engine.case import Case
from engine.market.run import simulate
from engine.rng import Purpose, derive_seed
from engine.spec.benchmark import BenchmarkJob
from engine.stats.arrays import Floats

_SOLD, _EXPECTED = "gmv_paid_fen", "expected_gmv_paid_fen"


class _Runs(NamedTuple):
    """Runs of one population, (runs,) float64 each: fen sold and expected, of a and b; seconds."""

    sold: Floats
    expected: Floats
    seconds: float


def variance_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Simulate both policies `variance_runs` times; return the rows of `benchmark`."""
    few, many = min(job.populations), max(job.populations)
    steps = Steps(1 + job.variance_runs * 2, on_progress)
    pair = (case, replace(case, policy=job.searched))
    with Worker() as first:
        first.ask(fill_cache, case)
    steps.step("compile cache filled")
    found: dict[int, list[tuple[Floats, float]]] = {few: [], many: []}
    with Worker() as worker:
        for buyers in (few, many):
            worker.ask(_pair, _sized(pair, buyers, job, 0))  # loads compiled code
        for number in range(job.variance_runs):
            for buyers in (few, many):
                found[buyers].append(worker.ask(_pair, _sized(pair, buyers, job, number)))
                steps.step(f"{buyers:,} buyers")
    runs = {buyers: _gathered(own) for buyers, own in found.items()}
    return _rows(case, runs, job.variance_runs)


def _sized(
    pair: tuple[Case, Case], buyers: int, job: BenchmarkJob, number: int
) -> tuple[Case, Case]:
    """Both policies in one population, under the same random numbers."""
    seed = derive_seed(job.seed, Purpose.REPLICATION, number)
    size = pair[0].scale.model_copy(update={"buyers_count": buyers})
    own = [
        replace(one, scale=size, run_seed=seed, world_seed=job.world_seed + number) for one in pair
    ]
    return own[0], own[1]


def _pair(_: Tell, pair: Sequence[Case]) -> tuple[Floats, float]:
    """Return what both policies sold and were expected to, (2, 2) fen, and a run's seconds."""
    started = time.process_time()
    results = [simulate(one) for one in pair]
    seconds = (time.process_time() - started) / len(pair)
    values = [[result.daily[name].sum() for result in results] for name in (_SOLD, _EXPECTED)]
    return np.array(values, np.float64), seconds


def _gathered(found: Sequence[tuple[Floats, float]]) -> _Runs:
    values = np.stack([own for own, _ in found], axis=-1)
    return _Runs(values[0], values[1], float(np.median([seconds for _, seconds in found])))


def _left_a_second(few: _Runs, many: _Runs) -> Mapping[str, float]:
    """Return the variance that a second leaves, fen² s, by estimator; see the module.

    Parameters
    ----------
    few, many
        Runs of the small and of the large population, seed by seed.
    """
    cost, small = 2 * many.seconds, 2 * few.seconds
    difference = {name: own[0] - own[1] for name, own in zip(
        ("sold", "expected"), (many.sold, many.expected), strict=True)}  # fmt: skip
    cheap = few.expected[0] - few.expected[1]
    r = float(np.corrcoef(difference["expected"], cheap)[0, 1])
    spread = float(difference["expected"].var(ddof=1))
    split = (np.sqrt((1 - r**2) * cost) + abs(r) * np.sqrt(small)) ** 2
    return {
        "difference, independent seeds": float(many.sold.var(axis=1, ddof=1).sum()) * cost,
        "difference, common random numbers": float(difference["sold"].var(ddof=1)) * cost,
        "– and expected orders": spread * cost,
        "– and the small population as control": spread * float(split),
        "level": float(many.sold[0].var(ddof=1)) * many.seconds,
        "level, expected orders": float(many.expected[0].var(ddof=1)) * many.seconds,
    }


def _rows(case: Case, runs: Mapping[int, _Runs], count: int) -> list[Row]:
    """The standard error after a minute of one core, and what is left of the first way's variance.

    The spread over runs is that of leaving one out at a time.
    """
    few, many = runs[min(runs)], runs[max(runs)]
    days = case.scenario.calendar.n_days
    at = Setting("variance", max(runs), case.scale.anchors_count, days)
    whole = _left_a_second(few, many)
    without = [
        _left_a_second(_without(few, place), _without(many, place)) for place in range(count)
    ]
    rows = []
    for name, own in whole.items():
        base = _BASE[name.startswith("level")]
        ratios = [one[name] / one[base] for one in without]
        error = at.row("variance", name, "error_after_a_minute_fen", [float(np.sqrt(own / 60))])
        share = at.row("variance", name, "variance_ratio", ratios)
        rows += [error | {"runs_count": count}, share | {"value": own / whole[base]}]
    return rows


_BASE: Final = ("difference, independent seeds", "level")
"""What differences, and what levels, are compared with."""


def _without(runs: _Runs, place: int) -> _Runs:
    return runs._replace(
        sold=np.delete(runs.sold, place, axis=1), expected=np.delete(runs.expected, place, axis=1)
    )
