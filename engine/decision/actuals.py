"""What is known by the decision, held against the past of each world: the weights of an answer.

Of every world the days before the decision are simulated under the history, on the first of the
fresh replications, which every finalist meets too; the horizon of these cases ends on the night
before. A past does not depend on when the horizon ends, so these are the pasts that all
candidates share, with what a search does not keep of them.

The goals of the search go on weighing worlds alike, so that other actuals ask no trial of it anew;
what aims at the rows of the price table, the choice of finalists and the answer take the weights.

The same years show what the history leaves of its purses: a purse of today's policy counts from the
decision on, and is given by hand, so where it is far from what is left that is said.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from engine.calibrate.observed import read_figures
from engine.calibrate.targets import CalibrationTarget
from engine.case import Case, RunResult
from engine.compute import Runner
from engine.decision.weights import (
    WorldWeights,
    even_weights,
    known_figures,
    simulated_figures,
    world_weights,
)
from engine.errors import CombinedInputError, InputError
from engine.search.market import fresh_cases
from engine.spec.levers import policy_value
from engine.spec.optimize import OptimizeJob
from engine.spec.scenario import Scenario
from engine.spec.worlds import worlds
from engine.stats.arrays import Floats
from engine.units import FEN_PER_BN_RMB

_PURSES: Final = {
    "subsidy_fen": "subsidy.budget_bn_rmb",
    "partner_subsidy_fen": "subsidy.partner_budget_bn_rmb",
}
"""By column of `daily` what is spent, the purse that it is spent of."""

_FAR: Final = 0.1
"""Share of the history's purse by which another policy's may differ from what is left of it."""


class WeighedPast(NamedTuple):
    """Worlds weighed by their past, and in sentences what else of it should be known."""

    weights: WorldWeights
    notes: tuple[str, ...]


def known_actuals(job: OptimizeJob, address: str) -> list[CalibrationTarget]:
    """Read a table of figures and return those that are known by the job's decision.

    Parameters
    ----------
    job
        Has a decision in a scenario's calendar, and says how accurate figures are.
    address
        Of the table, see `engine.calibrate.observed.read_figures`.

    Raises
    ------
    InputError
        If the table cannot be read, or nothing in it is known by then.
    """
    assert job.accuracy is not None
    assert job.decision_date is not None
    try:
        figures = read_figures(address, job.accuracy.tolerance)
        scenario = job.scenario
        return known_figures(
            figures, scenario.calendar, job.accuracy, job.decision_date, scenario.currency
        )
    except InputError as error:
        raise CombinedInputError([_of_actuals(one) for one in _mistakes(error)]) from None


def _mistakes(error: InputError) -> Sequence[InputError]:
    return error.mistakes if isinstance(error, CombinedInputError) else [error]


def _of_actuals(error: InputError) -> InputError:
    """A mistake in a table, reported under the key that names the table here."""
    where = re.sub(r"^figures\b", "actuals", error.where)
    return InputError(where, error.what, error.allowed, error.remedy)


def past_cases(job: OptimizeJob) -> Iterator[Case]:
    """Yield the past of each world, world by world, `search.first_replications` runs of each."""
    assert job.history is not None
    assert job.decision_date is not None
    last = job.decision_date - timedelta(days=1)
    for case in fresh_cases(job, job.history, range(job.search.first_replications)):
        calendar = case.scenario.calendar.model_copy(update={"end": last})
        past = case.scenario.model_copy(update={"calendar": calendar})
        yield replace(case, scenario=past, history=None, decision_date=None)


def weighed_past(job: OptimizeJob, known: Sequence[CalibrationTarget], pool: Runner) -> WeighedPast:
    """Weigh the worlds of a job by what is known; without anything known they are even.

    Parameters
    ----------
    job
        What is asked.
    known
        Figures, from `known_actuals`.
    pool
        Simulates the pasts.
    """
    if not known:
        return WeighedPast(even_weights(list(job.ensemble.worlds)), ())
    simulated: dict[str, list[Floats]] = {world: [] for world in job.ensemble.worlds}
    scenarios: Mapping[str, Scenario] = worlds(job.scenario, job.ensemble)
    years = list(pool.run(list(past_cases(job))))
    for year in years:
        world = year.labels["world"]
        simulated[world].append(simulated_figures(scenarios[world], year, known))
    weights = world_weights(known, simulated)
    return WeighedPast(weights, tuple(_purse_notes(job, years, weights.weights)))


def _purse_notes(
    job: OptimizeJob, years: Sequence[RunResult], weights: Mapping[str, float]
) -> Iterator[str]:
    """Say where today's policy begins with a purse far from what the history leaves of its own."""
    assert job.decision_date is not None
    assert job.history is not None
    today = job.baselines[str(job.today)]
    year_begins = date(job.decision_date.year, 1, 1)  # a purse is one of a calendar year
    first = max((year_begins - job.scenario.calendar.start).days, 0)
    for column, path in _PURSES.items():
        purse, given = (float(policy_value(own, path)) for own in (job.history, today))
        spent = sum(
            weights[year.labels["world"]] * year.daily[column][first:].sum() for year in years
        )
        left = max(purse - spent / job.search.first_replications / FEN_PER_BN_RMB, 0.0)
        if abs(left - given) > _FAR * purse:
            yield (
                f"Of the {purse:.1f} bn RMB of the history's {path} {left:.1f} are left on "
                f"{job.decision_date}, and today's policy goes on with {given:.1f}: what is left "
                f"is set by baselines.{job.today}.{path}."
            )
