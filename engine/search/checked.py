"""What is refused of a search before anything runs, and what one that can run is made of."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from omegaconf import DictConfig, OmegaConf

from engine.config import load
from engine.errors import InputError, StorageError
from engine.measures.periods import period_of
from engine.measures.run_off import NET_PRESENT_VALUE
from engine.results import local_folder, read_table
from engine.search.checkpoint.journal import FILE
from engine.search.checkpoint.shared_study import SharedStudy
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.problem import Point
from engine.search.space.policy_space import PolicySpace
from engine.secrets import masked
from engine.spec.levers import levers_of
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.run_off import days_left
from engine.spec.scenario import Scenario
from engine.spec.search import Objective, Search
from engine.spec.worlds import worlds

_FOLDER: Final = "policy"
_PREFIX: Final = "earlier-"


class CheckedSearch(NamedTuple):
    """What a job that can run is made of; `earlier` are policies of an earlier search."""

    space: PolicySpace
    evaluator: ObjectiveEvaluator
    earlier: dict[str, Policy]

    @property
    def starts(self) -> list[Point]:
        """Return the points nearest to earlier policies that the space does not hold."""
        outside = [one for one in self.earlier.values() if self.space.point_of(one) is None]
        found = [self.space.nearest_point(one) for one in outside]
        return [point for k, point in enumerate(found) if point not in found[:k]]


def check_search(job: OptimizeJob) -> CheckedSearch:
    """Refuse a job that cannot be done, before anything starts; return what it is made of.

    Raises
    ------
    InputError
        For an unknown lever or measure, bounds outside a lever's range, constraints that
        no policy can satisfy, a world that is no scenario, a sampler that is not there.
    """
    SharedStudy.check_address(job.storage)
    earlier = _earlier_policies(job.warm_start, job.baselines)
    space = PolicySpace(job.space, job.policy, levers_of(job.scenario.kinds))
    checked = CheckedSearch(space, ObjectiveEvaluator(job.objective), earlier)
    _check_measures(job, worlds(job.scenario, job.ensemble))
    _check_sampler(job.search, job.objective)
    given = len(job.baselines) + len(earlier) + len(checked.starts)
    if job.search.trials_count <= given:
        known = "baselines and earlier policies" if earlier else "baselines"
        raise InputError(
            "search.trials_count",
            f"{job.search.trials_count} trials, of which {given} are {known}: nothing is searched",
            f"at least {given + 1}",
            "raise it",
        )
    _check_goal(job)
    return checked


def _check_goal(job: OptimizeJob) -> None:
    """Refuse a constraint on reaching the year's goal where the scenario has none."""
    if job.scenario.platform.goal_bn_rmb > 0:
        return
    for name, constraint in job.objective.constraints.items():
        about_goal = constraint.measure in {"target_attained", "attainment_share"}
        if about_goal and (constraint.at_least or 0) > 0:
            raise InputError(
                f"objective.constraints.{name}",
                f"asks for {constraint.measure}, but scenario.platform.goal_bn_rmb is 0: no goal",
                "a goal above 0",
                "set scenario.platform.goal_bn_rmb, or leave the constraint out",
            )


def _earlier_policies(folder: str | None, given: Mapping[str, Policy]) -> dict[str, Policy]:
    """Return the policies that a search of before knew best, by names of their own.

    Those that met all replications, or all that were written where that is not known; the next
    search must not miss them. What is given anyway is left out. `folder` is its output folder, or
    its address; none: no policies.
    """
    if folder is None:
        return {}
    place = local_folder(folder, "warm_start")
    files = sorted((place / _FOLDER).glob("*.yaml"))
    if not files or not (place / FILE).exists():
        raise InputError(
            "warm_start",
            f"{masked(folder)} holds no finished search: {FILE} and {_FOLDER}/*.yaml are not there",
            "the output folder of an earlier experiments.optimize",
            "give another folder, or warm_start=null",
        )
    known, found = _fully_known(place), dict[str, Policy]()
    seen = [policy.model_copy(update={"name": ""}) for policy in given.values()]
    for file in files:
        tree = OmegaConf.load(file)
        assert isinstance(tree, DictConfig)
        policy = load(tree, Policy)
        bare = policy.model_copy(update={"name": ""})
        if (known and file.stem not in known) or bare in seen:
            continue
        seen.append(bare)
        name = _PREFIX + file.stem.removeprefix(_PREFIX)
        found[name] = policy.model_copy(update={"name": name})
    return found


def _fully_known(folder: Path) -> set[str]:
    """Return the names of the policies that met all replications; none if that is not told."""
    try:
        rows = read_table(folder, "frontier").select(["policy", "runs_count"]).to_pylist()
    except StorageError:
        return set()
    most = max(row["runs_count"] for row in rows)
    return {row["policy"] for row in rows if row["runs_count"] == most}


def _check_measures(job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> None:
    """Refuse measures that the days which are simulated do not hold.

    That is, a period beyond the horizon of some world, and days after it that nothing counts,
    that no policy is named for, or that lie too far ahead.
    """
    for measure in job.objective.measures:
        for world, scenario in scenarios.items():
            _check_period(measure, world, scenario)
    if job.objective.horizon_days:
        _check_days_after(job, scenarios)


def _check_period(measure: str, world: str, scenario: Scenario) -> None:
    period, calendar = period_of(measure), scenario.calendar
    if period is None or calendar.start <= period.first <= period.last <= calendar.end:
        return
    raise InputError(
        "objective",
        f"{measure} needs the days from {period.first} to {period.last}, and the horizon of the "
        f"world {world} is {calendar.start} to {calendar.end}",
        "a period within the horizon of every world",
        "name another period, or move scenario.calendar.start or scenario.calendar.end",
    )


def _check_days_after(job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> None:
    where, days = "objective.horizon_days", job.objective.horizon_days
    if NET_PRESENT_VALUE.name not in job.objective.measures:
        raise InputError(
            where,
            f"{days} days after the horizon, and no goal or constraint counts them",
            f"0, or {NET_PRESENT_VALUE.name} among goals or constraints",
            f"set {where}=0, or name {NET_PRESENT_VALUE.name}",
        )
    if job.today is None:
        raise InputError(
            where,
            f"{days} days after the horizon, and today names no policy that is in force then",
            "a baseline",
            f"name one: today=...; or set {where}=0",
        )
    left = min(days_left(scenario.calendar) for scenario in scenarios.values())
    if days > left:
        raise InputError(
            where,
            f"{days} days beyond the horizon end more than ten years after the scenario's first",
            f"at most {left} days",
            f"set {where}={left}",
        )


def _check_sampler(search: Search, objective: Objective) -> None:
    """Refuse a sampler whose library is not there, or that cannot pursue the goals."""
    if search.sampler == "gp_torch" and find_spec("torch") is None:
        raise InputError(
            "search.sampler",
            "gp_torch needs torch, which is not installed",
            "tpe, nsga2, nsga3, cmaes, qmc, gp, random; gp_torch with the extra `gp`",
            "pip install -e '.[gp]' in the checkout, or take search=gp, which needs no torch",
        )
    if search.sampler == "cmaes" and len(objective.goals) > 1:
        raise InputError(
            "search.sampler",
            f"cmaes pursues one goal, but the objective has {len(objective.goals)}",
            "tpe, nsga2, nsga3, qmc, gp, gp_torch, random for several goals; cmaes for one",
            "take another sampler, or leave one goal: "
            "'objective.goals=[{measure:gmv_paid_fen,direction:maximize}]'",
        )
