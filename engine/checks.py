"""What is refused of a job before anything runs, beyond what its types say.

All worlds and all policies are looked at together: a mistake in the last baseline of the
last world is reported at once, and not after hours.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from pydantic import BaseModel

from engine.cases import seconds_of_run
from engine.compute.machine import check_memory
from engine.errors import CombinedInputError, InputError
from engine.market.exchange import GROUP, groups_of
from engine.market.plan import check_target
from engine.overflow import overflow_mistakes
from engine.spec.base import Dated
from engine.spec.benchmark import BenchmarkJob
from engine.spec.calendar import Calendar
from engine.spec.calibration import CalibrateJob
from engine.spec.jobs import CompareJob, Job, SimulateJob
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.response import ResponseJob
from engine.spec.scenario import Scenario
from engine.spec.space import Space
from engine.spec.worlds import worlds

_YEAR_S: Final = 365 * 86_400
_LONGEST_S: Final = 10 * _YEAR_S
"""Seconds of one core beyond which a job is refused: a month of 120 cores."""

_UNCOMPILED: Final = "NUMBA_DISABLE_JIT"
"""What has Numba leave functions as they are."""

_FEW_DATES: Final = 2
"""Levers of a policy whose dates are told one by one where they lie outside the calendar."""


def check_job(job: Job) -> None:
    """Refuse a job that some world, policy or this machine cannot bear.

    Raises
    ------
    InputError
        Listing every mistake: a world that is no scenario, more buyers than people or
        memory, dates outside the calendar, a target that cannot be followed; and kernels that
        are not to be compiled.
    """
    scenarios = worlds(job.scenario, job.ensemble)
    mistakes = [*_uncompiled(), *_people(job, scenarios), *_memory(job), *_time(job), *_shards(job)]
    for key, space in job.all_spaces().items():
        mistakes += _searched_dates(space, key, scenarios, job.decision_date)
    for key, policy in _policies(job).items():
        mistakes += _dates(policy, key, scenarios, job.decision_date)
        mistakes += _target(policy, key, scenarios)
    if job.history is not None:
        mistakes += _dates(job.history, "history", scenarios, None)
    mistakes += _decision(job, scenarios)
    if isinstance(job, BenchmarkJob) and job.tables.is_given:
        mistakes.append(_no_tables(job))
    if isinstance(job, CompareJob | OptimizeJob):
        mistakes += _run_off(job, scenarios)
    if isinstance(job, OptimizeJob):
        mistakes += _goal_year(job, scenarios)
    mistakes += overflow_mistakes(job, scenarios, _all_policies(job))
    if mistakes:
        raise CombinedInputError(mistakes)


def _uncompiled() -> Iterator[InputError]:
    """A market is opened by compiled code alone.

    It writes into records of buyers by the names of their fields, which Python does not, and
    float32 times a Python number stays float32 in NumPy: other bits than those of the kernels.
    """
    if os.environ.get(_UNCOMPILED, "0").strip() not in {"", "0"}:
        yield InputError(
            _UNCOMPILED,
            "is set, but kernels of a market run only as compiled code",
            "not set, or 0; for the rules alone it may be 1",
            f"unset it; with ray.backend=process a debugger stops between kernels, and in rules by "
            f"{_UNCOMPILED}=1 python -m pytest tests/rules",
        )


def _all_policies(job: Job) -> list[Policy]:
    """Every policy that may be in force, the history among them."""
    return [*_policies(job).values(), *([job.history] if job.history else [])]


def _decision(job: Job, scenarios: Mapping[str, Scenario]) -> Iterator[InputError]:
    """A decision comes after a history, on a day of the horizon."""
    where, day = "decision_date", job.decision_date
    if day is None:
        return
    if isinstance(job, CalibrateJob | BenchmarkJob):
        yield InputError(
            where,
            f"{day}, but nothing is decided within a year that is calibrated or timed",
            "null",
            f"leave {where} out",
        )
    elif job.history is None:
        yield InputError(
            where,
            f"{day}, but no policy is named that was in force before it",
            "a decision with a history",
            "name one: policy@history=h1_2020; or leave decision_date out",
        )
    for world, scenario in scenarios.items():
        calendar = scenario.calendar
        if not calendar.start <= day <= calendar.end:
            yield InputError(
                where,
                f"{day} lies outside the horizon of {_world(world)}",
                f"{calendar.start} to {calendar.end}",
                "correct the date, or move scenario.calendar.start or scenario.calendar.end",
            )
            return


def _no_tables(job: BenchmarkJob) -> InputError:
    """A benchmark moves sizes, which tables hold fast."""
    first = next(iter(job.tables.named()))
    return InputError(
        f"tables.{first}",
        "a benchmark draws markets of several sizes",
        "null",
        "leave tables out, or time a run: simulate tells its seconds",
    )


def _run_off(
    job: CompareJob | OptimizeJob, scenarios: Mapping[str, Scenario]
) -> Iterator[InputError]:
    """Values are sums over the same days in every world."""
    if not job.run_off:
        return
    if isinstance(job, CalibrateJob):
        yield InputError(
            "run_off", "a calibration tells no values", "[]", "leave run_off out, or use compare"
        )
    own = job.scenario.calendar
    for world, scenario in scenarios.items():
        calendar = scenario.calendar
        if (calendar.start, calendar.end) != (own.start, own.end):
            yield InputError(
                "run_off",
                f"{_world(world)} has another horizon, {calendar.start} to {calendar.end}: values "
                "are sums over the same days of all worlds",
                f"worlds from {own.start} to {own.end}",
                "leave run_off out, or the world's calendar.start and calendar.end",
            )
            return


def _policies(job: Job) -> dict[str, Policy]:
    """Every policy that is given, or made of those that are."""
    made = job.compared() if isinstance(job, CompareJob) else {}
    return {f"policies.{name}": policy for name, policy in made.items()} | job.all_policies()


def _goal_year(job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> Iterator[InputError]:
    """A search that counts a goal needs a day of its calendar year."""
    named = [goal.measure for goal in job.objective.goals]
    named += [constraint.measure for constraint in job.objective.constraints.values()]
    counted = [name for name in named if name in {"target_attained", "attainment_share"}]
    for world, scenario in scenarios.items():
        year = scenario.calendar.origin.year
        if counted and scenario.calendar.start.year > year:
            yield InputError(
                "objective",
                f"{counted[0]} is measured by the goal of {year}, and no day of the horizon of "
                f"{_world(world)} lies in it",
                f"a horizon that begins by {year}-12-31, or other measures",
                "give an earlier scenario.calendar.start, or an objective without the goal",
            )
            return


def _people(job: Job, scenarios: Mapping[str, Scenario]) -> Iterator[InputError]:
    """A simulated buyer stands for at least one person."""
    where, buyers = _buyers(job)
    for world, scenario in scenarios.items():
        people = scenario.platform.pool_count
        if buyers > people:
            yield InputError(
                where,
                f"{buyers:,} simulated buyers, but {people:,} people in {_world(world)}",
                f"at most {people:,}",
                f"lower {where}, or raise scenario.platform.pool_count",
            )
            return


def _shards(job: Job) -> Iterator[InputError]:
    """One market on several workers is for what one of them cannot hold."""
    where, shards, buyers = "scale.shards", job.scale.shards, job.scale.buyers_count
    if shards == 1:
        return
    if isinstance(job, CalibrateJob) or not isinstance(job, SimulateJob | CompareJob):
        yield InputError(
            where,
            f"{shards}, but this command simulates many markets, each small enough for one worker",
            "1, or a command that simulates few: simulate, compare, ablate",
            f"leave {where} out: the markets themselves fill the workers",
        )
    elif shards != "auto" and shards > groups_of(buyers):
        yield InputError(
            where,
            f"{shards:,} shards, but {buyers:,} buyers are {groups_of(buyers):,} groups of "
            f"{GROUP}, which no shards share",
            f"1 to {groups_of(buyers)}, or auto",
            f"lower {where}, or raise scale.buyers_count",
        )
    elif job.tables.is_given:
        yield InputError(
            where,
            f"{shards}, but tables are given, which one process reads whole",
            "1 with tables of one's own",
            f"leave {where} or tables out",
        )
    elif job.ray.backend == "process":
        yield InputError(
            where,
            f"{shards}, but ray.backend=process stays in this process",
            "1 in this process; several on Ray",
            f"leave ray.backend or {where} out",
        )


def _time(job: Job) -> Iterator[InputError]:
    """A job ends within a month on a large machine; other sizes are mistakes."""
    if isinstance(job, BenchmarkJob):
        return
    runs = _most_runs(job)
    seconds = runs * seconds_of_run(job)
    if seconds > _LONGEST_S:
        fits = max(1, int(_LONGEST_S / seconds_of_run(job)))
        yield InputError(
            "replications",
            f"{runs:,} simulated runs of {job.scale.buyers_count:,} buyers take about "
            f"{seconds / _YEAR_S:,.0f} years of one core",
            f"about {fits:,} simulated runs of this size",
            "lower replications, scale, or the number of policies and worlds",
        )


def _memory(job: Job) -> Iterator[InputError]:
    where, buyers = _buyers(job)
    runs = _most_runs(job)
    is_alone = isinstance(job, BenchmarkJob) or job.scale.shards not in {1, "auto"}
    try:
        check_memory(buyers, 1 if is_alone else runs, job.ray, where)
    except InputError as mistake:
        yield mistake


def _most_runs(job: Job) -> int:
    """How many runs a stage of the job simulates, at most."""
    runs = job.replications * len(job.ensemble.worlds) * len(_policies(job))
    if isinstance(job, CalibrateJob):
        runs = job.fit.most_runs(job.replications)
    if isinstance(job, ResponseJob):
        runs *= job.points_count
    if isinstance(job, OptimizeJob):
        runs = max(runs, job.search.window_count, job.search.finalists_count)
    return runs


def _buyers(job: Job) -> tuple[str, int]:
    """Return the largest population of a job, and the key that says so."""
    if isinstance(job, BenchmarkJob):
        keys = {
            "one_to_one": "population",
            "shards": "sharded_population",
            "search": "market.buyers_count",
        }
        where = keys.get(job.suite, "populations")
        return where, job.largest_population()
    return "scale.buyers_count", job.scale.buyers_count


def _dates(
    policy: Policy, key: str, scenarios: Mapping[str, Scenario], decision_date: date | None
) -> Iterator[InputError]:
    outside = []
    for path, dated in _levers(policy, key):
        days = [day for day, _ in dated.steps if day != date.min]  # a plain number is always
        for world, scenario in scenarios.items():
            if mistake := _outside(path, days, scenario.calendar, world):
                outside.append(mistake)
                break
            begins = decision_date or scenario.calendar.origin
            if days and days[0] > begins:
                yield _too_late(path, dated, begins, world)
                break
    days = [revision.day for revision in policy.target.revisions]
    for world, scenario in scenarios.items():
        if mistake := _outside(f"{key}.target.revisions", days, scenario.calendar, world):
            outside.append(mistake)
            break
    yield from [_of_another_year(policy, key, outside)] if len(outside) > _FEW_DATES else outside


def _of_another_year(policy: Policy, key: str, outside: Sequence[InputError]) -> InputError:
    """Tell of all dates of a policy at once: a policy of another market has many of them."""
    places = [one.where.removeprefix(f"{key}.") for one in outside]
    told, more = ", ".join(places[:_FEW_DATES]), len(places) - _FEW_DATES
    calendar = outside[0].what.partition(" lies outside ")[2]
    return InputError(
        key,
        f"dates of {policy.name!r} lie outside {calendar}: of {told} and {more} more",
        outside[0].allowed,
        "name a policy of this scenario's market, or correct its dates",
    )


def _searched_dates(
    space: Space, key: str, scenarios: Mapping[str, Scenario], decision_date: date | None
) -> Iterator[InputError]:
    for path, lever in space.levers.items():
        where, days = f"{key}.levers.{path}.dates", list(lever.dates)
        for world, scenario in scenarios.items():
            mistake = _outside(where, days, scenario.calendar, world)
            if mistake is None and days and days[-1] > scenario.calendar.end:
                mistake = InputError(
                    where,
                    f"the date {days[-1]} lies after the last day simulated in {_world(world)}: "
                    "what is searched from then on would do nothing",
                    f"dates up to {scenario.calendar.end}",
                    "leave the date out, or give a later scenario.calendar.end",
                )
            begins = decision_date or scenario.calendar.origin
            if mistake is None and days and days[0] > begins:
                mistake = InputError(
                    where,
                    f"the first date {days[0]} lies after {begins}, on which policies of "
                    f"{_world(world)} begin: nothing says what holds before",
                    f"a first date of {begins} or earlier",
                    f"add it: {where}=[{begins},{','.join(map(str, days))}]",
                )
            if mistake is not None:
                yield mistake
                break


def _levers(spec: BaseModel, above: str) -> Iterator[tuple[str, Dated]]:
    for name, value in spec:
        if isinstance(value, Dated):
            yield f"{above}.{name}", value
        elif isinstance(value, BaseModel):
            yield from _levers(value, f"{above}.{name}")


def _outside(path: str, days: list[date], calendar: Calendar, world: str) -> InputError | None:
    first, last = calendar.origin.year, calendar.end.year
    for day in days:
        if not first <= day.year <= last:
            return InputError(
                path,
                f"the date {day} lies outside the years of the calendar of {_world(world)}, "
                f"{calendar.origin} to {calendar.end}",
                f"dates from {first}-01-01 to {last}-12-31",
                "correct the date, or leave it out",
            )
    return None


def _too_late(path: str, dated: Dated, begins: date, world: str) -> InputError:
    steps = ",".join(f"{day}:{value:g}" for day, value in dated.steps)
    return InputError(
        path,
        f"its first date {dated.steps[0][0]} lies after {begins}, on which policies of "
        f"{_world(world)} begin: nothing says what holds before",
        f"a first date of {begins} or earlier",
        f"add the value from {begins} on, e.g. '{path}={{{begins}:0,{steps}}}'",
    )


def _target(policy: Policy, key: str, scenarios: Mapping[str, Scenario]) -> Iterator[InputError]:
    for scenario in scenarios.values():
        try:
            check_target(policy, scenario.calendar)
        except InputError as mistake:
            where = f"{key}.target.revisions"
            yield InputError(where, mistake.what, mistake.allowed, mistake.remedy)
            return


def _world(name: str) -> str:
    return f"the world {name}"
