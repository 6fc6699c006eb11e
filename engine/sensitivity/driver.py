"""A sensitivity analysis from end to end: points, their runs, and what these say."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from optuna.trial import TrialState

from engine import cases
from engine.calibrate import UnknownSpace
from engine.case import Case
from engine.compute import Pool
from engine.design.cube import UnitCube
from engine.errors import InputError
from engine.measures.catalogue import OUTCOMES
from engine.results import local_folder
from engine.rng import Purpose, derive_seed
from engine.search.checkpoint.journal import FILE, read_optuna_study
from engine.search.space.policy_space import PolicySpace
from engine.secrets import masked
from engine.sensitivity.indices import (
    LEAST_TRIALS,
    Row,
    SobolAnalysis,
    importance_rows,
)
from engine.spec.explain import unknown_word
from engine.spec.jobs import Ensemble
from engine.spec.levers import levers_of
from engine.spec.sensitivity import SensitivityJob
from engine.stats.arrays import Floats

_OnProgress = Callable[[str, int, int, str], None]
"""Takes the stage, runs done, runs in all, and a note."""

_LEVERS, _UNKNOWNS = "levers", "unknowns"


class _Factors(NamedTuple):
    """What moves: names, the runs at points of the unit cube, and how many worlds these have.

    `ends` are the values of each factor at the low and the high end of its range.
    """

    of: str
    ends: dict[str, tuple[Any, Any]]
    cases: Callable[[Floats], list[Case]]
    worlds_count: int

    @property
    def names(self) -> list[str]:
        """Of the factors."""
        return list(self.ends)


def check_sensitivity(job: SensitivityJob) -> None:
    """Refuse a job that cannot be done, before anything starts.

    Raises
    ------
    InputError
        For an unknown measure, lever or unknown, a missing library, a folder without a search.
    """
    if job.study is not None:
        _check_study(job.study)
        return
    _check_library()
    for measure in job.measures:
        if measure not in OUTCOMES:
            raise unknown_word("measures", "is not measured", measure, OUTCOMES)
    if job.of != _UNKNOWNS and job.space.rules:
        raise InputError(
            "space.rules",
            "levers under rules depend on one another: no lever has an index of its own",
            "a space without rules",
            "leave them out: '~space.rules', or take of=unknowns",
        )
    list(_factors(job))


def sensitivities(job: SensitivityJob, pool: Pool, on_progress: _OnProgress) -> list[Row]:
    """Return the rows of `sensitivity`: a function of the job, and of the search it names.

    Parameters
    ----------
    job
        What moves, which measures, and how many points there are.
    pool
        What simulates.
    on_progress
        Takes the stage, runs done, runs in all, and a note.
    """
    if job.study is not None:
        return importance_rows(job.study, job.indices.resamples_count, job.seed)
    rows: list[Row] = []
    for k, factors in enumerate(_factors(job)):
        seed = derive_seed(job.seed, Purpose.TRIAL, k) >> 31
        sobol = SobolAnalysis(factors.of, factors.ends, job.indices.base_points_count, seed)
        runs = _simulated(job, factors, sobol.cube, pool, on_progress)
        rows += sobol.rows(runs, job.indices.resamples_count)
    return rows


def runs_count(job: SensitivityJob) -> int:
    """Return how many runs there are to simulate."""
    if job.study is not None:
        return 0
    points = job.indices.base_points_count * job.replications
    return sum(points * (len(one.names) + 2) * one.worlds_count for one in _factors(job))


def _check_library() -> None:
    """Refuse to begin without SALib.

    Raises
    ------
    InputError
        If it is not installed.
    """
    if find_spec("SALib") is None:
        raise InputError(
            "of",
            "Sobol indices need SALib, which is not installed",
            "study=FOLDER, the importance in a finished search; indices with the extra",
            "pip install -e '.[sensitivity]' in the checkout",
        )


def _check_study(folder: str) -> None:
    """Refuse a folder without a search that has got far enough.

    Raises
    ------
    InputError
        Naming the folder.
    """
    place = local_folder(folder, "study")
    if not (place / FILE).is_file():
        raise InputError(
            "study",
            f"there is no {FILE} in {masked(folder)}",
            "the output folder of experiments.optimize",
            "give one, e.g. study=outputs/optimize/TIME",
        )
    finished = len(read_optuna_study(place).get_trials(states=(TrialState.COMPLETE,)))
    if finished < LEAST_TRIALS:
        raise InputError(
            "study",
            f"the search in {masked(folder)} has {finished} finished trials",
            f"at least {LEAST_TRIALS}",
            "let it go on; if it has ended, start a larger one (search.trials_count), or give "
            "another",
        )


def _factors(job: SensitivityJob) -> Iterator[_Factors]:
    """Yield the levers and the unknowns, as far as they are asked for."""
    buyers = max(1, round(job.scale.buyers_count * job.indices.population_share))
    scale = job.scale.model_copy(update={"buyers_count": buyers})
    cheap = job.model_copy(update={"scale": scale})
    if job.of != _UNKNOWNS:
        yield _levers(cheap)
    if job.of != _LEVERS:
        yield _unknowns(cheap)


def _levers(job: SensitivityJob) -> _Factors:
    space = PolicySpace(job.space, job.policy, levers_of(job.scenario.kinds))
    cube = UnitCube(space.distributions)

    def results(points: Floats) -> list[Case]:
        policies = [
            space.policy(cube.values(point), f"point_{k}") for k, point in enumerate(points)
        ]
        return cases.cases(job, policies)

    low, high = (cube.values(np.full(cube.size, end)) for end in (0.0, 1.0))
    ends = {name: (low[name], high[name]) for name in space.distributions}
    return _Factors(_LEVERS, ends, results, len(job.ensemble.worlds))


def _unknowns(job: SensitivityJob) -> _Factors:
    unknowns = UnknownSpace(job.unknowns.ranges, job.scenario)

    def results(points: Floats) -> list[Case]:
        worlds = {
            f"point_{k}": unknowns.changes(point) for k, point in enumerate(unknowns.values(points))
        }
        ensemble = Ensemble(name="points", worlds=worlds)
        return cases.cases(job.model_copy(update={"ensemble": ensemble}), [job.policy])

    low, high = unknowns.values(np.array([[0.0], [1.0]]) * np.ones(len(unknowns.names)))
    ends = {name: (low[name], high[name]) for name in unknowns.names}
    return _Factors(_UNKNOWNS, ends, results, 1)


def _simulated(
    job: SensitivityJob, factors: _Factors, cube: Floats, pool: Pool, on_progress: _OnProgress
) -> dict[str, Floats]:
    """Return every measure at every point, shape (points, replications)."""
    todo = factors.cases(cube)
    results = pool.run(todo)
    size = factors.worlds_count * job.replications
    found: dict[str, list[Floats]] = {measure: [] for measure in job.measures}
    for k in range(len(cube)):
        runs = [result.run for result in islice(results, size)]
        for measure, values in found.items():
            by_world = np.array([run[measure] for run in runs], np.float64)
            values.append(by_world.reshape(factors.worlds_count, -1).mean(axis=0))
        on_progress(f"runs over the {factors.of}", (k + 1) * size, len(todo), "")
    return {measure: np.array(values) for measure, values in found.items()}
