"""A finished search to try things on: forecasts of policies it did not try, and their real runs.

What measures are likely to be at points nobody has simulated a Gaussian process says, with a Matérn
kernel of its own length scale for every coordinate, and noise (scikit-learn). It is fitted to the
trials of the search, one for each measure. Its error is cross-validated: each tenth of the trials
is predicted from the other nine, with the kernel of all,

    rmse = sqrt(mean (y - ŷ)²),        skill = 1 - rmse² / var(y).
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
from omegaconf import OmegaConf
from optuna.distributions import BaseDistribution

from engine.case import RunResult
from engine.cases import cases
from engine.compute.machine import cpus_count
from engine.compute.pool import ProcessPool
from engine.config import dump, load
from engine.decision.inert import differences
from engine.decision.names import policy_name
from engine.design.cube import UnitCube
from engine.errors import InputError
from engine.results import list_tables, provenance_of, read_table
from engine.search.checkpoint.journal import FILE, read_optuna_study
from engine.search.space.policy_space import PolicySpace
from engine.spec.levers import levers_of
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.stats.arrays import Floats
from engine.stats.intervals import Interval, mean_interval
from engine.stats.paired import independent_units, means_by

_REACHED: Final = "target_attained"
"""The measure among these that is a probability."""

_LEFT: Final = "platform_contribution_fen"
_COST: Final = "cost_fen"
"""Net cost: what a policy leaves less than today's, under the same random numbers."""

_MEASURES: Final = (
    "gmv_paid_fen",
    _REACHED,
    _COST,
    "subsidy_fen",
    "dau_change_share",
    "top10_share",
    "brand_share",
)
"""What is predicted and simulated: columns of `trials`, but for the net cost."""

_LEAST_TRIALS: Final = 20
"""Fewer teach no surrogate."""

_Point = Mapping[str, Any]

_FOLDS: Final = 10
_SCALES: Final = (0.1, 20.0)
"""Shortest and longest length scale, in ranges of a lever."""


class PointForecast(NamedTuple):
    """A measure predicted, in its unit: `error` is the cross-validated one, `sd` that here."""

    value: float
    sd: float
    error: float
    skill: float


class _Surrogate:
    """Foretells measures at points of the unit cube.

    Parameters
    ----------
    points
        Of the trials, (trials, coordinates) float64 from 0 to 1.
    measures
        Each in its unit, at those points, (trials,) float64.
    """

    def __init__(self, points: Floats, measures: Mapping[str, Floats]) -> None:
        self._fitted = {name: _fitted(points, values) for name, values in measures.items()}
        self._errors = {
            name: _cross_validated(self._fitted[name], points, values)
            for name, values in measures.items()
        }

    def at(self, point: Floats) -> dict[str, PointForecast]:
        """Return every measure at a point, (coordinates,) float64 from 0 to 1."""
        found = {}
        for name, model in self._fitted.items():
            mean, sd = model.predict(point.reshape(1, -1), return_std=True)
            value = float(mean[0])
            if name == _REACHED:
                value = min(max(value, 0.0), 1.0)
            found[name] = PointForecast(value, float(sd[0]), *self._errors[name])
        return found


@dataclass
class Explorer:
    """A search to try things on.

    `points` and `figures` are of its trials and of what was simulated since; `policies` the
    policies that stand in its folder, by name; `answers` those of its answer among them, the
    recommended one first.
    """

    job: OptimizeJob
    space: PolicySpace
    points: Floats
    figures: dict[str, Floats]
    policies: dict[str, _Point]
    answers: tuple[str, ...] = ()
    _today_results: dict[int, list[RunResult]] = field(init=False, default_factory=dict)
    _cube: UnitCube = field(init=False)
    _surrogate: _Surrogate = field(init=False)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the output folder of a finished search.

        Raises
        ------
        InputError
            If it is none, or has too few trials to learn from.
        """
        job, space, rows, points = _learnt_from(folder)
        left = _left_today(folder, job)
        figures: dict[str, Floats] = {
            str(name): np.array(
                [left - row[_LEFT] if name == _COST else row[name] for row in rows], np.float64
            )
            for name in _MEASURES
            if name == _COST or name in rows[0]
        }
        cube = UnitCube(space.distributions)
        answers = tuple(name for name in _answers(folder) if name in points)
        return cls(job, space, cube.points(list(points.values())), figures, points, answers)

    @staticmethod
    def check_folder(folder: Path) -> None:
        """Refuse a folder without a finished search, or with too few trials to learn from.

        Raises
        ------
        InputError
            Naming it.
        """
        if not (folder / FILE).is_file() or "trials" not in list_tables(folder):
            raise InputError(
                "FOLDER",
                f"there is no finished search in {folder}",
                "the output folder of experiments.optimize or experiments.replan",
                "give one, e.g. outputs/optimize/TIME",
            )
        _learnt_from(folder)

    def __post_init__(self) -> None:
        self._cube = UnitCube(self.space.distributions)
        self._surrogate = _Surrogate(self.points, self.figures)

    @property
    def levers(self) -> dict[str, BaseDistribution]:
        """The levers and their ranges, but for the shape of the target's trajectory."""
        every = self.space.distributions
        return {name: own for name, own in every.items() if not name.startswith("trajectory.")}

    def title(self, name: str) -> str:
        """Return a policy's name, and what it does otherwise than today's where there is one."""
        if self.job.today is None:
            return name
        policy, today = (
            self.space.policy(self.policies[name], name),
            self.job.baselines[self.job.today],
        )
        moved = differences(policy, today, self.job.scenario.kinds, self.job.decision_date)
        return f"{name}: {policy_name(moved)}"

    def names(self) -> list[str]:
        """Return the policies of the search: its answer's, then those that sell most first."""
        every = list(self.policies)
        order = np.argsort(-self.figures[_MEASURES[0]][: len(every)])
        return list(dict.fromkeys([*self.answers, *(every[k] for k in order)]))

    def forecast(self, point: _Point) -> dict[str, PointForecast]:
        """Return every measure that a policy is likely to bring, with how wrong that is."""
        return self._surrogate.at(self._place(point))

    def policy(self, point: _Point, name: str) -> Policy:
        """Return the whole policy at a point of the space."""
        return self.space.policy(point, name)

    def simulate(self, point: _Point, name: str, replications: int) -> dict[str, Interval]:
        """Simulate a policy in all worlds, in this process, and learn from what it brought.

        Today's policy is simulated beside it, once for a number of replications.

        Returns
        -------
        Of every measure its mean over worlds and replications with a 95 % interval.
        """
        results = self._results(self.policy(point, name), replications)
        left = [0.0] * len(results)
        if self.job.today is not None:
            if replications not in self._today_results:
                today = self.job.baselines[self.job.today]
                self._today_results[replications] = self._results(today, replications)
            left = [float(result.run[_LEFT]) for result in self._today_results[replications]]
        units = independent_units(
            [result.labels["replication"] for result in results],
            [result.labels["population"] for result in results],
        )
        found = {
            measure: mean_interval(
                means_by(
                    units,
                    np.array(
                        [
                            other - result.run[_LEFT] if measure == _COST else result.run[measure]
                            for result, other in zip(results, left, strict=True)
                        ],
                        np.float64,
                    ),
                )
            )
            for measure in self.figures
        }
        self._learn(point, found)
        return found

    def save(self, point: _Point, name: str, folder: Path) -> Path:
        """Write a policy where `--config-dir FOLDER policy=NAME` finds it; return the file."""
        path = folder / "policy" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump(self.policy(point, name)), encoding="utf-8")
        return path

    def _results(self, policy: Policy, replications: int) -> list[RunResult]:
        job = self.job.model_copy(update={"replications": replications, "threads": cpus_count()})
        return list(ProcessPool().run(cases(job, [policy])))

    def _place(self, point: _Point) -> Floats:
        return np.asarray(self._cube.points([point])[0], np.float64)

    def _learn(self, point: _Point, found: Mapping[str, Interval]) -> None:
        self.points = np.vstack([self.points, self._place(point)])
        self.figures = {
            name: np.append(values, [found[name].value or 0.0])
            for name, values in self.figures.items()
        }
        self._surrogate = _Surrogate(self.points, self.figures)


def _learnt_from(
    folder: Path,
) -> tuple[OptimizeJob, PolicySpace, list[dict[str, Any]], dict[str, _Point]]:
    """Return a search's job, space and finished trials, with the point of each by its name.

    Raises
    ------
    InputError
        If they are too few.
    """
    table = read_table(folder, "trials")
    job = load(OmegaConf.create(provenance_of(table)["config"]), OptimizeJob)
    space = PolicySpace(job.space, job.policy, levers_of(job.scenario.kinds))
    tried = {
        one.user_attrs.get("name"): one.params for one in read_optuna_study(folder).get_trials()
    }
    rows = [
        row
        for row in table.to_pylist()
        if row["state"] == "complete"
        and set(tried.get(row["policy"], ())) == set(space.distributions)
    ]
    if len(rows) < _LEAST_TRIALS:
        raise InputError(
            "FOLDER",
            f"the search in {folder} has {len(rows)} finished trials in its space",
            f"at least {_LEAST_TRIALS}, from which forecasts are learnt",
            # Its table of trials is written at its end: going on adds none.
            f"start a larger one (search.trials_count, here {job.search.trials_count}), or give "
            "another",
        )
    return job, space, rows, {row["policy"]: tried[row["policy"]] for row in rows}


def _left_today(folder: Path, job: OptimizeJob) -> float:
    """Return the contribution of today's policy in a search, fen; 0 where there is none."""
    rows = read_table(folder, "trials").to_pylist()
    return next((float(row[_LEFT]) for row in rows if row["policy"] == job.today), 0.0)


def _answers(folder: Path) -> list[str]:
    """Return the policies of a search's answer, the recommended one first."""
    found = list_tables(folder)
    frontier = read_table(folder, "frontier").to_pylist() if "frontier" in found else []
    prices = read_table(folder, "price_of_target").to_pylist() if "price_of_target" in found else []
    recommended = [row["policy"] for row in prices or frontier if row.get("is_recommended")]
    return [*filter(None, recommended), *(row["policy"] for row in prices if row["policy"])]


def _fitted(points: Floats, values: Floats) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    kernel = ConstantKernel() * Matern(np.ones(points.shape[1]), _SCALES, nu=2.5) + WhiteKernel()
    model = GaussianProcessRegressor(kernel, normalize_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a lever moves nothing: its scale is the longest
        return model.fit(points, values)


def _cross_validated(model: Any, points: Floats, values: Floats) -> tuple[float, float]:
    """Return the error of forecasts, in the measure's unit, and their skill."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    fold = np.arange(len(values)) % _FOLDS
    predicted = np.empty(len(values))
    for number in range(min(_FOLDS, len(values))):
        own = fold == number
        part = GaussianProcessRegressor(model.kernel_, optimizer=None, normalize_y=True)
        part.fit(points[~own], values[~own])
        predicted[own] = part.predict(points[own])
    squared = float(np.mean((values - predicted) ** 2))
    spread = float(values.var())
    return squared**0.5, 1 - squared / spread if spread > 0 else 0.0
