"""The years that the model card is read off, each simulated once, on all cores."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context

import numpy as np
from hydra import compose, initialize_config_dir

from engine.case import Case, RunResult
from engine.cases import cases
from engine.compute.pool import simulate_case
from engine.config import load
from engine.spec.calibration import CalibrateJob
from engine.spec.jobs import CompareJob, SimulateJob
from engine.spec.response import ResponseJob
from engine.stats.intervals import mean_interval
from tests.worlds import CONF, job

POPULATIONS = 8
BN = 1e11
"""Fen in a bn RMB."""

Change = Callable[[Case], Case]


def simulated(wanted: Sequence[Case]) -> list[RunResult]:
    """Simulate the cases, several at once."""
    return list(_pool().map(simulate_case, wanted))


@cache
def years(*words: str, populations: int = POPULATIONS, run_off: bool = False) -> list[RunResult]:
    """Years of `experiments.simulate` at scale=laptop, one per population.

    With `run_off`, 365 days of h1_2020 come after them.
    """
    asked = job("scale=laptop", f"replications={populations}", *words)
    found = cases(asked, [asked.policy])
    if run_off:
        after = job("policy=h1_2020").policy
        found = [replace(case, after=after, run_off_days=365) for case in found]
    return simulated(found)


def changed(change: Change, *words: str) -> list[RunResult]:
    """Years as `years` has them, of cases that are changed by hand."""
    asked = job("scale=laptop", f"replications={POPULATIONS}", *words)
    return simulated([change(case) for case in cases(asked, [asked.policy])])


def job_of_worlds(populations: int) -> SimulateJob:
    """The job of `experiments.simulate` with h1_2020 in every plausible world."""
    return job(
        "scale=laptop", f"replications={populations}", "policy=h1_2020", "ensemble=plausible"
    )


def calibration(*words: str) -> CalibrateJob:
    """The job of `experiments.calibrate`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("calibrate", list(words)), CalibrateJob)


def comparison(*words: str) -> CompareJob:
    """The job of `experiments.compare`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("compare", list(words)), CompareJob)


def sweep(*words: str) -> ResponseJob:
    """The job of `experiments.response`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load(compose("response", list(words)), ResponseJob)


def column(runs: Sequence[RunResult], name: str) -> np.ndarray:
    """A measure of every run."""
    return np.array([float(run.run[name]) for run in runs])


def told(values: Sequence[float] | np.ndarray, digits: int = 1, sign: str = "+") -> str:
    """Mean with the half width of its 95 % interval."""
    found = mean_interval(np.asarray(values, float))
    return f"{found.value:{sign}.{digits}f} ± {found.high - found.value:.{digits}f}"


@cache
def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(mp_context=get_context("spawn"))
