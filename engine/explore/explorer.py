"""A finished search opened to be tried on: its levers, its trials, their forecasts, real runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from omegaconf import OmegaConf
from optuna.distributions import BaseDistribution

from engine.cases import cases
from engine.compute.machine import cpus_count
from engine.compute.pool import ProcessPool
from engine.config import dump, load
from engine.design.cube import UnitCube
from engine.errors import InputError
from engine.explore.surrogate import PointForecast, Surrogate
from engine.results import list_tables, provenance_of, read_table
from engine.search.checkpoint.journal import FILE, read_optuna_study
from engine.search.space.policy_space import PolicySpace
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.stats.arrays import Floats
from engine.stats.intervals import Interval, mean_interval
from engine.stats.paired import independent_units, means_by

_MEASURES: Final = (
    "gmv_paid_fen",
    "platform_contribution_fen",
    "subsidy_fen",
    "dau_change_share",
    "top10_share",
    "brand_share",
)
"""What is predicted and simulated: columns of `trials`."""

_LEAST_TRIALS: Final = 20
"""Fewer teach no surrogate."""

_Point = Mapping[str, Any]


@dataclass
class Explorer:
    """A search to try things on.

    `points` and `figures` are of its trials and of what was simulated since; `policies` the
    policies that stand in its folder, by name.
    """

    job: OptimizeJob
    space: PolicySpace
    points: Floats
    figures: dict[str, Floats]
    policies: dict[str, _Point]
    _cube: UnitCube = field(init=False)
    _surrogate: Surrogate = field(init=False)

    def __post_init__(self) -> None:
        self._cube = UnitCube(self.space.distributions)
        self._surrogate = Surrogate(self.points, self.figures)

    @property
    def levers(self) -> dict[str, BaseDistribution]:
        """The levers and their ranges, but for the shape of the target's trajectory."""
        every = self.space.distributions
        return {name: own for name, own in every.items() if not name.startswith("trajectory.")}

    def names(self) -> list[str]:
        """Return the policies of the search, those that sell most first."""
        every = list(self.policies)
        order = np.argsort(-self.figures[_MEASURES[0]][: len(every)])
        return [every[k] for k in order]

    def forecast(self, point: _Point) -> dict[str, PointForecast]:
        """Return every measure that a policy is likely to bring, with how wrong that is."""
        return self._surrogate.at(self._place(point))

    def policy(self, point: _Point, name: str) -> Policy:
        """Return the whole policy at a point of the space."""
        return self.space.policy(point, name)

    def simulate(self, point: _Point, name: str, replications: int) -> dict[str, Interval]:
        """Simulate a policy in all worlds, in this process, and learn from what it brought.

        Returns
        -------
        Of every measure its mean over worlds and replications with a 95 % interval.
        """
        job = self.job.model_copy(update={"replications": replications, "threads": cpus_count()})
        years = list(ProcessPool().run(cases(job, [self.policy(point, name)])))
        units = independent_units(
            [year.labels["replication"] for year in years],
            [year.labels["population"] for year in years],
        )
        found = {
            measure: mean_interval(
                means_by(units, np.array([year.run[measure] for year in years], np.float64))
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

    def _place(self, point: _Point) -> Floats:
        return np.asarray(self._cube.points([point])[0], np.float64)

    def _learn(self, point: _Point, found: Mapping[str, Interval]) -> None:
        self.points = np.vstack([self.points, self._place(point)])
        self.figures = {
            name: np.append(values, [found[name].value or 0.0])
            for name, values in self.figures.items()
        }
        self._surrogate = Surrogate(self.points, self.figures)


def check_folder(folder: Path) -> None:
    """Refuse a folder without a finished search.

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


def open_explorer(folder: Path) -> Explorer:
    """Open the output folder of a finished search.

    Raises
    ------
    InputError
        If it is none, or has too few trials to learn from.
    """
    check_folder(folder)
    table = read_table(folder, "trials")
    job = load(OmegaConf.create(provenance_of(table)["config"]), OptimizeJob)
    space = PolicySpace(job.space, job.policy)
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
            "let it go on, or give another",
        )
    points: dict[str, _Point] = {row["policy"]: tried[row["policy"]] for row in rows}
    figures = {
        name: np.array([row[name] for row in rows], np.float64)
        for name in _MEASURES
        if name in table.column_names
    }
    cube = UnitCube(space.distributions)
    return Explorer(job, space, cube.points(list(points.values())), figures, points)
